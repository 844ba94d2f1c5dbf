//! The operator's list of log groups, checked to fit into one Logs Insights link.
//!
//! An alarm's notification names no log group, and a link that is cut opens nothing: so the list is checked
//! when the function starts, not when the alarm goes off.

use std::str::FromStr;

use thiserror::Error;

use super::starred;

/// The most log groups that Logs Insights takes in one query (CloudWatch Logs API Reference, `StartQuery`).
pub const MAX_LOG_GROUPS: usize = 50;
/// The longest name of a log group (CloudWatch Logs API Reference, `CreateLogGroup`), in characters.
pub const MAX_LOG_GROUP_NAME: usize = 512;
/// The most characters that all names together may take in a link, where `/` and `#` take three each.
/// With the rest of the link it stays below what one link may have.
pub const MAX_LINKED_CHARACTERS: usize = 600;

/// The log groups that notices of alarms open in Logs Insights. None: no link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogGroups(Vec<String>);

/// Why a list of log groups cannot be used. Not retryable: the operator has to change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LogGroupsError {
    /// An entry is no name of a log group.
    #[error(
        "entry {entry} is not a log group's name: write 1 to {MAX_LOG_GROUP_NAME} letters, digits and any of \
         . - _ / #, no ARN and no wildcard"
    )]
    NotAName {
        /// Which entry, from 1.
        entry: usize,
    },
    /// More than one query takes.
    #[error(
        "{count} log groups are more than the {MAX_LOG_GROUPS} that Logs Insights opens at once: name fewer"
    )]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// More than one link holds.
    #[error(
        "the names take {characters} characters in a link, at most {MAX_LINKED_CHARACTERS} fit (/ and # take \
         three): name fewer log groups"
    )]
    TooLong {
        /// How many they take.
        characters: usize,
    },
}

impl LogGroups {
    /// The names, in the order in which they were given.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }

    /// From single names; white space around them and empty ones do not count.
    pub(super) fn of<I: AsRef<str>>(names: impl IntoIterator<Item = I>) -> Result<Self, LogGroupsError> {
        let names = names.into_iter().map(|name| name.as_ref().trim().to_owned());
        let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        if let Some(index) = names.iter().position(|name| !is_name(name)) {
            return Err(LogGroupsError::NotAName { entry: index + 1 });
        }
        if names.len() > MAX_LOG_GROUPS {
            return Err(LogGroupsError::TooMany { count: names.len() });
        }
        // Two characters part one name from the next.
        let characters: usize = names.iter().map(|name| starred(name).len() + 2).sum();
        if characters > MAX_LINKED_CHARACTERS {
            return Err(LogGroupsError::TooLong { characters });
        }
        Ok(Self(names))
    }
}

impl FromStr for LogGroups {
    type Err = LogGroupsError;

    /// Reads names with commas between them; empty entries do not count.
    fn from_str(text: &str) -> Result<Self, LogGroupsError> {
        Self::of(text.split(','))
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= MAX_LOG_GROUP_NAME
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_/#".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console_links::Region;
    use crate::notification::MAX_LINK;

    fn read(text: &str) -> Result<Vec<String>, LogGroupsError> {
        text.parse().map(|groups: LogGroups| groups.0)
    }

    #[test]
    fn names_are_parted_by_commas_and_white_space_around_them_does_not_count() {
        assert_eq!(read("/aws/apigateway/orders, b#2 ,,\n").unwrap(), ["/aws/apigateway/orders", "b#2"]);
        assert_eq!(read(" , ").unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_no_name_is_refused_with_its_place() {
        let arn = "arn:aws:logs:eu-west-1:111122223333:log-group:orders:*";
        let long = "x".repeat(MAX_LOG_GROUP_NAME + 1);
        for wrong in [arn, "orders*", "two words", "größe", &long] {
            assert_eq!(
                read(&format!("orders,{wrong}")),
                Err(LogGroupsError::NotAName { entry: 2 }),
                "{wrong}"
            );
        }
    }

    #[test]
    fn more_than_one_query_or_one_link_takes_is_refused_with_the_number() {
        assert_eq!(read(&vec!["a"; 50].join(",")).unwrap().len(), 50);
        assert_eq!(read(&vec!["a"; 51].join(",")), Err(LogGroupsError::TooMany { count: 51 }));
        assert!(read(&"x".repeat(598)).is_err(), "longer than any name");
        assert!(read(&format!("{},{}", "x".repeat(500), "x".repeat(96))).is_ok());
        let over = format!("{},{}", "x".repeat(500), "x".repeat(97));
        assert_eq!(read(&over), Err(LogGroupsError::TooLong { characters: 601 }));
        assert_eq!(read(&"/".repeat(200)), Err(LogGroupsError::TooLong { characters: 602 }));
    }

    #[test]
    fn every_list_that_is_accepted_fits_a_link_in_every_region() {
        let region = Region::new(&format!("us-gov-{}-1", "a".repeat(23))).unwrap();
        let names = format!("{},{}", "x".repeat(500), "x".repeat(96));
        let link = region.logs_insights(&names.parse::<LogGroups>().unwrap().names(), 0, 253_402_300_799_000);
        assert!(link.len() <= MAX_LINK, "{}", link.len());
    }
}
