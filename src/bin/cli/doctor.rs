//! `statuswatch doctor`: is what is deployed healthy, and what is to be done.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use clap::Args;
use statuswatch::aws::Service;
use statuswatch::config::Config;
use statuswatch::deployment::{DeploymentError, FunctionName, Question, examine};
use statuswatch::doctor::{Report, judge, test_message, text};
use statuswatch::rules::DEFAULT_DESTINATION;
use statuswatch::slack::render::render;

use crate::Exit;
use crate::outbox::Outbox;
use crate::sign_in::SignIn;
use crate::terminal::canvas;

/// The services that know something of a deployment.
const SERVICES: [Service; 10] = [
    Service::Lambda,
    Service::Logs,
    Service::CloudWatch,
    Service::Events,
    Service::Sns,
    Service::Sqs,
    Service::S3,
    Service::DynamoDb,
    Service::Ssm,
    Service::SecretsManager,
];

/// Check that what is deployed works, after a deploy or in a cron
///
/// Finds everything from the name of one function: its log groups, permissions, metrics of the last hour, schedule,
/// failure destination, state table, webhook or bot token, and the alarms that call it. What is bad comes first, with
/// what to do. What cannot be checked because a permission is missing is a warning that names it.
///
/// Reads only; --post is the exception. The webhook or bot token is fetched, and never shown.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DoctorArguments {
    /// Name or ARN of the function for lines (an output of the module), or the module's own name
    #[arg(long, value_name = "NAME")]
    function: FunctionName,
    /// Check this log group as well, by name or ARN; can be given several times. Those of the permissions and the environment are known
    #[arg(long = "log-group", value_name = "NAME")]
    log_groups: Vec<String>,
    /// Post one test message, too, to where the function posts
    #[arg(long)]
    post: bool,
    /// Print one JSON object with all findings
    #[arg(long)]
    json: bool,
    /// Profile of AWS's configuration files
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// AWS Region of the functions; that of the ARN where --function is one
    #[arg(long, env = "AWS_REGION", value_name = "REGION")]
    region: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  statuswatch doctor --function statuswatch-lines
  statuswatch doctor --function statuswatch-lines --post
  statuswatch doctor --function statuswatch-lines --json | jq '.findings[] | select(.verdict == \"bad\")'

Exit codes: 0 nothing is bad, 1 something is, or there is no such function, 2 usage, credentials or configuration";

pub(crate) fn run(arguments: &DoctorArguments) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let session = runtime.block_on(async {
        let named = arguments.region.as_deref().filter(|region| !region.is_empty());
        let region = arguments.function.region().or(named);
        SignIn::load(arguments.profile.as_deref(), region).await?.session_of_all(&SERVICES)
    })?;
    let question =
        Question { function: arguments.function.clone(), log_groups: arguments.log_groups.clone() };
    let answer = match examine(&Arc::new(session), &question, SystemTime::now()) {
        Ok(answer) => answer,
        Err(error @ DeploymentError::NoFunction { .. }) => {
            report_line!("statuswatch: {error}");
            return Ok(Exit::InputFailed);
        }
        Err(error) => bail!(error),
    };
    let report = judge(&answer.deployment);
    let mut out = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer(&mut out, &report)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", text(&report, &canvas()))?;
    }
    out.flush()?;
    let is_posted = !arguments.post || post(answer.config, &report)?;
    Ok(if report.is_bad() || !is_posted { Exit::InputFailed } else { Exit::Done })
}

/// Posts the test message; whether Slack took it.
fn post(config: Option<Config>, report: &Report) -> anyhow::Result<bool> {
    let config =
        config.context("--post: the function's configuration cannot be read, so nothing was posted")?;
    let style = config.style();
    let rendered = render(|_| test_message(report), &style.sender);
    let mut outbox = match Outbox::open(config) {
        Ok(outbox) => outbox,
        Err(error) => {
            report_line!("statuswatch: --post: {error:#}");
            return Ok(false);
        }
    };
    match outbox.post(DEFAULT_DESTINATION, &rendered) {
        Ok(()) => {
            report_line!("statuswatch: the test message was posted");
            Ok(true)
        }
        Err(error) => {
            report_line!("statuswatch: --post: {error}");
            Ok(false)
        }
    }
}
