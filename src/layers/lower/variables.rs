//! The variables of a layer inside a function.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Edge, FunctionBuilder, Loop};
use crate::tensor::DType;

/// A variable of which a function has the resource.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    pub(crate) resource: Edge,
    pub(crate) dtype: DType,
    /// What it is, where that was read before: in a loop, where it stays the same.
    pub(crate) value: Option<Edge>,
}

impl Handle {
    pub(crate) fn new(resource: Edge, dtype: DType) -> Self {
        Handle {
            resource,
            dtype,
            value: None,
        }
    }

    /// Its value, as what it is stored in.
    pub(super) fn read(&self, function: &mut FunctionBuilder) -> Result<Edge> {
        match &self.value {
            Some(value) => Ok(value.clone()),
            None => function.read(&self.resource, self.dtype.into()),
        }
    }
}

/// The variables of a layer, by their paths from it, and what all steps of a loop share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handles {
    variables: BTreeMap<String, Handle>,
    shared: BTreeMap<String, Edge>,
}

impl Handles {
    pub(crate) fn insert(&mut self, path: String, handle: Handle) {
        self.variables.insert(path, handle);
    }

    pub(super) fn get(&self, path: &str) -> Result<&Handle> {
        self.variables.get(path).ok_or_else(|| {
            let paths: Vec<&str> = self.variables.keys().map(String::as_str).collect();
            Error::new(
                ErrorKind::InvalidModel,
                format!("no variable `{path}`, there are `{}`", paths.join("`, `")),
            )
        })
    }

    pub(super) fn contains(&self, path: &str) -> bool {
        self.variables.contains_key(path)
    }

    /// What all steps share, by its name from the layer.
    pub(super) fn shared(&self, path: &str) -> Option<&Edge> {
        self.shared.get(path)
    }

    /// Those of a layer in this one.
    pub(super) fn within(&self, name: &str) -> Handles {
        Handles {
            variables: below(&self.variables, name),
            shared: below(&self.shared, name),
        }
    }

    /// The same in the body of a loop: values that are read before it, and `shared` by all steps.
    pub(crate) fn in_loop(
        &self,
        function: &mut FunctionBuilder,
        all: &mut Loop,
        shared: Vec<(String, Edge)>,
    ) -> Result<Handles> {
        let mut inside = Handles::default();
        for (path, handle) in &self.variables {
            let value = handle.read(function)?;
            let handle = Handle {
                value: Some(all.constant(path, &value)),
                resource: all.constant(path, &handle.resource),
                dtype: handle.dtype,
            };
            inside.insert(path.clone(), handle);
        }
        for (name, value) in shared {
            let value = all.constant(&name, &value);
            inside.shared.insert(name, value);
        }
        Ok(inside)
    }
}

/// What is under a name, without the name.
fn below<T: Clone>(all: &BTreeMap<String, T>, name: &str) -> BTreeMap<String, T> {
    let inner = all.iter().filter_map(|(path, held)| {
        let path = path.strip_prefix(name)?.strip_prefix('/')?;
        Some((path.to_owned(), held.clone()))
    });
    inner.collect()
}
