//! How much memory of its own a process takes while it saves or converts. Mapped files do not count:
//! the system takes their pages back when it likes.

use std::env;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use hornfels::Sync;

use crate::Result;
use crate::models;
use crate::settings::Settings;
use crate::weights::Weights;
use crate::write;

/// First argument of the processes that are measured.
pub(crate) const CHILD: &str = "measured";

pub(crate) fn contests(settings: &Settings) -> Result<()> {
    let directory = settings.directory("memory")?;
    let (model, out) = (directory.join("model.h5"), directory.join("out.h5"));
    let mib = settings.mib;
    print_title(&format!("{mib} MiB"), "anonymous memory added");
    hornfels::save_model(&models::hundred_layers(mib)?, &model)?;
    for (job, wanted) in [
        ("hornfels, save", "<= 16 MiB"),
        ("hornfels, convert a model", "<= 16 MiB"),
        ("safetensors, save", ""),
    ] {
        let child = Command::new(env::current_exe()?)
            .args([CHILD, job, &mib.to_string()])
            .args([&model, &out])
            .output()?;
        if !child.status.success() {
            return Err(format!("{job}: {}", String::from_utf8_lossy(&child.stderr)).into());
        }
        print_most(
            job,
            String::from_utf8(child.stdout)?.trim().parse()?,
            wanted,
        );
        std::fs::remove_file(&out)?;
    }
    Ok(())
}

pub(crate) fn print_title(title: &str, what: &str) {
    println!(
        "\n{:44} {:>11} {:>32}",
        format!("{title}, {what}"),
        "most",
        "wanted"
    );
}

pub(crate) fn print_most(who: &str, kib: u32, wanted: &str) {
    let most = format!("{:.1} MiB", f64::from(kib) / 1024.0);
    println!("  {who:42} {most:>11} {wanted:>32}");
}

/// The most KiB that a process had, looked at every millisecond until it ended.
pub(crate) fn of_process(command: &mut Command) -> Result<u32> {
    let mut child = command.spawn()?;
    let mut most = 0;
    let status = loop {
        // A process that has ended has no memory.
        most = most.max(anonymous(&child.id().to_string()).unwrap_or_default());
        match child.try_wait()? {
            Some(status) => break status,
            None => thread::sleep(Duration::from_millis(1)),
        }
    };
    match status.success() && most > 0 {
        true => Ok(most),
        false => Err(format!("{command:?}: {status}, {most} KiB").into()),
    }
}

/// A process with nothing behind it: does one job and prints how many KiB it took.
pub(crate) fn child(arguments: &[String]) -> Result<()> {
    let [job, mib, model, out] = arguments else {
        return Err("expected a job, a size and two files".into());
    };
    let out = Path::new(out);
    let added = match job.as_str() {
        "hornfels, convert a model" => watched(|| {
            let model = hornfels::load_model(model)?;
            Ok(hornfels::save_model(&model, out)?)
        })?,
        job => {
            let weights = Weights::like_a_model(mib.parse()?)?;
            watched(|| match job {
                "hornfels, save" => write::hornfels(&weights, out, Sync::OnReplace),
                _ => write::safetensors(&weights, out),
            })?
        }
    };
    println!("{added}");
    Ok(())
}

/// The most KiB that `work` added, looked at every millisecond and in the end.
fn watched(work: impl FnOnce() -> Result<()>) -> Result<u32> {
    let done = AtomicBool::new(false);
    let before = anonymous("self")?;
    let most = AtomicU32::new(before);
    let note = || {
        anonymous("self")
            .map(|now| most.fetch_max(now, Ordering::Relaxed))
            .is_ok()
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) && note() {
                thread::sleep(Duration::from_millis(1));
            }
        });
        let result = work();
        note();
        done.store(true, Ordering::Relaxed);
        result
    })?;
    Ok(most.into_inner() - before)
}

/// How many KiB of memory a process has that are no file's.
fn anonymous(process: &str) -> Result<u32> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib.ok_or("no RssAnon in its status")?.trim().parse()?)
}
