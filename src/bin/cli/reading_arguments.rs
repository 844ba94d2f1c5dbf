//! What stands on the command line of how lines are read, whichever command reads them.

use std::path::PathBuf;

use clap::Args;
use statuswatch::access_log::Format;
use statuswatch::access_log::redact::Redaction;
use statuswatch::console_links::LogGroups;

/// How access-log lines are read and judged, and what is masked in them.
#[derive(Debug, Args)]
pub(crate) struct ReadingArguments {
    /// Rules file; without it all 4xx and 5xx are notified
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
    /// Format of the access-log lines: auto, json, clf, csv, xml, key-value, alb, cloudfront, vpc-lattice or appsync [default: auto]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Fields masked besides the secrets that clients send, names with commas between them; none among them turns that
    /// default off
    #[arg(long, value_name = "NAMES")]
    pub(crate) redact: Option<Redaction>,
}

/// Where messages lead.
#[derive(Debug, Args)]
pub(crate) struct LinkArguments {
    /// Log groups that notices of alarms link to, names with commas between them
    #[arg(
        long,
        env = "STATUSWATCH_LOG_GROUPS",
        value_name = "NAMES",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) log_groups: LogGroups,
}
