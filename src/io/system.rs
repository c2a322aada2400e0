//! What operating systems do differently, behind one face.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// What a file system gives in advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allocation {
    /// Every block: storing into a mapping of the file cannot fail for want of space.
    Blocks,
    /// A length, but no promise of space.
    Length,
    /// Not even a length; the file grows by being written.
    Nothing,
}

/// Gives an empty file `len` bytes of zeros. A full disk is an error here, not later.
pub(super) fn allocate(file: &File, len: u64) -> io::Result<Allocation> {
    if len == 0 {
        return Ok(Allocation::Length);
    }
    if allocate_blocks(file, len)? {
        return Ok(Allocation::Blocks);
    }
    match file.set_len(len) {
        // There a length has its blocks, unless the file is made sparse on purpose.
        Ok(()) if cfg!(windows) => Ok(Allocation::Blocks),
        Ok(()) => Ok(Allocation::Length),
        Err(error) if error.kind() == io::ErrorKind::StorageFull => Err(error),
        Err(_) => Ok(Allocation::Nothing),
    }
}

/// Whether the file system could allocate blocks.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn allocate_blocks(file: &File, len: u64) -> io::Result<bool> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::{Errno, retry_on_intr};
    match retry_on_intr(|| fallocate(file, FallocateFlags::empty(), 0, len)) {
        Ok(()) => Ok(true),
        // The system call itself, not the C library's, which would write zeros instead.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::NODEV | Errno::PERM) => {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Only the Linux call is known to promise space.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn allocate_blocks(_: &File, _: u64) -> io::Result<bool> {
    Ok(false)
}

/// Writes `bytes` at `offset`, also from several threads at a time.
#[cfg(unix)]
pub(super) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// See the Unix version.
#[cfg(windows)]
pub(super) fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt as _;
    while !bytes.is_empty() {
        match file.seek_write(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = bytes.get(written..).unwrap_or_default();
                offset = offset.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Elsewhere there is one thread, which may move the file's position.
#[cfg(not(any(unix, windows)))]
pub(super) fn write_all_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    use io::{Seek as _, Write as _};
    file.seek(io::SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

/// Renames a file, unless there is something at `to` by now.
pub(super) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(done) = rename_at_once(from, to, Rename::New) {
        return done;
    }
    // A second name never replaces anything.
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // No links there (FAT, for example): whoever creates the file owns the name.
        Err(_) => {
            File::create_new(to)?;
            fs::rename(from, to).inspect_err(|_| {
                let _ = fs::remove_file(to);
            })
        }
    }
}

/// Renames a directory, unless there is something at `to` by now.
pub(super) fn rename_new_directory(from: &Path, to: &Path) -> io::Result<()> {
    match rename_at_once(from, to, Rename::New) {
        Some(done) => done,
        // Whoever creates the directory owns the name; an empty one can be replaced.
        None => {
            fs::create_dir(to)?;
            if cfg!(windows) {
                fs::remove_dir(to)?;
            }
            fs::rename(from, to).inspect_err(|_| {
                let _ = fs::remove_dir(to);
            })
        }
    }
}

/// Exchanges two directories in one step; `None` where the system cannot.
pub(super) fn exchange(one: &Path, other: &Path) -> Option<io::Result<()>> {
    rename_at_once(one, other, Rename::Exchange)
}

enum Rename {
    New,
    Exchange,
}

/// `None` where the system or the file system has no such call.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_at_once(from: &Path, to: &Path, how: Rename) -> Option<io::Result<()>> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    let flags = match how {
        Rename::New => RenameFlags::NOREPLACE,
        Rename::Exchange => RenameFlags::EXCHANGE,
    };
    match renameat_with(CWD, from, CWD, to, flags) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => None,
        done => Some(done.map_err(io::Error::from)),
    }
}

/// See the Linux version.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_at_once(_: &Path, _: &Path, _: Rename) -> Option<io::Result<()>> {
    None
}

/// Puts a directory's entries on the disk.
#[cfg(unix)]
pub(super) fn flush_directory(directory: &Path) -> io::Result<()> {
    match File::open(directory)?.sync_all() {
        // Some file systems keep no directories of their own to flush.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        done => done,
    }
}

/// Other systems flush a rename with the file, or not at all.
#[cfg(not(unix))]
pub(super) fn flush_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Creates a file that is not there yet, to be read and written; if it will replace another, only
/// those who may use that one may use this one.
pub(super) fn create_new(path: &Path, replaces: Option<&fs::Metadata>) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    if let Some(old) = replaces {
        use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
        let file = options.mode(old.mode() & 0o600).open(path)?;
        // Only the superuser gives files away; for others the file stays theirs.
        let (user, group) = (old.uid(), old.gid());
        let owner = (
            rustix::fs::Uid::from_raw(user),
            rustix::fs::Gid::from_raw(group),
        );
        let _ = rustix::fs::fchown(&file, Some(owner.0), Some(owner.1));
        file.set_permissions(old.permissions())?;
        return Ok(file);
    }
    #[cfg(not(unix))]
    let _ = replaces;
    options.open(path)
}

/// The number of this process, where there is such a thing.
pub(super) fn process() -> u32 {
    if cfg!(all(target_family = "wasm", target_os = "unknown")) {
        return 0;
    }
    std::process::id()
}
