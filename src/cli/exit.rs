//! The exit codes, in one place: `spec/cli.md#exit-codes`.

use std::process::ExitCode;

/// How the tool ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Fine,
    /// Not done, and an error says why.
    Error,
    /// The command line was not understood.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Fine => 0,
            // 1 is a difference or a finding, 3 could not be checked: no verb gives them yet.
            Exit::Error => 2,
            Exit::Usage => 64,
        })
    }
}
