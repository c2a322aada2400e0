//! What a file is that is not HDF5: downloads that failed, and formats taken for one another.

/// What `bytes` look like, in words that follow "this is"; `None` if they look like nothing known.
pub(crate) fn describe(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: &[(&[u8], &str)] = &[
        (b"PK\x03\x04", "a zip archive, such as a `.keras` file"),
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
    ];
    if bytes.is_empty() {
        return Some("an empty file");
    }
    let magic = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic));
    if let Some((_, what)) = magic {
        return Some(what);
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
    if bytes.iter().all(|byte| *byte == 0) {
        return Some("nothing but zeros");
    }
    describe_text(bytes.trim_ascii_start())
}

const GIT_LFS: &str = "a Git LFS pointer, not the file it stands for";

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
    None
}

/// What to do about a file that is not HDF5, if it is known how it came about.
pub(crate) fn hint(bytes: &[u8]) -> Option<&'static str> {
    match describe(bytes)? {
        GIT_LFS => Some("run `git lfs pull` in the repository the file comes from"),
        "an HTML page" => Some("download the file itself instead of the page about it"),
        "an empty file" | "nothing but zeros" => Some("copy or download the file again"),
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
        check(
            b"PK\x03\x04\x14\0",
            Some("a zip archive, such as a `.keras` file"),
        );
        check(
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
            Some(GIT_LFS),
        );
        check(b"\n<!DOCTYPE HTML><html>", Some("an HTML page"));
        check(b"\x1f\x8b\x08", Some("compressed with gzip"));
        check(b"\x1c\0\0\0TFL3", Some("a TensorFlow Lite model"));
        check(b"\x80\x04\x95", Some("a Python pickle"));
        check(b"{\"class_name\": 1}", Some("text, possibly JSON"));
        check(&[0; 100], Some("nothing but zeros"));
        check(b"\x89HDF", None);
        check(b"<", None);
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
