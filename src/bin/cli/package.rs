//! `statuswatch package`: writes the zip archive that Lambda takes from the function's binary.
//!
//! It needs neither network nor another program, and writes nothing where Lambda could not run the binary.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use statuswatch::package::{Architecture, Package, PackageError};
use statuswatch::words;

use crate::Exit;

/// Name of the function's binary, as cargo builds it.
const BINARY: &str = "statuswatch-lambda";

/// Write the zip archive that Lambda runs from the function's binary
///
/// The archive has one file, `bootstrap`: the binary statuswatch-lambda that lies beside this command, or another one.
/// It is checked first that Lambda's runtime provided.al2023 can run it: an optimised program for Linux on `x86_64` or
/// arm64 that needs no newer C library and no other library than Amazon Linux 2023 has. The same binary makes the same
/// archive on every machine.
///
/// Prints path, architecture, size and the SHA-256 of the archive, in hexadecimal digits and, as Lambda and Terraform
/// write it, in base64.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PackageArguments {
    /// The function's binary [default: statuswatch-lambda in the folder of this command]
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Where the archive is written
    #[arg(long, value_name = "PATH", default_value = "bootstrap.zip")]
    output: PathBuf,
    /// What the binary must be built for [default: whatever it is built for]
    #[arg(long, value_name = "NAME")]
    architecture: Option<ArchitectureName>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  statuswatch package
  statuswatch package --binary target/release/statuswatch-lambda --architecture arm64
  statuswatch package --output build/bootstrap.zip --json

Exit codes: 0 done, 1 Lambda could not run the binary, 2 usage, or a file cannot be read or written";

/// The instruction sets, by AWS's names.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ArchitectureName {
    #[value(name = "x86_64")]
    X86_64,
    #[value(name = "arm64")]
    Arm64,
}

impl From<ArchitectureName> for Architecture {
    fn from(name: ArchitectureName) -> Self {
        match name {
            ArchitectureName::X86_64 => Self::X86_64,
            ArchitectureName::Arm64 => Self::Arm64,
        }
    }
}

pub(crate) fn run(arguments: &PackageArguments) -> anyhow::Result<Exit> {
    let path = arguments.binary.clone().map_or_else(beside_this_command, Ok)?;
    let binary = fs::read(&path).with_context(|| {
        format!("{}: cannot be read; --binary names the function's binary, {BINARY}", path.display())
    })?;
    let package = match Package::of(&binary, arguments.architecture.map(Into::into)) {
        Ok(package) => package,
        Err(error @ PackageError::Binary(_)) => {
            report_line!("statuswatch: {}: {error}", path.display());
            return Ok(Exit::InputFailed);
        }
        Err(error) => return Err(error.into()),
    };
    let output = arguments.output.display();
    fs::write(&arguments.output, &package.zip).with_context(|| format!("{output}: cannot be written"))?;
    let printed = if arguments.json { as_json(arguments, &package) } else { as_text(arguments, &package) };
    writeln!(io::stdout(), "{printed}")?;
    Ok(Exit::Done)
}

fn beside_this_command() -> anyhow::Result<PathBuf> {
    let command = std::env::current_exe().context("where this command lies is not known: give --binary")?;
    Ok(command.with_file_name(BINARY))
}

fn as_text(arguments: &PackageArguments, package: &Package) -> String {
    format!(
        "{}\n  architecture   {}\n  size           {} bytes\n  sha256         {}\n  sha256 base64  {}",
        arguments.output.display(),
        package.architecture,
        words::number(u64::try_from(package.zip.len()).unwrap_or(u64::MAX)),
        package.sha256_hex(),
        package.sha256_base64(),
    )
}

fn as_json(arguments: &PackageArguments, package: &Package) -> String {
    json!({
        "path": arguments.output.to_string_lossy(),
        "architecture": package.architecture.to_string(),
        "bytes": package.zip.len(),
        "sha256": package.sha256_hex(),
        "sha256_base64": package.sha256_base64(),
    })
    .to_string()
}
