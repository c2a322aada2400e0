//! `hornfels ls`: what is in an HDF5 file, object by object, or in a tensor bundle.

pub(crate) mod bundle;
mod walk;

use std::path::PathBuf;

use hornfels::Result;
use serde::Serialize;

use crate::exit::Exit;
use crate::output::Output;
use crate::source::{self, Container};
use crate::table::{Align, Table};
use crate::terminal::{Style, Terminal, to_stderr};
use crate::text;
use walk::{Entry, Kind};

/// List the groups, datasets and attributes of an HDF5 file, or the tensors of a checkpoint
///
/// What is in the first column is what `hornfels get` takes: `/group/dataset`, `/group@attribute`, or
/// the key of a tensor. An object that cannot be read is listed with the reason, and the exit code is 2.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file to read, or `-`; of a checkpoint its `.index`, or the name before that, or the directory of
    /// the SavedModel
    file: PathBuf,
    /// Begin at this group or dataset, or list only the keys below this
    #[arg(default_value = "/")]
    path: String,
    /// Leave the attributes out
    #[arg(long)]
    no_attributes: bool,
}

/// What `--json` prints: `spec/cli.md#ls`.
#[derive(Debug, Serialize)]
struct Report<'a> {
    schema: u32,
    file: String,
    format: &'static str,
    superblock_version: u8,
    bytes: u64,
    objects: &'a [Entry],
}

pub(crate) fn run(args: &Args, terminal: &Terminal, out: &mut Output) -> Result<Exit> {
    let name = source::name(&args.file);
    let file = match source::container(&args.file)? {
        Container::Hdf5(file) => file,
        Container::Bundle(reader) => return bundle::run(&reader, args, terminal, out),
    };
    let entries = walk::walk(&file, &args.path, !args.no_attributes)
        .map_err(|error| error.within(name.clone()))?;
    if terminal.json {
        out.json(&Report {
            schema: 1,
            file: name.clone(),
            format: "hdf5",
            superblock_version: file.superblock_version(),
            bytes: file.len(),
            objects: &entries,
        })?;
    } else {
        out.text(&table(&entries).render(terminal))?;
    }
    let broken = entries.iter().map(Entry::failures).sum::<usize>();
    if broken == 0 {
        return Ok(Exit::Fine);
    }
    // First what could be listed, then what could not.
    out.finish()?;
    let what = if broken == 1 {
        "object or attribute"
    } else {
        "objects or attributes"
    };
    to_stderr(&format!(
        "error: {}: {broken} {what} could not be read\n",
        text::safe(&name)
    ));
    Ok(Exit::Error)
}

fn table(entries: &[Entry]) -> Table {
    let columns = [
        ("Path", Align::Left),
        ("Type", Align::Left),
        ("Shape", Align::Left),
        ("Size", Align::Right),
        ("Value", Align::Left),
    ];
    let mut table = Table::new(columns);
    for entry in entries {
        let path = text::safe(&entry.path).into_owned();
        let [kind, shape, size, value] = cells(&entry.kind);
        match &entry.kind {
            Kind::Unreadable { error } => table.styled_row(failed(path, error), Style::Red),
            Kind::Group => table.styled_row([path, kind, shape, size, value], Style::Bold),
            _ => table.row([path, kind, shape, size, value]),
        }
        for attribute in &entry.attributes {
            let path = text::safe(&format!("{}@{}", entry.path, attribute.name)).into_owned();
            match &attribute.failure {
                None => {
                    let shape = text::shape(&attribute.shape);
                    let (datatype, shown) = (
                        attribute
                            .datatype
                            .as_deref()
                            .map(shown_datatype)
                            .unwrap_or_default(),
                        attribute.shown.clone(),
                    );
                    table.styled_row([path, datatype, shape, String::new(), shown], Style::Dim);
                }
                Some(reason) => table.styled_row(failed(path, reason), Style::Red),
            }
        }
        if let Some(reason) = &entry.attributes_failure {
            let path = format!("{}@", text::safe(&entry.path));
            table.styled_row(failed(path, reason), Style::Red);
        }
    }
    table
}

fn failed(path: String, reason: &str) -> [String; 5] {
    let reason = text::safe(reason).into_owned();
    [
        path,
        "unreadable".to_owned(),
        String::new(),
        String::new(),
        reason,
    ]
}

/// A datatype in the table: one with many members is cut.
fn shown_datatype(datatype: &str) -> String {
    text::short(&text::safe(datatype), 40).into_owned()
}

/// Type, shape, size and value of an object.
fn cells(kind: &Kind) -> [String; 4] {
    let plain = |kind: &str, value: String| [kind.to_owned(), String::new(), String::new(), value];
    match kind {
        Kind::Group => plain("group", String::new()),
        Kind::Dataset {
            datatype,
            shape,
            layout,
            stored_bytes,
        } => [
            shown_datatype(datatype),
            text::shape(shape),
            stored_bytes.map_or_else(|| "?".to_owned(), text::size),
            if layout == "contiguous" {
                String::new()
            } else {
                layout.clone()
            },
        ],
        Kind::NamedDatatype { datatype } => plain("named datatype", shown_datatype(datatype)),
        Kind::SoftLink { target } => plain("soft link", format!("-> {}", text::safe(target))),
        Kind::ExternalLink { file, target } => plain(
            "external link",
            format!("-> {}:{}", text::safe(file), text::safe(target)),
        ),
        Kind::UnknownLink => plain("unknown link", String::new()),
        Kind::SameAs { target } => plain("hard link", format!("= {}", text::safe(target))),
        Kind::Unreadable { error } => plain("unreadable", text::safe(error).into_owned()),
    }
}
