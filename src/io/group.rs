//! Several files that count together: written first, then put in their places. `spec/io.md#groups`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::commit::{CommitOptions, Progress};
use super::plan::{Digests, FilePlan};
use super::replace::{Place, Target, Temporary};
use super::workers::Workers;
use crate::error::{Error, ErrorKind, Result};

/// A plan, and where it is to go.
pub(crate) type NamedPlan<'a> = (PathBuf, FilePlan<'a>);

/// Files that take their places one after the other, but only once all of them are complete.
///
/// Until [`publish`](Self::publish) nothing has changed; dropped, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct FileGroup<'o> {
    options: &'o CommitOptions,
    /// Flushed are all of them or none: a new file of a group is as bad without the old ones.
    flush: bool,
    written: Vec<Written>,
}

/// A complete file under a temporary name.
#[derive(Debug)]
struct Written {
    place: Box<Place>,
    file: Temporary,
}

impl<'o> FileGroup<'o> {
    /// A group that is going to have files at `paths`.
    ///
    /// # Errors
    /// As [`FilePlan::commit`], before anything is written; `InvalidArgument` too for a pipe.
    pub(crate) fn new(paths: &[PathBuf], options: &'o CommitOptions) -> Result<Self> {
        let mut replaces = false;
        for path in paths {
            replaces |= place(path, options)?.replaces();
        }
        Ok(FileGroup {
            options,
            flush: options.sync.flushes(replaces),
            written: Vec::new(),
        })
    }

    /// Writes files, each beside its place, as many at a time as there are threads.
    pub(crate) fn write(&mut self, plans: Vec<NamedPlan<'_>>) -> Result<Vec<Digests>> {
        let flush = self.flush;
        let written = write_each(plans, self.options, |path, plan, options| {
            let place = place(path, options)?;
            let (file, digests) = plan.write_beside(&place, path, flush, options)?;
            Ok((Written { place, file }, digests))
        })?;
        let (files, digests): (Vec<_>, Vec<_>) = written.into_iter().unzip();
        self.written.extend(files);
        Ok(digests)
    }

    /// Puts the files in their places, in the order in which they were written.
    pub(crate) fn publish(self) -> Result<()> {
        for Written { place, file } in self.written {
            place.publish(file, self.options.overwrite, self.flush)?;
        }
        Ok(())
    }
}

fn place(path: &Path, options: &CommitOptions) -> Result<Box<Place>> {
    match Target::find(path, options.overwrite)? {
        Target::File(place) => Ok(place),
        Target::Stream(_) => Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("`{}` is a pipe or device, expected a file", path.display()),
        )),
    }
}

/// Writes each plan with `write`: several at a time with a thread each, or, if there is one thread or
/// little to do, one after the other.
pub(super) fn write_each<'a, T: Send>(
    plans: Vec<NamedPlan<'a>>,
    options: &CommitOptions,
    write: impl Fn(&Path, FilePlan<'a>, &CommitOptions) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let total = plans.iter().map(|(_, plan)| plan.len()).sum();
    let workers = Workers::for_bytes(total, options.threads).at_most(plans.len());
    let threads = match workers.count() {
        1 => options.threads,
        _ => Some(NonZeroUsize::MIN),
    };
    let done = Arc::new(AtomicU64::new(0));
    let queue = Mutex::new(plans.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(|it| it.into_inner()).next();
    let results = workers.run(|_| {
        let mut results = Vec::new();
        while let Some((number, (path, plan))) = next() {
            let options = CommitOptions {
                threads,
                progress: options.progress.as_ref().map(|whole| part(whole, &done)),
                ..options.clone()
            };
            let result = write(&path, plan, &options);
            if result.is_err() {
                // The rest would be in vain.
                while next().is_some() {}
            }
            results.push((number, result));
        }
        Ok(results)
    });
    let mut results = results.map_err(|error| Error::io("cannot start threads", error))?;
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

/// The progress of one of several files, added to that of the others.
fn part(whole: &Progress, done: &Arc<AtomicU64>) -> Progress {
    let (whole, done) = (Arc::clone(whole), Arc::clone(done));
    let own = AtomicU64::new(0);
    Arc::new(move |now| {
        // Of two calls the one with less may come last, and adds nothing.
        let before = own.fetch_max(now, Ordering::Relaxed);
        let more = now.saturating_sub(before);
        whole(done.fetch_add(more, Ordering::Relaxed).saturating_add(more));
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::checksum::Algorithm;
    use crate::io::Sync;

    fn plan(bytes: &[u8]) -> FilePlan<'_> {
        let mut plan = FilePlan::new();
        let range = plan.payload(bytes);
        plan.digest(range, Algorithm::Crc32c);
        plan
    }

    /// Small and large, one thread and several: the files are the same, and progress ends at the sum.
    #[test]
    fn files_appear_together() {
        let large: Vec<Vec<u8>> = (0..5_u8).map(|number| vec![number; 3 << 20]).collect();
        let small: Vec<Vec<u8>> = (0..5_u8).map(|number| vec![number; 3]).collect();
        for (contents, threads, sync) in [
            (&large, 3, Sync::Never),
            (&large, 1, Sync::Always),
            (&small, 3, Sync::OnReplace),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let most = Arc::new(AtomicU64::new(0));
            let seen = Arc::clone(&most);
            let options = CommitOptions {
                sync,
                threads: NonZeroUsize::new(threads),
                progress: Some(Arc::new(move |done| {
                    seen.fetch_max(done, Ordering::Relaxed);
                })),
                ..CommitOptions::default()
            };
            let path = |number: usize| folder.path().join(format!("file{number}"));
            let paths: Vec<PathBuf> = (0..contents.len()).map(path).collect();
            let mut group = FileGroup::new(&paths, &options).unwrap();
            let plans = paths
                .iter()
                .cloned()
                .zip(contents.iter().map(|it| plan(it)));
            let digests = group.write(plans.collect()).unwrap();
            assert_eq!(digests.len(), 5);
            assert!(paths.iter().all(|path| !path.exists()));
            group.publish().unwrap();
            for (path, bytes) in paths.iter().zip(contents) {
                assert!(fs::read(path).unwrap() == *bytes);
            }
            let total: usize = contents.iter().map(Vec::len).sum();
            assert_eq!(most.load(Ordering::Relaxed), total as u64);
        }
    }

    #[test]
    fn a_failure_leaves_everything_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        fs::write(&one, b"old").unwrap();
        let options = CommitOptions::default();
        let mut group = FileGroup::new(&[one.clone(), two.clone()], &options).unwrap();
        assert!(group.flush);
        let missing = folder.path().join("none/three");
        let plans = vec![(one.clone(), plan(b"new")), (missing, plan(b"new"))];
        let error = group.write(plans).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        drop(group);
        assert_eq!(fs::read(&one).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let keep = CommitOptions {
            overwrite: false,
            ..CommitOptions::default()
        };
        let error = FileGroup::new(&[two, one], &keep).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_no_place() {
        let null = PathBuf::from("/dev/null");
        let error = FileGroup::new(&[null], &CommitOptions::default()).unwrap_err();
        assert!(
            error
                .message()
                .ends_with("is a pipe or device, expected a file")
        );
    }
}
