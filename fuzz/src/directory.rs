//! Directories as bytes: for each file which of a few names it has, two bytes with its length, and the
//! file.

use std::collections::BTreeMap;

use super::source::Source;

/// The names that files of a SavedModel have.
const NAMES: [&str; 7] = [
    "saved_model.pb",
    "keras_metadata.pb",
    "variables/variables.index",
    "variables/variables.data-00000-of-00001",
    "variables/variables.data-00000-of-00002",
    "variables/variables.data-00001-of-00002",
    "assets/vocabulary.txt",
];

/// The files that bytes stand for; of two with one name the second.
pub fn files_of(data: &[u8]) -> BTreeMap<&'static str, Vec<u8>> {
    let mut source = Source::new(data);
    let mut files = BTreeMap::new();
    while !source.is_empty() {
        let name = NAMES[usize::from(source.below(7))];
        let len = usize::from(source.u16());
        files.insert(name, source.bytes(len).to_vec());
    }
    files
}

/// The bytes that stand for files; those of other names, or of 64 KiB and more, are left out.
pub fn bytes_of<'f>(files: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> Vec<u8> {
    let mut data = Vec::new();
    for (name, bytes) in files {
        let place = NAMES.iter().position(|known| *known == name);
        if let (Some(place), Ok(len)) = (place, u16::try_from(bytes.len())) {
            data.push(u8::try_from(place).unwrap());
            data.extend(len.to_le_bytes());
            data.extend(bytes);
        }
    }
    data
}
