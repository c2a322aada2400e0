//! What a layer is called with, as far as shapes go.

use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::keras::{Argument, Node, TensorRef};
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
    let (tensors, value): (&[Shape], _) = match input {
        Input::Tensors(shapes) => (shapes, None),
        Input::Value(value) => (&[], Some(Operand::Value(value))),
    };
    tensors.iter().map(Operand::Tensor).chain(value)
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

    /// The tensors of the first argument.
    pub fn all(&self) -> &[Shape] {
        match self.positional.first() {
            Some(Input::Tensors(shapes)) => shapes,
            _ => &[],
        }
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
            Input::Tensors(shapes) => Some(shapes),
            Input::Value(_) => None,
        }
    }

    /// A constant argument, given by position or by name.
    pub fn constant(&self, position: usize, name: &str) -> Option<&Value> {
        match self.input(position, name)? {
            Input::Value(value) => Some(value),
            Input::Tensors(_) => None,
        }
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

    /// The only tensor, or the constant, of an argument.
    pub(crate) fn operand(&self, position: usize, name: &str) -> Option<Operand<'_>> {
        operands(self.input(position, name)?).next()
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
    shapes.collect::<Option<_>>().map(Input::Tensors)
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
