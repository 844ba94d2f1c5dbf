//! Messages in, in about the order of time; those that are worth reading word by word, out: all of the worst hour, and
//! the first of each incident.
//!
//! It is bounded: it holds the messages of three hours at most, and so many firsts.

use std::collections::BTreeMap;

use super::figures::{HOUR_MS, MAX_SENT, SentMessage};

/// Of one hour, and of firsts.
const MAX_EACH: usize = MAX_SENT / 2;

/// The messages that are kept.
#[derive(Default)]
pub(super) struct Excerpt {
    /// The worst hour so far and the two newest, each by its beginning.
    hours: BTreeMap<i64, Hour>,
    /// The first messages of incidents, of all other hours.
    firsts: Vec<SentMessage>,
}

#[derive(Default)]
struct Hour {
    messages: u64,
    /// With whether it is the first of an incident.
    told: Vec<(SentMessage, bool)>,
}

impl Excerpt {
    /// Takes the next message.
    pub(super) fn note(&mut self, told: SentMessage, is_first: bool) {
        let hour = self.hours.entry(told.at.0 - told.at.0.rem_euclid(HOUR_MS)).or_default();
        hour.messages += 1;
        if hour.told.len() < MAX_EACH {
            hour.told.push((told, is_first));
        }
        let worst = self.worst();
        let newest = self.hours.keys().nth_back(1).copied();
        let is_past = |from: i64| newest.is_some_and(|newest| from < newest) && Some(from) != worst;
        let past: Vec<i64> = self.hours.keys().copied().filter(|from| is_past(*from)).collect();
        for from in past {
            let told = self.hours.remove(&from).map(|hour| hour.told);
            self.keep_firsts(told.unwrap_or_default());
        }
    }

    /// What was kept, in the order of time; at most [`MAX_SENT`].
    pub(super) fn finish(mut self) -> Vec<SentMessage> {
        let worst = self.worst().and_then(|from| self.hours.remove(&from));
        for (_, hour) in std::mem::take(&mut self.hours) {
            self.keep_firsts(hour.told);
        }
        let mut kept = self.firsts;
        kept.extend(worst.into_iter().flat_map(|hour| hour.told).map(|(told, _)| told));
        kept.sort_by_key(|told| told.at);
        kept
    }

    fn keep_firsts(&mut self, told: Vec<(SentMessage, bool)>) {
        let room = MAX_EACH.saturating_sub(self.firsts.len());
        self.firsts
            .extend(told.into_iter().filter(|(_, is_first)| *is_first).map(|(told, _)| told).take(room));
    }

    /// The beginning of the hour with the most messages, of equals the first.
    fn worst(&self) -> Option<i64> {
        self.hours.iter().rev().max_by_key(|(_, hour)| hour.messages).map(|(from, _)| *from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::Time;
    use crate::slack::message::Message;

    fn kept(notes: impl IntoIterator<Item = (i64, bool)>) -> Vec<i64> {
        let mut excerpt = Excerpt::default();
        for (minute, is_first) in notes {
            let message: Message =
                serde_json::from_str(r#"{"text":"x","unfurl_links":false,"unfurl_media":false}"#).unwrap();
            let told = SentMessage { at: Time(minute * 60_000), shown: 0, matched: 0, message };
            excerpt.note(told, is_first);
            assert!(excerpt.hours.len() <= 3);
        }
        excerpt.finish().iter().map(|told| told.at.0 / 60_000).collect()
    }

    #[test]
    fn the_worst_hour_is_kept_whole_and_of_the_others_what_opens_an_incident() {
        // Two messages in the first hour, three in the third, two in the tenth.
        let notes =
            [(0, true), (5, false), (120, true), (125, false), (130, false), (600, true), (605, false)];
        assert_eq!(kept(notes), [0, 120, 125, 130, 600]);
        // Of equals the first is the worst.
        assert_eq!(kept([(0, true), (5, false), (600, true), (605, false)]), [0, 5, 600]);
        // The first hour is the worst once more, after a message that came late.
        assert_eq!(kept([(0, true), (1, false), (61, false), (62, false), (2, false)]), [0, 1, 2]);
        assert_eq!(kept([]), Vec::<i64>::new());
    }

    #[test]
    fn months_of_messages_are_no_more_than_the_most() {
        let found = kept((0..100_000).map(|at| (at, true)));
        assert_eq!(found.len(), MAX_SENT);
        // The first hour whole as far as there is room, then the firsts of the hours behind it.
        assert_eq!((found.first(), found.last()), (Some(&0), Some(&109)));
    }
}
