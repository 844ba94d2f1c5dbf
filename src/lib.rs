//! statuswatch
pub mod access_log;
pub mod digest;
pub mod words;
