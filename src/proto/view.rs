//! Messages that are only read, in part, and borrow what they hold from the encoded bytes.
//!
//! What a view does not declare is skipped. A message that it declares as bytes is read as it is:
//! on the wire both are the same.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::collections::BTreeMap;

use super::field::{Field, merge_fitting};
use super::schema::short_name;
use super::value::Value;
use super::wire::{Source, WireType};
use crate::error::{Context, Result};
use crate::limits::Limits;

/// What `view!` makes of a declaration.
pub(super) trait View<'a>: Default {
    /// The message's full name.
    const NAME: &'static str;
    /// The numbers and names of its fields.
    const FIELDS: &'static [(u32, &'static str)];

    /// Decodes the value of field `number`; false when that is not declared, or not in this form.
    fn merge_field(&mut self, number: u32, wire: WireType, from: &mut Source<'a>) -> Result<bool>;
}

/// A field of a view.
pub(super) trait ViewField<'a> {
    /// Decodes one more occurrence; false when the value is delimited otherwise than it can be.
    fn merge(&mut self, wire: WireType, from: &mut Source<'a>) -> Result<bool>;
}

impl<'a> ViewField<'a> for &'a str {
    fn merge(&mut self, wire: WireType, from: &mut Source<'a>) -> Result<bool> {
        let fits = wire == WireType::Delimited;
        if fits {
            *self = from.text()?;
        }
        Ok(fits)
    }
}

impl<'a> ViewField<'a> for &'a [u8] {
    fn merge(&mut self, wire: WireType, from: &mut Source<'a>) -> Result<bool> {
        let fits = wire == WireType::Delimited;
        if fits {
            *self = from.delimited()?;
        }
        Ok(fits)
    }
}

/// Values that borrow nothing.
macro_rules! owned {
    ($($type:ty),+) => { $(
        impl<'a> ViewField<'a> for $type {
            fn merge(&mut self, wire: WireType, from: &mut Source<'a>) -> Result<bool> {
                merge_fitting(self, wire, from)
            }
        }
    )+ };
}

owned!(i32, bool);

impl<'a, K: Value + Ord, V: Value> ViewField<'a> for BTreeMap<K, V> {
    fn merge(&mut self, wire: WireType, from: &mut Source<'a>) -> Result<bool> {
        Field::merge(self, wire, from)
    }
}

impl<'a, T: ViewField<'a> + Default> ViewField<'a> for Option<T> {
    fn merge(&mut self, wire: WireType, from: &mut Source<'a>) -> Result<bool> {
        let was_there = self.is_some();
        let fits = self.get_or_insert_default().merge(wire, from)?;
        if !fits && !was_there {
            *self = None;
        }
        Ok(fits)
    }
}

/// Of what is delimited, and so never packed.
impl<'a, T: ViewField<'a> + Default> ViewField<'a> for Vec<T> {
    fn merge(&mut self, wire: WireType, from: &mut Source<'a>) -> Result<bool> {
        let mut value = T::default();
        let fits = value.merge(wire, from)?;
        if fits {
            self.push(value);
        }
        Ok(fits)
    }
}

/// Decodes a whole message.
pub(super) fn decode<'a, T: View<'a>>(bytes: &'a [u8], limits: &Limits) -> Result<T> {
    let mut view = T::default();
    merge_fields(&mut view, &mut Source::new(bytes, 0, limits))?;
    Ok(view)
}

/// Decodes one more occurrence of a message in another.
pub(super) fn merge_message<'a, T: View<'a>>(
    view: &mut T,
    wire: WireType,
    from: &mut Source<'a>,
) -> Result<bool> {
    let fits = wire == WireType::Delimited;
    if fits {
        from.message(|from| merge_fields(view, from))?;
    }
    Ok(fits)
}

fn merge_fields<'a, T: View<'a>>(view: &mut T, from: &mut Source<'a>) -> Result<()> {
    while !from.is_empty() {
        let (number, wire) = from.key().within(|| short_name(T::NAME))?;
        let known = view.merge_field(number, wire, from);
        if !known.within(|| place::<T>(number))? {
            from.skip(wire).within(|| place::<T>(number))?;
        }
    }
    Ok(())
}

#[cold]
fn place<'a, T: View<'a>>(number: u32) -> String {
    let message = short_name(T::NAME);
    match T::FIELDS.iter().find(|(own, _)| *own == number) {
        Some((_, name)) => format!("{message} field {number} `{name}`"),
        None => format!("{message} field {number}"),
    }
}

/// Declares messages that borrow.
macro_rules! view {
    (
        $(#[doc = $doc:literal])+
        pub struct $name:ident<$life:lifetime>: $full:literal {
            $( $(#[doc = $field_doc:literal])+ $number:literal => $field:ident: $type:ty, )*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name<$life> {
            $( $(#[doc = $field_doc])+ pub $field: $type, )*
        }

        impl<$life> $name<$life> {
            /// Decodes the message.
            ///
            /// # Errors
            /// As [`Message::decode`](crate::proto::Message::decode).
            pub fn decode(bytes: &$life [u8], limits: &$crate::limits::Limits) -> $crate::error::Result<Self> {
                $crate::proto::view::decode(bytes, limits)
            }
        }

        impl<$life> $crate::proto::view::View<$life> for $name<$life> {
            const NAME: &'static str = $full;
            const FIELDS: &'static [(u32, &'static str)] = &[$( ($number, stringify!($field)), )*];

            fn merge_field(
                &mut self,
                number: u32,
                wire: $crate::proto::wire::WireType,
                from: &mut $crate::proto::wire::Source<$life>,
            ) -> $crate::error::Result<bool> {
                match number {
                    $( $number => $crate::proto::view::ViewField::merge(&mut self.$field, wire, from), )*
                    _ => Ok(false),
                }
            }
        }

        impl<$life> $crate::proto::view::ViewField<$life> for $name<$life> {
            fn merge(
                &mut self,
                wire: $crate::proto::wire::WireType,
                from: &mut $crate::proto::wire::Source<$life>,
            ) -> $crate::error::Result<bool> {
                $crate::proto::view::merge_message(self, wire, from)
            }
        }
    };
}
pub(super) use view;

#[cfg(test)]
mod tests {
    #![allow(unreachable_pub, reason = "the macro declares what is published")]

    use super::*;
    use crate::error::ErrorKind;

    view! {
        /// For the tests.
        pub struct Sample<'a>: "test.Sample" {
            /// Text.
            1 => name: &'a str,
            /// Numbers are not declared to be packed.
            2 => number: i32,
            /// Bytes, of any message.
            3 => parts: Vec<&'a [u8]>,
            /// A message.
            4 => inner: Option<Inner<'a>>,
        }
    }

    view! {
        /// Its part.
        pub struct Inner<'a>: "test.Inner" {
            /// Text.
            1 => name: &'a str,
            /// A truth.
            2 => is_true: bool,
        }
    }

    fn decoded(bytes: &[u8]) -> Result<Sample<'_>> {
        Sample::decode(bytes, &Limits::default())
    }

    #[test]
    fn fields_are_parts_of_the_bytes() {
        let bytes = [
            0x0a, 2, b'a', b'b', // name
            0x10, 7, // number
            0x1a, 1, 9, 0x1a, 0, // parts: [9], []
            0x2a, 1, 5, // field 5, which is not declared
            0x22, 3, 0x0a, 1, b'c', // inner: name
            0x22, 2, 0x10, 1, // inner again, which is merged: is_true
        ];
        let sample = decoded(&bytes).unwrap();
        assert_eq!(sample.name.as_ptr(), bytes[2..].as_ptr());
        let expected = Sample {
            name: "ab",
            number: 7,
            parts: vec![&[9], &[]],
            inner: Some(Inner {
                name: "c",
                is_true: true,
            }),
        };
        assert_eq!(sample, expected);
    }

    #[test]
    fn what_is_delimited_otherwise_is_skipped() {
        let bytes = [0x08, 1, 0x12, 1, 7, 0x18, 3, 0x20, 4];
        assert_eq!(decoded(&bytes).unwrap(), Sample::default());
        // What was there before stays.
        let bytes = [0x22, 2, 0x10, 1, 0x20, 4];
        assert!(decoded(&bytes).unwrap().inner.unwrap().is_true);
    }

    #[test]
    fn errors_name_the_field_and_the_place() {
        for (bytes, place) in [
            (&[0x22, 3, 0x0a, 5, b'c'][..], "Inner field 1 `name`"),
            (&[0x0a, 1, 0xff], "Sample field 1 `name`"),
            (&[0x2a, 9], "Sample field 5"),
            (&[0x23], "Sample"),
        ] {
            let error = decoded(bytes).unwrap_err();
            assert!(error.to_string().contains(place), "{error}");
        }
        assert!(Inner::decode(&[0x0a], &Limits::default()).is_err());
    }

    #[test]
    fn messages_are_counted() {
        let bytes = [0x22, 0].repeat(4);
        let few = Limits {
            max_objects: 3,
            ..Limits::default()
        };
        let error = Sample::decode(&bytes, &few).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    }
}
