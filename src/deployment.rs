//! The facts about a deployed statuswatch, asked of AWS by the function's name.
//!
//! It only reads, and judges nothing: `doctor` does. Of a webhook or bot token only its form gets out.

mod alarms;
mod client;
mod error;
mod functions;
mod groups;
mod metrics;
mod recent;
mod secrets;
mod storage;
mod wire;

use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::Instant;

use crate::aws::Session;
use crate::config::Config;
use crate::doctor::{Deployment, Fact, Function, Unknown};
use crate::http::HttpClient;
use client::Client;
pub use error::DeploymentError;
use functions::Found;
pub use functions::FunctionName;

/// Log groups that are looked at, those that were asked for first.
pub const MAX_GROUPS: usize = 50;
/// Connections to a service.
const CONNECTIONS: usize = 2;
/// The module's names of the two functions, behind the name of the module's instance.
const LINES: &str = "-lines";
const ALARMS: &str = "-alarms";

/// What is to be found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Name or ARN of either function, or the name of the module's instance. The session has to be in the ARN's Region.
    pub function: FunctionName,
    /// Log groups besides those that the deployment names itself.
    pub log_groups: Vec<String>,
}

/// What was found out.
#[derive(Debug)]
pub struct Answer {
    /// All that is to be judged.
    pub deployment: Deployment,
    /// The configuration of the function for lines, with which it can be posted as that function does.
    pub config: Option<Config>,
}

/// Finds out all that can be found out. What is denied is a fact that is not known; the rest is found out all the same.
///
/// `now` is the wall clock at the moment of the call. It waits for AWS, and must not be called from an async task.
///
/// # Errors
///
/// Where a name of a log group cannot be one, nobody is signed in, there is no such function, or its ARN is of another account.
pub fn examine(
    session: &Arc<Session>,
    question: &Question,
    now: SystemTime,
) -> Result<Answer, DeploymentError> {
    groups::check(&question.log_groups)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|_| DeploymentError::NoRuntime)?;
    let http = HttpClient::keeping(CONNECTIONS).map_err(|_| DeploymentError::NoRuntime)?;
    let began = Instant::now();
    let client = Client::new(http, Arc::clone(session), (began, now));
    let (mut deployment, config) = runtime.block_on(ask(&client, question, now))?;
    // In a thread of its own, which must not be waited for within the runtime.
    drop(runtime);
    let format = config.as_ref().map_or_else(Default::default, |config| config.format);
    recent::read(session, &mut deployment, format, now);
    Ok(Answer { deployment, config })
}

async fn ask(
    client: &Client,
    question: &Question,
    now: SystemTime,
) -> Result<(Deployment, Option<Config>), DeploymentError> {
    let now_ms = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let now_ms = i64::try_from(now_ms).unwrap_or(i64::MAX);
    let (lines, alarms) = both_functions(client, question.function.name()).await?;
    let account = functions::account(&lines.function.arn).to_owned();
    if let Some(other) = question.function.account().filter(|other| *other != account) {
        return Err(DeploymentError::OtherAccount { other: other.to_owned(), account });
    }
    let configs: Vec<&Config> = [Some(&lines), alarms.as_ref().ok().and_then(Option::as_ref)]
        .into_iter()
        .flatten()
        .filter_map(|found| found.config.as_ref())
        .collect();
    let table = storage::table(client, lines.config.as_ref()).await;
    let secrets = secrets::all(client, &configs).await;
    let mut names =
        groups::names(&lines, alarms.as_ref().ok().and_then(Option::as_ref), &question.log_groups);
    let groups_left_out = names.split_off(names.len().min(MAX_GROUPS));
    let mut groups = Vec::new();
    for name in names {
        groups.push(groups::ask(client, &name, &lines.function, now_ms).await);
    }
    let called = match &alarms {
        Ok(Some(alarms)) => alarms,
        _ => &lines,
    };
    let topics = alarms::topics(client, &called.function).await;
    let called_by = alarms::alarms(client, called, &topics).await;
    let ticks = alarms::ticks(client, &lines.function.arn).await;
    let mut lines_function = lines.function;
    let mut alarms_function: Fact<Option<Found>> = alarms;
    let failures = {
        let other = alarms_function.as_ref().ok().and_then(Option::as_ref);
        let functions: Vec<&Function> =
            [Some(&lines_function), other.map(|found| &found.function)].into_iter().flatten().collect();
        storage::failures(client, &functions).await
    };
    lines_function.measured = metrics::of_function(client, &lines_function.name, now_ms).await;
    if let Ok(Some(found)) = &mut alarms_function {
        found.function.measured = metrics::of_function(client, &found.function.name, now_ms).await;
    }
    let deployment = Deployment {
        region: client.region().to_owned(),
        account,
        now_ms,
        clock_ahead_ms: client.clock_ahead_ms(),
        lines: lines_function,
        alarms: alarms_function.map(|found| found.map(|found| found.function)),
        ticks,
        groups,
        groups_left_out,
        table,
        failures,
        secrets,
        called_by,
        topics,
    };
    Ok((deployment, lines.config))
}

/// The function for lines and the one for alarms, from the name of either or from what both begin with.
async fn both_functions(
    client: &Client,
    name: &str,
) -> Result<(Found, Fact<Option<Found>>), DeploymentError> {
    let missing =
        || DeploymentError::NoFunction { name: name.to_owned(), region: client.region().to_owned() };
    let found = match functions::ask(client, name).await? {
        Some(found) => found,
        None => match functions::ask(client, &format!("{name}{LINES}")).await {
            Ok(found) => found.ok_or_else(missing)?,
            Err(DeploymentError::Denied(_)) => return Err(missing()),
            Err(error) => return Err(error),
        },
    };
    let other = |name: String| async move {
        match functions::ask(client, &name).await {
            Ok(found) => Ok(Ok(found)),
            Err(DeploymentError::Denied(permission)) => Ok(Err(Unknown::Denied(permission))),
            Err(DeploymentError::Failed(reason)) => Ok(Err(Unknown::Failed(reason))),
            Err(error) => Err(error),
        }
    };
    let own = found.function.name.clone();
    if let Some(base) = own.strip_suffix(LINES) {
        let alarms = other(format!("{base}{ALARMS}")).await?;
        return Ok((found, alarms));
    }
    if let Some(base) = own.strip_suffix(ALARMS)
        && let Ok(Some(lines)) = other(format!("{base}{LINES}")).await?
    {
        return Ok((lines, Ok(Some(found))));
    }
    Ok((found, Ok(None)))
}
