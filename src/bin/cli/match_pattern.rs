//! `statuswatch match`: a filter pattern and recorded logs in, the lines that match out.

use std::io::{self, BufWriter, Write};

use statuswatch::filter_pattern::FilterPattern;
use statuswatch::recording::log_events;

use crate::Exit;
use crate::arguments::MatchArguments;
use crate::input::Input;
use crate::replay::MAX_DECOMPRESSED_BYTES;
use crate::terminal::Progress;

pub(crate) fn run(arguments: &MatchArguments) -> anyhow::Result<Exit> {
    let pattern = match FilterPattern::parse(&arguments.pattern) {
        Ok(pattern) => pattern,
        Err(error) => {
            eprintln!("statuswatch: {}", error.render(&arguments.pattern));
            return Ok(Exit::Usage);
        }
    };
    if arguments.explain {
        eprintln!("{}", pattern.explain());
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let mut exit = Exit::Done;
    for input in Input::list(&arguments.paths) {
        let (name, result) = match input {
            Ok(input) => (input.name.clone(), print_matching(&input, &pattern, &mut out, &mut exit)?),
            Err((name, error)) => (name, Err(error)),
        };
        if let Err(error) = result {
            eprintln!("statuswatch: {name}: {error}");
            exit = Exit::InputFailed;
        }
    }
    out.flush()?;
    Ok(exit)
}

/// The outer error is one of the output, the inner one of the input.
fn print_matching(
    input: &Input,
    pattern: &FilterPattern,
    out: &mut impl Write,
    exit: &mut Exit,
) -> io::Result<io::Result<()>> {
    let (source, length) = match input.open() {
        Ok(opened) => opened,
        Err(error) => return Ok(Err(error)),
    };
    let name = &input.name;
    let mut printed = Ok(());
    let read = log_events(Progress::new(source, length, name), MAX_DECOMPRESSED_BYTES, &mut |line, event| {
        let message = match event {
            Ok(event) => event.message.unwrap_or_default(),
            Err(fault) => {
                eprintln!("statuswatch: {name}: line {line}: {fault}");
                *exit = Exit::InputFailed;
                return;
            }
        };
        if printed.is_ok() && pattern.matches(&String::from_utf8_lossy(message)) {
            printed = print(out, message);
        }
    });
    printed?;
    Ok(read)
}

/// A line break that ends the message is the one that ends the line here.
fn print(out: &mut impl Write, message: &[u8]) -> io::Result<()> {
    out.write_all(message.strip_suffix(b"\n").unwrap_or(message))?;
    out.write_all(b"\n")
}
