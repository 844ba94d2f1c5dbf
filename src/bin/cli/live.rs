//! Standard input that may still be written to: its bytes as they come, and a word now and then while it is waited for.
//!
//! It knows nothing of lines.

use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Time spent in waiting between two pauses. What was there at one pause is due at the next but one at the latest.
const PAUSE: Duration = Duration::from_secs(1);
const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks that are read ahead.
const MAX_AHEAD: usize = 4;

/// Reads a source in a thread of its own. After each [`PAUSE`] that was spent in waiting for the source, altogether and
/// not in one piece, it says `io::ErrorKind::WouldBlock`, and goes on when it is read again.
///
/// A source that is faster than its reader makes no pause: a file through a pipe reads as the file does.
pub(crate) struct Live {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: io::Cursor<Vec<u8>>,
    waited: Duration,
}

impl Live {
    pub(crate) fn new(source: impl Read + Send + 'static) -> Self {
        let (sender, chunks) = sync_channel(MAX_AHEAD);
        thread::spawn(move || read_ahead(source, &sender));
        Self { chunks, chunk: io::Cursor::default(), waited: Duration::ZERO }
    }
}

/// Ends with the source, or when nobody reads any more.
fn read_ahead(mut source: impl Read, sender: &SyncSender<io::Result<Vec<u8>>>) {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = match source.read(&mut chunk) {
            Ok(0) => return,
            Ok(length) => Ok(chunk.get(..length).unwrap_or_default().to_vec()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let is_error = read.is_err();
        if sender.send(read).is_err() || is_error {
            return;
        }
    }
}

impl Read for Live {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.chunk.read(out)?;
        if length > 0 || out.is_empty() {
            return Ok(length);
        }
        if self.waited >= PAUSE {
            self.waited = Duration::ZERO;
            return Err(ErrorKind::WouldBlock.into());
        }
        let asked = Instant::now();
        let received = self.chunks.recv_timeout(PAUSE.saturating_sub(self.waited));
        self.waited += asked.elapsed();
        match received {
            Ok(chunk) => {
                self.chunk = io::Cursor::new(chunk?);
                self.chunk.read(out)
            }
            Err(RecvTimeoutError::Timeout) => {
                self.waited = Duration::ZERO;
                Err(ErrorKind::WouldBlock.into())
            }
            Err(RecvTimeoutError::Disconnected) => Ok(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails once, behind its text.
    struct Failing(&'static [u8]);

    impl Read for Failing {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() { Err(io::Error::other("gone")) } else { self.0.read(out) }
        }
    }

    fn read_to_end(mut live: Live) -> (Vec<u8>, io::Result<()>) {
        let (mut all, mut part) = (Vec::new(), [0; 1_000]);
        loop {
            match live.read(&mut part) {
                Ok(0) => return (all, Ok(())),
                Ok(length) => all.extend_from_slice(&part[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return (all, Err(error)),
            }
        }
    }

    #[test]
    fn everything_comes_through_in_its_order_and_errors_behind_it() {
        let text: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        let (all, end) = read_to_end(Live::new(io::Cursor::new(text.clone())));
        assert!(end.is_ok() && all == text);
        let (all, end) = read_to_end(Live::new(Failing(b"text")));
        assert_eq!((all.as_slice(), end.unwrap_err().to_string().as_str()), (&b"text"[..], "gone"));
    }
}
