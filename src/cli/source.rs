//! Where input comes from: a file, or standard input under the name `-`.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use hornfels::bundle::BundleReader;
use hornfels::bundle::sstable::Table;
use hornfels::hdf5::File;
use hornfels::keras::Model;
use hornfels::keras_h5::load_from;
use hornfels::{Error, ErrorKind, Limits, LoadOptions, Result, SharedBytes};

use crate::terminal::Terminal;

/// Whether a path is the word for standard input or output.
pub(crate) fn is_stream(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What to call the input in messages and reports.
pub(crate) fn name(path: &Path) -> String {
    if is_stream(path) {
        return "standard input".to_owned();
    }
    path.display().to_string()
}

/// What `ls` and `get` look into.
#[derive(Debug)]
pub(crate) enum Container {
    /// An HDF5 file.
    Hdf5(File),
    /// A tensor bundle.
    Bundle(BundleReader),
}

/// Opens an HDF5 file, or a tensor bundle: by its index, by what the names of its files begin with, or by
/// the SavedModel directory it is in.
pub(crate) fn container(path: &Path) -> Result<Container> {
    if is_stream(path) {
        let bytes = standard_input()?;
        let opened = match Table::is_table(&bytes) {
            // Where its data is, the index does not say.
            true => BundleReader::from_bytes(bytes, Vec::new(), Limits::default())
                .map(Container::Bundle),
            false => File::from_bytes(bytes, Limits::default()).map(Container::Hdf5),
        };
        return opened.map_err(|error| error.within(name(path)));
    }
    // The variables of a SavedModel.
    let variables = path.join("variables").join("variables");
    if with_index(&variables).is_file() {
        return BundleReader::open(&variables).map(Container::Bundle);
    }
    if !path.exists() && with_index(path).is_file() {
        return BundleReader::open(path).map(Container::Bundle);
    }
    if !ends_as_table(path) {
        return File::open(path).map(Container::Hdf5);
    }
    if path.extension().is_some_and(|suffix| suffix == "index") {
        return BundleReader::open(path.with_extension("")).map(Container::Bundle);
    }
    let bytes = fs::read(path).map_err(|error| {
        let message = format!("cannot read `{}`: {error}", path.display());
        Error::new(ErrorKind::Io, message)
    })?;
    BundleReader::from_bytes(bytes, Vec::new(), Limits::default())
        .map(Container::Bundle)
        .map_err(|error| error.within(name(path)))
}

fn with_index(prefix: &Path) -> PathBuf {
    let mut path = OsString::from(prefix);
    path.push(".index");
    path.into()
}

/// Whether the file ends in what a bundle's index ends in; what cannot be read does not.
fn ends_as_table(path: &Path) -> bool {
    /// More than a table's footer.
    const END: u64 = 64;
    let read = || {
        let mut file = fs::File::open(path)?;
        let len = file.metadata()?.len();
        file.seek(SeekFrom::Start(len.saturating_sub(END)))?;
        let mut end = Vec::new();
        file.take(END).read_to_end(&mut end)?;
        std::io::Result::Ok(end)
    };
    path.is_file() && read().is_ok_and(|end| Table::is_table(&end))
}

/// Opens an HDF5 file.
pub(crate) fn hdf5(path: &Path) -> Result<File> {
    if !is_stream(path) {
        return File::open(path);
    }
    File::from_bytes(standard_input()?, Limits::default()).map_err(|error| error.within(name(path)))
}

/// Loads a model.
pub(crate) fn model(path: &Path) -> Result<Model<'static>> {
    let options = LoadOptions::new();
    if !is_stream(path) {
        return options.load(path);
    }
    let loaded = options.load_bytes(standard_input()?);
    loaded.map_err(|error| error.within(name(path)))
}

/// Loads a model, and opens the file that it is in.
pub(crate) fn file_and_model(path: &Path) -> Result<(File, Model<'static>)> {
    if !is_stream(path) {
        // The model first: it is what a directory or another format is told by.
        let model = model(path)?;
        return Ok((File::open(path)?, model));
    }
    let file = hdf5(path)?;
    let model = load_from(&file.root(), &LoadOptions::new());
    Ok((file, model.map_err(|error| error.within(name(path)))?))
}

fn standard_input() -> Result<SharedBytes> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|error| {
            Error::new(
                ErrorKind::Io,
                format!("cannot read standard input: {error}"),
            )
        })?;
    Ok(SharedBytes::from(bytes))
}

/// Keeps bytes that are no text off a person's screen.
pub(crate) fn refuse_terminal(terminal: &Terminal, what: &str) -> Result<()> {
    if !terminal.is_watched() {
        return Ok(());
    }
    let message = format!("{what} would be written to the terminal");
    Err(Error::new(ErrorKind::InvalidArgument, message)
        .with_hint("name a file, or send the output into one: `> FILE`"))
}

/// The error for a file that may not be replaced.
pub(crate) fn exists(path: &Path) -> Error {
    let message = format!("`{}` exists", path.display());
    Error::new(ErrorKind::AlreadyExists, message).with_hint("add `--force` to replace it")
}
