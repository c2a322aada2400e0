//! Fields: how often a value occurs, and when it is written.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::collections::BTreeMap;
use std::fmt;

use super::schema::FieldType;
use super::value::{Fixed32, Fixed64, Value};
use super::wire::{Sink, Source, WireType};
use crate::error::Result;

/// A field of a message: a value that may be absent, present or repeated.
pub(crate) trait Field {
    /// The type in `.proto` files.
    const TYPE: FieldType;

    /// Whether nothing is written for it.
    fn is_absent(&self) -> bool;

    /// Encodes it, keys and all.
    fn put<S: Sink>(&self, number: u32, to: &mut S);

    /// Decodes one more occurrence; false when the value is delimited otherwise than it can be.
    fn merge(&mut self, wire: WireType, from: &mut Source<'_>) -> Result<bool>;

    /// Whether both encode to the same bytes.
    fn same(&self, other: &Self) -> bool;

    /// Prints it to be read by people.
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// A value that occurs once and is not written when it has its default.
macro_rules! single {
    ($($type:ty),+) => { $(
        impl $crate::proto::field::Field for $type {
            const TYPE: $crate::proto::FieldType =
                $crate::proto::FieldType::Single(<$type as $crate::proto::value::Value>::TYPE);

            fn is_absent(&self) -> bool {
                $crate::proto::value::Value::is_default(self)
            }

            fn put<S: $crate::proto::wire::Sink>(&self, number: u32, to: &mut S) {
                if !$crate::proto::value::Value::is_default(self) {
                    to.key(number, <$type as $crate::proto::value::Value>::WIRE);
                    $crate::proto::value::Value::put(self, to);
                }
            }

            fn merge(
                &mut self,
                wire: $crate::proto::wire::WireType,
                from: &mut $crate::proto::wire::Source<'_>,
            ) -> $crate::error::Result<bool> {
                $crate::proto::field::merge_fitting(self, wire, from)
            }

            fn same(&self, other: &Self) -> bool {
                $crate::proto::value::Value::same(self, other)
            }

            fn show(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::proto::value::Value::show(self, f)
            }
        }
    )+ };
}
pub(super) use single;

single!(
    i32,
    i64,
    u32,
    u64,
    bool,
    f32,
    f64,
    Fixed32,
    Fixed64,
    String,
    Vec<u8>
);

/// Decodes a value if it is delimited as it should be.
pub(super) fn merge_fitting<T: Value>(
    value: &mut T,
    wire: WireType,
    from: &mut Source<'_>,
) -> Result<bool> {
    if wire != T::WIRE {
        return Ok(false);
    }
    value.merge(from)?;
    Ok(true)
}

/// Present or absent: messages, and the scalars of proto2.
impl<T: Value> Field for Option<T> {
    const TYPE: FieldType = FieldType::Optional(T::TYPE);

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn put<S: Sink>(&self, number: u32, to: &mut S) {
        if let Some(value) = self {
            to.key(number, T::WIRE);
            value.put(to);
        }
    }

    fn merge(&mut self, wire: WireType, from: &mut Source<'_>) -> Result<bool> {
        if wire != T::WIRE {
            return Ok(false);
        }
        self.get_or_insert_default().merge(from)?;
        Ok(true)
    }

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Some(one), Some(other)) => one.same(other),
            (one, other) => one.is_none() == other.is_none(),
        }
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Some(value) => value.show(f),
            None => f.write_str("None"),
        }
    }
}

/// Numbers are packed into one part when written; both forms are read.
impl<T: Value> Field for Vec<T> {
    const TYPE: FieldType = FieldType::Repeated(T::TYPE);

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn put<S: Sink>(&self, number: u32, to: &mut S) {
        if T::WIRE == WireType::Delimited {
            for value in self {
                to.key(number, T::WIRE);
                value.put(to);
            }
        } else if !self.is_empty() {
            to.key(number, WireType::Delimited);
            to.part(|to| self.iter().for_each(|value| value.put(to)));
        }
    }

    fn merge(&mut self, wire: WireType, from: &mut Source<'_>) -> Result<bool> {
        let one = |from: &mut Source<'_>| {
            let mut value = T::default();
            value.merge(from).map(|()| value)
        };
        if wire == T::WIRE {
            self.push(one(from)?);
        } else if wire == WireType::Delimited {
            from.part(|from| {
                while !from.is_empty() {
                    self.push(one(from)?);
                }
                Ok(())
            })?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn same(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().zip(other).all(|(one, other)| one.same(other))
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(Shown)).finish()
    }
}

/// Each entry is a message: the key is its field 1, the value its field 2.
const KEY: u32 = 1;
const VALUE: u32 = 2;

/// Written in the order of the keys: spec/proto/README.md#maps.
impl<K: Value + Ord, V: Value> Field for BTreeMap<K, V> {
    const TYPE: FieldType = FieldType::Map(K::TYPE, V::TYPE);

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn put<S: Sink>(&self, number: u32, to: &mut S) {
        for (key, value) in self {
            to.key(number, WireType::Delimited);
            to.message(|to| {
                to.key(KEY, K::WIRE);
                key.put(to);
                to.key(VALUE, V::WIRE);
                value.put(to);
            });
        }
    }

    // What else an entry holds is dropped, as in protobuf: there is no place for it.
    fn merge(&mut self, wire: WireType, from: &mut Source<'_>) -> Result<bool> {
        if wire != WireType::Delimited {
            return Ok(false);
        }
        let (key, value) = from.message(|from| {
            let (mut key, mut value) = (K::default(), V::default());
            while !from.is_empty() {
                match from.key()? {
                    (KEY, wire) if wire == K::WIRE => key.merge(from)?,
                    (VALUE, wire) if wire == V::WIRE => value.merge(from)?,
                    (_, wire) => from.skip(wire)?,
                }
            }
            Ok((key, value))
        })?;
        self.insert(key, value);
        Ok(true)
    }

    fn same(&self, other: &Self) -> bool {
        let same = |one: (&K, &V), other: (&K, &V)| one.0.same(other.0) && one.1.same(other.1);
        self.len() == other.len() && self.iter().zip(other).all(|(one, other)| same(one, other))
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.iter().map(|(key, value)| (Shown(key), Shown(value)));
        f.debug_map().entries(entries).finish()
    }
}

/// A value to be printed.
pub(super) struct Shown<'a, T>(pub(super) &'a T);

impl<T: Value> fmt::Debug for Shown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(f)
    }
}

/// A field to be printed.
pub(super) struct ShownField<'a, T>(pub(super) &'a T);

impl<T: Field> fmt::Debug for ShownField<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(f)
    }
}
