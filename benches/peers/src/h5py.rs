//! h5py, in a process of its own that says how long it took.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::Result;

pub(crate) struct H5py {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl H5py {
    pub(crate) fn start() -> Result<Self> {
        let python = env::var_os("HORNFELS_PEERS_PYTHON").unwrap_or_else(|| "python3".into());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("h5py_peer.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let answers = child.stdout.take().ok_or("no pipe from python")?;
        Ok(H5py {
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
        let orders = self.orders.as_mut().ok_or("h5py has ended")?;
        writeln!(orders, "{line}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let (seconds, number) = answer.trim().split_once('\t').ok_or("h5py failed")?;
        Ok((Duration::from_secs_f64(seconds.parse()?), number.parse()?))
    }
}

impl Drop for H5py {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.orders = None;
        let _ = self.child.wait();
    }
}
