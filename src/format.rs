//! Which of the three formats: by name when saving, by content when loading.

use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::hdf5;
use crate::io::{Files, SharedBytes};

/// A format in which Keras models are saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// One HDF5 file, `.h5` or `.hdf5`.
    H5,
    /// The zip archive of Keras 3, `.keras`.
    Keras,
    /// A TensorFlow SavedModel directory.
    SavedModel,
}

impl Format {
    /// The format of Keras's argument `save_format`: `h5`, `hdf5`, `keras`, `keras_v3`, `tf`,
    /// `tensorflow`.
    ///
    /// ```
    /// use hornfels::Format;
    /// assert_eq!(Format::from_name("hdf5"), Some(Format::H5));
    /// assert_eq!(Format::from_name("onnx"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Format> {
        match name {
            "h5" | "hdf5" => Some(Format::H5),
            "keras" | "keras_v3" => Some(Format::Keras),
            "tf" | "tensorflow" => Some(Format::SavedModel),
            _ => None,
        }
    }

    /// The format Keras chooses for a path to save to: by suffix, a SavedModel without a known one.
    ///
    /// ```
    /// use hornfels::Format;
    /// assert_eq!(Format::of_path("model.h5"), Format::H5);
    /// assert_eq!(Format::of_path("model.keras"), Format::Keras);
    /// assert_eq!(Format::of_path("model"), Format::SavedModel);
    /// ```
    pub fn of_path(path: impl AsRef<Path>) -> Format {
        match path.as_ref().extension().and_then(|suffix| suffix.to_str()) {
            Some("h5" | "hdf5") => Format::H5,
            Some("keras") => Format::Keras,
            _ => Format::SavedModel,
        }
    }

    /// The format of a file by its content, whatever it is called; none if it is none of them.
    ///
    /// ```
    /// use hornfels::Format;
    /// let bytes = std::fs::read("tests/data/early_warning.h5").unwrap();
    /// assert_eq!(Format::of_content(&bytes), Some(Format::H5));
    /// assert_eq!(Format::of_content(b"<!DOCTYPE html>"), None);
    /// ```
    pub fn of_content(bytes: &[u8]) -> Option<Format> {
        if hdf5::is_hdf5(bytes) {
            Some(Format::H5)
        } else if hdf5::is_keras_archive(bytes) {
            Some(Format::Keras)
        } else {
            None
        }
    }

    /// The format of what is at `path`, whatever it is called: of a file by its content, of a directory by
    /// the files in it; none if it is none of them.
    ///
    /// ```
    /// use hornfels::Format;
    /// assert_eq!(Format::at("tests/data/early_warning.h5")?, Some(Format::H5));
    /// assert_eq!(Format::at("tests")?, None);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] and [`ErrorKind::Io`] for what cannot be read.
    pub fn at(path: impl AsRef<Path>) -> Result<Option<Format>> {
        let path = path.as_ref();
        if path.is_dir() {
            let files = Files::directory(path, true);
            return Ok(files
                .contains("saved_model.pb")
                .then_some(Format::SavedModel));
        }
        Ok(Format::of_content(&SharedBytes::open(path, true)?))
    }

    /// Keras's own word for it, as `save_format` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Format::H5 => "h5",
            Format::Keras => "keras",
            Format::SavedModel => "tf",
        }
    }

    /// The same format if this version reads it.
    pub(crate) fn readable(self) -> Result<Format> {
        let (what, hint) = match self {
            Format::H5 | Format::SavedModel => return Ok(self),
            Format::Keras => (
                "a Keras 3 archive (`.keras`), which this version does not read yet",
                "load it with Keras 3 and save it under a name that ends in `.h5`",
            ),
        };
        Err(Error::new(ErrorKind::Unsupported, what).with_hint(hint))
    }

    /// The same format if this version writes it.
    pub(crate) fn writable(self) -> Result<Format> {
        match self {
            Format::H5 | Format::SavedModel => Ok(self),
            Format::Keras => Err(Error::new(
                ErrorKind::Unsupported,
                format!(
                    "saving in the format `{}`, this version writes `h5` and `tf`",
                    self.name()
                ),
            )
            .with_hint(
                "end the name in `.h5` or without a suffix, or choose the format `h5` or `tf`",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_keras() {
        for format in [Format::H5, Format::Keras, Format::SavedModel] {
            assert_eq!(Format::from_name(format.name()), Some(format));
        }
    }

    #[test]
    fn suffixes_decide_as_in_keras() {
        assert_eq!(Format::of_path("a/b.hdf5"), Format::H5);
        // Keras compares suffixes to the letter.
        assert_eq!(Format::of_path("a/b.H5"), Format::SavedModel);
        assert_eq!(Format::of_path(".h5"), Format::SavedModel);
    }

    #[test]
    fn what_is_not_read_says_so() {
        for format in [Format::H5, Format::SavedModel] {
            assert_eq!(format.readable().unwrap(), format);
        }
        let error = Format::Keras.readable().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.hint().is_some_and(|hint| hint.contains(".h5")));
    }

    #[test]
    fn what_is_not_written_says_so() {
        let error = Format::Keras.writable().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.hint().is_some_and(|hint| hint.contains(".h5")));
    }
}
