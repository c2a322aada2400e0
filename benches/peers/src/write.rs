//! Writing: fresh files, and over old ones.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use hdf5_pure::FileBuilder;
use hornfels::hdf5::{Tree, WriteOptions};
use hornfels::{CommitOptions, Sync};
use rust_hdf5::H5File;
use safetensors::tensor::TensorView;

use crate::Result;
use crate::contest::{Contest, timed};
use crate::python::Python;
use crate::settings::Settings;
use crate::weights::Weights;

pub(crate) fn contests(settings: &Settings) -> Result<()> {
    let weights = Weights::like_a_model(settings.mib)?;
    let title = format!("{} MiB, fresh file", settings.mib);
    fresh(settings, &weights, &title, Goals::LARGE)?;
    over_old_files(settings, &weights)
}

/// What this crate should take at most, relative to each.
pub(crate) struct Goals {
    positioned: Option<f64>,
    rust_hdf5: Option<f64>,
    safetensors: Option<f64>,
    h5py: Option<f64>,
    hdf5_pure: Option<f64>,
}

impl Goals {
    pub(crate) const LARGE: Goals = Goals {
        positioned: Some(0.70),
        rust_hdf5: Some(0.70),
        safetensors: Some(0.70),
        h5py: Some(0.5),
        hdf5_pure: Some(0.2),
    };
    pub(crate) const SMALL: Goals = Goals {
        positioned: None,
        rust_hdf5: None,
        safetensors: None,
        h5py: Some(0.01),
        hdf5_pure: None,
    };
}

/// Everybody writes a file that is not there yet. Nobody flushes.
pub(crate) fn fresh(
    settings: &Settings,
    weights: &Weights,
    title: &str,
    goals: Goals,
) -> Result<()> {
    let directory = settings.directory("write")?;
    let h5py = RefCell::new(Python::h5py()?);
    weights.describe(&directory.join("weights"))?;
    h5py.borrow_mut()
        .ask("weights", &directory.join("weights"), "")?;
    let path = &directory.join("file");
    Contest::new(title)
        .fetching(2 * weights.mib()?)
        .add("hornfels", None, || {
            alone(path, || hornfels(weights, path, Sync::OnReplace))
        })
        .add("positioned writes, one thread", goals.positioned, || {
            alone(path, || positioned(weights, path))
        })
        .add("rust-hdf5", goals.rust_hdf5, || {
            alone(path, || rust_hdf5(weights, path))
        })
        .add("safetensors", goals.safetensors, || {
            alone(path, || safetensors(weights, path))
        })
        .add("h5py", goals.h5py, || {
            let done = h5py.borrow_mut().ask("write", path, "");
            fs::remove_file(path)?;
            Ok(done?.0)
        })
        .add("hdf5-pure", goals.hdf5_pure, || {
            alone(path, || hdf5_pure(weights, path))
        })
        .hold(settings.rounds)
}

/// Files are there already, and on the disk.
fn over_old_files(settings: &Settings, weights: &Weights) -> Result<()> {
    let directory = settings.directory("write")?;
    let (ours, theirs) = (&directory.join("ours"), &directory.join("theirs"));
    Contest::new(format!("{} MiB, over an old file", settings.mib))
        .fetching(2 * settings.mib)
        .add("hornfels, not flushed", None, || {
            settled(ours, || hornfels(weights, ours, Sync::Never))
        })
        .add("safetensors", 0.45, || {
            settled(theirs, || safetensors(weights, theirs))
        })
        .hold(settings.rounds)?;
    Contest::new(format!("{} MiB, over an old file, flushed", settings.mib))
        .fetching(2 * settings.mib)
        .add("hornfels, as it comes", None, || {
            settled(ours, || hornfels(weights, ours, Sync::OnReplace))
        })
        .add("write_all, fsync, rename", 0.75, || {
            settled(theirs, || write_sync_rename(weights, theirs))
        })
        .hold(settings.rounds)
}

/// Times `work`, which makes a file, and removes the file.
pub(crate) fn alone(path: &Path, work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let (time, ()) = timed(work)?;
    fs::remove_file(path)?;
    Ok(time)
}

/// Times `work`, which replaces a file; the old one is on the disk, the new one gets there after.
fn settled(path: &Path, work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let (time, ()) = timed(work)?;
    File::open(path)?.sync_all()?;
    Ok(time)
}

pub(crate) fn hornfels(weights: &Weights, path: &Path, sync: Sync) -> Result<()> {
    let mut tree = Tree::new();
    let mut root = tree.root();
    for group in &weights.groups {
        let mut to = root.group(&group.name)?;
        for (name, tensor) in &group.tensors {
            to.dataset(name, tensor.borrowed())?;
        }
    }
    let options = WriteOptions {
        commit: CommitOptions {
            sync,
            ..CommitOptions::default()
        },
        ..WriteOptions::default()
    };
    Ok(tree.save(path, &options)?)
}

pub(crate) fn positioned(weights: &Weights, path: &Path) -> Result<()> {
    let file = File::create(path)?;
    let mut at = 0;
    for (_, _, tensor) in weights.each() {
        file.write_all_at(tensor.bytes(), at)?;
        at += tensor.byte_len();
    }
    Ok(())
}

pub(crate) fn safetensors(weights: &Weights, path: &Path) -> Result<()> {
    let mut views = Vec::new();
    for (group, name, tensor) in weights.each() {
        let shape = vec![usize::try_from(tensor.len())?];
        let view = TensorView::new(safetensors::Dtype::F32, shape, tensor.bytes())?;
        views.push((format!("{group}/{name}"), view));
    }
    Ok(safetensors::serialize_to_file(views, None, path)?)
}

fn rust_hdf5(weights: &Weights, path: &Path) -> Result<()> {
    let file = H5File::create(path)?;
    for group in &weights.groups {
        let to = file.create_group(&group.name)?;
        for (name, tensor) in &group.tensors {
            let shape = [usize::try_from(tensor.len())?];
            let dataset = to.new_dataset::<f32>().shape(shape).create(name)?;
            dataset.write_raw(&tensor.view::<f32>()?)?;
        }
    }
    Ok(file.close_no_sync()?)
}

fn hdf5_pure(weights: &Weights, path: &Path) -> Result<()> {
    let mut file = FileBuilder::new();
    for group in &weights.groups {
        let mut to = file.create_group(&group.name);
        for (name, tensor) in &group.tensors {
            to.create_dataset(name)
                .with_f32_data(&tensor.view::<f32>()?)
                .with_shape(&[tensor.len()]);
        }
        file.add_group(to.finish());
    }
    Ok(file.write(path)?)
}

/// What a careful program does by hand.
fn write_sync_rename(weights: &Weights, path: &Path) -> Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary)?;
    for (_, _, tensor) in weights.each() {
        file.write_all(tensor.bytes())?;
    }
    file.sync_all()?;
    Ok(fs::rename(&temporary, path)?)
}
