//! Reading: listing, summing in place, copying out.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use hornfels::Sync;
use hornfels::hdf5::{Dataset, Found, Object};
use memmap2::Mmap;
use rayon::prelude::*;
use rust_hdf5::H5File;
use safetensors::SafeTensors;

use crate::Result;
use crate::contest::{Contest, timed};
use crate::python::Python;
use crate::settings::{Directory, Settings};
use crate::weights::Weights;
use crate::write;

pub(crate) fn contests(settings: &Settings) -> Result<()> {
    let directory = settings.directory("read")?;
    let weights = Weights::like_a_model(settings.mib)?;
    let files = Files::write(&directory, &weights)?;
    drop(weights);
    let h5py = RefCell::new(Python::h5py()?);
    let title = format!("{} MiB, open and list", settings.mib);
    list(settings, &files, &h5py, &title, 1.25)?;
    sum_views(settings, &files)?;
    copy(settings, &files, &h5py)
}

/// The same weights in both formats.
pub(crate) struct Files {
    hdf5: std::path::PathBuf,
    safetensors: std::path::PathBuf,
    /// How many tensors they hold.
    count: usize,
}

impl Files {
    pub(crate) fn write(directory: &Directory, weights: &Weights) -> Result<Self> {
        let files = Files {
            hdf5: directory.join("weights.h5"),
            safetensors: directory.join("weights.safetensors"),
            count: weights.count(),
        };
        write::hornfels(weights, &files.hdf5, Sync::Never)?;
        write::safetensors(weights, &files.safetensors)?;
        Ok(files)
    }
}

/// Opens the file and finds name, shape and type of every tensor.
pub(crate) fn list(
    settings: &Settings,
    files: &Files,
    h5py: &RefCell<Python>,
    title: &str,
    to_safetensors: impl Into<Option<f64>>,
) -> Result<()> {
    // Short work is done several times in a row.
    let times = (2_000 / files.count).max(1);
    let count = files.count;
    Contest::new(title)
        .add("hornfels", None, || {
            often(times, count, || list_hornfels(&files.hdf5))
        })
        .add("h5py", 0.05, || {
            let more = times.to_string();
            let (time, found) = h5py.borrow_mut().ask("list", &files.hdf5, &more)?;
            expect(usize::try_from(found)?, count)?;
            Ok(time / u32::try_from(times)?)
        })
        .add("safetensors", to_safetensors, || {
            often(times, count, || list_safetensors(&files.safetensors))
        })
        .add("rust-hdf5", None, || {
            often(times, count, || list_rust_hdf5(&files.hdf5))
        })
        .add("hdf5-pure", None, || {
            often(times, count, || list_hdf5_pure(&files.hdf5))
        })
        .hold(settings.rounds)
}

fn sum_views(settings: &Settings, files: &Files) -> Result<()> {
    let expected = sum_safetensors(&files.safetensors)?;
    let checked = |sum: u32| match sum == expected {
        true => Ok(()),
        false => Err(format!("sum {sum:#x}, expected {expected:#x}")),
    };
    Contest::new(format!("{} MiB, sum of all as views", settings.mib))
        .add("hornfels", None, || {
            let (time, sum) = timed(|| sum_hornfels(&files.hdf5))?;
            checked(sum)?;
            Ok(time)
        })
        .add("safetensors, mapped", 1.1, || {
            let (time, sum) = timed(|| sum_safetensors(&files.safetensors))?;
            checked(sum)?;
            Ok(time)
        })
        .hold(settings.rounds)
}

fn copy(settings: &Settings, files: &Files, h5py: &RefCell<Python>) -> Result<()> {
    let count = files.count;
    Contest::new(format!("{} MiB, owned copies of all", settings.mib))
        .fetching(2 * settings.mib)
        .add("hornfels, all cores", None, || {
            let (time, held) = timed(|| {
                let datasets = datasets(&files.hdf5)?;
                let held = datasets.par_iter().map(Dataset::read::<f32>);
                Ok(held.collect::<hornfels::Result<Vec<_>>>()?)
            })?;
            expect(held.len(), count)?;
            Ok(time)
        })
        .add("hornfels, one after the other", None, || {
            let (time, held) = timed(|| {
                let datasets = datasets(&files.hdf5)?;
                let held = datasets.iter().map(Dataset::read::<f32>);
                Ok(held.collect::<hornfels::Result<Vec<_>>>()?)
            })?;
            expect(held.len(), count)?;
            Ok(time)
        })
        .add("h5py", 0.4, || {
            Ok(h5py.borrow_mut().ask("read", &files.hdf5, "")?.0)
        })
        .add("rust-hdf5", None, || {
            let (time, held) = timed(|| {
                let file = H5File::open(&files.hdf5)?;
                let names = file.dataset_names().into_iter();
                let held = names.map(|name| Ok(file.dataset(&name)?.read_raw::<f32>()?));
                held.collect::<Result<Vec<_>>>()
            })?;
            expect(held.len(), count)?;
            Ok(time)
        })
        .add("safetensors, mapped, copied", None, || {
            let (time, held) = timed(|| {
                let map = map(&files.safetensors)?;
                let tensors = SafeTensors::deserialize(&map)?;
                let held = tensors.iter().map(|(_, view)| view.data().to_vec());
                Ok(held.collect::<Vec<_>>())
            })?;
            expect(held.len(), count)?;
            Ok(time)
        })
        .hold(settings.rounds)
}

/// How long `work` takes, which gives the number of tensors found.
fn often(times: usize, count: usize, mut work: impl FnMut() -> Result<usize>) -> Result<Duration> {
    let (time, ()) = timed(|| {
        for _ in 0..times {
            expect(work()?, count)?;
        }
        Ok(())
    })?;
    Ok(time / u32::try_from(times)?)
}

fn expect(found: usize, expected: usize) -> Result<()> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("{found} tensors, expected {expected}").into()),
    }
}

fn datasets(path: &Path) -> Result<Vec<Dataset>> {
    let mut datasets = Vec::new();
    for step in hornfels::hdf5::File::open(path)?.root().walk() {
        if let Found::Object(Object::Dataset(dataset)) = step?.found {
            datasets.push(dataset);
        }
    }
    Ok(datasets)
}

fn list_hornfels(path: &Path) -> Result<usize> {
    let mut listed = Vec::new();
    for dataset in datasets(path)? {
        let dtype = dataset.dtype()?;
        listed.push((dataset.path().to_owned(), dataset.shape().to_vec(), dtype));
    }
    Ok(listed.len())
}

fn list_safetensors(path: &Path) -> Result<usize> {
    let map = map(path)?;
    let tensors = SafeTensors::deserialize(&map)?;
    let mut listed = Vec::new();
    for (name, view) in tensors.iter() {
        listed.push((name.to_owned(), view.shape().to_vec(), view.dtype()));
    }
    Ok(listed.len())
}

fn list_rust_hdf5(path: &Path) -> Result<usize> {
    let file = H5File::open(path)?;
    let mut listed = Vec::new();
    for name in file.dataset_names() {
        let dataset = file.dataset(&name)?;
        listed.push((name, dataset.shape(), dataset.datatype()?));
    }
    Ok(listed.len())
}

fn list_hdf5_pure(path: &Path) -> Result<usize> {
    let file = hdf5_pure::File::open_streaming(path)?;
    let mut listed = Vec::new();
    for (group, held) in file.root().iter_groups()? {
        for (name, dataset) in held.iter_datasets()? {
            listed.push((
                format!("{group}/{name}"),
                dataset.shape()?,
                dataset.dtype()?,
            ));
        }
    }
    Ok(listed.len())
}

fn sum_hornfels(path: &Path) -> Result<u32> {
    let mut sum = 0_u32;
    for dataset in datasets(path)? {
        let tensor = dataset.tensor()?;
        let Cow::Borrowed(values) = tensor.view::<f32>()? else {
            return Err("a view that is a copy".into());
        };
        let bits = values.iter().map(|value| value.to_bits());
        sum = sum.wrapping_add(bits.fold(0, u32::wrapping_add));
    }
    Ok(sum)
}

fn sum_safetensors(path: &Path) -> Result<u32> {
    let map = map(path)?;
    let mut sum = 0_u32;
    for (_, view) in SafeTensors::deserialize(&map)?.iter() {
        let (words, _) = view.data().as_chunks::<4>();
        let bits = words.iter().map(|word| u32::from_le_bytes(*word));
        sum = sum.wrapping_add(bits.fold(0, u32::wrapping_add));
    }
    Ok(sum)
}

fn map(path: &Path) -> Result<Mmap> {
    let file = File::open(path)?;
    // SAFETY: the file is in a directory of this process, and nothing changes it meanwhile.
    Ok(unsafe { Mmap::map(&file) }?)
}
