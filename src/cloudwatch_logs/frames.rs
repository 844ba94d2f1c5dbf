//! The messages of a Live Tail session, cut out of the bytes of its event stream, checksums included.
//!
//! It knows nothing of log events, and shows nothing of what AWS says of an exception.

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::Message;
use bytes::{Bytes, BytesMut};

/// A message has at most 16 MB, and 128 kB of headers.
const MAX_BYTES: usize = 17 * 1024 * 1024;

/// A message of the session.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The session has begun.
    Started,
    /// What arrived in the last second, as JSON.
    Update(Bytes),
    /// The session is over: after three hours, or by a fault of AWS.
    Ended,
}

/// Not an event stream, or not as it was sent. There is no way on behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// The bytes that are there, and the messages in them.
#[derive(Debug, Default)]
pub(super) struct Frames {
    decoder: MessageFrameDecoder,
    bytes: BytesMut,
}

impl Frames {
    /// Adds what came.
    pub(super) fn push(&mut self, part: &[u8]) {
        self.bytes.extend_from_slice(part);
    }

    /// The next message that is there whole; one that this knows nothing of is passed over.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, Broken> {
        loop {
            match self.decoder.decode_frame(&mut self.bytes).map_err(|_| Broken)? {
                DecodedFrame::Complete(message) => {
                    if let Some(frame) = frame(&message)? {
                        return Ok(Some(frame));
                    }
                }
                DecodedFrame::Incomplete if self.bytes.len() > MAX_BYTES => return Err(Broken),
                DecodedFrame::Incomplete => return Ok(None),
            }
        }
    }
}

fn frame(message: &Message) -> Result<Option<Frame>, Broken> {
    let header = |name: &str| {
        let header = message.headers().iter().find(|header| header.name().as_str() == name)?;
        Some(header.value().as_string().ok()?.as_str())
    };
    match header(":message-type").ok_or(Broken)? {
        "event" => Ok(match header(":event-type").ok_or(Broken)? {
            "sessionStart" => Some(Frame::Started),
            "sessionUpdate" => Some(Frame::Update(message.payload().clone())),
            _ => None,
        }),
        "exception" | "error" => Ok(Some(Frame::Ended)),
        _ => Ok(None),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use aws_smithy_eventstream::frame::write_message_to;
    use aws_smithy_types::event_stream::{Header, HeaderValue};

    use super::*;

    /// A message in the form of the wire.
    pub(in crate::cloudwatch_logs) fn encoded(kind: &str, name: &str, payload: &str) -> Vec<u8> {
        let header = |name: &str, value: &str| {
            Header::new(name.to_owned(), HeaderValue::String(value.to_owned().into()))
        };
        let message = Message::new(payload.as_bytes().to_vec())
            .add_header(header(":message-type", kind))
            .add_header(header(&format!(":{kind}-type"), name))
            .add_header(header(":content-type", "application/x-amz-json-1.1"));
        let mut bytes = Vec::new();
        write_message_to(&message, &mut bytes).unwrap();
        bytes
    }

    fn session() -> Vec<u8> {
        [
            encoded("event", "initial-response", "{}"),
            encoded("event", "sessionStart", "{}"),
            encoded("event", "of the future", "{}"),
            encoded("event", "sessionUpdate", "{\"sessionResults\":[]}"),
            encoded("exception", "SessionTimeoutException", "{}"),
        ]
        .concat()
    }

    fn all(frames: &mut Frames) -> Result<Vec<Frame>, Broken> {
        std::iter::from_fn(|| frames.next().transpose()).collect()
    }

    #[test]
    fn messages_come_out_whole_wherever_the_bytes_are_cut() {
        let bytes = session();
        let update = Frame::Update(Bytes::from_static(b"{\"sessionResults\":[]}"));
        let expected = [Frame::Started, update, Frame::Ended];
        for size in [1, 7, 11, 12, 13, 100, bytes.len()] {
            let mut frames = Frames::default();
            let mut found = Vec::new();
            for part in bytes.chunks(size) {
                frames.push(part);
                found.extend(all(&mut frames).unwrap());
            }
            assert_eq!(found, expected, "{size}");
        }
    }

    #[test]
    fn a_byte_that_is_not_as_it_was_sent_gives_no_message_and_no_panic() {
        let bytes = encoded("event", "sessionUpdate", "{\"sessionResults\":[]}");
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x41;
            let mut frames = Frames::default();
            frames.push(&bytes);
            // Where the length is wrong, the rest of the message never comes.
            assert!(matches!(frames.next(), Err(Broken) | Ok(None)), "{at}");
        }
    }

    #[test]
    fn what_never_ends_is_given_up_and_other_text_is_no_stream() {
        let mut frames = Frames::default();
        frames.push(&u32::MAX.to_be_bytes());
        frames.push(&vec![0; MAX_BYTES]);
        assert_eq!(frames.next(), Ok(None));
        frames.push(&[0; 100]);
        assert_eq!(frames.next(), Err(Broken));
        let mut frames = Frames::default();
        frames.push(b"\0\0\0\x0c<html>12345678");
        assert_eq!(frames.next(), Err(Broken));
    }
}
