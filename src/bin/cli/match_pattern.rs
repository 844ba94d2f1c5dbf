//! `statuswatch match`: the lines of recorded logs that a filter pattern matches.

use std::io::{self, BufWriter, Write};

use statuswatch::filter_pattern::FilterPattern;
use statuswatch::recording::{Found, LineText, Recorded, RecordingFault, log_events};

use crate::Exit;
use crate::arguments::MatchArguments;
use crate::input::{Input, Inputs};
use crate::leave_on_broken_pipe;
use crate::replay::MAX_DECOMPRESSED_BYTES;
use crate::terminal::Progress;

pub(crate) fn run(arguments: &MatchArguments) -> anyhow::Result<Exit> {
    let pattern = match FilterPattern::parse(&arguments.pattern) {
        Ok(pattern) => pattern,
        Err(error) => {
            report_line!("statuswatch: {}", error.render(&arguments.pattern));
            return Ok(Exit::Usage);
        }
    };
    if let Some(note) = pattern.note() {
        report_line!("statuswatch: {note}");
    }
    if arguments.explain {
        report_line!("{}", pattern.explain());
    }
    let inputs = Inputs::list(
        &arguments.paths,
        arguments.recursive,
        &arguments.fetched,
        arguments.following,
        arguments.region.as_deref(),
    )?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut exit = Exit::Done;
    for input in inputs.all {
        let (name, result) = match input {
            Ok(input) => {
                let printed = print_matching(&input, &pattern, &mut out, &mut exit)?;
                let cut_short = input.cut_short().map_or(Ok(()), |what| Err(io::Error::other(what)));
                (input.name.clone(), printed.and(cut_short))
            }
            Err((name, error)) => (name, Err(error)),
        };
        if let Err(error) = result {
            report_line!("statuswatch: {name}: {error}");
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
    let (source, length) = match input.open_live() {
        Ok(opened) => opened,
        Err(error) => return Ok(Err(error)),
    };
    let name = &input.name;
    let mut matching = Matching {
        name,
        pattern,
        out,
        exit,
        piece: Vec::new(),
        said: String::new(),
        printed: Ok(()),
        is_live: input.is_live(),
        is_empty: true,
    };
    let source = Progress::new(source, length, input);
    let read = log_events(source, MAX_DECOMPRESSED_BYTES, &mut |number, found| match found {
        Found::LogEvent(event) => matching.log_event(event),
        Found::End(result) => matching.end(number, result),
    });
    let is_empty = matching.is_empty && !input.is_fetched();
    matching.printed?;
    Ok(read.and_then(|()| {
        let nothing = "nothing to match: no log event, event or document in it";
        if is_empty { Err(io::Error::other(nothing)) } else { Ok(()) }
    }))
}

/// Prints the lines of one input that match.
struct Matching<'a, W> {
    name: &'a str,
    pattern: &'a FilterPattern,
    out: &'a mut W,
    exit: &'a mut Exit,
    /// Of the piece at hand, which count when it has ended well.
    piece: Vec<u8>,
    /// Space for a line, used again and again.
    said: String,
    printed: io::Result<()>,
    /// Whether lines may still come.
    is_live: bool,
    /// Whether nothing was in the input so far.
    is_empty: bool,
}

impl<W: Write> Matching<'_, W> {
    fn log_event(&mut self, event: &Recorded<'_>) {
        self.is_empty = false;
        let message = match event.message {
            None => b"",
            Some(LineText::Plain(line)) => line,
            Some(LineText::Escaped(text)) => {
                text.unescape_into(&mut self.said);
                self.said.as_bytes()
            }
        };
        if self.printed.is_ok() && self.pattern.matches(&String::from_utf8_lossy(message)) {
            // A line break that ends the message is the one that ends the line here.
            self.piece.extend_from_slice(message.strip_suffix(b"\n").unwrap_or(message));
            self.piece.push(b'\n');
        }
    }

    fn end(&mut self, number: u64, result: Result<(), RecordingFault>) {
        self.is_empty = false;
        match result {
            Ok(()) if self.printed.is_ok() && !self.piece.is_empty() => {
                self.printed = self.out.write_all(&self.piece);
                // Whoever reads along waits for this one.
                if self.is_live && self.printed.is_ok() {
                    self.printed = self.out.flush();
                    leave_on_broken_pipe(&self.printed);
                }
            }
            Ok(()) => {}
            Err(fault) => {
                report_line!("statuswatch: {}: line {number}: {fault}", self.name);
                *self.exit = Exit::InputFailed;
            }
        }
        self.piece.clear();
    }
}
