//! Compressed text in, batches of digested lines out: the one way there, for the function and for `replay`.
//!
//! It remembers nothing and notifies nobody. What cannot be decoded is its caller's to report.

use crate::decode::{self, DecodeError, Source};
use crate::digest::{Batch, Reader};
use crate::duplicates::{EventKeys, Remembered};
use crate::trigger::KinesisRecord;

/// What log events are read by.
#[derive(Debug, Clone, Copy)]
pub struct Pipeline<'a> {
    /// What decides over log events.
    pub reader: &'a Reader,
    /// Log events that need not be notified again.
    pub remembered: &'a Remembered,
    /// What one batch may have after inflation.
    pub max_decompressed_bytes: u64,
}

impl Pipeline<'_> {
    /// Reads what one push carries.
    pub fn batch(&self, source: Source<'_>) -> Result<Batch, DecodeError> {
        self.read(source, &EventKeys::default())
    }

    /// Reads Kinesis records into one batch. Each is decoded by itself, and `each` is told its position and what was
    /// read of it before it becomes a part of the whole; one that cannot be decoded is left out.
    pub fn records(
        &self,
        records: &[KinesisRecord<'_>],
        mut each: impl FnMut(usize, &KinesisRecord<'_>, Result<&mut Batch, DecodeError>),
    ) -> Batch {
        let mut all = Batch::default();
        for (position, record) in records.iter().enumerate() {
            match self.read(Source::Base64(&record.data), &all.keys) {
                Ok(mut batch) => {
                    each(position, record, Ok(&mut batch));
                    all.absorb(batch, self.reader.samples_per_group);
                }
                Err(error) => each(position, record, Err(error)),
            }
        }
        all
    }

    fn read(&self, source: Source<'_>, earlier: &EventKeys) -> Result<Batch, DecodeError> {
        let mut batch = Batch::default();
        let mut intake = batch.intake(self.reader, self.remembered).after(earlier);
        decode::decode(source, self.max_decompressed_bytes, &mut intake)?;
        batch.forget_what_is_known(self.remembered);
        Ok(batch)
    }
}
