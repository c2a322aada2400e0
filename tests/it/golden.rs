//! Files that are the same on every machine, whatever the order of bytes in its words.
//!
//! `tests/data/golden` has what a save gives: whole files where they are small, elsewhere their length
//! and CRC-32. `BLESS=1 cargo test golden` rewrites them after a wanted change.

use std::fs;
use std::path::{Path, PathBuf};

use hornfels::hdf5::Layout;
use hornfels::keras::{Dialect, Model, Network, Object, Variable, json};
use hornfels::tensor::{BF16, Complex, Element, F8E4M3, F8E5M2, F16};
use hornfels::{DType, Limits, LoadOptions, SaveOptions, Tensor, load_model};

const LAYOUTS: [(&str, Layout); 2] = [("classic", Layout::Classic), ("compact", Layout::Compact)];

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/golden")
        .join(name)
}

/// What is in the file, which is `found` if it is to be rewritten.
fn expected(name: &str, found: &[u8]) -> Vec<u8> {
    if std::env::var_os("BLESS").is_some() {
        fs::write(golden(name), found).unwrap();
    }
    fs::read(golden(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn saved(model: &Model<'_>, layout: Layout) -> Vec<u8> {
    SaveOptions::new().layout(layout).to_vec(model).unwrap()
}

/// A tensor of each dtype, made of values whose bytes tell in which order they are.
fn tensors() -> Vec<Tensor<'static>> {
    fn tensor<T: Element>(values: Vec<T>) -> Tensor<'static> {
        let shape = [u64::try_from(values.len()).unwrap()];
        Tensor::from_vec(values, shape).unwrap()
    }
    vec![
        tensor(vec![F8E4M3(0x38), F8E4M3(0x81)]),
        tensor(vec![F8E5M2(0x3c), F8E5M2(0xfb)]),
        tensor(vec![F16(0x3c01), F16(0xfbff)]),
        tensor(vec![BF16(0x3f81), BF16(0xc2f7)]),
        tensor(vec![1.234_567_9_f32, -3.25e-20]),
        tensor(vec![std::f64::consts::PI, -1.5e-300]),
        tensor(vec![1_i8, -128]),
        tensor(vec![0x0102_i16, -2]),
        tensor(vec![0x0102_0304_i32, -2]),
        tensor(vec![0x0102_0304_0506_0708_i64, -2]),
        tensor(vec![1_u8, 0xfe]),
        tensor(vec![0x0102_u16, 0xfffe]),
        tensor(vec![0x0102_0304_u32, 0xffff_fffe]),
        tensor(vec![0x0102_0304_0506_0708_u64, u64::MAX - 1]),
        tensor(vec![true, false]),
        tensor(vec![Complex {
            re: 1.5_f32,
            im: -2.25,
        }]),
        tensor(vec![Complex {
            re: 1e300_f64,
            im: -1e-300,
        }]),
        Tensor::strings(vec![b"grau".to_vec(), "grün".into()], [2]).unwrap(),
    ]
}

fn model() -> Model<'static> {
    let config = r#"{"class_name": "Sequential", "config": {"name": "golden", "layers": [
        {"class_name": "Everything", "config": {"name": "everything", "rate": 0.1, "epsilon": 1e-07}}]}}"#;
    let object = Object::from_json(json::parse(config).unwrap(), Dialect::Keras2).unwrap();
    let mut model = Model::new(Network::from_object(object, &Limits::default()).unwrap());
    let variable = |tensor: Tensor<'static>| Variable {
        path: format!("everything/{}", tensor.dtype()),
        stored_name: None,
        tensor,
    };
    let variables = tensors().into_iter().map(variable).collect();
    model.variables.add_layer("everything", variables).unwrap();
    model
}

/// What a file has of it: `spec/keras_h5.md#element-types` says why bfloat16 is widened.
fn as_stored(tensor: Tensor<'static>) -> Tensor<'static> {
    if tensor.dtype() != DType::BFloat16 {
        return tensor;
    }
    let values = tensor.to_vec::<BF16>().unwrap();
    let widened: Vec<f32> = (values.iter())
        .map(|value| f32::from_bits(u32::from(value.0) << 16))
        .collect();
    Tensor::from_vec(widened, tensor.shape()).unwrap()
}

#[test]
fn each_dtype_is_there() {
    let there: Vec<DType> = tensors().iter().map(Tensor::dtype).collect();
    let mut name = String::new();
    for dtype in &there {
        // `DType` grows without notice; a new one is named in its module, and has its row here.
        name.push_str(dtype.name());
        name.push(' ');
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tensor/dtype.rs");
    let source = fs::read_to_string(source).unwrap();
    let rows = source
        .lines()
        .filter(|line| line.starts_with("    (DType::"));
    assert_eq!(there.len(), rows.count(), "{name}");
}

#[test]
fn a_model_of_each_dtype_has_the_same_bytes_everywhere() {
    let model = model();
    for (name, layout) in LAYOUTS {
        let file = format!("every_dtype.{name}.h5");
        let found = saved(&model, layout);
        assert!(found == expected(&file, &found), "{file} differs");
        let loaded = LoadOptions::new().load(golden(&file)).unwrap();
        let layer = loaded.get_layer("everything").unwrap();
        for tensor in tensors() {
            let stored = layer.variable(tensor.dtype().name()).unwrap();
            assert_eq!(*stored, as_stored(tensor), "{file}");
        }
        // Not only equal as bytes, which both may have in a wrong order.
        let stored = layer.variable("int32").unwrap();
        assert_eq!(*stored.view::<i32>().unwrap(), [0x0102_0304, -2]);
        let stored = layer.variable("float64").unwrap();
        let values = stored.view::<f64>().unwrap();
        assert_eq!(*values, [std::f64::consts::PI, -1.5e-300]);
    }
}

#[test]
fn a_trained_model_has_the_same_bytes_everywhere() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/early_warning.h5");
    let model = load_model(source).unwrap();
    let mut found = String::new();
    for (name, layout) in LAYOUTS {
        let bytes = saved(&model, layout);
        let (len, crc) = (bytes.len(), crc32fast::hash(&bytes));
        found += &format!("early_warning.{name}.h5 {len} {crc:08x}\n");
    }
    let expected = String::from_utf8(expected("checksums.txt", found.as_bytes())).unwrap();
    assert_eq!(found, expected);
}
