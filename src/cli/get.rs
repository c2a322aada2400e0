//! `hornfels get`: one dataset, attribute, variable or tensor.

use std::path::PathBuf;

use hornfels::bundle::BundleReader;
use hornfels::hdf5::{Attribute, Dataset, File, Object};
use hornfels::keras_h5::load_from;
use hornfels::{DType, Error, ErrorKind, LoadOptions, Result, SharedBytes, Tensor};
use serde::Serialize;

use crate::array::{self, Extent};
use crate::exit::Exit;
use crate::ls::bundle;
use crate::output::Output;
use crate::record::{self, Members};
use crate::source::{self, Container, is_stream};
use crate::terminal::Terminal;
use crate::{npy, text};

/// Print a dataset, an attribute or a tensor, or write it as .npy or raw bytes
///
/// PATH is a path in the file (`/model_weights/dense/dense/kernel:0`), an attribute behind a path
/// and an `@` (`/@model_config`), or a variable as Keras 3 names it (`dense/kernel`); of a checkpoint
/// it is the key of a tensor.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file to read, or `-`; of a checkpoint its `.index`, or the name before that
    file: PathBuf,
    /// What to read: a dataset, `OBJECT@ATTRIBUTE`, a variable of the model, or a tensor's key
    path: String,
    /// Read this attribute of the object at PATH
    #[arg(long, short, value_name = "NAME")]
    attribute: Option<String>,
    /// Write NumPy's `.npy`
    #[arg(long, conflicts_with_all = ["raw", "json"])]
    npy: bool,
    /// Write the bytes of the values, little-endian, and nothing else
    #[arg(long, conflicts_with = "json")]
    raw: bool,
    /// Print all values, however many
    #[arg(long)]
    full: bool,
    /// Write into this file; a name that ends in `.npy` asks for `--npy`
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
}

const EXAMPLES: &str = "\
Examples:
  hornfels get model.h5 dense/kernel
  hornfels get model.h5 dense/kernel -o kernel.npy
  hornfels get model.h5 /@model_config | jq .class_name";

/// What was found at the path.
enum Found {
    Dataset(Dataset),
    Attribute(Attribute),
    Variable(Tensor<'static>),
    /// A tensor of a bundle.
    Tensor(Tensor<'static>),
    /// A tensor of a bundle whose elements have a type that only TensorFlow has.
    Stored {
        data_type: String,
        bytes: SharedBytes,
    },
}

/// What the result is to be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Json,
    Npy,
    Raw,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report<'a> {
    schema: u32,
    file: String,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<&'a str>,
    kind: &'static str,
    /// `null` for compounds.
    dtype: Option<&'static str>,
    shape: &'a [u64],
    values: serde_json::Value,
}

pub(crate) fn run(args: &Args, terminal: &Terminal, out: &mut Output) -> Result<Exit> {
    let form = form(args, terminal);
    if args.output.is_none() && matches!(form, Form::Npy | Form::Raw) {
        source::refuse_terminal(terminal, "binary data")?;
    }
    let found = match source::container(&args.file)? {
        Container::Hdf5(file) => find(args, &file),
        Container::Bundle(reader) => find_tensor(args, &reader),
    };
    let found = found.map_err(|error| error.within(source::name(&args.file)))?;
    match &args.output {
        None => write(args, &found, form, terminal.is_watched(), out)?,
        Some(path) => Output::save(path, args.force, terminal, |out| {
            write(args, &found, form, false, out)
        })?,
    }
    Ok(Exit::Fine)
}

fn form(args: &Args, terminal: &Terminal) -> Form {
    let suffix = args.output.as_ref().and_then(|path| path.extension());
    match () {
        () if args.raw => Form::Raw,
        () if args.npy => Form::Npy,
        () if terminal.json => Form::Json,
        () if suffix.is_some_and(|suffix| suffix == "npy") => Form::Npy,
        () => Form::Text,
    }
}

fn find(args: &Args, file: &File) -> Result<Found> {
    if let Some(name) = &args.attribute {
        return attribute(file, &args.path, name);
    }
    let missing = match file.get(&args.path) {
        Ok(object) => return dataset(object, &args.path),
        Err(error) if error.kind() == ErrorKind::NotFound => error,
        Err(error) => return Err(error),
    };
    // Names may hold an `@` themselves, so every one of them may be the one that separates.
    for (at, _) in args.path.rmatch_indices('@') {
        let (object, name) = (args.path.get(..at), args.path.get(at + 1..));
        if let (Some(object), Some(name)) = (object, name)
            && file.root().contains(object)?
        {
            return attribute(file, object, name);
        }
    }
    match variable(file, &args.path) {
        Some(tensor) => Ok(Found::Variable(tensor)),
        None => {
            Err(missing.with_hint(format!("`hornfels ls {}` lists what there is", shown(args))))
        }
    }
}

/// A tensor of a bundle, once its checksum was compared.
fn find_tensor(args: &Args, reader: &BundleReader) -> Result<Found> {
    if args.attribute.is_some() {
        let message = "a tensor bundle has no attributes";
        return Err(Error::new(ErrorKind::InvalidArgument, message));
    }
    let key = args.path.as_str();
    if !reader.contains(key) {
        let list = format!("`hornfels ls {}` lists what there is", shown(args));
        let message = format!("no tensor `{}`", text::safe(key));
        return Err(Error::new(ErrorKind::NotFound, message).with_hint(list));
    }
    reader.verify(key)?;
    match reader.entry(key)?.dtype() {
        Some(_) => reader.tensor(key).map(Found::Tensor),
        None => Ok(Found::Stored {
            data_type: bundle::type_name(&reader.entry(key)?),
            bytes: reader.bytes(key)?,
        }),
    }
}

fn shown(args: &Args) -> String {
    match is_stream(&args.file) {
        true => "FILE".to_owned(),
        false => text::safe(&args.file.display().to_string()).into_owned(),
    }
}

fn dataset(object: Object, path: &str) -> Result<Found> {
    match object {
        Object::Dataset(dataset) => Ok(Found::Dataset(dataset)),
        Object::Group(_) => Err(not_a_dataset(path, "a group")),
        Object::NamedDatatype(_) => Err(not_a_dataset(path, "a named datatype")),
    }
}

fn not_a_dataset(path: &str, what: &str) -> Error {
    let message = format!("`{path}` is {what}, expected a dataset, an attribute or a variable");
    Error::new(ErrorKind::InvalidArgument, message)
        .with_hint(format!("`hornfels ls FILE {path}` lists what is in it"))
}

fn attribute(file: &File, path: &str, name: &str) -> Result<Found> {
    let found = file.get(path)?.attribute(name)?;
    found.map(Found::Attribute).ok_or_else(|| {
        Error::new(
            ErrorKind::NotFound,
            format!("`{path}` has no attribute `{name}`"),
        )
        .with_hint(format!("`hornfels ls FILE {path}` lists its attributes"))
    })
}

/// A variable of the model or its optimizer, if the file holds a model and the model such a one.
fn variable(file: &File, path: &str) -> Option<Tensor<'static>> {
    let model = load_from(&file.root(), &LoadOptions::new()).ok()?;
    let path = path.trim_matches('/');
    if let Ok(tensor) = model.variable(path) {
        return Some(tensor.clone());
    }
    let state = model.optimizer?;
    let variable = state
        .variables
        .into_iter()
        .find(|variable| variable.path == path)?;
    Some(variable.tensor)
}

impl Found {
    fn tensor(&self) -> Result<Tensor<'static>> {
        let hint = "`--raw` writes the bytes as they are stored";
        match self {
            Found::Dataset(dataset) => dataset.tensor().map_err(|error| match error.kind() {
                ErrorKind::Unsupported if dataset.datatype().dtype().is_none() => {
                    error.with_hint(hint)
                }
                _ => error,
            }),
            Found::Attribute(attribute) => attribute.tensor(),
            Found::Variable(tensor) | Found::Tensor(tensor) => Ok(tensor.clone()),
            Found::Stored { data_type, .. } => {
                let message = format!("elements of type `{data_type}`");
                Err(Error::new(ErrorKind::Unsupported, message).with_hint(hint))
            }
        }
    }

    /// The elements as records, if that is what they are.
    fn records(&self) -> Option<&dyn Members> {
        let found: &dyn Members = match self {
            Found::Dataset(dataset) => dataset,
            Found::Attribute(attribute) => attribute,
            Found::Variable(_) | Found::Tensor(_) | Found::Stored { .. } => return None,
        };
        record::is_record(found.datatype()).then_some(found)
    }

    fn kind(&self) -> &'static str {
        match self {
            Found::Dataset(_) => "dataset",
            Found::Attribute(_) => "attribute",
            Found::Variable(_) => "variable",
            Found::Tensor(_) | Found::Stored { .. } => "tensor",
        }
    }

    /// Writes the bytes of the values; of a dataset also those that no dtype describes.
    fn write_raw(&self, out: &mut Output) -> Result<()> {
        if let Found::Dataset(dataset) = self
            && dataset.dtype()? != Some(DType::String)
        {
            return out.bytes(&dataset.bytes()?);
        }
        if let Found::Attribute(attribute) = self
            && attribute.datatype().dtype() != Some(DType::String)
        {
            return out.bytes(&attribute.bytes()?);
        }
        if let Found::Stored { bytes, .. } = self {
            return out.bytes(bytes);
        }
        let tensor = self.tensor()?;
        match tensor.string_values() {
            None => out.bytes(tensor.bytes()),
            Some([one]) => out.bytes(one),
            Some(_) => {
                let message = format!(
                    "{} strings, whose bytes alone would not say where each ends",
                    tensor.len()
                );
                Err(Error::new(ErrorKind::InvalidArgument, message)
                    .with_hint("`--json` and `--npy` do"))
            }
        }
    }
}

fn write(args: &Args, found: &Found, form: Form, watched: bool, out: &mut Output) -> Result<()> {
    if form == Form::Raw {
        return found.write_raw(out);
    }
    if let Some(records) = found.records().filter(|_| form != Form::Npy) {
        return write_records(args, found, records, form, out);
    }
    let tensor = found.tensor()?;
    match form {
        Form::Npy => {
            out.bytes(&npy::header(&tensor))?;
            match tensor.string_values() {
                Some(values) => out.bytes(&npy::string_items(values)),
                None => out.bytes(tensor.bytes()),
            }
        }
        Form::Json => out.json(&Report {
            schema: 1,
            file: source::name(&args.file),
            path: &args.path,
            attribute: args.attribute.as_deref(),
            kind: found.kind(),
            dtype: Some(tensor.dtype().name()),
            shape: tensor.shape(),
            values: array::json(&tensor)?,
        }),
        Form::Text | Form::Raw => {
            let extent = if args.full {
                Extent::Full
            } else {
                Extent::Short
            };
            print(&tensor, extent, watched, out)
        }
    }
}

/// Elements of compound types: as text or JSON.
fn write_records(
    args: &Args,
    found: &Found,
    records: &dyn Members,
    form: Form,
    out: &mut Output,
) -> Result<()> {
    if form == Form::Text {
        return out.line(record::text(records, args.full)?);
    }
    out.json(&Report {
        schema: 1,
        file: source::name(&args.file),
        path: &args.path,
        attribute: args.attribute.as_deref(),
        kind: found.kind(),
        dtype: None,
        shape: records.shape(),
        values: record::json(records)?,
    })
}

/// A string prints as it is and a list of them line by line, the rest as NumPy does.
fn print(tensor: &Tensor<'_>, extent: Extent, watched: bool, out: &mut Output) -> Result<()> {
    let Some(values) = tensor.string_values().filter(|_| tensor.shape().len() < 2) else {
        return out.line(array::text(tensor, extent)?);
    };
    for value in values {
        match watched {
            true => out.text(&text::safe_lines(&String::from_utf8_lossy(value)))?,
            false => out.bytes(value)?,
        }
        if !value.ends_with(b"\n") {
            out.text("\n")?;
        }
    }
    Ok(())
}
