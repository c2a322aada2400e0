//! A temporary sibling takes the place of a file in one step. `spec/io.md#replace`.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::commit::cannot_write;
use super::system;
use crate::error::{Error, ErrorKind, Result};

/// What a path leads to that something is to be written to.
#[derive(Debug)]
pub(super) enum Target {
    /// A place for a regular file.
    File(Box<Place>),
    /// A pipe or a device, which is written to and not replaced.
    Stream(File),
}

/// A name in a directory, taken or free.
#[derive(Debug)]
pub(super) struct Place {
    /// With links followed, so that a link stays one and what it points to is replaced.
    path: PathBuf,
    directory: PathBuf,
    name: OsString,
    /// What is there now.
    pub(super) old: Option<fs::Metadata>,
}

impl Target {
    /// Follows `path`, and makes sure that a file can be there.
    pub(super) fn find(path: &Path, overwrite: bool) -> Result<Self> {
        let place = Place::find(path)?;
        let Some(old) = &place.old else {
            return Ok(Target::File(Box::new(place)));
        };
        if old.is_dir() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "`{}` is a directory, expected the name of a file",
                    path.display()
                ),
            )
            .with_hint("name a file inside it"));
        }
        if old.is_file() && !overwrite {
            return Err(exists(path));
        }
        // A new file in its place would not need the old one to be writable; its owner does.
        let file = fs::OpenOptions::new().write(true).open(&place.path);
        let file = file.map_err(|error| cannot_write(path, error))?;
        Ok(match old.is_file() {
            true => Target::File(Box::new(place)),
            false => Target::Stream(file),
        })
    }
}

impl Place {
    /// Follows `path`; its directory must be there.
    pub(super) fn find(path: &Path) -> Result<Self> {
        let failed = |error| cannot_write(path, error);
        let old = match fs::metadata(path) {
            Ok(old) => Some(old),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            // Part of the path is a file.
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => None,
            Err(error) => return Err(failed(error)),
        };
        let path = follow(path).map_err(failed)?;
        let Some(name) = path.file_name().map(OsStr::to_owned) else {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("`{}` does not end in a name", path.display()),
            )
            .with_hint("add the name of the file to write"));
        };
        let directory = directory_of(&path);
        match fs::metadata(&directory) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("`{}` is not a directory", directory.display()),
                )
                .with_hint("name a file in a directory"));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!("there is no directory `{}`", directory.display()),
                )
                .with_hint("create the directory first"));
            }
            Err(error) => return Err(failed(error)),
        }
        Ok(Place {
            path,
            directory,
            name,
            old,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether something is there now.
    pub(super) fn replaces(&self) -> bool {
        self.old.is_some()
    }

    /// Creates a temporary file beside the place: only within a directory is renaming one step.
    pub(super) fn create(&self) -> Result<(Temporary, File)> {
        self.create_with(|path| system::create_new(path, self.old.as_ref()))
    }

    /// Creates something temporary beside the place, under a name that says what it is.
    pub(super) fn create_with<T>(
        &self,
        create: impl Fn(&Path) -> io::Result<T>,
    ) -> Result<(Temporary, T)> {
        loop {
            let path = self.directory.join(temporary_name(&self.name));
            match create(&path) {
                Ok(made) => return Ok((Temporary { path, keep: false }, made)),
                // Left behind by a killed process that had our number.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let directory = self.directory.display();
                    let doing = format!("cannot create a temporary file in `{directory}`");
                    return Err(Error::io(doing, error)
                        .within(self.path.display().to_string())
                        .with_hint(
                            "a new file is completed beside the old one before it takes its place",
                        ));
                }
            }
        }
    }

    /// Puts a finished file there; with `flush`, the directory's entry is on the disk afterwards.
    pub(super) fn publish(&self, file: Temporary, overwrite: bool, flush: bool) -> Result<()> {
        let renamed = match overwrite {
            true => fs::rename(&file.path, &self.path),
            false => system::rename_new(&file.path, &self.path),
        };
        renamed.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => exists(&self.path),
            _ => self.cannot_replace(error),
        })?;
        file.keep();
        if flush {
            let flushed = system::flush_directory(&self.directory);
            flushed.map_err(|error| cannot_write(&self.path, error))?;
        }
        Ok(())
    }

    pub(super) fn cannot_replace(&self, error: io::Error) -> Error {
        let error = Error::io(format!("cannot replace `{}`", self.path.display()), error);
        if cfg!(windows) {
            return error.with_hint("close what has the old file open, models loaded from it too");
        }
        error
    }
}

/// A file or directory in the making, removed when dropped.
#[derive(Debug)]
pub(super) struct Temporary {
    path: PathBuf,
    keep: bool,
}

impl Temporary {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// It has become something else, or is gone.
    pub(super) fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be removed has a name that says what it is.
            let _ = fs::remove_file(&self.path).or_else(|_| fs::remove_dir_all(&self.path));
        }
    }
}

pub(super) fn exists(path: &Path) -> Error {
    Error::new(
        ErrorKind::AlreadyExists,
        format!("`{}` exists already", path.display()),
    )
    .with_hint("choose another name, or allow overwriting")
}

/// A name that no other temporary of a running process has: `.model.h5.hornfels-71-0.tmp`.
pub(super) fn temporary_name(name: &OsStr) -> OsString {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    /// Names may be 255 bytes long almost everywhere; the rest is for ours.
    const LONGEST: usize = 200;
    let mut temporary = OsString::from(".");
    if name.len() <= LONGEST {
        temporary.push(name);
        temporary.push(".");
    }
    let (process, count) = (system::process(), COUNTER.fetch_add(1, Ordering::Relaxed));
    temporary.push(format!("hornfels-{process}-{count}.tmp"));
    temporary
}

/// Where `path` leads to: the target of the last of its links, which need not exist.
fn follow(path: &Path) -> io::Result<PathBuf> {
    /// As many as Linux follows.
    const LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&path) {
            Ok(next) => path = directory_of(&path).join(next),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

/// The directory that `path` names something in.
fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory.to_owned(),
        _ => PathBuf::from("."),
    }
}
