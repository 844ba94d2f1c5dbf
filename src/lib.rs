//! statuswatch

pub mod filter_pattern;
