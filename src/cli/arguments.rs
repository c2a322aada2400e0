//! The command line as clap sees it.

use std::ffi::OsString;

use clap::{CommandFactory, Parser, Subcommand};

use crate::exit::Exit;
use crate::output::Output;
use crate::terminal::{Color, Terminal};
use crate::{completions, convert, get, ls, show};

const AFTER_HELP: &str = "\
Exit codes: 0 fine, 1 a difference or finding, 2 an error, 3 could not be checked,
64 the command line was not understood.";

/// Look into Keras models and HDF5 files and convert them, without Python or TensorFlow.
#[derive(Debug, Parser)]
#[command(name = "hornfels", version, max_term_width = 100, after_help = AFTER_HELP)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What every verb takes.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Print JSON, with a schema version, for programs to read
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print nothing but the result: no progress, no notes
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// When to use colours; `auto` heeds NO_COLOR
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Show(show::Args),
    Ls(ls::Args),
    Get(get::Args),
    Convert(convert::Args),
    Completions(completions::Args),
}

/// Reads the process's arguments.
pub(crate) fn parse() -> Result<(Cli, Terminal), Refusal> {
    let given: Vec<OsString> = std::env::args_os().collect();
    let color = color_asked_for(&given);
    match Cli::try_parse_from(given) {
        Ok(cli) => {
            let terminal = Terminal::of_process(&cli.global);
            Ok((cli, terminal))
        }
        Err(error) => Err(Refusal { error, color }),
    }
}

/// The command, for completion scripts.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

/// The value of `--color`, found without clap: its own messages are to heed it, too.
fn color_asked_for(given: &[OsString]) -> Color {
    let words: Vec<&str> = given.iter().filter_map(|word| word.to_str()).collect();
    let after = words
        .iter()
        .position(|word| *word == "--color")
        .and_then(|at| words.get(at + 1));
    let joined = words.iter().find_map(|word| word.strip_prefix("--color="));
    match joined.or(after.copied()) {
        Some("always") => Color::Always,
        Some("never") => Color::Never,
        _ => Color::Auto,
    }
}

/// Arguments that were not understood, or a question for help or the version.
#[derive(Debug)]
pub(crate) struct Refusal {
    error: clap::Error,
    color: Color,
}

impl Refusal {
    /// Prints the message where it belongs.
    pub(crate) fn show(&self, out: &mut Output) -> Exit {
        let rendered = self.error.render();
        if self.error.use_stderr() {
            let text = match self.color.on_stderr() {
                true => rendered.ansi().to_string(),
                false => rendered.to_string(),
            };
            crate::terminal::to_stderr(&text);
            return Exit::Usage;
        }
        let text = match self.color.on_stdout() {
            true => rendered.ansi().to_string(),
            false => rendered.to_string(),
        };
        match out.text(&text).and_then(|()| out.finish()) {
            Err(error) if !out.is_closed() => {
                crate::terminal::to_stderr(&format!("error: {error}\n"));
                Exit::Error
            }
            _ => Exit::Fine,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn color_is_found_before_parsing() {
        check("hornfels --color=never ls x", Color::Never);
        check("hornfels ls x --color always", Color::Always);
        check("hornfels ls x --color", Color::Auto);
        check("hornfels ls --colour=never", Color::Auto);
    }

    #[track_caller]
    fn check(line: &str, color: Color) {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        assert_eq!(color_asked_for(&words), color);
    }
}
