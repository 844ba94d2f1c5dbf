//! What is deployed in an account: an alarm and the metric filter under it, and the stages of APIs.
//!
//! It only reads: `DescribeAlarms`, `DescribeMetricFilters` and the lists of APIs and stages are all that it ever asks for.

mod alarm;
mod client;
mod error;
mod metric_filter;
mod stages;

pub use client::{Account, Sessions};
pub use error::AccountError;
pub use metric_filter::{MetricFilter, Wanted};
pub use stages::{Stage, Stages};

/// Pages of one list; a list that is longer does not end.
const MAX_PAGES: usize = 1_000;
