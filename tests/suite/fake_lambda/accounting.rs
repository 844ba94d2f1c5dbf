//! The accounting oracle: what became of every matched line, deduced from outside.
//!
//! It sees what a handler was given, what it answered, which of its posts Slack took and how many lines each
//! announced, and who died. It keeps books for every container as they must be if nothing is lost, and holds
//! the handler's ledger and its messages against them: where one line is missing, a number differs. It never
//! looks inside a handler. All matched lines of a delivery share a fate.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    answers::{Known, Ledger, acknowledged},
    delivery::{Delivery, Record},
    report::{Latencies, Lines},
};

/// The books.
#[derive(Default)]
pub(crate) struct Accounting {
    fates: Vec<Fate>,
    containers: BTreeMap<usize, Books>,
    latencies: Latencies,
    violations: Vec<String>,
}

/// How an invocation ended, as Lambda sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With an answer.
    Answered(Vec<u8>),
    /// With an error.
    Failed,
    /// Killed, or beyond its deadline: the container is gone.
    Died,
}

/// A post that Slack took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// When.
    pub(crate) at_ms: u64,
    /// How many lines it announces.
    pub(crate) lines: u64,
    /// Whether the handler knows that Slack took it.
    pub(crate) acknowledged: bool,
}

struct Fate {
    delivery: Delivery,
    /// In how many accepted posts it was shown or counted.
    notified: u64,
    /// How many copies of the event Lambda still has to deliver.
    under_way: u64,
    in_destination: bool,
    /// It was in what a dying container had deferred that died, whose ledger had said so.
    died_deferred: bool,
}

/// What one container must have in mind.
#[derive(Default)]
struct Books {
    pending: Fold,
    /// Deliveries that it has notified or deferred, and may recognise.
    seen: BTreeSet<u32>,
}

#[derive(Clone, Default)]
struct Fold {
    ids: Vec<u32>,
    lines: u64,
}

impl Accounting {
    /// A delivery comes into being; they come in the order of their ids.
    pub(crate) fn expect(&mut self, delivery: Delivery) {
        assert_eq!(delivery.id as usize, self.fates.len(), "deliveries are numbered in order");
        self.fates.push(Fate {
            delivery,
            notified: 0,
            under_way: 0,
            in_destination: false,
            died_deferred: false,
        });
    }

    /// Lambda has one copy more to deliver.
    pub(crate) fn queued(&mut self, id: u32) {
        self.fate(id).under_way += 1;
    }

    /// Lambda has one copy less to deliver.
    pub(crate) fn settled(&mut self, id: u32) {
        self.fate(id).under_way -= 1;
    }

    /// The failure destination has it.
    pub(crate) fn in_destination(&mut self, id: u32) {
        self.fate(id).in_destination = true;
    }

    /// An asynchronous invocation is over: of an event, or of a tick.
    pub(crate) fn invoked(&mut self, container: usize, given: Option<u32>, posts: &[Taken], ending: &Ending) {
        self.tell_pending(container, given, posts);
        match ending {
            Ending::Died => self.buried(container),
            Ending::Failed if posts.iter().any(|post| post.acknowledged && post.lines > 0) => {
                let books = self.books(container);
                books.pending = Fold::default();
                books.seen.extend(given);
            }
            Ending::Failed => {}
            Ending::Answered(answer) => match Ledger::read(answer) {
                Ok(ledger) => self.check_ledger(container, given, posts, &ledger),
                Err(fault) => self.violation(container, &fault),
            },
        }
    }

    /// A Kinesis invocation is over. Says how many records, from the first, are acknowledged.
    pub(crate) fn invoked_by_kinesis(
        &mut self,
        container: usize,
        records: &[Record],
        posts: &[Taken],
        ending: &Ending,
    ) -> usize {
        let given: &[u32] = &records.iter().map(|record| record.delivery.id).collect::<Vec<_>>();
        for post in posts.iter().filter(|post| post.lines > 0) {
            // Of two records with the same delivery the second is a duplicate, as one that was notified before.
            let mut known = self.books(container).seen.clone();
            let unseen: Vec<u32> = given.iter().copied().filter(|id| known.insert(*id)).collect();
            let Some(notified) =
                self.prefix_of(&unseen, post.lines).or_else(|| self.prefix_of(given, post.lines))
            else {
                let (lines, all) = (post.lines, self.lines(given));
                self.violation(
                    container,
                    &format!("tells {lines} lines, which no first records of {all} lines make"),
                );
                continue;
            };
            self.tell(&notified, post.at_ms);
            if post.acknowledged {
                self.books(container).seen.extend(notified);
            }
        }
        match ending {
            Ending::Answered(answer) => match acknowledged(answer, records) {
                Ok(count) => {
                    self.check_acknowledged(container, &given[..count]);
                    count
                }
                Err(fault) => {
                    self.violation(container, &fault);
                    0
                }
            },
            Ending::Failed => 0,
            Ending::Died => {
                self.buried(container);
                0
            }
        }
    }

    /// A container is gone, with what it had deferred but for what these last posts notified.
    pub(crate) fn shut_down(&mut self, container: usize, posts: &[Taken]) {
        self.tell_pending(container, None, posts);
        self.buried(container);
    }

    /// What has become of all lines.
    pub(crate) fn lines_by_fate(&self) -> Lines {
        let pending: BTreeSet<u32> =
            self.containers.values().flat_map(|books| books.pending.ids.iter().copied()).collect();
        let mut lines = Lines::default();
        for fate in &self.fates {
            let matched = u64::from(fate.delivery.matched);
            lines.all += matched;
            lines.notified_again += fate.notified.saturating_sub(1) * matched;
            *match fate {
                _ if fate.notified > 0 => &mut lines.notified,
                _ if pending.contains(&fate.delivery.id) => &mut lines.pending,
                _ if fate.in_destination => &mut lines.in_destination,
                _ if fate.under_way > 0 => &mut lines.queued,
                _ if fate.died_deferred => &mut lines.died_deferred,
                _ => &mut lines.unaccounted,
            } += matched;
        }
        lines
    }

    /// From when lines were logged to when Slack first showed or counted them.
    pub(crate) fn latencies(&self) -> Latencies {
        self.latencies.clone()
    }

    /// Where a handler's words and the books differ.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.violations.clone()
    }

    fn check_ledger(&mut self, container: usize, given: Option<u32>, posts: &[Taken], ledger: &Ledger) {
        let delivery = given.map(|id| self.fate(id).delivery);
        let posts: Vec<(u64, bool)> = posts.iter().map(|post| (post.lines, post.acknowledged)).collect();
        let given_lines = delivery.map_or(0, |delivery| delivery.matched.into());
        let books = self.books(container);
        let known = Known {
            given: given_lines,
            others: delivery.map_or(0, |delivery| delivery.other.into()),
            pending: books.pending.lines,
            seen: given.is_some_and(|id| books.seen.contains(&id)),
            posts: &posts,
        };
        let faults = ledger.faults(known);
        if ledger.holds_nothing() {
            books.pending = Fold::default();
        } else if ledger.has_deferred() {
            // The end of an incident tells what was pending before what is given now is taken in.
            if ledger.notified() > 0 {
                books.pending = Fold::default();
            }
            books.pending.ids.extend(given);
            books.pending.lines += given_lines;
        }
        books.seen.extend(given);
        for fault in faults {
            self.violation(container, &fault);
        }
    }

    fn check_acknowledged(&mut self, container: usize, acknowledged: &[u32]) {
        for id in acknowledged {
            if self.fate(*id).notified == 0 && self.lines(&[*id]) > 0 {
                self.violation(container, &format!("acknowledges record {id} before Slack took it"));
            }
        }
    }

    /// A post tells what was pending, with or without what was given just now; nothing else adds up. Where it tells what was
    /// pending alone, as the end of an incident may, the next one has only what was given.
    fn tell_pending(&mut self, container: usize, given: Option<u32>, posts: &[Taken]) {
        let given_lines = given.map_or(0, |id| self.lines(&[id]));
        let mut pending = self.books(container).pending.clone();
        for post in posts.iter().filter(|post| post.lines > 0) {
            if post.lines == pending.lines + given_lines {
                self.tell(pending.ids.iter().chain(&given), post.at_ms);
            } else if post.lines == pending.lines {
                self.tell(&pending.ids, post.at_ms);
                if post.acknowledged {
                    pending = Fold::default();
                }
            } else {
                let what = format!(
                    "tells {} lines of {} pending and {given_lines} given",
                    post.lines, pending.lines
                );
                self.violation(container, &what);
            }
        }
    }

    fn tell<'a>(&mut self, ids: impl IntoIterator<Item = &'a u32>, at_ms: u64) {
        for id in ids {
            let fate = &mut self.fates[*id as usize];
            fate.notified += 1;
            if fate.notified == 1 {
                self.latencies.record(&fate.delivery, at_ms);
            }
        }
    }

    fn buried(&mut self, container: usize) {
        for id in self.containers.remove(&container).unwrap_or_default().pending.ids {
            self.fate(id).died_deferred = true;
        }
    }

    /// The first of these deliveries, as many as make exactly so many lines.
    fn prefix_of(&self, ids: &[u32], lines: u64) -> Option<Vec<u32>> {
        (1..=ids.len())
            .map(|length| &ids[..length])
            .find(|prefix| self.lines(prefix) == lines)
            .map(<[u32]>::to_vec)
    }

    fn lines(&self, ids: &[u32]) -> u64 {
        ids.iter().map(|id| u64::from(self.fates[*id as usize].delivery.matched)).sum()
    }

    fn fate(&mut self, id: u32) -> &mut Fate {
        &mut self.fates[id as usize]
    }

    fn books(&mut self, container: usize) -> &mut Books {
        self.containers.entry(container).or_default()
    }

    fn violation(&mut self, container: usize, what: &str) {
        self.violations.push(format!("container {container}: {what}"));
    }
}
