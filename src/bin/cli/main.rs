//! The command line: runs the command that the arguments name, and exits with its code.

// The binary is the one place that may read the clock and the environment, and print.
#![allow(clippy::disallowed_methods, reason = "only bin/ may; see src/ARCHITECTURE.md")]

/// Writes a line to standard error, as `eprintln!` does; but where nobody reads it any more, the command goes on: it may be
/// amid what it does in Slack or AWS.
macro_rules! report_line {
    ($($text:tt)*) => {{
        let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{}\n", format_args!($($text)*)));
    }};
}

mod arguments;
mod backtest;
mod deployed;
mod doctor;
mod failure_record;
mod fetch;
mod format_files;
mod input;
mod lint_format;
mod lint_live;
mod live;
mod manual;
mod match_pattern;
mod moment;
mod objects;
mod outbox;
mod package;
mod reading_arguments;
mod redrive;
mod redrive_arguments;
mod redrive_record;
mod redrive_source;
mod replay;
mod replay_output;
mod save;
mod sign_in;
mod snooze;
mod terminal;

use std::io;
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};

/// What the process tells its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// All was read.
    Done,
    /// An input could not be read or decoded, or a message not delivered.
    InputFailed,
    /// The command line, a setting or a rules file cannot be used.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::InputFailed => Self::from(1),
            Exit::Usage => Self::from(2),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Backtest(arguments) => backtest::run(&arguments),
        Command::Match(arguments) => match_pattern::run(&arguments),
        Command::LintFormat(arguments) => lint_format::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Snooze(arguments) => snooze::run(&arguments),
        Command::Redrive(arguments) => redrive::run(&arguments),
        Command::Package(arguments) => package::run(&arguments),
        Command::Completions(arguments) => manual::completions(&arguments),
        Command::Man(arguments) => manual::man(&arguments),
    };
    match result {
        Ok(exit) => exit.into(),
        // Whoever reads our output has had enough: that is no error of ours.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            report_line!("statuswatch: {error:#}");
            Exit::Usage.into()
        }
    }
}

/// Ends the process where whoever reads our output has had enough, and the input may never end.
fn leave_on_broken_pipe(written: &io::Result<()>) {
    if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        std::process::exit(0);
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
