//! Webhooks and bot tokens where they are stored: whether they are there, and whether they look like Slack's.
//!
//! Neither leaves this file, nor does anything of it.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::client::Client;
use crate::config::{Config, Destination, SecretSource};
use crate::doctor::{Fact, SecretPlace, Unknown};
use crate::http::Budget;
use crate::rules::DEFAULT_DESTINATION;
use crate::secret::{SecretError, Secrets};
use crate::slack::webhook_url::{AllowedHosts, WebhookUrl};

/// For one secret with its retries.
const PATIENCE: Duration = Duration::from_secs(15);
const ENVIRONMENT: &str = "the function's environment, where everybody who may see the function reads it";

pub(super) fn budget(now: SystemTime) -> Budget {
    Budget::until(Instant::now() + PATIENCE, now)
}

/// What is known where a stored text could not be read: what is wrong with it, or why it is not known.
pub(super) fn fact(error: &SecretError) -> Fact<String> {
    if let Some(permission) = error.denied() {
        return Err(Unknown::Denied(permission));
    }
    if error.may_pass() { Err(Unknown::Failed(error.to_string())) } else { Ok(error.to_string()) }
}

/// The secrets of all destinations of both functions, each once.
pub(super) async fn all(client: &Client, configs: &[&Config]) -> Vec<SecretPlace> {
    let mut seen = BTreeSet::new();
    let mut places = Vec::new();
    for config in configs {
        let others = config.destinations.iter().map(|(name, destination)| (name.as_str(), destination));
        for (name, destination) in [(DEFAULT_DESTINATION, &config.destination)].into_iter().chain(others) {
            let (kind, place) = described(destination);
            // Several channels of one bot token are one secret.
            let is_new = seen.insert((kind, place.clone()));
            if is_new {
                let found = look(client, destination, &config.allowed_hosts).await;
                places.push(SecretPlace { kind, destination: name.to_owned(), place, found });
            }
        }
    }
    places
}

fn described(destination: &Destination) -> (&'static str, String) {
    match destination {
        Destination::Webhook(SecretSource::Given(_)) => ("webhook", ENVIRONMENT.to_owned()),
        Destination::Channel { token: SecretSource::Given(_), .. } => ("bot token", ENVIRONMENT.to_owned()),
        Destination::Webhook(SecretSource::Stored(place, _)) => ("webhook", place.to_string()),
        Destination::Channel { token: SecretSource::Stored(place, _), .. } => {
            ("bot token", place.to_string())
        }
    }
}

async fn look(
    client: &Client,
    destination: &Destination,
    allowed: &AllowedHosts,
) -> Fact<Result<bool, String>> {
    let secrets = |access: &crate::aws::AwsAccess| Secrets::new(client.http(), access.clone(), 3);
    let looks = match destination {
        Destination::Webhook(SecretSource::Given(url)) => Ok(url.looks_like_slacks()),
        // A token that was taken has the form of one.
        Destination::Channel { token: SecretSource::Given(_), .. } => Ok(true),
        Destination::Webhook(SecretSource::Stored(place, access)) => {
            let url = secrets(access).webhook(place, allowed, budget(client.now())).await;
            url.map(|url: WebhookUrl| url.looks_like_slacks())
        }
        Destination::Channel { token: SecretSource::Stored(place, access), .. } => {
            secrets(access).bot_token(place, budget(client.now())).await.map(|_| true)
        }
    };
    match looks {
        Ok(looks) => Ok(Ok(looks)),
        Err(error) => fact(&error).map(Err),
    }
}
