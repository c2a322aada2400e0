//! Layers of classes that have no typed config here.

use serde_json::{Map, Value};

use super::{Inputs, Layer, LayerRegistry, VariableSpec};
use crate::error::{Error, ErrorKind, Result};
use crate::keras::Object;
use crate::tensor::Shape;

/// A layer of any class, with the config you give it.
///
/// ```
/// use hornfels::keras::{Model, Sequential};
/// use hornfels::layers::{Dense, Generic, Initializer, LayerRegistry, VariableSpec};
///
/// let scale = Generic::new("my_package>Scale")
///     .argument("factor", 2.0)
///     .variable(VariableSpec::new("weight", [3], Initializer::ones()));
/// let mut layers = LayerRegistry::builtin();
/// scale.register(&mut layers);
///
/// let network = Sequential::new("s").add(Dense::new(3).input_shape([2])).add(scale);
/// let model = Model::build_with(network, &layers)?;
/// assert_eq!(model.variable("scale/weight")?.shape(), [3]);
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Generic {
    object: Object,
    variables: Vec<VariableSpec>,
    outputs: Option<Vec<Shape>>,
}

impl Generic {
    /// A layer without arguments; `class_name` is `package>Class` for a registered class.
    pub fn new(class_name: &str) -> Self {
        let mut object = Object::new(class_name, Map::new());
        if let Some((package, class)) = class_name.split_once('>') {
            object = object.with_module(package);
            let json = object.json_mut();
            json.insert("class_name".to_owned(), class.into());
            json.insert("registered_name".to_owned(), class_name.into());
        }
        Generic {
            object,
            variables: Vec::new(),
            outputs: None,
        }
    }

    /// The same layer with one argument more.
    #[must_use]
    pub fn argument(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.object = self.object.with(name, value);
        self
    }

    /// The same layer under a name.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.argument("name", name)
    }

    /// The same layer with one variable more, in Keras's order.
    #[must_use]
    pub fn variable(mut self, variable: VariableSpec) -> Self {
        self.variables.push(variable);
        self
    }

    /// The same layer with these output shapes; without them it gives what it takes.
    #[must_use]
    pub fn outputs(mut self, shapes: impl IntoIterator<Item = Shape>) -> Self {
        self.outputs = Some(shapes.into_iter().collect());
        self
    }

    /// Registers the class: every layer of it then has these variables and output shapes.
    pub fn register(&self, registry: &mut LayerRegistry) {
        let class = self.object.registered_name();
        let class = class.unwrap_or(self.object.class_name());
        let layer = self.clone();
        registry.register(class, move |_| Ok(Box::new(layer.clone())));
    }
}

impl From<Generic> for Object {
    fn from(layer: Generic) -> Self {
        layer.object
    }
}

impl Layer for Generic {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        Ok(self.variables.clone())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        match &self.outputs {
            Some(shapes) => Ok(shapes.clone()),
            None if inputs.all().is_empty() => Err(Error::new(
                ErrorKind::InvalidModel,
                "called without a tensor, and no output shapes were given",
            )),
            None => Ok(inputs.all().to_vec()),
        }
    }
}
