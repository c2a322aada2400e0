//! Signatures, which are not read: a model has those that it is saved with. Only that they belong to
//! the graph is checked.

use std::collections::HashMap;

use crate::error::{Context, Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::proto::outline::{MetaGraphOutline, NodeOutline};
use crate::proto::tensorflow::meta_graph::Encoding;

/// Refuses a graph without a node that one of its signatures names: no loader could run it.
pub(super) fn check_signatures(meta: &MetaGraphOutline, limits: &Limits) -> Result<()> {
    let mut wanted: HashMap<&str, (&str, &str)> = HashMap::new();
    for (signature, def) in &meta.signature_def {
        for (tensor, info) in def.inputs.iter().chain(&def.outputs) {
            if let Some(Encoding::Name(name)) = &info.encoding
                && let Some(node) = name.split(':').next().filter(|it| !it.is_empty())
            {
                wanted.entry(node).or_insert((signature, tensor));
            }
        }
    }
    for node in meta.graph_def.iter().flat_map(|it| &it.node) {
        if wanted.is_empty() {
            break;
        }
        let node = NodeOutline::decode(node, limits).within(|| "a node of the graph")?;
        wanted.remove(node.name);
    }
    // The first by name, so that it is the same each time.
    let missing = wanted.into_iter().min_by_key(|(_, place)| *place);
    let Some((node, (signature, tensor))) = missing else {
        return Ok(());
    };
    let message = format!("names the node `{node}`, which the graph does not have");
    Err(Error::new(ErrorKind::Malformed, message)
        .within(format!("`{tensor}`"))
        .within(format!("signature `{signature}`")))
}
