//! Everything about Slack: what a message looks like there, and how it is posted.

pub mod message;
pub mod render;
pub mod escape;
pub mod terminal;
pub mod client;
pub mod post;
pub mod webhook_url;

mod answer;
mod course;
mod error_word;
pub mod retry_after;
