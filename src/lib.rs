//! statuswatch
pub mod trigger;
pub mod decode;
pub mod access_log;
pub mod rules;
pub mod digest;
pub mod duplicates;
pub mod pace;
pub mod ledger;
mod json;
