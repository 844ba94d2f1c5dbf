//! The name of the DynamoDB table in which incidents are kept.
//!
//! Reads a name or an ARN into what requests need of it, and never asks AWS.

use std::str::FromStr;

use thiserror::Error;

use super::{ConfigError, Environment};
use crate::aws::{AwsAccess, is_region};

pub(super) const STATE_TABLE: &str = "STATUSWATCH_STATE_TABLE";

/// A table by name or ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateTable {
    name: String,
    region: Option<String>,
}

/// The text names no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "is neither the name nor the ARN of a DynamoDB table: a name has 3 to 255 letters, digits and any of _ . -"
)]
pub struct StateTableError;

impl StateTable {
    /// The table and the way to it, where one is set. Whatever cannot be used is among the faults.
    pub(super) fn read(
        environment: &Environment,
        faults: &mut ConfigError,
    ) -> Option<(Self, Box<AwsAccess>)> {
        let table = faults.note(STATE_TABLE, environment.get(STATE_TABLE)?.parse());
        Some((table?, Box::new(AwsAccess::read(environment, faults)?)))
    }

    /// As requests name it: the name, or the whole ARN, since the table may be another account's.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The Region that an ARN names; a bare name has none.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }
}

impl FromStr for StateTable {
    type Err = StateTableError;

    fn from_str(text: &str) -> Result<Self, StateTableError> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let (name, region) = match parts.as_slice() {
            ["arn", partition, "dynamodb", region, account, resource] => {
                let is_partition = partition.starts_with("aws");
                let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
                let name = resource.strip_prefix("table/").ok_or(StateTableError)?;
                if !is_partition || !is_region(region) || !is_account {
                    return Err(StateTableError);
                }
                (name, Some((*region).to_owned()))
            }
            _ => (text, None),
        };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if !(3..=255).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(StateTableError);
        }
        Ok(Self { name: text.to_owned(), region })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arns_are_taken_and_only_an_arn_has_a_region() {
        let table = |text: &str| text.parse::<StateTable>().map(|table| (table.name, table.region));
        assert_eq!(table("statuswatch-state"), Ok(("statuswatch-state".to_owned(), None)));
        for (arn, region) in [
            ("arn:aws:dynamodb:eu-west-1:123456789012:table/state.v_1", "eu-west-1"),
            ("arn:aws-cn:dynamodb:cn-north-1:123456789012:table/abc", "cn-north-1"),
        ] {
            assert_eq!(table(arn), Ok((arn.to_owned(), Some(region.to_owned()))));
        }
    }

    #[test]
    fn what_names_no_table_is_refused() {
        for wrong in [
            "ab",
            "a b c",
            "https://dynamodb.eu-west-1.amazonaws.com/",
            "arn:aws:sqs:eu-west-1:123456789012:table/abc",
            "arn:aws:dynamodb:eu-west-1:123456789012:abc",
            "arn:aws:dynamodb:evil.example/:123456789012:table/abc",
            "arn:aws:dynamodb:eu-west-1:123:table/abc",
            "arn:aws:dynamodb:eu-west-1:123456789012:table/abc/index/x",
            &"x".repeat(256),
        ] {
            assert_eq!(wrong.parse::<StateTable>(), Err(StateTableError), "{wrong}");
        }
    }
}
