//! Functions of layers that the model's file has and that are written again:
//! `spec/saved_model.md#carried-functions`.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::body::Body;
use super::functions::Structure;
use super::objects::{Kind as ObjectKind, ObjectId, Objects};
use super::structured::Spec;
use super::trace::{Request, Traced};
use super::variables::Capture;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::graph::{Constant, Edge, Function, Library};
use crate::keras::Carried;
use crate::layers::{CallArgument, LoweredTensor};
use crate::limits::Limits;
use crate::proto::Message;
use crate::proto::tensorflow::attr_value::Value;
use crate::proto::tensorflow::function::RegisteredGradient;
use crate::proto::tensorflow::saved_object_graph::{Kind, SavedConcreteFunction};
use crate::proto::tensorflow::structure::{Kind as Structured, StructuredValue, TensorSpecProto};
use crate::proto::tensorflow::{
    AttrValue, FunctionDef, NodeDef, SavedModel, SavedObjectGraph, TensorProto,
};
use crate::tensor::{Shape, Tensor};

/// What `keras_api` has the function of a layer under that gives its outputs and losses.
pub(super) const FUNCTION: &str = "call_and_return_conditional_losses";
/// The attribute that names an operation's own gradient.
const GRADIENT: &str = "_gradient_op_type";

/// The file that a model came from, for the functions in it.
#[derive(Debug)]
pub(super) struct CarriedFunctions {
    pub(super) objects: SavedObjectGraph,
    pub(super) functions: HashMap<String, FunctionDef>,
    /// The functions that are gradients, by the types of operations they are for.
    gradients: HashMap<String, String>,
    /// Constants of the graph.
    constants: HashMap<String, TensorProto>,
    pub(super) layers: BTreeMap<String, u32>,
    pub(super) variables: BTreeMap<u32, String>,
    /// What Keras says of layers in layers.
    pub(super) descriptions: BTreeMap<u32, String>,
    pub(super) assets: BTreeMap<u32, (String, Tensor<'static>)>,
    /// The functions that are gradients of what was written.
    written: Vec<String>,
    /// The names that functions have in the new file.
    names: HashMap<String, String>,
}

/// The file that a model came from, which is read when something of it is needed.
#[derive(Debug)]
pub(super) struct Source<'c> {
    carried: Option<&'c Carried>,
    read: Option<CarriedFunctions>,
}

impl<'c> Source<'c> {
    pub(super) fn new(carried: Option<&'c Carried>) -> Self {
        Source {
            carried,
            read: None,
        }
    }

    /// The functions, if the layer at `path` has some.
    pub(super) fn of_layer(&mut self, path: &str) -> Result<Option<&mut CarriedFunctions>> {
        let carried = self.carried.filter(|it| it.layers.contains_key(path));
        let Some(carried) = carried else {
            return Ok(None);
        };
        if self.read.is_none() {
            self.read = Some(CarriedFunctions::of(carried)?);
        }
        Ok(self.read.as_mut())
    }

    /// The gradients of what was written, with objects for what they take.
    pub(super) fn gradients(&self, objects: &mut Objects) -> Vec<Gradient> {
        let read = self.read.iter();
        read.flat_map(|it| it.gradients(objects)).collect()
    }
}

/// A function that is the gradient of an operation.
#[derive(Debug)]
pub(super) struct Gradient {
    pub(super) name: String,
    pub(super) interface: SavedConcreteFunction,
    /// The tensors of the operation's function that it takes.
    pub(super) captures: Vec<ObjectId>,
}

/// A tensor that a function takes from where it was defined.
#[derive(Clone, Debug)]
pub(super) enum Taken {
    Captured(Capture),
    Constant(Box<TensorProto>),
}

/// The types and shapes of tensors, and a flag, among arguments.
#[derive(Debug, Default)]
struct Given {
    tensors: Vec<Spec>,
    training: Option<bool>,
}

impl CarriedFunctions {
    /// The file again, which was read when the model was loaded.
    fn of(carried: &Carried) -> Result<CarriedFunctions> {
        let saved = SavedModel::decode(carried.file.bytes(), &Limits::unlimited());
        let saved = saved.within(|| "the functions that the model came with")?;
        let graph = saved.meta_graphs.into_iter().next().unwrap_or_default();
        let nodes = graph.graph_def.unwrap_or_default();
        let library = nodes.library.unwrap_or_default();
        let functions = library.function.into_iter().map(|it| (name(&it), it));
        let gradients = library.registered_gradients.into_iter();
        let constants = nodes.node.into_iter().filter(|it| it.op == "Const");
        Ok(CarriedFunctions {
            objects: graph.object_graph_def.unwrap_or_default(),
            functions: functions.collect(),
            gradients: gradients
                .map(|it| (it.registered_op_type, it.gradient_func))
                .collect(),
            constants: constants.filter_map(constant).collect(),
            layers: carried.layers.clone(),
            variables: carried.variables.clone(),
            descriptions: carried.descriptions.clone(),
            assets: carried.assets.clone(),
            written: Vec::new(),
            names: HashMap::new(),
        })
    }

    /// What a call of a layer takes beside its tensors; none if there is no function for it.
    pub(super) fn arguments(&self, path: &str) -> Option<Vec<CallArgument>> {
        let traces = self.traces(path);
        let mut flags = traces.iter().map(|(_, it)| given(it).training);
        match traces.is_empty() {
            true => None,
            false if flags.any(|it| it.is_some()) => Some(vec![CallArgument::Training]),
            false => Some(Vec::new()),
        }
    }

    /// The specs of the tensors that a layer was called with.
    pub(super) fn inputs(&self, path: &str) -> Vec<Spec> {
        let traces = self.traces(path);
        let first = traces.first().map(|(_, it)| given(it).tensors);
        first.unwrap_or_default()
    }

    pub(super) fn child(&self, object: usize, name: &str) -> Option<usize> {
        let children = self.objects.nodes.get(object)?.children.iter();
        let mut children = children.filter(|it| it.local_name == name);
        usize::try_from(children.next()?.node_id).ok()
    }

    /// The functions of a layer with their interfaces.
    fn traces(&self, path: &str) -> Vec<(String, SavedConcreteFunction)> {
        let layer = self.layers.get(path);
        let layer = layer.and_then(|it| usize::try_from(*it).ok());
        let function = layer.and_then(|it| self.child(self.child(it, "keras_api")?, FUNCTION));
        let function = function.and_then(|it| self.objects.nodes.get(it)?.kind.as_ref());
        let Some(Kind::Function(function)) = function else {
            return Vec::new();
        };
        let known = &self.objects.concrete_functions;
        let traces = function.concrete_functions.iter();
        traces
            .filter_map(|name| Some((name.clone(), known.get(name)?.clone())))
            .collect()
    }

    /// The functions that give penalties on variables of a layer.
    pub(super) fn penalties(&self, path: &str) -> Vec<String> {
        let layer = self.layers.get(path);
        let layer = layer.and_then(|it| usize::try_from(*it).ok());
        let list = layer.and_then(|it| self.child(it, "regularization_losses"));
        let list = list.and_then(|it| self.objects.nodes.get(it));
        let functions = list.iter().flat_map(|it| &it.children).filter_map(|child| {
            let node = usize::try_from(child.node_id).ok();
            match self.objects.nodes.get(node?)?.kind.as_ref()? {
                Kind::Function(function) => function.concrete_functions.first().cloned(),
                _ => None,
            }
        });
        functions.collect()
    }

    /// A function that calls one that gives a penalty, and the variables it captures.
    pub(super) fn penalty(
        &mut self,
        name: &str,
        library: &mut Library,
        mut body: Body<'_, '_>,
    ) -> Result<(Function, Vec<Capture>)> {
        let interface = self.objects.concrete_functions.get(name).cloned();
        let captures = self.captures(&interface.unwrap_or_default(), &body)?;
        let is_table = |it: &Taken| matches!(it, Taken::Captured(Capture::Carried(_)));
        if captures.iter().any(is_table) {
            let message = "a penalty that uses a table, which cannot be written again";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let function = self.import(name, library)?;
        let arguments = captured(captures, &mut body);
        let results = body.function.call(&function, &arguments)?;
        body.into_function(library, &results)
    }

    /// A function that calls the one that the layer has for such tensors.
    pub(super) fn trace(
        &mut self,
        path: &str,
        library: &mut Library,
        mut body: Body<'_, '_>,
        request: Request<'_>,
    ) -> Result<Traced> {
        let traces = self.traces(path);
        let fits = |(_, it): &&(String, SavedConcreteFunction)| {
            let given = given(it);
            let same_flag = given.training == request.training || given.training.is_none();
            same_flag && fit(&given.tensors, &request.specs)
        };
        let same = |(_, it): &&(String, SavedConcreteFunction)| {
            request.training.is_none() && fit(&given(it).tensors, &request.specs)
        };
        // What has no such argument for the class may have been called without training.
        let found = traces.iter().find(fits);
        let found = found.or_else(|| traces.iter().rfind(same));
        let Some((name, interface)) = found.cloned() else {
            return Err(no_function(&traces, &request));
        };
        let outputs = interface.output_signature.as_ref().map(outputs);
        let outputs = outputs.unwrap_or_default();
        let captures = self.captures(&interface, &body)?;
        let function = self.import(&name, library)?;
        let tensors = body.tensors(&request);
        let mut arguments: Vec<Edge> = tensors.iter().map(|it| it.value.clone()).collect();
        arguments.extend(captured(captures, &mut body));
        let results = body.function.call(&function, &arguments)?;
        let mut results = results.into_iter();
        let given = outputs.into_iter().zip(results.by_ref());
        let lowered = given.map(|(spec, value)| LoweredTensor {
            value,
            shape: spec.shape.unwrap_or_default(),
            mask: None,
        });
        let lowered: Vec<LoweredTensor> = lowered.collect();
        body.losses.extend(results);
        let mut traced = body.finish(library, request, &lowered)?;
        let structure = |count: usize| match count {
            1 => Structure::One,
            _ => Structure::List,
        };
        traced.structures = (
            structure(traced.tensors.len()),
            structure(traced.outputs.len()),
        );
        Ok(traced)
    }

    fn gradients(&self, objects: &mut Objects) -> Vec<Gradient> {
        let mut gradients = Vec::new();
        for old in &self.written {
            let interface = self.objects.concrete_functions.get(old);
            let (Some(interface), Some(name)) = (interface, self.names.get(old)) else {
                continue;
            };
            let captures = interface.bound_inputs.iter().filter_map(|number| {
                let node = self.objects.nodes.get(usize::try_from(*number).ok()?)?;
                let Some(Kind::CapturedTensor(tensor)) = &node.kind else {
                    return None;
                };
                let function = self.names.get(&tensor.concrete_function)?;
                let kind = ObjectKind::Captured(tensor.name.clone(), function.clone());
                let object = objects.add(kind);
                objects.orphans.push(object);
                Some(object)
            });
            gradients.push(Gradient {
                name: name.clone(),
                captures: captures.collect(),
                interface: interface.clone(),
            });
        }
        gradients
    }

    /// What a function takes after its tensors.
    fn captures(
        &self,
        interface: &SavedConcreteFunction,
        body: &Body<'_, '_>,
    ) -> Result<Vec<Taken>> {
        let captures = interface.bound_inputs.iter().map(|number| {
            let variable = u32::try_from(*number).ok();
            let path = variable.and_then(|it| self.variables.get(&it));
            if let Some(id) = path.and_then(|path| body.variable(path)) {
                return Ok(Taken::Captured(Capture::Variable(id)));
            }
            let object = usize::try_from(*number).ok();
            let object = object.and_then(|it| self.objects.nodes.get(it)?.kind.as_ref());
            let what = match object {
                Some(Kind::Constant(constant)) => return self.constant(&constant.operation),
                Some(Kind::Variable(variable)) => {
                    format!("the variable `{}`, which no layer has", variable.name)
                }
                Some(Kind::Resource(_)) => return self.table(*number).map(Taken::Captured),
                Some(Kind::Asset(_)) => "the path of a file".to_owned(),
                _ => "an object of an unknown kind".to_owned(),
            };
            let message = format!("a function that uses {what}, which cannot be written again");
            Err(Error::new(ErrorKind::Unsupported, message))
        });
        captures.collect()
    }

    pub(super) fn constant(&self, name: &str) -> Result<Taken> {
        let value = self.constants.get(name).cloned().map(Box::new);
        value.map(Taken::Constant).ok_or_else(|| {
            let message = format!("no constant `{name}`");
            Error::new(ErrorKind::Malformed, message)
        })
    }

    /// Adds a function with all that it calls to the library.
    pub(super) fn import(&mut self, name: &str, library: &mut Library) -> Result<Function> {
        let closure = self.closure(name)?;
        let new: Vec<&String> = closure
            .iter()
            .filter(|name| !self.names.contains_key(*name))
            .collect();
        let renamed: Vec<(String, String)> = new
            .into_iter()
            .map(|old| (old.clone(), library.name_like(old)))
            .collect();
        self.names.extend(renamed.iter().cloned());
        for (old, _) in &renamed {
            if let Some(mut def) = self.functions.get(old).cloned() {
                self.rename(&mut def);
                library.import(def);
            }
            for (op, gradient) in &self.gradients {
                if gradient == old {
                    self.written.push(old.clone());
                    library.register_gradient(RegisteredGradient {
                        gradient_func: self.names.get(old).cloned().unwrap_or_default(),
                        registered_op_type: op.clone(),
                        ..RegisteredGradient::default()
                    });
                }
            }
        }
        let changes = closure.iter().filter_map(|it| self.functions.get(it));
        let mut nodes = changes.flat_map(|it| &it.node_def);
        let changes = nodes.any(|it| it.op.starts_with("Assign"));
        let def = self.functions.get(name).cloned().unwrap_or_default();
        let mut signature = def.signature.unwrap_or_default();
        if let Some(new) = self.names.get(name) {
            signature.name.clone_from(new);
        }
        Ok(Function::of_signature(&signature, changes))
    }

    /// The names of a function and of all that it calls, and of their gradients, in order.
    ///
    /// TensorFlow loads none that call themselves, be it through others: neither are they written.
    fn closure(&self, name: &str) -> Result<Vec<String>> {
        let mut seen = HashSet::from([name.to_owned()]);
        let mut found = vec![name.to_owned()];
        let mut calls = Vec::new();
        let mut next = 0;
        while let Some(name) = found.get(next).cloned() {
            next += 1;
            let def = self.functions.get(&name).ok_or_else(|| {
                let message = format!("no function `{name}`, which another calls");
                Error::new(ErrorKind::Malformed, message)
            })?;
            let mut called = Vec::new();
            for node in &def.node_def {
                self.called_by(node, &mut called);
            }
            calls.extend(called.iter().map(|it| (name.clone(), it.clone())));
            found.extend(called.into_iter().filter(|it| seen.insert(it.clone())));
        }
        match in_a_circle(&found, &calls) {
            None => Ok(found),
            Some(name) => {
                let message =
                    format!("`{name}` calls a function that calls itself, be it through others");
                Err(Error::new(ErrorKind::Malformed, message)
                    .with_hint("TensorFlow does not load such functions either"))
            }
        }
    }

    fn called_by(&self, node: &NodeDef, called: &mut Vec<String>) {
        for (key, value) in &node.attr {
            match &value.value {
                Some(Value::Func(function)) => called.push(function.name.clone()),
                Some(Value::List(list)) => {
                    called.extend(list.func.iter().map(|it| it.name.clone()));
                }
                Some(Value::S(text)) if key == GRADIENT => {
                    let gradient = str::from_utf8(text).ok();
                    called.extend(gradient.and_then(|it| self.gradients.get(it)).cloned());
                }
                _ => {}
            }
        }
        // What names nothing is optional: not every reader asks for gradients.
        called.retain(|name| !name.is_empty());
    }

    /// Gives a function, and those it calls, the names they have in the new file.
    fn rename(&self, def: &mut FunctionDef) {
        if let Some(signature) = &mut def.signature
            && let Some(name) = self.names.get(&signature.name)
        {
            signature.name.clone_from(name);
        }
        let nodes = def.node_def.iter_mut();
        for value in nodes.flat_map(|it| it.attr.values_mut()) {
            match &mut value.value {
                Some(Value::Func(function)) => self.rename_one(&mut function.name),
                Some(Value::List(list)) => {
                    for function in &mut list.func {
                        self.rename_one(&mut function.name);
                    }
                }
                _ => {}
            }
        }
    }

    fn rename_one(&self, name: &mut String) {
        if let Some(new) = self.names.get(name) {
            name.clone_from(new);
        }
    }
}

/// What is captured, as arguments of a call.
pub(super) fn captured(captures: Vec<Taken>, body: &mut Body<'_, '_>) -> Vec<Edge> {
    let captures = captures.into_iter().map(|capture| match capture {
        Taken::Captured(capture) => body.capture(capture),
        Taken::Constant(value) => body.function.constant(Constant::from_proto(*value)),
    });
    captures.collect()
}

fn name(function: &FunctionDef) -> String {
    let signature = function.signature.as_ref();
    signature.map(|it| it.name.clone()).unwrap_or_default()
}

/// A constant of a graph: its name and its value.
pub(super) fn constant(node: NodeDef) -> Option<(String, TensorProto)> {
    match node.attr.get("value") {
        Some(AttrValue {
            value: Some(Value::Tensor(tensor)),
            ..
        }) => Some((node.name.clone(), (**tensor).clone())),
        _ => None,
    }
}

/// The arguments of a trace.
fn given(interface: &SavedConcreteFunction) -> Given {
    let mut found = Given::default();
    if let Some(arguments) = &interface.canonicalized_input_signature {
        walk(arguments, &mut |kind| match kind {
            Structured::TensorSpec(spec) => found.tensors.push(self::spec(spec)),
            Structured::Bool(flag) => found.training = found.training.or(Some(*flag)),
            _ => {}
        });
    }
    found
}

/// What a function gives without losses.
fn outputs(result: &StructuredValue) -> Vec<Spec> {
    let mut found = Vec::new();
    // Outputs, and a list of losses.
    let first = match &result.kind {
        Some(Structured::Tuple(both)) => both.values.first(),
        _ => None,
    };
    if let Some(first) = first {
        walk(first, &mut |kind| {
            if let Structured::TensorSpec(spec) = kind {
                found.push(self::spec(spec));
            }
        });
    }
    found
}

/// Looks at every value in the order in which TensorFlow flattens them.
fn walk(value: &StructuredValue, see: &mut impl FnMut(&Structured)) {
    match &value.kind {
        Some(Structured::List(list)) => list.values.iter().for_each(|it| walk(it, see)),
        Some(Structured::Tuple(tuple)) => tuple.values.iter().for_each(|it| walk(it, see)),
        Some(Structured::Dict(dict)) => dict.fields.values().for_each(|it| walk(it, see)),
        Some(Structured::NamedTuple(tuple)) => {
            let values = tuple.values.iter().filter_map(|it| it.value.as_ref());
            values.for_each(|it| walk(it, see));
        }
        Some(other) => see(other),
        None => {}
    }
}

fn spec(spec: &TensorSpecProto) -> Spec {
    let sizes = spec.shape.as_ref().and_then(|shape| shape.sizes());
    let sizes = sizes.map(|sizes| sizes.into_iter().map(|size| u64::try_from(size).ok()));
    Spec {
        name: spec.name.clone(),
        dtype: spec.dtype,
        shape: sizes.map(|sizes| Shape(sizes.collect())),
    }
}

/// Whether a function for `declared` takes `tensors`.
fn fit(declared: &[Spec], tensors: &[Spec]) -> bool {
    let sizes = |a: &Shape, b: &Shape| {
        let mut pairs = a.0.iter().zip(&b.0);
        a.0.len() == b.0.len() && pairs.all(|(a, b)| a.is_none() || b.is_none() || a == b)
    };
    let mut pairs = declared.iter().zip(tensors);
    declared.len() == tensors.len()
        && pairs.all(|(declared, tensor)| {
            let shapes = declared.shape.as_ref().zip(tensor.shape.as_ref());
            declared.dtype == tensor.dtype && shapes.is_none_or(|(a, b)| sizes(a, b))
        })
}

#[cold]
fn no_function(traces: &[(String, SavedConcreteFunction)], request: &Request<'_>) -> Error {
    let shown = |specs: &[Spec]| -> Vec<String> {
        let specs = specs.iter();
        let shape = |it: &Spec| it.shape.as_ref().map_or("?".to_owned(), Shape::to_string);
        specs
            .map(|it| format!("{:?} {}", it.dtype, shape(it)))
            .collect()
    };
    let known: Vec<String> = traces
        .iter()
        .map(|(_, it)| shown(&given(it).tensors).join(", "))
        .collect();
    let asked = shown(&request.specs).join(", ");
    Error::new(
        ErrorKind::Unsupported,
        format!(
            "the file that the model came from has functions of this layer for ({}), none for ({asked})",
            known.join(") and (")
        ),
    )
}

/// A function in a circle of calls, or behind one: what is left when those that call nothing more
/// are taken away, again and again.
fn in_a_circle<'f>(functions: &'f [String], calls: &[(String, String)]) -> Option<&'f String> {
    let mut left: HashMap<&str, usize> = functions.iter().map(|it| (it.as_str(), 0)).collect();
    let mut callers: HashMap<&str, Vec<&str>> = HashMap::new();
    for (caller, called) in calls {
        *left.entry(caller).or_default() += 1;
        callers.entry(called).or_default().push(caller);
    }
    let mut done: Vec<&str> = functions.iter().map(String::as_str).collect();
    done.retain(|name| left.get(name) == Some(&0));
    while let Some(name) = done.pop() {
        for caller in callers.remove(name).unwrap_or_default() {
            if let Some(count) = left.get_mut(caller) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    done.push(caller);
                }
            }
        }
    }
    functions
        .iter()
        .find(|name| left.get(name.as_str()).is_some_and(|it| *it > 0))
}
