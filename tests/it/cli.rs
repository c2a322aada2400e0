//! The command line tool, case by case: `tests/cli/*.cmd`.
//!
//! The first line of such a file is a command for `sh`; then comes `exit: N`. What it prints is in
//! `.stdout` and `.stderr` beside it, or nothing. `BLESS=1 cargo test cli` rewrites all three. Each
//! case runs in a directory of its own that holds the HDF5 files and bundles of `tests/data` and those
//! of `made`.
//!
//! Where the tool is built for another machine, `HORNFELS_RUNNER` is the command that runs it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hornfels::hdf5::{Tree, Value, WriteOptions};
use hornfels::{Tensor, WeightsLayout};

/// What a command did.
#[derive(Debug, PartialEq)]
struct Outcome {
    exit: Option<i32>,
    stdout: String,
    stderr: String,
}

#[test]
fn commands_print_what_their_cases_say() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let (command, expected) = read(&case);
        let found = run(&command);
        if found == expected {
            continue;
        }
        if bless {
            write(&case, &command, &found);
        } else {
            wrong.push(format!(
                "{}: {command}\nexpected {expected:#?}\nfound {found:#?}",
                case.display()
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nBLESS=1 accepts what was found",
        wrong.join("\n\n")
    );
}

#[test]
fn every_expectation_has_its_command() {
    let mut names: Vec<PathBuf> = entries();
    names.retain(|path| !path.with_extension("cmd").is_file());
    assert!(names.is_empty(), "{names:#?}");
}

fn entries() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

fn cases() -> Vec<PathBuf> {
    let mut paths = entries();
    paths.retain(|path| path.extension().is_some_and(|suffix| suffix == "cmd"));
    assert!(paths.len() > 10, "only {} cases", paths.len());
    paths
}

fn read(case: &Path) -> (String, Outcome) {
    let text = fs::read_to_string(case).unwrap();
    let mut lines = text.lines();
    let command = lines.next().unwrap().to_owned();
    let exit = lines
        .find_map(|line| line.strip_prefix("exit: "))
        .map(|code| code.parse().unwrap());
    let stdout = fs::read_to_string(case.with_extension("stdout")).unwrap_or_default();
    let stderr = fs::read_to_string(case.with_extension("stderr")).unwrap_or_default();
    (
        command,
        Outcome {
            exit,
            stdout,
            stderr,
        },
    )
}

fn write(case: &Path, command: &str, found: &Outcome) {
    let exit = found.exit.expect("ended by a signal");
    fs::write(case, format!("{command}\nexit: {exit}\n")).unwrap();
    for (suffix, text) in [("stdout", &found.stdout), ("stderr", &found.stderr)] {
        let path = case.with_extension(suffix);
        if text.is_empty() {
            let _ = fs::remove_file(path);
        } else {
            fs::write(path, text).unwrap();
        }
    }
}

fn run(command: &str) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let tools = tempfile::tempdir().unwrap();
    install(&tools.path().join("hornfels"));
    copy_data(directory.path());
    made(directory.path());
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", tools.path().display());
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(directory.path())
        .env_clear()
        .env("PATH", path)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Outcome {
        exit: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Puts the tool under its own name where `PATH` finds it.
fn install(path: &Path) {
    let binary = env!("CARGO_BIN_EXE_hornfels");
    match std::env::var("HORNFELS_RUNNER") {
        Ok(runner) if !runner.is_empty() => {
            fs::write(path, format!("#!/bin/sh\nexec {runner} {binary} \"$@\"\n")).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        _ => symlink(binary, path).unwrap(),
    }
}

fn copy_data(to: &Path) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for directory in [data.join("hdf5"), data.clone()] {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|suffix| suffix == "h5") {
                fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    fs::create_dir(to.join("bundle")).unwrap();
    for entry in fs::read_dir(data.join("bundle")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join("bundle").join(path.file_name().unwrap())).unwrap();
    }
}

/// Small files that no Keras wrote.
fn made(to: &Path) {
    fs::write(to.join("kinds.h5"), kinds()).unwrap();
    fs::write(to.join("hostile.h5"), hostile()).unwrap();
    fs::write(to.join("broken.h5"), broken()).unwrap();
    fs::write(
        to.join("page.h5"),
        "<!DOCTYPE html><html><body>Not found</body></html>\n",
    )
    .unwrap();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 121640\n";
    fs::write(to.join("pointer.h5"), pointer).unwrap();
    fs::write(to.join("empty.h5"), "").unwrap();
    fs::write(to.join("ancient.h5"), ancient()).unwrap();
    fs::write(to.join("weights.h5"), weights(WeightsLayout::Layers)).unwrap();
    let by_object = weights(WeightsLayout::Objects);
    fs::write(to.join("by_object.h5"), by_object).unwrap();
    fs::write(to.join("message.h5"), "404: Not Found\n").unwrap();
    fs::write(to.join("image.h5"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").unwrap();
    fs::write(to.join("pickle.h5"), b"\x80\x04\x95\x10\0\0\0\0\0\0\0.").unwrap();
    fs::write(to.join("packed.h5"), b"\x1f\x8b\x08\0\0\0\0\0").unwrap();
    let archive = ["metadata.json", "config.json", "model.weights.h5"];
    fs::write(to.join("archive.h5"), zip(&archive)).unwrap();
    fs::write(to.join("arrays.h5"), zip(&["kernel.npy", "bias.npy"])).unwrap();
}

/// The beginning of an archive, and the names in its directory.
fn zip(names: &[&str]) -> Vec<u8> {
    let mut bytes = b"PK\x03\x04".to_vec();
    for name in names {
        let mut entry = [0; 46];
        entry[..4].copy_from_slice(b"PK\x01\x02");
        entry[28] = u8::try_from(name.len()).unwrap();
        bytes.extend(entry);
        bytes.extend(name.as_bytes());
    }
    bytes
}

/// One dataset of every sort that `get` prints in its own way.
fn kinds() -> Vec<u8> {
    let floats = [0.1_f32, -2.5, 1e-7, f32::NAN, f32::INFINITY, 3.0];
    let long: Vec<i32> = (0..5000).collect();
    let mut tree = Tree::new();
    let mut root = tree.root();
    root.dataset("floats", Tensor::from_vec(floats.to_vec(), [2, 3]).unwrap())
        .unwrap();
    root.dataset("long", Tensor::from_vec(long, [50, 100]).unwrap())
        .unwrap();
    root.dataset("flags", Tensor::from_vec(vec![true, false], [2]).unwrap())
        .unwrap();
    root.dataset("scalar", Tensor::scalar(7_u8)).unwrap();
    root.dataset(
        "nothing",
        Tensor::from_vec(Vec::<f64>::new(), [0, 3]).unwrap(),
    )
    .unwrap();
    let words = vec![b"one".to_vec(), b"".to_vec(), b"three".to_vec()];
    root.dataset("a/b/words", Tensor::strings(words, [3]).unwrap())
        .unwrap();
    root.soft_link("shortcut", "/a/b").unwrap();
    root.attribute("note", "two\nlines").unwrap();
    root.attribute("odd@name", 1.5_f64).unwrap();
    tree.to_vec(&WriteOptions::default()).unwrap()
}

/// A model of Keras 1.2.2, trained with Theano.
fn ancient() -> Vec<u8> {
    let config = r#"{"class_name": "Sequential", "config": [
        {"class_name": "Convolution2D", "config": {"name": "convolution2d_1", "batch_input_shape": [null, 4, 4, 1],
         "input_dtype": "float32", "nb_filter": 2, "nb_row": 2, "nb_col": 2, "border_mode": "valid", "subsample": [1, 1],
         "dim_ordering": "tf", "init": "glorot_uniform", "activation": "relu", "bias": true}},
        {"class_name": "Flatten", "config": {"name": "flatten_1"}},
        {"class_name": "Dense", "config": {"name": "dense_1", "output_dim": 1, "bias": false, "activation": "linear"}}]}"#;
    let counted = |shape: &[u64]| {
        let count = shape.iter().product::<u64>();
        let values = (0..u8::try_from(count).unwrap()).map(f32::from);
        let values = values.collect();
        Tensor::from_vec(values, shape).unwrap()
    };
    let mut tree = Tree::new();
    let mut root = tree.root();
    root.attribute("keras_version", "1.2.2").unwrap();
    root.attribute("model_config", config).unwrap();
    let mut all = root.group("model_weights").unwrap();
    let listed = ["convolution2d_1", "flatten_1", "dense_1"];
    let names = |names: &[&str]| Value::fixed_strings(names).unwrap();
    all.attribute("layer_names", names(&listed)).unwrap();
    let mut layer = all.group("convolution2d_1").unwrap();
    let (kernel, bias) = ("convolution2d_1_W", "convolution2d_1_b");
    layer
        .attribute("weight_names", names(&[kernel, bias]))
        .unwrap();
    layer.dataset(kernel, counted(&[2, 2, 1, 2])).unwrap();
    layer.dataset(bias, counted(&[2])).unwrap();
    all.group("flatten_1").unwrap();
    let mut layer = all.group("dense_1").unwrap();
    layer
        .attribute("weight_names", names(&["dense_1_W"]))
        .unwrap();
    layer.dataset("dense_1_W", counted(&[18, 1])).unwrap();
    tree.to_vec(&WriteOptions::default()).unwrap()
}

/// Weights without a config.
fn weights(layout: WeightsLayout) -> Vec<u8> {
    let model = hornfels::load_model("tests/data/early_warning.h5").unwrap();
    let mut tree = Tree::new();
    let options = hornfels::SaveOptions::new().weights_layout(layout);
    hornfels::keras_h5::save_weights_into(&model, &mut tree.root(), &options).unwrap();
    tree.to_vec(&WriteOptions::default()).unwrap()
}

/// Names that would move the cursor, forge a line, or show themselves backwards.
fn hostile() -> Vec<u8> {
    let mut tree = Tree::new();
    let mut root = tree.root();
    root.dataset("\u{1b}[2J\u{1b}[31mred", Tensor::scalar(1_i32))
        .unwrap();
    root.dataset("line\nerror: forged", Tensor::scalar(2_i32))
        .unwrap();
    root.dataset("kernel\u{202e}5h.", Tensor::scalar(3_i32))
        .unwrap();
    root.attribute("\u{7}bell", "\u{1b}]0;title\u{7}").unwrap();
    tree.to_vec(&WriteOptions::default()).unwrap()
}

/// A file in which one dataset's dataspace has a version that there is not.
fn broken() -> Vec<u8> {
    let mut tree = Tree::new();
    let mut root = tree.root();
    root.dataset("good", Tensor::scalar(1_i32)).unwrap();
    root.dataset("rotten", Tensor::from_vec(vec![1_u8; 777], [777]).unwrap())
        .unwrap();
    let mut bytes = tree.to_vec(&WriteOptions::default()).unwrap();
    // Version, rank, flags and five reserved bytes come before the size.
    let size = 777_u64.to_le_bytes();
    let at = bytes.windows(8).position(|window| window == size).unwrap();
    bytes[at - 8] = 9;
    bytes
}
