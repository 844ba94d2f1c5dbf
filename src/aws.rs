//! How AWS is asked: whose credentials sign a request, where it goes, and which error an answer names.
//!
//! For the function it builds requests for the one HTTP client and sends none; the command line's calls it sends, too. What
//! is asked, and what an answer means, is the caller's.

mod access;
#[cfg(feature = "live")]
mod call_error;
#[cfg(feature = "live")]
mod client;
mod error_code;
#[cfg(feature = "live")]
mod pace;
mod service;
#[cfg(feature = "live")]
mod session;

pub(crate) use access::Call;
#[cfg(feature = "live")]
pub(crate) use access::RestCall;
pub use access::{AwsAccess, SigningError};
#[cfg(feature = "live")]
pub use call_error::CallError;
#[cfg(feature = "live")]
pub(crate) use call_error::Purpose;
#[cfg(feature = "live")]
pub(crate) use client::{Client, Manner, Own};
pub(crate) use error_code::error_code;
#[cfg(feature = "live")]
pub(crate) use pace::Pace;
pub use service::Service;
pub(crate) use service::is_region;
#[cfg(feature = "live")]
pub use session::{Session, SessionError};
