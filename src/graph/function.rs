//! Functions while they are built, one operation after the other.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::operation::Operation;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::tensorflow::function::ArgAttrs;
use crate::proto::tensorflow::op_def::ArgDef;
use crate::proto::tensorflow::{
    AttrValue, DataType, FunctionDef, NameAttrList, NodeDef, OpDef, TensorShapeProto,
};
use crate::tensor::Shape;

/// A tensor inside a function: an argument, or an output of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// How other nodes of the function refer to it: `MatMul:product:0`, or an argument's name.
    pub(super) reference: String,
    pub(super) dtype: DataType,
}

impl Edge {
    /// The type of its elements.
    pub fn dtype(&self) -> DataType {
        self.dtype
    }
}

/// A function as those who call it see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name in the library, which is unique.
    pub name: String,
    /// The types of its arguments, those for captured resources last.
    pub arguments: Vec<DataType>,
    /// The types of its results.
    pub results: Vec<DataType>,
    /// Whether it reads or changes variables, or draws random numbers.
    pub is_stateful: bool,
    /// Of each argument: whether it is a resource that a call changes.
    pub(super) changes: Vec<bool>,
}

impl Function {
    /// A function of which only the signature is known, and whether it changes the resources it takes.
    pub(crate) fn of_signature(signature: &OpDef, changes: bool) -> Function {
        let types = |list: &[ArgDef]| list.iter().map(|it| it.r#type).collect();
        let arguments: Vec<DataType> = types(&signature.input_arg);
        Function {
            name: signature.name.clone(),
            results: types(&signature.output_arg),
            is_stateful: signature.is_stateful,
            changes: (arguments.iter())
                .map(|it| changes && *it == DataType::DT_RESOURCE)
                .collect(),
            arguments,
        }
    }

    /// The function as an attribute of the operations that call it.
    pub(super) fn reference(&self) -> NameAttrList {
        NameAttrList {
            name: self.name.clone(),
            ..NameAttrList::default()
        }
    }

    /// Whether it takes arguments of these types.
    pub(super) fn check(&self, arguments: &[Edge]) -> Result<()> {
        let found: Vec<DataType> = arguments.iter().map(|it| it.dtype).collect();
        if found == self.arguments {
            return Ok(());
        }
        let expected = &self.arguments;
        Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("arguments of types {found:?}, expected {expected:?}"),
        )
        .within(format!("function `{}`", self.name)))
    }
}

/// Builds one function of a graph.
///
/// ```
/// use hornfels::graph::FunctionBuilder;
/// use hornfels::proto::tensorflow::DataType;
/// let mut function = FunctionBuilder::new("__inference_double_1");
/// let x = function.argument("x", DataType::DT_FLOAT);
/// let two = function.constant(2.0_f32);
/// let product = function.op("Mul").input(&x).input(&two).one()?;
/// let (def, _) = function.finish(&[product])?;
/// assert_eq!(def.node_def[1].op, "Mul");
/// assert_eq!(def.node_def[1].input, ["x", "Const:output:0"]);
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Debug)]
pub struct FunctionBuilder {
    name: String,
    pub(super) arguments: Vec<ArgDef>,
    /// What is kept of arguments, by their places.
    kept: BTreeMap<u32, ArgAttrs>,
    pub(super) nodes: Vec<NodeDef>,
    /// Names of arguments and nodes, in lower case.
    taken: HashSet<String>,
    /// The number that the next node which wants a name may get.
    names: HashMap<String, u64>,
    scope: Vec<String>,
    /// Where nodes that come next are to run; empty for anywhere.
    pub(super) device: String,
    /// Nodes that must run even if nothing takes what they give.
    pub(super) effects: Vec<String>,
    /// What was done with each resource so far.
    resources: BTreeMap<String, Uses>,
    /// Resources that are changed.
    changed: HashSet<String>,
    /// The functions of its loops.
    pub(super) inner: Vec<FunctionDef>,
    /// How many loops were begun.
    pub(super) loops: usize,
}

/// A function that is complete, with the functions that only it uses.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) def: FunctionDef,
    pub(super) function: Function,
    pub(super) inner: Vec<FunctionDef>,
}

/// The nodes that used a resource, as far as later ones have to wait for them.
#[derive(Debug, Default)]
struct Uses {
    changed_by: Option<String>,
    read_by: Vec<String>,
}

impl FunctionBuilder {
    /// A function of that name without arguments or nodes.
    pub fn new(name: impl Into<String>) -> Self {
        FunctionBuilder {
            name: name.into(),
            arguments: Vec::new(),
            kept: BTreeMap::new(),
            nodes: Vec::new(),
            taken: HashSet::new(),
            names: HashMap::new(),
            scope: Vec::new(),
            device: String::new(),
            effects: Vec::new(),
            resources: BTreeMap::new(),
            changed: HashSet::new(),
            inner: Vec::new(),
            loops: 0,
        }
    }

    /// The name of the function.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// One more argument; its name is made unique.
    pub fn argument(&mut self, name: &str, dtype: DataType) -> Edge {
        let name = self.unique(&argument_name(name));
        self.arguments.push(ArgDef {
            name: name.clone(),
            r#type: dtype,
            ..ArgDef::default()
        });
        Edge {
            reference: name,
            dtype,
        }
    }

    /// One more argument, of which the shape is known as far as `shape` says; the function keeps it
    /// for those who want to know, with the name it was asked for by.
    ///
    /// ```
    /// use hornfels::graph::FunctionBuilder;
    /// use hornfels::proto::tensorflow::DataType;
    /// use hornfels::tensor::Shape;
    /// let mut function = FunctionBuilder::new("f");
    /// let shape = Shape::from([None, Some(3)]);
    /// let x = function.argument_of_shape("x", DataType::DT_FLOAT, &shape);
    /// let (def, _) = function.finish(&[x])?;
    /// assert!(def.arg_attr[&0].attr.contains_key("_output_shapes"));
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    pub fn argument_of_shape(&mut self, name: &str, dtype: DataType, shape: &Shape) -> Edge {
        let index = u32::try_from(self.arguments.len()).unwrap_or(u32::MAX);
        let sizes = shape.0.iter().map(|size| match size {
            Some(size) => i64::try_from(*size).unwrap_or(i64::MAX),
            None => -1,
        });
        let shapes = vec![TensorShapeProto::new(sizes)];
        let attr = [
            ("_output_shapes".to_owned(), shapes.into()),
            ("_user_specified_name".to_owned(), name.into()),
        ];
        let kept = ArgAttrs {
            attr: attr.into(),
            ..ArgAttrs::default()
        };
        self.kept.insert(index, kept);
        self.argument(name, dtype)
    }

    /// Begins an operation; its inputs and attributes follow.
    ///
    /// Types and numbers that follow from the inputs are filled in, and attributes that have their
    /// defaults are left out, as TensorFlow does.
    pub fn op<'f>(&'f mut self, op: &'f str) -> Operation<'f> {
        Operation::new(self, op)
    }

    /// A node without inputs that gives one tensor of a type that is known.
    pub(super) fn source<const N: usize>(
        &mut self,
        op: &str,
        dtype: DataType,
        attributes: [(&str, AttrValue); N],
    ) -> Edge {
        let name = self.node_name(op);
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
        self.nodes.push(NodeDef {
            name: name.clone(),
            op: op.to_owned(),
            device: self.device.clone(),
            attr: attributes.into_iter().collect(),
            ..NodeDef::default()
        });
        Edge {
            reference: format!("{name}:output:0"),
            dtype,
        }
    }

    /// Says where nodes that come next are to run.
    pub(crate) fn place_on(&mut self, device: Option<&str>) {
        device.unwrap_or_default().clone_into(&mut self.device);
    }

    /// Puts what comes next under `name/`, within the scopes there are.
    pub fn enter(&mut self, name: &str) {
        self.scope.push(name.to_owned());
    }

    /// Ends what [`enter`](Self::enter) began last.
    pub fn leave(&mut self) {
        self.scope.pop();
    }

    /// The name of a node in the present scope that no other node has.
    pub(super) fn node_name(&mut self, wanted: &str) -> String {
        let mut name = String::new();
        for scope in &self.scope {
            name.push_str(scope);
            name.push('/');
        }
        name.push_str(wanted);
        self.unique(&valid_name(&name))
    }

    fn unique(&mut self, wanted: &str) -> String {
        // TensorFlow compares names without regard to case.
        let key = wanted.to_lowercase();
        let mut number = self.names.get(&key).copied().unwrap_or_default();
        loop {
            let name = match number {
                0 => wanted.to_owned(),
                _ => format!("{wanted}_{number}"),
            };
            number += 1;
            if self.taken.insert(name.to_lowercase()) {
                self.names.insert(key, number);
                return name;
            }
        }
    }

    /// The nodes that `node`, which uses the resource `reference`, has to wait for.
    pub(super) fn order(&mut self, reference: &str, node: &str, changes: bool) -> Vec<String> {
        let uses = self.resources.entry(reference.to_owned()).or_default();
        let mut before: Vec<String> = uses.changed_by.iter().cloned().collect();
        if changes {
            before.append(&mut uses.read_by);
            uses.changed_by = Some(node.to_owned());
            self.changed.insert(reference.to_owned());
        } else {
            uses.read_by.push(node.to_owned());
        }
        before
    }

    /// The function, with what those who call it need to know.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if the function has loops, which are functions themselves: a
    /// [`Library`](super::Library) holds them all.
    pub fn finish(self, results: &[Edge]) -> Result<(FunctionDef, Function)> {
        let finished = self.finish_with_inner(results)?;
        if finished.inner.is_empty() {
            return Ok((finished.def, finished.function));
        }
        let name = finished.function.name;
        Err(Error::new(
            ErrorKind::InvalidArgument,
            "it has loops, whose functions would be lost",
        )
        .within(format!("function `{name}`"))
        .with_hint("add it to a library"))
    }

    /// The function and those of its loops.
    pub(super) fn finish_with_inner(self, results: &[Edge]) -> Result<Finished> {
        self.complete(results, false)
    }

    /// The function; where `passes`, arguments that are results are so without a node between.
    pub(super) fn complete(mut self, results: &[Edge], passes: bool) -> Result<Finished> {
        let wait = self.wait_for_effects()?;
        let mut def = FunctionDef::default();
        let mut outputs = Vec::new();
        for (place, value) in results.iter().enumerate() {
            let identity = if passes && self.is_argument(value) {
                value.clone()
            } else {
                let mut identity = self.op("Identity").input(value);
                if let Some(wait) = &wait {
                    identity = identity.after(wait);
                }
                identity.one()?
            };
            let name = match place {
                0 => "identity".to_owned(),
                _ => format!("identity_{place}"),
            };
            outputs.push(ArgDef {
                name: name.clone(),
                r#type: value.dtype,
                ..ArgDef::default()
            });
            def.ret.insert(name, identity.reference);
        }
        self.effects.sort();
        let is_stateful = !self.effects.is_empty();
        let function = Function {
            name: self.name.clone(),
            arguments: self.arguments.iter().map(|it| it.r#type).collect(),
            results: outputs.iter().map(|it| it.r#type).collect(),
            is_stateful,
            changes: (self.arguments.iter())
                .map(|it| self.changed.contains(&it.name))
                .collect(),
        };
        for effect in &self.effects {
            def.control_ret.insert(effect.clone(), effect.clone());
        }
        def.signature = Some(OpDef {
            name: self.name,
            input_arg: self.arguments,
            output_arg: outputs,
            control_output: self.effects,
            is_stateful,
            ..OpDef::default()
        });
        def.node_def = self.nodes;
        def.arg_attr = self.kept;
        Ok(Finished {
            def,
            function,
            inner: self.inner,
        })
    }

    fn is_argument(&self, value: &Edge) -> bool {
        self.arguments.iter().any(|it| it.name == value.reference)
    }

    /// A node behind all effects, so that no result is there before they are.
    fn wait_for_effects(&mut self) -> Result<Option<String>> {
        if self.effects.is_empty() {
            return Ok(None);
        }
        let mut effects = self.effects.clone();
        effects.sort();
        let mut wait = self.op("NoOp");
        for effect in &effects {
            wait = wait.after(effect);
        }
        wait.node().map(Some)
    }
}

/// The nearest name that a node may have: `[A-Za-z0-9.][A-Za-z0-9_.\-/]*`.
pub(crate) fn valid_name(name: &str) -> String {
    let name = valid_characters(name);
    match name.chars().next() {
        Some('a'..='z' | 'A'..='Z' | '0'..='9' | '.') => name,
        _ => format!(".{name}"),
    }
}

/// The name with characters that nodes and functions may have; functions may begin with any.
pub(super) fn valid_characters(name: &str) -> String {
    let plain = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' | '-' | '/' => c,
        _ => '_',
    };
    name.chars().map(plain).collect()
}

/// An argument's name may hold lower-case letters, digits and underscores and begins with a letter.
fn argument_name(name: &str) -> String {
    let plain = |c: char| match c {
        'a'..='z' | '0'..='9' | '_' => c,
        'A'..='Z' => c.to_ascii_lowercase(),
        _ => '_',
    };
    let name: String = name.chars().map(plain).collect();
    match name.chars().next() {
        Some('a'..='z') => name,
        _ => format!("arg_{name}"),
    }
}
