//! Typed configs: how a layer's arguments stand in its JSON, and the macro that declares a class.

mod base;
mod objects;
mod value;

pub(crate) use base::Base;
pub use base::DTypePolicy;
pub use objects::{Activation, Constraint, Initializer, MergeMode, Regularizer};
pub(crate) use value::ConfigValue;
pub use value::{Axes, Borders, DataFormat, Padding, Sizes};

use crate::error::{Error, ErrorKind, Result};
use crate::keras::{Object, json};

/// Reads one argument of a config; none if it is missing, or null where null says nothing.
pub(crate) fn read<T: ConfigValue>(object: &Object, keys: &[&str]) -> Result<Option<T>> {
    for key in keys {
        let Some(value) = object.config().get(*key) else {
            continue;
        };
        match T::read(value) {
            Some(read) => return Ok(Some(read)),
            None if value.is_null() => return Ok(None),
            None => {
                let mut found = json::to_string(value);
                if let Some((end, _)) = found.char_indices().nth(40) {
                    found.truncate(end);
                    found.push('…');
                }
                let message = format!("found {found}, expected {}", T::EXPECTED);
                return Err(Error::new(ErrorKind::Malformed, message).within(place(object, key)));
            }
        }
    }
    Ok(None)
}

/// Reads one argument of a config; none if it is missing or null.
pub(crate) fn read_argument<T: ConfigValue>(object: &Object, key: &str) -> Result<Option<T>> {
    read(object, &[key])
}

/// Reads an argument that has no default.
pub(crate) fn required<T: ConfigValue>(object: &Object, keys: &[&str]) -> Result<T> {
    read(object, keys)?.ok_or_else(|| {
        let message = format!("missing, expected {}", T::EXPECTED);
        let key = keys.first().copied().unwrap_or_default();
        Error::new(ErrorKind::Malformed, message).within(place(object, key))
    })
}

fn place(object: &Object, key: &str) -> String {
    let class = object.class_name();
    match object.name() {
        Some(name) => format!("`{key}` of `{name}` ({class})"),
        None => format!("`{key}` of a {class}"),
    }
}

/// Declares the typed config of a layer class: `Class(arguments without default) { others }`.
///
/// An argument is `name: Type = default`. After the type, `as into` lets its setter take whatever
/// converts into it, and `as some(T)`, where it is an `Option<T>`, whatever converts into `T`, or
/// `as exactly(T)` a `T`, for the sake of literal numbers. After the name, `["key"]` is what it was called before Keras 3. The struct is read
/// from an [`Object`] and turned into one; what it has no field for is kept.
macro_rules! layer {
    (
        $(#[$doc:meta])*
        $class:ident ( $( $(#[$rdoc:meta])* $rname:ident $([$ralias:literal])? : $rtype:ty $(as $rinto:ident $(($rinner:ty))?)? ),* $(,)? ) {
            $( $(#[$odoc:meta])* $oname:ident $([$oalias:literal])? : $otype:ty $(as $ointo:ident $(($oinner:ty))?)? = $default:expr ),* $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct $class {
            pub(crate) base: $crate::layers::config::Base,
            $( $(#[$rdoc])* pub $rname: $rtype, )*
            $( $(#[$odoc])* pub $oname: $otype, )*
        }

        impl $class {
            /// The name of the class in a config.
            pub const CLASS_NAME: &'static str = stringify!($class);

            /// The layer with Keras's defaults.
            pub fn new($($rname: $crate::layers::config::parameter!($rtype $(, $rinto $(($rinner))?)?)),*) -> Self {
                $class {
                    base: $crate::layers::config::Base::default(),
                    $( $rname: $crate::layers::config::converted!($rname $(, $rinto $(($rinner))?)?), )*
                    $( $oname: $default, )*
                }
            }

            $(
                $(#[$odoc])*
                #[must_use]
                pub fn $oname(mut self, $oname: $crate::layers::config::parameter!($otype $(, $ointo $(($oinner))?)?)) -> Self {
                    self.$oname = $crate::layers::config::converted!($oname $(, $ointo $(($oinner))?)?);
                    self
                }
            )*

            $crate::layers::config::base_setters!();

            /// Reads a serialized layer of any dialect.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Malformed`](crate::ErrorKind::Malformed) for an argument of a wrong type,
            /// or without a value where there is no default.
            pub fn from_object(object: &$crate::keras::Object) -> $crate::error::Result<Self> {
                let original = object;
                let object = &$crate::layers::config::neutral(object);
                const KEYS: &[&str] = &[
                    $( stringify!($rname), $($ralias,)? )*
                    $( stringify!($oname), $($oalias,)? )*
                ];
                Ok($class {
                    base: $crate::layers::config::Base::read(object, KEYS, original)?,
                    $( $rname: $crate::layers::config::required(object, &[stringify!($rname) $(, $ralias)?])?, )*
                    $( $oname: match $crate::layers::config::read(object, &[stringify!($oname) $(, $oalias)?])? {
                        Some(value) => value,
                        None => $default,
                    }, )*
                })
            }
        }

        $crate::layers::config::default_layer!($class ($($rname)*));

        impl $crate::layers::registry::Typed for $class {
            const CLASS: &'static str = $class::CLASS_NAME;

            fn read(object: &$crate::keras::Object) -> $crate::error::Result<Self> {
                $class::from_object(object)
            }
        }

        impl From<$class> for $crate::keras::Object {
            /// The layer as Keras 3 writes it.
            fn from(layer: $class) -> Self {
                let mut object = $crate::keras::Object::new($class::CLASS_NAME, serde_json::Map::new());
                layer.base.write_front(&mut object);
                $( object = object.with(stringify!($rname), $crate::layers::config::ConfigValue::write(&layer.$rname)); )*
                $( object = object.with(stringify!($oname), $crate::layers::config::ConfigValue::write(&layer.$oname)); )*
                layer.base.write_rest(&mut object);
                object
            }
        }
    };
}
pub(crate) use layer;

/// The type a setter takes.
macro_rules! parameter {
    ($type:ty) => { $type };
    ($type:ty, into) => { impl Into<$type> };
    ($type:ty, some($inner:ty)) => { impl Into<$inner> };
    ($type:ty, exactly($inner:ty)) => { $inner };
}
pub(crate) use parameter;

/// The value of a field from what its setter takes.
macro_rules! converted {
    ($value:ident) => {
        $value
    };
    ($value:ident, into) => {
        $value.into()
    };
    ($value:ident, some($inner:ty)) => {
        Some($value.into())
    };
    ($value:ident, exactly($inner:ty)) => {
        Some($value)
    };
}
pub(crate) use converted;

/// `Default` for a class whose arguments all have defaults.
macro_rules! default_layer {
    ($class:ident ()) => {
        impl Default for $class {
            fn default() -> Self {
                Self::new()
            }
        }
    };
    ($class:ident ($($name:ident)+)) => {};
}
pub(crate) use default_layer;

/// The setters of every layer.
macro_rules! base_setters {
    () => {
        /// The layer's name; without one it is named after its class, `dense_1`.
        #[must_use]
        pub fn name(mut self, name: impl Into<String>) -> Self {
            self.base.name = Some(name.into());
            self
        }

        /// Whether training changes the layer; `true` by default.
        #[must_use]
        pub fn trainable(mut self, trainable: bool) -> Self {
            self.base.trainable = trainable;
            self
        }

        /// The dtype, or the policy of two dtypes, `mixed_float16`; `float32` by default.
        #[must_use]
        pub fn dtype(mut self, dtype: impl Into<$crate::layers::DTypePolicy>) -> Self {
            self.base.dtype = dtype.into();
            self
        }

        /// The shape of the input without the batch axis, on the first layer of a Sequential.
        #[must_use]
        pub fn input_shape(mut self, shape: impl Into<$crate::tensor::Shape>) -> Self {
            let sizes = [None].into_iter().chain(shape.into().0);
            self.base.batch_input_shape = Some($crate::tensor::Shape(sizes.collect()));
            self
        }

        /// The shape of the input with the batch axis, on the first layer of a Sequential.
        #[must_use]
        pub fn batch_input_shape(mut self, shape: impl Into<$crate::tensor::Shape>) -> Self {
            self.base.batch_input_shape = Some(shape.into());
            self
        }
    };
}
pub(crate) use base_setters;

/// Layers without variables, whose output has the shape of their input.
macro_rules! same_shape {
    ($($class:ident $({ lower: $lower:path $(, masks: $masks:path)? $(, takes: [$($takes:ident),*])? $(,)? })?),* $(,)?) => {
        $(
            impl $crate::layers::Layer for $class {
                $(
                    fn lower(
                        &self,
                        call: &mut $crate::layers::Call<'_>,
                    ) -> $crate::error::Result<Vec<$crate::graph::Edge>> {
                        $lower(self, call)
                    }

                    $(
                        fn masks(
                            &self,
                            call: &mut $crate::layers::Call<'_>,
                        ) -> $crate::error::Result<Vec<Option<$crate::graph::Edge>>> {
                            $masks(self, call)
                        }
                    )?

                    $(
                        fn call_arguments(&self) -> &'static [$crate::layers::CallArgument] {
                            &[$($crate::layers::CallArgument::$takes),*]
                        }
                    )?
                )?

                fn variables(
                    &self,
                    _: &$crate::layers::Inputs,
                ) -> $crate::error::Result<Vec<$crate::layers::VariableSpec>> {
                    Ok(Vec::new())
                }

                fn output_shapes(
                    &self,
                    inputs: &$crate::layers::Inputs,
                ) -> $crate::error::Result<Vec<$crate::tensor::Shape>> {
                    Ok(vec![inputs.first()?.clone()])
                }
            }
        )*
    };
}
pub(crate) use same_shape;

/// The object in the vocabulary of Keras 3 where that has words for it, else as it is.
pub(crate) fn neutral(object: &Object) -> std::borrow::Cow<'_, Object> {
    use crate::keras::Dialect;
    use std::borrow::Cow;
    match object.dialect() {
        Dialect::Keras3 => Cow::Borrowed(object),
        Dialect::Keras1 | Dialect::Keras2 => match object.to_dialect(Dialect::Keras3) {
            Ok(translated) => Cow::Owned(translated),
            Err(_) => Cow::Borrowed(object),
        },
    }
}
