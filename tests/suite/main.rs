//! The integration suite: one crate, so that it links once and every test shares the two fakes.
//!
//! The fakes come first. [`fake_slack`] and [`fake_lambda`] each exist twice: as servers that speak real
//! HTTP on loopback to the real binary, and as models in virtual time that a simulation of hours runs
//! against in seconds. Neither knows the product's code; both are tested here by toys.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a fake that cannot go on must fail its test loudly, also outside `#[test]` functions"
)]

mod backtest;
mod clock;
mod fake_lambda;
mod fake_slack;
mod lint_format;
mod match_pattern;
mod patience;
mod recordings;
mod report;
