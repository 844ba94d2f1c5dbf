//! The command line, run as a person or a program runs it: paths and settings in, what it printed out.

use assert_cmd::Command;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What `--json` prints of one input, its parts as they stand there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    pub(crate) source: String,
    pub(crate) ledger: Box<RawValue>,
    messages: Vec<Box<RawValue>>,
}

impl Report {
    /// The bodies that would be posted, byte for byte.
    pub(crate) fn bodies(&self) -> Vec<&str> {
        self.messages.iter().map(|message| message.get()).collect()
    }

    /// One number of the ledger.
    pub(crate) fn count(&self, name: &str) -> u64 {
        let ledger: serde_json::Value =
            serde_json::from_str(self.ledger.get()).expect("it was parsed before");
        ledger[name].as_u64().unwrap_or_else(|| panic!("the ledger has no {name}"))
    }
}

/// What a run printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// One report a line.
    pub(crate) fn reports(&self) -> Vec<Report> {
        let read = |line| serde_json::from_str(line).expect("each line is a report");
        self.stdout.lines().map(read).collect()
    }
}

/// The command line in the repository's root, with nothing in its environment.
pub(crate) fn statuswatch(arguments: &[&str]) -> Command {
    let mut command = Command::new(program("TEST_STATUSWATCH", env!("CARGO_BIN_EXE_statuswatch")));
    command.args(arguments).env_clear().current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// What cargo has built, or what the variable names in its place, such as a build for another architecture.
#[expect(clippy::disallowed_methods, reason = "a test, which is told so what it runs")]
pub(crate) fn program(variable: &str, built: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| built.to_owned())
}

/// Runs it to its end.
pub(crate) fn run(command: &mut Command) -> Run {
    let output = command.output().expect("the command line starts");
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// `replay` with these arguments.
pub(crate) fn replay(arguments: &[&str]) -> Run {
    run(&mut statuswatch(&[&["replay"], arguments].concat()))
}

/// `replay -` with this on standard input.
pub(crate) fn replay_stdin(arguments: &[&str], input: impl Into<Vec<u8>>) -> Run {
    run(statuswatch(&[&["replay", "-"], arguments].concat()).write_stdin(input.into()))
}
