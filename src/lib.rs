//! statuswatch

pub mod filter_pattern;
pub mod lint_format;
