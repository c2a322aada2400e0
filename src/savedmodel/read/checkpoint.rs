//! The checkpoint in `variables/`: tensors by their keys, and the objects they belong to.

use std::path::Path;

use super::objects::Objects;
use crate::bundle::BundleReader;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::io::Files;
use crate::limits::Limits;
use crate::proto::outline::TrackableGraphOutline;
use crate::savedmodel::checkpoint::OBJECT_GRAPH;
use crate::tensor::Tensor;

/// An open checkpoint.
#[derive(Debug)]
pub(super) struct Checkpoint {
    bundle: BundleReader,
    /// What the names of its files begin with, for errors.
    prefix: String,
    /// The encoded description of its objects.
    graph: Tensor<'static>,
}

impl Checkpoint {
    /// Opens the one whose files begin with `prefix`.
    pub(super) fn open(files: &Files, prefix: &Path, limits: Limits) -> Result<Checkpoint> {
        let bundle = BundleReader::open_in(files, prefix, limits)?;
        let prefix = prefix.display().to_string();
        let place = || prefix.clone();
        if !bundle.contains(OBJECT_GRAPH) {
            let message = format!("a checkpoint without `{OBJECT_GRAPH}`, as TensorFlow 1 writes");
            return Err(Error::new(ErrorKind::Unsupported, message)
                .with_hint("`hornfels ls` lists its tensors"))
            .within(place);
        }
        let graph = bundle.tensor(OBJECT_GRAPH).within(place)?;
        Ok(Checkpoint {
            bundle,
            prefix,
            graph,
        })
    }

    /// Its objects, with the keys of their tensors.
    pub(super) fn objects(&self, limits: &Limits) -> Result<Objects<'_>> {
        let Some([bytes]) = self.graph.string_values() else {
            let message = format!("`{OBJECT_GRAPH}` is not one string");
            return Err(Error::new(ErrorKind::Malformed, message)).within(|| self.prefix.clone());
        };
        TrackableGraphOutline::decode(bytes, limits)
            .and_then(Objects::of_checkpoint)
            .within(|| OBJECT_GRAPH)
            .within(|| self.prefix.clone())
    }

    /// A tensor, which is a part of the file.
    pub(super) fn tensor(&self, key: &str) -> Result<Tensor<'static>> {
        self.bundle.tensor(key).within(|| self.prefix.clone())
    }
}
