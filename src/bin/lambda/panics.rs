//! What is told of a panic: where it was, and never what it said, which may be a stranger's text.

use std::panic::{AssertUnwindSafe, set_hook};

use futures_util::FutureExt;
use lambda_runtime::Diagnostic;

/// Logs the place of every panic from now on.
pub(crate) fn log_the_place() {
    set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}

/// Does the work; a panic in it is an error with a fixed text, since Lambda keeps it with the event.
pub(crate) async fn catch<T>(work: impl Future<Output = T>) -> Result<T, Diagnostic> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| Diagnostic {
        error_type: "Statuswatch.Panic".to_owned(),
        error_message: "statuswatch panicked; the function's log says where".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const MARKER: &str = "CANARY0of0a0line";
    const IS_CHILD: &str = "STATUSWATCH_PANICKING_CHILD";

    /// The hook is the process's and the log its standard output: this runs in a process of its own.
    #[tokio::test]
    #[ignore = "run by the test below, in a process of its own"]
    async fn the_process_that_panics() {
        if std::env::var_os(IS_CHILD).is_none() {
            return;
        }
        crate::log::init(Some("TRACE"));
        let answer = catch(async { panic!("{MARKER} in a line") }).await;
        println!("answered {:?}", answer.map(|()| "all is well"));
        // A debug build's runtime and test harness would tell of the panic once more.
        std::process::exit(0);
    }

    #[test]
    fn a_panic_says_where_and_not_what() {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "panics::tests::the_process_that_panics", "--ignored", "--nocapture"])
            .env(IS_CHILD, "1")
            .env("RUST_BACKTRACE", "full")
            .output()
            .unwrap();
        let (stdout, stderr) =
            (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
        assert!(
            stdout.contains(r#""level":"ERROR","message":"panicked","place":"src/bin/lambda/panics.rs:"#),
            "{stdout}{stderr}"
        );
        assert!(stdout.contains("Statuswatch.Panic"), "{stdout}{stderr}");
        assert!(!stdout.contains("CANARY") && !stderr.contains("CANARY"), "{stdout}{stderr}");
    }
}
