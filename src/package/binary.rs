//! Whether Lambda can run a binary, by its ELF headers: architecture, loader, libraries, symbols.
//!
//! It never runs the binary, and proves no more than that the binary starts: what it does is for the tests.

use memchr::memmem;
use object::elf::{self, FileHeader64};
use object::read::elf::{FileHeader as _, ProgramHeader as _, SectionHeader as _};
use object::{FileKind, LittleEndian};
use thiserror::Error;

use super::Architecture;

/// Version of the C library in Amazon Linux 2023, on which `provided.al2023` runs.
const GLIBC: [u32; 2] = [2, 34];
/// What is there beside it: the C library's parts, and the compiler's.
const LIBRARIES: [&str; 7] = [
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
    "libutil.so.1",
];
/// A text that is in the function's binary and in no other, with `_` for each space: this program must not hold it, too.
const OF_THE_FUNCTION: &str = "this_is_a_Lambda_function's_bootstrap";
/// Of a text from the file, in characters.
const MAX_SHOWN: usize = 60;

/// Why Lambda could not run a binary.
#[derive(Debug, Error, PartialEq, Eq)]
#[allow(missing_docs, reason = "each says itself what it is")]
pub enum BinaryFault {
    #[error("{0}, and Lambda runs Linux programs: build the function on Linux, or with cargo-lambda")]
    NotLinux(&'static str),
    #[error("its ELF headers cannot be read: {0}")]
    Unreadable(object::read::Error),
    #[error("it is a library or an object file, not a program")]
    NotAProgram,
    #[error("it is built for another processor (ELF machine {0}), and Lambda runs x86_64 and arm64")]
    OtherProcessor(u16),
    #[error("it is built for {found}, not for {wanted}: name the binary that was built for {wanted}")]
    OtherArchitecture { found: Architecture, wanted: Architecture },
    #[error(
        "it is another program than the function: build it with \
         `cargo build --release --no-default-features --bin statuswatch-lambda`"
    )]
    NotTheFunction,
    #[error(
        "it has symbols, as a debug build has: build it with \
         `cargo build --release --no-default-features --bin statuswatch-lambda`"
    )]
    NotStripped,
    #[error("its loader is {0}, which Amazon Linux 2023 has not: build for the target {1}-unknown-linux-gnu")]
    Loader(String, &'static str),
    #[error("it needs the library {0}, which Lambda has not: link it statically")]
    Library(String),
    #[error(
        "it needs {0}, and the C library of Amazon Linux 2023 is 2.34: build it on Debian 11, in a container of \
         Amazon Linux 2023, or with cargo-lambda"
    )]
    NewerLibc(String),
}

impl From<object::read::Error> for BinaryFault {
    fn from(error: object::read::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// The architecture of a binary that Lambda can run, which is the wanted one where one is wanted.
pub(super) fn check(binary: &[u8], wanted: Option<Architecture>) -> Result<Architecture, BinaryFault> {
    is_linux(binary)?;
    let header = FileHeader64::<LittleEndian>::parse(binary)?;
    if !matches!(header.e_type(LittleEndian), elf::ET_EXEC | elf::ET_DYN) || header.e_entry(LittleEndian) == 0
    {
        return Err(BinaryFault::NotAProgram);
    }
    let found = match header.e_machine(LittleEndian) {
        elf::EM_X86_64 => Architecture::X86_64,
        elf::EM_AARCH64 => Architecture::Arm64,
        other => return Err(BinaryFault::OtherProcessor(other.0)),
    };
    if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
        return Err(BinaryFault::OtherArchitecture { found, wanted });
    }
    if memmem::find(binary, OF_THE_FUNCTION.replace('_', " ").as_bytes()).is_none() {
        return Err(BinaryFault::NotTheFunction);
    }
    check_loader(header, binary, found)?;
    check_sections(header, binary, found)?;
    Ok(found)
}

fn is_linux(binary: &[u8]) -> Result<(), BinaryFault> {
    Err(BinaryFault::NotLinux(match FileKind::parse(binary) {
        Ok(FileKind::Elf64) => return Ok(()),
        Ok(FileKind::Elf32) => "it is a 32-bit program",
        Ok(FileKind::MachO32 | FileKind::MachO64 | FileKind::MachOFat32 | FileKind::MachOFat64) => {
            "it is a program for macOS"
        }
        Ok(FileKind::Pe32 | FileKind::Pe64) => "it is a program for Windows",
        _ => "it is no program",
    }))
}

fn loader(architecture: Architecture) -> (&'static str, &'static str) {
    match architecture {
        Architecture::X86_64 => ("/lib64/ld-linux-x86-64.so.2", "x86_64"),
        Architecture::Arm64 => ("/lib/ld-linux-aarch64.so.1", "aarch64"),
    }
}

/// A static program has none.
fn check_loader(
    header: &FileHeader64<LittleEndian>,
    binary: &[u8],
    found: Architecture,
) -> Result<(), BinaryFault> {
    let (right, target) = loader(found);
    for segment in header.program_headers(LittleEndian, binary)? {
        if let Some(named) = segment.interpreter(LittleEndian, binary)?
            && named != right.as_bytes()
        {
            return Err(BinaryFault::Loader(shown(named), target));
        }
    }
    Ok(())
}

/// Symbols, libraries, and the versions of these that are needed. A program without section headers has none to check.
fn check_sections(
    header: &FileHeader64<LittleEndian>,
    binary: &[u8],
    found: Architecture,
) -> Result<(), BinaryFault> {
    let sections = header.sections(LittleEndian, binary)?;
    if sections.iter().any(|section| section.sh_type(LittleEndian) == elf::SHT_SYMTAB) {
        return Err(BinaryFault::NotStripped);
    }
    let (loader, _) = loader(found);
    let is_there = |name: &[u8]| {
        LIBRARIES.iter().any(|library| library.as_bytes() == name) || loader.as_bytes().ends_with(name)
    };
    let dynamic = sections.dynamic_table(LittleEndian, binary)?;
    for entry in dynamic.iter().filter(|entry| entry.tag == elf::DT_NEEDED) {
        let name = dynamic.string(entry)?;
        if !is_there(name) {
            return Err(BinaryFault::Library(shown(name)));
        }
    }
    if let Some((mut libraries, link)) = sections.gnu_verneed(LittleEndian, binary)? {
        let strings = sections.strings(LittleEndian, binary, link)?;
        while let Some((_, mut versions)) = libraries.next()? {
            while let Some(version) = versions.next()? {
                let name = version.name(LittleEndian, strings)?;
                if !is_in_our_libc(name) {
                    return Err(BinaryFault::NewerLibc(shown(name)));
                }
            }
        }
    }
    Ok(())
}

/// Versions of other libraries are none of the C library's.
fn is_in_our_libc(version: &[u8]) -> bool {
    let Some(number) = version.strip_prefix(b"GLIBC_") else { return true };
    let parts = number.split(|byte| *byte == b'.').map(|part| std::str::from_utf8(part).ok()?.parse().ok());
    parts.collect::<Option<Vec<u32>>>().is_some_and(|number| number.as_slice() <= &GLIBC[..])
}

/// A text from the file, as one that can be printed.
fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).escape_debug().take(MAX_SHOWN).collect()
}
