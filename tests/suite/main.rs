//! The integration suite: one crate, so that it links once and every test shares the two fakes.
//!
//! The fakes come first. [`fake_slack`] and [`fake_lambda`] each exist twice: as servers that speak real
//! HTTP on loopback to the real binary, and as models in virtual time that a simulation of hours runs
//! against in seconds. Neither knows the product's code; both are tested here by toys.
//!
//! Then comes what reaches the product ([`fixtures`]) and how it is run ([`replayed`] for the command line,
//! [`fake_lambda::container`] for the function), and then the tests of the product from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a fake that cannot go on must fail its test loudly, also outside `#[test]` functions"
)]

mod access_logs;
mod alarms;
mod backtest;
mod binary;
mod bombs;
mod canary;
mod claims;
mod cli;
mod clock;
#[allow(dead_code, reason = "the benchmarks' requests, of which the tests take a part")]
#[path = "../bench/data.rs"]
mod data;
mod deadline;
mod deliver;
mod deployed;
mod destinations;
mod doctor;
mod documents;
mod duplicates;
mod every_shape;
mod exports;
mod fake_aws;
mod fake_lambda;
mod fake_s3;
mod fake_slack;
mod fast_path;
mod faults_table;
mod fixtures;
mod fuzz_corpus;
mod incidents;
mod kill_sweep;
mod kinesis;
#[allow(dead_code, reason = "the benchmarks' shapes, of which the tests take a part")]
#[path = "../bench/line_shapes.rs"]
mod line_shapes;
mod lint_format;
mod live;
mod live_tail;
mod log_groups;
mod match_pattern;
mod module_rules;
mod objects;
mod package;
mod patience;
mod pictures;
mod queue_messages;
mod readers_budget;
mod recordings;
mod redrive;
mod replayed;
mod report;
mod samples_of_shapes;
mod scripted_webhook;
mod secrets;
mod slack_answers;
mod soak;
mod snooze;
mod start;
mod state_table;
mod storm;
mod table_kills;
mod ticks;
mod web_api;
