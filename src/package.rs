//! The package that Lambda runs: a zip archive with one executable file, `bootstrap`.
//!
//! It takes the bytes of a binary and returns those of the archive; it reads and writes no file. The same binary makes the
//! same archive on every machine.

mod binary;

use std::fmt;
use std::io::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use rawzip::time::UtcDateTime;
use rawzip::{CompressionMethod, ZipArchiveWriter};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

pub use binary::BinaryFault;

/// An instruction set that Lambda runs, by AWS's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// `x86_64`
    X86_64,
    /// `arm64`
    Arm64,
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        })
    }
}

/// A package, ready to be written to a file.
#[derive(Debug)]
pub struct Package {
    /// The archive's bytes.
    pub zip: Vec<u8>,
    /// What its binary runs on.
    pub architecture: Architecture,
    sha256: [u8; 32],
}

/// Why there is no package.
#[derive(Debug, Error)]
pub enum PackageError {
    /// The binary would not run in Lambda.
    #[error(transparent)]
    Binary(#[from] BinaryFault),
    /// The archive could not be written.
    #[error("the archive cannot be written: {0}")]
    Archive(#[from] rawzip::Error),
    /// The binary could not be compressed.
    #[error("the binary cannot be compressed: {0}")]
    Compress(#[from] io::Error),
}

impl Package {
    /// Packs the binary, provided that Lambda can run it, on the architecture `wanted` where there is one.
    pub fn of(binary: &[u8], wanted: Option<Architecture>) -> Result<Self, PackageError> {
        let architecture = binary::check(binary, wanted)?;
        let zip = archive(binary)?;
        let sha256 = Sha256::digest(&zip).into();
        Ok(Self { zip, architecture, sha256 })
    }

    /// SHA-256 of the archive in hexadecimal digits, as `sha256sum` prints it.
    #[must_use]
    pub fn sha256_hex(&self) -> String {
        let digits = self.sha256.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
    }

    /// SHA-256 of the archive in base64, as Lambda (`CodeSha256`) and Terraform (`source_code_hash`) write it.
    #[must_use]
    pub fn sha256_base64(&self) -> String {
        STANDARD.encode(self.sha256)
    }
}

/// 1 January 1980, the earliest time that an archive can tell, in seconds since 1970.
const TIME: i64 = 315_532_800;

/// One entry, at a fixed time.
fn archive(binary: &[u8]) -> Result<Vec<u8>, PackageError> {
    let mut zip = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut zip);
    let entry = archive.new_file("bootstrap").compression_method(CompressionMethod::DEFLATE);
    let entry = entry.unix_permissions(0o100_755).last_modified(UtcDateTime::from_unix(TIME));
    let (mut entry, config) = entry.start()?;
    let mut content = config.wrap(DeflateEncoder::new(&mut entry, Compression::best()));
    content.write_all(binary)?;
    let (deflate, descriptor) = content.finish()?;
    deflate.finish()?;
    entry.finish(descriptor)?;
    archive.finish()?;
    Ok(zip)
}

#[cfg(test)]
mod tests;
