//! Where messages go: an incoming webhook, or a channel by a bot token.
//!
//! Reads it from the `SLACK_*` variables; a fault names what is missing or too much. No value of a webhook or a token is ever part of a fault.

use super::CHANNEL;
use crate::aws::AwsAccess;
use crate::environment::{ConfigError, Environment, shown};
use crate::secret::Stored;
use crate::slack::api_url::ApiUrl;
use crate::slack::bot_token::BotToken;
use crate::slack::channel_id::{ChannelId, ChannelIdError};
use crate::slack::webhook_url::{AllowedHosts, WebhookUrl};

pub(super) const WEBHOOK_URL: &str = "SLACK_WEBHOOK_URL";
pub(super) const WEBHOOK_PARAMETER: &str = "SLACK_WEBHOOK_PARAMETER";
pub(super) const WEBHOOK_SECRET: &str = "SLACK_WEBHOOK_SECRET";
pub(super) const BOT_TOKEN: &str = "SLACK_BOT_TOKEN";
pub(super) const BOT_TOKEN_PARAMETER: &str = "SLACK_BOT_TOKEN_PARAMETER";
pub(super) const BOT_TOKEN_SECRET: &str = "SLACK_BOT_TOKEN_SECRET";
const API_URL: &str = "SLACK_API_URL";

const WEBHOOK_SOURCES: [&str; 3] = [WEBHOOK_URL, WEBHOOK_PARAMETER, WEBHOOK_SECRET];
const BOT_TOKEN_SOURCES: [&str; 3] = [BOT_TOKEN, BOT_TOKEN_PARAMETER, BOT_TOKEN_SECRET];

/// Where messages go.
#[derive(Debug)]
pub enum Destination {
    /// An incoming webhook.
    Webhook(SecretSource<WebhookUrl>),
    /// A channel, by Slack's Web API.
    Channel {
        /// The bot token.
        token: SecretSource<BotToken>,
        /// `SLACK_CHANNEL`.
        channel: ChannelId,
        /// `SLACK_API_URL`; [`ApiUrl::DEFAULT`] where unset.
        api: ApiUrl,
    },
}

/// Where a secret is.
#[derive(Debug)]
pub enum SecretSource<T> {
    /// In the environment itself.
    Given(T),
    /// In AWS, to be fetched this way.
    Stored(Stored, Box<AwsAccess>),
}

impl Destination {
    pub(super) fn read(
        environment: &Environment,
        allowed: &AllowedHosts,
        faults: &mut ConfigError,
    ) -> Option<Self> {
        let set = |names: [&'static str; 3]| {
            names.into_iter().filter(|name| environment.get(name).is_some()).collect::<Vec<_>>()
        };
        match (set(WEBHOOK_SOURCES).as_slice(), set(BOT_TOKEN_SOURCES).as_slice()) {
            ([], []) => {
                let others = format!(
                    "set {WEBHOOK_URL}, {WEBHOOK_PARAMETER} or {WEBHOOK_SECRET}, or {BOT_TOKEN}, \
                     {BOT_TOKEN_PARAMETER} or {BOT_TOKEN_SECRET} with {CHANNEL}"
                );
                faults.add(
                    WEBHOOK_URL,
                    format_args!("neither a webhook nor a bot token is configured: {others}"),
                );
                None
            }
            ([name], []) => {
                if environment.get(API_URL).is_some() {
                    faults.add(
                        API_URL,
                        format_args!("is used with a bot token only, and {name} is set: remove it"),
                    );
                }
                let given = |text: &str| WebhookUrl::parse(text, allowed);
                SecretSource::read(name, given, environment, faults).map(Self::Webhook)
            }
            ([], [name]) => {
                let token = SecretSource::read(name, BotToken::parse, environment, faults);
                let channel = channel(environment, faults);
                let api = ApiUrl::parse(environment.get(API_URL).unwrap_or(ApiUrl::DEFAULT));
                let api = faults.note(API_URL, api);
                Some(Self::Channel { token: token?, channel: channel?, api: api? })
            }
            (webhooks, tokens) => {
                let both = [webhooks, tokens].concat();
                let exclude = if webhooks.is_empty() || tokens.is_empty() {
                    "keep one"
                } else {
                    "a webhook and a bot token exclude each other, keep one"
                };
                if let [first, others @ ..] = both.as_slice() {
                    let others = others.join(", ");
                    faults
                        .add(first, format_args!("not the only way to Slack, also set: {others}: {exclude}"));
                }
                None
            }
        }
    }

    /// The channel that a message names itself: only legacy custom webhooks look at that, and the Web API's client adds
    /// its own.
    pub(super) fn named_in_messages(&self, environment: &Environment) -> Option<String> {
        match self {
            Self::Webhook(_) => environment.text(CHANNEL),
            Self::Channel { .. } => None,
        }
    }
}

impl<T> SecretSource<T> {
    /// From the variable `name`, which is set.
    fn read<E: std::fmt::Display>(
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
        environment: &Environment,
        faults: &mut ConfigError,
    ) -> Option<Self> {
        if [WEBHOOK_URL, BOT_TOKEN].contains(&name) {
            let given = parse(environment.get(name).unwrap_or_default());
            return faults.note(name, given).map(Self::Given);
        }
        let (place, access) = stored(name, environment, faults)?;
        Some(Self::Stored(place, access))
    }
}

impl SecretSource<BotToken> {
    /// The same token for another channel.
    pub(super) fn again(&self, environment: &Environment, faults: &mut ConfigError) -> Option<Self> {
        match self {
            Self::Given(_) => Self::read(BOT_TOKEN, BotToken::parse, environment, faults),
            Self::Stored(place, access) => Some(Self::Stored(place.clone(), access.clone())),
        }
    }
}

/// The place that the variable `name` names, and the way there.
fn stored(
    name: &str,
    environment: &Environment,
    faults: &mut ConfigError,
) -> Option<(Stored, Box<AwsAccess>)> {
    let value = environment.get(name).unwrap_or_default();
    let is_parameter = [WEBHOOK_PARAMETER, BOT_TOKEN_PARAMETER].contains(&name);
    let place = if is_parameter { Stored::parameter(value) } else { Stored::secret(value) };
    let place = faults.note(name, place)?;
    Some((place, Box::new(AwsAccess::read(environment, faults)?)))
}

fn channel(environment: &Environment, faults: &mut ConfigError) -> Option<ChannelId> {
    let Some(value) = environment.get(CHANNEL) else {
        faults.add(CHANNEL, format_args!("is not set, and with a bot token {ChannelIdError}"));
        return None;
    };
    let channel = value.parse::<ChannelId>().map_err(|error| format!("{error}{}", shown(value)));
    faults.note(CHANNEL, channel)
}
