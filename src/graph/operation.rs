//! One operation while it is added to a function.

use std::collections::BTreeMap;

use super::function::{Edge, Function, FunctionBuilder};
use super::op_def::{ArgumentKind, AttributeDef, ElementType, OpDef};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::tensorflow::attr_value::Value as Held;
use crate::proto::tensorflow::{AttrValue, DataType, NodeDef};

/// An operation that is being added to a function: inputs in order, then attributes, then what it
/// gives.
///
/// [`one`](Self::one), [`all`](Self::all) or [`node`](Self::node) adds it.
#[derive(Debug)]
#[must_use = "an operation is added by asking for what it gives"]
pub struct Operation<'f> {
    function: &'f mut FunctionBuilder,
    op: &'f str,
    name: Option<String>,
    inputs: Vec<Input>,
    after: Vec<String>,
    attributes: BTreeMap<String, AttrValue>,
    /// Which inputs are resources that it changes; for calls of functions.
    changes: Option<Vec<bool>>,
}

#[derive(Debug)]
enum Input {
    One(Edge),
    List(Vec<Edge>),
}

impl Input {
    fn values(&self) -> &[Edge] {
        match self {
            Input::One(value) => std::slice::from_ref(value),
            Input::List(values) => values,
        }
    }
}

impl<'f> Operation<'f> {
    pub(super) fn new(function: &'f mut FunctionBuilder, op: &'f str) -> Self {
        Operation {
            function,
            op,
            name: None,
            inputs: Vec::new(),
            after: Vec::new(),
            attributes: BTreeMap::new(),
            changes: None,
        }
    }

    /// The next input.
    pub fn input(mut self, value: &Edge) -> Self {
        self.inputs.push(Input::One(value.clone()));
        self
    }

    /// The next input, which is a list of tensors.
    pub fn list<'v>(mut self, values: impl IntoIterator<Item = &'v Edge>) -> Self {
        let values = values.into_iter().cloned().collect();
        self.inputs.push(Input::List(values));
        self
    }

    /// An attribute.
    pub fn attr(mut self, name: &str, value: impl Into<AttrValue>) -> Self {
        self.attributes.insert(name.to_owned(), value.into());
        self
    }

    /// The name its node has in the present scope, if that is free; otherwise that of the operation.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// A node that runs before this one.
    pub fn after(mut self, node: &str) -> Self {
        self.after.push(node.to_owned());
        self
    }

    /// Says that this calls `function`, whose arguments may be changed.
    pub(super) fn calling(mut self, function: &Function) -> Self {
        self.changes = Some(function.changes.clone());
        self
    }

    /// Adds the operation, which gives one tensor.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] for an operation that is not known, for inputs or attributes
    /// that are not those it takes, and if it does not give exactly one tensor.
    pub fn one(self) -> Result<Edge> {
        let op = self.op.to_owned();
        let values = self.all()?;
        match <[Edge; 1]>::try_from(values) {
            Ok([value]) => Ok(value),
            Err(values) => Err(wrong(
                &op,
                format!("it gives {} tensors, expected 1", values.len()),
            )),
        }
    }

    /// Adds the operation and returns all it gives.
    ///
    /// # Errors
    ///
    /// As [`one`](Self::one), whatever the number of tensors.
    pub fn all(self) -> Result<Vec<Edge>> {
        self.add().map(|(_, values)| values)
    }

    /// Adds the operation and returns the name of its node, for others that run
    /// [after](Self::after) it.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn node(self) -> Result<String> {
        self.add().map(|(node, _)| node)
    }

    fn add(mut self) -> Result<(String, Vec<Edge>)> {
        let Some(def) = OpDef::of(self.op) else {
            return Err(wrong(
                self.op,
                "no operation of that name is known".to_owned(),
            ));
        };
        self.infer(def)?;
        self.check(def)?;
        let wanted = self.name.take();
        let node = self
            .function
            .node_name(wanted.as_deref().unwrap_or(self.op));
        let outputs = self.outputs(def, &node)?;
        let mut input: Vec<String> = (self.inputs.iter())
            .flat_map(Input::values)
            .map(|value| value.reference.clone())
            .collect();
        let mut before = std::mem::take(&mut self.after);
        before.extend(self.wait_for_resources(&node));
        before.sort();
        before.dedup();
        input.extend(before.iter().map(|node| format!("^{node}")));
        let strip = |(name, value): (String, AttrValue)| {
            let default = def.attribute(&name).and_then(|it| it.default.as_ref());
            (default != Some(&value)).then_some((name, value))
        };
        let has_effects = match &self.changes {
            Some(_) => !matches!(self.op, "PartitionedCall" | "StatelessWhile"),
            None => def.is_stateful,
        };
        let op = self.op.to_owned();
        if has_effects {
            self.function.effects.push(node.clone());
        }
        self.function.nodes.push(NodeDef {
            name: node.clone(),
            op,
            input,
            device: self.function.device.clone(),
            attr: self.attributes.into_iter().filter_map(strip).collect(),
            ..NodeDef::default()
        });
        Ok((node, outputs))
    }

    /// Fills in the attributes that follow from the inputs.
    fn infer(&mut self, def: &OpDef) -> Result<()> {
        if self.inputs.len() != def.inputs.len() {
            let (found, expected) = (self.inputs.len(), def.inputs.len());
            let message = format!("it is given {found} inputs, expected {expected}");
            return Err(wrong(self.op, message));
        }
        for (argument, input) in def.inputs.iter().zip(&self.inputs) {
            let values = input.values();
            let (number, element) = match (argument.kind, input) {
                (ArgumentKind::One(of), Input::One(_)) => (None, of),
                (ArgumentKind::Repeated(number, of), Input::List(_)) => (Some(number), of),
                (ArgumentKind::List(types), Input::List(_)) => {
                    let found: Vec<DataType> = values.iter().map(|value| value.dtype).collect();
                    settle(self.op, &mut self.attributes, types, found.into())?;
                    continue;
                }
                (kind, _) => {
                    let expected = match kind {
                        ArgumentKind::One(_) => "one tensor",
                        _ => "a list of tensors",
                    };
                    let name = argument.name;
                    return Err(wrong(self.op, format!("its `{name}` is {expected}")));
                }
            };
            if let Some(number) = number {
                let count = i64::try_from(values.len()).unwrap_or(i64::MAX);
                settle(self.op, &mut self.attributes, number, count.into())?;
            }
            for value in values {
                match element {
                    ElementType::Attribute(name) => {
                        settle(self.op, &mut self.attributes, name, value.dtype.into())?;
                    }
                    ElementType::Fixed(dtype) if dtype != value.dtype => {
                        let (name, found) = (argument.name, value.dtype);
                        let message = format!("its `{name}` is {found:?}, expected {dtype:?}");
                        return Err(wrong(self.op, message));
                    }
                    ElementType::Fixed(_) => {}
                }
            }
        }
        Ok(())
    }

    /// Whether all attributes are there, and no others.
    fn check(&self, def: &OpDef) -> Result<()> {
        for AttributeDef { name, default, .. } in &def.attributes {
            if default.is_none() && !self.attributes.contains_key(*name) {
                return Err(wrong(self.op, format!("it needs the attribute `{name}`")));
            }
        }
        for (name, value) in &self.attributes {
            let Some(known) = def.attribute(name) else {
                // Notes that TensorFlow keeps begin like this.
                if name.starts_with('_') {
                    continue;
                }
                return Err(wrong(self.op, format!("it has no attribute `{name}`")));
            };
            let found = kind(value);
            if !known.kind.starts_with(found) {
                let expected = known.kind;
                let message = format!("its attribute `{name}` is a {found}, expected a {expected}");
                return Err(wrong(self.op, message));
            }
        }
        Ok(())
    }

    fn outputs(&self, def: &OpDef, node: &str) -> Result<Vec<Edge>> {
        let mut outputs = Vec::new();
        for argument in &def.outputs {
            let types = match argument.kind {
                ArgumentKind::One(of) => vec![self.element(def, of)?],
                ArgumentKind::Repeated(number, of) => match self.held(def, number) {
                    Some(Held::I(count)) => {
                        let count = usize::try_from(*count).unwrap_or_default();
                        vec![self.element(def, of)?; count]
                    }
                    _ => Vec::new(),
                },
                ArgumentKind::List(types) => match self.held(def, types) {
                    Some(Held::List(list)) => list.r#type.clone(),
                    _ => Vec::new(),
                },
            };
            outputs.extend(types.into_iter().enumerate().map(|(index, dtype)| Edge {
                reference: format!("{node}:{}:{index}", argument.name),
                dtype,
            }));
        }
        Ok(outputs)
    }

    fn element(&self, def: &OpDef, of: ElementType) -> Result<DataType> {
        let name = match of {
            ElementType::Fixed(dtype) => return Ok(dtype),
            ElementType::Attribute(name) => name,
        };
        match self.held(def, name) {
            Some(Held::Type(dtype)) => Ok(*dtype),
            _ => Err(wrong(self.op, format!("it needs the attribute `{name}`"))),
        }
    }

    /// What an attribute holds that was given or has a default.
    fn held<'d>(&'d self, def: &'d OpDef, name: &str) -> Option<&'d Held> {
        let given = self.attributes.get(name);
        let found = given.or_else(|| def.attribute(name)?.default.as_ref());
        found?.value.as_ref()
    }

    /// The nodes that used the same resources in a way that does not commute with this one.
    fn wait_for_resources(&mut self, node: &str) -> Vec<String> {
        let values = self.inputs.iter().flat_map(Input::values);
        let resources: Vec<(bool, String)> = values
            .enumerate()
            .filter(|(_, value)| value.dtype == DataType::DT_RESOURCE)
            .map(|(place, value)| {
                let changes = match &self.changes {
                    Some(changes) => changes.get(place).copied().unwrap_or(true),
                    None => !READERS.contains(&self.op),
                };
                (changes, value.reference.clone())
            })
            .collect();
        let wait =
            |(changes, reference): (bool, String)| self.function.order(&reference, node, changes);
        resources.into_iter().flat_map(wait).collect()
    }
}

/// Operations that leave a resource as it is.
const READERS: [&str; 8] = [
    "DisableCopyOnRead",
    "LookupTableExportV2",
    "LookupTableFindV2",
    "LookupTableSizeV2",
    "ReadVariableOp",
    "ResourceGather",
    "ResourceGatherNd",
    "VariableShape",
];

/// What TensorFlow calls the type of a value; of lists, which may be empty, the beginning of it.
fn kind(value: &AttrValue) -> &'static str {
    match &value.value {
        Some(Held::List(_)) => "list(",
        Some(Held::S(_)) => "string",
        Some(Held::I(_)) => "int",
        Some(Held::F(_)) => "float",
        Some(Held::B(_)) => "bool",
        Some(Held::Type(_)) => "type",
        Some(Held::Shape(_)) => "shape",
        Some(Held::Tensor(_)) => "tensor",
        Some(Held::Func(_)) => "func",
        Some(Held::Placeholder(_)) | None => "nothing",
    }
}

/// Sets an attribute that follows from an input, unless it is there and something else.
fn settle(
    op: &str,
    attributes: &mut BTreeMap<String, AttrValue>,
    name: &str,
    value: AttrValue,
) -> Result<()> {
    match attributes.get(name) {
        Some(there) if *there != value => Err(wrong(
            op,
            format!("its inputs make `{name}` {value:?}, others {there:?}"),
        )),
        Some(_) => Ok(()),
        None => {
            attributes.insert(name.to_owned(), value);
            Ok(())
        }
    }
}

#[cold]
fn wrong(op: &str, message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, message).within(format!("operation `{op}`"))
}
