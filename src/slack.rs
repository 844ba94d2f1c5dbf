//! Everything about Slack: what a message looks like there, and how it is posted.

pub mod message;
pub mod render;
pub mod escape;
pub mod terminal;
pub mod api_url;
pub mod bot_token;
pub mod channel_id;
pub mod client;
pub mod post;
pub mod webhook_url;

mod answer;
mod api_answer;
mod attempt;
mod endpoint;
mod error_word;
mod receipt;
pub mod retry_after;
