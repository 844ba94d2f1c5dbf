//! The bytes of a head or an entry: a format's version, then JSON, deflated.
//!
//! What another version wrote is refused, never guessed at. What does not inflate to a sane size is refused, too.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreFault;

/// The version of the format, which is the first byte. Raise it when a stored type changes its shape.
const VERSION: u8 = 1;

/// The most that a body inflates to, in bytes.
const MAX_INFLATED: u64 = 4 * 1024 * 1024;

/// What is stored for `value`.
pub fn encode(value: &impl Serialize) -> Result<Vec<u8>, StoreFault> {
    let json = serde_json::to_vec(value).map_err(|_| StoreFault::Invalid)?;
    let mut deflated = DeflateEncoder::new(vec![VERSION], Compression::default());
    deflated.write_all(&json).and_then(|()| deflated.finish()).map_err(|_| StoreFault::Invalid)
}

/// The value that is stored in `body`.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, StoreFault> {
    let deflated = match body.split_first() {
        Some((&VERSION, deflated)) => deflated,
        Some((&version, _)) => return Err(StoreFault::UnknownFormat { version }),
        None => return Err(StoreFault::Unreadable),
    };
    let mut json = Vec::new();
    let inflated = DeflateDecoder::new(deflated).take(MAX_INFLATED).read_to_end(&mut json);
    inflated.map_err(|_| StoreFault::Unreadable)?;
    serde_json::from_slice(&json).map_err(|_| StoreFault::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_and_another_version_is_refused() {
        let value = vec![("a".to_owned(), 1_u64), ("b".repeat(1_000), u64::MAX)];
        let body = encode(&value).unwrap();
        assert!(body.len() < 100, "{}", body.len());
        assert_eq!(decode::<Vec<(String, u64)>>(&body), Ok(value));
        let newer = [&[2], &body[1..]].concat();
        assert_eq!(decode::<Vec<(String, u64)>>(&newer), Err(StoreFault::UnknownFormat { version: 2 }));
    }

    #[test]
    fn broken_bodies_are_unreadable_and_a_bomb_is_not_inflated() {
        let body = encode(&vec![1, 2, 3]).unwrap();
        for broken in [&[][..], &[1], &body[..body.len() - 1], &[1, 0xff, 0xff]] {
            assert_eq!(decode::<Vec<u64>>(broken), Err(StoreFault::Unreadable), "{broken:?}");
        }
        let bomb = encode(&"a".repeat(5 * 1024 * 1024)).unwrap();
        assert!(bomb.len() < 10_000);
        assert_eq!(decode::<String>(&bomb), Err(StoreFault::Unreadable));
    }
}
