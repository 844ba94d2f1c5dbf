//! The bytes of a file in; its text in UTF-8 out, whatever it is compressed by and however it begins.
//!
//! It takes off gzip and zstd, also one in another, and a byte order mark, and turns UTF-16 into UTF-8. It looks at no
//! line and holds no more than a window.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use ruzstd::decoding::StreamingDecoder;

use crate::decode::gzip::Inflater;

const BUFFER_BYTES: usize = 64 * 1024;
/// How often a file may be compressed: as an exporter does, and once more by whoever kept it.
const MAX_LAYERS: usize = 3;
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const UTF_8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
const UTF_16_LE_MARK: &[u8] = &[0xff, 0xfe];
const UTF_16_BE_MARK: &[u8] = &[0xfe, 0xff];

/// The text of a source. `io::ErrorKind::WouldBlock` of a source that is neither compressed nor UTF-16 is passed on:
/// nothing more is there yet.
pub(super) fn unpack<'a>(source: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut source: Box<dyn Read + 'a> = Box::new(source);
    for _ in 0..MAX_LAYERS {
        let head = peek(&mut source, |head| head.len() >= 4 || !may_be_marked(head))?;
        let skipped = if head.starts_with(UTF_8_MARK) { UTF_8_MARK.len() } else { 0 };
        let is_zstd = head.starts_with(ZSTD);
        let utf_16 = [(UTF_16_LE_MARK, false), (UTF_16_BE_MARK, true)];
        let utf_16 = utf_16.iter().find(|(mark, _)| head.starts_with(mark)).map(|(_, is_big)| *is_big);
        let is_gzip = head.starts_with(GZIP);
        let mut head = Cursor::new(head);
        head.set_position(skipped as u64);
        let whole = head.chain(source);
        source = match utf_16 {
            _ if is_gzip => {
                let buffered = BufReader::with_capacity(BUFFER_BYTES, Patient(whole));
                Box::new(BufReader::with_capacity(BUFFER_BYTES, Inflater::gzip(buffered)))
            }
            _ if is_zstd => Box::new(Zstd::new(BufReader::with_capacity(BUFFER_BYTES, Patient(whole)))),
            Some(is_big_endian) => {
                return Ok(Box::new(Utf16::new(
                    BufReader::with_capacity(BUFFER_BYTES, Patient(whole)),
                    is_big_endian,
                )));
            }
            None => return Ok(Box::new(whole)),
        };
    }
    Ok(source)
}

/// The most that [`text`] reads, in bytes.
const MAX_TEXT_BYTES: u64 = 64 * 1024 * 1024;

/// The whole text of a file that is no recording, such as rules, read as a recording is: without a byte order mark, of
/// UTF-16, or compressed.
///
/// # Errors
///
/// What the source says; `InvalidData` where it is not UTF-8, UTF-16 with a byte order mark, or longer than 64 MiB.
pub fn text(source: impl Read) -> io::Result<String> {
    let mut text = String::new();
    Patient(unpack(source)?).take(MAX_TEXT_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_TEXT_BYTES {
        let problem = format!("longer than {MAX_TEXT_BYTES} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    Ok(text)
}

/// Whether a longer beginning could turn out to be one of the marks.
fn may_be_marked(head: &[u8]) -> bool {
    [GZIP, ZSTD, UTF_8_MARK, UTF_16_LE_MARK, UTF_16_BE_MARK]
        .iter()
        .any(|mark| mark.starts_with(head) || head.starts_with(mark))
}

/// Reads until `is_enough` or the end, and gives what was read.
pub(super) fn peek(source: &mut impl Read, is_enough: impl Fn(&[u8]) -> bool) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut chunk = vec![0; BUFFER_BYTES];
    while !is_enough(&head) || head.is_empty() {
        match source.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => head.extend_from_slice(chunk.get(..length).unwrap_or_default()),
            Err(error) if is_pause(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(head)
}

fn is_pause(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock)
}

/// A reader that asks again where nothing is there yet: what takes text apart in pieces cannot stop midway.
pub(super) struct Patient<R>(pub(super) R);

impl<R: Read> Read for Patient<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(out) {
                Err(error) if is_pause(&error) => {}
                result => return result,
            }
        }
    }
}

/// All frames of a zstd file, one after another.
struct Zstd<R: BufRead> {
    frame: Option<StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>,
    /// Between two frames.
    rest: Option<R>,
}

impl<R: BufRead> Zstd<R> {
    fn new(source: R) -> Self {
        Self { frame: None, rest: Some(source) }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                let length = frame.read(out)?;
                if length > 0 || out.is_empty() {
                    return Ok(length);
                }
                self.rest = self.frame.take().map(StreamingDecoder::into_inner);
            }
            let Some(mut rest) = self.rest.take() else { return Ok(0) };
            if rest.fill_buf()?.is_empty() {
                return Ok(0);
            }
            let frame = StreamingDecoder::new(rest);
            self.frame = Some(
                frame
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("zstd: {error}")))?,
            );
        }
    }
}

/// UTF-16 as Windows PowerShell writes what is redirected into a file.
struct Utf16<R> {
    source: R,
    is_big_endian: bool,
    /// The first half of a pair.
    high: Option<u16>,
    /// What did not fit into the reader's room.
    over: Vec<u8>,
}

impl<R: BufRead> Utf16<R> {
    fn new(source: R, is_big_endian: bool) -> Self {
        Self { source, is_big_endian, high: None, over: Vec::new() }
    }

    /// The next code unit; a single byte at the end is dropped.
    fn unit(&mut self) -> io::Result<Option<u16>> {
        let mut bytes = [0; 2];
        match self.source.read_exact(&mut bytes) {
            Ok(()) if self.is_big_endian => Ok(Some(u16::from_be_bytes(bytes))),
            Ok(()) => Ok(Some(u16::from_le_bytes(bytes))),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn push(&mut self, character: char) {
        // The byte order mark is no text.
        if character != '\u{feff}' {
            self.over.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.over.len() < out.len() {
            let Some(unit) = self.unit()? else {
                if self.high.take().is_some() {
                    self.push(char::REPLACEMENT_CHARACTER);
                }
                break;
            };
            let units = self.high.take().into_iter().chain([unit]);
            if (0xd800..0xdc00).contains(&unit) {
                if units.count() == 2 {
                    self.push(char::REPLACEMENT_CHARACTER);
                }
                self.high = Some(unit);
                continue;
            }
            for character in char::decode_utf16(units) {
                self.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        let length = self.over.len().min(out.len());
        for (to, from) in out.iter_mut().zip(self.over.drain(..length)) {
            *to = from;
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
    }

    fn utf_16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(to_bytes).collect()
    }

    fn text(bytes: &[u8]) -> String {
        super::text(bytes).unwrap()
    }

    #[test]
    fn what_is_no_text_or_too_long_is_no_text_of_a_file() {
        assert!(super::text(&b"a\xe9b"[..]).is_err());
        assert!(super::text(io::repeat(b'a')).is_err());
    }

    #[test]
    fn each_way_of_keeping_a_text_gives_the_text() {
        let plain = "日本 \u{1f680} line\nnext\n".repeat(20_000);
        let bytes = plain.as_bytes();
        for kept in [
            bytes.to_vec(),
            gzip(bytes),
            gzip(&gzip(bytes)),
            zstd(bytes),
            gzip(&zstd(bytes)),
            [UTF_8_MARK, bytes].concat(),
            gzip(&[UTF_8_MARK, bytes].concat()),
            utf_16(&plain, u16::to_le_bytes),
            utf_16(&plain, u16::to_be_bytes),
        ] {
            assert!(text(&kept) == plain, "{:?}", &kept[..8]);
        }
        assert_eq!(text(&[zstd(b"a\n"), zstd(b"b\n")].concat()), "a\nb\n");
        assert_eq!(text(b""), "");
    }

    #[test]
    fn halves_of_characters_become_replacement_characters() {
        let units =
            |units: &[u16]| [0xfeff].iter().chain(units).flat_map(|unit| unit.to_le_bytes()).collect();
        let text = |bytes: Vec<u8>| text(&bytes);
        assert_eq!(text(units(&[0xd83d, 0x61])), "\u{fffd}a");
        assert_eq!(text(units(&[0xd83d, 0xd83d, 0xde80])), "\u{fffd}\u{1f680}");
        assert_eq!(text(units(&[0xde80, 0x62, 0xd83d])), "\u{fffd}b\u{fffd}");
    }

    #[test]
    fn cut_compression_is_an_error() {
        for whole in [gzip(b"some text that is long enough"), zstd(b"some text that is long enough")] {
            let cut = whole.get(..whole.len() - 3).unwrap();
            let read = unpack(cut).and_then(|mut source| source.read_to_end(&mut Vec::new()));
            assert!(read.is_err());
        }
    }
}
