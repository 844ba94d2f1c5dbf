//! What helps to judge a log group's errors beside its lines: whose account and which stage it is, how many clients see
//! errors.
//!
//! Bounded whatever comes. Of a client it keeps a hash of the address, never the address.

use serde::{Deserialize, Serialize};
use wide::u8x16;

use super::sources::Sources;

/// Distinct clients that are counted; of more it is only known that there are more.
pub const MAX_CLIENTS: usize = 100;
/// Room for so many is made at once: most batches have fewer.
const USUAL_CLIENTS: usize = 28;
/// Accounts, and stages, that are kept by name.
const MAX_NAMES: usize = 4;
/// API Gateway takes stage names of at most 128 characters.
const MAX_STAGE_BYTES: usize = 128;
/// Bits of a hash that are kept: two of 100 clients are taken for one in about one of 10^8 cases. Each bit is paid for in
/// a store.
const HASH_BITS: u32 = 40;

/// Accounts, stages, sources and clients of error lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    #[serde(rename = "a", default, skip_serializing_if = "Names::is_empty")]
    accounts: Names,
    #[serde(rename = "s", default, skip_serializing_if = "Names::is_empty")]
    stages: Names,
    #[serde(rename = "o", default, skip_serializing_if = "Sources::is_empty")]
    sources: Sources,
    #[serde(rename = "c", default, skip_serializing_if = "Clients::is_empty")]
    clients: Clients,
}

/// A few names in the order in which they were first met.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names(Vec<String>, bool);

/// Distinct addresses of clients.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clients {
    /// Hashes of their addresses, ascending; none where there are more than [`MAX_CLIENTS`].
    #[serde(rename = "k", default, skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<u64>,
    /// There are more than [`MAX_CLIENTS`].
    #[serde(rename = "m", default, skip_serializing_if = "is_false")]
    is_full: bool,
    /// Of some lines the client is not known.
    #[serde(rename = "p", default, skip_serializing_if = "is_false")]
    is_partial: bool,
}

/// How many clients there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCount {
    /// Nothing is known of them.
    Unknown,
    /// So many.
    Exactly(usize),
    /// So many, or more.
    AtLeast(usize),
}

impl Context {
    /// That of error lines of which nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        let clients = Clients { is_partial: true, ..Clients::default() };
        Self { clients, ..Self::default() }
    }

    /// The numbers of the accounts that own the log group, as subscription messages name them.
    #[must_use]
    pub fn accounts(&self) -> &Names {
        &self.accounts
    }

    /// The names of the stages that the lines name.
    #[must_use]
    pub fn stages(&self) -> &Names {
        &self.stages
    }

    /// The sources of lines that CloudWatch Logs centralised, and how many lines came from each.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The clients that the errors were answered to.
    #[must_use]
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Takes the number of an account; what is none is left out.
    pub fn note_account(&mut self, number: &str) {
        let is_known = self.accounts.0.first().is_some_and(|known| known == number);
        if !is_known && number.len() == 12 && number.bytes().all(|byte| byte.is_ascii_digit()) {
            self.accounts.note(number);
        }
    }

    /// Takes the name of a stage; what cannot be one is left out, so that no stranger's text passes for it.
    pub fn note_stage(&mut self, name: &str) {
        let is_of_stages = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_name = (1..=MAX_STAGE_BYTES).contains(&name.len()) && name.bytes().all(is_of_stages);
        if is_name || name == "$default" {
            self.stages.note(name);
        }
    }

    /// Counts one error line of a source, unless that is empty.
    #[inline]
    pub fn note_source(&mut self, source: &str) {
        if !source.is_empty() {
            self.sources.note(source, 1);
        }
    }

    /// Takes the client of one error line. `address` is asked only where it can still change the count.
    #[inline]
    pub fn note_client<A: AsRef<str>>(&mut self, address: impl FnOnce() -> Option<A>) {
        if !self.clients.is_full {
            self.clients.note(address().as_ref().map(A::as_ref));
        }
    }

    /// Adds what is known of other lines.
    pub fn fold(&mut self, other: &Self) {
        self.accounts.fold(&other.accounts);
        self.stages.fold(&other.stages);
        self.sources.fold(&other.sources);
        self.clients.fold(&other.clients);
    }
}

impl Names {
    /// The names that are kept, at most four.
    #[must_use]
    pub fn kept(&self) -> &[String] {
        &self.0
    }

    /// Whether there are others besides.
    #[must_use]
    pub fn are_more(&self) -> bool {
        self.1
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the names of others.
    pub fn fold(&mut self, other: &Self) {
        for name in &other.0 {
            self.note(name);
        }
        self.1 |= other.1;
    }

    fn note(&mut self, name: &str) {
        if self.0.iter().any(|known| known == name) {
            return;
        }
        if self.0.len() < MAX_NAMES {
            self.0.push(name.to_owned());
        } else {
            self.1 = true;
        }
    }
}

impl Clients {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> ClientCount {
        match self.hashes.len() {
            _ if self.is_full => ClientCount::AtLeast(MAX_CLIENTS),
            0 => ClientCount::Unknown,
            known if self.is_partial => ClientCount::AtLeast(known),
            known => ClientCount::Exactly(known),
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes an address; one that is none is not known.
    fn note(&mut self, address: Option<&str>) {
        let Some(address) = address else {
            self.is_partial = true;
            return;
        };
        let (hash, is_address) = look_at(address);
        if !is_address {
            self.is_partial = true;
            return;
        }
        if let Err(place) = self.hashes.binary_search(&hash) {
            self.insert(place, hash);
        }
    }

    fn fold(&mut self, other: &Self) {
        self.is_partial |= other.is_partial;
        if other.is_full {
            self.fill();
        }
        for &hash in &other.hashes {
            if self.is_full {
                return;
            }
            if let Err(place) = self.hashes.binary_search(&hash) {
                self.insert(place, hash);
            }
        }
    }

    fn insert(&mut self, place: usize, hash: u64) {
        if self.hashes.is_empty() {
            self.hashes.reserve(USUAL_CLIENTS);
        }
        if self.hashes.len() < MAX_CLIENTS {
            self.hashes.insert(place, hash);
        } else {
            self.fill();
        }
    }

    fn fill(&mut self) {
        self.is_full = true;
        self.hashes = Vec::new();
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// The hash of an address, and whether it has the shape of one: digits with three dots between them, or hexadecimal
/// digits and at least two colons.
///
/// The hash takes eight bytes at a time, in an order that no machine changes: it is the same in every process and
/// version, since containers of two versions share one incident.
fn look_at(address: &str) -> (u64, bool) {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| {
        let hash = (hash ^ word).wrapping_mul(MULTIPLIER);
        hash ^ (hash >> 32)
    };
    let length = address.len();
    let mut padded = [[b'0'; LANES]; MAX_ADDRESS_BYTES / LANES];
    let Some(place) = padded.as_flattened_mut().get_mut(..length) else { return (0, false) };
    place.copy_from_slice(address.as_bytes());

    let (mut hash, mut dots, mut colons) = (length as u64, 0_u64, 0_u64);
    let (mut is_hexadecimal, mut is_decimal) = (true, true);
    for chunk in padded.iter().take(length.div_ceil(LANES)) {
        let bytes = u8x16::new(*chunk);
        let bits = |bytes: u8x16| u64::from(bytes.to_bitmask());
        let within = |bytes: u8x16, first: u8, last: u8| {
            bytes.max(u8x16::splat(first)).min(u8x16::splat(last)).simd_eq(bytes)
        };
        let (dot, colon) = (bytes.simd_eq(u8x16::splat(b'.')), bytes.simd_eq(u8x16::splat(b':')));
        let decimal = within(bytes, b'0', b'9') | dot;
        let hexadecimal = decimal | colon | within(bytes | u8x16::splat(b' '), b'a', b'f');
        (dots, colons) = (dots << LANES | bits(dot), colons << LANES | bits(colon));
        is_decimal &= bits(decimal) == u64::from(u16::MAX);
        is_hexadecimal &= bits(hexadecimal) == u64::from(u16::MAX);
        let (words, _) = chunk.as_chunks::<8>();
        hash = words.iter().fold(hash, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    }
    let is_address = is_hexadecimal && colons.count_ones() >= 2 || is_decimal && dots.count_ones() == 3;
    ((hash ^ (hash >> HASH_BITS)) & ((1 << HASH_BITS) - 1), is_address)
}

/// Bytes that are looked at together.
const LANES: usize = 16;
/// Room for the longest address: IPv6 with an IPv4 address at its end has 45.
const MAX_ADDRESS_BYTES: usize = 48;

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_address_of_the_standard_library_has_the_shape_of_one(v4 in any::<u32>(), v6 in any::<u128>(), zeros in 0_u32..129) {
            let v6 = v6.checked_shl(zeros).unwrap_or_default();
            for address in [IpAddr::V4(v4.into()), IpAddr::V6(v6.into()), IpAddr::V6(u128::from(v4).into())] {
                prop_assert!(look_at(&address.to_string()).1, "{}", address);
            }
        }

        #[test]
        fn what_has_another_letter_is_no_address(text in "[0-9a-f.:]{0,20}[g-zG-Z/%\\- ][0-9a-f.:]{0,20}") {
            prop_assert!(!look_at(&text).1, "{}", text);
        }
    }

    #[test]
    fn words_and_numbers_are_no_addresses() {
        for text in ["", "-", "::f00g", "1.2.3", "1.2.3.4.5", "a.b.c.d", "1:2", "12", "fade", "192.0.2.1:443"]
        {
            assert!(!look_at(text).1, "{text}");
        }
    }

    /// The same as `look_at`, byte by byte.
    fn look_at_each(address: &str) -> (u64, bool) {
        let all = |is: fn(&u8) -> bool| address.as_bytes().iter().all(is);
        let count = |sought: char| address.chars().filter(|&found| found == sought).count();
        let is_hexadecimal =
            all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b'.' | b':'));
        let is_decimal = all(|byte| matches!(byte, b'0'..=b'9' | b'.'));
        let is_address = is_hexadecimal && count(':') >= 2 || is_decimal && count('.') == 3;

        let padded = format!("{address:0<width$}", width = address.len().next_multiple_of(LANES));
        let mut hash = address.len() as u64;
        for word in padded.as_bytes().chunks(8) {
            let word = word.iter().rev().fold(0_u64, |word, &byte| word << 8 | u64::from(byte));
            hash = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            hash ^= hash >> 32;
        }
        ((hash ^ (hash >> 40)) % (1 << 40), is_address)
    }

    #[test]
    fn sixteen_bytes_at_a_time_are_looked_at_as_byte_by_byte() {
        for usual in [
            "1.2.3.4",
            "203.0.113.77",
            "::",
            "2001:db8::ff00:42:8329",
            "2001:db8:85a3:8d3:1319:8a2e:255.255.255.255",
        ] {
            for place in 0..=usual.len() {
                for byte in 0..=0x7f_u8 {
                    let mut address = usual.to_owned();
                    address.insert(place, char::from(byte));
                    assert_eq!(look_at(&address), look_at_each(&address), "{address:?}");
                }
            }
        }
    }

    fn clients<'a>(addresses: impl IntoIterator<Item = &'a str>) -> Context {
        let mut context = Context::default();
        for address in addresses {
            context.note_client(|| Some(address));
        }
        context
    }

    fn count<'a>(addresses: impl IntoIterator<Item = &'a str>) -> ClientCount {
        clients(addresses).clients().count()
    }

    #[test]
    fn distinct_addresses_are_counted_up_to_a_hundred() {
        assert_eq!(count([]), ClientCount::Unknown);
        assert_eq!(count(["192.0.2.1", "2001:db8::1", "192.0.2.1"]), ClientCount::Exactly(2));
        let many: Vec<String> = (0..101).map(|n| format!("192.0.2.{n}")).collect();
        assert_eq!(count(many.iter().take(100).map(String::as_str)), ClientCount::Exactly(100));
        assert_eq!(count(many.iter().map(String::as_str)), ClientCount::AtLeast(100));
    }

    #[test]
    fn a_line_without_an_address_makes_the_count_a_least_one() {
        assert_eq!(count(["192.0.2.1", "test-invoke-source-ip", "a", "b"]), ClientCount::AtLeast(1));
        let mut context = clients(["192.0.2.1"]);
        context.note_client(|| None::<&str>);
        assert_eq!(context.clients().count(), ClientCount::AtLeast(1));
        context.fold(&Context::unknown());
        assert_eq!(context.clients().count(), ClientCount::AtLeast(1));
        assert_eq!(Context::unknown().clients().count(), ClientCount::Unknown);
    }

    /// What a store keeps must mean the same in another version.
    #[test]
    fn the_hash_of_an_address_does_not_change() {
        assert_eq!(look_at("192.0.2.1").0, 0x3b_2e46_50d6);
    }

    #[test]
    fn only_what_can_be_an_account_or_a_stage_is_taken() {
        let mut context = Context::default();
        for number in ["", "123456789012", "12345678901", "1234567890123", "<!channel>12", "１２３４"] {
            context.note_account(number);
        }
        for stage in ["prod", "$default", "", "<!here>", "*bold*", "v1 beta", "prod", &"x".repeat(129)] {
            context.note_stage(stage);
        }
        assert_eq!(context.accounts().kept(), ["123456789012"]);
        assert_eq!(context.stages().kept(), ["prod", "$default"]);
        for stage in ["a", "b", "c"] {
            context.note_stage(stage);
        }
        assert_eq!((context.stages().kept().len(), context.stages().are_more()), (MAX_NAMES, true));
    }

    proptest! {
        #[test]
        fn clients_are_counted_alike_however_the_lines_are_parted(
            lines in prop::collection::vec((0_u32..150).prop_map(|n| (n != 7).then_some(n)), 0..300),
            at in 0_usize..300,
        ) {
            let of = |lines: &[Option<u32>]| {
                let mut context = Context::default();
                for line in lines {
                    context.note_client(|| line.map(|n| std::net::Ipv4Addr::from(n).to_string()));
                }
                context
            };
            let (first, second) = lines.split_at(at.min(lines.len()));
            let mut folded = of(second);
            folded.fold(&of(first));
            let whole = of(&lines);
            prop_assert_eq!(&folded.clients.hashes, &whole.clients.hashes);
            prop_assert_eq!(folded.clients.count(), whole.clients.count());
            let distinct: std::collections::BTreeSet<&u32> = lines.iter().flatten().collect();
            let expected = match distinct.len() {
                101.. => ClientCount::AtLeast(MAX_CLIENTS),
                0 => ClientCount::Unknown,
                known if lines.contains(&None) => ClientCount::AtLeast(known),
                known => ClientCount::Exactly(known),
            };
            prop_assert_eq!(whole.clients.count(), expected);
        }
    }
}
