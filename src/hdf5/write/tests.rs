//! Small files byte by byte; the sizes at which structures change; what is refused.

use super::{Layout, Tree, Value, WriteOptions};
use crate::error::ErrorKind;
use crate::hdf5::datatype::{Array, Compound, Enumeration, Integer, Member};
use crate::hdf5::{Charset, Datatype, File, LinkTarget};
use crate::limits::Limits;
use crate::tensor::Tensor;

const LAYOUTS: [Layout; 2] = [Layout::Classic, Layout::Compact];

fn options(layout: Layout) -> WriteOptions {
    WriteOptions {
        layout,
        ..WriteOptions::default()
    }
}

fn reopen(bytes: Vec<u8>) -> File {
    File::from_bytes(bytes, Limits::default()).unwrap()
}

/// Compares field by field, so that a failure names the field.
#[track_caller]
fn check(file: &[u8], fields: &[(&str, &[u8])]) {
    let mut at = 0;
    for (name, expected) in fields {
        let found = &file[at..at + expected.len()];
        assert_eq!(found, *expected, "{name} at {at:#x}");
        at += expected.len();
    }
    assert_eq!(file.len(), at);
}

const UNDEFINED: [u8; 8] = [0xff; 8];

#[test]
fn an_empty_classic_file() {
    let file = Tree::new().to_vec(&options(Layout::Classic)).unwrap();
    check(
        &file,
        &[
            ("signature", b"\x89HDF\r\n\x1a\n"),
            ("versions", &[0; 5]),
            ("widths of offsets and lengths", &[8, 8, 0]),
            ("leaf and internal K", &[4, 0, 16, 0]),
            ("flags", &[0; 4]),
            ("base", &[0; 8]),
            ("free space", &UNDEFINED),
            ("end of file", &720_u64.to_le_bytes()),
            ("driver", &UNDEFINED),
            ("root: name", &[0; 8]),
            ("root: header", &96_u64.to_le_bytes()),
            ("root: cache type", &[1, 0, 0, 0, 0, 0, 0, 0]),
            ("root: B-tree", &136_u64.to_le_bytes()),
            ("root: heap", &680_u64.to_le_bytes()),
            ("header: version, messages", &[1, 0, 1, 0]),
            ("header: references, size", &[1, 0, 0, 0, 24, 0, 0, 0]),
            ("header: padding", &[0; 4]),
            ("message: type, size, flags", &[0x11, 0, 16, 0, 0, 0, 0, 0]),
            ("message: B-tree", &136_u64.to_le_bytes()),
            ("message: heap", &680_u64.to_le_bytes()),
            ("B-tree", b"TREE\0\0\0\0"),
            ("B-tree: left", &UNDEFINED),
            ("B-tree: right", &UNDEFINED),
            ("B-tree: unused", &[0; 520]),
            ("heap", b"HEAP\0\0\0\0"),
            ("heap: size", &8_u64.to_le_bytes()),
            ("heap: no free block", &1_u64.to_le_bytes()),
            ("heap: names", &712_u64.to_le_bytes()),
            ("the empty name", &[0; 8]),
        ],
    );
}

fn compact_file_with_a_dataset() -> Vec<u8> {
    let mut tree = Tree::new();
    let tensor = Tensor::from_vec(vec![1.0_f32, -2.0], [2]).unwrap();
    let mut root = tree.root();
    let mut dataset = root.dataset("d", tensor).unwrap();
    dataset.attribute("n", 7_u8).unwrap();
    tree.to_vec(&options(Layout::Compact)).unwrap()
}

#[test]
fn a_compact_group() {
    let file = compact_file_with_a_dataset();
    let sum = |range: std::ops::Range<usize>| crate::checksum::lookup3(&file[range]).to_le_bytes();
    check(
        &file[..104],
        &[
            ("signature", b"\x89HDF\r\n\x1a\n"),
            ("version, widths, flags", &[2, 8, 8, 0]),
            ("base", &[0; 8]),
            ("extension", &UNDEFINED),
            ("end of file", &4104_u64.to_le_bytes()),
            ("root", &48_u64.to_le_bytes()),
            ("checksum", &sum(0..44)),
            ("root header: flags, size", b"OHDR\x02\0\x2c"),
            ("link info: type, size, flags", &[2, 18, 0, 0]),
            ("link info", &[0, 0]),
            ("link info: heap, names", &[0xff; 16]),
            (
                "group info, with its type, size, flags",
                &[10, 2, 0, 1, 0, 0],
            ),
            ("link: type, size, flags", &[6, 12, 0, 0]),
            ("link: version, flags, length, name", &[1, 0, 1, b'd']),
            ("link: header", &104_u64.to_le_bytes()),
            ("checksum", &sum(48..99)),
            ("to a multiple of eight", &[0; 1]),
        ],
    );
}

#[test]
fn a_compact_dataset() {
    let file = compact_file_with_a_dataset();
    let sum = crate::checksum::lookup3(&file[104..233]).to_le_bytes();
    check(
        &file[104..],
        &[
            ("dataset header: flags, size", b"OHDR\x02\0\x7a"),
            ("dataspace: type, size, flags", &[1, 12, 0, 0]),
            ("dataspace: version, rank, flags, kind", &[2, 1, 0, 1]),
            ("dataspace: size", &2_u64.to_le_bytes()),
            ("datatype: type, size, flags", &[3, 20, 0, 1]),
            (
                "datatype: class, bits, size",
                &[0x31, 0x20, 31, 0, 4, 0, 0, 0],
            ),
            ("datatype: offset, precision", &[0, 0, 32, 0]),
            ("datatype: exponent, mantissa", &[23, 8, 0, 23]),
            ("datatype: bias", &127_u32.to_le_bytes()),
            (
                "fill value, with its type, size, flags",
                &[5, 2, 0, 1, 3, 0x0a],
            ),
            ("layout: type, size, flags", &[8, 18, 0, 0]),
            ("layout: version, class", &[3, 1]),
            ("layout: address", &4096_u64.to_le_bytes()),
            ("layout: length", &8_u64.to_le_bytes()),
            ("attribute info: type, size, flags", &[21, 18, 0, 4]),
            ("attribute info", &[0, 0]),
            ("attribute info: heap, names", &[0xff; 16]),
            ("attribute: type, size, flags", &[12, 28, 0, 0]),
            ("attribute: version, flags", &[3, 0]),
            ("attribute: lengths", &[2, 0, 12, 0, 4, 0]),
            ("attribute: character set, name", b"\0n\0"),
            ("attribute: class, bits, size", &[0x30, 0, 0, 0, 1, 0, 0, 0]),
            ("attribute: offset, precision", &[0, 0, 8, 0]),
            ("attribute: scalar", &[2, 0, 0, 0]),
            ("attribute: element", &[7]),
            ("checksum", &sum),
            ("to a multiple of eight", &[0; 3]),
            ("to the next page", &[0; 3856]),
            ("elements", &[0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]),
        ],
    );
}

/// The level of the root group's B-tree.
fn height(file: &[u8]) -> u8 {
    let tree = u64::from_le_bytes(file[120..128].try_into().unwrap());
    let tree = usize::try_from(tree).unwrap();
    assert_eq!(&file[tree..tree + 4], b"TREE");
    file[tree + 5]
}

#[test]
fn groups_of_every_height() {
    let heights = [
        (0, 0),
        (1, 0),
        (8, 0),
        (9, 0),
        (256, 0),
        (257, 1),
        (8192, 1),
        (8193, 2),
    ];
    for (count, expected) in heights {
        let mut tree = Tree::new();
        let mut root = tree.root();
        for number in 0..count {
            root.soft_link(&number.to_string(), &format!("to {number}"))
                .unwrap();
        }
        for layout in LAYOUTS {
            let file = tree.clone().to_vec(&options(layout)).unwrap();
            if layout == Layout::Classic {
                assert_eq!(height(&file), expected, "{count} links");
            }
            let root = reopen(file).root();
            let links = root.links().unwrap();
            assert_eq!(links.len(), count);
            for link in links {
                let target = format!("to {}", link.name);
                assert_eq!(link.target, LinkTarget::Soft(target));
            }
            assert!(!root.contains("/none").unwrap());
        }
    }
}

/// An attribute of one byte's name and `length` bytes.
fn with_attribute(layout: Layout, length: usize) -> crate::Result<Vec<u8>> {
    let mut tree = Tree::new();
    let tensor = Tensor::from_vec(vec![1_u8; length], [u64::try_from(length).unwrap()]);
    tree.root().attribute("a", tensor?)?;
    tree.to_vec(&options(layout))
}

#[test]
fn attributes_have_a_largest_size() {
    for (layout, most) in [(Layout::Classic, 65_480), (Layout::Compact, 65_500)] {
        let root = reopen(with_attribute(layout, most).unwrap()).root();
        let found = root.attribute("a").unwrap().unwrap();
        assert_eq!(found.read::<u8>().unwrap(), vec![1; most]);
        for length in [most + 1, 1 << 20] {
            let error = with_attribute(layout, length).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            let text = error.to_string();
            assert!(text.starts_with("`/`: attribute `a` takes "), "{text}");
            assert!(error.hint().unwrap().contains("split it"), "{error}");
        }
    }
}

#[test]
fn long_names() {
    let name = "n".repeat(70_000);
    let mut tree = Tree::new();
    tree.root().group(&name).unwrap();
    let file = tree.clone().to_vec(&options(Layout::Classic)).unwrap();
    assert!(reopen(file).root().contains(&name).unwrap());
    let error = tree.to_vec(&options(Layout::Compact)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.message().starts_with("link `nnn"), "{error}");
    assert!(error.message().len() < 200, "{error}");
}

#[test]
fn what_is_there_is_not_added_again() {
    let mut tree = Tree::new();
    let mut root = tree.root();
    root.dataset("g/d", 1_u8).unwrap();
    root.soft_link("g/s", "d").unwrap();
    root.attribute("a", 1_u8).unwrap();
    let results = [
        root.dataset("g/d", 2_u8).map(drop),
        root.dataset("g", 2_u8).map(drop),
        root.dataset("g/s", 2_u8).map(drop),
        root.soft_link("g/d", "x"),
        root.group("g/d").map(drop),
        root.group("g/s/below").map(drop),
        root.dataset("g/d/below", 2_u8).map(drop),
        root.attribute("a", 2_u8),
        root.attribute_of("", "a", 2_u8),
    ];
    for (number, result) in results.into_iter().enumerate() {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{number}: {error}");
    }
    let file = reopen(tree.to_vec(&WriteOptions::default()).unwrap());
    assert_eq!(file.dataset("g/d").unwrap().read::<u8>().unwrap(), [1]);
}

#[test]
fn names_that_no_path_could_find_are_refused() {
    let mut tree = Tree::new();
    let mut root = tree.root();
    for path in ["", "/", "a//b", "a/", ".", "a/..", "../a", "nul\0", "a/./b"] {
        let error = root.dataset(path, 1_u8).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{path:?}");
    }
    for name in ["", "nul\0"] {
        let error = root.attribute(name, 1_u8).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{name:?}");
    }
    let error = root.attribute_of("none", "a", 1_u8).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    for target in ["", "nul\0"] {
        assert!(root.soft_link("link", target).is_err());
    }
    let file = reopen(tree.to_vec(&WriteOptions::default()).unwrap());
    assert_eq!(
        file.root().links().unwrap(),
        [],
        "a failure leaves no trace"
    );
}

#[test]
fn values_that_no_file_can_hold_are_refused() {
    let byte = || Datatype::Integer(Integer::unsigned(1));
    let compound = |offset, name: &str| {
        Datatype::Compound(Compound {
            size: 1,
            members: vec![Member {
                name: name.to_owned(),
                offset,
                datatype: byte(),
            }],
        })
    };
    let opaque = |tag: usize| Datatype::Opaque {
        size: 1,
        tag: vec![b't'; tag],
    };
    let check = |datatype: Datatype, allowed: bool| {
        let mut tree = Tree::new();
        let text = datatype.to_string();
        let added = tree
            .root()
            .dataset("below/d", Value::null(datatype))
            .is_ok();
        assert_eq!(added, allowed, "{text}");
        assert_eq!(tree.root().contains("below"), allowed, "{text}");
    };
    check(compound(0, "m"), true);
    check(compound(1, "m"), false);
    check(compound(0, "m\0"), false);
    check(opaque(248), true);
    check(opaque(249), false);
    check(Datatype::fixed_string(0, Charset::Ascii), false);
    let array = |dims: &[u32]| {
        Datatype::Array(Array {
            dims: dims.to_vec(),
            base: Box::new(byte()),
        })
    };
    check(array(&[2, 3]), true);
    check(array(&[2, 0]), false);
    let members = |count: usize| {
        Datatype::Enumeration(Enumeration {
            base: Box::new(byte()),
            members: vec![("twelve bytes".to_owned(), vec![0]); count],
        })
    };
    check(members(100), true);
    check(members(10_000), false);
}

#[test]
fn other_values_that_are_refused() {
    let mut tree = Tree::new();
    let deep = Tensor::zeros(crate::tensor::DType::Int8, [1; 33]).unwrap();
    let error = tree.root().dataset("d", deep).unwrap_err();
    assert!(error.message().starts_with("33 dimensions"), "{error}");
    let error = tree.root().attribute("a", "nul\0inside").unwrap_err();
    assert!(error.hint().unwrap().contains("fixed length"));
    assert!(Value::fixed_string("ends in nul\0").is_err());
    for alignment in [0, (1 << 30) + 1] {
        let options = WriteOptions {
            alignment,
            ..WriteOptions::default()
        };
        let error = Tree::new().to_vec(&options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
}

#[test]
fn strings_of_every_width() {
    let wide = ["", "x", "zwölf", &"w".repeat(60_000), &"w".repeat(70_000)];
    let many: Vec<String> = (0..70_000)
        .map(|number| (number % 100).to_string())
        .collect();
    for layout in LAYOUTS {
        let mut tree = Tree::new();
        let mut root = tree.root();
        let value = Value::variable_strings(wide);
        root.attribute("variable", value.clone()).unwrap();
        root.dataset("variable", value).unwrap();
        let fixed = Value::fixed_strings(&wide[..3]).unwrap();
        root.attribute("fixed", fixed).unwrap();
        let value = Value::variable_strings(many.iter().map(String::as_str));
        root.dataset("many", value).unwrap();
        let file = reopen(tree.to_vec(&options(layout)).unwrap());
        let wide = wide.map(|string| string.as_bytes().to_vec());
        assert_eq!(file.dataset("variable").unwrap().strings().unwrap(), wide);
        let attribute = |name| file.root().attribute(name).unwrap().unwrap();
        assert_eq!(attribute("variable").strings().unwrap(), wide);
        assert_eq!(attribute("fixed").strings().unwrap(), wide[..3]);
        let found = file.dataset("many").unwrap().strings().unwrap();
        assert!(found.iter().eq(many.iter().map(|string| string.as_bytes())));
    }
}

/// For C programs a reference without an address is no string at all.
#[test]
fn an_empty_string_is_an_object_of_the_heap() {
    let mut tree = Tree::new();
    tree.root().dataset("d", "").unwrap();
    let file = reopen(tree.to_vec(&WriteOptions::default()).unwrap());
    let stored = file.dataset("d").unwrap().bytes().unwrap();
    let (length, address) = (&stored[..4], &stored[4..12]);
    assert_eq!((length, &stored[12..]), (&[0; 4][..], &[1, 0, 0, 0][..]));
    assert_ne!(address, [0; 8]);
    assert_eq!(file.dataset("d").unwrap().strings().unwrap(), [b""]);
}
