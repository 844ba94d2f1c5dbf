//! statuswatch
pub mod alarm;
