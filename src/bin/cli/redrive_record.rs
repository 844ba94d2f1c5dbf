//! One record of a failure queue or bucket in; its messages posted, if they are to be, and what became of it out.
//!
//! A record is delivered whole or stays: what cannot be read in full is not posted.

use std::io::{self, Write};

use statuswatch::replay::{Found, Memory, ReplayedMessage, Settings, replay_event};
use statuswatch::slack::terminal::Canvas;
use statuswatch::words;

use crate::failure_record::failed_event;
use crate::outbox::Places;
use crate::replay_output::{summary, write_message};

/// Faults of one record that are named; of more, how many there are.
const MAX_FAULTS: usize = 5;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Its messages were accepted, or could be posted, or it has none.
    Good,
    /// It cannot be read in full.
    Unreadable,
    /// A message of it was not accepted; whether any other message would fare alike.
    Refused { by_all: bool },
}

/// Redrives records, one after another.
pub(crate) struct Redrive {
    settings: Settings,
    places: Option<Places>,
    allow_unreadable: bool,
    /// Of the records before that were good.
    memory: Memory,
}

/// A record that was redriven.
pub(crate) struct Done {
    pub(crate) fate: Fate,
    /// Why, in words that hold none of its text.
    pub(crate) faults: Vec<String>,
    pub(crate) told: Vec<ReplayedMessage>,
    summary: String,
}

impl Redrive {
    /// Posts where there are places to post to.
    pub(crate) fn new(settings: Settings, places: Option<Places>, allow_unreadable: bool) -> Self {
        Self { settings, places, allow_unreadable, memory: Memory::default() }
    }

    pub(crate) fn delivers(&self) -> bool {
        self.places.is_some()
    }

    /// What a record has in common with one that was delivered before is a duplicate.
    pub(crate) async fn record(&mut self, body: &[u8]) -> Done {
        let event = match failed_event(body) {
            Ok(event) => event,
            Err(error) => return Done::unreadable(error.to_string()),
        };
        let (mut told, mut faults, mut more) = (Vec::new(), Vec::new(), 0_u64);
        // Nothing of a record that stays is taken for notified.
        let mut memory = self.memory.clone();
        let totals = replay_event(&mut memory, &event, &self.settings, &mut |found, _| match found {
            Found::Message(message) => told.push(*message),
            Found::Fault(_, what) if faults.len() < MAX_FAULTS => faults.push(what),
            Found::Fault(..) => more += 1,
            Found::Pause => {}
        });
        if more > 0 {
            faults.push(format!("and {} more of the kind", words::number(more)));
        }
        if !self.allow_unreadable && faults.is_empty() && totals.unreadable().is_most() {
            faults.push(totals.unreadable().to_string());
        }
        let mut done = Done {
            fate: Fate::Good,
            faults,
            told,
            summary: summary(&totals.ledger, totals.silent_notifications, 0),
        };
        if !done.faults.is_empty() {
            done.fate = Fate::Unreadable;
            return done;
        }
        if let Some(places) = &mut self.places {
            done.post(places).await;
        }
        if done.fate == Fate::Good {
            self.memory = memory;
        }
        done
    }
}

impl Done {
    /// Of what no failure record can be.
    pub(crate) fn too_large() -> Self {
        Self::unreadable("larger than a failure record can be".to_owned())
    }

    fn unreadable(fault: String) -> Self {
        Self { fate: Fate::Unreadable, faults: vec![fault], told: Vec::new(), summary: String::new() }
    }

    async fn post(&mut self, places: &mut Places) {
        for (accepted, message) in (0_u64..).zip(&self.told) {
            if let Err(error) = places.post(&message.destination, &message.rendered).await {
                self.fate = Fate::Refused { by_all: error.is_of_destination() };
                self.faults.push(format!("message {} not delivered: {error}", message.rendered.id));
                if accepted > 0 {
                    let accepted = words::count(accepted, "message");
                    self.faults
                        .push(format!("{accepted} of it accepted before: posted again with the record"));
                }
                return;
            }
        }
    }

    /// Shows it under this heading.
    pub(crate) fn write(&self, out: &mut impl Write, heading: &str, canvas: &Canvas) -> io::Result<()> {
        let fate = match self.fate {
            Fate::Good => self.summary.as_str(),
            Fate::Unreadable => return writeln!(out, "{heading}: stays, it cannot be read\n"),
            Fate::Refused { .. } => "stays, not accepted",
        };
        writeln!(out, "{heading}: {fate}\n")?;
        for message in &self.told {
            write_message(out, message, canvas)?;
        }
        out.flush()
    }
}
