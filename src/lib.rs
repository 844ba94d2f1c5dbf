//! statuswatch
pub mod access_log;
pub mod digest;
