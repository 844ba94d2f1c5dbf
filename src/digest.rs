//! Sums up matched lines in a [`Digest`]: groups, exact counts, a bounded choice of sample lines.
//!
//! A digest never loses count: what it has no room to keep as a group or a sample, it keeps as a number.
//! Its memory is bounded whatever comes in. It never formats anything for Slack.

mod batch;
mod causes;
mod counts;
mod fault;
mod fold;
mod intake;
mod parts;
mod samples;
mod source;

pub use batch::{Batch, DEFAULT_SAMPLES, Reader};
pub use causes::Causes;
pub use counts::Counts;
pub(crate) use fold::OTHER_LOG_GROUPS;
pub use fold::{MAX_GROUPS, MAX_SECTIONS};
pub use intake::Intake;
pub(crate) use parts::Part;
pub use samples::Samples;
pub(crate) use source::source_fields;

use smol_str::SmolStr;

use crate::access_log::fast_path::EscapedLine;
use crate::access_log::{Status, StatusClass};
use crate::incident::Context;
use crate::rules::{IncidentSettings, To};

/// The matched lines of one delivery, or of many added up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digest {
    /// One section a log group that has errors to show, in the order they came; several where its rules send them to
    /// different destinations.
    pub sections: Vec<Section>,
    /// Log groups without any: only what was counted by a rule and what was unreadable there. Bounded as sections are,
    /// and they take no section's place.
    pub quiet: Vec<Section>,
    /// Sum of the keys of all matched log events, whatever their order: the same lines give the same id.
    pub id: u64,
}

/// What one log group had to tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// Name of the log group: a stranger's text.
    pub log_group: String,
    /// Stands for all log groups beyond [`MAX_SECTIONS`]: `log_group` is the name of none, and no link may hold it.
    pub is_rest: bool,
    /// Where the lines go.
    pub to: To,
    /// The log stream, where all lines came from one.
    pub log_stream: Option<String>,
    /// Groups of alike lines, worst first, then most frequent first, then by name.
    /// Bounded; what did not fit is in [`Section::other`].
    pub groups: Vec<Group>,
    /// Lines of groups that did not fit.
    pub other: Other,
    /// Matched lines with a status of 400 to 499, all of them.
    pub client_errors: u64,
    /// Matched lines with a status of 500 to 599, all of them.
    pub server_errors: u64,
    /// Timestamp of the oldest matched line, epoch milliseconds.
    pub first_ms: i64,
    /// Timestamp of the newest matched line, epoch milliseconds.
    pub last_ms: i64,
    /// Accounts, stages and clients of the matched lines.
    pub context: Context,
    /// Access logs that arrived with the matched lines, these among them: those of one subscription message, or of one
    /// delivery of lines that stand alone. `None` where the number is not exact, where there are several deliveries, and
    /// where nothing but errors arrived: a subscription filter may pass only those, and the number would say nothing.
    pub requests: Option<u64>,
    /// Lines that a rule with `count` took: the rule's name and how many. Rules without hits are left out.
    pub counted_by_rule: Vec<(String, u64)>,
    /// Lines that we could read no status from.
    pub unreadable: u64,
    /// Colours that the matching rules name, without repetition.
    pub colors: Vec<String>,
    /// Mentions that the matching rules name (operator's text, such as `<!here>`), without repetition.
    pub mentions: Vec<String>,
}

/// Lines that differ only in what does not matter at first sight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Their status.
    pub status: Status,
    /// Method and route, such as `POST /v1/orders`: a stranger's text, the values of
    /// masked fields masked. Empty where the lines have neither. About [`MAX_ROUTE_BYTES`] at most.
    pub route: SmolStr,
    /// Whose fault it is.
    pub fault: Fault,
    /// The account, Region and log group that CloudWatch Logs centralised all of the lines from; empty where that is
    /// unknown, and where they came from several. At most 640 bytes.
    pub source: String,
    /// Why, in the API's own words, the values of masked fields masked.
    pub causes: Causes,
    /// How many lines.
    pub count: u64,
    /// How many of them were salvaged from broken JSON.
    pub salvaged: u64,
    /// Timestamp of the oldest line, epoch milliseconds.
    pub first_ms: i64,
    /// Timestamp of the newest line, epoch milliseconds.
    pub last_ms: i64,
    /// In a storm: seen in no message of this storm before.
    pub is_new: bool,
    /// What the rules that took the lines say of when to notify them, and of what to do.
    pub incident: IncidentSettings,
    /// Some of the lines, oldest first; bounded in number and size.
    pub samples: Samples,
}

/// One raw line that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The log event's timestamp, epoch milliseconds.
    pub timestamp_ms: i64,
    /// The line as it was logged, after redaction: a stranger's text, at most [`MAX_SAMPLE_BYTES`] long.
    pub text: SampleText,
}

/// A sample's text, or why there is none. Two are equal if they say the same.
#[derive(Debug, Clone)]
pub enum SampleText {
    /// The whole line.
    Whole(String),
    /// The whole line as it stands in a batch. Most samples are never shown, and those are never unescaped.
    Escaped(EscapedLine),
    /// The beginning of a line; `full_chars` is how many characters the line has.
    Cut {
        /// What was kept, cut on a character boundary.
        kept: String,
        /// How many characters the whole line has.
        full_chars: usize,
    },
    /// Withheld, since the fields to be masked could not be found with certainty.
    Withheld,
}

/// Lines of groups for which there was no room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Other {
    /// How many lines.
    pub count: u64,
}

/// Whose fault an error is, as far as the line tells; facts: API Gateway's gateway response types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// API Gateway's own configuration.
    Gateway,
    /// The backend, or the way to it; the detail says `timeout` where it is known.
    Integration(Option<&'static str>),
    /// The authorizer, or what it refused.
    Authorizer(Option<&'static str>),
    /// The web application firewall.
    Waf,
    /// A throttle or a quota.
    Throttle(Option<&'static str>),
    /// The caller; the detail says what was wrong, such as `missing token`.
    Client(Option<&'static str>),
    /// The line does not tell.
    Unknown,
}

/// The longest sample that a digest keeps, in bytes. Slack shows at most 9,500 characters of a whole message.
pub const MAX_SAMPLE_BYTES: usize = 12 * 1024;

/// The longest route that a group keeps, in bytes; a longer one is cut and ends in `…`.
pub const MAX_ROUTE_BYTES: usize = 512;

impl Section {
    /// Matched lines, all of them.
    #[must_use]
    pub fn matched(&self) -> u64 {
        self.client_errors + self.server_errors
    }

    /// The worst status class in the section.
    #[must_use]
    pub fn worst(&self) -> StatusClass {
        if self.server_errors > 0 { StatusClass::ServerError } else { StatusClass::ClientError }
    }
}
