//! The functions of a graph, each with a name of its own.

use super::function::{Edge, Function, FunctionBuilder, valid_characters};
use crate::error::Result;
use crate::proto::tensorflow::function::RegisteredGradient;
use crate::proto::tensorflow::{FunctionDef, FunctionDefLibrary};

/// The functions of a graph, in the order in which they were added.
///
/// ```
/// use hornfels::graph::Library;
/// use hornfels::proto::tensorflow::DataType;
/// let mut library = Library::new();
/// let mut square = library.begin("square");
/// let x = square.argument("x", DataType::DT_FLOAT);
/// let result = square.square(&x)?;
/// let square = library.add(square, &[result])?;
/// assert_eq!(square.name, "__inference_square_1");
/// assert_eq!(library.functions().len(), 1);
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Library {
    functions: Vec<FunctionDef>,
    gradients: Vec<RegisteredGradient>,
    /// How many names were given.
    names: u64,
}

impl Library {
    /// Without functions.
    pub fn new() -> Self {
        Library::default()
    }

    /// Begins a function that is named after `name`.
    ///
    /// As TensorFlow's, names begin with `__inference_` and end with a number that no other has.
    pub fn begin(&mut self, name: &str) -> FunctionBuilder {
        self.names += 1;
        FunctionBuilder::new(valid_characters(&format!(
            "__inference_{name}_{}",
            self.names
        )))
    }

    /// Adds a function that gives `results`, and those of its loops.
    ///
    /// # Errors
    ///
    /// None at present; what could be wrong was found when the operations were added.
    pub fn add(&mut self, function: FunctionBuilder, results: &[Edge]) -> Result<Function> {
        let finished = function.finish_with_inner(results)?;
        self.functions.extend(finished.inner);
        self.functions.push(finished.def);
        Ok(finished.function)
    }

    /// A name that no other function has, after one of another file.
    pub(crate) fn name_like(&mut self, name: &str) -> String {
        let end = name.trim_end_matches(|it: char| it.is_ascii_digit());
        self.names += 1;
        format!("{}_{}", end.trim_end_matches('_'), self.names)
    }

    /// Adds a function of another file, which has a name that [`name_like`](Self::name_like) gave.
    pub(crate) fn import(&mut self, function: FunctionDef) {
        self.functions.push(function);
    }

    /// Says that a function is the gradient of operations.
    pub(crate) fn register_gradient(&mut self, gradient: RegisteredGradient) {
        self.gradients.push(gradient);
    }

    /// The functions.
    pub fn functions(&self) -> &[FunctionDef] {
        &self.functions
    }

    /// The library as it is part of a graph.
    pub fn into_proto(self) -> FunctionDefLibrary {
        FunctionDefLibrary {
            function: self.functions,
            registered_gradients: self.gradients,
            ..FunctionDefLibrary::default()
        }
    }
}
