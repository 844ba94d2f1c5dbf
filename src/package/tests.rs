//! Programs made by hand, each lacking one thing, and the archive of one that lacks nothing.

use std::io::Read as _;

use flate2::read::DeflateDecoder;
use rawzip::ZipArchive;

use super::*;

const X86_64: u16 = 62;
const ARM64: u16 = 183;

/// What a program's ELF headers say.
struct Program {
    machine: u16,
    kind: u16,
    loader: &'static str,
    libraries: &'static [&'static str],
    versions: &'static [&'static str],
    has_symbols: bool,
    text: &'static str,
}

const FUNCTION: Program = Program {
    machine: X86_64,
    kind: 2,
    loader: "/lib64/ld-linux-x86-64.so.2",
    libraries: &["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"],
    versions: &["GLIBC_2.2.5", "GLIBC_2.34"],
    has_symbols: false,
    text: "this is a Lambda function's bootstrap, and Lambda did not set ",
};

const FUNCTION_ON_ARM64: Program = Program {
    machine: ARM64,
    kind: 3,
    loader: "/lib/ld-linux-aarch64.so.1",
    libraries: &["libc.so.6", "ld-linux-aarch64.so.1"],
    versions: &["GLIBC_2.17", "GLIBC_2.34"],
    ..FUNCTION
};

impl Program {
    /// Header, one segment for the loader, sections: none, strings, libraries, versions, and perhaps symbols.
    fn bytes(&self) -> Vec<u8> {
        let mut strings = vec![0];
        let mut string = |text: &str| {
            let at = strings.len();
            strings.extend(text.bytes().chain([0]));
            at
        };
        let dynamic: Vec<u8> = (self.libraries.iter().flat_map(|name| [1, string(name)]).chain([0, 0]))
            .flat_map(|word| (word as u64).to_le_bytes())
            .collect();
        let mut versions = Vec::new();
        let count = u16::try_from(self.versions.len()).unwrap();
        versions.extend([1_u16.to_le_bytes(), count.to_le_bytes()].concat());
        versions.extend(
            [string("libc.so.6"), 16, 0].map(|word| u32::try_from(word).unwrap().to_le_bytes()).concat(),
        );
        for version in self.versions {
            versions.extend([0; 8]);
            versions.extend(
                [string(version), 16].map(|word| u32::try_from(word).unwrap().to_le_bytes()).concat(),
            );
        }
        let loader = [self.loader.as_bytes(), &[0]].concat();
        let content = [loader.as_slice(), &strings, &dynamic, &versions, self.text.as_bytes()];
        // In the order of the file: a header of 64 bytes, a segment's of 56, the contents, the sections' headers.
        let starts: Vec<u64> = content
            .iter()
            .scan(64 + 56, |at, part| {
                let start = *at;
                *at += part.len() as u64;
                Some(start)
            })
            .collect();
        let end = starts[4] + self.text.len() as u64;
        let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        bytes.extend([self.kind.to_le_bytes(), self.machine.to_le_bytes()].concat());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend([0x1000, 64, end].map(u64::to_le_bytes).concat());
        bytes.extend(0_u32.to_le_bytes());
        let sections = if self.has_symbols { 5 } else { 4 };
        bytes.extend([64_u16, 56, 1, 64, sections, 1].map(u16::to_le_bytes).concat());
        // PT_INTERP, or PT_NULL where there is no loader.
        let kind: u32 = if self.loader.is_empty() { 0 } else { 3 };
        bytes.extend([kind, 4].map(u32::to_le_bytes).concat());
        let length = loader.len() as u64;
        bytes.extend([starts[0], 0, 0, length, length, 1].map(u64::to_le_bytes).concat());
        bytes.extend(content.concat());
        let mut section = |kind: u32, part: usize, link: u32, info: u32| {
            bytes.extend([0, kind].map(u32::to_le_bytes).concat());
            let length = content[part].len() as u64;
            bytes.extend([0, 0, starts[part], length].map(u64::to_le_bytes).concat());
            bytes.extend([link, info].map(u32::to_le_bytes).concat());
            bytes.extend([1, 0].map(u64::to_le_bytes).concat());
        };
        section(0, 0, 0, 0);
        section(3, 1, 0, 0);
        section(6, 2, 1, 0);
        section(0x6fff_fffe, 3, 1, 1);
        if self.has_symbols {
            section(2, 0, 1, 0);
        }
        bytes
    }
}

fn fault(binary: &[u8], wanted: Option<Architecture>) -> String {
    Package::of(binary, wanted).unwrap_err().to_string()
}

#[test]
fn the_archive_holds_the_binary_as_an_executable_bootstrap_and_nothing_of_the_machine() {
    let binary = FUNCTION.bytes();
    let package = Package::of(&binary, None).unwrap();
    assert_eq!(package.architecture, Architecture::X86_64);
    let archive = ZipArchive::from_slice(&package.zip).unwrap();
    let mut entries = archive.entries();
    let entry = entries.next_entry().unwrap().unwrap();
    assert_eq!(entry.file_path().as_ref(), b"bootstrap");
    assert_eq!(entry.mode().value(), 0o100_755);
    // Time and date as MS-DOS wrote them: seven bits of years since 1980, four of months, five of days.
    assert_eq!(package.zip[10..14], [0, 0, 0b0010_0001, 0]);
    let stored = archive.get_entry(entry.wayfinder()).unwrap();
    let mut content = Vec::new();
    let inflated = DeflateDecoder::new(stored.data());
    stored.verifying_reader(inflated).read_to_end(&mut content).unwrap();
    assert_eq!(content, binary);
    assert!(entries.next_entry().unwrap().is_none());
    assert_eq!(Package::of(&binary, None).unwrap().zip, package.zip);
}

#[test]
fn the_sum_is_that_of_the_archive_in_both_notations() {
    let package = Package::of(&FUNCTION.bytes(), None).unwrap();
    assert_eq!(package.sha256_hex().len(), 64);
    let sum = Sha256::digest(&package.zip);
    assert_eq!(STANDARD.decode(package.sha256_base64()).unwrap(), sum.as_slice());
    let hex = package.sha256_hex();
    let bytes = (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap());
    assert_eq!(bytes.collect::<Vec<u8>>(), sum.as_slice());
}

#[test]
fn both_architectures_are_told_and_a_static_program_needs_no_loader() {
    let arm64 = Package::of(&FUNCTION_ON_ARM64.bytes(), Some(Architecture::Arm64)).unwrap();
    assert_eq!(arm64.architecture, Architecture::Arm64);
    let is_static = Program { loader: "", libraries: &[], versions: &[], ..FUNCTION };
    assert!(Package::of(&is_static.bytes(), Some(Architecture::X86_64)).is_ok());
}

#[test]
fn what_lambda_could_not_run_is_refused_with_its_reason() {
    let refused = [
        (Program { has_symbols: true, ..FUNCTION }, "it has symbols, as a debug build has"),
        (Program { text: "another program", ..FUNCTION }, "it is another program than the function"),
        (Program { kind: 1, ..FUNCTION }, "it is a library or an object file"),
        (Program { machine: 243, ..FUNCTION }, "it is built for another processor (ELF machine 243)"),
        (
            Program { loader: "/lib/ld-musl-x86_64.so.1", ..FUNCTION },
            "its loader is /lib/ld-musl-x86_64.so.1, which Amazon Linux 2023 has not: build for the target x86_64-unknown",
        ),
        (
            Program { machine: ARM64, ..FUNCTION },
            "its loader is /lib64/ld-linux-x86-64.so.2, which Amazon Linux 2023 has not: build for the target aarch64-",
        ),
        (Program { libraries: &["libssl.so.3"], ..FUNCTION }, "it needs the library libssl.so.3"),
        (Program { libraries: &["\x1b[31m"], ..FUNCTION }, "it needs the library \\u{1b}[31m"),
        (Program { versions: &["GLIBC_2.35"], ..FUNCTION }, "it needs GLIBC_2.35, and the C library"),
        (Program { versions: &["GLIBC_2.34", "GLIBC_2.38"], ..FUNCTION }, "it needs GLIBC_2.38, and"),
        (Program { versions: &["GLIBC_ABI_DT_RELR"], ..FUNCTION }, "it needs GLIBC_ABI_DT_RELR, and"),
        (Program { versions: &["GLIBC_3.0"], ..FUNCTION }, "it needs GLIBC_3.0, and"),
    ];
    for (program, reason) in refused {
        let fault = fault(&program.bytes(), None);
        assert!(fault.starts_with(reason), "{fault}");
    }
    let other = fault(&FUNCTION.bytes(), Some(Architecture::Arm64));
    assert!(other.starts_with("it is built for x86_64, not for arm64"), "{other}");
}

#[test]
fn what_is_no_linux_program_is_named() {
    let padded = |magic: &[u8]| [magic, &[0; 64]].concat();
    let mut windows = padded(b"MZ");
    windows.resize(512, 0);
    windows[0x3c] = 0x80;
    windows[0x80..0x84].copy_from_slice(b"PE\0\0");
    windows[0x80 + 24..0x80 + 26].copy_from_slice(&[0x0b, 0x02]);
    let of = [
        (padded(&[0xcf, 0xfa, 0xed, 0xfe]), "it is a program for macOS, and Lambda runs Linux programs"),
        (padded(&[0xca, 0xfe, 0xba, 0xbe]), "it is a program for macOS"),
        (windows, "it is a program for Windows"),
        (padded(b"\x7fELF\x01\x01"), "it is a 32-bit program"),
        (padded(b"#!/bin/sh\n"), "it is no program"),
        (Vec::new(), "it is no program"),
    ];
    for (file, reason) in of {
        let fault = fault(&file, None);
        assert!(fault.starts_with(reason), "{fault}");
    }
}

#[test]
fn a_program_that_is_cut_anywhere_is_refused_or_packed_and_never_a_panic() {
    let binary = FUNCTION.bytes();
    let packed = (0..binary.len()).filter(|end| Package::of(&binary[..*end], None).is_ok()).count();
    assert_eq!(packed, 0, "its section headers stand at the end");
}
