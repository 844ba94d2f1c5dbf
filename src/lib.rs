#![doc = include_str!("ARCHITECTURE.md")]

pub mod trigger;
pub mod decode;
pub mod access_log;
pub mod filter_pattern;
pub mod rules;
pub mod digest;
pub mod duplicates;
pub mod slack;
pub mod alarm;
pub mod incident;
pub mod outbox;
pub mod pace;
pub mod ledger;
pub mod handler;
pub mod recording;
pub mod replay;
pub mod backtest;
pub mod report;
pub mod lint_format;
pub mod start;
pub mod config;
pub mod secret;
pub mod aws;
pub mod http;
mod backoff;
mod json;
pub mod words;
