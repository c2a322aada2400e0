//! Standard output that knows when nobody reads it any more.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::io::{self, BufWriter, ErrorKind as IoKind, Write};
use std::path::{Path, PathBuf};

use hornfels::{Error, ErrorKind, Result};

use crate::source;
use crate::terminal::Terminal;

/// Buffered standard output.
///
/// A broken pipe is remembered, since by the time it arrives at `main` it is an error like others.
pub(crate) struct Output {
    inner: BufWriter<Box<dyn Write>>,
    closed: bool,
}

impl Output {
    /// The process's standard output.
    pub(crate) fn stdout() -> Output {
        Output::new(Box::new(io::stdout()))
    }

    fn new(inner: Box<dyn Write>) -> Output {
        Output {
            inner: BufWriter::with_capacity(1 << 16, inner),
            closed: false,
        }
    }

    /// Writes a file: a new one under its name at once, an existing one through a sibling that
    /// takes its name when it is complete.
    pub(crate) fn save(
        path: &Path,
        force: bool,
        terminal: &Terminal,
        write: impl FnOnce(&mut Output) -> Result<()>,
    ) -> Result<()> {
        let existing = fs::metadata(path).ok();
        if existing.is_some() && !force {
            match terminal.ask(&format!("{} exists. Replace it?", path.display())) {
                Some(true) => {}
                _ => return Err(source::exists(path)),
            }
        }
        let place = |error: Error| error.within(path.display().to_string());
        match existing {
            Some(existing) if existing.is_file() => {
                let sibling = sibling(path);
                create(&sibling, write).map_err(place)?;
                fs::rename(&sibling, path).map_err(|error| {
                    let _ = fs::remove_file(&sibling);
                    place(failed(&error))
                })
            }
            // A device or a pipe has nothing to lose.
            Some(_) => {
                let file = fs::OpenOptions::new().write(true).open(path);
                fill(file.map_err(|error| place(failed(&error)))?, write).map_err(place)
            }
            None => create(path, write).map_err(place),
        }
    }

    /// Writes text and ends the line.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<()> {
        writeln!(self, "{text}").map_err(|error| failed(&error))
    }

    /// Writes text as it is.
    pub(crate) fn text(&mut self, text: &str) -> Result<()> {
        self.bytes(text.as_bytes())
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.write_all(bytes).map_err(|error| failed(&error))
    }

    /// Writes a report as JSON over several lines.
    pub(crate) fn json(&mut self, report: &impl serde::Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(report)
            .map_err(|error| Error::new(ErrorKind::Io, format!("cannot write JSON: {error}")))?;
        self.line(text)
    }

    /// Writes what is still buffered.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.flush().map_err(|error| failed(&error))
    }

    /// Whether the reader has gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    fn watch<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            self.closed |= error.kind() == IoKind::BrokenPipe;
        }
        result
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.inner.write(bytes);
        self.watch(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.inner.flush();
        self.watch(result)
    }
}

/// Creates a file, and takes it away again if it cannot be completed.
fn create(path: &Path, write: impl FnOnce(&mut Output) -> Result<()>) -> Result<()> {
    let file = fs::File::create_new(path).map_err(|error| failed(&error))?;
    let result = fill(file, write);
    if result.is_err() {
        let _ = fs::remove_file(path);
    }
    result
}

fn fill(file: fs::File, write: impl FnOnce(&mut Output) -> Result<()>) -> Result<()> {
    let mut out = Output::new(Box::new(file));
    write(&mut out)?;
    out.finish()
}

/// A name beside `path` that nothing else has.
fn sibling(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".hornfels-{}", std::process::id()));
    path.with_file_name(name)
}

#[cold]
fn failed(error: &io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("cannot write the output: {error}"))
}
