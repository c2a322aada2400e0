//! The plan of the file: everything but elements as one piece, then the elements.
//! See `spec/hdf5.md#placement`.

use super::options::{Layout, WriteOptions};
use super::place::{NodeKind, Placement, StoredData};
use super::symbol_table;
use super::tree::Tree;
use crate::error::Result;
use crate::hdf5::format::file_length;
use crate::io::FilePlan;

/// Lays `tree` out.
pub(super) fn plan<'a>(tree: Tree<'a>, options: &WriteOptions) -> Result<FilePlan<'a>> {
    let placement = Placement::new(tree, options)?;
    let mut plan = FilePlan::new();
    plan.inline(metadata(&placement, options.layout)?);
    for (node, place) in placement.nodes.into_iter().zip(placement.places) {
        let (NodeKind::Dataset(stored), Some(address)) = (node.kind, place.data) else {
            continue;
        };
        // An address is a multiple of the alignments that led to it, and behind the plan so far.
        plan.align_to(address.0);
        match stored.data {
            StoredData::Bytes(bytes) => bytes.place(&mut plan),
            StoredData::Strings(_) => {
                plan.inline(stored.elements(&placement.heap).into_owned());
            }
        }
    }
    assert_eq!(
        plan.len(),
        placement.end,
        "the plan ends where it was placed"
    );
    Ok(plan)
}

/// Superblock, objects and heap, each at its place.
fn metadata(placement: &Placement<'_>, layout: Layout) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(usize::try_from(placement.metadata_end).unwrap_or(0));
    placement.superblock(layout).encode(&mut out);
    for (node, place) in placement.nodes.iter().zip(&placement.places) {
        pad_to(&mut out, place.header.0);
        placement.headers(layout).encode(node, *place, &mut out)?;
        if let Some(links) = node.table(layout) {
            out.resize(out.len().next_multiple_of(8), 0);
            let at = file_length(out.len());
            let table = symbol_table::encode(links, &placement.places, at, &mut out);
            assert_eq!(
                Some(table),
                place.table,
                "a symbol table is where it was placed"
            );
        }
    }
    pad_to(&mut out, placement.heap_at);
    placement.heap.encode(&mut out);
    assert_eq!(
        file_length(out.len()),
        placement.metadata_end,
        "the metadata ends where it was placed"
    );
    Ok(out)
}

/// Fills up with zeros, by less than what structures are aligned to.
fn pad_to(out: &mut Vec<u8>, address: u64) {
    out.resize(out.len().next_multiple_of(8), 0);
    assert_eq!(
        file_length(out.len()),
        address,
        "an object is where it was placed"
    );
}
