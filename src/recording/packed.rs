//! The beginning of a file in; the name of what it is out, where that is an archive or compressed in a way that is not
//! read. It unpacks nothing.

/// Where in the header of a tar archive its kind stands.
const TAR_MARK: usize = 257;

/// What a file is that begins so, with its article; nothing where it may be text.
pub(super) fn name(head: &[u8]) -> Option<&'static str> {
    let of_begin = [
        (&b"PK\x03\x04"[..], "a zip archive"),
        (b"\xfd7zXZ\0", "a file compressed by xz"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"\x04\x22\x4d\x18", "a file compressed by lz4"),
        (b"PAR1", "a Parquet file"),
    ];
    // `BZh`, the level, and the first digits of pi.
    let is_bzip2 = head.starts_with(b"BZh") && head.get(4..10) == Some(b"1AY&SY");
    let is_tar = head.get(TAR_MARK..).is_some_and(|mark| mark.starts_with(b"ustar"));
    let begin = of_begin.iter().find(|(mark, _)| head.starts_with(mark)).map(|(_, name)| *name);
    begin.or(is_bzip2.then_some("a file compressed by bzip2")).or(is_tar.then_some("a tar archive"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_and_other_compressions_are_named() {
        let tar = [&b"a.log"[..], &[0; TAR_MARK - 5], b"ustar\x0000"].concat();
        for (head, expected) in [
            (&b"PK\x03\x04\x14\0"[..], Some("a zip archive")),
            (b"\xfd7zXZ\0\0\x04", Some("a file compressed by xz")),
            (b"BZh91AY&SY\x12", Some("a file compressed by bzip2")),
            (&tar, Some("a tar archive")),
            (b"BZh is no archive", None),
            (b"PK", None),
            (b"{\"status\":\"502\"}\n", None),
            (b"", None),
        ] {
            assert_eq!(name(head), expected, "{head:?}");
        }
    }
}
