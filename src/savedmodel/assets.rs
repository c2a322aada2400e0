//! The files of `assets/`: `spec/saved_model.md#directory`.

use std::collections::HashSet;

use crate::error::Result;
use crate::io::{FilePlan, NewDirectory, SharedBytes};
use crate::proto::tensorflow::SavedAsset;

/// Which of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct AssetId(usize);

impl AssetId {
    pub(super) fn to_proto(self) -> SavedAsset {
        SavedAsset {
            asset_file_def_index: i32::try_from(self.0).unwrap_or(i32::MAX),
            ..SavedAsset::default()
        }
    }
}

/// A file.
#[derive(Debug)]
pub(super) struct Asset {
    /// Its name in `assets/`.
    pub(super) name: String,
    bytes: SharedBytes,
}

/// All files in order.
#[derive(Debug, Default)]
pub(super) struct Assets {
    list: Vec<Asset>,
    /// Their names in small letters: not every file system tells others apart.
    taken: HashSet<String>,
}

/// The longest name without a number and `.txt`, well below what file systems take.
const LONGEST: usize = 100;

impl Assets {
    /// Adds a text file that is named after `wanted`.
    pub(super) fn add(&mut self, wanted: &str, bytes: SharedBytes) -> AssetId {
        let stem = stem(wanted);
        let mut name = format!("{stem}.txt");
        let mut number = 0_u64;
        while !self.taken.insert(name.to_ascii_lowercase()) {
            number += 1;
            name = format!("{stem}_{number}.txt");
        }
        self.list.push(Asset { name, bytes });
        AssetId(self.list.len() - 1)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (AssetId, &Asset)> {
        (0..).map(AssetId).zip(&self.list)
    }

    /// Writes the files into a directory that has an `assets`.
    pub(super) fn save_in(&self, directory: &NewDirectory<'_>) -> Result<()> {
        for asset in &self.list {
            let mut plan = FilePlan::new();
            plan.payload_shared(asset.bytes.clone());
            directory.write(format!("assets/{}", asset.name), plan)?;
        }
        Ok(())
    }
}

/// A name that every file system takes: letters and digits of ASCII, `_`, `-`, and dots inside.
fn stem(wanted: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "_-.".contains(it);
    let plain = wanted.chars().map(|it| if is_plain(it) { it } else { '_' });
    let plain: String = plain.take(LONGEST).collect();
    match plain.trim_matches('.') {
        "" => "vocabulary".to_owned(),
        stem => stem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_no_two_are_the_same() {
        let mut assets = Assets::default();
        for wanted in [
            "encoder/words",
            "encoder_words",
            "Encoder Words",
            "../..",
            ".",
            "wörter",
            &"long".repeat(99),
        ] {
            assets.add(wanted, SharedBytes::from_vec(Vec::new()));
        }
        let names: Vec<&str> = assets.iter().map(|(_, it)| it.name.as_str()).collect();
        let long = format!("{}.txt", "long".repeat(25));
        let expected = [
            "encoder_words.txt",
            "encoder_words_1.txt",
            "Encoder_Words_2.txt",
            "_.txt",
            "vocabulary.txt",
            "w_rter.txt",
            &long,
        ];
        assert_eq!(names, expected);
    }
}
