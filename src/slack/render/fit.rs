//! Fits a notification into all limits of a message, at the highest level of detail that leaves room for lines.
//!
//! What every message must have is fitted first, in as much detail as leaves a third of the text for lines; then as many
//! lines as fit. So lines give way before rows do, and sections last.

use super::Sender;
use super::choice;
use super::cut_lines::cut_lines;
use super::form::{Filling, Form, SpaceLeft};
use super::write::ShownNames;
use crate::digest::Group;
use crate::notification::{Detail, Lines, Links, Notification, Section};
use crate::slack::escape::{escape, escape_within};
use crate::slack::message::Message;

/// From the fullest detail to less; [`LEAST`] fits whatever comes.
const DETAILS: [Detail; 5] = [
    Detail { sections: 10, groups: 10, rules: 5, name: 120, links: Links::Both },
    Detail { sections: 10, groups: 6, rules: 3, name: 80, links: Links::Both },
    Detail { sections: 10, groups: 4, rules: 2, name: 60, links: Links::Insights },
    Detail { sections: 10, groups: 3, rules: 2, name: 60, links: Links::Shared },
    Detail { sections: 5, groups: 3, rules: 1, name: 60, links: Links::Shared },
];
const LEAST: Detail = Detail { sections: 2, groups: 2, rules: 1, name: 40, links: Links::Shared };

/// A message, and how many sample lines' text is in it.
pub(super) struct Fitted<'a> {
    pub(super) message: Message,
    pub(super) shown: u64,
    pub(super) notification: Notification<'a>,
}

/// The message in one form.
pub(super) fn fit<'a>(
    form: Form,
    notification: impl Fn(Detail) -> Notification<'a>,
    sender: &Sender,
) -> Fitted<'a> {
    let draft = |detail| Draft::new(form, notification(detail), sender);
    let draft = DETAILS.into_iter().map(draft).find(Draft::has_room).unwrap_or_else(|| draft(LEAST));
    draft.fitted(sender)
}

/// A message in which longer texts are absent still, and a line each stands in for the samples.
struct Draft<'a> {
    form: Form,
    notification: Notification<'a>,
    names: ShownNames,
    message: Message,
    room: SpaceLeft,
}

impl<'a> Draft<'a> {
    fn new(form: Form, notification: Notification<'a>, sender: &Sender) -> Self {
        let names = ShownNames::default();
        let fillings = notification.sections.iter().map(|section| fixed(form, section)).collect();
        let message = form.draw(&notification, &names, fillings, sender);
        let room = form.room(&message);
        Self { form, notification, names, message, room }
    }

    /// Whether it is within the limits, and leaves room for lines where it has any.
    fn has_room(&self) -> bool {
        let has_samples = self.notification.sections.iter().any(|section| samples(section).is_some());
        let needed = if has_samples { self.form.room_for_lines() } else { 1 };
        self.room.units.min(self.room.bytes) >= needed
    }

    /// With all that it has room for.
    fn fitted(self, sender: &Sender) -> Fitted<'a> {
        let Self { form, notification, names, message, room } = self;
        let is_fixed = |section: &Section<'_>| section.about.is_none() && samples(section).is_none();
        if notification.sections.iter().all(is_fixed) {
            return Fitted { message, shown: 0, notification };
        }
        let groups: Vec<&[Group]> = notification
            .sections
            .iter()
            .map(|section| samples(section).map_or(&[][..], |(groups, _)| groups))
            .collect();
        let max_lines = (notification.max_lines, notification.max_lines_of_group);
        let chosen = choice::choose(&groups, max_lines, room, form.dialect());
        let shown = chosen.iter().map(|lines| lines.len() as u64).sum();
        let fillings = notification.sections.iter().zip(chosen).map(|(section, lines)| {
            let about = about(form, section, room);
            match samples(section) {
                Some((_, matched)) => {
                    let shown = lines.len() as u64;
                    Filling { about, lines, shown: (shown < matched).then_some(shown) }
                }
                None => Filling { about, ..fixed(form, section) },
            }
        });
        let message = form.draw(&notification, &names, fillings.collect(), sender);
        Fitted { message, shown, notification }
    }
}

/// What a section shows whatever room there is. What stands in for samples never takes less room than what replaces it.
fn fixed(form: Form, section: &Section<'_>) -> Filling {
    let dialect = form.dialect();
    match &section.lines {
        Lines::Ours(lines) => {
            let lines = lines.iter().map(|line| escape(line, dialect)).collect();
            Filling { lines, ..Filling::default() }
        }
        Lines::Stranger { text, max, max_lines } => {
            Filling { lines: cut_lines(text, *max, *max_lines, dialect), ..Filling::default() }
        }
        Lines::Samples { matched, .. } => {
            Filling { lines: vec!["x".to_owned()], shown: Some(*matched), ..Filling::default() }
        }
    }
}

fn samples<'a>(section: &Section<'a>) -> Option<(&'a [Group], u64)> {
    match section.lines {
        Lines::Samples { groups, matched } => Some((groups, matched)),
        Lines::Ours(_) | Lines::Stranger { .. } => None,
    }
}

/// The longer text. One line break parts it from the rest where there is text alone.
fn about(form: Form, section: &Section<'_>, room: SpaceLeft) -> String {
    let about = section.about.as_ref().map(|about| {
        escape_within(&about.text, 0, form.dialect(), about.max.min(room.units.saturating_sub(1)))
    });
    about.unwrap_or_default()
}
