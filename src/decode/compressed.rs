//! Decodes and inflates base64 text, piece by piece and never beyond the cap.

use std::io::{self, BufRead, Read};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64_simd::Out;
use flate2::Decompress;

use super::DecodeError;
use super::gzip::{self, Inflater, TrailingBytes, WrongChecksum};

/// Padding or none: other programs than AWS write events too, and the checksum vouches for the rest.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Base64 characters that are decoded at once; a multiple of four.
const CHUNK_CHARS: usize = 16 * 1024;

/// In which form the bytes of a batch are there.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// Base64 text of compressed bytes, as in a Lambda event: padded or not, white space allowed.
    Base64(&'a [u8]),
    /// Compressed bytes: gzip of one or several members, or zlib.
    Compressed(&'a [u8]),
    /// The inflated text itself, as in a recording.
    Plain(&'a [u8]),
}

/// What decoding takes up, to be used for the next batch.
pub(super) struct Space {
    inflate: Option<Decompress>,
    chunk: Vec<u8>,
    /// For whoever reads what is inflated.
    pub(super) text: Vec<u8>,
}

impl Space {
    pub(super) const NONE: Self = Self { inflate: None, chunk: Vec::new(), text: Vec::new() };
}

/// The inflated bytes of one batch.
pub(super) struct Inflated<'a> {
    text: Text<'a>,
    /// What of it is not in use.
    space: Space,
    produced: u64,
    limit: u64,
}

#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
enum Text<'a> {
    Plain(&'a [u8]),
    Compressed(Inflater<Compressed<'a>>),
}

impl<'a> Inflated<'a> {
    /// Looks at the first two bytes to tell gzip from zlib.
    pub(super) fn open(source: Source<'a>, limit: u64, mut space: Space) -> Result<Self, DecodeError> {
        let compressed = match source {
            Source::Plain(text) => {
                return Ok(Self { text: Text::Plain(text), space, produced: 0, limit });
            }
            Source::Compressed(bytes) => Compressed::new(&[], bytes, &mut space),
            Source::Base64(text) => Compressed::new(text, &[], &mut space),
        };
        Self::open_compressed(compressed, limit, space)
    }

    fn open_compressed(
        mut compressed: Compressed<'a>,
        limit: u64,
        mut space: Space,
    ) -> Result<Self, DecodeError> {
        let head = match compressed.fill_buf() {
            Ok(head) => [head.first().copied(), head.get(1).copied()],
            Err(_) => return Err(compressed.fault()),
        };
        let inflater = match head {
            [None, _] => return Err(DecodeError::Empty),
            [Some(0x1f), Some(0x8b) | None] => {
                let inflate = space.inflate.take().unwrap_or_else(gzip::inflate);
                Inflater::gzip_with(inflate, compressed)
            }
            // RFC 1950: deflate with a window of at most 32 KiB, and a check over both bytes.
            [Some(cmf), Some(flg)]
                if cmf & 0x0f == 8 && cmf >> 4 <= 7 && (u16::from(cmf) * 256 + u16::from(flg)) % 31 == 0 =>
            {
                Inflater::zlib(compressed)
            }
            _ => return Err(DecodeError::NotCompressed),
        };
        Ok(Self { text: Text::Compressed(inflater), space, produced: 0, limit })
    }

    /// Space for the text.
    pub(super) fn take_text(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.space.text)
    }

    /// What it took up but for the text.
    pub(super) fn into_space(self) -> Space {
        let Text::Compressed(inflater) = self.text else { return self.space };
        let is_gzip = inflater.is_gzip();
        let (compressed, inflate) = inflater.into_parts();
        Space { inflate: is_gzip.then_some(inflate), chunk: compressed.chunk, ..self.space }
    }

    /// How many bytes there are before anything is decoded.
    pub(super) fn length(&self) -> usize {
        match &self.text {
            Text::Plain(text) => text.len(),
            Text::Compressed(inflater) => inflater.get_ref().length,
        }
    }

    /// Fills `out` as far as it goes; 0 only at the verified end.
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, DecodeError> {
        let read = match &mut self.text {
            Text::Plain(text) => text.read(out),
            Text::Compressed(inflater) => inflater.read(out),
        };
        let length = match read {
            Ok(length) => length,
            Err(error) => return Err(self.fault(&error)),
        };
        if length == 0 {
            self.expect_end()?;
        }
        self.produced += length as u64;
        if self.produced > self.limit {
            return Err(DecodeError::TooLarge { limit: self.limit });
        }
        Ok(length)
    }

    /// Behind the last gzip member [`Inflater`] has looked for another one; behind zlib nobody has.
    fn expect_end(&mut self) -> Result<(), DecodeError> {
        let Text::Compressed(inflater) = &mut self.text else { return Ok(()) };
        if inflater.is_gzip() {
            return Ok(());
        }
        let compressed = inflater.get_mut();
        match compressed.fill_buf() {
            Ok([]) => Ok(()),
            Ok(_) => Err(DecodeError::Damaged { at: compressed.consumed }),
            Err(_) => Err(compressed.fault()),
        }
    }

    fn fault(&self, error: &io::Error) -> DecodeError {
        let Text::Compressed(inflater) = &self.text else {
            return DecodeError::Truncated { at: self.produced };
        };
        let compressed = inflater.get_ref();
        if compressed.wrong_char.is_some() {
            return compressed.fault();
        }
        if let Some(&TrailingBytes { at }) = error.get_ref().and_then(|error| error.downcast_ref()) {
            return DecodeError::TrailingBytes { at };
        }
        let at = compressed.consumed;
        match error.kind() {
            io::ErrorKind::UnexpectedEof => DecodeError::Truncated { at },
            _ if error.get_ref().and_then(|error| error.downcast_ref()) == Some(&WrongChecksum) => {
                DecodeError::Checksum { at }
            }
            _ => DecodeError::Damaged { at },
        }
    }
}

/// Compressed bytes, decoded from base64 a chunk at a time.
struct Compressed<'a> {
    /// What is not decoded yet: empty from the start where the source is bytes.
    text: &'a [u8],
    /// Length of the whole source, to tell offsets.
    length: usize,
    /// The source itself, where it is bytes.
    bytes: &'a [u8],
    chunk: Vec<u8>,
    filled: usize,
    used: usize,
    /// Bytes handed on, all chunks together.
    consumed: u64,
    /// Offset in the text of the first character that is no base64.
    wrong_char: Option<usize>,
}

impl<'a> Compressed<'a> {
    fn new(text: &'a [u8], bytes: &'a [u8], space: &mut Space) -> Self {
        let mut chunk = std::mem::take(&mut space.chunk);
        let length = text.len().min(CHUNK_CHARS) / 4 * 3 + 3;
        if chunk.len() < length {
            chunk.resize(length, 0);
        }
        let length = text.len() + bytes.len();
        Self { text, length, bytes, chunk, filled: 0, used: 0, consumed: 0, wrong_char: None }
    }

    fn fault(&self) -> DecodeError {
        DecodeError::NotBase64 { at: self.wrong_char.unwrap_or(self.length) }
    }

    fn decode_chunk(&mut self) -> io::Result<()> {
        let offset = self.length - self.text.len();
        let (now, later) = self.text.split_at_checked(CHUNK_CHARS).unwrap_or((self.text, &[]));
        if let Some(length) = decode_dense(now, &mut self.chunk) {
            (self.text, self.filled, self.used) = (later, length, 0);
            return Ok(());
        }
        self.decode_spaced(offset)
    }

    /// The chunk again, without its white space. It is rare, so it may take its time.
    fn decode_spaced(&mut self, offset: usize) -> io::Result<()> {
        let mut dense = Vec::with_capacity(CHUNK_CHARS);
        let mut taken = 0;
        for &byte in self.text {
            if dense.len() == CHUNK_CHARS {
                break;
            }
            taken += 1;
            if !byte.is_ascii_whitespace() {
                dense.push(byte);
            }
        }
        if let Some(length) = decode_dense(&dense, &mut self.chunk) {
            (self.filled, self.used) = (length, 0);
            self.text = self.text.get(taken..).unwrap_or_default();
            return Ok(());
        }
        let wrong = self.text.iter().take(taken).position(|&byte| !is_base64(byte));
        // Every character is one of base64's: then their number is wrong, or a padding stands amid the text.
        self.wrong_char = Some(offset + wrong.unwrap_or(taken));
        Err(io::ErrorKind::InvalidData.into())
    }
}

/// Decodes text without white space; gives the number of bytes.
fn decode_dense(text: &[u8], out: &mut [u8]) -> Option<usize> {
    // Padding can stand in the last four characters only.
    let (dense, end) = text.split_at_checked(text.len().saturating_sub(4) / 4 * 4)?;
    let decoded = base64_simd::STANDARD_NO_PAD.decode(dense, Out::from_slice(out)).ok()?.len();
    let rest = BASE64.decode_slice(end, out.get_mut(decoded..)?).ok()?;
    Some(decoded + rest)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') || byte.is_ascii_whitespace()
}

impl Read for Compressed<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut ready = self.fill_buf()?;
        let length = ready.read(out)?;
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Compressed<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if !self.bytes.is_empty() {
            return Ok(self.bytes);
        }
        while self.used == self.filled && !self.text.is_empty() {
            self.decode_chunk()?;
        }
        Ok(self.chunk.get(self.used..self.filled).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.consumed += amount as u64;
        if self.bytes.is_empty() {
            self.used = (self.used + amount).min(self.filled);
        } else {
            self.bytes = self.bytes.get(amount..).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `base64` goes character by character, `decode_dense` by as many as the processor takes at once.
    #[test]
    fn characters_decoded_together_give_what_they_give_one_by_one() {
        let bytes: Vec<u8> = (0..=u8::MAX).map(|byte| byte.wrapping_mul(151)).collect();
        let mut decoded = [0; 260];
        for length in 0..bytes.len() {
            let text = BASE64.encode(&bytes[..length]);
            assert_eq!(decode_dense(text.as_bytes(), &mut decoded), Some(length));
            assert_eq!(decoded[..length], bytes[..length]);
        }

        let text = BASE64.encode(&bytes[..96]).into_bytes();
        for place in 0..text.len() {
            for byte in 0..=u8::MAX {
                let mut text = text.clone();
                text[place] = byte;
                let expected = BASE64.decode(&text).ok();
                let length = decode_dense(&text, &mut decoded);
                assert_eq!(length.map(|length| &decoded[..length]), expected.as_deref(), "{byte} {place}");
            }
        }
    }
}
