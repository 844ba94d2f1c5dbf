//! Inflates gzip of one or several members.
//!
//! Zero bytes behind the last member are padding, as tapes and block devices leave it; anything else there is an error,
//! so that nothing that was meant to be read is passed over.

use std::io::{self, BufRead, Read};

use flate2::{Decompress, FlushDecompress, Status};
use thiserror::Error;

/// The largest window of deflate, RFC 1951: 2^15 bytes.
const WINDOW_BITS: u8 = 15;

/// Something stands behind the compressed data that is neither another member nor padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the gzip data ends, and at offset {at} stands something else than more of it or zero bytes")]
pub(crate) struct TrailingBytes {
    /// Offset in the compressed bytes.
    pub(crate) at: u64,
}

/// A member's own checksum or length is not that of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the checksum of the gzip data is not that of its text")]
pub(crate) struct WrongChecksum;

/// A reader of all members.
pub(crate) struct GzipMembers<R> {
    source: Counted<R>,
    /// The member at hand; `None` behind the last one.
    member: Option<Decompress>,
}

impl<R: BufRead> GzipMembers<R> {
    pub(crate) fn new(source: R) -> Self {
        let source = Counted { source, consumed: 0 };
        Self { source, member: Some(Decompress::new_gzip(WINDOW_BITS)) }
    }

    /// Where the compressed bytes come from.
    pub(crate) fn get_ref(&self) -> &R {
        &self.source.source
    }

    /// Behind a member: goes to the next one, if there is one. A decoder is set up only then: it costs as much as a
    /// small member.
    fn go_on(&mut self) -> io::Result<()> {
        self.member = None;
        let followed = self.source.skip_zeros()?;
        match followed {
            Behind::Nothing => {}
            Behind::Member => self.member = Some(Decompress::new_gzip(WINDOW_BITS)),
            Behind::Other => {
                let trailing = TrailingBytes { at: self.source.consumed };
                return Err(io::Error::new(io::ErrorKind::InvalidData, trailing));
            }
        }
        Ok(())
    }
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = self.member.as_mut().filter(|_| !out.is_empty()) {
            let input = self.source.fill_buf()?;
            let is_end = input.is_empty();
            let (taken, made) = (member.total_in(), member.total_out());
            // So the whole of a small batch is not copied once more, as if further calls had to refer to it.
            let status = member.decompress(input, out, FlushDecompress::Finish);
            let (taken, made) = (member.total_in() - taken, member.total_out() - made);
            self.source.consume(usize::try_from(taken).unwrap_or(usize::MAX));
            let status = status.map_err(|error| match error.message() {
                Some("incorrect data check" | "incorrect length check") => {
                    io::Error::new(io::ErrorKind::InvalidData, WrongChecksum)
                }
                _ => io::Error::new(io::ErrorKind::InvalidData, error),
            })?;
            match (made, status) {
                (1.., _) => return Ok(usize::try_from(made).unwrap_or(usize::MAX)),
                (0, Status::StreamEnd) => self.go_on()?,
                _ if is_end => return Err(io::ErrorKind::UnexpectedEof.into()),
                _ if taken == 0 => return Err(io::ErrorKind::InvalidData.into()),
                _ => {}
            }
        }
        Ok(0)
    }
}

/// What stands behind a member.
enum Behind {
    /// The end, or padding up to it.
    Nothing,
    Member,
    Other,
}

/// A source that knows how much of it was taken.
struct Counted<R> {
    source: R,
    consumed: u64,
}

impl<R: BufRead> Counted<R> {
    /// Passes over zero bytes, and says what stands there.
    fn skip_zeros(&mut self) -> io::Result<Behind> {
        let before = self.consumed;
        loop {
            let ready = self.fill_buf()?;
            let (is_end, first) = (ready.is_empty(), ready.iter().position(|&byte| byte != 0));
            let begins_member = first == Some(0) && ready.first() == Some(&0x1f);
            let zeros = first.unwrap_or(ready.len());
            self.consume(zeros);
            match first {
                _ if is_end => return Ok(Behind::Nothing),
                Some(_) if begins_member && self.consumed == before => return Ok(Behind::Member),
                Some(_) => return Ok(Behind::Other),
                None => {}
            }
        }
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut ready = self.fill_buf()?;
        let length = ready.read(out)?;
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.consumed += amount as u64;
        self.source.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap()
    }

    /// The text, or the error's own words; with every size of buffer that matters.
    fn inflated(bytes: &[u8]) -> Result<String, String> {
        let mut outcomes = Vec::new();
        for buffer in [1, 2, 7, 64 * 1024] {
            let mut text = String::new();
            let source = BufReader::with_capacity(buffer, bytes);
            let read = GzipMembers::new(source).read_to_string(&mut text);
            outcomes.push(read.map(|_| text).map_err(|error| error.to_string()));
        }
        outcomes.dedup();
        assert_eq!(outcomes.len(), 1, "{outcomes:?}");
        outcomes.remove(0)
    }

    #[test]
    fn zero_bytes_behind_the_members_are_padding() {
        for zeros in [0, 1, 2, 511, 70_000] {
            let padding = vec![0; zeros];
            assert_eq!(inflated(&[gzip("a"), padding.clone()].concat()), Ok("a".to_owned()), "{zeros}");
            let two = [gzip("a"), gzip("b"), padding].concat();
            assert_eq!(inflated(&two), Ok("ab".to_owned()), "{zeros}");
        }
    }

    #[test]
    fn other_bytes_are_an_error_that_says_where() {
        let first = gzip("a");
        for (behind, at) in [
            (b"x".to_vec(), first.len()),
            (b"\0\0\0x\0".to_vec(), first.len() + 3),
            ([b"\0\0".to_vec(), gzip("b")].concat(), first.len() + 2),
        ] {
            let expected = TrailingBytes { at: at as u64 }.to_string();
            assert_eq!(inflated(&[first.clone(), behind].concat()), Err(expected));
        }
    }

    #[test]
    fn a_member_that_is_cut_or_damaged_is_an_error() {
        let whole = gzip("a text");
        for cut in 1..whole.len() {
            assert!(inflated(&whole[..cut]).is_err(), "{cut}");
        }
        assert!(inflated(&[whole.clone(), vec![0x1f]].concat()).is_err());
        assert!(inflated(&[whole, vec![0x1f, 0x8b, 8]].concat()).is_err());
    }
}
