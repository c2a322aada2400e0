//! Every committed input of every fuzz target, replayed with a stable compiler.

use std::fs;
use std::path::Path;

#[allow(dead_code, unreachable_pub)]
#[path = "../../fuzz/src/lib.rs"]
pub(crate) mod bodies;

#[track_caller]
fn replay(target: &str, body: fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for kind in ["seeds", "regressions"] {
        let directory = fuzz.join(kind).join(target);
        for entry in fs::read_dir(&directory).unwrap() {
            body(&fs::read(entry.unwrap().path()).unwrap());
        }
    }
}

#[test]
fn hdf5_read() {
    replay("hdf5_read", bodies::hdf5_read);
}

#[test]
fn hdf5_tree_round_trip() {
    replay("hdf5_tree_round_trip", bodies::hdf5_tree_round_trip);
}

#[test]
fn keras_config() {
    replay("keras_config", bodies::keras_config);
}

#[test]
fn load_any() {
    replay("load_any", bodies::load_any);
}

#[test]
fn bundle_read() {
    replay("bundle_read", bodies::bundle_read);
}

#[test]
fn bundle_round_trip() {
    replay("bundle_round_trip", bodies::bundle_round_trip);
}

#[test]
fn sstable_read() {
    replay("sstable_read", bodies::sstable_read);
}

#[test]
fn proto_messages() {
    replay("proto_messages", bodies::proto_messages);
}

#[test]
fn savedmodel_load() {
    replay("savedmodel_load", bodies::savedmodel_load);
}

#[test]
fn savedmodel_show() {
    replay("savedmodel_show", bodies::savedmodel_show);
}
