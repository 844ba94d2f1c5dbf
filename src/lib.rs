//! statuswatch
mod backoff;
pub mod http;
pub mod slack;
