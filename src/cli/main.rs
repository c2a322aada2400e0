//! The command line tool: arguments, then a verb, then an exit code.
//!
//! It sees the library as any other program does. Each verb has a file with its `Args` and its
//! `run`; what the exit codes mean is in `spec/cli.md#exit-codes`.

mod arguments;
mod array;
mod completions;
mod convert;
mod exit;
mod get;
mod ls;
mod npy;
mod output;
mod record;
mod show;
mod source;
mod table;
mod terminal;
mod text;

use std::process::ExitCode;

use crate::arguments::{Cli, Verb};
use crate::exit::Exit;
use crate::output::Output;
use crate::terminal::Terminal;

fn main() -> ExitCode {
    let mut out = Output::stdout();
    let (cli, terminal) = match arguments::parse() {
        Ok(parsed) => parsed,
        Err(refusal) => return refusal.show(&mut out).into(),
    };
    let result = run(cli, &terminal, &mut out).and_then(|exit| {
        out.finish()?;
        Ok(exit)
    });
    match result {
        Ok(exit) => exit.into(),
        // Whoever read our output has seen enough: `hornfels ls model.h5 | head`.
        Err(_) if out.is_closed() => Exit::Fine.into(),
        Err(error) => {
            terminal.complain(&error);
            Exit::Error.into()
        }
    }
}

fn run(cli: Cli, terminal: &Terminal, out: &mut Output) -> hornfels::Result<Exit> {
    match cli.verb {
        Verb::Show(args) => show::run(&args, terminal, out),
        Verb::Ls(args) => ls::run(&args, terminal, out),
        Verb::Get(args) => get::run(&args, terminal, out),
        Verb::Convert(args) => convert::run(&args, terminal, out),
        Verb::Completions(args) => completions::run(&args, out),
    }
}
