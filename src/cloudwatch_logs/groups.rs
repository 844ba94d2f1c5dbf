//! Which log groups a name stands for: itself, or with `*` all that it fits.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::json;

use super::LogsError;
use super::client::{Client, Operation};
use crate::glob::Glob;
use crate::http::Transport;

/// Log groups that are fetched in one go.
pub const MAX_GROUPS: usize = 100;
/// Pages of 50 log groups, the most of one answer; an account has at most a million of them.
const MAX_PAGES: usize = 400;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    log_groups: Vec<Group>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    log_group_name: String,
    log_group_arn: Option<String>,
    arn: Option<String>,
}

/// The log groups of all names, each once.
pub(super) async fn groups<H: Transport>(
    client: &Client<H>,
    names: &[String],
) -> Result<Vec<String>, LogsError> {
    let mut groups = Vec::new();
    let mut known = HashSet::new();
    for name in names {
        if !is_name(name) {
            return Err(LogsError::Name(name.clone()));
        }
        let found = if name.contains('*') && !name.starts_with("arn:") {
            matching(client, name).await?
        } else {
            // An ARN is often written with `:*`, for all that is in the log group.
            vec![name.strip_suffix(":*").unwrap_or(name).to_owned()]
        };
        groups.extend(found.into_iter().filter(|group| known.insert(group.clone())));
        if groups.len() > MAX_GROUPS {
            return Err(LogsError::TooManyGroups(name.clone()));
        }
    }
    Ok(groups)
}

/// The ARN of each log group, which Live Tail asks for.
pub(super) async fn arns<H: Transport>(
    client: &Client<H>,
    names: impl Iterator<Item = &str>,
) -> Result<Vec<String>, LogsError> {
    let mut arns = Vec::new();
    for name in names {
        arns.push(if name.starts_with("arn:") { name.to_owned() } else { arn(client, name).await? });
    }
    Ok(arns)
}

async fn arn<H: Transport>(client: &Client<H>, name: &str) -> Result<String, LogsError> {
    // Names are answered in their order, so that the name itself is before those that it begins.
    let request = json!({ "limit": 50, "logGroupNamePrefix": name });
    let answer = client.call(Operation::DescribeLogGroups, &request.to_string(), Vec::new()).await?;
    let answer: Answer = serde_json::from_slice(&answer).map_err(|_| LogsError::Unreadable)?;
    let group = answer.log_groups.into_iter().find(|group| group.log_group_name == name);
    let group = group.ok_or_else(|| LogsError::NoGroup(client.region().to_owned()))?;
    let arn = group.log_group_arn.or(group.arn).ok_or(LogsError::Unreadable)?;
    Ok(arn.strip_suffix(":*").unwrap_or(&arn).to_owned())
}

async fn matching<H: Transport>(client: &Client<H>, pattern: &str) -> Result<Vec<String>, LogsError> {
    let glob = Glob::new(pattern);
    let prefix = pattern.split('*').next().unwrap_or_default();
    let (mut groups, mut token): (Vec<String>, Option<String>) = (Vec::new(), None);
    let mut seen = HashSet::new();
    for _ in 0..MAX_PAGES {
        let mut request = json!({ "limit": 50 });
        if let Some(request) = request.as_object_mut() {
            if !prefix.is_empty() {
                request.insert("logGroupNamePrefix".to_owned(), prefix.into());
            }
            if let Some(token) = token {
                request.insert("nextToken".to_owned(), token.into());
            }
        }
        let answer = client.call(Operation::DescribeLogGroups, &request.to_string(), Vec::new()).await?;
        let answer: Answer = serde_json::from_slice(&answer).map_err(|_| LogsError::Unreadable)?;
        let names = answer.log_groups.into_iter().map(|group| group.log_group_name);
        groups.extend(names.filter(|name| is_name(name) && glob.matches(name)));
        if groups.len() > MAX_GROUPS {
            return Err(LogsError::TooManyGroups(pattern.to_owned()));
        }
        let Some(next) = answer.next_token else {
            groups.sort();
            let (name, region) = (pattern.to_owned(), client.region().to_owned());
            return if groups.is_empty() { Err(LogsError::NoMatch { name, region }) } else { Ok(groups) };
        };
        if !seen.insert(next.clone()) {
            return Err(LogsError::Circle);
        }
        token = Some(next);
    }
    Err(LogsError::TooManyPages)
}

/// What CloudWatch takes as a name, or an ARN; `*` besides.
fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/#*".contains(&byte);
    let is_arn = name.starts_with("arn:");
    (1..=2_048).contains(&name.len()) && name.bytes().all(|byte| is_allowed(byte) || (is_arn && byte == b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, does_fit) in [
            ("/aws/*", "/aws/", true),
            ("/aws/*", "/aws", false),
            ("*-accesslog", "orders-accesslog", true),
            ("*-accesslog", "orders-accesslog-2", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "ac-b", false),
            ("a*ab", "ab", false),
            ("*", "anything", true),
            ("**", "", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(text), does_fit, "{pattern} {text}");
        }
    }

    #[test]
    fn what_no_log_group_can_be_called_is_not_asked_for() {
        for name in ["", "a b", "größer", "a:b", "a\n"] {
            assert!(!is_name(name), "{name}");
        }
        for name in ["/aws/apigateway/a_b-c.d#1", "a*", "arn:aws:logs:eu-west-1:1:log-group:a"] {
            assert!(is_name(name), "{name}");
        }
    }
}
