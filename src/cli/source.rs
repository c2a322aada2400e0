//! Where input comes from: a file, or standard input under the name `-`.

use std::path::Path;

use hornfels::{Error, ErrorKind, Result};

use crate::terminal::Terminal;

/// Whether a path is the word for standard input or output.
pub(crate) fn is_stream(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What to call the input in messages and reports.
pub(crate) fn name(path: &Path) -> String {
    if is_stream(path) {
        return "standard input".to_owned();
    }
    path.display().to_string()
}

/// Keeps bytes that are no text off a person's screen.
pub(crate) fn refuse_terminal(terminal: &Terminal, what: &str) -> Result<()> {
    if !terminal.is_watched() {
        return Ok(());
    }
    let message = format!("{what} would be written to the terminal");
    Err(Error::new(ErrorKind::InvalidArgument, message)
        .with_hint("name a file, or send the output into one: `> FILE`"))
}

/// The error for a file that may not be replaced.
pub(crate) fn exists(path: &Path) -> Error {
    let message = format!("`{}` exists", path.display());
    Error::new(ErrorKind::AlreadyExists, message).with_hint("add `--force` to replace it")
}
