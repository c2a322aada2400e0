//! What stands between the tool and a person: colours, width, questions, complaints.

use std::io::{self, BufRead, IsTerminal, Write};

use hornfels::Error;
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::Global;
use crate::text;

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Into pipes and files, too
    Always,
    /// Not at all
    Never,
}

impl Color {
    pub(crate) fn on_stdout(self) -> bool {
        self.wanted(io::stdout().is_terminal())
    }

    pub(crate) fn on_stderr(self) -> bool {
        self.wanted(io::stderr().is_terminal())
    }

    fn wanted(self, is_terminal: bool) -> bool {
        match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !is_set("NO_COLOR") && !is_dumb(),
        }
    }
}

/// <https://no-color.org>: set to anything but nothing.
fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// A way to make text stand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Bold,
    Dim,
    Red,
}

impl Style {
    /// `text` in this style, if colours are wanted.
    pub(crate) fn paint(self, text: &str, wanted: bool) -> String {
        if !wanted || text.is_empty() {
            return text.to_owned();
        }
        let code = match self {
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Red => "1;31",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// What the process is connected to, and what the person wants of it.
#[derive(Clone, Debug)]
pub(crate) struct Terminal {
    /// Print JSON.
    pub(crate) json: bool,
    /// No progress, no notes.
    pub(crate) quiet: bool,
    /// Colours on standard output.
    pub(crate) color: bool,
    /// Columns of the terminal that standard output is; `None` for a pipe or a file, where
    /// nothing is cut or wrapped, so that output doesn't depend on who is looking.
    pub(crate) width: Option<usize>,
    color_on_stderr: bool,
}

impl Terminal {
    pub(crate) fn of_process(global: &Global) -> Terminal {
        Terminal {
            json: global.json,
            quiet: global.quiet,
            color: global.color.on_stdout(),
            width: io::stdout().is_terminal().then(columns),
            color_on_stderr: global.color.on_stderr(),
        }
    }

    /// Whether standard output goes to a person's eyes.
    pub(crate) fn is_watched(&self) -> bool {
        self.width.is_some()
    }

    /// Whether a progress bar would be seen and is wanted.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.quiet && !self.json && io::stderr().is_terminal() && !is_dumb()
    }

    /// Asks a question; `None` if there is nobody to answer.
    pub(crate) fn ask(&self, question: &str) -> Option<bool> {
        if self.quiet || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        to_stderr(&format!("{} [y/N] ", text::safe(question)));
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).ok()?;
        Some(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// Says on standard error what went wrong and what to do about it.
    pub(crate) fn complain(&self, error: &Error) {
        // Further lines are indented, so that no name in a file can forge a line of ours.
        let message = text::safe_lines(&error.to_string()).replace('\n', "\n       ");
        let label = Style::Red.paint("error:", self.color_on_stderr);
        to_stderr(&format!("{label} {message}\n"));
        if let Some(hint) = error.hint() {
            let hint = text::safe_lines(hint).replace('\n', "\n      ");
            let label = Style::Bold.paint("hint:", self.color_on_stderr);
            to_stderr(&format!("{label} {hint}\n"));
        }
    }
}

/// A bar on standard error for work that takes long enough to be watched.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
}

/// Less than this is done before a bar could be read.
const WORTH_WATCHING: u64 = 64 << 20;

impl Progress {
    pub(crate) fn new(terminal: &Terminal, total: u64, verb: &'static str) -> Progress {
        if total < WORTH_WATCHING || !terminal.shows_progress() {
            return Progress { bar: None };
        }
        let bar = ProgressBar::new(total).with_message(verb);
        let template = "{msg} [{bar:30}] {bytes}/{total_bytes} ({binary_bytes_per_sec}, {eta})";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Progress { bar: Some(bar) }
    }

    /// What to call with the number of bytes done, from any thread.
    pub(crate) fn reporter(&self) -> Option<impl Fn(u64) + Send + Sync + 'static> {
        let bar = self.bar.clone()?;
        Some(move |done| bar.set_position(done))
    }

    /// Takes the bar off the screen.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Writes to standard error; if that fails there is nowhere left to say so.
pub(crate) fn to_stderr(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}

fn columns() -> usize {
    let by_environment = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    by_environment
        .or_else(columns_of_stdout)
        .unwrap_or(100)
        .max(40)
}

#[cfg(unix)]
fn columns_of_stdout() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

#[cfg(not(unix))]
fn columns_of_stdout() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_only_when_wanted() {
        assert_eq!(Style::Bold.paint("a", false), "a");
        assert_eq!(Style::Bold.paint("a", true), "\u{1b}[1ma\u{1b}[0m");
        assert!(Color::Always.wanted(false));
        assert!(!Color::Never.wanted(true));
        assert!(!Color::Auto.wanted(false));
    }
}
