//! What a layer is called with, as far as shapes go.

use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::keras::{Argument, Node, TensorRef, json};
use crate::tensor::Shape;

/// The shapes of the tensors that a layer is called with, argument by argument.
///
/// Most layers have one argument, a tensor or a list of tensors:
///
/// ```
/// use hornfels::layers::Inputs;
/// use hornfels::tensor::Shape;
/// let one = Inputs::one([None, Some(3)]);
/// assert_eq!(one.first()?.rank(), 2);
/// let two = Inputs::of([Shape::known(&[2, 3]), Shape::known(&[2, 4])]);
/// assert_eq!(two.all().len(), 2);
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs {
    positional: Vec<Input>,
    named: Vec<(String, Input)>,
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Input {
    /// A tensor, or the tensors of a list or dictionary, in Keras's order.
    Tensors(Vec<Shape>),
    /// A constant.
    Value(Value),
    /// A list of tensors and constants.
    Mixed {
        /// The tensors.
        tensors: Vec<Shape>,
        /// The list, without the tensors in their places.
        list: Vec<Option<Value>>,
    },
}

impl Input {
    fn tensors(&self) -> &[Shape] {
        match self {
            Input::Tensors(tensors) | Input::Mixed { tensors, .. } => tensors,
            Input::Value(_) => &[],
        }
    }
}

/// What an operation computes with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operand<'a> {
    /// A tensor of this shape.
    Tensor(&'a Shape),
    /// A constant.
    Value(&'a Value),
}

fn operands(input: &Input) -> impl Iterator<Item = Operand<'_>> {
    let value = match input {
        Input::Value(value) => Some(Operand::Value(value)),
        Input::Tensors(_) | Input::Mixed { .. } => None,
    };
    input.tensors().iter().map(Operand::Tensor).chain(value)
}

impl Inputs {
    /// A call with one tensor.
    pub fn one(shape: impl Into<Shape>) -> Self {
        Self::of([shape.into()])
    }

    /// A call with a list of tensors.
    pub fn of(shapes: impl IntoIterator<Item = Shape>) -> Self {
        Inputs {
            positional: vec![Input::Tensors(shapes.into_iter().collect())],
            named: Vec::new(),
        }
    }

    /// A call with these arguments by position.
    pub(crate) fn of_arguments(positional: Vec<Input>) -> Self {
        Inputs {
            positional,
            named: Vec::new(),
        }
    }

    /// The same call with tensors as one more argument by name, such as `value` of attention.
    #[must_use]
    pub fn with(mut self, name: &str, shapes: impl IntoIterator<Item = Shape>) -> Self {
        let shapes = Input::Tensors(shapes.into_iter().collect());
        self.named.push((name.to_owned(), shapes));
        self
    }

    /// The same call with a constant as one more argument by name.
    #[cfg(test)]
    pub(crate) fn with_value(mut self, name: &str, value: Value) -> Self {
        self.named.push((name.to_owned(), Input::Value(value)));
        self
    }

    /// The shapes of a call in a network; none if a tensor's shape is not known.
    pub(crate) fn of_call(
        node: &Node,
        shape_of: &dyn Fn(&TensorRef) -> Option<Shape>,
    ) -> Option<Inputs> {
        let positional = node.args.iter().map(|arg| input(arg, shape_of));
        let named = node.kwargs.iter().map(|(name, arg)| {
            let input = input(arg, shape_of)?;
            Some((name.clone(), input))
        });
        Some(Inputs {
            positional: positional.collect::<Option<_>>()?,
            named: named.collect::<Option<_>>()?,
        })
    }

    /// The tensors of a call in a network, in the order of [`operands`](Self::operands).
    pub(crate) fn sources(node: &Node) -> Vec<&TensorRef> {
        let mut sources = Vec::new();
        let named = node.kwargs.iter().map(|(_, argument)| argument);
        for argument in node.args.iter().chain(named) {
            collect(argument, &mut sources);
        }
        sources
    }

    /// The tensors of the first argument.
    pub fn all(&self) -> &[Shape] {
        self.positional.first().map_or(&[], Input::tensors)
    }

    /// The first tensor of the first argument.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidModel`] if there is none.
    pub fn first(&self) -> Result<&Shape> {
        self.all().first().ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidModel,
                "called without a tensor, expected one as the first argument",
            )
        })
    }

    /// The tensors of an argument, given by position or by name.
    pub fn argument(&self, position: usize, name: &str) -> Option<&[Shape]> {
        match self.input(position, name)? {
            Input::Value(_) => None,
            input => Some(input.tensors()),
        }
    }

    /// A constant argument, given by position or by name.
    pub fn constant(&self, position: usize, name: &str) -> Option<&Value> {
        match self.input(position, name)? {
            Input::Value(value) => Some(value),
            Input::Tensors(_) | Input::Mixed { .. } => None,
        }
    }

    /// An argument that is a list of tensors and constants: the constants, without the tensors in
    /// their places.
    pub(crate) fn mixed(&self, position: usize, name: &str) -> Option<&[Option<Value>]> {
        match self.input(position, name)? {
            Input::Mixed { list, .. } => Some(list),
            _ => None,
        }
    }

    /// The same call with its named arguments in the order of these names, others last; and where
    /// each of the tensors was before.
    pub(crate) fn in_order(&self, names: &[&str]) -> (Inputs, Vec<usize>) {
        let place = |name: &str| {
            let place = names.iter().position(|it| *it == name);
            place.unwrap_or(names.len())
        };
        let of_position: usize = self.positional.iter().map(|it| it.tensors().len()).sum();
        let mut next = of_position;
        let mut named: Vec<(std::ops::Range<usize>, &(String, Input))> = Vec::new();
        for argument in &self.named {
            let end = next.saturating_add(argument.1.tensors().len());
            named.push((next..end, argument));
            next = end;
        }
        named.sort_by_key(|(_, (name, _))| place(name));
        let order = (0..of_position).chain(named.iter().flat_map(|(places, _)| places.clone()));
        let inputs = Inputs {
            positional: self.positional.clone(),
            named: named.iter().map(|(_, it)| (*it).clone()).collect(),
        };
        (inputs, order.collect())
    }

    /// Whether an argument was given by that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.named.iter().any(|(given, _)| given == name)
    }

    /// The tensors and constants of all arguments, those by position first.
    pub(crate) fn operands(&self) -> impl Iterator<Item = Operand<'_>> {
        let named = self.named.iter().map(|(_, input)| input);
        self.positional.iter().chain(named).flat_map(operands)
    }

    /// The constants, and which arguments the tensors are, as text: it tells calls with tensors
    /// of the same shapes apart.
    pub(crate) fn form(&self) -> String {
        let positional = self.positional.iter().map(|input| ("", input));
        let named = self
            .named
            .iter()
            .map(|(name, input)| (name.as_str(), input));
        let form = positional.chain(named).map(|(name, input)| {
            let count = input.tensors().len();
            match input {
                Input::Tensors(_) => format!("{name}[{count}]"),
                Input::Value(value) => format!("{name}={}", json::to_string(value)),
                Input::Mixed { list, .. } => format!("{name}[{count}]{list:?}"),
            }
        });
        form.collect::<Vec<_>>().join(" ")
    }

    /// The only tensor, or the constant, of an argument.
    pub(crate) fn operand(&self, position: usize, name: &str) -> Option<Operand<'_>> {
        operands(self.input(position, name)?).next()
    }

    /// Which of the tensors of all arguments is the first of this one.
    pub(crate) fn place(&self, position: usize, name: &str) -> Option<usize> {
        let tensors = |input: &Input| input.tensors().len();
        let by_position = self.positional.iter().map(tensors);
        match self.named.iter().position(|(given, _)| given == name) {
            Some(at) => {
                let named = self.named.iter().take(at);
                let named = named.map(|(_, input)| tensors(input));
                Some(by_position.chain(named).sum())
            }
            None => {
                Some(by_position.take(position).sum()).filter(|_| position < self.positional.len())
            }
        }
    }

    fn input(&self, position: usize, name: &str) -> Option<&Input> {
        let named = self.named.iter().find(|(given, _)| given == name);
        let named = named.map(|(_, input)| input);
        named.or_else(|| self.positional.get(position))
    }
}

impl<const N: usize> From<[Shape; N]> for Inputs {
    fn from(shapes: [Shape; N]) -> Self {
        Inputs::of(shapes)
    }
}

impl From<Vec<Shape>> for Inputs {
    fn from(shapes: Vec<Shape>) -> Self {
        Inputs::of(shapes)
    }
}

fn input(argument: &Argument, shape_of: &dyn Fn(&TensorRef) -> Option<Shape>) -> Option<Input> {
    let mut sources = Vec::new();
    collect(argument, &mut sources);
    if let Argument::Value(value) = argument {
        return Some(Input::Value(value.clone()));
    }
    let shapes = sources.into_iter().map(shape_of);
    let tensors = shapes.collect::<Option<Vec<Shape>>>()?;
    Some(match mixed(argument) {
        Some(list) => Input::Mixed { tensors, list },
        None => Input::Tensors(tensors),
    })
}

/// A list of tensors and constants, if the argument is one.
fn mixed(argument: &Argument) -> Option<Vec<Option<Value>>> {
    let Argument::List(items) = argument else {
        return None;
    };
    let items = items.iter().map(|item| match item {
        Argument::Tensor { .. } => Some(None),
        Argument::Value(value) => Some(Some(value.clone())),
        Argument::List(_) | Argument::Map(_) => None,
    });
    let items = items.collect::<Option<Vec<Option<Value>>>>()?;
    items.iter().any(Option::is_some).then_some(items)
}

/// The tensors of an argument; those of a dictionary in the order of its keys.
fn collect<'a>(argument: &'a Argument, sources: &mut Vec<&'a TensorRef>) {
    match argument {
        Argument::Tensor { source, .. } => sources.push(source),
        Argument::Value(_) => {}
        Argument::List(items) => items.iter().for_each(|item| collect(item, sources)),
        Argument::Map(members) => {
            let mut members: Vec<&(String, Argument)> = members.iter().collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            members
                .iter()
                .for_each(|(_, member)| collect(member, sources));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_put_in_order_with_their_tensors() {
        let shapes = |count: u64| (0..count).map(|at| Shape::known(&[at]));
        let inputs = Inputs::of(shapes(1))
            .with("mask", shapes(2))
            .with_value("causal", true.into())
            .with("value", shapes(1));
        let (ordered, places) = inputs.in_order(&["value", "mask"]);
        assert_eq!(places, [0, 3, 1, 2]);
        assert_eq!(ordered.place(1, "mask"), Some(2));
        assert_eq!(ordered.form(), "[1] value[1] mask[2] causal=true");
    }
}
