//! What a row of the tables says: which keys the config of a class has in each dialect.

use serde_json::{Map, Value};

use super::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::keras::object::describe;

/// One class that both dialects have, or that only one has.
///
/// A loader of Keras raises on a key it does not know, so the lists are complete: what is not in
/// them is not written. See `spec/keras_config.md#tables`.
#[derive(Clone, Copy)]
pub(super) struct Class {
    pub(super) name: &'static str,
    /// The dialect that has the class, if it is only one.
    pub(super) only_in: Option<Dialect>,
    /// Keys of both dialects, separated by spaces.
    keys: &'static str,
    keras2: &'static [Own],
    keras3: &'static [Own],
    /// Keys that changed their name: in Keras 2, in Keras 3.
    renamed: &'static [(&'static str, &'static str)],
    /// Keys whose absence means different things: key, meaning in Keras 2, meaning in Keras 3.
    absent: &'static [(&'static str, Plain, Plain)],
    /// What the lists cannot say.
    pub(super) special: Option<Special>,
}

/// Changes a config that the tables have already translated.
pub(super) type Special = fn(&mut Translated<'_>) -> Result<()>;

/// A config on its way, for a [`Special`].
pub(super) struct Translated<'a> {
    /// The object as it was, with what stands beside its config.
    pub(super) source: &'a Map<String, Value>,
    pub(super) config: &'a mut Map<String, Value>,
    pub(super) to: Dialect,
}

/// A key that only one of the dialects knows.
#[derive(Clone, Copy)]
pub(super) struct Own {
    key: &'static str,
    leaving: Leaving,
}

/// What becomes of a key in the dialect that lacks it.
#[derive(Clone, Copy)]
enum Leaving {
    /// It is left out: no prediction depends on it.
    Dropped,
    /// It is left out if it is null or has this value; with another the object has no counterpart.
    DroppedIf(Plain),
    /// It is left out if it has this value, for the sake of older versions that do not know it.
    KeptUnless(Plain),
}

/// A JSON scalar that can stand in a table.
#[derive(Clone, Copy)]
pub(super) enum Plain {
    Null,
    False,
    True,
    Int(i64),
    Float(f64),
    Text(&'static str),
}

impl Plain {
    fn value(self) -> Value {
        match self {
            Plain::Null => Value::Null,
            Plain::False => Value::Bool(false),
            Plain::True => Value::Bool(true),
            Plain::Int(number) => Value::from(number),
            Plain::Float(number) => Value::from(number),
            Plain::Text(text) => Value::from(text),
        }
    }

    /// Equal by value: `1` and `1.0` are the same argument.
    fn is(self, value: &Value) -> bool {
        let own = self.value();
        own == *value || (own.is_number() && own.as_f64() == value.as_f64())
    }
}

/// A key without influence on what the model computes.
pub(super) const fn idle(key: &'static str) -> Own {
    let leaving = Leaving::Dropped;
    Own { key, leaving }
}

/// A key that may only be left out when it has its default.
pub(super) const fn only(key: &'static str, default: Plain) -> Own {
    let leaving = Leaving::DroppedIf(default);
    Own { key, leaving }
}

/// A key that newer versions of the other dialect know, too.
pub(super) const fn unless(key: &'static str, default: Plain) -> Own {
    let leaving = Leaving::KeptUnless(default);
    Own { key, leaving }
}

/// A class of both dialects with the keys that both know.
pub(super) const fn both(name: &'static str, keys: &'static str) -> Class {
    Class {
        name,
        only_in: None,
        keys,
        keras2: &[],
        keras3: &[],
        renamed: &[],
        absent: &[],
        special: None,
    }
}

/// A class that one dialect has and the other has not.
pub(super) const fn one(dialect: Dialect, name: &'static str) -> Class {
    let mut class = both(name, "");
    class.only_in = Some(dialect);
    class
}

/// Whether a list of words, separated by spaces, has one. Bytes, since words are short and lists are asked often.
fn has_word(list: &str, word: &str) -> bool {
    let mut words = list.as_bytes().split(|byte| *byte == b' ');
    words.any(|own| own == word.as_bytes())
}

impl Class {
    /// Keys of a class that only one dialect has, for objects that were made and not read.
    pub(super) const fn keys(mut self, keys: &'static str) -> Class {
        self.keys = keys;
        self
    }

    pub(super) const fn keras2(mut self, own: &'static [Own]) -> Class {
        self.keras2 = own;
        self
    }

    pub(super) const fn keras3(mut self, own: &'static [Own]) -> Class {
        self.keras3 = own;
        self
    }

    pub(super) const fn renamed(mut self, keys: &'static [(&'static str, &'static str)]) -> Class {
        self.renamed = keys;
        self
    }

    pub(super) const fn absent(mut self, keys: &'static [(&'static str, Plain, Plain)]) -> Class {
        self.absent = keys;
        self
    }

    pub(super) const fn special(mut self, special: Special) -> Class {
        self.special = Some(special);
        self
    }

    /// The keys of `config` as the other dialect calls them; values are not looked at.
    ///
    /// `base` has the keys of every class of this kind.
    pub(super) fn translate_keys(
        &self,
        base: &Base,
        config: &Map<String, Value>,
        to: Dialect,
    ) -> Result<Map<String, Value>> {
        let mut translated = Map::new();
        for (key, value) in config {
            match self.destination(base, key, to) {
                Destination::Key(key) => {
                    translated.insert(key.to_owned(), value.clone());
                }
                Destination::Nowhere(Leaving::Dropped) => {}
                Destination::Nowhere(Leaving::KeptUnless(default)) => {
                    if !default.is(value) {
                        translated.insert(key.clone(), value.clone());
                    }
                }
                Destination::Nowhere(Leaving::DroppedIf(default)) => {
                    if !value.is_null() && !default.is(value) {
                        return Err(no_counterpart(self.name, key, value, to));
                    }
                }
            }
        }
        for (key, in_keras2, in_keras3) in self.absent {
            let meant = match to {
                Dialect::Keras3 => in_keras2,
                _ => in_keras3,
            };
            if !translated.contains_key(*key) {
                translated.insert((*key).to_owned(), meant.value());
            }
        }
        Ok(translated)
    }

    fn destination<'k>(&self, base: &Base, key: &'k str, to: Dialect) -> Destination<'k> {
        for (keras2, keras3) in self.renamed {
            match to {
                Dialect::Keras3 if key == *keras2 => return Destination::Key(keras3),
                Dialect::Keras2 if key == *keras3 => return Destination::Key(keras2),
                _ => {}
            }
        }
        let (leaving, arriving) = match to {
            Dialect::Keras3 => (self.keras2, self.keras3),
            _ => (self.keras3, self.keras2),
        };
        let base_leaving = match to {
            Dialect::Keras3 => base.keras2,
            _ => base.keras3,
        };
        if let Some(own) = leaving.iter().find(|own| own.key == key) {
            return Destination::Nowhere(own.leaving);
        }
        let arrives = arriving.iter().any(|own| own.key == key);
        if arrives || has_word(self.keys, key) || has_word(base.keys, key) {
            return Destination::Key(key);
        }
        match base_leaving.iter().find(|own| own.key == key) {
            Some(own) => Destination::Nowhere(own.leaving),
            // A key of a version yet to come may be left out as long as it says nothing.
            None => Destination::Nowhere(Leaving::DroppedIf(Plain::Null)),
        }
    }

    /// Whether `dialect` knows `key`, for the test of the tables.
    #[cfg(test)]
    pub(super) fn knows(&self, base: &Base, key: &str, dialect: Dialect) -> bool {
        let (own, foreign, base_own) = match dialect {
            Dialect::Keras3 => (self.keras3, self.keras2, base.keras3),
            _ => (self.keras2, self.keras3, base.keras2),
        };
        let renamed = self.renamed.iter().any(|(keras2, keras3)| match dialect {
            Dialect::Keras3 => key == *keras3,
            _ => key == *keras2,
        });
        let shared = self
            .keys
            .split(' ')
            .chain(base.keys.split(' '))
            .any(|known| known == key)
            && foreign.iter().all(|own| own.key != key);
        renamed || shared || own.iter().chain(base_own).any(|own| own.key == key)
    }

    /// Whether the absence of `key` is translated.
    #[cfg(test)]
    pub(super) fn tells_of_absence(&self, key: &str) -> bool {
        self.absent.iter().any(|(known, ..)| *known == key)
    }

    /// The keys that `dialect` may be given, without those that leave silently.
    #[cfg(test)]
    pub(super) fn written(&self, base: &Base, dialect: Dialect) -> Vec<&'static str> {
        let foreign = match dialect {
            Dialect::Keras3 => self.keras2,
            _ => self.keras3,
        };
        let renamed = self.renamed.iter().map(|(keras2, keras3)| match dialect {
            Dialect::Keras3 => *keras3,
            _ => *keras2,
        });
        let shared = self.keys.split(' ').chain(base.keys.split(' '));
        shared
            .filter(|key| !key.is_empty() && foreign.iter().all(|own| own.key != *key))
            .chain(renamed)
            .collect()
    }
}

/// Keys that every class of a kind has.
pub(super) struct Base {
    pub(super) keys: &'static str,
    pub(super) keras2: &'static [Own],
    pub(super) keras3: &'static [Own],
}

enum Destination<'k> {
    Key(&'k str),
    Nowhere(Leaving),
}

/// The error for a part of a config that the other dialect cannot express.
#[cold]
pub(super) fn no_counterpart(class: &str, key: &str, value: &Value, to: Dialect) -> Error {
    let value = describe(value);
    Error::new(
        ErrorKind::Unsupported,
        format!("`{key}` of {class} is {value}, which has no counterpart in {to}"),
    )
    .with_hint("save the model in the dialect it came in")
}
