//! Peers that are written for Python, in a process of their own that says how long each job took.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::Result;

pub(crate) struct Python {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Python {
    pub(crate) fn h5py() -> Result<Self> {
        Python::start(command("HORNFELS_PEERS_PYTHON", "h5py_peer.py"))
    }

    pub(crate) fn tensorflow() -> Result<Self> {
        Python::start(tensorflow())
    }

    fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let answers = child.stdout.take().ok_or("no pipe from python")?;
        Ok(Python {
            orders: child.stdin.take(),
            answers: BufReader::new(answers),
            child,
        })
    }

    /// Does `verb`; gives how long it took, and a number that says that it did it.
    pub(crate) fn ask(&mut self, verb: &str, path: &Path, more: &str) -> Result<(Duration, u64)> {
        let mut line = format!("{verb}\t{}", path.display());
        if !more.is_empty() {
            line = format!("{line}\t{more}");
        }
        let orders = self.orders.as_mut().ok_or("python has ended")?;
        writeln!(orders, "{line}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let (seconds, number) = answer.trim().split_once('\t').ok_or("python failed")?;
        Ok((Duration::from_secs_f64(seconds.parse()?), number.parse()?))
    }
}

/// TensorFlow's script. With arguments it does one job and ends.
pub(crate) fn tensorflow() -> Command {
    quiet(command(TENSORFLOW, "tensorflow_peer.py"))
}

/// TensorFlow's tool, which is beside its interpreter.
pub(crate) fn saved_model_cli() -> Command {
    let python = env::var_os(TENSORFLOW).map(PathBuf::from);
    quiet(Command::new(
        python.unwrap_or_default().with_file_name("saved_model_cli"),
    ))
}

/// The interpreter that has TensorFlow.
const TENSORFLOW: &str = "HORNFELS_PEERS_TENSORFLOW";

fn quiet(mut command: Command) -> Command {
    command
        .env("TF_CPP_MIN_LOG_LEVEL", "3")
        .env("CUDA_VISIBLE_DEVICES", "");
    command
}

fn command(interpreter: &str, script: &str) -> Command {
    let python = env::var_os(interpreter).unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script));
    command
}

impl Drop for Python {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.orders = None;
        let _ = self.child.wait();
    }
}
