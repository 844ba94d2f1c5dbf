//! What was found in one check, and all findings of a run.

use serde::Serialize;

use super::facts::Unknown;

/// How a check ended, the worst one last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It works.
    Good,
    /// It is not deployed, and so cannot fail.
    NotDeployed,
    /// It should be looked at, or could not be checked.
    Warning,
    /// Messages are lost or missing, or will be.
    Bad,
}

/// What was found in one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked; the same words in every run.
    pub check: &'static str,
    /// On what: the name of a function, a log group, an alarm.
    pub subject: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found, in one or two sentences.
    pub found: String,
    /// What to do; with every warning and everything bad.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// A command that does it, to be copied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// All findings of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The function for lines.
    pub function: String,
    /// Its Region.
    pub region: String,
    /// Its account.
    pub account: String,
    /// When it was checked, epoch milliseconds.
    pub now_ms: i64,
    /// In the order in which log events travel.
    pub findings: Vec<Finding>,
}

impl Report {
    /// How many findings have this verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }

    /// Whether anything is bad.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.count(Verdict::Bad) > 0
    }
}

impl Finding {
    pub(super) fn good(check: &'static str, subject: &str, found: impl Into<String>) -> Self {
        Self::new(check, subject, Verdict::Good, found.into(), None)
    }

    pub(super) fn not_deployed(check: &'static str, subject: &str, found: impl Into<String>) -> Self {
        Self::new(check, subject, Verdict::NotDeployed, found.into(), None)
    }

    pub(super) fn warning(
        check: &'static str,
        subject: &str,
        found: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(check, subject, Verdict::Warning, found.into(), Some(fix.into()))
    }

    pub(super) fn bad(
        check: &'static str,
        subject: &str,
        found: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(check, subject, Verdict::Bad, found.into(), Some(fix.into()))
    }

    /// What could not be checked is never good.
    pub(super) fn unknown(check: &'static str, subject: &str, why: &Unknown) -> Self {
        match why {
            Unknown::Denied(permission) => Self::warning(
                check,
                subject,
                format!("not checked: access denied, the permission {permission} is missing"),
                format!("allow {permission} to whoever runs this"),
            ),
            Unknown::Limit(reason) => {
                Self::warning(check, subject, format!("not checked: {reason}"), "look at it by itself")
            }
            Unknown::Failed(reason) => Self::warning(
                check,
                subject,
                format!("not checked: {reason}"),
                "run it again; if it stays, look at this in AWS's console",
            ),
        }
    }

    pub(super) fn with_command(mut self, command: String) -> Self {
        self.command = Some(command);
        self
    }

    fn new(check: &'static str, subject: &str, verdict: Verdict, found: String, fix: Option<String>) -> Self {
        Self { check, subject: subject.to_owned(), verdict, found, fix, command: None }
    }
}

/// A word of a shell's command line, quoted where it has to be.
pub(super) fn word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=@,+".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    let visible: String = text.chars().filter(|c| !c.is_control()).collect();
    format!("'{}'", visible.replace('\'', r"'\''"))
}
