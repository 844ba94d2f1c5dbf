//! One update of a Live Tail session, as lines of a recording.
//!
//! Messages are passed on as they stand in the update, and not looked at.

use std::rc::Rc;

use super::LogsError;
use super::fetch::Group;
use super::page::{Event, Malformed, Page, each_member, key, value_end};
use crate::http::Transport;
use crate::json::{members, skip_space};

/// What arrived in a second.
#[derive(Debug)]
pub(super) struct Update {
    /// The log events that were not handed over yet.
    pub(super) page: Page,
    /// Whether there were more.
    pub(super) is_sampled: bool,
}

impl Update {
    /// Reads an update of the session of this number, on these log groups.
    pub(super) fn read<H: Transport>(
        update: &[u8],
        session: u32,
        groups: &[Rc<Group<H>>],
    ) -> Result<Self, LogsError> {
        let mut read = Self { page: Page::empty(update.len()), is_sampled: false };
        read.take(update, session, groups).map_err(|Malformed| LogsError::Unreadable)?;
        read.page.is_sampled = read.is_sampled;
        Ok(read)
    }

    fn take<H: Transport>(
        &mut self,
        update: &[u8],
        session: u32,
        groups: &[Rc<Group<H>>],
    ) -> Result<(), Malformed> {
        let end = each_member(update, 0, (b'{', b'}'), |at| {
            let (name, value) = key(update, at)?;
            match name {
                b"sessionResults" => each_member(update, value, (b'[', b']'), |at| {
                    let (event, end) = Event::read(update, at)?;
                    self.add(&event, session, groups)?;
                    Ok(end)
                }),
                b"sessionMetadata" => each_member(update, value, (b'{', b'}'), |at| {
                    let (name, value) = key(update, at)?;
                    let end = value_end(update, value)?;
                    self.is_sampled |= name == b"sampled" && update.get(value..end) == Some(b"true");
                    Ok(end)
                }),
                _ => value_end(update, value),
            }
        })?;
        if skip_space(update, end) == update.len() { Ok(()) } else { Err(Malformed) }
    }

    fn add<H: Transport>(
        &mut self,
        event: &Event<'_>,
        session: u32,
        groups: &[Rc<Group<H>>],
    ) -> Result<(), Malformed> {
        let identifier = event.log_group.and_then(members::text).ok_or(Malformed)?;
        let identifier = str::from_utf8(&identifier).map_err(|_| Malformed)?;
        let group = groups.iter().find(|group| group.is(identifier)).ok_or(Malformed)?;
        let at_ms = event.at_ms()?;
        if group.is_new_in_session(session, at_ms, event.identity()?) {
            self.page.write(event, group.plain_name(), at_ms)?;
        }
        Ok(())
    }
}
