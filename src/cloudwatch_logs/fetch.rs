//! All pages of a log group: several slices of time at once, handed over in order of time.
//!
//! Memory is bounded by the slices at once and by the pages that each may be ahead.

use std::cell::{Cell, RefCell};
use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::rc::Rc;

use serde_json::json;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{LocalSet, spawn_local};

use super::client::{Client, Operation};
use super::follow::Known;
use super::identities::Way;
use super::page::Page;
use super::slices::{Slice, Slices};
use super::{LogsError, Query};
use crate::http::Transport;

/// What is given up behind, and what is held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Slices at once.
    pub(super) workers: usize,
    /// Pages of each slice that wait.
    pub(super) ahead: usize,
    /// Pages of one slice.
    pub(super) pages: u32,
    /// Pages in a row without a log event.
    pub(super) empty_pages: u32,
}

impl Bounds {
    pub(super) fn new(workers: usize, ahead: usize) -> Self {
        // So many pages hold 10 GB of messages; some are empty while CloudWatch looks through streams.
        Self { workers, ahead, pages: 10_000, empty_pages: 1_000 }
    }
}

pub(super) type Fetched = Result<Page, LogsError>;

/// Hands over all pages. Ends early where nobody takes them any more.
pub(super) async fn fetch<H: Transport + 'static>(
    client: Client<H>,
    query: &Query,
    bounds: Bounds,
    out: &Sender<Fetched>,
) -> Result<(), LogsError> {
    let group = Rc::new(Group::new(client, query.log_group.clone(), None));
    let mut slices = Slices::new(query.from_ms, query.until_ms);
    let fetching = async {
        let mut begun: VecDeque<Receiver<Fetched>> = VecDeque::new();
        loop {
            while begun.len() < bounds.workers {
                let Some(slice) = slices.next() else { break };
                let (sender, receiver) = channel(bounds.ahead);
                let group = Rc::clone(&group);
                spawn_local(async move {
                    if let Err(error) = group.walk(slice, bounds, &sender).await {
                        let _ = sender.send(Err(error)).await;
                    }
                });
                begun.push_back(receiver);
            }
            let Some(mut first) = begun.pop_front() else { return Ok(()) };
            let mut pages = 0;
            while let Some(page) = first.recv().await {
                pages += 1;
                if out.send(Ok(page?)).await.is_err() {
                    return Ok(());
                }
            }
            slices.learn(pages);
        }
    };
    LocalSet::new().run_until(fetching).await
}

/// A log group that is read.
pub(super) struct Group<H> {
    client: Client<H>,
    name: String,
    /// For Live Tail alone.
    arn: Option<String>,
    /// Whether a page of it was there.
    is_known: Cell<bool>,
    /// What was handed over, where the same time is read again and again.
    handed_over: Option<RefCell<Known>>,
}

impl<H: Transport> Group<H> {
    /// One that is read again and again.
    pub(super) fn following(client: Client<H>, name: String) -> Self {
        Self::new(client, name, Some(RefCell::default()))
    }

    /// One that is read again and again beside a Live Tail session.
    pub(super) fn beside_live_tail(client: Client<H>, name: String, arn: String) -> Self {
        let known = RefCell::new(Known::beside_live_tail());
        Self { arn: Some(arn), ..Self::new(client, name, Some(known)) }
    }

    /// Whether Live Tail means this one, by its name, `account:name` or ARN.
    pub(super) fn is(&self, identifier: &str) -> bool {
        let identifier = identifier.strip_suffix(":*").unwrap_or(identifier);
        let arn = self.arn.as_deref().unwrap_or_default();
        let in_account = arn.split(':').nth(4).is_some_and(|account| {
            let name = identifier.strip_prefix(account).and_then(|rest| rest.strip_prefix(':'));
            name == Some(self.plain_name())
        });
        in_account || identifier == arn || identifier == self.plain_name()
    }

    /// Whether a log event that a session brought was not handed over yet.
    pub(super) fn is_new_in_session(&self, session: u32, at_ms: i64, identity: u64) -> bool {
        let known = self.handed_over.as_ref().map(RefCell::borrow_mut);
        known.is_none_or(|mut known| {
            known.is_new_beside(Way::Tailed(session), at_ms, || Ok::<_, ()>(identity)) == Ok(true)
        })
    }

    fn new(client: Client<H>, name: String, handed_over: Option<RefCell<Known>>) -> Self {
        Self { client, name, arn: None, is_known: Cell::new(false), handed_over }
    }

    /// The newest log event that was handed over, epoch milliseconds.
    pub(super) fn newest_ms(&self) -> Option<i64> {
        self.handed_over.as_ref().and_then(|known| known.borrow().newest_ms)
    }

    /// What is before this time is not read again.
    pub(super) fn forget_before(&self, from_ms: i64) {
        if let Some(known) = &self.handed_over {
            known.borrow_mut().forget_before(from_ms);
        }
    }

    /// Hands over the pages of one slice; where it is read again and again, those with something new. Gives how many
    /// there were.
    pub(super) async fn walk(
        &self,
        slice: Slice,
        bounds: Bounds,
        out: &Sender<Fetched>,
    ) -> Result<u32, LogsError> {
        let buffers = self.client.buffers();
        let mut token: Option<String> = None;
        let mut seen = HashSet::new();
        let mut empty = 0;
        for pages in 1..=bounds.pages {
            let request = self.request(slice, token.as_deref());
            let answer = self.client.call(Operation::FilterLogEvents, &request, buffers.text()).await;
            let answer = answer.map_err(|error| match error {
                LogsError::NoGroup(_) if self.is_known.get() => LogsError::Deleted,
                error => error,
            })?;
            self.is_known.set(true);
            let mut known = self.handed_over.as_ref().map(RefCell::borrow_mut);
            let (page, next) =
                Page::of_answer(answer, self.plain_name(), slice, known.as_deref_mut(), buffers)?;
            drop(known);
            empty = if page.events == 0 { empty + 1 } else { 0 };
            let is_wanted = page.events > 0 || self.handed_over.is_none();
            if is_wanted && out.send(Ok(page)).await.is_err() {
                return Ok(pages);
            }
            let Some(next) = next else { return Ok(pages) };
            if !seen.insert(hash(&next)) {
                return Err(LogsError::Circle);
            }
            if empty >= bounds.empty_pages {
                return Err(LogsError::EmptyPages);
            }
            token = Some(next);
        }
        Err(LogsError::TooManyPages)
    }

    /// Without what an ARN has around it.
    pub(super) fn plain_name(&self) -> &str {
        let behind = self.name.strip_prefix("arn:").and_then(|arn| arn.split_once(":log-group:"));
        behind.map_or(self.name.as_str(), |(_, name)| name)
    }

    fn request(&self, slice: Slice, token: Option<&str>) -> String {
        // The end belongs to what is asked for; what is at the very end is left to the slice behind it.
        let mut request = json!({ "startTime": slice.from_ms, "endTime": slice.until_ms });
        let name = if self.name.starts_with("arn:") { "logGroupIdentifier" } else { "logGroupName" };
        if let Some(request) = request.as_object_mut() {
            request.insert(name.to_owned(), self.name.clone().into());
            if let Some(token) = token {
                request.insert("nextToken".to_owned(), token.into());
            }
        }
        request.to_string()
    }
}

fn hash(token: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    token.hash(&mut hasher);
    hasher.finish()
}
