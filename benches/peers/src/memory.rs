//! How much memory of its own a process takes while it saves or converts. Mapped files do not count:
//! the system takes their pages back when it likes.

use std::env;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use hornfels::keras::{Model, Sequential};
use hornfels::layers::Dense;
use hornfels::{Sync, Tensor};

use crate::Result;
use crate::settings::Settings;
use crate::weights::Weights;
use crate::write;

/// First argument of the processes that are measured.
pub(crate) const CHILD: &str = "measured";

pub(crate) fn contests(settings: &Settings) -> Result<()> {
    let directory = settings.directory("memory")?;
    let (model, out) = (directory.join("model.h5"), directory.join("out.h5"));
    let mib = settings.mib;
    println!(
        "\n{:44} {:>11} {:>32}",
        format!("{mib} MiB, anonymous memory added"),
        "most",
        "wanted"
    );
    save_model(mib, &model)?;
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
        let kib: f64 = String::from_utf8(child.stdout)?.trim().parse()?;
        let most = format!("{:.1} MiB", kib / 1024.0);
        println!("  {job:42} {most:>11} {wanted:>32}");
        std::fs::remove_file(&out)?;
    }
    Ok(())
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

/// A hundred equal layers.
fn save_model(mib: usize, path: &Path) -> Result<()> {
    let units = ((mib << 20) / 400).isqrt();
    let units = u64::try_from(units)?;
    let mut network = Sequential::new("large").add(Dense::new(units).input_shape([units]));
    for _ in 1..100 {
        network = network.add(Dense::new(units));
    }
    let mut model = Model::build(network)?;
    let values = vec![0.5_f32; usize::try_from(units * units)?];
    let paths: Vec<String> = model.variables.iter().map(|it| it.path.clone()).collect();
    for kernel in paths.iter().filter(|path| path.ends_with("kernel")) {
        model.set_variable(kernel, Tensor::new(&values, [units, units])?)?;
    }
    Ok(hornfels::save_model(&model, path)?)
}

/// The most KiB that `work` added, looked at every millisecond and in the end.
fn watched(work: impl FnOnce() -> Result<()>) -> Result<u64> {
    let done = AtomicBool::new(false);
    let before = anonymous()?;
    let most = AtomicU64::new(before);
    let note = || {
        anonymous()
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

/// How many KiB of memory this process has that are no file's.
fn anonymous() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib
        .ok_or("no RssAnon in /proc/self/status")?
        .trim()
        .parse()?)
}
