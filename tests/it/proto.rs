//! Protobuf messages: real files, and the pages that describe the messages.

mod filled;
mod for_others;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use hornfels::Limits;
use hornfels::proto::keras::SavedMetadata;
use hornfels::proto::tensorflow::{FingerprintDef, GraphDebugInfo, SavedModel};
use hornfels::proto::{EnumInfo, FILES, FileInfo, Message, MessageInfo, short_name};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// How a file came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Through {
    /// Encoding what was decoded gave the same bytes.
    SameBytes,
    /// It gave other bytes, which decode to the same message and to themselves.
    SameMessage,
}

/// Decodes a file and encodes it again; everything in it must be known.
fn through<M: Message>(bytes: &[u8]) -> Result<Through, String> {
    let message = M::decode(bytes, &Limits::default()).map_err(|error| error.to_string())?;
    let unknown = format!("{message:?}").contains("unknown: b\"");
    if unknown {
        return Err("fields that are not known".to_owned());
    }
    let encoded = message.encode().map_err(|error| error.to_string())?;
    if encoded == bytes {
        return Ok(Through::SameBytes);
    }
    let again = M::decode(&encoded, &Limits::default()).map_err(|error| error.to_string())?;
    if again != message || encoded.len() != bytes.len() {
        return Err("another message after encoding".to_owned());
    }
    Ok(Through::SameMessage)
}

fn file_through(path: &Path) -> Option<Result<Through, String>> {
    let bytes = fs::read(path).unwrap();
    Some(match path.file_name()?.to_str()? {
        "saved_model.pb" => through::<SavedModel>(&bytes),
        "keras_metadata.pb" => through::<SavedMetadata>(&bytes),
        "fingerprint.pb" => through::<FingerprintDef>(&bytes),
        "saved_model_debug_info.pb" => through::<GraphDebugInfo>(&bytes),
        _ => return None,
    })
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    let below = |path: PathBuf| match path.is_dir() {
        true => files_below(&path),
        false => vec![path],
    };
    entries.into_iter().flat_map(below).collect()
}

/// TensorFlow's own files come out byte for byte.
#[test]
fn files_of_tensorflow_are_encoded_as_it_does() {
    let files = files_below(&root().join("tests/data/saved_models"));
    let messages: Vec<_> = files
        .iter()
        .filter_map(|path| Some((path, file_through(path)?)))
        .collect();
    for (path, result) in &messages {
        assert_eq!(*result, Ok(Through::SameBytes), "{}", path.display());
    }
    assert!(messages.len() >= 6, "{messages:?}");
}

/// With `HORNFELS_CORPUS`: every SavedModel in it decodes, and encodes to the same message.
#[test]
fn a_corpus_of_saved_models_goes_through() {
    let Some(corpus) = std::env::var_os("HORNFELS_CORPUS") else {
        return;
    };
    let (mut same_bytes, mut wrong) = (0, Vec::new());
    let mut otherwise = Vec::new();
    for path in files_below(Path::new(&corpus)) {
        match file_through(&path) {
            Some(Ok(Through::SameBytes)) => same_bytes += 1,
            Some(Ok(Through::SameMessage)) => otherwise.push(path),
            Some(Err(error)) => wrong.push(format!("{}: {error}", path.display())),
            None => {}
        }
    }
    println!("{same_bytes} byte for byte; in another order:");
    otherwise
        .iter()
        .for_each(|path| println!("  {}", path.display()));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(
        same_bytes > 0,
        "no SavedModel in {}",
        Path::new(&corpus).display()
    );
}

/// `spec/proto/` says what the declarations say; `BLESS=1 cargo test proto` rewrites it.
#[test]
fn pages_of_messages_are_true() {
    let folder = root().join("spec/proto");
    let pages: BTreeMap<String, String> = FILES
        .iter()
        .map(|file| (page_name(file), page(file)))
        .collect();
    assert_eq!(pages.len(), FILES.len());
    if std::env::var_os("BLESS").is_some() {
        for (name, text) in &pages {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let index = fs::read_to_string(folder.join("README.md")).unwrap();
    for (name, text) in &pages {
        let found = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(
            found == *text,
            "spec/proto/{name} differs; BLESS=1 accepts it"
        );
        assert!(
            index.contains(&format!("({name})")),
            "{name} is not in README.md"
        );
    }
    let found = fs::read_dir(&folder).unwrap().count();
    assert_eq!(found, pages.len() + 1, "pages of files that are not here");
}

/// `node_def.md` of TensorFlow's `node_def.proto`, `keras_versions.md` of Keras's `versions.proto`.
fn page_name(file: &FileInfo) -> String {
    let base = Path::new(file.path).file_stem().unwrap().to_str().unwrap();
    let owner = file.path.split('/').next().unwrap();
    match owner {
        "tensorflow" => format!("{base}.md"),
        _ => format!("{owner}_{base}.md"),
    }
}

fn page(file: &FileInfo) -> String {
    let mut page = format!(
        "# {}\n\nWhat `{}` declares.\n",
        page_name(file).trim_end_matches(".md"),
        file.path
    );
    for message in file.messages {
        describe_message(message, &mut page);
    }
    for info in file.enums {
        describe_enum(info, &mut page);
    }
    page
}

fn describe_message(message: &MessageInfo, page: &mut String) {
    let (name, doc) = (short_name(message.name), joined(message.doc));
    write!(page, "\n## {name}\n\n{doc}\n").unwrap();
    let fields = message.all_fields();
    if fields.is_empty() {
        page.push_str("\nIt has no fields.\n");
        return;
    }
    page.push_str("\n| number | name | type | what it is |\n|--:|---|---|---|\n");
    for (field, oneof) in fields {
        let choice = oneof.map(|oneof| format!(", in oneof `{oneof}`"));
        let (choice, doc) = (choice.unwrap_or_default(), joined(field.doc));
        let (number, name, ty) = (field.number, field.name, field.ty);
        writeln!(page, "| {number} | `{name}` | `{ty}`{choice} | {doc} |").unwrap();
    }
}

fn describe_enum(info: &EnumInfo, page: &mut String) {
    let (name, doc) = (short_name(info.name), joined(info.doc));
    write!(
        page,
        "\n## {name}\n\n{doc}\n\n| number | name |\n|--:|---|\n"
    )
    .unwrap();
    for (name, number) in info.values {
        writeln!(page, "| {number} | `{name}` |").unwrap();
    }
}

fn joined(doc: &[&str]) -> String {
    doc.concat().trim().to_owned()
}
