//! What is said of a panic: where it was, and never what it said, which may be a stranger's text.

/// From now on a panic logs its place and ends the process, as the release profile has it in any case.
///
/// Lambda tries the event again in a new process and keeps it where that fails, too; the error that it keeps with the
/// event is its own, of a process that ended. What was deferred is in the ledger as pending.
pub(crate) fn log_the_place_and_end() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(place, "panicked");
        std::process::abort();
    }));
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    const MARKER: &str = "CANARY0of0a0line";
    const IS_CHILD: &str = "STATUSWATCH_PANICKING_CHILD";
    const SIGABRT: i32 = 6;

    /// The hook is the process's and the log its standard output: this runs in a process of its own.
    #[test]
    #[ignore = "run by the test below, in a process of its own"]
    fn the_process_that_panics() {
        if std::env::var_os(IS_CHILD).is_some() {
            crate::log::init(Some("TRACE"));
            panic!("{MARKER} in a line");
        }
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
        let place = r#""level":"ERROR","message":"panicked","place":"src/bin/lambda/panics.rs:"#;
        assert!(stdout.contains(place), "{stdout}{stderr}");
        assert!(!stdout.contains("CANARY") && !stderr.contains("CANARY"), "{stdout}{stderr}");
        assert_eq!(child.status.signal(), Some(SIGABRT), "{stdout}{stderr}");
    }
}
