//! A temporary sibling takes the place of a file in one step. `spec/io.md#replace`.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, ErrorKind, Result};

/// A file in the making, beside the one it will replace; dropped unfinished, it is removed.
#[derive(Debug)]
pub(super) struct Replacement {
    file: File,
    temporary: PathBuf,
    target: PathBuf,
    /// The file that is there now, if any.
    old: Option<fs::Metadata>,
    overwrite: bool,
    finished: bool,
}

/// Distinguishes the temporaries of one process.
static COUNTER: AtomicU64 = AtomicU64::new(0);

impl Replacement {
    /// Creates the temporary beside `path`, after the link that `path` may be.
    pub(super) fn begin(path: &Path, overwrite: bool) -> Result<Self> {
        // A link is followed, so that it stays one and what it points to is replaced.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let old = check(&target, path, overwrite)?;
        let (file, temporary) =
            create_sibling(&target).map_err(|error| cannot_create(path, error))?;
        Ok(Replacement {
            file,
            temporary,
            target,
            old,
            overwrite,
            finished: false,
        })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Whether there is a file now that will be replaced.
    pub(super) fn replaces(&self) -> bool {
        self.old.is_some()
    }

    /// Puts the file in its place; with `flush`, its directory entry is on the disk afterwards.
    pub(super) fn finish(mut self, flush: bool) -> Result<()> {
        let failed =
            |error| Error::io(format!("cannot replace `{}`", self.target.display()), error);
        if let Some(old) = &self.old {
            // Who could read the old file can read the new one.
            fs::set_permissions(&self.temporary, old.permissions()).map_err(failed)?;
        }
        if self.overwrite {
            fs::rename(&self.temporary, &self.target).map_err(failed)?;
        } else {
            rename_new(&self.temporary, &self.target).map_err(|error| {
                if error.kind() == io::ErrorKind::AlreadyExists {
                    exists(&self.target)
                } else {
                    failed(error)
                }
            })?;
        }
        self.finished = true;
        if flush {
            flush_directory(&self.target).map_err(failed)?;
        }
        Ok(())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.finished {
            // What cannot be removed has a name that tells what it is.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// The file that is at the target now; an error where a new one may not be.
fn check(target: &Path, path: &Path, overwrite: bool) -> Result<Option<fs::Metadata>> {
    match fs::symlink_metadata(target) {
        Ok(old) if old.is_dir() => Err(Error::new(
            ErrorKind::InvalidArgument,
            format!(
                "`{}` is a directory, expected the name of a file",
                path.display()
            ),
        )
        .with_hint("name a file inside it")),
        Ok(_) if !overwrite => Err(exists(path)),
        Ok(old) => Ok(Some(old)),
        Err(_) => Ok(None),
    }
}

fn exists(path: &Path) -> Error {
    Error::new(
        ErrorKind::AlreadyExists,
        format!("`{}` exists already", path.display()),
    )
    .with_hint("choose another name, or allow overwriting")
}

fn cannot_create(path: &Path, error: io::Error) -> Error {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let missing = error.kind() == io::ErrorKind::NotFound;
    match folder {
        Some(folder) if missing => Error::new(
            ErrorKind::NotFound,
            format!("there is no directory `{}`", folder.display()),
        )
        .with_hint("create the directory first"),
        _ => Error::io(format!("cannot create `{}`", path.display()), error),
    }
}

/// A new file in the target's directory: only there is renaming atomic.
fn create_sibling(target: &Path) -> io::Result<(File, PathBuf)> {
    let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    loop {
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mut sibling = std::ffi::OsString::from(".");
        sibling.push(name);
        sibling.push(format!(".hornfels-{}-{count}.tmp", std::process::id()));
        let path = target.with_file_name(sibling);
        match OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
        {
            Ok(file) => return Ok((file, path)),
            // Left behind by a process that was killed and had our number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Renames unless there is a file by now.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => link_new(from, to),
        other => Ok(other?),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    link_new(from, to)
}

/// A second name never replaces; file systems without links are left with a check.
fn link_new(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) if fs::symlink_metadata(to).is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}

#[cfg(unix)]
fn flush_directory(target: &Path) -> io::Result<()> {
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Other systems flush a rename with the file, or cannot.
#[cfg(not(unix))]
fn flush_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
