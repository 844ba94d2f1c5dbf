//! The same digest in another language: a child process that is asked for rounds and measures its own CPU time.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running child. It ends when it is dropped.
pub(crate) struct Peer {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    errors: u64,
}

impl Peer {
    /// Starts `program` on a script of `peers/` and a file with an event that has so many errors.
    /// `None` where the program is not installed.
    pub(crate) fn start(program: &str, script: &str, event: &Path, errors: u64) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/peers").join(script);
        let spawned =
            Command::new(program).arg(script).arg(event).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.ok()?;
        let requests = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Some(Self { child, requests, answers, errors })
    }

    /// So many digests; the CPU time that they took, in seconds.
    pub(crate) fn digest(&mut self, times: u32) -> f64 {
        writeln!(self.requests, "{times}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let (seconds, errors) = answer.trim().split_once(' ').expect("the peer answers time and errors");
        assert_eq!(errors.parse(), Ok(self.errors), "the peer found other errors");
        seconds.parse().unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
