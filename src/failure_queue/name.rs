//! What names a queue: its URL, its ARN or its name.
//!
//! It asks nobody whether there is such a queue.

use std::str::FromStr;

use thiserror::Error;

use crate::aws::is_region;
use crate::http;

/// The longest name, in characters.
const MAX_NAME: usize = 80;

/// What names a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueName {
    /// `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`
    Url {
        /// The URL as it was given.
        url: String,
        /// The Region that its host names, where it is one of AWS's own.
        region: Option<String>,
    },
    /// `arn:aws:sqs:REGION:ACCOUNT:NAME`
    Arn {
        /// The Region.
        region: String,
        /// The account that has the queue.
        account: String,
        /// The queue's name.
        name: String,
    },
    /// The name alone: a queue of the account whose credentials are used.
    Name(String),
}

/// A text that names no queue.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "not a queue's URL (https://sqs.REGION.amazonaws.com/ACCOUNT/NAME), ARN (arn:aws:sqs:REGION:ACCOUNT:NAME) or name"
)]
pub struct InvalidQueueName;

impl QueueName {
    /// The Region that is in it.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Url { region, .. } => region.as_deref(),
            Self::Arn { region, .. } => Some(region),
            Self::Name(_) => None,
        }
    }

    /// The queue's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Url { url, .. } => url.rsplit('/').next().unwrap_or_default(),
            Self::Arn { name, .. } | Self::Name(name) => name,
        }
    }
}

impl FromStr for QueueName {
    type Err = InvalidQueueName;

    fn from_str(text: &str) -> Result<Self, InvalidQueueName> {
        let named = if let Some(rest) = text.strip_prefix("arn:") {
            let parts: Vec<&str> = rest.split(':').collect();
            let [_, "sqs", region, account, name] = *parts.as_slice() else { return Err(InvalidQueueName) };
            let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
            if !is_account || !is_region(region) {
                return Err(InvalidQueueName);
            }
            Self::Arn { region: region.to_owned(), account: account.to_owned(), name: name.to_owned() }
        } else if text.contains("://") {
            let url = http::url(text).filter(|url| ["http", "https"].contains(&url.scheme()));
            let url = url.filter(|url| url.query().is_none() && url.fragment().is_none());
            let region = url.as_ref().and_then(|url| url.host_str()).ok_or(InvalidQueueName)?;
            Self::Url { url: text.to_owned(), region: region_of(region) }
        } else {
            Self::Name(text.to_owned())
        };
        if is_name(named.name()) { Ok(named) } else { Err(InvalidQueueName) }
    }
}

fn is_name(text: &str) -> bool {
    let stem = text.strip_suffix(".fifo").unwrap_or(text);
    let is_of_names = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !stem.is_empty() && text.len() <= MAX_NAME && stem.bytes().all(is_of_names)
}

/// Of `sqs.REGION.amazonaws.com`, and of the older `REGION.queue.amazonaws.com`.
fn region_of(host: &str) -> Option<String> {
    let (rest, _) = host.split_once(".amazonaws.")?;
    let region = rest.strip_prefix("sqs.").or_else(|| rest.strip_suffix(".queue"))?;
    is_region(region).then(|| region.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_named_by_url_arn_or_name() {
        for (text, region, name) in [
            (
                "https://sqs.eu-west-1.amazonaws.com/123456789012/watch-failures",
                Some("eu-west-1"),
                "watch-failures",
            ),
            ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q_1", Some("cn-north-1"), "q_1"),
            ("https://eu-central-1.queue.amazonaws.com/123456789012/q", Some("eu-central-1"), "q"),
            ("https://queue.amazonaws.com/123456789012/q", None, "q"),
            ("http://127.0.0.1:4566/123456789012/q", None, "q"),
            ("arn:aws:sqs:eu-west-1:123456789012:q.fifo", Some("eu-west-1"), "q.fifo"),
            ("arn:aws-us-gov:sqs:us-gov-west-1:123456789012:q", Some("us-gov-west-1"), "q"),
            ("watch-failures", None, "watch-failures"),
        ] {
            let found: QueueName = text.parse().unwrap();
            assert_eq!((found.region(), found.name()), (region, name), "{text}");
        }
    }

    #[test]
    fn what_names_no_queue_is_refused() {
        let long = "q".repeat(81);
        for text in [
            "",
            ".fifo",
            "a queue",
            "q?x",
            long.as_str(),
            "arn:aws:sns:eu-west-1:123456789012:q",
            "arn:aws:sqs:eu-west-1:1234:q",
            "arn:aws:sqs:EU:123456789012:q",
            "arn:aws:sqs:eu-west-1:123456789012:q:1",
            "ftp://sqs.eu-west-1.amazonaws.com/123456789012/q",
            "https://sqs.eu-west-1.amazonaws.com/",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/q?Action=DeleteQueue",
            "s3://bucket/prefix",
        ] {
            assert_eq!(text.parse::<QueueName>(), Err(InvalidQueueName), "{text}");
        }
    }
}
