//! The destinations besides the default one, which rules name in `to`.
//!
//! Reads `STATUSWATCH_DESTINATIONS`: names, each with a channel or the place of a webhook. No value is ever part of a
//! fault: it may be a secret in the wrong place.

use super::destination::{BOT_TOKEN, BOT_TOKEN_PARAMETER, BOT_TOKEN_SECRET, Destination, SecretSource};
use super::{CHANNEL, notify, state_table};
use crate::aws::AwsAccess;
use crate::environment::{ConfigError, Environment, shown};
use crate::incidents::NotifyMode;
use crate::rules::{DEFAULT_DESTINATION, Document, is_destination_name};
use crate::secret::{Stored, StoredError};
use crate::slack::channel_id::ChannelId;

pub(super) const DESTINATIONS: &str = "STATUSWATCH_DESTINATIONS";

/// Each one is a client of Slack, and a rate limit in the table.
const MAX_DESTINATIONS: usize = 50;

const NONE_OF_THESE: &str = "is none of these: a channel's id such as C0123456789, ssm: with the name or ARN of the \
                             parameter that holds a webhook, secret: with that of the secret that does";

/// What a destination is, as it is written.
#[derive(Debug, PartialEq, Eq)]
enum Written {
    Channel(ChannelId),
    Webhook(Stored),
}

/// The destinations besides the default one, by name.
#[derive(Debug, Default)]
pub(super) struct Destinations {
    pub(super) all: Vec<(String, Destination)>,
    /// The names that rules may use, also of those with a fault.
    names: Vec<String>,
}

impl Destinations {
    /// Reads all of them; `default` is the default one, where it can be used.
    pub(super) fn read(
        environment: &Environment,
        default: Option<&Destination>,
        mode: NotifyMode,
        faults: &mut ConfigError,
    ) -> Self {
        let mut destinations = Self { names: vec![DEFAULT_DESTINATION.to_owned()], ..Self::default() };
        let Some(text) = environment.get(DESTINATIONS) else { return destinations };
        needs(environment, default, mode, faults);
        let Some(entries) = faults.note(DESTINATIONS, entries(text)) else { return destinations };
        let mut written: Vec<(String, Written)> = Vec::new();
        for (name, value) in entries {
            if let Err(fault) = check_name(&name, &destinations.names) {
                faults.add(DESTINATIONS, fault);
                continue;
            }
            destinations.names.push(name.clone());
            let value = Written::read(&value).map_err(|fault| format!("{name:?} {fault}"));
            let Some(value) = faults.note(DESTINATIONS, value) else { continue };
            let is_default = default.is_some_and(|default| value.is(default));
            let same = written.iter().find(|(_, other)| *other == value).map(|(name, _)| name.as_str());
            match same.or(is_default.then_some(DEFAULT_DESTINATION)) {
                Some(same) => {
                    let fault =
                        format!("{name:?} is the same as {same:?}: keep one, and name that in the rules");
                    faults.add(DESTINATIONS, fault);
                }
                None => written.push((name, value)),
            }
        }
        for (name, written) in written {
            let destination = written.destination(&name, environment, default, faults);
            destinations.all.extend(destination.map(|destination| (name, destination)));
        }
        destinations
    }

    /// The names that rules may use.
    pub(super) fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }
}

/// What destinations need besides themselves: incidents of their own are kept in the table alone.
fn needs(
    environment: &Environment,
    default: Option<&Destination>,
    mode: NotifyMode,
    faults: &mut ConfigError,
) {
    if environment.get(state_table::STATE_TABLE).is_none() {
        let fault = format_args!(
            "needs {}, where each destination keeps its incidents: set it too",
            state_table::STATE_TABLE
        );
        faults.add(DESTINATIONS, fault);
    }
    if mode == NotifyMode::Every {
        let fault = format_args!(
            "needs incidents, and {} is every: remove that, or send everything to one destination",
            notify::NOTIFY
        );
        faults.add(DESTINATIONS, fault);
    }
    if matches!(default, Some(Destination::Webhook(_))) && environment.get(CHANNEL).is_some() {
        let fault = format_args!(
            "with a webhook it would name its channel to all destinations of {DESTINATIONS}: remove it"
        );
        faults.add(CHANNEL, fault);
    }
}

fn entries(text: &str) -> Result<Vec<(String, Document)>, String> {
    const SHAPE: &str = r#"write {"orders":"C0123456789","pets":"ssm:/prod/pets-webhook"}"#;
    match serde_json::from_str(text) {
        Ok(Document::Object(entries)) if entries.is_empty() => {
            Err(format!("no destination in it: {SHAPE}, or remove it"))
        }
        Ok(Document::Object(entries)) if entries.len() > MAX_DESTINATIONS => {
            Err(format!("{} destinations are more than the {MAX_DESTINATIONS} allowed", entries.len()))
        }
        Ok(Document::Object(entries)) => Ok(entries),
        Ok(other) => Err(format!("must be an object, not {}: {SHAPE}", other.kind())),
        Err(error) => Err(format!("not JSON: {error}: {SHAPE}")),
    }
}

fn check_name(name: &str, known: &[String]) -> Result<(), String> {
    if name == DEFAULT_DESTINATION {
        return Err(format!(
            "{name:?} is where SLACK_WEBHOOK_* or SLACK_BOT_TOKEN* and {CHANNEL} lead: give this one another name"
        ));
    }
    if known.iter().any(|known| known == name) {
        return Err(format!("{name:?} is there twice: keep one"));
    }
    if !is_destination_name(name) {
        return Err(format!(
            "a name must have 1 to 32 lower-case letters, digits, - and _, a letter first{}",
            shown(name)
        ));
    }
    Ok(())
}

impl Written {
    fn read(value: &Document) -> Result<Self, String> {
        let Document::Text(text) = value else {
            return Err(format!("must be a string, not {}", value.kind()));
        };
        let text = text.trim();
        let stored = match text.split_once(':') {
            Some(("ssm", name)) => Stored::parameter(name),
            Some(("secret", name)) => Stored::secret(name),
            _ => match (text.parse(), Stored::parameter(text)) {
                (Ok(channel), _) => return Ok(Self::Channel(channel)),
                // A secret in the wrong place says so itself.
                (_, Err(error @ (StoredError::Url | StoredError::Token))) => return Err(error.to_string()),
                _ => return Err(NONE_OF_THESE.to_owned()),
            },
        };
        stored.map(Self::Webhook).map_err(|error| error.to_string())
    }

    /// Whether it leads where the default destination does.
    fn is(&self, default: &Destination) -> bool {
        match (self, default) {
            (Self::Channel(mine), Destination::Channel { channel, .. }) => mine == channel,
            (Self::Webhook(mine), Destination::Webhook(SecretSource::Stored(place, _))) => mine == place,
            _ => false,
        }
    }

    fn destination(
        self,
        name: &str,
        environment: &Environment,
        default: Option<&Destination>,
        faults: &mut ConfigError,
    ) -> Option<Destination> {
        match (self, default) {
            (Self::Webhook(place), _) => {
                let access = AwsAccess::read(environment, faults)?;
                Some(Destination::Webhook(SecretSource::Stored(place, Box::new(access))))
            }
            (Self::Channel(channel), Some(Destination::Channel { token, api, .. })) => {
                let token = token.again(environment, faults)?;
                Some(Destination::Channel { token, channel, api: api.clone() })
            }
            (Self::Channel(_), Some(Destination::Webhook(_))) => {
                let fault = format_args!(
                    "{name:?} is a channel, which takes a bot token: configure {BOT_TOKEN_PARAMETER}, \
                     {BOT_TOKEN_SECRET} or {BOT_TOKEN} with {CHANNEL} instead of the webhook, and put the webhook's \
                     parameter here"
                );
                faults.add(DESTINATIONS, fault);
                None
            }
            // What is wrong with the default one is said already.
            (Self::Channel(_), None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, ConfigError};
    use super::*;

    const WEBHOOK: (&str, &str) = ("SLACK_WEBHOOK_PARAMETER", "/prod/webhook");
    const TOKEN: (&str, &str) = ("SLACK_BOT_TOKEN_PARAMETER", "/prod/token");
    const CHANNEL_ID: (&str, &str) = ("SLACK_CHANNEL", "C0123456789");
    const REST: [(&str, &str); 4] = [
        ("STATUSWATCH_STATE_TABLE", "statuswatch-state"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "key"),
        ("AWS_REGION", "eu-west-1"),
    ];

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    /// The faults of these destinations beside a webhook and a table.
    fn faults(destinations: &str) -> Vec<String> {
        let pairs = [&[WEBHOOK, (DESTINATIONS, destinations)], REST.as_slice()].concat();
        read(&pairs).map_or_else(|error| error.faults().to_vec(), |_| Vec::new())
    }

    #[test]
    fn channels_and_webhooks_are_read_and_rules_may_name_them() {
        let destinations =
            r#"{"orders":"C0123456780","pets":" ssm:/prod/pets ","on-call":"secret:prod/on-call"}"#;
        let rules =
            r#"{"rules":[{"name":"all","status":"4xx","action":"notify","to":["pets","orders","default"]}]}"#;
        let own = [TOKEN, CHANNEL_ID, (DESTINATIONS, destinations), ("STATUSWATCH_RULES", rules)];
        let config = read(&[own.as_slice(), &REST].concat()).unwrap();
        assert_eq!(config.destination_names(), ["default", "orders", "pets", "on-call"]);
        let place = |at: usize| match &config.destinations[at].1 {
            Destination::Webhook(SecretSource::Stored(place, _)) => Ok(place.clone()),
            Destination::Channel { channel, token: SecretSource::Stored(..), .. } => {
                Err(channel.as_str().to_owned())
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(place(0), Err("C0123456780".to_owned()));
        assert_eq!(place(1), Ok(Stored::parameter("/prod/pets").unwrap()));
        assert_eq!(place(2), Ok(Stored::secret("prod/on-call").unwrap()));
    }

    #[test]
    fn a_token_in_the_environment_serves_every_channel() {
        let token = ("SLACK_BOT_TOKEN", "xoxb-123456789012-1234567890123-AbCdEfGhIjKl");
        let own = [token, CHANNEL_ID, (DESTINATIONS, r#"{"orders":"C0123456780"}"#)];
        let config = read(&[own.as_slice(), &REST].concat()).unwrap();
        assert!(matches!(
            config.destinations[0].1,
            Destination::Channel { token: SecretSource::Given(_), .. }
        ));
    }

    #[test]
    fn whatever_is_wrong_with_a_destination_is_one_fault_that_names_it_and_no_value() {
        let one = |destinations: &str| {
            let faults = faults(destinations);
            let [fault] = faults.as_slice() else { panic!("{destinations}: {faults:?}") };
            fault.strip_prefix("STATUSWATCH_DESTINATIONS: ").unwrap().to_owned()
        };
        assert!(one("{}").starts_with("no destination in it"));
        assert!(one("[]").starts_with("must be an object, not a list"));
        assert!(one(r#"{"a":"ssm:/a""#).starts_with("not JSON: "));
        assert!(one(r#"{"default":"ssm:/a"}"#).ends_with("give this one another name"));
        assert!(one(r#"{"Orders":"ssm:/a"}"#).ends_with(r#"a letter first, and is "Orders""#));
        assert!(one(r#"{"https://hooks.slack.com/services/T0/B0/x":"orders"}"#).ends_with("a letter first"));
        assert_eq!(one(r#"{"a":"ssm:/a","a":"ssm:/b"}"#), r#""a" is there twice: keep one"#);
        assert_eq!(one(r#"{"a":7}"#), r#""a" must be a string, not a number"#);
        assert!(one(r##"{"a":"#orders"}"##).starts_with(r#""a" is none of these: a channel's id such as"#));
        assert!(one(r#"{"a":"ssm:a b"}"#).starts_with(r#""a" is neither a name nor an ARN"#));
        assert!(one(r#"{"a":"orders"}"#).starts_with(r#""a" is none of these: a channel's id such as"#));
        let url = one(r#"{"a":"https://hooks.slack.com/services/T0/B0/xyz"}"#);
        assert!(url.starts_with(r#""a" holds a URL"#) && !url.contains("xyz"), "{url}");
        let token = one(r#"{"a":"ssm:xoxb-123456789012-1234567890123-AbCdEfGhIjKl"}"#);
        assert!(token.starts_with(r#""a" holds a bot token"#) && !token.contains("AbCd"), "{token}");
        let same = r#""b" is the same as "a": keep one, and name that in the rules"#;
        assert_eq!(one(r#"{"a":"ssm:/a","b":"ssm:/a"}"#), same);
        assert!(one(r#"{"a":"ssm:/prod/webhook"}"#).starts_with(r#""a" is the same as "default""#));
        assert!(one(r#"{"a":"C0123456780"}"#).starts_with(r#""a" is a channel, which takes a bot token"#));
        let many: Vec<String> = (0..51).map(|number| format!(r#""a{number}":"ssm:/{number}""#)).collect();
        assert_eq!(one(&format!("{{{}}}", many.join(","))), "51 destinations are more than the 50 allowed");
    }

    #[test]
    fn all_that_destinations_need_and_rules_that_name_none_are_told_at_once() {
        let rules = r#"{"rules":[{"name":"pets","status":"4xx","action":"notify","to":["pets","orders","default"]}]}"#;
        let error = read(&[
            WEBHOOK,
            ("SLACK_CHANNEL", "#alerts"),
            (DESTINATIONS, r#"{"orders":"C0123456780","b":""}"#),
            ("STATUSWATCH_NOTIFY", "every"),
            ("STATUSWATCH_RULES", rules),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "key"),
            ("AWS_REGION", "eu-west-1"),
        ]);
        insta::assert_snapshot!(error.unwrap_err().to_string(), @r#"
        the configuration cannot be used, faults: 6
        - STATUSWATCH_DESTINATIONS: needs STATUSWATCH_STATE_TABLE, where each destination keeps its incidents: set it too
        - STATUSWATCH_DESTINATIONS: needs incidents, and STATUSWATCH_NOTIFY is every: remove that, or send everything to one destination
        - SLACK_CHANNEL: with a webhook it would name its channel to all destinations of STATUSWATCH_DESTINATIONS: remove it
        - STATUSWATCH_DESTINATIONS: "b" is none of these: a channel's id such as C0123456789, ssm: with the name or ARN of the parameter that holds a webhook, secret: with that of the secret that does
        - STATUSWATCH_DESTINATIONS: "orders" is a channel, which takes a bot token: configure SLACK_BOT_TOKEN_PARAMETER, SLACK_BOT_TOKEN_SECRET or SLACK_BOT_TOKEN with SLACK_CHANNEL instead of the webhook, and put the webhook's parameter here
        - STATUSWATCH_RULES: rule "pets", key "to": there is no destination "pets"; name one of default, orders, b, or add it to STATUSWATCH_DESTINATIONS
        "#);
        // Without any, a rule may name the default one alone.
        let named = |to: &str| {
            let rules =
                format!(r#"{{"rules":[{{"name":"a","status":"4xx","action":"notify","to":"{to}"}}]}}"#);
            read(&[&[WEBHOOK, ("STATUSWATCH_RULES", rules.as_str())], REST.as_slice()].concat())
        };
        assert!(named("default").is_ok());
        assert_eq!(
            named("orders").unwrap_err().faults(),
            [
                "STATUSWATCH_RULES: rule \"a\", key \"to\": there is no destination \"orders\"; name one of default, or \
              add it to STATUSWATCH_DESTINATIONS"
            ]
        );
    }
}
