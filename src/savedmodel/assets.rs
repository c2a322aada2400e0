//! The files of `assets/`: `spec/saved_model.md#directory`.

use std::collections::HashSet;

use crate::error::Result;
use crate::io::{FilePlan, NewDirectory};
use crate::proto::tensorflow::SavedAsset;
use crate::tensor::Tensor;

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
    bytes: Tensor<'static>,
}

/// All files in order.
#[derive(Debug, Default)]
pub(super) struct Assets {
    list: Vec<Asset>,
    /// Their names in small letters: not every file system tells others apart.
    taken: HashSet<String>,
}

/// The longest name without a number and what follows the last dot, well below what file systems
/// take.
const LONGEST: usize = 100;
/// The longest that follows the last dot.
const LONGEST_SUFFIX: usize = 10;

impl Assets {
    /// Adds a file whose name is like `wanted`.
    pub(super) fn add(&mut self, wanted: &str, bytes: Tensor<'static>) -> AssetId {
        let (stem, suffix) = parts(wanted);
        let mut name = format!("{stem}{suffix}");
        let mut number = 0_u64;
        while !self.taken.insert(name.to_ascii_lowercase()) {
            number += 1;
            name = format!("{stem}_{number}{suffix}");
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
            plan.payload(asset.bytes.bytes());
            directory.write(format!("assets/{}", asset.name), plan)?;
        }
        Ok(())
    }
}

/// A name that every file system takes, and what ends it: letters and digits of ASCII, `_`, `-`, and
/// dots inside.
fn parts(wanted: &str) -> (String, &str) {
    let is_suffix =
        |it: &str| it.len() <= LONGEST_SUFFIX && it.chars().all(|it| it.is_ascii_alphanumeric());
    match wanted.rfind('.').map(|dot| wanted.split_at(dot)) {
        Some((stem, suffix)) if suffix.len() > 1 && is_suffix(suffix.trim_start_matches('.')) => {
            (self::stem(stem), suffix)
        }
        _ => (stem(wanted), ""),
    }
}

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
            "encoder/words.txt",
            "encoder_words.txt",
            "Encoder Words.txt",
            "../...txt",
            "..txt",
            ".",
            "wörter.txt",
            "a.b/c",
            &format!("{}.txt", "long".repeat(99)),
        ] {
            let bytes = Tensor::from_vec(Vec::<u8>::new(), [0]).unwrap();
            assets.add(wanted, bytes);
        }
        let names: Vec<&str> = assets.iter().map(|(_, it)| it.name.as_str()).collect();
        let long = format!("{}.txt", "long".repeat(25));
        let expected = [
            "encoder_words.txt",
            "encoder_words_1.txt",
            "Encoder_Words_2.txt",
            "_.txt",
            "vocabulary.txt",
            "vocabulary",
            "w_rter.txt",
            "a.b_c",
            &long,
        ];
        assert_eq!(names, expected);
    }
}
