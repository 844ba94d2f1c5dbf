//! Toy functions for the tests of the simulation: one that keeps every promise, and some that break one.
//!
//! The good one is the smallest thing that defers in a storm as the product is to do; it proves nothing about
//! the product, only that the simulation lets a good function pass and shows a bad one.

use std::{collections::HashSet, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    delivery::{Delivery, Record},
    function::{Context, Function, Handler},
};
use crate::{
    clock::Clock,
    fake_slack::{Bucket, model::SlackPort},
};

/// What a toy does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Nothing.
    None,
    /// Posts every delivery at once, and gives back what Slack refuses.
    DoesNotPace,
    /// Takes whatever Slack answers for a success.
    SwallowsErrors,
    /// Folds one line less than it says.
    FoldsTooFew,
    /// Says that what it could not post was counted in a message.
    CountsWithoutPosting,
    /// Calls every tenth delivery a duplicate without having seen it.
    SeesDuplicates,
    /// Does not recognise a delivery that it has notified.
    ForgetsWhatItTold,
    /// Takes the retry of a delivery that it could not post for a duplicate.
    RemembersFailures,
    /// Gives up what it had deferred together with the delivery that it could not post.
    DropsTheFoldOnFailure,
    /// Acknowledges records before Slack took them.
    AcknowledgesEarly,
}

/// A toy as it is deployed.
pub(crate) struct Toy(pub(crate) Flaw);

/// One container of it.
pub(crate) struct ToyHandler {
    flaw: Flaw,
    slack: SlackPort,
    clock: Clock,
    bucket: Bucket,
    silent_until_ms: u64,
    pending: u64,
    seen: HashSet<u32>,
}

/// What a toy is sent.
#[derive(Serialize, Deserialize)]
enum Event {
    Delivery(Lines),
    /// With their sequence numbers.
    Records(Vec<(u32, Lines)>),
    Tick,
}

/// The lines of one delivery.
#[derive(Serialize, Deserialize)]
struct Lines {
    id: u32,
    matched: u64,
    other: u64,
}

/// What a toy takes the lines of an event for.
#[derive(Clone, Copy, Default)]
struct Sorted {
    new: u64,
    duplicate: u64,
    ok: u64,
}

impl Function for Toy {
    type Handler = ToyHandler;

    fn start(&self, slack: SlackPort, clock: Clock) -> ToyHandler {
        let bucket = Bucket::new(5, 5_000);
        ToyHandler {
            flaw: self.0,
            slack,
            clock,
            bucket,
            silent_until_ms: 0,
            pending: 0,
            seen: HashSet::new(),
        }
    }

    fn awslogs(&self, delivery: &Delivery) -> Vec<u8> {
        Event::Delivery(Lines::of(delivery)).bytes()
    }

    fn kinesis(&self, records: &[Record]) -> Vec<u8> {
        let record = |record: &Record| (record.sequence_number, Lines::of(&record.delivery));
        Event::Records(records.iter().map(record).collect()).bytes()
    }

    fn tick(&self) -> Vec<u8> {
        Event::Tick.bytes()
    }

    fn announced(&self, body: &[u8]) -> u64 {
        serde_json::from_slice(body).expect("a toy posts a number")
    }
}

impl Handler for ToyHandler {
    async fn invoke(&mut self, event: Vec<u8>, context: Context) -> Result<Vec<u8>, String> {
        match serde_json::from_slice(&event).expect("a toy's event") {
            Event::Delivery(lines) => self.tell_or_fold(lines).await,
            Event::Records(records) => Ok(self.tell_all(&records, &context).await),
            Event::Tick => self.flush_or_hold().await,
        }
    }

    async fn shut_down(&mut self) {
        if self.pending > 0 {
            _ = self.slack.post(self.pending.to_string().as_bytes()).await;
        }
    }
}

impl ToyHandler {
    /// A tick: what is pending goes out; with nothing pending, it keeps the container from other ticks.
    async fn flush_or_hold(&mut self) -> Result<Vec<u8>, String> {
        if self.pending == 0 {
            sleep(Duration::from_millis(300)).await;
        }
        self.tell(Sorted::default()).await
    }

    async fn tell_or_fold(&mut self, Lines { id, matched, other }: Lines) -> Result<Vec<u8>, String> {
        let is_known = self.seen.contains(&id) && self.flaw != Flaw::ForgetsWhatItTold;
        let is_duplicate = is_known || self.flaw == Flaw::SeesDuplicates && id % 10 == 9;
        let (new, duplicate) = if is_duplicate { (0, matched) } else { (matched, 0) };
        let answer = self.tell(Sorted { new, duplicate, ok: other }).await;
        if answer.is_ok() || self.flaw == Flaw::RemembersFailures {
            self.seen.insert(id);
        }
        answer
    }

    async fn tell(&mut self, lines: Sorted) -> Result<Vec<u8>, String> {
        let total = self.pending + lines.new;
        let now = self.clock.now_ms();
        if total == 0 {
            return Ok(lines.ledger(0, 0));
        }
        let has_token =
            self.flaw == Flaw::DoesNotPace || now >= self.silent_until_ms && self.bucket.take(now).is_ok();
        if !has_token {
            return Ok(self.defer(lines));
        }
        for wait_ms in [500, 1_000, 2_000] {
            match self.slack.post(total.to_string().as_bytes()).await {
                Ok(answer) if answer.status == 200 || self.flaw == Flaw::SwallowsErrors => {
                    self.pending = 0;
                    return Ok(lines.ledger(total, 0));
                }
                Ok(answer) if answer.status == 429 && self.flaw != Flaw::DoesNotPace => {
                    let seconds = answer.retry_after.unwrap_or(1);
                    self.silent_until_ms = self.clock.now_ms() + seconds * 1_000;
                    return Ok(self.defer(lines));
                }
                _ => sleep(Duration::from_millis(wait_ms)).await,
            }
        }
        if self.flaw == Flaw::DropsTheFoldOnFailure {
            self.pending = 0;
        }
        Err("slack did not take it".into())
    }

    fn defer(&mut self, lines: Sorted) -> Vec<u8> {
        match self.flaw {
            Flaw::CountsWithoutPosting => lines.ledger(lines.new, self.pending),
            Flaw::FoldsTooFew => {
                self.pending += lines.new.saturating_sub(1);
                lines.ledger(0, self.pending + lines.new.min(1))
            }
            _ => {
                self.pending += lines.new;
                lines.ledger(0, self.pending)
            }
        }
    }

    /// Kinesis: waits for a token within the deadline, posts all as one, defers nothing.
    async fn tell_all(&mut self, records: &[(u32, Lines)], context: &Context) -> Vec<u8> {
        let failing_at = |records: &[(u32, Lines)]| {
            let failures: Vec<_> = records
                .iter()
                .take(1)
                .map(|(first, _)| json!({"itemIdentifier": first.to_string()}))
                .collect();
            json!({"batchItemFailures": failures}).to_string().into_bytes()
        };
        let mut known = self.seen.clone();
        let unseen = records
            .iter()
            .filter(|(_, lines)| known.insert(lines.id) || self.flaw == Flaw::ForgetsWhatItTold);
        let total: u64 = unseen.map(|(_, lines)| lines.matched).sum();
        if total == 0 || self.flaw == Flaw::AcknowledgesEarly {
            return failing_at(&[]);
        }
        while self.clock.now_ms() < self.silent_until_ms || self.bucket.take(self.clock.now_ms()).is_err() {
            sleep(Duration::from_millis(100)).await;
            if Instant::now() + Duration::from_secs(3) > context.deadline {
                return failing_at(records);
            }
        }
        let answer = self.slack.post(total.to_string().as_bytes()).await;
        if answer.is_ok_and(|answer| answer.status == 200) {
            self.seen.extend(records.iter().map(|(_, lines)| lines.id));
            return failing_at(&[]);
        }
        self.silent_until_ms = self.clock.now_ms() + 1_000;
        failing_at(records)
    }
}

impl Event {
    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain data")
    }
}

impl Lines {
    fn of(delivery: &Delivery) -> Self {
        Self { id: delivery.id, matched: delivery.matched.into(), other: delivery.other.into() }
    }
}

impl Sorted {
    /// An answer with the contract's names.
    fn ledger(self, notified: u64, pending: u64) -> Vec<u8> {
        let Self { new, duplicate, ok } = self;
        let shown = notified.min(20);
        let ledger = json!({"received": new + duplicate + ok, "ok": ok, "ignored": 0, "unreadable": 0,
            "duplicate": duplicate, "matched": new, "shown": shown, "counted": notified - shown,
            "pending": pending, "failed": 0, "posted": u64::from(notified > 0)});
        ledger.to_string().into()
    }
}
