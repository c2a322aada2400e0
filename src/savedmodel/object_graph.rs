//! Objects and the interfaces of functions as TensorFlow's messages: `spec/saved_model.md#objects`.

use super::carried::Gradient;
use super::checkpoint::{references, slots};
use super::layer_objects::LayerObjects;
use super::objects::{ConcreteFunction, Kind, Numbered, PolymorphicFunction};
use super::structured::{ArgumentSpec, Structured, shape_proto};
use super::variables::{SavedVariables, VariableId};
use crate::proto::tensorflow::saved_object_graph::{
    CapturedTensor, FunctionSpec, JitCompile, Kind as ProtoKind, SavedBareConcreteFunction,
    SavedConcreteFunction, SavedFunction, SavedObject, SavedResource, SavedUserObject,
    SavedVariable,
};
use crate::proto::tensorflow::{DataType, SavedObjectGraph, VersionDef};
use crate::tensor::Shape;

/// Everything as one message.
pub(super) fn object_graph(
    objects: &Numbered<'_>,
    variables: &SavedVariables<'_>,
    layers: &LayerObjects<'_, '_>,
    gradients: &[Gradient],
) -> SavedObjectGraph {
    let nodes = objects.iter().map(|(_, object)| {
        let kind = match &object.kind {
            Kind::User(identifier) => ProtoKind::UserObject(user_object(identifier)),
            Kind::Variable(id) => ProtoKind::Variable(Box::new(variable(variables, *id))),
            Kind::Resource => ProtoKind::Resource(SavedResource::default()),
            Kind::Asset(id) => ProtoKind::Asset(id.to_proto()),
            Kind::Function(function) => ProtoKind::Function(Box::new(polymorphic(function))),
            Kind::Captured(name, function) => captured(name, function),
            Kind::Concrete(function) => {
                ProtoKind::BareConcreteFunction(Box::new(concrete(function)))
            }
        };
        let children = references(objects, &object.children);
        SavedObject {
            // A function is made after its traces.
            dependencies: match object.kind {
                Kind::Function(_) => children.clone(),
                _ => Vec::new(),
            },
            children,
            slot_variables: slots(objects, &object.slots),
            kind: Some(kind),
            ..SavedObject::default()
        }
    });
    let of_captures = layers.captures();
    let functions = layers.interfaces.iter().map(|(name, interface)| {
        let bound = interface
            .captures
            .iter()
            .filter_map(|id| of_captures.get(id));
        let function = SavedConcreteFunction {
            bound_inputs: bound.filter_map(|object| objects.number(*object)).collect(),
            canonicalized_input_signature: Some(interface.inputs.to_proto()),
            output_signature: Some(interface.outputs.to_proto()),
            ..SavedConcreteFunction::default()
        };
        (name.clone(), function)
    });
    let gradients = gradients.iter().map(|gradient| {
        let bound = gradient.captures.iter();
        let function = SavedConcreteFunction {
            bound_inputs: bound.filter_map(|it| objects.number(*it)).collect(),
            ..gradient.interface.clone()
        };
        (gradient.name.clone(), function)
    });
    SavedObjectGraph {
        nodes: nodes.collect(),
        concrete_functions: functions.chain(gradients).collect(),
        ..SavedObjectGraph::default()
    }
}

fn captured(name: &str, function: &str) -> ProtoKind {
    ProtoKind::CapturedTensor(CapturedTensor {
        name: name.to_owned(),
        concrete_function: function.to_owned(),
        ..CapturedTensor::default()
    })
}

fn user_object(identifier: &str) -> SavedUserObject {
    let (producer, min_consumer) = match identifier {
        "experimentalOptimizer" | "optimizer" => (2, 1),
        _ => (1, 1),
    };
    SavedUserObject {
        identifier: identifier.to_owned(),
        version: Some(VersionDef {
            producer,
            min_consumer,
            ..VersionDef::default()
        }),
        ..SavedUserObject::default()
    }
}

fn variable(variables: &SavedVariables<'_>, id: VariableId) -> SavedVariable {
    let Some(variable) = variables.get(id) else {
        return SavedVariable::default();
    };
    SavedVariable {
        dtype: DataType::from(variable.tensor.dtype()),
        shape: Some(shape_proto(Some(&Shape::known(variable.tensor.shape())))),
        trainable: variable.trainable,
        synchronization: variable.synchronization,
        aggregation: variable.aggregation,
        name: variable.name.clone(),
        device: variable.device.clone().unwrap_or_default(),
        ..SavedVariable::default()
    }
}

fn polymorphic(function: &PolymorphicFunction) -> SavedFunction {
    let jit = match function.is_compiled {
        true => JitCompile::ON,
        false => JitCompile::DEFAULT,
    };
    SavedFunction {
        concrete_functions: function.traces.clone(),
        function_spec: Some(spec(&function.arguments, function.signature.as_ref(), jit)),
        ..SavedFunction::default()
    }
}

fn concrete(function: &ConcreteFunction) -> SavedBareConcreteFunction {
    SavedBareConcreteFunction {
        concrete_function_name: function.name.clone(),
        argument_keywords: function.keywords.clone(),
        allowed_positional_arguments: i64::try_from(function.positional).unwrap_or(i64::MAX),
        function_spec: Some(spec(&function.arguments, None, JitCompile::DEFAULT)),
        ..SavedBareConcreteFunction::default()
    }
}

fn spec(
    arguments: &ArgumentSpec,
    signature: Option<&Structured>,
    jit_compile: JitCompile,
) -> FunctionSpec {
    FunctionSpec {
        fullargspec: Some(arguments.to_proto()),
        input_signature: Some(signature.unwrap_or(&Structured::None).to_proto()),
        jit_compile,
        ..FunctionSpec::default()
    }
}
