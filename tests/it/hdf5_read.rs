//! Reading HDF5 files of other writers, compared with what h5py finds in them.

pub(crate) mod tree;

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use hornfels::hdf5::{Datatype, File, Found, LinkTarget, Object};
use hornfels::tensor::BF16;
use hornfels::{DType, ErrorKind, Limits};
use serde_json::{Value, json};

/// The files of `tests/data/hdf5` that h5py can read whole.
const COMPARED: [&str; 10] = [
    "types",
    "links",
    "latest",
    "track_order",
    "user_block",
    "chunked",
    "chunked_latest",
    "dense",
    "shared",
    "numbers",
];

/// Files of `tests/data/hdf5`, with what h5py finds in them.
#[test]
fn finds_what_h5py_finds() {
    for name in COMPARED {
        let inflated = ["chunked", "chunked_latest", "shared"].contains(&name);
        if inflated && !cfg!(feature = "deflate") {
            continue;
        }
        let expected = fs::read_to_string(data(&format!("{name}.json"))).unwrap();
        let expected: Value = serde_json::from_str(&expected).unwrap();
        for map in [true, false] {
            let file = File::open_with(data(&format!("{name}.h5")), Limits::default(), map);
            let found = tree::tree(&file.unwrap()).unwrap();
            for (path, expected) in expected.as_object().unwrap() {
                assert_eq!(found.get(path), Some(expected), "{name}.h5: {path}");
            }
            let (found, expected) = (found.as_object(), expected.as_object());
            assert_eq!(found.unwrap().len(), expected.unwrap().len());
        }
    }
}

#[test]
fn the_oldest_and_the_newest_superblock() {
    for (name, version) in [("types", 0), ("latest", 3), ("user_block", 0)] {
        let file = open(name);
        assert_eq!(file.superblock_version(), version, "{name}");
        let length = fs::metadata(data(&format!("{name}.h5"))).unwrap().len();
        assert_eq!(file.len(), length);
    }
}

#[test]
fn paths() {
    let file = open("links");
    let check = |from: &str, path: &str, expected: Result<&str, ErrorKind>| {
        let found = file.group(from).unwrap().get(path);
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found.path(), expected, "{from} {path}"),
            (found, expected) => assert_eq!(found.err().map(|error| error.kind()), expected.err()),
        }
        let contained = file.group(from).unwrap().contains(path);
        match expected {
            Ok(_) => assert!(contained.unwrap()),
            Err(ErrorKind::NotFound) => assert!(!contained.unwrap()),
            Err(kind) => assert_eq!(contained.unwrap_err().kind(), kind),
        }
    };
    check("/", "group/alias", Ok("/group/alias"));
    check("/", "/group//./alias/", Ok("/group/alias"));
    check("group", "alias", Ok("/group/alias"));
    check("group", "/data", Ok("/data"));
    check("group", "", Ok("/group"));
    check("group", "/", Ok("/"));
    check("new_style", "été", Ok("/new_style/été"));
    check(
        "group",
        "circle/group/itself/itself/alias",
        Ok("/group/circle/group/itself/itself/alias"),
    );
    // Soft links lead to where they point.
    check("group", "absolute", Ok("/data"));
    check("group", "relative", Ok("/group/alias"));
    check("group", "to_group/alias", Ok("/group/alias"));
    check("group", "to_soft", Ok("/data"));
    check("group", "through", Ok("/group/circle/group/circle/data"));
    check("group", "dots", Ok("/group/alias"));
    check("/", "many/name299", Ok("/data"));
    check("/", "many/name300", Err(ErrorKind::NotFound));
    check("/", "many/name", Err(ErrorKind::NotFound));
    check("/", "zzz", Err(ErrorKind::NotFound));
    check("group", "dangling", Err(ErrorKind::NotFound));
    check("group", "data/below", Err(ErrorKind::NotFound));
    check("/", "data/below", Err(ErrorKind::NotFound));
    check("group", "loop", Err(ErrorKind::LimitExceeded));
    check("group", "ping", Err(ErrorKind::LimitExceeded));
}

#[test]
fn every_link_is_found_by_name() {
    let file = open("links");
    let many = file.group("many").unwrap();
    let links = many.links().unwrap();
    assert_eq!(links.len(), 300);
    for (index, link) in links.iter().enumerate() {
        assert_eq!(link.name, format!("name{index:03}"));
        assert_eq!(link.target, LinkTarget::Soft("/data".to_owned()));
        assert!(many.contains(&link.name).unwrap());
    }
}

#[test]
fn objects_are_of_the_kind_that_was_asked_for() {
    let file = open("types");
    let error = file.group("numbers/scalar").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let text = "`/numbers/scalar` is a dataset, expected a group";
    assert_eq!(error.to_string(), text);
    let error = file.dataset("numbers").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`/numbers` is a group, expected a dataset"
    );
    let error = file.dataset("numbers/nothing").unwrap_err();
    assert_eq!(error.to_string(), "there is no `nothing` in `/numbers`");
    assert!(matches!(file.get("named"), Ok(Object::NamedDatatype(_))));
}

#[test]
fn typed_elements() {
    let file = open("types");
    let little: Vec<f32> = file.dataset("numbers/little/f4").unwrap().read().unwrap();
    let big: Vec<f32> = file.dataset("numbers/big/f4").unwrap().read().unwrap();
    assert_eq!(little, [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
    assert_eq!(big, little);
    let flags: Vec<bool> = file.dataset("numbers/bool").unwrap().read().unwrap();
    assert_eq!(flags, [true, false, true]);
    let never: Vec<i32> = file
        .dataset("numbers/never_written")
        .unwrap()
        .read()
        .unwrap();
    assert_eq!(never, [7; 4]);
    let error = file
        .dataset("numbers/bool")
        .unwrap()
        .read::<f32>()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let scalar = file.dataset("numbers/scalar").unwrap();
    assert_eq!(
        (scalar.shape(), scalar.layout().unwrap()),
        (&[][..], "contiguous")
    );
    let numbers = file.group("numbers").unwrap();
    let text = numbers
        .attribute("text")
        .unwrap()
        .unwrap()
        .string()
        .unwrap();
    assert_eq!(text, "téxt");
    let names = numbers.attribute("names").unwrap().unwrap();
    assert_eq!(
        names.strings().unwrap(),
        [&b"a"[..], b"bcd", "é".as_bytes()]
    );
    assert!(
        names
            .string()
            .unwrap_err()
            .to_string()
            .contains("3 strings, expected one")
    );
    let ints: Vec<i64> = numbers.attribute("ints").unwrap().unwrap().read().unwrap();
    assert_eq!(ints, [0, 1, 2, 3]);
    assert!(numbers.attribute("none").unwrap().is_none());
}

/// What lies in the file as it is wanted is not copied.
#[test]
fn contiguous_elements_are_shared() {
    let bytes = fs::read(data("types.h5")).unwrap();
    let bytes = hornfels::SharedBytes::from(bytes);
    let range = bytes.as_ptr_range();
    let file = File::from_bytes(bytes.clone(), Limits::default()).unwrap();
    let shared = |path: &str| {
        let tensor = file.dataset(path).unwrap().tensor().unwrap();
        range.contains(&tensor.bytes().as_ptr())
    };
    assert!(shared("numbers/little/f4"));
    assert!(!shared("numbers/big/f4"));
}

#[test]
fn opaque_elements_are_what_their_dataset_says() {
    let file = open("types");
    let known = file.dataset("numbers/bfloat16").unwrap();
    assert_eq!(known.dtype().unwrap(), Some(DType::BFloat16));
    let values: Vec<BF16> = known.read().unwrap();
    let values: Vec<f32> = values.into_iter().map(BF16::to_f32).collect();
    assert_eq!(values, [1.0, -2.0]);
    let unknown = file.dataset("numbers/opaque").unwrap();
    assert!(matches!(
        unknown.datatype(),
        Datatype::Opaque { size: 2, .. }
    ));
    assert_eq!(unknown.dtype().unwrap(), None);
    let error = unknown.tensor().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.hint().unwrap().contains("tensor_as"));
    let told = unknown.tensor_as(DType::BFloat16).unwrap();
    assert_eq!(told, known.tensor().unwrap());
    let error = unknown.tensor_as(DType::Float32).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn links_out_of_the_file_are_listed_and_refused() {
    for name in ["latest", "unsupported"] {
        let file = open(name);
        let group = match name {
            "latest" => file.group("group").unwrap(),
            _ => file.root(),
        };
        let error = group.get("outside").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(error.message().contains("`/secret` in `other.h5`"));
        let links = group.links().unwrap();
        let link = links.iter().find(|link| link.name == "outside").unwrap();
        let LinkTarget::External { file, path } = &link.target else {
            panic!("{link:?}");
        };
        assert_eq!((file.as_str(), path.as_str()), ("other.h5", "/secret"));
    }
}

#[test]
fn what_is_not_supported_hides_nothing_else() {
    let file = open("unsupported");
    let check = |path: &str, kind: ErrorKind, message: &str| {
        let error = file.dataset(path).unwrap().tensor().unwrap_err();
        assert_eq!(error.kind(), kind, "{path}");
        assert!(error.message().starts_with(message), "{error}");
        assert!(error.to_string().starts_with(&format!("dataset /{path}: ")));
    };
    check("szip", ErrorKind::Unsupported, "filter szip (number 4)");
    check("external", ErrorKind::Refused, "external storage");
    check("virtual", ErrorKind::Refused, "virtual dataset");
    check(
        "huge",
        ErrorKind::LimitExceeded,
        "a dataset that was never written",
    );
    check("huge_chunks", ErrorKind::LimitExceeded, "a chunked dataset");
    let values: Vec<f32> = file.dataset("readable").unwrap().read().unwrap();
    assert_eq!(values, [0.0, 1.0, 2.0]);
    assert_eq!(file.dataset("szip").unwrap().shape(), [64]);
    let steps: Vec<_> = file.root().walk().collect::<Result<_, _>>().unwrap();
    let found = |path: &str| {
        let mut steps = steps.iter().filter(|step| &*step.path == path);
        steps.any(|step| matches!(step.found, Found::Object(_)))
    };
    assert!(found("/szip") && found("/readable"));
}

#[test]
fn chunks_say_how_long_they_are() {
    let stored = |name: &str, path: &str| {
        let dataset = open(name).dataset(path).unwrap();
        assert_eq!(dataset.layout().unwrap(), "chunked");
        dataset.stored_len().unwrap().unwrap()
    };
    // Two times three chunks of four times four, two bytes each.
    assert_eq!(stored("chunked", "plain"), 6 * 32);
    // One row of six chunks of two times two, four bytes each.
    assert_eq!(stored("chunked", "some"), 6 * 16);
    assert_eq!(stored("chunked", "never"), 0);
    assert_eq!(stored("chunked_latest", "implicit"), 9 * 48);
    let compressed = stored("chunked_latest", "single_gzip");
    assert!((1..63 * 4).contains(&compressed));
}

#[test]
fn elements_that_were_never_written_are_the_fill_value() {
    let file = open("chunked");
    let never: Vec<i16> = file.dataset("never").unwrap().read().unwrap();
    assert_eq!(never, [5; 77]);
    let some: Vec<i32> = file.dataset("some").unwrap().read().unwrap();
    let expected = (0..77).map(|at| match (22..44).contains(&at) {
        true => at,
        false => -7,
    });
    assert_eq!(some, expected.collect::<Vec<_>>());
}

#[test]
fn members_of_compounds() {
    let records = open("chunked").dataset("records").unwrap();
    let tensor = records.tensor().unwrap_err();
    assert_eq!(tensor.kind(), ErrorKind::Unsupported);
    assert!(tensor.hint().unwrap().contains("member"));
    assert_eq!(
        records.bytes().unwrap().len(),
        2 * records.datatype().size() as usize
    );
    let x = records.member(&["x"]).unwrap();
    assert_eq!(
        (x.shape(), x.to_vec::<i16>().unwrap()),
        (&[2][..], vec![1, 3])
    );
    let y = records.member(&["y"]).unwrap();
    assert_eq!(y.to_vec::<f64>().unwrap(), [2.5, 4.5]);
    for path in [&["z"][..], &["x", "x"]] {
        let error = records.member(path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}

#[test]
fn many_links_and_attributes_are_found_by_name() {
    let file = open("dense");
    for (path, links) in [("links", 12), ("ordered", 13)] {
        let group = file.group(path).unwrap();
        let found = group.links().unwrap();
        assert_eq!(found.len(), links);
        for at in 0..12 {
            let name = format!("link{at}");
            let link = found.iter().find(|link| link.name == name).unwrap();
            assert_eq!(link.target, LinkTarget::Soft(format!("/{at}")));
            let value = group.attribute(&format!("name{at}")).unwrap().unwrap();
            assert_eq!(value.read::<i64>().unwrap(), [at]);
        }
        assert!(group.attribute("name12").unwrap().is_none());
        assert!(!group.contains("link12").unwrap());
    }
    let ordered = file.group("ordered").unwrap();
    assert!(ordered.contains("data").unwrap());
    let names = ordered.attribute_names().unwrap();
    // As they were made, which for others is not known.
    let mut expected: Vec<String> = (0..12).map(|at| format!("name{at}")).collect();
    expected.push("huge".to_owned());
    assert_eq!(names, expected);
    let huge = ordered.attribute("huge").unwrap().unwrap();
    assert_eq!(huge.read::<i16>().unwrap(), [0; 2100]);
}

#[cfg(feature = "deflate")]
#[test]
fn the_same_in_parallel() {
    // Large enough for threads.
    let file = open("large");
    let values: Vec<i32> = file.dataset("rows").unwrap().read().unwrap();
    let expected = || (0..1_000_000).map(|at| at / 4000);
    assert!(values.iter().copied().eq(expected()));
    let values: Vec<i32> = file.dataset("blocks").unwrap().read().unwrap();
    assert!(values.iter().copied().eq(expected()));
    let error = file.dataset("damaged").unwrap().tensor().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.to_string().contains("chunk at [500, 0]: "), "{error}");
}

#[test]
fn what_is_not_hdf5_is_named() {
    let check = |bytes: &[u8], message: &str| {
        let error = File::from_bytes(bytes.to_vec(), Limits::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(error.to_string().starts_with(message), "{error}");
        error.hint().is_some()
    };
    assert!(check(b"", "not an HDF5 file: it is an empty file"));
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    assert!(check(pointer, "not an HDF5 file: it is a Git LFS pointer"));
    assert!(check(
        b"<!DOCTYPE html>",
        "not an HDF5 file: it is an HTML page"
    ));
    assert!(!check(
        b"PK\x03\x04",
        "not an HDF5 file: it is a zip archive"
    ));
    assert!(!check(
        b"once upon a time",
        "not an HDF5 file: it begins with `once upo`"
    ));
    let mut cut = fs::read(data("types.h5")).unwrap();
    let length = cut.len();
    cut.truncate(length - 1);
    let (found, expected) = (length - 1, length);
    assert!(check(
        &cut,
        &format!("truncated: {found} bytes, expected {expected}")
    ));
}

/// A user block put in front of a finished file moves everything.
#[test]
fn a_user_block_added_later() {
    let bytes = fs::read(data("types.h5")).unwrap();
    let mut moved = vec![b'#'; 2048];
    moved.extend(&bytes);
    let file = File::from_bytes(bytes, Limits::default()).unwrap();
    let moved = File::from_bytes(moved, Limits::default()).unwrap();
    assert_eq!(tree::tree(&moved).unwrap(), tree::tree(&file).unwrap());
}

fn open(name: &str) -> File {
    File::open(data(&format!("{name}.h5"))).unwrap()
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/hdf5")
        .join(name)
}

/// For `tests/interop/hdf5_read.py`: what is found in every file of the directories that
/// `HORNFELS_CORPUS` and `HORNFELS_HDF5_FILES` name.
#[test]
fn written_for_others() {
    let Some(place) = env::var_os("HORNFELS_WRITTEN") else {
        return;
    };
    let mut out = fs::File::create(Path::new(&place).join("hdf5_read.jsonl")).unwrap();
    for variable in ["HORNFELS_CORPUS", "HORNFELS_HDF5_FILES"] {
        let Some(directory) = env::var_os(variable) else {
            continue;
        };
        for path in files_below(Path::new(&directory)) {
            let found = File::open(&path).and_then(|file| tree::tree(&file));
            let line = match found {
                Ok(tree) => json!({"file": path, "tree": tree}),
                Err(error) => json!({"file": path, "error": error.to_string()}),
            };
            writeln!(out, "{line}").unwrap();
        }
    }
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files_below(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found
}
