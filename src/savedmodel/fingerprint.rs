//! Hashes of a SavedModel, as TensorFlow computes them: `spec/saved_model.md#fingerprint`.

use std::collections::BTreeMap;

use crate::checksum::{fingerprint64, join_fingerprints};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::Message;
use crate::proto::tensorflow::attr_value::Value;
use crate::proto::tensorflow::fingerprint::FingerprintDef;
use crate::proto::tensorflow::meta_graph::SignatureDef;
use crate::proto::tensorflow::{
    AttrValue, DataType, FunctionDefLibrary, GraphDef, NodeDef, SavedModel, SavedObjectGraph,
    VersionDef,
};

/// The file that holds them.
pub(super) const FINGERPRINT: &str = "fingerprint.pb";
/// How they are computed, by the number that TensorFlow 2.15 has for it.
const PRODUCER: i32 = 1;

/// The hashes of `saved`, which is `encoded`; that of the checkpoint is not known yet.
pub(super) fn fingerprint(saved: SavedModel, encoded: &[u8]) -> Result<FingerprintDef> {
    let mut graphs = saved.meta_graphs.into_iter();
    let graph = graphs.next().unwrap_or_default();
    let objects = graph.object_graph_def.as_ref();
    Ok(FingerprintDef {
        saved_model_checksum: fingerprint64(encoded),
        signature_def_hash: of_signatures(&graph.signature_def)?,
        saved_object_graph_hash: objects.map_or(Ok(0), of_functions)?,
        graph_def_program_hash: of_program(graph.graph_def.unwrap_or_default())?,
        version: Some(VersionDef {
            producer: PRODUCER,
            ..VersionDef::default()
        }),
        ..FingerprintDef::default()
    })
}

/// The main graph, without functions and versions, and without what differs from run to run.
fn of_program(mut graph: GraphDef) -> Result<u64> {
    // Present and empty, which is not the same as absent.
    graph.library = Some(FunctionDefLibrary::default());
    graph.versions = Some(VersionDef::default());
    graph.node.iter_mut().for_each(settle);
    Ok(fingerprint64(&graph.encode()?))
}

/// Takes out of a node what differs from run to run, or from machine to machine.
fn settle(node: &mut NodeDef) {
    match node.op.as_str() {
        "PartitionedCall" | "StatefulPartitionedCall" => {
            if let Some(Value::Func(called)) = attribute(node, "f").and_then(|it| it.value.as_mut())
                && let Some((name, _)) = split_number(&called.name)
            {
                called.name = name.to_owned();
            }
            if let Some(config) = attribute(node, "config_proto") {
                config.value = Some(Value::S(Vec::new()));
            }
        }
        "Const" => {
            let dtype = attribute(node, "dtype").and_then(|it| it.value.as_ref());
            if matches!(dtype, Some(Value::Type(DataType::DT_STRING)))
                && let Some(value) = attribute(node, "value")
            {
                value.value = None;
            }
        }
        _ => {}
    }
}

fn attribute<'n>(node: &'n mut NodeDef, name: &str) -> Option<&'n mut AttrValue> {
    node.attr.get_mut(name)
}

/// Signatures by their names.
fn of_signatures(signatures: &BTreeMap<String, SignatureDef>) -> Result<u64> {
    let mut hash = 0;
    for (name, signature) in signatures {
        hash = joined(hash, name, signature)?;
    }
    Ok(hash)
}

/// What objects call, in the order of the numbers that the names end in.
fn of_functions(objects: &SavedObjectGraph) -> Result<u64> {
    let mut numbered = BTreeMap::new();
    for (name, function) in &objects.concrete_functions {
        let (base, number) = split_number(name).ok_or_else(|| nameless(name))?;
        numbered.entry(number).or_insert((base, function));
    }
    let mut hash = 0;
    for (base, function) in numbered.into_values() {
        hash = joined(hash, base, function)?;
    }
    Ok(hash)
}

fn joined(before: u64, name: &str, message: &impl Message) -> Result<u64> {
    let named = join_fingerprints(before, fingerprint64(name.as_bytes()));
    let hash = fingerprint64(&message.encode()?);
    Ok(join_fingerprints(named, hash))
}

/// A function's name without the number behind its last `_`, and that number.
fn split_number(name: &str) -> Option<(&str, i64)> {
    let is_space = |it: char| matches!(it, ' ' | '\t'..='\r');
    let last = name.rsplit('_').next()?;
    let number: i64 = last.trim_matches(is_space).parse().ok()?;
    // Where the name has it in other words, as in `_007`, only what is the same goes.
    let base = name.strip_suffix(&number.to_string());
    Some((base.unwrap_or(name), number))
}

#[cold]
fn nameless(name: &str) -> Error {
    let message = format!("function `{name}`, expected a name that ends in `_` and a number");
    Error::new(ErrorKind::InvalidArgument, message)
}

#[cfg(test)]
mod tests;
