//! What the operator set.
//!
//! Reads the environment that the binary passes in into a [`Config`], or into one error
//! that lists every fault with its fix. It never reads the environment itself, never calls AWS, and
//! never repeats the value of a variable that may hold a secret.

mod destination;
mod destinations;
mod notify;
mod state_table;

use std::str::FromStr;
use std::time::Duration;

pub use destination::{Destination, SecretSource};
use destinations::Destinations;
pub use notify::NotifySettings;
pub use state_table::{StateTable, StateTableError};

use crate::access_log::Format;
use crate::access_log::redact::Redaction;
use crate::aws::AwsAccess;
use crate::console_links::{AlarmLogGroups, LogGroups, Region};
pub use crate::environment::ConfigError;
use crate::environment::{Environment, shown};
use crate::notification::Style;
use crate::rules::{DEFAULT_DESTINATION, Rules, RulesError, is_color};
use crate::secret::Stored;
use crate::slack::render::{MessageStyle, Sender};
use crate::slack::webhook_url::AllowedHosts;

const CHANNEL: &str = "SLACK_CHANNEL";
const USER_NAME: &str = "SLACK_USER_NAME";
const ICON_EMOJI: &str = "SLACK_ICON_EMOJI";
const TEXT: &str = "SLACK_TEXT";
const COLOR: &str = "SLACK_COLOR";
const RULES: &str = "STATUSWATCH_RULES";
const FORMAT: &str = "STATUSWATCH_FORMAT";
const MAX_LINES: &str = "STATUSWATCH_MAX_LINES";
const REDACT: &str = "STATUSWATCH_REDACT";
const BURST: &str = "STATUSWATCH_BURST";
const SPACING: &str = "STATUSWATCH_SPACING_SECONDS";
const MAX_DECOMPRESSED_BYTES: &str = "STATUSWATCH_MAX_DECOMPRESSED_BYTES";
const ALLOWED_HOSTS: &str = "STATUSWATCH_ALLOWED_HOSTS";
const LOG_GROUPS: &str = "STATUSWATCH_LOG_GROUPS";
const END_IN_CHANNEL: &str = "STATUSWATCH_END_IN_CHANNEL";
const ALARM_LINES: &str = "STATUSWATCH_ALARM_LINES";
const ALARM_LOG_GROUPS: &str = "STATUSWATCH_ALARM_LOG_GROUPS";

/// The namespace in which an unknown name is an error, because it can only be a slip.
const PREFIX: &str = "STATUSWATCH_";
const PREFIXED: [&str; 17] = [
    RULES,
    FORMAT,
    MAX_LINES,
    REDACT,
    BURST,
    SPACING,
    MAX_DECOMPRESSED_BYTES,
    ALLOWED_HOSTS,
    LOG_GROUPS,
    END_IN_CHANNEL,
    ALARM_LOG_GROUPS,
    ALARM_LINES,
    notify::NOTIFY,
    notify::FOLLOW_UPS,
    notify::QUIET,
    state_table::STATE_TABLE,
    destinations::DESTINATIONS,
];

/// The function's settings. An unset variable has its default; one that is set to nothing or to white
/// space counts as unset, because Terraform writes empty strings.
#[derive(Debug)]
pub struct Config {
    /// Where messages go: exactly one of `SLACK_WEBHOOK_URL`, `SLACK_WEBHOOK_PARAMETER` (name or ARN of an SSM
    /// parameter), `SLACK_WEBHOOK_SECRET` (name or ARN in Secrets Manager), and `SLACK_BOT_TOKEN`,
    /// `SLACK_BOT_TOKEN_PARAMETER`, `SLACK_BOT_TOKEN_SECRET` with the channel's id in `SLACK_CHANNEL`, is set.
    pub destination: Destination,
    /// `STATUSWATCH_DESTINATIONS`: where messages of rules with `to` go, by name; with the state table only.
    pub destinations: Vec<(String, Destination)>,
    /// What a message looks like.
    pub message: MessageSettings,
    /// `STATUSWATCH_RULES`.
    pub rules: RulesSource,
    /// `STATUSWATCH_FORMAT`; [`Format::Auto`] where unset.
    pub format: Format,
    /// `STATUSWATCH_MAX_LINES`: log lines shown in one message, 1 to 200; 20 where unset.
    pub max_lines: usize,
    /// `STATUSWATCH_REDACT`: what is masked in Slack; the secrets that clients send where unset.
    pub redact: Redaction,
    /// `STATUSWATCH_BURST`: posts at once per container, 1 to 100; 5 where unset.
    pub burst: u32,
    /// `STATUSWATCH_SPACING_SECONDS`: after the burst, one post in this time, 1 to 3,600 s; 5 where unset.
    pub spacing: Duration,
    /// What is notified.
    pub notify: NotifySettings,
    /// `STATUSWATCH_STATE_TABLE`: the DynamoDB table in which incidents are kept, by name or ARN, and how it is
    /// asked; this process's memory where unset.
    pub state_table: Option<(StateTable, Box<AwsAccess>)>,
    /// `STATUSWATCH_MAX_DECOMPRESSED_BYTES`: cap on one batch after inflation; 128 MiB where unset.
    pub max_decompressed_bytes: u64,
    /// `STATUSWATCH_ALLOWED_HOSTS`: hosts that a webhook may be on besides Slack's own.
    pub allowed_hosts: AllowedHosts,
    /// `STATUSWATCH_LOG_GROUPS`: the log groups that an alarm's notice opens in Logs Insights; no link where unset.
    pub log_groups: LogGroups,
    /// `STATUSWATCH_ALARM_LOG_GROUPS`: the log groups of each alarm that names none itself; those of
    /// `STATUSWATCH_LOG_GROUPS` where unset.
    pub alarm_log_groups: AlarmLogGroups,
    /// `STATUSWATCH_ALARM_LINES=fetch`: how CloudWatch Logs is asked for lines under the notice of an alarm, where none are
    /// stored; never where unset, or `stored`.
    pub alarm_lines: Option<Box<AwsAccess>>,
    /// What Lambda says about the function.
    pub function: Function,
}

/// Where the rules are.
#[derive(Debug)]
pub enum RulesSource {
    /// In the environment itself, or the built-in ones where it is unset.
    Known(Rules),
    /// `ssm:NAME`: in an SSM parameter, to be fetched this way.
    Stored(Stored, Box<AwsAccess>),
}

/// The parts of a message that the operator sets; all unset by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageSettings {
    /// `SLACK_CHANNEL` beside a webhook; only legacy custom webhooks honour it.
    pub channel: Option<String>,
    /// `SLACK_USER_NAME`; honoured with a bot token and by legacy custom webhooks, as the next one.
    pub user_name: Option<String>,
    /// `SLACK_ICON_EMOJI`.
    pub icon_emoji: Option<String>,
    /// `SLACK_TEXT`: lead-in words of every message.
    pub text: Option<String>,
    /// `SLACK_COLOR`: the bar's colour; by severity where unset.
    pub color: Option<Color>,
    /// `STATUSWATCH_END_IN_CHANNEL=false`: the end of an incident stands in its thread alone, where it has one.
    pub end_in_thread: bool,
}

/// What Lambda sets in every function's environment; absent outside Lambda.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Function {
    /// `AWS_LAMBDA_FUNCTION_NAME`.
    pub name: Option<String>,
    /// `AWS_LAMBDA_LOG_GROUP_NAME`: the function's own log group, whose batches are ignored.
    pub log_group: Option<String>,
    /// `AWS_REGION`.
    pub region: Option<String>,
}

/// The bar's colour as Slack takes it: `good`, `warning`, `danger` or `#RRGGBB`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Color(String);

impl Color {
    /// The text that goes into a message's attachment.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is no colour that Slack knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be good, warning, danger or six hexadecimal digits such as #1E90FF")]
pub struct UnknownColor;

impl FromStr for Color {
    type Err = UnknownColor;

    fn from_str(text: &str) -> Result<Self, UnknownColor> {
        if is_color(text) { Ok(Self(text.to_owned())) } else { Err(UnknownColor) }
    }
}

impl Config {
    /// Reads all settings from all pairs of the environment.
    pub fn read(environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let environment = Environment::new(environment);
        let mut faults = ConfigError::default();

        for name in environment.names().filter(|name| name.starts_with(PREFIX) && !PREFIXED.contains(name)) {
            faults.add(name, format_args!("there is no such setting{}", nearest(name)));
        }
        let hosts = AllowedHosts::parse(environment.get(ALLOWED_HOSTS).unwrap_or_default());
        let allowed_hosts = faults.note(ALLOWED_HOSTS, hosts).unwrap_or_default();
        let destination = Destination::read(&environment, &allowed_hosts, &mut faults);
        let notify = NotifySettings::read(&environment, &mut faults);
        let destinations = Destinations::read(&environment, destination.as_ref(), notify.mode, &mut faults);
        let rules = rules(&environment, &destinations.names(), &mut faults);
        let color = faults.note(COLOR, choice(&environment, COLOR)).flatten();
        let format = faults.note(FORMAT, choice(&environment, FORMAT)).flatten().unwrap_or_default();
        let max_lines = faults.note(MAX_LINES, environment.number(MAX_LINES, 1..=200, 20));
        let burst = faults.note(BURST, environment.number(BURST, 1..=100, 5));
        let spacing = faults.note(SPACING, environment.number(SPACING, 1..=3_600, 5));
        let state_table = StateTable::read(&environment, &mut faults);
        let log_groups = environment.get(LOG_GROUPS).unwrap_or_default().parse();
        let log_groups: LogGroups = faults.note(LOG_GROUPS, log_groups).unwrap_or_default();
        let alarm_log_groups = environment.get(ALARM_LOG_GROUPS).map(str::parse).transpose();
        let alarm_log_groups = faults.note(ALARM_LOG_GROUPS, alarm_log_groups).flatten().unwrap_or_default();
        let alarm_lines = alarm_lines(&environment, &mut faults);
        let redact = environment.get(REDACT).unwrap_or_default();
        let redact: Redaction = faults.note(REDACT, redact.parse()).unwrap_or_default();
        let bytes = environment.number(MAX_DECOMPRESSED_BYTES, 1..=1 << 40, 128 << 20);
        let bytes = faults.note(MAX_DECOMPRESSED_BYTES, bytes);
        let end_in_channel = faults.note(END_IN_CHANNEL, choice(&environment, END_IN_CHANNEL)).flatten();
        let (
            Some(destination),
            Some(rules),
            Some(max_lines),
            Some(burst),
            Some(spacing),
            Some(max_decompressed_bytes),
            true,
        ) = (destination, rules, max_lines, burst, spacing, bytes, faults.is_empty())
        else {
            return Err(faults);
        };
        let channel = destination.named_in_messages(&environment);
        Ok(Self {
            destination,
            destinations: destinations.all,
            message: MessageSettings {
                channel,
                user_name: environment.text(USER_NAME),
                icon_emoji: environment.text(ICON_EMOJI),
                text: environment.text(TEXT),
                color,
                end_in_thread: end_in_channel == Some(false),
            },
            rules,
            format,
            max_lines,
            redact,
            burst,
            spacing: Duration::from_secs(spacing),
            notify,
            state_table,
            max_decompressed_bytes,
            allowed_hosts,
            log_groups,
            alarm_log_groups,
            alarm_lines,
            function: Function {
                name: environment.text("AWS_LAMBDA_FUNCTION_NAME"),
                log_group: environment.text("AWS_LAMBDA_LOG_GROUP_NAME"),
                region: environment.text("AWS_REGION"),
            },
        })
    }
}

impl Config {
    /// The names of all destinations, which rules may use.
    #[must_use]
    pub fn destination_names(&self) -> Vec<&str> {
        let others = self.destinations.iter().map(|(name, _)| name.as_str());
        std::iter::once(DEFAULT_DESTINATION).chain(others).collect()
    }

    /// How messages look.
    #[must_use]
    pub fn style(&self) -> MessageStyle {
        let content = Style {
            lead_in: self.message.text.clone(),
            color: self.message.color.as_ref().map(|color| color.as_str().to_owned()),
            max_lines: self.max_lines,
            region: self.function.region.as_deref().and_then(Region::new),
            log_groups: self.log_groups.clone(),
            alarm_log_groups: self.alarm_log_groups.clone(),
        };
        let sender = Sender {
            channel: self.message.channel.clone(),
            username: self.message.user_name.clone(),
            icon_emoji: self.message.icon_emoji.clone(),
            end_in_thread: self.message.end_in_thread,
        };
        MessageStyle { content, sender }
    }
}

/// `, did you mean ...` with the known name that is most like `name`, if one is.
fn nearest(name: &str) -> String {
    let likeness =
        |known: &str| strsim::jaro(name.trim_start_matches(PREFIX), known.trim_start_matches(PREFIX));
    let like = PREFIXED.into_iter().map(|known| (likeness(known), known)).filter(|(like, _)| *like > 0.7);
    let nearest = like.max_by(|(a, _), (b, _)| a.total_cmp(b));
    nearest.map_or_else(|| ": remove it".to_owned(), |(_, known)| format!(", did you mean {known}?"))
}

fn rules(environment: &Environment, destinations: &[&str], faults: &mut ConfigError) -> Option<RulesSource> {
    let Some(text) = environment.get(RULES) else { return Some(RulesSource::Known(Rules::built_in())) };
    if let Some(name) = text.strip_prefix("ssm:") {
        let place = faults.note(RULES, Stored::parameter(name));
        return Some(RulesSource::Stored(place?, Box::new(AwsAccess::read(environment, faults)?)));
    }
    match parse_rules(text, destinations) {
        Ok(rules) => Some(RulesSource::Known(rules)),
        Err(error) => {
            error.faults().iter().for_each(|fault| faults.add(RULES, fault));
            None
        }
    }
}

/// The rules in the text, which may name these destinations.
pub(crate) fn parse_rules(text: &str, destinations: &[&str]) -> Result<Rules, RulesError> {
    let rules = Rules::parse(text)?;
    rules.check_destinations(destinations)?;
    Ok(rules)
}

fn alarm_lines(environment: &Environment, faults: &mut ConfigError) -> Option<Box<AwsAccess>> {
    match environment.get(ALARM_LINES)? {
        "stored" => None,
        "fetch" => AwsAccess::read(environment, faults).map(Box::new),
        other => {
            faults.add(ALARM_LINES, format_args!("must be stored or fetch{}", shown(other)));
            None
        }
    }
}

fn choice<T: FromStr<Err: std::fmt::Display>>(
    environment: &Environment,
    name: &str,
) -> Result<Option<T>, String> {
    let read = |value: &str| value.parse().map_err(|error| format!("{error}{}", shown(value)));
    environment.get(name).map(read).transpose()
}

#[cfg(test)]
mod tests;
