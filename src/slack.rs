//! What people read in Slack: from a digest to the body of a message.

pub mod console;
pub mod escape;
pub mod message;
pub mod render;
pub mod terminal;
