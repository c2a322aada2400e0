//! `hornfels completions`: a script that completes verbs and options in a shell.

use hornfels::Result;

use crate::exit::Exit;
use crate::output::Output;

/// Print a completion script for a shell
///
/// For bash: `hornfels completions bash > ~/.local/share/bash-completion/completions/hornfels`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell the script is for
    shell: clap_complete::Shell,
}

pub(crate) fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    // Made in memory first: clap_complete ends the process with a panic when a write fails.
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut crate::arguments::command(),
        "hornfels",
        &mut script,
    );
    out.bytes(&script)?;
    Ok(Exit::Fine)
}
