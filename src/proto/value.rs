//! Single values: scalars, enumerations, strings, bytes, messages.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::fmt;

use super::schema::ValueType;
use super::wire::{Sink, Source, WireType, low_half};
use crate::error::Result;

/// One value without its key.
pub(crate) trait Value: Default + Clone {
    /// The type in `.proto` files.
    const TYPE: ValueType;
    /// How it is delimited.
    const WIRE: WireType;

    /// Whether it is what proto3 does not write.
    fn is_default(&self) -> bool;

    /// Encodes it.
    fn put<S: Sink>(&self, to: &mut S);

    /// Decodes it over what is here: a message is merged, everything else replaced.
    fn merge(&mut self, from: &mut Source<'_>) -> Result<()>;

    /// Whether both encode to the same bytes.
    fn same(&self, other: &Self) -> bool;

    /// Prints it to be read by people.
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// A value with a type of its own only because the wire has several forms of one number.
macro_rules! wire_form {
    ($(#[$doc:meta])+ $name:ident($number:ty)) => {
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $number);

        impl From<$number> for $name {
            fn from(number: $number) -> Self {
                $name(number)
            }
        }
    };
}

wire_form! {
    /// A `fixed32`: always four bytes.
    Fixed32(u32)
}
wire_form! {
    /// A `fixed64`: always eight bytes.
    Fixed64(u64)
}
wire_form! {
    /// A `sint64`: small negative numbers are short too.
    SInt64(i64)
}

/// Scalars that are numbers: name, wire type, is it the default, encode, decode.
macro_rules! number {
    ($type:ty, $name:literal, $wire:ident, |$value:ident| $bits:expr, |$sink:ident, $out:ident| $put:expr, |$from:ident| $get:expr) => {
        impl Value for $type {
            const TYPE: ValueType = ValueType::Scalar($name);
            const WIRE: WireType = WireType::$wire;

            fn is_default(&self) -> bool {
                let $value = *self;
                $bits == 0
            }

            fn put<S: Sink>(&self, $sink: &mut S) {
                let $value = *self;
                let $out = $bits;
                $put;
            }

            fn merge(&mut self, $from: &mut Source<'_>) -> Result<()> {
                *self = $get;
                Ok(())
            }

            fn same(&self, other: &Self) -> bool {
                let $value = *self;
                let bits = $bits;
                let $value = *other;
                bits == $bits
            }

            fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }
    };
    ($type:ty, $name:literal, varint |$value:ident| $bits:expr, |$read:ident| $get:expr) => {
        number!(
            $type,
            $name,
            Varint,
            |$value| $bits,
            |to, bits| to.varint(bits),
            |from| {
                let $read = from.varint()?;
                $get
            }
        );
    };
    ($type:ty, $name:literal, $wire:ident $fixed:ident |$value:ident| $bits:expr, |$read:ident| $get:expr) => {
        number!(
            $type,
            $name,
            $wire,
            |$value| $bits,
            |to, bits| to.raw(&bits.to_le_bytes()),
            |from| {
                let $read = from.$fixed()?;
                $get
            }
        );
    };
}

// A negative `int32` is sign-extended: ten bytes.
number!(
    i32,
    "int32",
    varint | it | i64::from(it).cast_unsigned(),
    |read| low_half(read).cast_signed()
);
number!(i64, "int64", varint | it | it.cast_unsigned(), |read| read
    .cast_signed());
number!(u32, "uint32", varint | it | u64::from(it), |read| low_half(
    read
));
number!(u64, "uint64", varint | it | it, |read| read);
number!(bool, "bool", varint | it | u64::from(it), |read| read != 0);
number!(SInt64, "sint64", varint | it | zigzag(it.0), |read| SInt64(
    unzigzag(read)
));
number!(f32, "float", Fixed32 fixed32 |it| it.to_bits(), |read| f32::from_bits(read));
number!(f64, "double", Fixed64 fixed64 |it| it.to_bits(), |read| f64::from_bits(read));
number!(Fixed32, "fixed32", Fixed32 fixed32 |it| it.0, |read| Fixed32(read));
number!(Fixed64, "fixed64", Fixed64 fixed64 |it| it.0, |read| Fixed64(read));

/// 0, -1, 1, -2, … as 0, 1, 2, 3, …
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg()
}

impl Value for String {
    const TYPE: ValueType = ValueType::Scalar("string");
    const WIRE: WireType = WireType::Delimited;

    fn is_default(&self) -> bool {
        self.is_empty()
    }

    fn put<S: Sink>(&self, to: &mut S) {
        to.part(|to| to.raw(self.as_bytes()));
    }

    fn merge(&mut self, from: &mut Source<'_>) -> Result<()> {
        *self = from.text()?.to_owned();
        Ok(())
    }

    fn same(&self, other: &Self) -> bool {
        self == other
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// `bytes`.
impl Value for Vec<u8> {
    const TYPE: ValueType = ValueType::Scalar("bytes");
    const WIRE: WireType = WireType::Delimited;

    fn is_default(&self) -> bool {
        self.is_empty()
    }

    fn put<S: Sink>(&self, to: &mut S) {
        to.part(|to| to.raw(self));
    }

    fn merge(&mut self, from: &mut Source<'_>) -> Result<()> {
        from.delimited()?.clone_into(self);
        Ok(())
    }

    fn same(&self, other: &Self) -> bool {
        self == other
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_bytes(self, f)
    }
}

/// The beginning of `bytes`, and how many there are.
pub(super) fn show_bytes(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const SHOWN: usize = 64;
    match bytes.get(..SHOWN) {
        Some(start) if bytes.len() > SHOWN => {
            write!(f, "b\"{}\"... {} bytes", start.escape_ascii(), bytes.len())
        }
        _ => write!(f, "b\"{}\"", bytes.escape_ascii()),
    }
}

impl<T: Value> Value for Box<T> {
    const TYPE: ValueType = T::TYPE;
    const WIRE: WireType = T::WIRE;

    fn is_default(&self) -> bool {
        T::is_default(self)
    }

    fn put<S: Sink>(&self, to: &mut S) {
        T::put(self, to);
    }

    fn merge(&mut self, from: &mut Source<'_>) -> Result<()> {
        T::merge(self, from)
    }

    fn same(&self, other: &Self) -> bool {
        T::same(self, other)
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::show(self, f)
    }
}

/// An enumeration of the format: a newtype, so that values of newer writers survive.
macro_rules! open_enum {
    (
        $(#[doc = $doc:literal])+
        pub enum $name:ident: $full:literal { $( $value:ident = $number:literal, )+ }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i32);

        #[allow(missing_docs)]
        impl $name {
            $( pub const $value: Self = Self($number); )+
        }

        impl $name {
            /// Its names and numbers.
            pub const INFO: $crate::proto::EnumInfo = $crate::proto::EnumInfo {
                name: $full,
                doc: &[$($doc),+],
                values: &[$( (stringify!($value), $number) ),+],
            };
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self.0 {
                    $( $number => f.write_str(stringify!($value)), )+
                    number => write!(f, "{}({number})", stringify!($name)),
                }
            }
        }

        impl $crate::proto::value::Value for $name {
            const TYPE: $crate::proto::ValueType = $crate::proto::ValueType::Enum($full);
            const WIRE: $crate::proto::wire::WireType = $crate::proto::wire::WireType::Varint;

            fn is_default(&self) -> bool {
                self.0 == 0
            }

            fn put<S: $crate::proto::wire::Sink>(&self, to: &mut S) {
                $crate::proto::value::Value::put(&self.0, to);
            }

            fn merge(
                &mut self,
                from: &mut $crate::proto::wire::Source<'_>,
            ) -> $crate::error::Result<()> {
                $crate::proto::value::Value::merge(&mut self.0, from)
            }

            fn same(&self, other: &Self) -> bool {
                self == other
            }

            fn show(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(self, f)
            }
        }

        $crate::proto::field::single!($name);
    };
}

pub(super) use open_enum;
