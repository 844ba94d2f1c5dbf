//! Inflates gzip of one or several members, and zlib.
//!
//! Zero bytes behind the last member are padding, as tapes and block devices leave it; anything else there is an error,
//! so that nothing that was meant to be read is passed over.

use std::io::{self, BufRead, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};
use thiserror::Error;

/// Bits of a member's flags, RFC 1952.
const HEADER_CHECK: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;
/// The only method of compression that there is.
const DEFLATE: u8 = 8;

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

/// A member's header is none of gzip's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the header of the gzip data is damaged")]
struct WrongHeader;

/// A reader of the text of gzip's members or of zlib.
///
/// It reads the members' headers and checksums itself: what inflates nothing but deflate's own data can be used for the
/// next member, and to make one anew costs as much as a small member.
pub(crate) struct Inflater<R> {
    is_gzip: bool,
    source: Counted<R>,
    inflate: Decompress,
    place: Place,
    /// Of the text of the member at hand; zlib's own check is made where it is inflated.
    check: Crc,
}

/// Where the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before a member.
    Header,
    /// Within its compressed text.
    Text,
    /// Behind that.
    Trailer,
    /// Behind the last member.
    End,
}

impl<R: BufRead> Inflater<R> {
    pub(crate) fn gzip(source: R) -> Self {
        Self::gzip_with(inflate(), source)
    }

    /// Inflates gzip by what [`Self::into_parts`] gave back.
    pub(super) fn gzip_with(mut inflate: Decompress, source: R) -> Self {
        inflate.reset(false);
        Self::new(true, Place::Header, inflate, source)
    }

    /// Inflates zlib, which ends with its data: what follows is left.
    pub(super) fn zlib(source: R) -> Self {
        Self::new(false, Place::Text, Decompress::new(true), source)
    }

    fn new(is_gzip: bool, place: Place, inflate: Decompress, source: R) -> Self {
        let source = Counted { source, consumed: 0 };
        Self { is_gzip, source, inflate, place, check: Crc::new() }
    }

    pub(super) fn is_gzip(&self) -> bool {
        self.is_gzip
    }

    /// Where the compressed bytes come from.
    pub(crate) fn get_ref(&self) -> &R {
        &self.source.source
    }

    pub(super) fn get_mut(&mut self) -> &mut R {
        &mut self.source.source
    }

    /// The source, and what inflated it.
    pub(super) fn into_parts(self) -> (R, Decompress) {
        (self.source.source, self.inflate)
    }

    /// Behind a member: goes to the next one, if there is one.
    fn go_on(&mut self) -> io::Result<()> {
        match self.source.skip_zeros()? {
            Behind::Nothing => self.place = Place::End,
            Behind::Member => {
                self.inflate.reset(false);
                self.check.reset();
                self.place = Place::Header;
            }
            Behind::Other => {
                let trailing = TrailingBytes { at: self.source.consumed };
                return Err(io::Error::new(io::ErrorKind::InvalidData, trailing));
            }
        }
        Ok(())
    }

    /// Inflates what fits into `out`, and says how many bytes that is: maybe none.
    fn inflate_into(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let input = self.source.fill_buf()?;
        let is_end = input.is_empty();
        let (taken, made) = (self.inflate.total_in(), self.inflate.total_out());
        // So the whole of a small batch is not copied once more, as if further calls had to refer to it.
        let status = self.inflate.decompress(input, out, FlushDecompress::Finish);
        let (taken, made) = (self.inflate.total_in() - taken, self.inflate.total_out() - made);
        self.source.consume(usize::try_from(taken).unwrap_or(usize::MAX));
        let status = status.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let made = usize::try_from(made).unwrap_or(usize::MAX);
        if self.is_gzip {
            self.check.update(out.get(..made).unwrap_or_default());
        }
        match status {
            Status::StreamEnd => self.place = if self.is_gzip { Place::Trailer } else { Place::End },
            _ if made > 0 => {}
            _ if is_end => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ if taken == 0 => return Err(io::ErrorKind::InvalidData.into()),
            _ => {}
        }
        Ok(made)
    }

    /// Compares the checksum and the length behind a member's text with it.
    fn read_trailer(&mut self) -> io::Result<()> {
        for of_text in [self.check.sum(), self.check.amount()] {
            if u32::from_le_bytes(self.source.array()?) != of_text {
                return Err(io::Error::new(io::ErrorKind::InvalidData, WrongChecksum));
            }
        }
        Ok(())
    }
}

/// What inflates deflate's own data, without gzip's or zlib's frame.
pub(super) fn inflate() -> Decompress {
    Decompress::new(false)
}

impl<R: BufRead> Read for Inflater<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !out.is_empty() {
            match self.place {
                Place::Header => {
                    self.source.read_header()?;
                    self.place = Place::Text;
                }
                Place::Text => {
                    let made = self.inflate_into(out)?;
                    if made > 0 {
                        return Ok(made);
                    }
                }
                Place::Trailer => {
                    self.read_trailer()?;
                    self.go_on()?;
                }
                Place::End => break,
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
    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    #[inline(never)]
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.read_exact(bytes)
    }

    /// Reads a member's header and checks it, RFC 1952. Nothing of what it says is asked for.
    fn read_header(&mut self) -> io::Result<()> {
        let head = self.array::<10>()?;
        let [0x1f, 0x8b, DEFLATE, flags, ..] = head else { return Err(wrong_header()) };
        if flags & RESERVED != 0 {
            return Err(wrong_header());
        }
        if flags == 0 { Ok(()) } else { self.read_options(&head, flags) }
    }

    /// The parts of a header that its flags announce. Nobody writes them for a log.
    #[cold]
    fn read_options(&mut self, head: &[u8], flags: u8) -> io::Result<()> {
        let mut check = Crc::new();
        check.update(head);
        let mut byte = || {
            let [byte] = self.array()?;
            check.update(&[byte]);
            io::Result::Ok(byte)
        };
        if flags & EXTRA != 0 {
            let length = u16::from_le_bytes([byte()?, byte()?]);
            for _ in 0..length {
                byte()?;
            }
        }
        for text in [NAME, COMMENT] {
            while flags & text != 0 && byte()? != 0 {}
        }
        if flags & HEADER_CHECK != 0 {
            let [low, high, ..] = check.sum().to_le_bytes();
            if self.array()? != [low, high] {
                return Err(wrong_header());
            }
        }
        Ok(())
    }

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

fn wrong_header() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, WrongHeader)
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
            let read = Inflater::gzip(source).read_to_string(&mut text);
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

    /// A member whose header says all that one can, and its text.
    fn with_header() -> Vec<u8> {
        let plain = gzip("a text");
        let head = [
            &[0x1f, 0x8b, DEFLATE, EXTRA | NAME | COMMENT | HEADER_CHECK, 1, 2, 3, 4, 0, 3],
            [&[3, 0], b"abc".as_slice()].concat().as_slice(),
            b"name\0",
            b"a comment\0",
        ]
        .concat();
        let mut check = Crc::new();
        check.update(&head);
        [head, check.sum().to_le_bytes()[..2].to_vec(), plain[10..].to_vec()].concat()
    }

    #[test]
    fn whatever_a_header_says_is_passed_over() {
        let whole = with_header();
        assert_eq!(inflated(&whole), Ok("a text".to_owned()));
        assert_eq!(inflated(&[gzip("x"), whole.clone(), whole].concat()), Ok("xa texta text".to_owned()));
    }

    #[test]
    fn a_header_that_is_damaged_is_an_error() {
        let (whole, text) = (with_header(), gzip("a text").len() - 10);
        for place in 0..whole.len() - text {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x40;
            assert!(inflated(&damaged).is_err(), "{place}");
        }
    }

    #[test]
    fn a_checksum_or_length_that_is_not_the_text_s_is_an_error() {
        let whole = gzip("a text");
        for place in whole.len() - 8..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            assert_eq!(inflated(&damaged), Err(WrongChecksum.to_string()), "{place}");
        }
    }

    /// The same decoder for one after the other: nothing of one is in the next, whatever became of it.
    #[test]
    fn a_decoder_that_is_used_again_is_as_good_as_new() {
        let mut inflate = inflate();
        let long = "0123456789 ".repeat(10_000);
        for (bytes, expected) in [
            (gzip(&long), Some(long.as_str())),
            (gzip(&long)[..200].to_vec(), None),
            (gzip("a"), Some("a")),
            ([gzip("b"), vec![b'x']].concat(), None),
            (gzip(&long), Some(long.as_str())),
        ] {
            let mut text = String::new();
            let mut members = Inflater::gzip_with(inflate, bytes.as_slice());
            let read = members.read_to_string(&mut text);
            assert_eq!(read.is_ok().then_some(text.as_str()), expected);
            inflate = members.into_parts().1;
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
