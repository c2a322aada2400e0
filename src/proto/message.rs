//! Messages, and the macros that declare them: each field number is written once, for both
//! directions.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::fmt;

use super::schema::{MessageInfo, short_name};
use super::value::show_bytes;
use super::wire::{Measure, Sink, Source, WireType};
use crate::error::{Context, Result};
use crate::limits::Limits;

/// A message of protobuf: encoded, or decoded from bytes that nobody vouches for.
///
/// Messages are made by setting fields over the default, and compare equal when they encode to the
/// same bytes: a NaN equals itself, and -0 is not 0.
///
/// # What is carried
/// Fields that the message does not know, as newer TensorFlow may write, are kept in its `unknown`
/// and written back after the known ones. So are fields it knows whose values are delimited in
/// another way than theirs. Values of enumerations need not be known.
pub trait Message: Fields + PartialEq + fmt::Debug {
    /// The full name, with its package.
    const NAME: &'static str = Self::INFO.name;

    /// How many bytes [`encode`](Self::encode) makes.
    fn encoded_len(&self) -> usize {
        measured(self).len()
    }

    /// The message as bytes: fields in the order of their numbers, maps in the order of their
    /// keys. Equal messages give equal bytes.
    ///
    /// # Errors
    /// `InvalidArgument` for more than 2 GiB, where protobuf ends, or more than 100 messages in
    /// each other.
    fn encode(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        encode_within(self, &mut bytes, MOST_BYTES)?;
        Ok(bytes)
    }

    /// Decodes a message.
    ///
    /// # Errors
    /// Bytes that contradict the wire format, strings that are not UTF-8, groups, more than 100
    /// messages in each other, or more messages than `limits` allows objects.
    fn decode(bytes: &[u8], limits: &Limits) -> Result<Self> {
        Self::decode_at(bytes, 0, limits)
    }

    /// The same, for bytes that begin at `offset` of a file, which errors then name.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    fn decode_at(bytes: &[u8], offset: u64, limits: &Limits) -> Result<Self> {
        let mut message = Self::default();
        merge_fields(&mut message, &mut Source::new(bytes, offset, limits))?;
        Ok(message)
    }
}

/// What `message!` makes of a declaration.
pub trait Fields: Default + Clone {
    /// The declaration as data.
    const INFO: MessageInfo;

    /// Encodes every field, in the order of their numbers.
    fn put_fields<S: Sink>(&self, to: &mut S);

    /// Decodes the value of field `number`; false when that is not known, or not in this form.
    fn merge_field(&mut self, number: u32, wire: WireType, from: &mut Source<'_>) -> Result<bool>;

    /// Where fields go that are not known.
    fn unknown_mut(&mut self) -> &mut Unknown;
}

/// Fields that a message does not know, as they were found.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Unknown(Vec<u8>);

impl Unknown {
    /// Keys and values as they were found, one after the other.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether every field was known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_bytes(&self.0, f)
    }
}

/// Protobuf's lengths are positive 32-bit integers.
const MOST_BYTES: usize = 0x7fff_ffff;

fn measured<M: Fields>(message: &M) -> Measure {
    let mut measure = Measure::default();
    message.put_fields(&mut measure);
    measure
}

fn encode_within<M: Fields>(message: &M, to: &mut Vec<u8>, most: usize) -> Result<()> {
    let mut writer = measured(message)
        .writer(to, most)
        .within(|| short_name(M::INFO.name))?;
    message.put_fields(&mut writer);
    Ok(())
}

pub(super) fn reencode<M: Message>(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>> {
    M::decode(bytes, limits)?.encode()
}

/// Decodes fields up to the end of the part.
pub(super) fn merge_fields<M: Fields>(message: &mut M, from: &mut Source<'_>) -> Result<()> {
    while !from.is_empty() {
        let start = from.rest();
        let (number, wire) = from.key().within(|| short_name(M::INFO.name))?;
        let known = message
            .merge_field(number, wire, from)
            .within(|| place(&M::INFO, number))?;
        if !known {
            from.skip(wire).within(|| place(&M::INFO, number))?;
            let field = from.since(start);
            message.unknown_mut().0.extend_from_slice(field);
        }
    }
    Ok(())
}

#[cold]
fn place(info: &MessageInfo, number: u32) -> String {
    let message = short_name(info.name);
    let mut fields = info.all_fields().into_iter().map(|(field, _)| field);
    match fields.find(|field| field.number == number) {
        Some(field) => format!("{message} field {number} `{}`", field.name),
        None => format!("{message} field {number}"),
    }
}

/// Declares messages.
///
/// Fields are in the order of their numbers, the oneofs of a message in a part of their own.
macro_rules! message {
    (
        $(#[doc = $doc:literal])+
        pub struct $name:ident: $full:literal {
            $( $(#[doc = $field_doc:literal])+ $number:literal => $field:ident: $type:ty, )*
        }
        $( oneof { $( $(#[doc = $oneof_doc:literal])+ $oneof:ident: $oneof_type:ty, )+ } )?
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Default)]
        pub struct $name {
            $( $(#[doc = $field_doc])+ pub $field: $type, )*
            $( $( $(#[doc = $oneof_doc])+ pub $oneof: Option<$oneof_type>, )+ )?
            /// Fields that are not known here.
            pub unknown: $crate::proto::Unknown,
        }

        impl $name {
            /// Encodes the oneofs whose field number is below `before` and not below `from`.
            #[allow(unused_variables)]
            fn put_oneofs<S: $crate::proto::wire::Sink>(&self, from: u32, before: u32, to: &mut S) {
                $( $(
                    if let Some(chosen) = &self.$oneof {
                        $crate::proto::oneof::Oneof::put(chosen, from..before, to);
                    }
                )+ )?
            }
        }

        impl $crate::proto::message::Fields for $name {
            const INFO: $crate::proto::MessageInfo = $crate::proto::MessageInfo {
                name: $full,
                doc: &[$($doc),+],
                fields: &[$(
                    $crate::proto::FieldInfo {
                        number: $number,
                        name: $crate::proto::schema::plain(stringify!($field)),
                        ty: <$type as $crate::proto::field::Field>::TYPE,
                        doc: &[$($field_doc),+],
                    },
                )*],
                oneofs: &[$( $(
                    $crate::proto::OneofInfo {
                        name: stringify!($oneof),
                        fields: <$oneof_type as $crate::proto::oneof::Oneof>::FIELDS,
                    },
                )+ )?],
                reencode: $crate::proto::message::reencode::<Self>,
            };

            fn put_fields<S: $crate::proto::wire::Sink>(&self, to: &mut S) {
                let from = 0;
                $(
                    self.put_oneofs(from, $number, to);
                    $crate::proto::field::Field::put(&self.$field, $number, to);
                    let from = $number;
                )*
                self.put_oneofs(from, u32::MAX, to);
                to.raw(self.unknown.as_bytes());
            }

            #[allow(unused_variables)]
            fn merge_field(
                &mut self,
                number: u32,
                wire: $crate::proto::wire::WireType,
                from: &mut $crate::proto::wire::Source<'_>,
            ) -> $crate::error::Result<bool> {
                match number {
                    $( $number => $crate::proto::field::Field::merge(&mut self.$field, wire, from), )*
                    _ => {
                        $( $(
                            if $crate::proto::oneof::merge(&mut self.$oneof, number, wire, from)? {
                                return Ok(true);
                            }
                        )+ )?
                        Ok(false)
                    }
                }
            }

            fn unknown_mut(&mut self) -> &mut $crate::proto::Unknown {
                &mut self.unknown
            }
        }

        impl $crate::proto::Message for $name {}

        impl $crate::proto::value::Value for $name {
            const TYPE: $crate::proto::ValueType = $crate::proto::ValueType::Message($full);
            const WIRE: $crate::proto::wire::WireType = $crate::proto::wire::WireType::Delimited;

            fn is_default(&self) -> bool {
                *self == Self::default()
            }

            fn put<S: $crate::proto::wire::Sink>(&self, to: &mut S) {
                to.message(|to| $crate::proto::message::Fields::put_fields(self, to));
            }

            fn merge(
                &mut self,
                from: &mut $crate::proto::wire::Source<'_>,
            ) -> $crate::error::Result<()> {
                from.message(|from| $crate::proto::message::merge_fields(self, from))
            }

            fn same(&self, other: &Self) -> bool {
                self == other
            }

            fn show(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(self, f)
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                $( $crate::proto::field::Field::same(&self.$field, &other.$field) && )*
                $( $( $crate::proto::oneof::same(&self.$oneof, &other.$oneof) && )+ )?
                self.unknown == other.unknown
            }
        }

        /// Only what is present.
        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let mut shown = f.debug_struct(stringify!($name));
                $(
                    if !$crate::proto::field::Field::is_absent(&self.$field) {
                        let name = $crate::proto::schema::plain(stringify!($field));
                        shown.field(name, &$crate::proto::field::ShownField(&self.$field));
                    }
                )*
                $( $(
                    if let Some(chosen) = &self.$oneof {
                        shown.field(stringify!($oneof), chosen);
                    }
                )+ )?
                if !self.unknown.is_empty() {
                    shown.field("unknown", &self.unknown);
                }
                shown.finish()
            }
        }
    };
}
pub(super) use message;

#[cfg(test)]
mod tests;
