//! HDF5 files for `tests/interop/hdf5_written.py`, where `HORNFELS_WRITTEN` names a directory, each
//! with a list of what was put into it: no reader of ours has a part in that.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use hornfels::hdf5::{Charset, Datatype, Layout, Tree, Value, WriteOptions};
use hornfels::tensor::{Complex, F16};
use hornfels::{DType, Tensor};
use serde_json::{Map, Value as Json, json};

use crate::hdf5_read::tree::checksum;

const LAYOUTS: [(&str, Layout); 2] = [("classic", Layout::Classic), ("compact", Layout::Compact)];

/// A tree, and what `_tree.py` is to find in it.
struct Both {
    tree: Tree<'static>,
    expected: Map<String, Json>,
}

impl Both {
    fn new() -> Self {
        let expected = Map::from_iter([("/".to_owned(), group())]);
        Both {
            tree: Tree::new(),
            expected,
        }
    }

    fn group(&mut self, path: &str) {
        self.tree.root().group(path).unwrap();
        self.expect_groups(path);
    }

    /// The groups on the way to a path exist, too.
    fn expect_groups(&mut self, path: &str) {
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1);
        for end in ends.chain([path.len()]) {
            let at = path.get(..end).unwrap().to_owned();
            self.expected.entry(at).or_insert_with(group);
        }
    }

    fn dataset(&mut self, path: &str, tensor: Tensor<'static>) {
        let described = describe(&tensor);
        self.dataset_of(path, tensor, described);
    }

    fn dataset_of(
        &mut self,
        path: &str,
        value: impl Into<Value<'static>>,
        mut described: Map<String, Json>,
    ) {
        self.tree.root().dataset(path, value).unwrap();
        self.expect_groups(path.rsplit_once('/').unwrap().0);
        self.expected.remove("");
        described.insert("kind".to_owned(), json!("dataset"));
        described.insert("attributes".to_owned(), json!({}));
        self.expected.insert(path.to_owned(), described.into());
    }

    fn soft_link(&mut self, path: &str, target: &str) {
        self.tree.root().soft_link(path, target).unwrap();
        let described = json!({"kind": "soft", "target": target});
        self.expected.insert(path.to_owned(), described);
    }

    fn attribute(&mut self, path: &str, name: &str, tensor: Tensor<'static>) {
        let described = describe(&tensor);
        self.attribute_of(path, name, tensor, described);
    }

    fn attribute_of(
        &mut self,
        path: &str,
        name: &str,
        value: impl Into<Value<'static>>,
        described: Map<String, Json>,
    ) {
        self.tree.root().attribute_of(path, name, value).unwrap();
        self.expected[path]["attributes"][name] = described.into();
    }

    fn save(self, place: &Path, name: &str) {
        for (layout_name, layout) in LAYOUTS {
            let options = WriteOptions {
                layout,
                ..WriteOptions::default()
            };
            let path = place.join(format!("{name}.{layout_name}.h5"));
            self.tree.clone().save(path, &options).unwrap();
        }
        let expected = serde_json::to_vec(&self.expected).unwrap();
        fs::write(place.join(format!("{name}.json")), expected).unwrap();
    }
}

fn group() -> Json {
    json!({"kind": "group", "attributes": {}})
}

fn describe(tensor: &Tensor<'_>) -> Map<String, Json> {
    let described = json!({
        "dtype": tensor.dtype().name(),
        "shape": tensor.shape(),
        "crc": checksum(tensor),
    });
    described.as_object().unwrap().clone()
}

fn words(words: &[&str], shape: &[u64]) -> Tensor<'static> {
    let words = words.iter().map(|word| word.as_bytes().to_vec());
    Tensor::strings(words.collect(), shape).unwrap()
}

/// A tensor of `dtype` with no two elements alike, as far as that goes.
fn numbers(dtype: DType, shape: &[u64]) -> Tensor<'static> {
    let count: u64 = shape.iter().product();
    let size = dtype.size().unwrap();
    let bytes = (0..usize::try_from(count).unwrap()).flat_map(|index| {
        let mut element = vec![0_u8; size];
        match dtype {
            DType::Bool => element[0] = u8::from(index % 3 == 1),
            // Exponents that are no NaN.
            _ => {
                for (at, byte) in element.iter_mut().enumerate() {
                    *byte = u8::try_from((index * 7 + at * 3) % 60).unwrap();
                }
            }
        }
        element
    });
    Tensor::from_shared(dtype, shape, bytes.collect::<Vec<u8>>().into()).unwrap()
}

const DTYPES: [DType; 14] = [
    DType::Float16,
    DType::Float32,
    DType::Float64,
    DType::Int8,
    DType::Int16,
    DType::Int32,
    DType::Int64,
    DType::UInt8,
    DType::UInt16,
    DType::UInt32,
    DType::UInt64,
    DType::Bool,
    DType::Complex64,
    DType::Complex128,
];

/// Every dtype in every kind of shape, as datasets and as attributes; strings of both kinds.
fn types() -> Both {
    let mut both = Both::new();
    let shapes: [(&str, &[u64]); 5] = [
        ("scalar", &[]),
        ("list", &[5]),
        ("block", &[2, 3, 4]),
        ("none", &[0]),
        ("zero length", &[3, 0, 2]),
    ];
    for dtype in DTYPES {
        let parent = format!("/numbers/{dtype}");
        both.group(&parent);
        for (name, shape) in shapes {
            both.dataset(&format!("{parent}/{name}"), numbers(dtype, shape));
            both.attribute(&parent, name, numbers(dtype, shape));
        }
    }
    both.dataset("/rank 32", numbers(DType::Float32, &[1; 32]));
    both.dataset("/limits/u64", Tensor::scalar(u64::MAX));
    both.dataset("/limits/i64", Tensor::scalar(i64::MIN));
    let special = vec![F16::from_f32(f32::INFINITY), F16::from_f32(-0.0)];
    both.dataset("/limits/f16", Tensor::from_vec(special, [2]).unwrap());
    let special = vec![Complex {
        re: f32::NEG_INFINITY,
        im: 5e-45,
    }];
    both.dataset("/limits/c64", Tensor::from_vec(special, [1]).unwrap());
    strings(&mut both);
    empty(&mut both);
    // What NumPy has no name for is read as wider numbers; the script knows these.
    for dtype in [DType::BFloat16, DType::Float8E4M3, DType::Float8E5M2] {
        let bytes = match dtype {
            DType::BFloat16 => vec![0x80, 0x3f, 0x00, 0xc0, 0x00, 0x3f],
            DType::Float8E4M3 => vec![0x38, 0xc0, 0x30],
            _ => vec![0x3c, 0xc0, 0x38],
        };
        let tensor = Tensor::from_shared(dtype, [3], bytes.into()).unwrap();
        both.dataset(&format!("/wider/{dtype}"), tensor);
    }
    both
}

fn strings(both: &mut Both) {
    let some = ["one", "", "drei", "четыре", "a rather longer one"];
    both.dataset("/strings/variable", words(&some, &[5]));
    both.dataset("/strings/variable scalar", words(&["text"], &[]));
    both.attribute("/strings", "variable", words(&some, &[5]));
    both.attribute("/strings", "variable block", words(&some[..4], &[2, 2]));
    both.attribute("/strings", "variable scalar", words(&["größer"], &[]));
    both.attribute("/strings", "empty", words(&[""], &[]));
    both.attribute("/strings", "long", words(&[&"l".repeat(100_000)], &[]));
    let fixed = Value::fixed_strings(some).unwrap();
    let tensor = words(&some, &[5]);
    both.dataset_of("/strings/fixed", fixed.clone(), describe(&tensor));
    both.attribute_of("/strings", "fixed", fixed, describe(&tensor));
    let scalar = Value::fixed_string("ascii").unwrap();
    let tensor = words(&["ascii"], &[]);
    both.attribute_of("/strings", "fixed scalar", scalar, describe(&tensor));
    let declared = Value::fixed_string("utf-8").unwrap();
    let declared = declared.with_charset(Charset::Utf8);
    let tensor = words(&["utf-8"], &[]);
    both.attribute_of("/strings", "fixed utf-8", declared, describe(&tensor));
    // As many as Keras puts into one attribute; a longer list goes into several.
    for part in 0..3 {
        let names: Vec<String> = (0..4032).map(|i| format!("layer_{part}_{i:08}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let value = Value::fixed_strings(&names).unwrap();
        let name = format!("layer_names{part}");
        let tensor = words(&names, &[4032]);
        both.attribute_of("/strings", &name, value, describe(&tensor));
    }
}

/// What exists and holds nothing.
fn empty(both: &mut Both) {
    let nothing = |name: &str| {
        let described = json!({"dtype": name, "shape": null});
        described.as_object().unwrap().clone()
    };
    let number = || Value::null(Datatype::of(DType::Float32));
    let text = || Value::null(Datatype::variable_string(Charset::Utf8));
    both.dataset_of("/empty/number", number(), nothing("float32"));
    both.dataset_of("/empty/text", text(), nothing("string"));
    both.attribute_of("/empty", "number", number(), nothing("float32"));
    both.attribute_of("/empty", "text", text(), nothing("string"));
}

/// Groups of every size at which a structure changes, links of every kind.
fn links() -> Both {
    let mut both = Both::new();
    for count in [0, 1, 8, 9, 256, 257_u32] {
        let parent = format!("/links/{count}");
        both.group(&parent);
        for number in 0..count {
            both.dataset(&format!("{parent}/{number}"), Tensor::scalar(number));
        }
    }
    // More than a B-tree of two levels holds; soft links, so that readers are done in seconds.
    both.group("/links/8193");
    for number in 0..8193 {
        both.soft_link(&format!("/links/8193/{number}"), "/links/1/0");
    }
    let deep = "/deep".repeat(40);
    both.dataset(&format!("{deep}/data"), numbers(DType::Int16, &[3]));
    both.group("/names");
    for name in ["with space", "größe", "a.b:0", "日本語", "..."] {
        both.dataset(&format!("/names/{name}"), Tensor::scalar(1_u8));
    }
    both.group("/soft");
    both.soft_link("/soft/absolute", "/names/a.b:0");
    both.soft_link("/soft/relative", "absolute");
    both.soft_link("/soft/group", "/names");
    both.soft_link("/soft/dangling", "/nowhere");
    for number in 0..300 {
        both.soft_link(
            &format!("/soft/to {number}"),
            &format!("/links/257/{number}"),
        );
    }
    // Enough attributes that other writers would store them elsewhere.
    for number in 0..40 {
        both.attribute(
            "/names",
            &format!("attribute {number}"),
            Tensor::scalar(number),
        );
    }
    both
}

#[test]
fn written_for_others_types() {
    if let Some(place) = env::var_os("HORNFELS_WRITTEN") {
        types().save(&PathBuf::from(place), "types");
    }
}

#[test]
fn written_for_others_links() {
    if let Some(place) = env::var_os("HORNFELS_WRITTEN") {
        links().save(&PathBuf::from(place), "links");
    }
}
