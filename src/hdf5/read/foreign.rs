//! What a file is that is not HDF5: downloads that failed, and formats taken for one another.

/// What `bytes` look like, in words that follow "this is"; `None` if they look like nothing known.
pub(crate) fn describe(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: &[(&[u8], &str)] = &[
        (b"PK\x05\x06", "an empty zip archive"),
        (b"\x1f\x8b", "compressed with gzip"),
        (b"BZh", "compressed with bzip2"),
        (b"\xfd7zXZ\0", "compressed with xz"),
        (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"Rar!", "a RAR archive"),
        (b"version https://git-lfs.github.com/spec/", GIT_LFS),
        (b"\x93NUMPY", "a NumPy array"),
        (b"\x0e\x03\x13\x01", "an HDF4 file"),
        (b"CDF\x01", "a classic netCDF file"),
        (b"CDF\x02", "a classic netCDF file"),
        (b"%PDF", "a PDF document"),
        (b"\x89PNG\r\n", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"PAR1", "a Parquet table"),
        (b"\x7fELF", "a program"),
    ];
    if bytes.is_empty() {
        return Some("an empty file");
    }
    let magic = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic));
    if let Some((_, what)) = magic {
        return Some(what);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Some(describe_zip(bytes));
    }
    let at = |offset: usize, magic: &[u8]| {
        let rest = bytes.get(offset..).unwrap_or_default();
        rest.starts_with(magic)
    };
    if at(4, b"TFL3") {
        return Some("a TensorFlow Lite model");
    }
    if at(257, b"ustar") {
        return Some("a tar archive");
    }
    // Pickles of protocol 2 and later: a version below 10, then an opcode.
    if let [0x80, 2..=9, _, ..] = bytes {
        return Some("a Python pickle");
    }
    if bytes.ends_with(b"\x57\xfb\x80\x8b\x24\x75\x47\xdb") {
        return Some(CHECKPOINT);
    }
    if bytes.iter().all(|byte| *byte == 0) {
        return Some("nothing but zeros");
    }
    describe_text(bytes.trim_ascii_start())
}

const TEXT: &str = "text";
const CHECKPOINT: &str = "the index of a TensorFlow checkpoint";
const GIT_LFS: &str = "a Git LFS pointer, not the file it stands for";

/// Whether `bytes` are the zip archive that Keras 3 saves.
pub(crate) fn is_keras_archive(bytes: &[u8]) -> bool {
    describe(bytes) == Some(KERAS_ARCHIVE)
}

const KERAS_ARCHIVE: &str = "a Keras 3 archive (`.keras`)";

/// Archives are told apart by the names in their directory, which ends the file.
fn describe_zip(bytes: &[u8]) -> &'static str {
    const ENTRY: &[u8] = b"PK\x01\x02";
    // A directory of more is one of thousands of names, and the last ones tell, too.
    const LOOKED_AT: usize = 1 << 16;
    let tail = bytes.get(bytes.len().saturating_sub(LOOKED_AT)..);
    let tail = tail.unwrap_or_default();
    let names = tail.windows(ENTRY.len()).enumerate();
    let names = names.filter(|(_, window)| *window == ENTRY);
    let names = names.filter_map(|(at, _)| {
        let entry = tail.get(at..)?;
        let length = [*entry.get(28)?, *entry.get(29)?];
        entry.get(46..)?.get(..u16::from_le_bytes(length).into())
    });
    let names: Vec<&[u8]> = names.collect();
    let has = |name: &str| names.contains(&name.as_bytes());
    if has("config.json") && (has("model.weights.h5") || has("model.weights.npz")) {
        return KERAS_ARCHIVE;
    }
    if !names.is_empty() && names.iter().all(|name| name.ends_with(b".npy")) {
        return "NumPy arrays (`.npz`)";
    }
    if names.iter().any(|name| name.ends_with(b"saved_model.pb")) {
        return "a zip archive with a TensorFlow SavedModel in it";
    }
    if names.iter().any(|name| name.ends_with(b"data.pkl")) {
        return "a PyTorch model";
    }
    "a zip archive"
}

fn describe_text(text: &[u8]) -> Option<&'static str> {
    let begins_with = |word: &[u8]| {
        let start = text.get(..word.len()).unwrap_or_default();
        start.eq_ignore_ascii_case(word)
    };
    if begins_with(b"<!doctype html") || begins_with(b"<html") {
        return Some("an HTML page");
    }
    if begins_with(b"<?xml") {
        return Some("an XML document");
    }
    if begins_with(b"{") || begins_with(b"[") {
        return Some("text, possibly JSON");
    }
    // Words on a page, or what a program said instead of a file.
    let start = text.get(..text.len().min(512)).unwrap_or_default();
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    (start.len() >= 8 && start.iter().all(is_text)).then_some(TEXT)
}

/// What to do about a file that is not HDF5, if it is known how it came about.
pub(crate) fn hint(bytes: &[u8]) -> Option<&'static str> {
    match describe(bytes)? {
        GIT_LFS => Some("run `git lfs pull` in the repository the file comes from"),
        "an HTML page" => Some("download the file itself instead of the page about it"),
        "an empty file" | "nothing but zeros" => Some("copy or download the file again"),
        CHECKPOINT => Some("`hornfels ls` and `hornfels get` read its variables"),
        TEXT => Some("`head` shows what it says; download the file again"),
        "NumPy arrays (`.npz`)" => Some("numpy.load reads it"),
        "a Python pickle" => {
            Some("a pickle can run any program; load it where you trust it, and save it as `.h5`")
        }
        "a zip archive" | "a tar archive" | "a zip archive with a TensorFlow SavedModel in it" => {
            Some("unpack the archive first")
        }
        what if what.starts_with("compressed with") => Some("decompress the file first"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_have_mistaken_for_hdf5() {
        check(b"", Some("an empty file"));
        check(b"PK\x03\x04\x14\0", Some("a zip archive"));
        check(
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
            Some(GIT_LFS),
        );
        check(b"\n<!DOCTYPE HTML><html>", Some("an HTML page"));
        check(b"\x1f\x8b\x08", Some("compressed with gzip"));
        check(b"\x1c\0\0\0TFL3", Some("a TensorFlow Lite model"));
        check(b"\x80\x04\x95", Some("a Python pickle"));
        check(b"\x89PNG\r\n\x1a\n", Some("a PNG image"));
        check(b"\xff\xd8\xff\xe0", Some("a JPEG image"));
        check(b"{\"class_name\": 1}", Some("text, possibly JSON"));
        check(b"404: Not Found", Some("text"));
        check(&[0; 100], Some("nothing but zeros"));
        check(
            b"\0\0\x06\x57\xfb\x80\x8b\x24\x75\x47\xdb",
            Some(CHECKPOINT),
        );
        check(b"\x89HDF", None);
        check(b"<", None);
        check(b"\x93\x01binary stuff", None);
    }

    #[test]
    fn archives_are_told_by_the_names_in_them() {
        for (names, expected) in [
            (
                &["metadata.json", "config.json", "model.weights.h5"][..],
                KERAS_ARCHIVE,
            ),
            (&["config.json", "model.weights.npz"], KERAS_ARCHIVE),
            (&["config.json", "readme.txt"], "a zip archive"),
            (&["arr_0.npy", "kernel.npy"], "NumPy arrays (`.npz`)"),
            (
                &["m/saved_model.pb"],
                "a zip archive with a TensorFlow SavedModel in it",
            ),
            (&["archive/data.pkl"], "a PyTorch model"),
        ] {
            check(&zip(names), Some(expected));
        }
        // A directory that is cut off in a name.
        let cut = zip(&["config.json"]);
        check(&cut[..cut.len() - 3], Some("a zip archive"));
    }

    /// The first bytes of an archive and its directory; what is between is not looked at.
    fn zip(names: &[&str]) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        for name in names {
            let mut entry = [0; 46];
            entry[..4].copy_from_slice(b"PK\x01\x02");
            entry[28] = u8::try_from(name.len()).unwrap();
            bytes.extend(entry);
            bytes.extend(name.as_bytes());
        }
        bytes
    }

    #[test]
    fn some_have_a_remedy() {
        assert!(hint(b"").is_some());
        assert!(hint(b"\x1f\x8b").unwrap().contains("decompress"));
        assert!(hint(b"{").is_none());
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: Option<&str>) {
        assert_eq!(describe(bytes), expected);
    }
}
