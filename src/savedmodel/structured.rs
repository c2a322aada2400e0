//! Values of Python in the places where TensorFlow describes functions: arguments, results.

use crate::graph::{Edge, FunctionBuilder};
use crate::proto::tensorflow::structure::{
    DictValue, Kind, ListValue, NamedTupleValue, NoneValue, PairValue, StructuredValue,
    TensorSpecProto, TupleValue,
};
use crate::proto::tensorflow::{DataType, TensorShapeProto};
use crate::tensor::Shape;

/// A tensor that is an argument or a result: what is known of it before there is one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spec {
    pub(super) name: String,
    pub(super) dtype: DataType,
    /// `None` has an unknown rank.
    pub(super) shape: Option<Shape>,
}

impl Spec {
    /// An argument of a function that is such a tensor.
    pub(super) fn argument(&self, function: &mut FunctionBuilder) -> Edge {
        match &self.shape {
            Some(shape) => function.argument_of_shape(&self.name, self.dtype, shape),
            None => function.argument(&self.name, self.dtype),
        }
    }
}

/// A value of Python.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Structured {
    None,
    Bool(bool),
    Text(String),
    Tensor(Spec),
    List(Vec<Structured>),
    Tuple(Vec<Structured>),
    Dict(Vec<(String, Structured)>),
}

impl Structured {
    pub(super) fn to_proto(&self) -> StructuredValue {
        let list = |items: &[Structured]| items.iter().map(Structured::to_proto).collect();
        let kind = match self {
            Structured::None => Kind::None(NoneValue::default()),
            Structured::Bool(value) => Kind::Bool(*value),
            Structured::Text(text) => Kind::String(text.clone()),
            Structured::Tensor(spec) => Kind::TensorSpec(TensorSpecProto {
                name: spec.name.clone(),
                shape: Some(shape_proto(spec.shape.as_ref())),
                dtype: spec.dtype,
                ..TensorSpecProto::default()
            }),
            Structured::List(items) => Kind::List(ListValue {
                values: list(items),
                ..ListValue::default()
            }),
            Structured::Tuple(items) => Kind::Tuple(TupleValue {
                values: list(items),
                ..TupleValue::default()
            }),
            Structured::Dict(fields) => {
                let fields = fields.iter();
                Kind::Dict(DictValue {
                    fields: fields
                        .map(|(key, it)| (key.clone(), it.to_proto()))
                        .collect(),
                    ..DictValue::default()
                })
            }
        };
        value(kind)
    }
}

fn value(kind: Kind) -> StructuredValue {
    StructuredValue {
        kind: Some(kind),
        ..StructuredValue::default()
    }
}

/// A shape as TensorFlow has it, where -1 is a size that is not known.
pub(super) fn shape_proto(shape: Option<&Shape>) -> TensorShapeProto {
    let Some(shape) = shape else {
        return TensorShapeProto::unknown_rank();
    };
    let sizes = shape.0.iter();
    TensorShapeProto::new(
        sizes.map(|size| size.and_then(|it| i64::try_from(it).ok()).unwrap_or(-1)),
    )
}

/// How a Python function is called: `spec/saved_model.md#function-specs`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ArgumentSpec {
    pub(super) args: Vec<String>,
    /// Of the last arguments.
    pub(super) defaults: Vec<Structured>,
    pub(super) keywords: Vec<String>,
}

impl ArgumentSpec {
    pub(super) fn to_proto(&self) -> StructuredValue {
        let texts = |list: &[String]| {
            let list = list.iter().cloned().map(Structured::Text);
            Structured::List(list.collect())
        };
        let defaults = match self.defaults.is_empty() {
            true => Structured::None,
            false => Structured::Tuple(self.defaults.clone()),
        };
        let fields = [
            ("args", texts(&self.args)),
            ("varargs", Structured::None),
            ("varkw", Structured::None),
            ("defaults", defaults),
            ("kwonlyargs", texts(&self.keywords)),
            ("kwonlydefaults", Structured::None),
            ("annotations", Structured::Dict(Vec::new())),
        ];
        let pairs = fields.into_iter().map(|(key, field)| PairValue {
            key: key.to_owned(),
            value: Some(field.to_proto()),
            ..PairValue::default()
        });
        value(Kind::NamedTuple(NamedTupleValue {
            name: "FullArgSpec".to_owned(),
            values: pairs.collect(),
            ..NamedTupleValue::default()
        }))
    }
}
