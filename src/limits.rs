//! What a file that is not trusted may make us do.

use crate::error::{Error, ErrorKind, Result};

/// Bounds on what reading a file may cost; the defaults suit untrusted files.
///
/// Views of contiguous data are not allocations: they are bounded by the file's own length.
///
/// ```
/// use hornfels::Limits;
/// let strict = Limits { max_allocation: 1 << 20, ..Limits::default() };
/// assert_eq!(strict.max_depth, 100);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest single piece of memory, in bytes, that a declared size may ask for.
    pub max_allocation: u64,
    /// How many objects (groups, datasets, attributes, layers) one file may hold.
    pub max_objects: u64,
    /// How deep groups, nested models and JSON may nest.
    pub max_depth: u32,
    /// How many bytes one stored byte may stand for, above `expansion_floor`.
    pub max_expansion: u64,
    /// A declared size up to this many bytes needs no justification by stored bytes.
    pub expansion_floor: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_allocation: 16 << 30,
            max_objects: 10_000_000,
            max_depth: 100,
            max_expansion: 1000,
            expansion_floor: 32 << 20,
        }
    }
}

impl Limits {
    /// No bounds, except on depth: for files made by yourself.
    pub fn unlimited() -> Self {
        Limits {
            max_allocation: u64::MAX,
            max_objects: u64::MAX,
            max_depth: 10_000,
            max_expansion: u64::MAX,
            expansion_floor: u64::MAX,
        }
    }

    /// Checks a number of objects against `max_objects`.
    pub(crate) fn objects(&self, count: u64, what: &str) -> Result<()> {
        if count > self.max_objects {
            let most = self.max_objects;
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("{count} {what}, more than the limit of {most}"),
            )
            .with_hint("raise `Limits::max_objects` if you trust the file"));
        }
        Ok(())
    }

    /// Checks a nesting depth against `max_depth`.
    pub(crate) fn depth(&self, depth: u32, what: &str) -> Result<()> {
        if depth > self.max_depth {
            let most = self.max_depth;
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("{what} nest deeper than the limit of {most}"),
            )
            .with_hint("raise `Limits::max_depth` if you trust the file"));
        }
        Ok(())
    }

    /// Checks memory of `declared` bytes that `stored` bytes of the file stand for.
    pub(crate) fn allocation(&self, declared: u64, stored: u64, what: &str) -> Result<usize> {
        let justified = stored
            .saturating_mul(self.max_expansion)
            .max(self.expansion_floor);
        if declared > justified {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("{what} declares {declared} bytes, but only {stored} are stored for it"),
            )
            .with_hint("raise `Limits::max_expansion` if you trust the file"));
        }
        if declared > self.max_allocation {
            let most = self.max_allocation;
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("{what} needs {declared} bytes, more than the limit of {most}"),
            )
            .with_hint("raise `Limits::max_allocation` if you trust the file"));
        }
        usize::try_from(declared).map_err(|_| {
            Error::new(
                ErrorKind::LimitExceeded,
                format!("{what} does not fit in memory"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_size_above_the_floor_needs_stored_bytes() {
        let limits = Limits::default();
        assert!(limits.allocation(32 << 20, 0, "dataset").is_ok());
        assert!(limits.allocation((32 << 20) + 1, 0, "dataset").is_err());
        assert!(limits.allocation(64 << 20, 1 << 20, "dataset").is_ok());
        let error = limits
            .allocation(u64::MAX, u64::MAX, "dataset")
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    }

    #[test]
    fn depth_and_objects() {
        let limits = Limits {
            max_depth: 2,
            max_objects: 5,
            ..Limits::default()
        };
        assert!(limits.depth(2, "groups").is_ok());
        assert!(limits.depth(3, "groups").unwrap_err().hint().is_some());
        assert!(limits.objects(6, "links").is_err());
    }
}
