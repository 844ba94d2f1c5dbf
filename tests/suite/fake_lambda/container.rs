//! One execution environment of Lambda: the real binary as a child process, with a Runtime API of its own.
//!
//! Events go in, answers come out, and everything that the process writes is kept. The test may kill it,
//! stop it and let it go on at any moment, and ask the kernel what it uses. Its environment holds what
//! Lambda sets and what the test sets, and nothing of the test's own.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::{fd::OwnedFd, unix::fs::FileExt},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid,
};
use tokio::{process::Command, sync::watch, time::timeout};

use super::runtime_api::{FUNCTION_NAME, Failure, Init, Reply, RuntimeApi, Ticket};
use crate::patience::within_patience;
use crate::replayed::program;

/// What Lambda gives a function that names no other limit, here: the module's default.
const DEFAULT_LIMIT: Duration = Duration::from_secs(30);

/// How a container is to be started.
pub(crate) struct Setup {
    program: String,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    takes_extensions: bool,
}

/// A running (or dead) execution environment. Dropping it kills the process.
pub(crate) struct Container {
    api: RuntimeApi,
    process: OwnedFd,
    pid: Pid,
    exit: watch::Receiver<Option<ExitStatus>>,
    stdout: File,
    stderr: File,
}

/// What became of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The function's answer.
    Response(Vec<u8>),
    /// The function's error.
    Error(Failure),
    /// The process ended without an answer.
    Died(ExitStatus),
    /// The limit passed; Lambda has killed the process.
    TimedOut,
}

/// How the start went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// The process asked for its first event.
    Ready,
    /// The process told of a failure.
    Failed(Failure),
    /// The process ended without a word to the Runtime API.
    Died(ExitStatus),
}

/// How the process went when Lambda had no more use for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SpinDown {
    /// No extension was registered: SIGKILL at once.
    Killed,
    /// It ended by itself after SIGTERM.
    Exited(ExitStatus),
    /// It was still there when the grace period ended.
    KilledAfterGrace,
}

/// What the kernel says about the process's memory, in KiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// Resident now (`VmRSS`).
    pub(crate) resident: u64,
    /// The most that was ever resident (`VmHWM`).
    pub(crate) peak: u64,
}

impl Setup {
    /// The product's Lambda binary, or the one that `TEST_LAMBDA` names.
    pub(crate) fn statuswatch() -> Self {
        Self::program(&program("TEST_LAMBDA", env!("CARGO_BIN_EXE_statuswatch-lambda")), &[])
    }

    /// Any program.
    pub(crate) fn program(program: &str, arguments: &[&str]) -> Self {
        let environment = [
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_NAME", FUNCTION_NAME),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/statuswatch"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/22/[$LATEST]0123456789abcdef0123456789abcdef"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            ("LAMBDA_TASK_ROOT", "/var/task"),
            ("TZ", ":UTC"),
            ("_HANDLER", "bootstrap"),
        ];
        Self {
            program: program.to_owned(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            takes_extensions: true,
        }
    }

    /// Sets one variable, or replaces one of Lambda's.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The Extensions API refuses to register anything.
    pub(crate) fn refusing_extensions(mut self) -> Self {
        self.takes_extensions = false;
        self
    }

    /// Starts the process; returns before it is ready.
    pub(crate) async fn start(self) -> Container {
        let api = RuntimeApi::start(self.takes_extensions).await;
        let file = || tempfile::tempfile().expect("a temporary file can be made");
        let (stdout, stderr) = (file(), file());
        let shared = |file: &File| Stdio::from(file.try_clone().expect("a file can be shared"));
        let mut child = Command::new(&self.program)
            .args(self.arguments)
            .env_clear()
            .envs(self.environment)
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .stdin(Stdio::null())
            .stdout(shared(&stdout))
            .stderr(shared(&stderr))
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let pid =
            child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).expect("it was not awaited yet");
        // A descriptor stays with this process; the bare number could be another's by the time of a kill.
        let process = pidfd_open(pid, PidfdFlags::empty()).expect("the process is not reaped yet");
        let (exited, exit) = watch::channel(None);
        tokio::spawn(async move { exited.send_replace(child.wait().await.ok()) });
        Container { api, process, pid, exit, stdout, stderr }
    }
}

impl Container {
    /// The Runtime API that the process talks to.
    pub(crate) fn api(&self) -> &RuntimeApi {
        &self.api
    }

    /// Waits for the end of the start, good or bad.
    pub(crate) async fn started(&self) -> Start {
        let started = async {
            tokio::select! {
                biased;
                init = self.api.initialised() => match init {
                    Init::Ready => Start::Ready,
                    Init::Failed(failure) => Start::Failed(failure),
                },
                status = self.exited() => Start::Died(status),
            }
        };
        within_patience("the process to start", started).await
    }

    /// Hands over an event and waits for the answer, with the default limit.
    pub(crate) async fn invoke(&self, event: impl Into<Vec<u8>>) -> Answer {
        self.invoke_within(event, DEFAULT_LIMIT).await
    }

    /// The same with a limit, which begins when the process takes the event; then the process is killed.
    pub(crate) async fn invoke_within(&self, event: impl Into<Vec<u8>>, limit: Duration) -> Answer {
        let Ticket { started, replied } = self.api.send(event, limit);
        let overdue = async {
            within_patience("the process to take its event", started).await.expect("an event stays queued");
            tokio::time::sleep(limit).await;
        };
        tokio::select! {
            biased;
            reply = replied => match reply.expect("a running invocation keeps its channel") {
                Reply::Response(body) => Answer::Response(body),
                Reply::Error(failure) => Answer::Error(failure),
            },
            status = self.exited() => Answer::Died(status),
            () = overdue => {
                self.kill().await;
                Answer::TimedOut
            }
        }
    }

    /// SIGKILL; waits until the process is gone.
    pub(crate) async fn kill(&self) -> ExitStatus {
        self.signal(Signal::KILL);
        self.exited().await
    }

    /// SIGTERM; does not wait. A frozen process takes it when it goes on.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// What Lambda does with an environment that it has no more use for: SIGTERM where an extension is
    /// registered and a grace period (500 ms for an internal one), then SIGKILL.
    pub(crate) async fn spin_down(&self, grace: Duration) -> SpinDown {
        if self.api.extensions().is_empty() {
            self.kill().await;
            return SpinDown::Killed;
        }
        self.terminate();
        if let Ok(status) = timeout(grace, self.exited()).await {
            return SpinDown::Exited(status);
        }
        self.kill().await;
        SpinDown::KilledAfterGrace
    }

    /// Stops the process as Lambda does between invocations; waits until it stands still.
    pub(crate) async fn freeze(&self) {
        self.signal(Signal::STOP);
        self.stands_still().await;
    }

    /// Waits until the process has been stopped, by whomever, or is dead.
    pub(crate) async fn stands_still(&self) {
        let pid = self.pid;
        let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let stopped = tokio::task::spawn_blocking(move || _ = waitid(WaitId::Pid(pid), options));
        within_patience("the process to stop", stopped).await.expect("waiting does not panic");
    }

    /// Lets a frozen process go on.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Waits until the process has ended.
    pub(crate) async fn exited(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        let status = *exit.wait_for(Option::is_some).await.expect("the process is awaited to its end");
        status.expect("just awaited")
    }

    /// Everything that the process wrote to standard output so far.
    pub(crate) fn stdout(&self) -> Vec<u8> {
        contents(&self.stdout)
    }

    /// Everything that the process wrote to standard error so far.
    pub(crate) fn stderr(&self) -> Vec<u8> {
        contents(&self.stderr)
    }

    /// What the living process holds in memory.
    pub(crate) fn memory(&self) -> Memory {
        let status = self.proc("status");
        let kib = |name: &str| {
            let line =
                status.lines().find_map(|line| line.strip_prefix(name)).expect("a living process has it");
            line.trim_matches([':', '\t', ' ', 'k', 'B']).parse().expect("the kernel writes a number")
        };
        Memory { resident: kib("VmRSS"), peak: kib("VmHWM") }
    }

    /// The processor time that the living process has used, all its threads together.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = self.proc("stat");
        // The name before it may hold anything; from here on, `utime` and `stime` are fields 11 and 12.
        let (_, fields) = stat.rsplit_once(") ").expect("the kernel ends the name so");
        let ticks = fields.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().expect("a number"));
        let millis = ticks.sum::<u64>() * 1_000 / rustix::param::clock_ticks_per_second();
        Duration::from_millis(millis)
    }

    fn proc(&self, file: &str) -> String {
        let path = format!("/proc/{}/{file}", self.pid.as_raw_nonzero());
        fs::read_to_string(path).expect("the process lives")
    }

    fn signal(&self, signal: Signal) {
        // The process may have ended just now.
        _ = pidfd_send_signal(&self.process, signal);
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Reads from the start without moving the offset at which the process writes.
fn contents(file: &File) -> Vec<u8> {
    let length = file.metadata().expect("an open file has metadata").len();
    let mut bytes = vec![0; usize::try_from(length).expect("a log fits into memory")];
    file.read_exact_at(&mut bytes, 0).expect("nobody shortens the file");
    bytes
}
