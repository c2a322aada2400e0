//! Objects of the global heap, found by number. See `spec/hdf5.md#global-heap`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::collections::HashMap;
use std::sync::Arc;

use super::file::File;
use crate::error::{Context, Error, Result};
use crate::hdf5::format::file_length;
use crate::hdf5::format::global_heap;
use crate::hdf5::format::global_heap::Place;

/// Where the objects of one collection are.
pub(super) struct Collection {
    /// Each object's offset in the file and its length, by its number.
    objects: HashMap<u32, (u64, u64)>,
}

impl Collection {
    fn decode(file: &File, place: Place) -> Result<Collection> {
        let mut from = file.image().cursor(place.collection, "global heap")?;
        let found = global_heap::Collection::decode(file.sizes(), &mut from)?;
        let objects = found.objects.iter().map(|object| {
            let length = file_length(object.data.len());
            (u32::from(object.index), (object.offset, length))
        });
        Ok(Collection {
            objects: objects.collect(),
        })
    }
}

/// The bytes at `place`, where an element says there are `length` of them.
pub(super) fn object(file: &File, place: Place, length: u64) -> Result<crate::io::SharedBytes> {
    let collection: Arc<Collection> = file
        .caches()
        .heaps
        .get(place.collection, || Collection::decode(file, place))
        .within(|| "global heap")?;
    let at = file.image().offset(place.collection);
    let Some((offset, stored)) = collection.objects.get(&place.index) else {
        let index = place.index;
        return Err(Error::malformed(at, format!("no object {index}")).within("global heap"));
    };
    if length > *stored {
        return Err(Error::malformed(
            *offset,
            format!("object of {stored} bytes, expected at least {length}"),
        )
        .within("global heap"));
    }
    file.bytes_at(*offset, length)
}
