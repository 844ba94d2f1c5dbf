//! `statuswatch snooze`: asks the state table to post nothing of an incident for a while.

use std::io::{self, Write as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use statuswatch::aws::Service;
use statuswatch::config::StateTable;
use statuswatch::http::{Budget, HttpClient};
use statuswatch::snooze::snooze;
use statuswatch::store::{DynamoDb, IncidentKey, When};
use statuswatch::words;
use tokio::time::Instant;

use crate::Exit;
use crate::arguments::SnoozeArguments;
use crate::sign_in::SignIn;

/// For all that is asked of the table.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn run(arguments: &SnoozeArguments) -> anyhow::Result<Exit> {
    let table: StateTable =
        arguments.table.parse().with_context(|| format!("--table: {:?} cannot be used", arguments.table))?;
    let named = arguments.region.as_deref().filter(|region| !region.is_empty());
    let region = table.region().or(named);
    let wall_clock = SystemTime::now();
    let since = wall_clock.duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let until_ms = now_ms.saturating_add(arguments.how_long.unwrap_or_default());
    let incident =
        IncidentKey { destination: arguments.destination.clone(), log_group: arguments.group.clone() };
    // Names what is written: no two runs may write under the same.
    let seed = u64::try_from(since.as_nanos() & u128::from(u64::MAX)).unwrap_or_default()
        ^ u64::from(std::process::id());
    let http = HttpClient::new()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asked = runtime.block_on(async {
        let session = SignIn::load(arguments.profile.as_deref(), region).await?.session(Service::DynamoDb)?;
        let access = session.access(wall_clock).await?;
        let mut store = DynamoDb::new(http, access, table.name().to_owned(), seed).in_region(table.region());
        let budget = Budget::until(Instant::now() + PATIENCE, wall_clock);
        anyhow::Ok(snooze(&mut store, &incident, until_ms, When { now_ms, budget }).await)
    })?;
    match asked {
        Ok(is_known) => {
            writeln!(io::stdout(), "{}", said(arguments, until_ms))?;
            if !is_known {
                report_line!(
                    "statuswatch: nothing is known of that log group: if it has failed in the last two weeks, check its name, \
                     --destination and --table"
                );
            }
            Ok(Exit::Done)
        }
        Err(error) => {
            report_line!("statuswatch: {error}");
            Ok(Exit::InputFailed)
        }
    }
}

/// What is so from now on.
fn said(arguments: &SnoozeArguments, until_ms: i64) -> String {
    let group = &arguments.group;
    if arguments.off {
        return format!("{group}: not snoozed");
    }
    let until = format!("{} {} UTC", words::day(until_ms), words::minute(until_ms));
    format!("{group}: snoozed until {until}, still counted; notices of alarms are posted all the same")
}
