//! One Lambda event in, its digest out: by this code; and the limit that nothing can beat.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::bufread::MultiGzDecoder;
use statuswatch::access_log::Format;
use statuswatch::decode::{self, Sink, Source};
use statuswatch::digest::{Batch, Reader};
use statuswatch::duplicates::Remembered;
use statuswatch::rules::Rules;
use statuswatch::slack::render::DEFAULT_MAX_LINES;
use statuswatch::trigger::{self, Trigger};

/// The cap that the function has by default.
const MAX_BYTES: u64 = 128 << 20;

/// This code, set up as the function sets it up by default.
pub(crate) struct ThisCode {
    reader: Reader,
    remembered: Remembered,
}

impl ThisCode {
    pub(crate) fn new() -> Self {
        let reader = Reader {
            rules: Rules::built_in(),
            format: Format::Auto,
            redact: Vec::new(),
            own_log_group: Some("/aws/lambda/statuswatch".to_owned()),
            samples_per_group: DEFAULT_MAX_LINES,
        };
        Self { reader, remembered: Remembered::default() }
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

/// The limit: base64 and inflation, checksum included, into vectors that are kept from one time to the next.
///
/// Whoever wants the text has to do at least this. A new vector each time costs more: its pages are new to the process.
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
        MultiGzDecoder::new(&*self.compressed).read_to_end(&mut self.text).unwrap()
    }
}
