//! Everything about Slack: what a message looks like there, and how it is posted.

pub mod client;
pub mod post;
pub mod webhook_url;

mod answer;
mod course;
mod retry_after;
