//! A temporary sibling takes the place of a directory in one step. `spec/io.md#directories`.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::commit::{CommitOptions, cannot_write};
use super::group::{NamedPlan, write_each};
use super::plan::{Digests, FilePlan};
use super::replace::{Place, Temporary, exists};
use super::system;
use crate::error::{Error, ErrorKind, Result};

/// Lets `fill` make a directory's contents beside `path`, and puts the whole there in one step;
/// on failure `path` is as it was. An old directory is removed with all that is in it: the caller
/// has made sure that it is one to be replaced.
///
/// # Errors
/// Those of `fill`; `NotFound` if there is no directory to be in, `InvalidArgument` if `path` is a
/// file, `AlreadyExists` if it exists and may not be replaced, `Io` for what the system reports.
pub(crate) fn replace_directory<T>(
    path: &Path,
    options: &CommitOptions,
    fill: impl FnOnce(&NewDirectory<'_>) -> Result<T>,
) -> Result<T> {
    let place = Place::find(path)?;
    if place.replaces() && !options.overwrite {
        return Err(exists(path));
    }
    if place.old.as_ref().is_some_and(|old| !old.is_dir()) {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("`{}` is a file, expected a directory", path.display()),
        ));
    }
    let flush = options.sync.flushes(place.replaces());
    let (temporary, ()) = place.create_with(|path| fs::create_dir(path))?;
    let filled = fill(&NewDirectory {
        at: temporary.path(),
        path,
        flush,
        options,
    })?;
    let failed = |error| place.cannot_replace(error);
    if let Some(old) = &place.old {
        fs::set_permissions(temporary.path(), old.permissions()).map_err(failed)?;
    }
    if flush {
        flush_tree(temporary.path()).map_err(failed)?;
    }
    publish(&place, temporary)?;
    if flush {
        system::flush_directory(place.directory()).map_err(failed)?;
    }
    Ok(filled)
}

/// A directory that is being filled, and that nobody sees before it is complete.
#[derive(Debug)]
pub(crate) struct NewDirectory<'o> {
    /// Where it is now.
    at: &'o Path,
    /// Where it is going to be.
    path: &'o Path,
    /// Whether it is flushed when it is complete.
    flush: bool,
    options: &'o CommitOptions,
}

impl NewDirectory<'_> {
    /// Makes the directory `name` in it.
    pub(crate) fn create_directory(&self, name: impl AsRef<Path>) -> Result<()> {
        let name = name.as_ref();
        let made = fs::create_dir(self.at.join(name));
        made.map_err(|error| cannot_write(&self.path.join(name), error))
    }

    /// Writes the file `name` in it.
    pub(crate) fn write(&self, name: impl AsRef<Path>, plan: FilePlan<'_>) -> Result<Digests> {
        let name = name.as_ref();
        let path = self.path.join(name);
        plan.write_new(&self.at.join(name), &path, self.flush, self.options)
    }

    /// Writes several files in it, as many at a time as there are threads.
    pub(crate) fn write_all(&self, plans: Vec<NamedPlan<'_>>) -> Result<Vec<Digests>> {
        write_each(plans, self.options, |name, plan, options| {
            let path = self.path.join(name);
            plan.write_new(&self.at.join(name), &path, self.flush, options)
        })
    }
}

fn publish(place: &Place, new: Temporary) -> Result<()> {
    let failed = |error| place.cannot_replace(error);
    if !place.replaces() {
        let renamed = system::rename_new_directory(new.path(), place.path());
        renamed.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => exists(place.path()),
            _ => failed(error),
        })?;
        new.keep();
        return Ok(());
    }
    match system::exchange(new.path(), place.path()) {
        Some(exchanged) => exchanged.map_err(failed)?,
        None => return by_way_of_a_third(place, new),
    }
    // The temporary name is the old directory's now.
    fs::remove_dir_all(new.path()).map_err(|error| cannot_remove(new.path(), error))?;
    new.keep();
    Ok(())
}

/// Where two directories cannot be exchanged: the old one aside, the new one in, the old one away.
fn by_way_of_a_third(place: &Place, new: Temporary) -> Result<()> {
    let failed = |error| place.cannot_replace(error);
    let (aside, ()) = place.create_with(|path| fs::create_dir(path))?;
    // Systems that do not rename over an empty directory rename to where nothing is.
    fs::remove_dir(aside.path()).map_err(failed)?;
    fs::rename(place.path(), aside.path()).map_err(failed)?;
    if let Err(error) = fs::rename(new.path(), place.path()) {
        let back = fs::rename(aside.path(), place.path());
        if back.is_err() {
            let hint = format!("the old directory is `{}`", aside.path().display());
            aside.keep();
            return Err(failed(error).with_hint(hint));
        }
        aside.keep();
        return Err(failed(error));
    }
    new.keep();
    fs::remove_dir_all(aside.path()).map_err(|error| cannot_remove(aside.path(), error))?;
    aside.keep();
    Ok(())
}

fn cannot_remove(path: &Path, error: io::Error) -> Error {
    let path = path.display();
    Error::io(
        format!("cannot remove the old directory, now `{path}`"),
        error,
    )
}

/// Puts everything below `directory` on the disk.
fn flush_tree(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            flush_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    system::flush_directory(directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::Algorithm;
    use crate::io::Sync;

    fn entries(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn save(path: &Path, options: &CommitOptions, file: &str) -> Result<()> {
        replace_directory(path, options, |directory| {
            directory.create_directory("variables")?;
            let mut plan = FilePlan::new();
            plan.inline(b"x".to_vec());
            directory.write(Path::new("variables").join(file), plan)?;
            Ok(())
        })
    }

    #[test]
    fn all_of_the_old_one_goes() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("model");
        let options = CommitOptions::default();
        for file in ["one", "two"] {
            save(&path, &options, file).unwrap();
            assert_eq!(entries(&path.join("variables")), [file]);
            assert_eq!(entries(parent.path()), ["model"]);
        }
    }

    #[test]
    fn a_failure_leaves_the_old_one() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("model");
        save(&path, &CommitOptions::default(), "one").unwrap();
        let failed: Result<()> = replace_directory(&path, &CommitOptions::default(), |directory| {
            directory.write("half", FilePlan::new())?;
            Err(Error::new(ErrorKind::InvalidModel, "half-way"))
        });
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::InvalidModel);
        let keep = CommitOptions {
            overwrite: false,
            ..CommitOptions::default()
        };
        let error = save(&path, &keep, "two").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(entries(&path.join("variables")), ["one"]);
        assert_eq!(entries(parent.path()), ["model"]);
    }

    /// Several files, written at a time or one after the other, flushed or not.
    #[test]
    fn many_files() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("model");
        let large = vec![7; 9 << 20];
        for sync in [Sync::Always, Sync::Never] {
            let options = CommitOptions {
                sync,
                ..CommitOptions::default()
            };
            let digests = replace_directory(&path, &options, |directory| {
                let plan = |bytes| {
                    let mut plan = FilePlan::new();
                    let range = plan.payload(bytes);
                    (plan.digest(range, Algorithm::Crc32c), plan)
                };
                let (one, first) = plan(&large[..]);
                let (two, second) = plan(b"second");
                let plans = vec![("one".into(), first), ("two".into(), second)];
                let digests = directory.write_all(plans)?;
                Ok([digests[0].get(one), digests[1].get(two)])
            });
            let expected = [&large[..], b"second"].map(|bytes| Algorithm::Crc32c.of(bytes));
            assert_eq!(digests.unwrap(), expected);
            assert_eq!(entries(&path), ["one", "two"]);
            assert!(fs::read(path.join("one")).unwrap() == large);
            assert_eq!(fs::read(path.join("two")).unwrap(), b"second");
        }
    }

    #[test]
    fn messages_name_the_place_it_is_going_to_have() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("model");
        let failed: Result<()> = replace_directory(&path, &CommitOptions::default(), |directory| {
            directory.write("none/file", FilePlan::new()).map(drop)
        });
        let message = failed.unwrap_err().to_string();
        let expected = format!("cannot write `{}`", path.join("none/file").display());
        assert!(message.starts_with(&expected), "{message}");
        assert_eq!(entries(parent.path()), [""; 0]);
    }

    #[test]
    fn without_exchange_the_result_is_the_same() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("model");
        save(&path, &CommitOptions::default(), "one").unwrap();
        let place = Place::find(&path).unwrap();
        let (new, ()) = place.create_with(|path| fs::create_dir(path)).unwrap();
        fs::write(new.path().join("two"), b"x").unwrap();
        by_way_of_a_third(&place, new).unwrap();
        assert_eq!(entries(&path), ["two"]);
        assert_eq!(entries(parent.path()), ["model"]);
    }

    #[test]
    fn a_file_is_not_replaced_by_a_directory() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("model");
        fs::write(&path, b"x").unwrap();
        let error = save(&path, &CommitOptions::default(), "one").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.message().ends_with("is a file, expected a directory"));
        assert_eq!(entries(parent.path()), ["model"]);
        let error = save(&path.join("in/it"), &CommitOptions::default(), "one").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    }
}
