//! What is deployed, for `backtest` to try: the alarm of a name, and the metric filter under it.
//!
//! It only reads from AWS.

use std::time::SystemTime;

use anyhow::{Context as _, bail};
use statuswatch::account::{Account, Sessions, Wanted};
use statuswatch::alarm::AlarmSettings;
use statuswatch::aws::Service;
use statuswatch::backtest::{DEFAULT_PATTERN, Published, default_alarm};
use statuswatch::filter_pattern::FilterPattern;
use statuswatch::http::HttpClient;

use crate::arguments::BacktestArguments;
use crate::input::Inputs;
use crate::sign_in::SignIn;

/// What is tried beside the rules.
pub(crate) struct Tried {
    pub(crate) alarm: AlarmSettings,
    pub(crate) pattern: FilterPattern,
    pub(crate) published: Published,
}

/// The account that a command asks.
pub(crate) fn account(signed_in: &SignIn, now: SystemTime) -> anyhow::Result<Account> {
    let sessions = Sessions {
        cloudwatch: signed_in.session(Service::CloudWatch)?,
        logs: signed_in.session(Service::Logs)?,
        api_gateway: signed_in.session(Service::ApiGateway)?,
    };
    Ok(Account::new(HttpClient::new()?, sessions, now))
}

/// Alarm and metric filter of a backtest, from its arguments or looked up as they say.
pub(crate) fn tried(
    arguments: &BacktestArguments,
    own_alarm: Option<AlarmSettings>,
    inputs: &Inputs,
) -> anyhow::Result<Tried> {
    let own_pattern = arguments.pattern.as_deref().map(parsed).transpose()?;
    let is_filter_wanted =
        own_pattern.is_none() && (arguments.metric_filter.is_some() || arguments.alarm_name.is_some());
    if arguments.alarm_name.is_none() && !is_filter_wanted {
        let pattern = own_pattern.map_or_else(|| parsed(DEFAULT_PATTERN), Ok)?;
        let alarm = own_alarm.unwrap_or_else(default_alarm);
        return Ok(Tried { alarm, pattern, published: Published::default() });
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let signed_in = match &inputs.signed_in {
            Some(signed_in) => signed_in,
            None => &SignIn::load(arguments.fetched.profile.as_deref(), inputs.region.as_deref()).await?,
        };
        let account = account(signed_in, SystemTime::now())?;
        let alarm = match &arguments.alarm_name {
            Some(name) => account.alarm(name).await.context("--alarm-name")?,
            None => own_alarm.unwrap_or_else(default_alarm),
        };
        // What API Gateway counts goes through no metric filter.
        let is_filter_wanted = arguments.metric_filter.is_some() || alarm.counts_class().is_none();
        if own_pattern.is_some() || !is_filter_wanted {
            let pattern = own_pattern.map_or_else(|| parsed(DEFAULT_PATTERN), Ok)?;
            return Ok(Tried { alarm, pattern, published: Published::default() });
        }
        let log_groups = inputs.log_groups();
        if (alarm.namespace.is_none() || alarm.metric_name.is_none()) && log_groups.is_empty() {
            bail!("--metric-filter: whose is not known: name the log group by --log-group, or the alarm by --alarm-name");
        }
        let name = arguments.metric_filter.as_deref().filter(|name| !name.is_empty());
        let filter = account.metric_filter(Wanted { alarm: &alarm, name, log_groups: &log_groups }).await?;
        let pattern = parsed(&filter.pattern).with_context(|| format!("the metric filter {:?}", filter.name))?;
        Ok(Tried { alarm, pattern, published: filter.published })
    })
}

fn parsed(pattern: &str) -> anyhow::Result<FilterPattern> {
    let parsed =
        FilterPattern::parse(pattern).map_err(|error| anyhow::anyhow!("{}", error.render(pattern)))?;
    if let Some(note) = parsed.note() {
        report_line!("statuswatch: {note}");
    }
    Ok(parsed)
}
