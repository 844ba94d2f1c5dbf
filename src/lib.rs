//! statuswatch
mod backoff;
pub mod config;
pub mod http;
pub mod secret;
pub mod slack;
