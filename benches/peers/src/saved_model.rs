//! SavedModel directories: saved from memory, and made of files by a process.

use std::cell::RefCell;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::Result;
use crate::contest::{Contest, timed};
use crate::memory;
use crate::models;
use crate::python::{self, Python};
use crate::settings::Settings;

pub(crate) fn contests(settings: &Settings) -> Result<()> {
    saved(settings)?;
    converted(settings)?;
    loaded(settings)?;
    shown(settings)
}

/// A hundred layers from memory: what all threads work together.
fn saved(settings: &Settings) -> Result<()> {
    let directory = settings.directory("saved")?;
    let (source, target) = (&directory.join("model.h5"), &directory.join("model"));
    let model = &models::hundred_layers(settings.mib)?;
    hornfels::save_model(model, source)?;
    let tensorflow = &RefCell::new(Python::tensorflow()?);
    tensorflow.borrow_mut().ask("model", source, "")?;
    Contest::new(format!(
        "{} MiB in 100 layers, processor time",
        settings.mib
    ))
    .fetching(2 * settings.mib)
    .add("hornfels", None, || {
        let before = processor_time()?;
        hornfels::save_model(model, target)?;
        let time = processor_time()?.saturating_sub(before);
        fs::remove_dir_all(target)?;
        Ok(time)
    })
    .add("model.save", 0.08, || {
        let done = tensorflow.borrow_mut().ask("save_model", target, "");
        fs::remove_dir_all(target)?;
        Ok(done?.0)
    })
    .hold(settings.rounds)
}

/// What the threads of this process took together so far.
fn processor_time() -> Result<Duration> {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Ok(Duration::new(
        u64::try_from(time.tv_sec)?,
        u32::try_from(time.tv_nsec)?,
    ))
}

/// Files to directories, each by a process that does nothing else.
fn converted(settings: &Settings) -> Result<()> {
    let directory = settings.directory("converted")?;
    let target = &directory.join("model");
    let small = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/emotions.h5");
    let large = directory.join("model.h5");
    hornfels::save_model(&models::hundred_layers(settings.mib)?, &large)?;
    for (title, source, wanted) in [
        (
            "emotions.h5 to a SavedModel, a process".to_owned(),
            &small,
            0.005,
        ),
        (
            format!("{} MiB .h5 to a SavedModel, a process", settings.mib),
            &large,
            0.05,
        ),
    ] {
        Contest::new(title)
            .add("hornfels convert", None, || {
                process(&mut convert(source, target), target)
            })
            .add("load_model and save", wanted, || {
                process(
                    python::tensorflow().arg("convert").args([source, target]),
                    target,
                )
            })
            .hold(settings.rounds)?;
    }
    let most = memory::of_process(convert(&large, target).stdout(Stdio::null()))?;
    fs::remove_dir_all(target)?;
    let title = format!("{} MiB .h5 to a SavedModel", settings.mib);
    memory::print_title(&title, "anonymous memory");
    memory::print_most("hornfels convert", most, "<= 32 MiB");
    Ok(())
}

fn convert(source: &Path, target: &Path) -> Command {
    let mut command = Command::new(hornfels());
    command.arg("convert").args([source, target]);
    command
}

/// A directory of a hundred layers becomes a model.
fn loaded(settings: &Settings) -> Result<()> {
    let directory = settings.directory("loaded")?;
    let source = &directory.join("model");
    hornfels::save_model(&models::hundred_layers(settings.mib)?, source)?;
    let tensorflow = &RefCell::new(Python::tensorflow()?);
    Contest::new(format!("{} MiB SavedModel, loaded", settings.mib))
        .add("hornfels", None, || {
            let (time, model) = timed(|| Ok(hornfels::load_model(source)?))?;
            match model.variables.len() {
                200 => Ok(time),
                found => Err(format!("{found} variables, expected 200").into()),
            }
        })
        .add("load_model", 0.001, || {
            Ok(tensorflow.borrow_mut().ask("load", source, "")?.0)
        })
        .hold(settings.rounds)
}

/// What is in the directory with the largest graph among those of others, or in one of ours.
fn shown(settings: &Settings) -> Result<()> {
    let directory = settings.directory("shown")?;
    let ours = directory.join("model");
    hornfels::save_model(&models::hundred_layers(settings.mib)?, &ours)?;
    let corpus = env::var_os("HORNFELS_CORPUS").map(PathBuf::from);
    let found = corpus.and_then(|corpus| largest(&corpus)).map(|it| it.1);
    let place = &found.unwrap_or(ours);
    let name = place.file_name().unwrap_or_default().display();
    Contest::new(format!("{name}, shown, a process"))
        .add("hornfels show", None, || {
            finished(Command::new(hornfels()).arg("show").arg(place))
        })
        .add("saved_model_cli show --all", 0.01, || {
            finished(
                python::saved_model_cli()
                    .args(["show", "--all", "--dir"])
                    .arg(place),
            )
        })
        .hold(settings.rounds)
}

/// The directory below `place` with the largest graph, and how large it is.
fn largest(place: &Path) -> Option<(u64, PathBuf)> {
    let own = fs::metadata(place.join("saved_model.pb"));
    let own = own.ok().map(|graph| (graph.len(), place.to_owned()));
    let inside = fs::read_dir(place).into_iter().flatten().flatten();
    let inside = inside.filter_map(|entry| largest(&entry.path()));
    inside.chain(own).max()
}

/// How long a process takes that makes the directory `target`, which is removed.
fn process(command: &mut Command, target: &Path) -> Result<Duration> {
    let time = finished(command)?;
    fs::remove_dir_all(target)?;
    Ok(time)
}

/// How long a process takes, which has to succeed.
fn finished(command: &mut Command) -> Result<Duration> {
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    let (time, status) = timed(|| Ok(command.status()?))?;
    match status.success() {
        true => Ok(time),
        false => Err(format!("{command:?}: {status}").into()),
    }
}

fn hornfels() -> OsString {
    env::var_os("HORNFELS").unwrap_or_else(|| "hornfels".into())
}
