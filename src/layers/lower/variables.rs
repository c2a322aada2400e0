//! The variables of a layer inside a function.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::Edge;
use crate::tensor::DType;

/// A variable of which a function has the resource.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    pub(crate) resource: Edge,
    pub(crate) dtype: DType,
}

/// The variables of a layer, by their paths from it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handles(BTreeMap<String, Handle>);

impl Handles {
    pub(crate) fn insert(&mut self, path: String, handle: Handle) {
        self.0.insert(path, handle);
    }

    pub(super) fn get(&self, path: &str) -> Result<&Handle> {
        self.0.get(path).ok_or_else(|| {
            let paths: Vec<&str> = self.0.keys().map(String::as_str).collect();
            Error::new(
                ErrorKind::InvalidModel,
                format!("no variable `{path}`, there are `{}`", paths.join("`, `")),
            )
        })
    }

    pub(super) fn contains(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// Those of a layer in this one.
    pub(super) fn within(&self, name: &str) -> Handles {
        let inner = self.0.iter().filter_map(|(path, handle)| {
            let path = path.strip_prefix(name)?.strip_prefix('/')?;
            Some((path.to_owned(), handle.clone()))
        });
        Handles(inner.collect())
    }
}
