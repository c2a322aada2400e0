//! For `tests/interop/proto_fields.py`: the declarations, and messages to be read by protobuf.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use hornfels::Limits;
use hornfels::proto::FILES;
use serde_json::{Value, json};

use super::filled::filled;
use super::{files_below, root};

/// `proto/declared.json`, `proto/filled/NAME.CHOICE.pb`, and in `proto/again/NUMBER.pb` what
/// `proto/again.json` says.
#[test]
fn written_for_others_messages() {
    let Some(place) = env::var_os("HORNFELS_WRITTEN").map(PathBuf::from) else {
        return;
    };
    let place = place.join("proto");
    for folder in ["filled", "again"] {
        fs::create_dir_all(place.join(folder)).unwrap();
    }
    fs::write(place.join("declared.json"), declared().to_string()).unwrap();
    for filled in filled() {
        let name = format!("filled/{}.{}.pb", filled.name, filled.choice);
        let encoded = (filled.reencode)(&filled.bytes, &Limits::default()).unwrap();
        fs::write(place.join(name), encoded).unwrap();
    }
    let again = reencoded(&place);
    fs::write(place.join("again.json"), again.to_string()).unwrap();
}

fn declared() -> Value {
    let files = FILES.iter().map(|file| {
        let messages = file.messages.iter().map(|message| {
            let fields = message.all_fields().into_iter().map(|(field, oneof)| {
                json!([field.number, field.name, field.ty.to_string(), oneof])
            });
            json!({"name": message.name, "fields": fields.collect::<Vec<_>>()})
        });
        let enums = file
            .enums
            .iter()
            .map(|it| json!({"name": it.name, "values": it.values}));
        json!({
            "path": file.path,
            "messages": messages.collect::<Vec<_>>(),
            "enums": enums.collect::<Vec<_>>(),
        })
    });
    files.collect()
}

/// Real files, decoded and encoded: path, full name of the message, name in `proto/again`.
fn reencoded(place: &Path) -> Value {
    let mut paths = files_below(&root().join("tests/data/saved_models"));
    if let Some(corpus) = env::var_os("HORNFELS_CORPUS") {
        paths.extend(files_below(Path::new(&corpus)));
    }
    let mut again = Vec::new();
    for path in paths {
        let name = match path.file_name().and_then(|name| name.to_str()) {
            Some("saved_model.pb") => "tensorflow.SavedModel",
            Some("keras_metadata.pb") => "keras.SavedMetadata",
            Some("fingerprint.pb") => "tensorflow.FingerprintDef",
            Some("saved_model_debug_info.pb") => "tensorflow.GraphDebugInfo",
            _ => continue,
        };
        let mut messages = FILES.iter().flat_map(|file| file.messages);
        let message = messages.find(|message| message.name == name).unwrap();
        let bytes = fs::read(&path).unwrap();
        let encoded = (message.reencode)(&bytes, &Limits::default()).unwrap();
        let copy = format!("{}.pb", again.len());
        fs::write(place.join("again").join(&copy), encoded).unwrap();
        again.push(json!([path, name, copy]));
    }
    Value::Array(again)
}
