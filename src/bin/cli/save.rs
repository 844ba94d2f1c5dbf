//! A file that keeps what was fetched, compressed as its name says.
//!
//! What is in it so far can be read whenever the process ends, but for the last part.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// Of a zstd frame: frames can stand one behind another, and each is whole.
const FRAME_BYTES: usize = 4 * 1024 * 1024;

/// The file that is written.
pub(crate) enum Saved {
    /// `.zst`: what is not in a frame yet, besides.
    Zstd(File, Vec<u8>),
    /// `.gz`
    Gzip(GzEncoder<File>),
    /// Any other name.
    Plain(BufWriter<File>),
}

impl Saved {
    /// Makes the file; one that is there is written anew.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let file = File::create(path)?;
        let has = |extension: &str| path.extension().is_some_and(|own| own.eq_ignore_ascii_case(extension));
        Ok(if has("zst") {
            Self::Zstd(file, Vec::new())
        } else if has("gz") {
            Self::Gzip(GzEncoder::new(file, Compression::default()))
        } else {
            Self::Plain(BufWriter::new(file))
        })
    }

    /// Adds whole lines.
    pub(crate) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
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

    /// Writes what is held back. More can follow.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
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
