//! One update of a Live Tail session, as lines of a recording.
//!
//! Messages are passed on as they stand in the update, and not looked at.

use std::rc::Rc;
use std::sync::Arc;

use super::LogsError;
use super::buffers::Buffers;
use super::event::{Event, Malformed, each_member, key, value_end};
use super::fetch::Group;
use super::page::Page;
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
        buffers: &Arc<Buffers>,
    ) -> Result<Self, LogsError> {
        let mut read = Self { page: Page::empty(buffers), is_sampled: false };
        read.take(update, session, groups).map_err(|Malformed| LogsError::Unreadable)?;
        let Self { mut page, is_sampled } = read;
        page.is_sampled = is_sampled;
        let mut text = buffers.text();
        text.extend_from_slice(update);
        Ok(Self { page: page.with_text(text), is_sampled })
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
                    self.add(update, event, session, groups)?;
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
        update: &[u8],
        event: Event,
        session: u32,
        groups: &[Rc<Group<H>>],
    ) -> Result<(), Malformed> {
        let identifier = members::text(event.log_group.of(update)).ok_or(Malformed)?;
        let identifier = str::from_utf8(&identifier).map_err(|_| Malformed)?;
        let group = groups.iter().find(|group| group.is(identifier)).ok_or(Malformed)?;
        let at_ms = event.at_ms(update)?;
        if group.is_new_in_session(session, at_ms, event.identity(update)?) {
            self.page.add(event, group.plain_name(), at_ms)?;
        }
        Ok(())
    }
}
