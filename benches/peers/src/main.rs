//! This crate beside its peers, on the same weights, in turns. `benches/peers/run` is the way in.

mod bundle;
mod contest;
mod filtered;
mod lookup;
mod many;
mod memory;
mod models;
mod python;
mod read;
mod saved_model;
mod settings;
mod weights;
mod write;

use std::env;
use std::error::Error;
use std::process::ExitCode;

use settings::Settings;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

type Contests = fn(&Settings) -> Result<()>;

/// What can be asked for, and what it measures.
const CONTESTS: [(&str, &str, Contests); 8] = [
    ("write", "fresh files, and over old ones", write::contests),
    (
        "read",
        "open and list, sum of views, owned copies",
        read::contests,
    ),
    ("many", "many small tensors", many::contests),
    (
        "filtered",
        "a deflated, shuffled dataset",
        filtered::contests,
    ),
    ("lookup", "one tensor of many by path", lookup::contests),
    (
        "memory",
        "what saving and converting allocate",
        memory::contests,
    ),
    (
        "bundle",
        "variables as TensorFlow stores them",
        bundle::contests,
    ),
    (
        "saved_model",
        "whole directories, beside TensorFlow",
        saved_model::contests,
    ),
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [first, job @ ..] = &arguments[..]
        && first == memory::CHILD
    {
        return memory::child(job);
    }
    for asked in &arguments {
        if !CONTESTS.iter().any(|(name, ..)| name == asked) {
            for (name, what, _) in CONTESTS {
                println!("{name:12} {what}");
            }
            return Ok(());
        }
    }
    let settings = Settings::from_environment()?;
    println!("{settings}");
    for (name, _, run) in CONTESTS {
        if arguments.is_empty() || arguments.iter().any(|asked| asked == name) {
            run(&settings)?;
        }
    }
    Ok(())
}
