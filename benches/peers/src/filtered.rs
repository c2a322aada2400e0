//! One dataset in deflated, shuffled chunks, as h5py writes them.

use std::time::Duration;

use rust_hdf5::H5File;

use crate::Result;
use crate::contest::{Contest, timed};
use crate::python::Python;
use crate::settings::Settings;

pub(crate) fn contests(settings: &Settings) -> Result<()> {
    let directory = settings.directory("filtered")?;
    let path = &directory.join("filtered.h5");
    let mut h5py = Python::h5py()?;
    h5py.ask("compress", path, &settings.mib.to_string())?;
    // What h5py finds is what the others have to find.
    let (_, expected) = h5py.ask("decompress", path, "")?;
    let stored = std::fs::metadata(path)?.len() >> 20;
    let title = format!("{} MiB in deflated, shuffled chunks", settings.mib);
    Contest::new(format!("{title} ({stored} MiB)"))
        .fetching(2 * settings.mib)
        .add("hornfels", None, || {
            checked(expected, || {
                Ok(hornfels::hdf5::File::open(path)?.dataset("data")?.read()?)
            })
        })
        .add("h5py", 0.6, || Ok(h5py.ask("decompress", path, "")?.0))
        .add("rust-hdf5", None, || {
            checked(expected, || {
                Ok(H5File::open(path)?.dataset("data")?.read_raw()?)
            })
        })
        .add("hdf5-pure", None, || {
            checked(expected, || {
                let file = hdf5_pure::File::open_streaming(path)?;
                Ok(file.dataset("data")?.read_f32()?)
            })
        })
        .hold(settings.rounds)
}

/// How long `read` takes, which has to give values with the `expected` sum of bits.
fn checked(expected: u64, read: impl FnOnce() -> Result<Vec<f32>>) -> Result<Duration> {
    let (time, values) = timed(read)?;
    let sum: u64 = values.iter().map(|value| u64::from(value.to_bits())).sum();
    match sum == expected {
        true => Ok(time),
        false => Err(format!("sum of bits {sum}, expected {expected}").into()),
    }
}
