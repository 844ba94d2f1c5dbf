//! How AWS is asked: whose credentials sign a request, where it goes, and which error an answer names.
//!
//! It builds requests for the one HTTP client and sends none. What is asked, and what an answer means, is the caller's.

mod access;
mod error_code;
mod service;
#[cfg(feature = "live")]
mod session;

pub(crate) use access::Call;
#[cfg(feature = "live")]
pub(crate) use access::RestCall;
pub use access::{AwsAccess, SigningError};
pub(crate) use error_code::error_code;
pub use service::Service;
pub(crate) use service::is_region;
#[cfg(feature = "live")]
pub use session::{Session, SessionError};
