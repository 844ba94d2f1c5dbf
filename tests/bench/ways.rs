//! One Lambda event in, its digest out: by this code; and the limit that nothing can beat.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::bufread::MultiGzDecoder;
use statuswatch::decode::{self, Sink, Source};
use statuswatch::digest::{Batch, Reader};
use statuswatch::duplicates::RememberedEvents;
use statuswatch::rules::Rules;
use statuswatch::trigger::{self, Trigger};

/// The cap that the function has by default.
const MAX_BYTES: u64 = 128 << 20;

/// This code, set up as the function sets it up by default.
pub(crate) struct ThisCode {
    reader: Reader,
    remembered: RememberedEvents,
}

impl ThisCode {
    pub(crate) fn new() -> Self {
        let reader = Reader {
            own_log_group: Some("/aws/lambda/statuswatch".to_owned()),
            ..Reader::new(Rules::built_in())
        };
        Self { reader, remembered: RememberedEvents::default() }
    }

    /// From the event's bytes to the digest.
    pub(crate) fn digest(&self, event: &[u8]) -> Batch {
        let Ok(Trigger::Logs(data)) = trigger::read(event) else { panic!("an awslogs event") };
        self.digest_of(Source::Base64(&data))
    }

    /// From the compressed text to the digest.
    pub(crate) fn digest_of(&self, source: Source<'_>) -> Batch {
        let mut batch = Batch::default();
        decode_into(source, &mut batch.intake(&self.reader, &self.remembered));
        batch
    }
}

/// Decodes a batch into any sink.
pub(crate) fn decode_into(source: Source<'_>, sink: &mut impl Sink) {
    decode::decode(source, MAX_BYTES, sink).unwrap();
}

/// The limit: base64 and inflation, checksum included, into vectors of the right size.
///
/// Whoever wants the text in one piece has to do at least this. With vectors that are new each time, as in a program
/// that does it once, their pages are new to the process, too; with kept vectors it costs less.
#[derive(Default)]
pub(crate) struct Limit {
    compressed: Vec<u8>,
    text: Vec<u8>,
}

impl Limit {
    /// Inflates; says how many bytes came out.
    pub(crate) fn inflate(&mut self, data: &[u8]) -> usize {
        self.compressed.clear();
        self.text.clear();
        STANDARD.decode_vec(data, &mut self.compressed).unwrap();
        // Gzip ends with the length of what it holds, so that the vector need not grow.
        let length = self.compressed.last_chunk().copied().map_or(0, u32::from_le_bytes);
        self.text.reserve_exact(length as usize);
        MultiGzDecoder::new(&*self.compressed).read_to_end(&mut self.text).unwrap()
    }
}
