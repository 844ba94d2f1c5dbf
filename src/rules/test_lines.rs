//! Access logs for tests.

use crate::access_log::{AccessLog, Status};

/// A line of which only the status is known.
pub(super) fn access_log<'a>(status: u16) -> AccessLog<'a> {
    AccessLog::of(Status::new(status).unwrap())
}
