//! Many small tensors: structure is all there is.

use std::cell::RefCell;

use crate::Result;
use crate::python::Python;
use crate::read::{self, Files};
use crate::settings::Settings;
use crate::weights::Weights;
use crate::write::{self, Goals};

pub(crate) fn contests(settings: &Settings) -> Result<()> {
    let weights = Weights::small(settings.scaled(20_000, 200))?;
    let (tensors, groups) = (weights.count(), weights.groups.len());
    let what = format!("{tensors} tensors in {groups} groups");
    write::fresh(settings, &weights, &format!("{what}, write"), Goals::SMALL)?;
    let directory = settings.directory("many")?;
    let files = Files::write(&directory, &weights)?;
    let h5py = RefCell::new(Python::h5py()?);
    read::list(
        settings,
        &files,
        &h5py,
        &format!("{what}, open and list"),
        None,
    )
}
