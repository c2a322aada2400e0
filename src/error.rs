//! The one error of this crate: what was found, what was expected, where, and what to do.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// What every fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whose fault a failure is: the only thing a caller needs to branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operating system reported a failure.
    Io,
    /// There is no such file, object, attribute, layer or variable.
    NotFound,
    /// The target exists and may not be replaced.
    AlreadyExists,
    /// The bytes contradict the format.
    Malformed,
    /// Well-formed, but outside what this crate implements.
    Unsupported,
    /// Well-formed, but a safe loader does not follow it: an external link, for example.
    Refused,
    /// A bound of [`Limits`](crate::Limits) was reached.
    LimitExceeded,
    /// The caller's arguments contradict each other or the function called.
    InvalidArgument,
    /// The model to be saved contradicts itself.
    InvalidModel,
    /// A layer, optimizer or function is neither built in nor registered.
    UnknownObject,
}

/// A failure: kind, message, where in the file, in which object, and often what to do.
///
/// One word wide, so that results stay small. Its text names the place first:
///
/// ```text
/// model.h5: group /model_weights: link info message: link info version 9, expected 0 (at byte 0x3a0)
/// ```
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    offset: Option<u64>,
    /// Innermost place first, as pushed on the way up.
    places: Vec<Cow<'static, str>>,
    hint: Option<Cow<'static, str>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A failure of `kind`. Messages are lower case, without a full stop, found before expected.
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            offset: None,
            places: Vec::new(),
            hint: None,
            source: None,
        }))
    }

    /// The bytes at `offset` of the file contradict the format.
    #[cold]
    pub(crate) fn malformed(offset: u64, message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorKind::Malformed, message).at(offset)
    }

    /// Well-formed at `offset` of the file, but not implemented here.
    #[cold]
    pub(crate) fn unsupported(offset: u64, message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorKind::Unsupported, message).at(offset)
    }

    /// The operating system failed while `doing` something.
    #[cold]
    pub(crate) fn io(doing: impl Into<Cow<'static, str>>, source: std::io::Error) -> Self {
        let kind = match source.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            std::io::ErrorKind::AlreadyExists => ErrorKind::AlreadyExists,
            _ => ErrorKind::Io,
        };
        let mut error = Error::new(kind, doing);
        error.0.source = Some(Box::new(source));
        error
    }

    /// The same failure, at a byte offset of the file.
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.0.offset = Some(offset);
        self
    }

    /// The same failure with a sentence on what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The same failure, inside `place`: a file, an object in it, a message in that.
    #[must_use]
    pub fn within(mut self, place: impl Into<Cow<'static, str>>) -> Self {
        self.0.places.push(place.into());
        self
    }

    /// Whose fault it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was found and what was expected, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where in the file, in bytes from its start.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// The places the failure is in, outermost first: file, object, structure.
    pub fn path(&self) -> impl Iterator<Item = &str> {
        self.0.places.iter().rev().map(AsRef::as_ref)
    }

    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in self.path() {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.0.message)?;
        if let Some(source) = &self.0.source {
            write!(f, ": {source}")?;
        }
        if let Some(offset) = self.0.offset {
            write!(f, " (at byte {offset:#x})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}

/// Names the place of a failure on its way up.
pub(crate) trait Context<T> {
    /// Adds `place`, which is only made when there is a failure.
    fn within<S: Into<Cow<'static, str>>>(self, place: impl FnOnce() -> S) -> Result<T>;
}

#[cold]
fn placed<S: Into<Cow<'static, str>>>(error: Error, place: impl FnOnce() -> S) -> Error {
    error.within(place())
}

impl<T> Context<T> for Result<T> {
    #[inline]
    fn within<S: Into<Cow<'static, str>>>(self, place: impl FnOnce() -> S) -> Result<T> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(placed(error, place)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_what_and_at_which_byte() {
        let failed: Result<()> = Err(Error::malformed(0x3a0, "version 9, expected 0"));
        let error = failed
            .within(|| "link info message")
            .within(|| "group /model_weights")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "group /model_weights: link info message: version 9, expected 0 (at byte 0x3a0)"
        );
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert_eq!(error.offset(), Some(0x3a0));
        assert_eq!(error.path().next(), Some("group /model_weights"));
    }

    #[test]
    fn operating_system_failures_keep_their_source_and_kind() {
        let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let error = Error::io("cannot create `a.h5`", denied);
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().starts_with("cannot create `a.h5`: "));
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        assert_eq!(Error::io("x", missing).kind(), ErrorKind::NotFound);
    }

    #[test]
    fn is_one_word() {
        assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    }
}
