//! One page of `FilterLogEvents`, as lines of a recording.
//!
//! Messages are passed on as they stand in the answer, and not looked at.

use std::io::Write as _;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::LogsError;
use super::slices::Slice;

/// A part of a recording, of whole lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// One JSON object a log event: `timestamp`, `message`, `logGroupName`, `logStreamName`, `eventId`.
    pub lines: Vec<u8>,
    /// How many log events.
    pub events: u64,
    /// Up to when all is there, epoch milliseconds.
    pub until_ms: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow, default)]
    events: Vec<Event<'a>>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
struct Event<'a> {
    timestamp: i64,
    #[serde(borrow)]
    message: &'a RawValue,
    #[serde(borrow, rename = "logStreamName")]
    log_stream: Option<&'a RawValue>,
    #[serde(borrow, rename = "eventId")]
    id: Option<&'a RawValue>,
}

impl Page {
    /// The log events of an answer that belong to the slice, and the token of the page behind it. The name of the log
    /// group is one that needs no escapes.
    pub(super) fn read(
        answer: &[u8],
        log_group: &str,
        slice: Slice,
    ) -> Result<(Self, Option<String>), LogsError> {
        let Answer { events, next_token } =
            serde_json::from_slice(answer).map_err(|_| LogsError::Unreadable)?;
        let mut page = Self { lines: Vec::with_capacity(answer.len()), events: 0, until_ms: slice.from_ms };
        for Event { timestamp, message, log_stream, id } in events {
            page.until_ms = page.until_ms.max(timestamp.min(slice.until_ms));
            // The slice behind it has those at its very end.
            if timestamp < slice.from_ms || timestamp >= slice.until_ms {
                continue;
            }
            page.events += 1;
            // Writing into memory does not fail.
            let _ = write!(
                page.lines,
                "{{\"timestamp\":{timestamp},\"message\":{message},\"logGroupName\":\"{log_group}\""
            );
            for (name, value) in [("logStreamName", log_stream), ("eventId", id)] {
                if let Some(value) = value {
                    let _ = write!(page.lines, ",\"{name}\":{value}");
                }
            }
            page.lines.extend_from_slice(b"}\n");
        }
        if next_token.is_none() {
            page.until_ms = slice.until_ms;
        }
        Ok((page, next_token))
    }
}
