//! Tensor bundles: variables of SavedModels and checkpoints.

use std::cell::RefCell;
use std::fs;
use std::num::NonZeroU32;
use std::path::Path;
use std::thread;
use std::time::Duration;

use hornfels::bundle::{BundleOptions, BundleReader, BundleWriter};
use hornfels::{CommitOptions, Sync};

use crate::Result;
use crate::contest::{Contest, timed};
use crate::python::Python;
use crate::settings::{Directory, Settings};
use crate::weights::Weights;
use crate::write;

pub(crate) fn contests(settings: &Settings) -> Result<()> {
    let weights = Weights::like_a_model(settings.mib)?;
    large(settings, &weights)?;
    drop(weights);
    small(settings)
}

/// One shard beside a file of the same tensors; as many shards as threads beside bare writes.
fn large(settings: &Settings, weights: &Weights) -> Result<()> {
    let directory = &settings.directory("bundle")?;
    let file = &directory.join("file");
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let shards = NonZeroU32::new(u32::try_from(threads)?).unwrap_or(NonZeroU32::MIN);
    let mib = settings.mib;
    Contest::new(format!("{mib} MiB, a bundle in one shard"))
        .fetching(2 * mib)
        .add("hornfels", None, || {
            bundle(weights, directory, NonZeroU32::MIN)
        })
        .add("hornfels, .h5", 1.15, || {
            write::alone(file, || write::hornfels(weights, file, Sync::OnReplace))
        })
        .hold(settings.rounds)?;
    Contest::new(format!("{mib} MiB, a bundle in {shards} shards"))
        .fetching(2 * mib)
        .add("hornfels", None, || bundle(weights, directory, shards))
        .add("positioned writes, one thread", 0.60, || {
            write::alone(file, || write::positioned(weights, file))
        })
        .hold(settings.rounds)
}

/// Writes a fresh bundle, and removes it again.
fn bundle(weights: &Weights, directory: &Directory, shards: NonZeroU32) -> Result<Duration> {
    let bundle = directory.join("bundle");
    fs::create_dir(&bundle)?;
    let (time, ()) = timed(|| save(weights, &bundle.join("variables"), shards))?;
    fs::remove_dir_all(&bundle)?;
    Ok(time)
}

fn save(weights: &Weights, prefix: &Path, shards: NonZeroU32) -> Result<()> {
    let mut writer = BundleWriter::new();
    for (group, name, tensor) in weights.each() {
        writer.tensor(format!("{group}/{name}"), tensor.borrowed())?;
    }
    let options = BundleOptions {
        shards,
        commit: CommitOptions::default(),
    };
    Ok(writer.save_with(prefix, &options)?)
}

/// How often a bundle is listed in a turn.
const LISTED: u32 = 5;

/// Many variables of 256 bytes beside a checkpoint, and the lists of both.
fn small(settings: &Settings) -> Result<()> {
    let weights = &Weights::small(settings.scaled(20_000, 200))?;
    let directory = &settings.directory("bundle")?;
    let tensorflow = &RefCell::new(Python::tensorflow()?);
    let count = weights.count();
    tensorflow
        .borrow_mut()
        .ask("variables", Path::new(&count.to_string()), "64")?;
    let theirs = &directory.join("theirs");
    Contest::new(format!("{count} variables, written"))
        .add("hornfels", None, || {
            bundle(weights, directory, NonZeroU32::MIN)
        })
        .add("tf.train.Checkpoint", 0.1, || {
            Ok(tensorflow.borrow_mut().ask("write", theirs, "")?.0)
        })
        .hold(settings.rounds)?;
    Contest::new(format!("{count} variables, listed"))
        .add("hornfels", None, || {
            let (time, found) = timed(|| (0..LISTED).try_fold(0, |_, _| listed(theirs)))?;
            // And the graph of objects.
            (found == count + 1 || found == count + 2)
                .then_some(time / LISTED)
                .ok_or_else(|| format!("{found} tensors, expected {count} and the graph").into())
        })
        .add("tf.train.list_variables", 0.7, || {
            let times = LISTED.to_string();
            let time = tensorflow.borrow_mut().ask("list", theirs, &times)?.0;
            Ok(time / LISTED)
        })
        .hold(settings.rounds)
}

/// How many tensors there are, with the name, the type and the shape of each held.
fn listed(prefix: &Path) -> Result<usize> {
    let reader = BundleReader::open(prefix)?;
    let found: Vec<_> = reader.entries().collect();
    Ok(found.len())
}
