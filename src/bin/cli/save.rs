//! A file that keeps what was fetched, compressed as its name says.
//!
//! What was in it before stays until there is something to keep. What is in it so far can be read whenever the process
//! ends, but for the last part.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// Of a zstd frame: frames can stand one behind another, and each is whole.
const FRAME_BYTES: usize = 4 * 1024 * 1024;

/// The file that is written.
pub(crate) struct Saved {
    /// As it was, until there is something to keep.
    untouched: Option<File>,
    /// How its name says that it is written.
    begin: fn(File) -> Written,
    written: Option<Written>,
}

/// A file that is begun anew.
enum Written {
    /// `.zst`: what is not in a frame yet, besides.
    Zstd(File, Vec<u8>),
    /// `.gz`
    Gzip(GzEncoder<File>),
    /// Any other name.
    Plain(BufWriter<File>),
}

impl Saved {
    /// Makes the file, or opens the one that is there and leaves it as it is.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        let has = |extension: &str| path.extension().is_some_and(|own| own.eq_ignore_ascii_case(extension));
        let begin: fn(File) -> Written = if has("zst") {
            |file| Written::Zstd(file, Vec::new())
        } else if has("gz") {
            |file| Written::Gzip(GzEncoder::new(file, Compression::default()))
        } else {
            |file| Written::Plain(BufWriter::new(file))
        };
        Ok(Self { untouched: Some(file), begin, written: None })
    }

    /// Adds some text; the first takes the place of what was there.
    pub(crate) fn write(&mut self, text: &[u8]) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.begin()?;
        self.written.as_mut().map_or(Ok(()), |written| written.write(text))
    }

    /// Writes what is held back, if there was anything to keep. More can follow.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.written.as_mut().map_or(Ok(()), Written::flush)
    }

    /// The same at the end of all there is: where that is nothing, nothing is in the file.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.begin()?;
        self.flush()
    }

    fn begin(&mut self) -> io::Result<()> {
        if let Some(file) = self.untouched.take() {
            // A pipe or a device has no length.
            if file.metadata()?.is_file() {
                file.set_len(0)?;
            }
            self.written = Some((self.begin)(file));
        }
        Ok(())
    }
}

impl Written {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        match self {
            Self::Zstd(file, held) => {
                held.extend_from_slice(lines);
                if held.len() < FRAME_BYTES {
                    return Ok(());
                }
                write_frame(file, held)
            }
            Self::Gzip(file) => file.write_all(lines),
            Self::Plain(file) => file.write_all(lines),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Zstd(file, held) => write_frame(file, held),
            Self::Gzip(file) => file.try_finish(),
            Self::Plain(file) => file.flush(),
        }
    }
}

fn write_frame(file: &mut File, held: &mut Vec<u8>) -> io::Result<()> {
    if !held.is_empty() {
        file.write_all(&compress_to_vec(held.as_slice(), CompressionLevel::Fastest))?;
        held.clear();
    }
    Ok(())
}
