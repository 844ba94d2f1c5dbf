//! statuswatch
pub mod access_log;
pub mod digest;
pub mod slack;
pub mod words;
