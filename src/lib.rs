//! statuswatch
pub mod access_log;
pub mod decode;
pub mod digest;
mod json;
pub mod trigger;
