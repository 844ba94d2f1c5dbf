//! What stands on the command line.

use std::num::NonZeroU8;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use statuswatch::backtest::StateKind;
use statuswatch::incident::{DEFAULT_FOLLOW_UPS, FollowUps, SNOOZE_LIMITS_MS, duration_ms};
use statuswatch::incidents::NotifyMode;
use statuswatch::rules::{DEFAULT_DESTINATION, is_destination_name};

use crate::doctor::DoctorArguments;
use crate::fetch::{FETCHED, FetchArguments, FollowArguments};
use crate::package::PackageArguments;
use crate::reading_arguments::{LinkArguments, ReadingArguments};
use crate::redrive_arguments::RedriveArguments;

/// With its commit in a release build.
const VERSION: &str = match option_env!("STATUSWATCH_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

/// Tells Slack about an API's 4xx and 5xx from its access log. On recorded logs, it shows what Slack would have said.
#[derive(Debug, Parser)]
#[command(version = VERSION, propagate_version = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Replay(ReplayArguments),
    Backtest(BacktestArguments),
    Match(MatchArguments),
    LintFormat(LintFormatArguments),
    Doctor(DoctorArguments),
    Redrive(RedriveArguments),
    Snooze(SnoozeArguments),
    Package(PackageArguments),
    Completions(CompletionsArguments),
    Man(ManArguments),
}

/// Show the messages that recorded logs would have made in Slack
///
/// Reads Lambda events (awslogs, Kinesis), failure-destination records, decoded subscription messages, JSON lines of
/// {timestamp, message}, what CloudWatch Logs, its command line and Insights export, S3 exports and plain access-log
/// lines, each also compressed by gzip or zstd, and tells which by looking. Fetches log groups itself, and objects of S3.
/// Posts nothing unless told to.
///
/// Each event or subscription message is one delivery. Lines that stand alone are split into deliveries by log stream
/// and time, as CloudWatch would and as backtest does. Each delivery with an error makes one message here; which
/// messages incidents make of them, backtest shows.
///
/// Standard input is shown while it comes, each message within a few seconds of its lines, and its totals below. Only CSV,
/// compressed input and --json are printed at its end.
#[derive(Debug, Args)]
#[command(after_help = REPLAY_EXAMPLES)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct ReplayArguments {
    /// Files, folders (the files directly in them; where there are none, those of the whole tree), `s3://bucket/prefix` or -
    /// for standard input
    #[arg(required_unless_present_any = FETCHED, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Take the files of all folders below a folder, too
    #[arg(short, long)]
    pub(crate) recursive: bool,
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
    /// Take all lines of an input that stand alone as one delivery, whenever they were logged
    #[arg(long)]
    pub(crate) as_one: bool,
    /// Accept an input of which most lines are no access logs
    #[arg(long)]
    pub(crate) allow_unreadable: bool,
    /// Print one JSON object per input: source, ledger and the exact bodies that would be posted
    #[arg(long)]
    pub(crate) json: bool,
    /// Post the messages, too, to the webhook in `SLACK_WEBHOOK_URL`, or with the bot token in `SLACK_BOT_TOKEN` to the
    /// channel in `SLACK_CHANNEL`, with the function's other settings
    ///
    /// An event none of whose lines can be read posts nothing, as in the function. The input is named for it, what else
    /// is in it is posted, and the exit code is 1, unless --allow-unreadable is given.
    #[arg(long)]
    pub(crate) deliver: bool,
    /// The time of posting, such as 2026-01-31T12:00:00Z [default: the newest time in each delivery]
    #[arg(long, value_name = "TIME", value_parser = epoch_ms)]
    pub(crate) now: Option<i64>,
    /// AWS Region of the log groups, for links into the console
    #[arg(long, env = "AWS_REGION", value_name = "REGION")]
    pub(crate) region: Option<String>,
    #[command(flatten)]
    pub(crate) links: LinkArguments,
    #[command(flatten)]
    pub(crate) fetched: FetchArguments,
    #[command(flatten)]
    pub(crate) following: FollowArguments,
}

const REPLAY_EXAMPLES: &str = "\
Examples:
  statuswatch replay fixtures
  statuswatch replay --rules rules.json access.log.gz
  statuswatch replay --log-group NAME --since 1d
  statuswatch replay --log-group NAME --since 5m --deliver
  statuswatch replay --log-group NAME --follow
  statuswatch replay s3://BUCKET/exports/
  aws logs tail --follow NAME | statuswatch replay -

Exit codes: 0 done, 1 an input could not be read, is empty or no access log, or a post failed, 2 usage or configuration";

/// Try rules, alarm and metric filter on hours to months of recorded logs
///
/// Says how many messages a day Slack would have got, when the alarm would have fired, and which errors the alarm's
/// metric filter does not see. Reads what replay reads, the exports of Logs Insights and plain access logs, compressed
/// too, in any number and larger than memory.
#[derive(Debug, Args)]
#[command(after_help = BACKTEST_EXAMPLES)]
pub(crate) struct BacktestArguments {
    /// Files, folders (the files directly in them; where there are none, those of the whole tree), `s3://bucket/prefix` or -
    /// for standard input
    #[arg(required_unless_present_any = FETCHED, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Take the files of all folders below a folder, too
    #[arg(short, long)]
    pub(crate) recursive: bool,
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
    /// Another rules file: says what it would add and what it would leave out
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,
    /// The alarm's settings in AWS's own names, as put-metric-alarm takes or describe-alarms gives them
    /// [default: one error in one minute]
    #[arg(long, value_name = "FILE")]
    pub(crate) alarm: Option<PathBuf>,
    /// The deployed alarm of this name, with the metric filter that publishes its metric
    ///
    /// Needs the permissions cloudwatch:DescribeAlarms and, without --pattern, logs:DescribeMetricFilters.
    #[arg(long, value_name = "NAME", conflicts_with = "alarm")]
    pub(crate) alarm_name: Option<String>,
    /// The metric filter's pattern [default: that of the alarm of --alarm-name, else every 4xx and 5xx]
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    pub(crate) pattern: Option<String>,
    /// The log groups' deployed metric filter: the one of the alarm's metric, or the only one, or the one of this name
    ///
    /// Needs the permission logs:DescribeMetricFilters.
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "", conflicts_with = "pattern")]
    pub(crate) metric_filter: Option<String>,
    /// What is notified: incidents, or every delivery as the rate limit allows
    #[arg(long, default_value = "incidents", value_name = "WHAT")]
    pub(crate) notify: NotifyMode,
    /// What containers know of each other: table (one state for all) or memory (each its own)
    #[arg(long, default_value = "table", value_name = "STATE")]
    pub(crate) state: StateKind,
    /// The most containers at one time
    #[arg(long, default_value = "2", value_name = "N")]
    pub(crate) concurrency: NonZeroU8,
    /// Posts at once, 1 to 100
    #[arg(long, default_value = "5", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) burst: u32,
    /// Then one post in so many seconds, 1 to 3600
    #[arg(long, default_value = "5", value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub(crate) spacing: u32,
    /// Times between the follow-ups of an incident that goes on; the last one repeats
    #[arg(long, default_value = DEFAULT_FOLLOW_UPS, value_name = "SCHEDULE")]
    pub(crate) follow_ups: FollowUps,
    /// Accept an input of which most lines are no access logs
    #[arg(long)]
    pub(crate) allow_unreadable: bool,
    /// Print one JSON object with everything
    #[arg(long)]
    pub(crate) json: bool,
    /// Write a report, too: one HTML file that needs nothing else
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// AWS Region of the log groups, for links into the console
    #[arg(long, env = "AWS_REGION", value_name = "REGION")]
    pub(crate) region: Option<String>,
    #[command(flatten)]
    pub(crate) fetched: FetchArguments,
}

const BACKTEST_EXAMPLES: &str = "\
Examples:
  statuswatch backtest --report out.html fixtures/recordings/5xx-burst.jsonl.gz
  statuswatch backtest --rules rules.json --against other.json access.log.gz
  statuswatch backtest --log-group NAME --since 30d --alarm-name NAME
  aws cloudwatch describe-alarms --alarm-names NAME > alarm.json
  statuswatch backtest --log-group NAME --since 7d --save week.jsonl.zst --alarm alarm.json
  statuswatch backtest s3://BUCKET/firehose/2026/11/

Exit codes: 0 done, 1 an input could not be read or has no line with a time, 2 usage or settings";

/// Print the recorded lines that a CloudWatch filter pattern matches
///
/// Reads what replay reads, compressed too, and the exports of Logs Insights. Prints each matching line as it was
/// logged, and nothing else; of standard input as soon as it is there.
#[derive(Debug, Args)]
#[command(after_help = MATCH_EXAMPLES)]
pub(crate) struct MatchArguments {
    /// Filter pattern, such as '{ $.status = 5* }'
    #[arg(value_name = "PATTERN", allow_hyphen_values = true)]
    pub(crate) pattern: String,
    /// Files, folders (the files directly in them; where there are none, those of the whole tree), `s3://bucket/prefix` or -
    /// for standard input
    #[arg(required_unless_present_any = FETCHED.into_iter().chain(["explain"]), value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Take the files of all folders below a folder, too
    #[arg(short, long)]
    pub(crate) recursive: bool,
    /// AWS Region of the log groups
    #[arg(long, env = "AWS_REGION", value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Say on standard error how the pattern was read
    #[arg(long)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) fetched: FetchArguments,
    #[command(flatten)]
    pub(crate) following: FollowArguments,
}

const MATCH_EXAMPLES: &str = "\
Examples:
  statuswatch match '{ $.status = 5* }' access.log.gz
  statuswatch match --explain '[ip, id, user, time, request, status=5*, bytes]'
  statuswatch match '{ $.status = 5* }' --log-group '/aws/apigateway/*' --since 1d
  statuswatch match '{ $.status = 5* }' --log-group NAME --since 1m --follow
  statuswatch match '{ $.status = 5* }' --log-group NAME --since 1m --follow --live-tail
  aws logs tail --follow NAME | statuswatch match '{ $.status = 5* }' -

Exit codes: 0 done, whether or not a line matched, 1 an input could not be read or is empty, 2 the pattern does not parse";

/// Check an access-log format before it is deployed
///
/// Fills in what API Gateway writes on success and on each kind of error, and says which errors the format would hide:
/// exit code 1 if it would.
///
/// Finds the formats in Terraform, CloudFormation, SAM and serverless.yml files, in CDK's cdk.out and in what
/// `terraform show -json` prints, and judges each on its own. References are followed within a folder; what the files do
/// not say is named and taken as plain text.
///
/// With --live, asks API Gateway for every stage of every REST, HTTP and WebSocket API of the account in its Region, and
/// names the stages without an access log. Reads only.
#[derive(Debug, Args)]
#[command(after_help = LINT_FORMAT_EXAMPLES)]
pub(crate) struct LintFormatArguments {
    /// The format string, a file or folder that holds formats, or - for standard input
    #[arg(value_name = "FORMAT|PATH|-", allow_hyphen_values = true, required_unless_present = "live")]
    pub(crate) format: Option<String>,
    /// The formats of all stages that are deployed; needs the permission apigateway:GET
    #[arg(long, conflicts_with_all = ["format", "api"])]
    pub(crate) live: bool,
    /// Print the corrected format, each under its place where there are several, and the findings on standard error; a JSON
    /// format also gets what messages can show and it lacks, such as address and user agent: standard error names it
    #[arg(long)]
    pub(crate) fix: bool,
    /// Kind of API; without it the format's variables decide
    #[arg(long, value_name = "API")]
    pub(crate) api: Option<ApiKind>,
    /// AWS Region of the stages, for --live
    #[arg(long, env = "AWS_REGION", value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Profile of AWS's configuration files, for --live
    #[arg(long, value_name = "NAME", requires = "live")]
    pub(crate) profile: Option<String>,
}

const LINT_FORMAT_EXAMPLES: &str = "\
Examples:
  statuswatch lint-format '{\"requestId\":\"$context.requestId\",\"status\":\"$context.status\",\"latency\":$context.integrationLatency}'
  statuswatch lint-format --fix api.tf > format.json
  cdk synth && statuswatch lint-format cdk.out
  terraform show -json plan | statuswatch lint-format -
  statuswatch lint-format --live --region eu-west-1

Exit codes: 0 no format hides an error, 1 one would (with --fix, too), 2 no format found, or a file cannot be read";

/// Print the completions of a shell
///
/// They complete commands and options; where a shell looks for them is in its own manual.
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArguments {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  statuswatch completions bash > ~/.local/share/bash-completion/completions/statuswatch
  statuswatch completions zsh > ~/.zfunc/_statuswatch
  statuswatch completions fish > ~/.config/fish/completions/statuswatch.fish";

/// Print the manual page of statuswatch or of one of its commands
#[derive(Debug, Args)]
#[command(after_help = MAN_EXAMPLES)]
pub(crate) struct ManArguments {
    /// A command, such as replay; without one the page of statuswatch itself
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Option<String>,
}

const MAN_EXAMPLES: &str = "\
Examples:
  statuswatch man backtest | man -l -
  statuswatch man > ~/.local/share/man/man1/statuswatch.1";

/// The kinds of API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ApiKind {
    /// REST API
    Rest,
    /// HTTP API
    Http,
    /// WebSocket API
    Websocket,
}

/// Post nothing of a log group's incident for a while
///
/// Writes into the state table of the functions, all of which need this version. Until the time is over nothing is
/// posted of the incident of that log group, or of one that begins meanwhile. Everything is still counted: the first
/// message after it has the exact sum and says how many errors came meanwhile. With a bot token the incident's first
/// message says until when it is snoozed, once an invocation or the tick comes by.
///
/// Notices of alarms are not snoozed: disable the alarm's actions, or use a mute rule. Nor is what is posted while the
/// table cannot be used, or with `STATUSWATCH_NOTIFY=every`.
///
/// Needs the permissions dynamodb:PutItem and dynamodb:GetItem on the table; with dynamodb:Query and
/// dynamodb:BatchGetItem, a log group of which nothing is known is pointed out.
#[derive(Debug, Args)]
#[command(after_help = SNOOZE_EXAMPLES, group = clap::ArgGroup::new("what").required(true).args(["how_long", "off"]))]
pub(crate) struct SnoozeArguments {
    /// Log group whose incident it is
    #[arg(long, value_name = "LOG_GROUP", value_parser = log_group)]
    pub(crate) group: String,
    /// How long from now, such as 30m, 2h or 1d: a minute to seven days
    #[arg(long = "for", value_name = "TIME", value_parser = snooze_ms)]
    pub(crate) how_long: Option<i64>,
    /// End a snooze now
    #[arg(long)]
    pub(crate) off: bool,
    /// Destination whose incident it is, where there are several
    #[arg(long, value_name = "NAME", default_value = DEFAULT_DESTINATION, value_parser = destination)]
    pub(crate) destination: String,
    /// Name or ARN of the state table
    #[arg(long, env = "STATUSWATCH_STATE_TABLE", value_name = "TABLE")]
    pub(crate) table: String,
    /// Profile of AWS's configuration files
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// AWS Region of the table; that of an ARN where --table is one
    #[arg(long, env = "AWS_REGION", value_name = "REGION")]
    pub(crate) region: Option<String>,
}

const SNOOZE_EXAMPLES: &str = "\
Examples:
  statuswatch snooze --table statuswatch-state --region eu-west-1 --group /aws/apigateway/orders --for 2h
  statuswatch snooze --table statuswatch-state --region eu-west-1 --group /aws/apigateway/orders --off

Exit codes: 0 done, 1 the table did not take it, 2 usage, or no credentials";

fn log_group(text: &str) -> Result<String, String> {
    let is_of_names = |byte: u8| byte.is_ascii_alphanumeric() || b"_-/.#".contains(&byte);
    if (1..=512).contains(&text.len()) && text.bytes().all(is_of_names) {
        return Ok(text.to_owned());
    }
    Err("not the name of a log group: 1 to 512 letters, digits and any of _ - / . #, no ARN".to_owned())
}

fn destination(text: &str) -> Result<String, String> {
    let name = is_destination_name(text).then(|| text.to_owned());
    name.ok_or_else(|| "not the name of a destination".to_owned())
}

fn snooze_ms(text: &str) -> Result<i64, String> {
    duration_ms(text)
        .filter(|ms| SNOOZE_LIMITS_MS.contains(ms))
        .ok_or_else(|| "not a time such as 30m, 2h or 1d, of a minute to seven days".to_owned())
}

fn epoch_ms(text: &str) -> Result<i64, String> {
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;
    let time = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| "not a time such as 2026-01-31T12:00:00Z".to_owned())?;
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).map_err(|_| "too far away".to_owned())
}
