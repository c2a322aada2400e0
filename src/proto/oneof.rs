//! Oneofs: fields of which a message holds at most one, the last that was found.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::ops::Range;

use super::schema::FieldInfo;
use super::wire::{Sink, Source, WireType};
use crate::error::Result;

/// What `oneof!` makes of a declaration.
pub(crate) trait Oneof: Sized {
    /// The fields to choose from.
    const FIELDS: &'static [FieldInfo];

    /// Encodes the chosen field, default or not, if its number is in `numbers`.
    fn put<S: Sink>(&self, numbers: Range<u32>, to: &mut S);

    /// Decodes field `number` over `chosen`, or hands `chosen` back when it is none of these.
    fn merge(
        chosen: Option<Self>,
        number: u32,
        wire: WireType,
        from: &mut Source<'_>,
    ) -> Result<(Option<Self>, bool)>;

    /// Whether both encode to the same bytes.
    fn same(&self, other: &Self) -> bool;
}

/// Decodes field `number` into a oneof; false when it is none of its fields.
pub(super) fn merge<T: Oneof>(
    chosen: &mut Option<T>,
    number: u32,
    wire: WireType,
    from: &mut Source<'_>,
) -> Result<bool> {
    let (merged, known) = T::merge(chosen.take(), number, wire, from)?;
    *chosen = merged;
    Ok(known)
}

pub(super) fn same<T: Oneof>(one: &Option<T>, other: &Option<T>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.same(other),
        (one, other) => one.is_none() == other.is_none(),
    }
}

/// Declares a oneof: number, name in the `.proto` file, variant and type of each field.
macro_rules! oneof {
    (
        $(#[doc = $doc:literal])+
        pub enum $name:ident {
            $( $(#[doc = $field_doc:literal])+ $number:literal => $field:ident: $variant:ident($type:ty), )+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone)]
        pub enum $name {
            $( $(#[doc = $field_doc])+ $variant($type), )+
        }

        impl $crate::proto::oneof::Oneof for $name {
            const FIELDS: &'static [$crate::proto::FieldInfo] = &[$(
                $crate::proto::FieldInfo {
                    number: $number,
                    name: $crate::proto::schema::plain(stringify!($field)),
                    ty: $crate::proto::FieldType::Single(
                        <$type as $crate::proto::value::Value>::TYPE,
                    ),
                    doc: &[$($field_doc),+],
                },
            )+];

            fn put<S: $crate::proto::wire::Sink>(&self, numbers: ::std::ops::Range<u32>, to: &mut S) {
                match self {
                    $( Self::$variant(value) => if numbers.contains(&$number) {
                        to.key($number, <$type as $crate::proto::value::Value>::WIRE);
                        $crate::proto::value::Value::put(value, to);
                    }, )+
                }
            }

            fn merge(
                chosen: Option<Self>,
                number: u32,
                wire: $crate::proto::wire::WireType,
                from: &mut $crate::proto::wire::Source<'_>,
            ) -> $crate::error::Result<(Option<Self>, bool)> {
                match number {
                    $( $number if wire == <$type as $crate::proto::value::Value>::WIRE => {
                        let mut value: $type = match chosen {
                            Some(Self::$variant(value)) => value,
                            _ => Default::default(),
                        };
                        $crate::proto::value::Value::merge(&mut value, from)?;
                        Ok((Some(Self::$variant(value)), true))
                    } )+
                    _ => Ok((chosen, false)),
                }
            }

            fn same(&self, other: &Self) -> bool {
                match (self, other) {
                    $( (Self::$variant(one), Self::$variant(other)) => {
                        $crate::proto::value::Value::same(one, other)
                    } )+
                    #[allow(unreachable_patterns)]
                    _ => false,
                }
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                $crate::proto::oneof::Oneof::same(self, other)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $( Self::$variant(value) => f
                        .debug_tuple(stringify!($variant))
                        .field(&$crate::proto::field::Shown(value))
                        .finish(), )+
                }
            }
        }
    };
}
pub(super) use oneof;
