//! statuswatch
