//! statuswatch
pub mod trigger;
pub mod decode;
pub mod access_log;
pub mod rules;
pub mod digest;
pub mod duplicates;
pub mod slack;
pub mod pace;
pub mod ledger;
pub mod recording;
mod backoff;
pub mod http;
mod json;
