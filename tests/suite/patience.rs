//! The safety net under everything that waits.
//!
//! Tests wait for notifications, never for time to pass. A notification that does not come would hang the
//! suite; the net turns that into a failure that says what was awaited. Nothing may depend on its length.

use std::time::Duration;

/// Far more than anything awaited here takes, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_mins(2);

/// Awaits `future`, and fails the test with `what` where it does not come.
pub(crate) async fn within_patience<F: Future>(what: &str, future: F) -> F::Output {
    let Ok(output) = tokio::time::timeout(PATIENCE, future).await else {
        panic!("waited {} s in vain: {what}", PATIENCE.as_secs());
    };
    output
}
