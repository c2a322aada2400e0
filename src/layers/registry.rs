//! Which class name stands for which layer.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use super::network::NetworkLayer;
use super::{
    Layer, activation, attention, convolution, core, lambda, merging, normalization, operation,
    pooling, preprocessing, regularization, reshaping, rnn, wrapper,
};
use crate::error::{Error, ErrorKind, Result};
use crate::keras::{Dialect, Network, Object};
use crate::limits::Limits;

type Maker = Arc<dyn Fn(&Object, &LayerRegistry) -> Result<Box<dyn Layer>> + Send + Sync>;

/// The layer classes that are known, by name.
///
/// See [`Layer`] for an example with a class of one's own.
#[derive(Clone)]
pub struct LayerRegistry {
    makers: Arc<BTreeMap<String, Maker>>,
    /// How many more calls may be followed; shared with what nested models are built from.
    calls_left: Option<Arc<AtomicU64>>,
}

/// The most calls that are followed in one network, those in nested models included: a few lines
/// of JSON can nest models that call each other twice, a hundred deep.
const MAX_CALLS: u64 = 200_000;

/// A class whose typed config is all it needs.
pub(crate) trait Typed: Layer + Sized + 'static {
    const CLASS: &'static str;

    fn read(object: &Object) -> Result<Self>;
}

/// What stands before the name of an operation of Keras 3, whose classes have names of layers.
pub(crate) const OPERATION: &str = "keras.ops>";

static BUILTIN: LazyLock<LayerRegistry> = LazyLock::new(|| {
    let mut registry = LayerRegistry {
        makers: Arc::default(),
        calls_left: None,
    };
    attention::register(&mut registry);
    core::register(&mut registry);
    convolution::register(&mut registry);
    activation::register(&mut registry);
    pooling::register(&mut registry);
    normalization::register(&mut registry);
    merging::register(&mut registry);
    reshaping::register(&mut registry);
    regularization::register(&mut registry);
    rnn::register(&mut registry);
    wrapper::register(&mut registry);
    preprocessing::register(&mut registry);
    lambda::register(&mut registry);
    operation::register(&mut registry);
    registry
});

impl LayerRegistry {
    /// Keras's own classes.
    pub fn builtin() -> Self {
        BUILTIN.clone()
    }

    /// Adds a class, or replaces one, under the name a config has it by: `package>Class` for a
    /// registered class, `Class` for others.
    pub fn register(
        &mut self,
        name: impl Into<String>,
        make: impl Fn(&Object) -> Result<Box<dyn Layer>> + Send + Sync + 'static,
    ) {
        let maker: Maker = Arc::new(move |object, _| make(object));
        Arc::make_mut(&mut self.makers).insert(name.into(), maker);
    }

    /// Adds a class by its typed config.
    pub(crate) fn typed<T: Typed>(&mut self) {
        self.register(T::CLASS, |object| Ok(Box::new(T::read(object)?)));
    }

    /// Adds a class that has layers inside, which it builds from the registry it is given.
    pub(crate) fn nesting(
        &mut self,
        name: &str,
        make: impl Fn(&Object, &LayerRegistry) -> Result<Box<dyn Layer>> + Send + Sync + 'static,
    ) {
        Arc::make_mut(&mut self.makers).insert(name.to_owned(), Arc::new(make));
    }

    /// The same classes, for following one network.
    pub(crate) fn bounded(&self) -> LayerRegistry {
        LayerRegistry {
            makers: Arc::clone(&self.makers),
            calls_left: Some(Arc::new(AtomicU64::new(MAX_CALLS))),
        }
    }

    /// Counts a call that is followed.
    pub(crate) fn count_call(&self) -> Result<()> {
        let Some(left) = &self.calls_left else {
            return Ok(());
        };
        let one_less = |left: u64| left.checked_sub(1);
        let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        taken.map(drop).map_err(|_| {
            Error::new(
                ErrorKind::LimitExceeded,
                format!("more than {MAX_CALLS} calls of layers, nested models included"),
            )
        })
    }

    /// Whether there is a class of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.makers.contains_key(name)
    }

    /// Whether a class of that name was added to Keras's own.
    pub(crate) fn is_own(&self, name: &str) -> bool {
        self.contains(name) && !BUILTIN.contains(name)
    }

    /// Whether nothing was added to Keras's own classes, and none was replaced.
    pub(crate) fn is_builtin(&self) -> bool {
        Arc::ptr_eq(&self.makers, &BUILTIN.makers)
    }

    /// The layer that a serialized object stands for; a model among the layers is one, too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownObject`] for a class that is neither built in nor registered;
    /// [`ErrorKind::Malformed`] for arguments that the class does not take.
    pub fn build(&self, object: &Object) -> Result<Box<dyn Layer>> {
        if let Some(maker) = self.maker(object) {
            return maker(object, self);
        }
        match Network::from_object(object.clone(), &Limits::unlimited())? {
            Network::Subclassed(_) => Err(unknown(object)),
            network => Ok(Box::new(NetworkLayer::new(network, self.clone()))),
        }
    }

    /// Whether the class of a serialized object is one of these.
    pub(crate) fn knows(&self, object: &Object) -> bool {
        self.maker(object).is_some()
    }

    fn maker(&self, object: &Object) -> Option<&Maker> {
        let class = object.class_name();
        if is_operation(object) {
            let known = self.makers.get(&format!("{OPERATION}{class}"));
            return known.or_else(|| self.makers.get(OPERATION));
        }
        let registered = object.registered_name();
        let registered = registered.and_then(|name| self.makers.get(name));
        registered.or_else(|| self.makers.get(class))
    }
}

/// Whether it is an operation of Keras 3. In HDF5 files, where no module is told, what a called
/// operation lacks is the argument of every layer.
fn is_operation(object: &Object) -> bool {
    match object.module() {
        Some(module) => module.starts_with("keras.src.ops") || module.starts_with("keras.ops"),
        None => {
            let is_called = object.json().contains_key("inbound_nodes");
            let is_layer = object.config().contains_key("trainable");
            let has_network = object.config().contains_key("layers");
            object.dialect() == Dialect::Keras3
                && is_called
                && !is_layer
                && !has_network
                && object.class_name() != "InputLayer"
                && !object.class_name().contains('>')
        }
    }
}

impl Default for LayerRegistry {
    fn default() -> Self {
        LayerRegistry::builtin()
    }
}

impl fmt::Debug for LayerRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.makers.keys()).finish()
    }
}

#[cold]
fn unknown(object: &Object) -> Error {
    let name = object.registered_name().unwrap_or(object.class_name());
    Error::new(
        ErrorKind::UnknownObject,
        format!("layer class `{name}` is neither built in nor registered"),
    )
    .with_hint("`LayerRegistry::register` adds classes")
}
