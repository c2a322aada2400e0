//! `hornfels convert`: a model from one file into another.

use std::fs;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};

use hornfels::hdf5::Layout;
use hornfels::keras::{Dialect, Model};
use hornfels::{
    Error, ErrorKind, Format, Result, SaveOptions, SavedModelOptions, Signature, Signatures, Sync,
    Vocabularies, WriteStrategy,
};
use serde::Serialize;

use crate::exit::Exit;
use crate::output::Output;
use crate::source::{self, is_stream};
use crate::terminal::{Progress, Terminal};
use crate::text;

/// Write a model to another file: other format, layout or dialect, or without its optimizer
///
/// What IN is, its content says, whatever its name. The suffix of OUT decides the format (`.h5`,
/// `.hdf5`: HDF5), unless `--format` does. `-` is standard input or output. OUT appears at once
/// and complete, or not at all.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The model to read, or `-`
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The file to write, or `-`
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// The format to write, whatever OUT's suffix
    #[arg(long, short, value_name = "FORMAT")]
    format: Option<FormatName>,
    /// Leave the functions of a SavedModel's layers out
    #[arg(long, help_heading = SAVEDMODEL)]
    no_traces: bool,
    /// A signature of a SavedModel, which gives what some layers give: `serving_default=dense,softmax`
    #[arg(long, value_name = "NAME=LAYER,…", value_parser = signature, help_heading = SAVEDMODEL)]
    signature: Vec<(String, Vec<String>)>,
    /// The only batch size that signatures of a SavedModel take
    #[arg(long, value_name = "N", help_heading = SAVEDMODEL)]
    batch: Option<u64>,
    /// A tag of a SavedModel besides `serve`
    #[arg(long, value_name = "TAG", help_heading = SAVEDMODEL)]
    tag: Vec<String>,
    /// About how many bytes of variables a file of a SavedModel holds
    #[arg(long, value_name = "BYTES", help_heading = SAVEDMODEL)]
    shard_size: Option<NonZeroU64>,
    /// Keep vocabularies of a SavedModel in files of `assets/`, a token in each line
    #[arg(long, help_heading = SAVEDMODEL)]
    vocabulary_assets: bool,
    /// Leave the compile config and the optimizer's state out
    #[arg(long)]
    no_optimizer: bool,
    /// How HDF5 is laid out: `classic` for every reader, `compact` for smaller files
    #[arg(long, value_name = "LAYOUT", default_value = "classic")]
    layout: LayoutName,
    /// Whose form the configs are written in; by default the one they came in
    #[arg(long, value_name = "DIALECT")]
    dialect: Option<DialectName>,
    /// Turn kernels of convolutions back to front, for models trained with Theano
    #[arg(long)]
    flip_kernels: bool,
    /// Replace OUT if it exists
    #[arg(long)]
    force: bool,
    /// When bytes are flushed to the disk
    #[arg(long, value_name = "WHEN", default_value = "on-replace")]
    sync: SyncName,
    /// How many threads write; by default one for each core
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// How bytes are written
    #[arg(
        long,
        value_name = "STRATEGY",
        default_value = "auto",
        hide_short_help = true
    )]
    strategy: StrategyName,
}

const SAVEDMODEL: &str = "SavedModel";

/// What servers call if they are not told what.
const DEFAULT_SIGNATURE: &str = "serving_default";

const EXAMPLES: &str = "\
Examples:
  hornfels convert model.h5 served_model
  hornfels convert model.h5 small.h5 --no-optimizer
  hornfels convert old.hdf5 new.h5 --dialect keras3
  curl -s https://example.org/model.h5 | hornfels convert - - --format h5 > copy.h5";

/// The names of [`Format`] that this version writes.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum FormatName {
    /// One HDF5 file
    #[value(alias = "hdf5")]
    H5,
    /// A directory for TensorFlow and its servers
    #[value(alias = "tf")]
    Savedmodel,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum LayoutName {
    /// As every version of Keras writes it
    Classic,
    /// Newer, smaller structures of HDF5
    Compact,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum DialectName {
    /// TensorFlow up to 2.15, and the package tf_keras
    Keras2,
    /// Keras 3
    Keras3,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum SyncName {
    /// Before the file gets its name
    Always,
    /// Only when a file is replaced
    OnReplace,
    /// Left to the system
    Never,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum StrategyName {
    /// What is fastest here
    Auto,
    /// Through a mapping of the file
    Mapped,
    /// By writes at positions
    Positioned,
    /// Both at once
    Mixed,
    /// From front to back
    Sequential,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report<'a> {
    schema: u32,
    input: &'a str,
    output: &'a str,
    format: &'static str,
    bytes: u64,
}

pub(crate) fn run(args: &Args, terminal: &Terminal, out: &mut Output) -> Result<Exit> {
    let options = options(args)?;
    if is_stream(&args.output) {
        source::refuse_terminal(terminal, "a model")?;
        let model = source::model(&args.input)?;
        options.write_to(&model, out)?;
        return Ok(Exit::Fine);
    }
    let model = source::model(&args.input)?;
    save(args, options, &model, terminal)?;
    report(args, terminal, out)?;
    Ok(Exit::Fine)
}

fn options(args: &Args) -> Result<SaveOptions> {
    let mut options = SaveOptions::new()
        .overwrite(args.force)
        .include_optimizer(!args.no_optimizer)
        .save_traces(!args.no_traces)
        .flip_kernels(args.flip_kernels)
        .save_format(format(args)?)
        .layout(match args.layout {
            LayoutName::Classic => Layout::Classic,
            LayoutName::Compact => Layout::Compact,
        })
        .sync(match args.sync {
            SyncName::Always => Sync::Always,
            SyncName::OnReplace => Sync::OnReplace,
            SyncName::Never => Sync::Never,
        })
        .strategy(match args.strategy {
            StrategyName::Auto => WriteStrategy::Auto,
            StrategyName::Mapped => WriteStrategy::Mapped,
            StrategyName::Positioned => WriteStrategy::Positioned,
            StrategyName::Mixed => WriteStrategy::Mixed,
            StrategyName::Sequential => WriteStrategy::Sequential,
        });
    if let Some(dialect) = args.dialect {
        options = options.dialect(match dialect {
            DialectName::Keras2 => Dialect::Keras2,
            DialectName::Keras3 => Dialect::Keras3,
        });
    }
    if let Some(options_of_savedmodel) = savedmodel_options(args) {
        options = options.options(options_of_savedmodel);
    }
    if let Some(signatures) = signatures(args) {
        options = options.signatures(signatures);
    }
    if let Some(threads) = args.threads {
        options = options.threads(threads);
    }
    Ok(options)
}

/// None if no option asks for anything, since other formats take none.
fn savedmodel_options(args: &Args) -> Option<SavedModelOptions> {
    if args.tag.is_empty() && args.shard_size.is_none() && !args.vocabulary_assets {
        return None;
    }
    let mut options = SavedModelOptions::default();
    options.extra_tags.clone_from(&args.tag);
    options.shard_size = args.shard_size;
    if args.vocabulary_assets {
        options.vocabularies = Vocabularies::Assets;
    }
    Some(options)
}

/// None for the model's own.
fn signatures(args: &Args) -> Option<Signatures> {
    let mut asked = args.signature.clone();
    if asked.is_empty() && args.batch.is_some() {
        asked.push((DEFAULT_SIGNATURE.to_owned(), Vec::new()));
    }
    if asked.is_empty() {
        return None;
    }
    let mut signatures = Signatures::new();
    for (name, layers) in asked {
        let mut signature = Signature::new(layers);
        signature.batch = args.batch;
        signatures = signatures.with(name, signature);
    }
    Some(signatures)
}

/// Reads `NAME=LAYER,LAYER`; a name alone is a signature that gives the model's outputs.
fn signature(text: &str) -> std::result::Result<(String, Vec<String>), String> {
    let (name, layers) = text.split_once('=').unwrap_or((text, ""));
    if name.is_empty() {
        return Err("expected a name before `=`".to_owned());
    }
    let layers = layers.split(',').filter(|layer| !layer.is_empty());
    Ok((name.to_owned(), layers.map(str::to_owned).collect()))
}

/// The format asked for, or that of the suffix; a stream has neither and gets the first.
fn format(args: &Args) -> Result<Format> {
    match args.format {
        Some(FormatName::H5) => return Ok(Format::H5),
        Some(FormatName::Savedmodel) => return Ok(Format::SavedModel),
        None => {}
    }
    if is_stream(&args.output) {
        return Ok(Format::H5);
    }
    let format = Format::of_path(&args.output);
    if format != Format::Keras {
        return Ok(format);
    }
    let message = format!(
        "`{}` asks for the format `{}`, which this version does not write",
        args.output.display(),
        format.name()
    );
    Err(Error::new(ErrorKind::Unsupported, message)
        .with_hint("end the name in `.h5` or `.hdf5`, or add `--format h5`"))
}

/// Saves, and where the file exists asks before saving over it.
fn save(args: &Args, options: SaveOptions, model: &Model<'_>, terminal: &Terminal) -> Result<()> {
    let path = &args.output;
    let total = model
        .variables
        .iter()
        .map(|variable| variable.tensor.byte_len())
        .sum();
    let progress = Progress::new(terminal, total, "writing");
    let options = match progress.reporter() {
        Some(report) => options.progress(report),
        None => options,
    };
    let result = options.save(model, path);
    progress.finish();
    let error = match result {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => error,
        other => return other,
    };
    match terminal.ask(&format!("{} exists. Replace it?", path.display())) {
        Some(true) => options.overwrite(true).save(model, path),
        Some(false) => Err(source::exists(path)),
        None => Err(error.with_hint("add `--force` to replace it")),
    }
}

/// The bytes of a file, or of all files in a directory.
fn size_of(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else {
        return fs::metadata(path).map_or(0, |metadata| metadata.len());
    };
    let entries = entries.filter_map(|entry| Some(size_of(&entry.ok()?.path())));
    entries.fold(0, u64::saturating_add)
}

fn report(args: &Args, terminal: &Terminal, out: &mut Output) -> Result<()> {
    let name = args.output.display().to_string();
    let bytes = size_of(&args.output);
    if terminal.json {
        let input = args.input.display().to_string();
        let (input, output) = (&*input, &*name);
        return out.json(&Report {
            schema: 1,
            input,
            output,
            format: format(args)?.name(),
            bytes,
        });
    }
    if terminal.quiet {
        return Ok(());
    }
    out.line(format!(
        "wrote {} ({})",
        text::safe(&name),
        text::size(bytes)
    ))
}
