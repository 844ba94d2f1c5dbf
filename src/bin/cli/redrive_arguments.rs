//! What stands on the command line of `statuswatch redrive`.

use clap::Args;
use statuswatch::failure_queue::QueueName;
use statuswatch::s3::Location;

use crate::reading_arguments::{LinkArguments, ReadingArguments};

/// Post what the failure queue holds, and delete what Slack accepted
///
/// Without --deliver it only shows the messages: it receives the queue's records, keeps them hidden from others while it
/// reads, and gives all of them back. With --deliver it posts the messages of one record after another, as replay
/// --deliver does, and deletes a record once Slack has accepted all of them. A record that cannot be read, or that Slack
/// does not accept, stays in the queue, and so does all that Ctrl-C leaves. Nothing is posted or deleted but Lambda's
/// failure records and events that the function takes, as a dead-letter queue holds them.
///
/// Ends when the queue has nothing more to receive, and says what is left in it. It stops early after 3 records in a row
/// that Slack refuses for reasons of its own, such as a revoked token or an outage.
///
/// A failure bucket is redriven in the same way. Nothing in it is hidden from others: run one redrive at a time.
///
/// Needs the permissions sqs:ReceiveMessage, sqs:ChangeMessageVisibility and sqs:GetQueueAttributes, with --deliver
/// sqs:DeleteMessage, and where the queue is not named by its URL sqs:GetQueueUrl; for a bucket s3:ListBucket and
/// s3:GetObject, with --deliver s3:DeleteObject; and kms:Decrypt where either has a key of its own.
///
/// A record is posted for itself and is in no incident's sums. Of a delivery for several destinations a part may have
/// been posted before: only the function, with its state table, knows of that.
#[derive(Debug, Args)]
#[command(after_help = REDRIVE_EXAMPLES, group = clap::ArgGroup::new("where").required(true).args(["queue", "bucket"]))]
pub(crate) struct RedriveArguments {
    /// The failure queue: its URL, ARN or name
    #[arg(long, value_name = "QUEUE")]
    pub(crate) queue: Option<QueueName>,
    /// The failure bucket, and how the keys of its records begin
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    pub(crate) bucket: Option<Location>,
    /// Post, and delete what was accepted: to the webhook in `SLACK_WEBHOOK_URL`, or with the bot token in
    /// `SLACK_BOT_TOKEN` to the channel in `SLACK_CHANNEL`, with the function's other settings
    #[arg(long)]
    pub(crate) deliver: bool,
    /// Stop after so many records, and say what is left; the exit code is 1 where anything is
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) max_records: u32,
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
    /// Take a failure record as delivered though its lines cannot be read
    #[arg(long)]
    pub(crate) allow_unreadable: bool,
    #[command(flatten)]
    pub(crate) links: LinkArguments,
    /// Profile of AWS's configuration files
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// AWS Region of the queue or bucket; that of its URL or ARN where --queue is one
    #[arg(long, env = "AWS_REGION", value_name = "REGION")]
    pub(crate) region: Option<String>,
}

const REDRIVE_EXAMPLES: &str = "\
Examples:
  statuswatch redrive --queue statuswatch-failures
  statuswatch redrive --queue statuswatch-failures --deliver

Exit codes: 0 done, 1 a record cannot be read or was not accepted, AWS refused, or stopped with records left, by \
--max-records or Ctrl-C, 2 usage or configuration";
