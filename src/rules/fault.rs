//! What can be wrong with a rules document, in words that name the place and the fix.
//!
//! It never repeats more of the document than the one key or value at fault, and of that never much.

use crate::filter_pattern::PatternError;
use std::fmt;

/// Every fault of one rules document, in the order of the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct RulesError {
    faults: Vec<Fault>,
}

/// One fault: where it is, what it is, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Fault {
    pub(super) place: Place,
    pub(super) problem: Problem,
}

impl RulesError {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self { faults }
    }

    /// The faults one by one, for whoever lists them among others.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [fault] = self.faults.as_slice() {
            return fault.fmt(f);
        }
        write!(f, "{} faults in the rules:", self.faults.len())?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n- {fault}"))
    }
}

/// Where in the document a fault is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Document,
    TopLevelKey(String),
    Rule(RuleId),
    RuleKey(RuleId, String),
}

/// A rule by its name, or by its number, counted from 1, where it has no name that tells it from the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RuleId {
    Name(String),
    Number(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document => f.write_str("rules"),
            Self::TopLevelKey(key) => write!(f, "rules, key {}", quoted(key)),
            Self::Rule(rule) => rule.fmt(f),
            Self::RuleKey(rule, key) => write!(f, "{rule}, key {}", quoted(key)),
        }
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "rule {}", quoted(name)),
            Self::Number(number) => write!(f, "rule {number}"),
        }
    }
}

/// What is wrong. A `String` is already [`quoted`] or built of such parts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error(r#"empty; write {{"rules":[…]}}, or leave the setting out for the built-in rules"#)]
    Empty,
    #[error(
        "{bytes} bytes are more than the {limit} allowed; join rules that differ in one value into one with a list"
    )]
    TooLarge { bytes: usize, limit: usize },
    #[error("not JSON: {0}; correct the text there")]
    NotJson(String),
    #[error(r#"a bare list; wrap it: {{"rules":[…]}}"#)]
    BareList,
    #[error(r#"must be an object, not {found}; write {{"rules":[…]}}"#)]
    DocumentNotObject { found: &'static str },
    #[error(r#"the key "rules" is missing; write {{"rules":[…]}}"#)]
    NoRulesKey,
    #[error("no rules in it; add one, or leave the setting out for the built-in rules")]
    NoRules,
    #[error(
        "{count} rules are more than the {limit} allowed; join rules that differ in one value into one with a list"
    )]
    TooManyRules { count: usize, limit: usize },
    #[error(r#"must be an object such as {{"name":"health","route":"GET /health","action":"ignore"}}, not {found}"#)]
    RuleNotObject { found: &'static str },

    #[error("unknown{}", did_you_mean(*.0))]
    UnknownKey(Option<&'static str>),
    #[error("written twice; keep one, with a list if it has several values")]
    DuplicateKey,
    #[error("missing; {0}")]
    Missing(&'static str),
    #[error("must be {wanted}, not {found}")]
    WrongType { wanted: &'static str, found: &'static str },
    #[error("the list is empty; name at least one value, or leave the key out so that any value will do")]
    EmptyList,
    #[error("a value is empty; write what to look for, or leave the key out so that any value will do")]
    EmptyValue,

    #[error("empty; give the rule a name, it is shown in messages and metrics")]
    NameEmpty,
    #[error(
        "has no character that can be seen; give the rule a name that can be read in messages and metrics"
    )]
    NameInvisible,
    #[error("{chars} characters are more than the {limit} allowed; shorten the name")]
    NameTooLong { chars: usize, limit: usize },
    #[error("has a control character in it; keep to printable characters")]
    NameControl,
    #[error("{name} is the name of rule {number} already; give each rule its own name")]
    NameTaken { name: String, number: usize },

    #[error("{0} is no status; write 404, 4xx or 500-503, from 100 to 599")]
    NotStatus(String),
    #[error(
        "lies below 400, where there are no errors, so the rule can never be reached; name a status from 400 to 599"
    )]
    StatusBelowErrors,
    #[error("{0} has no method; put a method and a space before the path, or \"* \" for every method")]
    RouteNoMethod(String),
    #[error(
        "{0} has no path; write \"GET /pets\", \"GET *\" or, for a WebSocket API, a route key such as \"$connect\""
    )]
    RouteNoPath(String),
    #[error(
        "{0} is no route; write a method, one space and a path that begins with /, * or $, such as \"GET /pets/*\""
    )]
    NotRoute(String),
    #[error("{0} is every method; leave the key out")]
    EveryMethod(String),
    #[error("{0} is no method; write one such as \"GET\"")]
    NotMethod(String),
    #[error(
        "{0} is no IP address and no CIDR block; write \"203.0.113.7\", \"203.0.113.0/24\" or \"2001:db8::/32\""
    )]
    NotIp(String),
    #[error(
        "{written} names one address and a whole block; write \"{block}\" for the block or \"{address}\" for the address"
    )]
    IpHostBits { written: String, block: String, address: String },
    #[error("{0} is no filter pattern: {1}")]
    NotPattern(String, PatternError),
    #[error("{0} is no date; write it as YYYY-MM-DD, such as \"2027-01-31\"")]
    NotDate(String),
    #[error("{0} does not exist in the calendar; check the day")]
    NoSuchDate(String),

    #[error("{0} is no action; write \"notify\", \"count\" or \"ignore\"")]
    NotAction(String),
    #[error("{0} is no colour; write \"good\", \"warning\", \"danger\" or a hex colour such as \"#36A64F\"")]
    NotColor(String),
    #[error(
        "{0} is no mention that Slack knows; write <!here>, <!channel>, <!everyone>, <@U…> or <!subteam^S…>, with a space between several"
    )]
    NotMention(String),
    #[error(
        "{chars} characters are more than the {limit} allowed; mention a user group instead of its members"
    )]
    MentionTooLong { chars: usize, limit: usize },
    #[error(
        r#"must be an object such as {{"count":5,"within":"1m"}}: so many errors of a group within so long"#
    )]
    NotAtLeast,
    #[error(
        "{count} is out of range; write a count of 2 to {limit}, or leave the key out to notify the first error"
    )]
    AtLeastCount { count: u64, limit: u64 },
    #[error("{0} is no duration; write 10s to 1d, such as \"15m\"")]
    NotDuration(String),
    #[error(
        "{0} is no link; write an https address without a user, such as \"https://wiki.example.com/orders\""
    )]
    NotRunbook(String),
    #[error("{bytes} bytes are more than the {limit} allowed; shorten the address")]
    RunbookTooLong { bytes: usize, limit: usize },
    #[error("the list is empty; name a destination, or leave the key out for the default one")]
    NoDestination,
    #[error("{count} destinations are more than the {limit} allowed; name fewer")]
    TooManyDestinations { count: usize, limit: usize },
    #[error(
        "is no name of a destination, and is not repeated here, since it may be a webhook or a token; write 1 to 32 lower-case letters, digits, - and _, beginning with a letter, such as \"orders\""
    )]
    NotDestination,
    #[error("{0} is named twice; keep one")]
    DestinationTwice(String),
    #[error("there is no destination {name}; name one of {known}, or add it to STATUSWATCH_DESTINATIONS")]
    UnknownDestination { name: String, known: String },
    #[error("does nothing in a rule that does not notify; drop it, or set \"action\" to \"notify\"")]
    OnlyWithNotify,
    #[error("can never be reached, since {0} first; put it above, or narrow what stands above it")]
    Unreachable(String),
    #[error(
        "can never be reached: its `method` and `route` contradict each other; leave `method` out, since a route has its own"
    )]
    Contradiction,
}

/// A piece of the document for an error: in quotes, control characters escaped, cut where it is long.
pub(super) fn quoted(text: &str) -> String {
    const LIMIT: usize = 60;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{:?}", format!("{}…", text.get(..end).unwrap_or_default())),
        None => format!("{text:?}"),
    }
}

fn did_you_mean(key: Option<&str>) -> String {
    key.map_or_else(|| "; remove it".to_owned(), |key| format!("; did you mean \"{key}\"?"))
}
