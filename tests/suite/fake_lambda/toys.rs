//! Toy functions for the tests of the simulation: one that keeps every promise, and some that break one.
//!
//! The good one is the smallest thing that folds in a storm as the product is to do; it proves nothing about
//! the product, only that the simulation lets a good function pass and shows a bad one.

use std::{collections::HashSet, time::Duration};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    delivery::Delivery,
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
    /// Does not recognise a delivery that it has told.
    ForgetsWhatItTold,
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
    seen: HashSet<u64>,
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
        self.kinesis(&[*delivery])
    }

    fn kinesis(&self, deliveries: &[Delivery]) -> Vec<u8> {
        let event = deliveries.iter().map(|delivery| json!({"id": delivery.id, "matched": delivery.matched}));
        event.collect::<Value>().to_string().into()
    }

    fn tick(&self) -> Vec<u8> {
        b"[]".to_vec()
    }

    fn announced(&self, body: &[u8]) -> u64 {
        serde_json::from_slice(body).expect("a toy posts a number")
    }
}

impl Handler for ToyHandler {
    async fn invoke(&mut self, event: Vec<u8>, context: Context) -> Result<Vec<u8>, String> {
        let event: Vec<Value> = serde_json::from_slice(&event).expect("a toy's event");
        let number = |value: &Value| value.as_u64().expect("a number");
        let records: Vec<(u64, u64)> =
            event.iter().map(|record| (number(&record["id"]), number(&record["matched"]))).collect();
        match &records[..] {
            [] => self.flush_or_hold().await,
            [(id, matched)] => self.tell_or_fold(*id, *matched).await,
            _ => return Ok(self.tell_all(&records, &context).await),
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
            return Ok(ledger(0, 0, 0, 0));
        }
        self.tell(0, 0).await
    }

    async fn tell_or_fold(&mut self, id: u64, matched: u64) -> Result<Vec<u8>, String> {
        let is_known = self.seen.contains(&id) && self.flaw != Flaw::ForgetsWhatItTold;
        let is_duplicate = is_known || self.flaw == Flaw::SeesDuplicates && id % 10 == 9;
        let (new, duplicate) = if is_duplicate { (0, matched) } else { (matched, 0) };
        let answer = self.tell(new, duplicate).await;
        if answer.is_ok() {
            self.seen.insert(id);
        }
        answer
    }

    async fn tell(&mut self, new: u64, duplicate: u64) -> Result<Vec<u8>, String> {
        let total = self.pending + new;
        let now = self.clock.now_ms();
        if total == 0 {
            return Ok(ledger(new, duplicate, 0, 0));
        }
        let has_token =
            self.flaw == Flaw::DoesNotPace || now >= self.silent_until_ms && self.bucket.take(now).is_ok();
        if !has_token {
            return Ok(self.fold(new, duplicate));
        }
        for wait_ms in [500, 1_000, 2_000] {
            match self.slack.post(total.to_string().as_bytes()).await {
                Ok(answer) if answer.status == 200 || self.flaw == Flaw::SwallowsErrors => {
                    self.pending = 0;
                    return Ok(ledger(new, duplicate, total, 0));
                }
                Ok(answer) if answer.status == 429 && self.flaw != Flaw::DoesNotPace => {
                    let seconds = answer.retry_after.unwrap_or(1);
                    self.silent_until_ms = self.clock.now_ms() + seconds * 1_000;
                    return Ok(self.fold(new, duplicate));
                }
                _ => sleep(Duration::from_millis(wait_ms)).await,
            }
        }
        Err("slack did not take it".into())
    }

    fn fold(&mut self, new: u64, duplicate: u64) -> Vec<u8> {
        match self.flaw {
            Flaw::CountsWithoutPosting => return ledger(new, duplicate, new, self.pending),
            Flaw::FoldsTooFew => self.pending += new.saturating_sub(1),
            _ => self.pending += new,
        }
        let lie = if self.flaw == Flaw::FoldsTooFew { new.min(1) } else { 0 };
        ledger(new, duplicate, 0, self.pending + lie)
    }

    /// Kinesis: waits for a token within the deadline, posts all as one, folds nothing.
    async fn tell_all(&mut self, records: &[(u64, u64)], context: &Context) -> Vec<u8> {
        let done = json!({"batchItemFailures": []}).to_string().into_bytes();
        let from_first = json!({"batchItemFailures": [{"itemIdentifier": records[0].0.to_string()}]});
        let total: u64 =
            records.iter().filter(|(id, _)| !self.seen.contains(id)).map(|(_, matched)| matched).sum();
        if total == 0 || self.flaw == Flaw::AcknowledgesEarly {
            return done;
        }
        while self.clock.now_ms() < self.silent_until_ms || self.bucket.take(self.clock.now_ms()).is_err() {
            sleep(Duration::from_millis(100)).await;
            if tokio::time::Instant::now() + Duration::from_secs(3) > context.deadline {
                return from_first.to_string().into();
            }
        }
        let answer = self.slack.post(total.to_string().as_bytes()).await;
        if answer.is_ok_and(|answer| answer.status == 200) {
            self.seen.extend(records.iter().map(|(id, _)| id));
            return done;
        }
        self.silent_until_ms = self.clock.now_ms() + 1_000;
        from_first.to_string().into()
    }
}

/// An answer that balances, with the contract's names.
fn ledger(matched: u64, duplicate: u64, told: u64, pending: u64) -> Vec<u8> {
    let shown = told.min(20);
    let ledger = json!({"received": matched + duplicate, "ok": 0, "ignored": 0, "unreadable": 0,
        "duplicate": duplicate, "matched": matched, "shown": shown, "counted": told - shown,
        "pending": pending, "failed": 0, "posted": u64::from(told > 0)});
    ledger.to_string().into()
}
