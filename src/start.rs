//! The configuration in; a handler that is ready for its first event, out.
//!
//! What cannot be used stops the start with one error that names every fault. Secrets are fetched here, once, and
//! again when Slack refuses a webhook or a bot token that may have been replaced meanwhile.

use thiserror::Error;

use crate::config::{Config, ConfigError, Destination, RulesSource, SecretSource};
use crate::digest::Reader;
use crate::handler::{Handler, Notifier, Notify};
use crate::http::{Budget, HttpClient, HttpClientError};
use crate::incidents::NotifyMode;
use crate::outbox::Bucket;
use crate::rules::Rules;
use crate::secret::{PlaceKind, SecretError, Secrets, Stored};
use crate::slack::api_url::ApiUrl;
use crate::slack::channel_id::ChannelId;
use crate::slack::client::{Client, ClientSettings, Endpoint};
use crate::slack::post::{Post, PostOutcome};
use crate::slack::webhook_url::AllowedHosts;
use crate::store::{DynamoDb, Rate};

/// Where a rules fault is listed.
const RULES: &str = "STATUSWATCH_RULES";

/// Why the function does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Something that the operator set.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The webhook, the bot token or the rules could not be fetched.
    #[error("{variable}: {error}")]
    Secret {
        /// What names the place in AWS.
        variable: &'static str,
        /// Why it could not be read.
        error: SecretError,
    },
    /// A fault of this program.
    #[error(transparent)]
    Http(#[from] HttpClientError),
}

/// A destination whose webhook or bot token, where it is stored in AWS, is fetched again when Slack refuses it.
#[derive(Debug)]
pub struct Slack {
    client: Client,
    stored: Option<StoredSecret>,
}

/// Where the secret of a destination is stored.
#[derive(Debug)]
struct StoredSecret {
    secrets: Secrets,
    place: Stored,
    kind: SecretKind,
}

/// What is stored, with the rest of its destination.
#[derive(Debug)]
enum SecretKind {
    Webhook(AllowedHosts),
    BotToken { api: ApiUrl, channel: ChannelId },
}

/// Reads the configuration from the environment's pairs, fetches what is stored in AWS, and builds the handler.
///
/// `seed` is for the jitter of waits and must differ between containers.
pub async fn start(
    environment: impl IntoIterator<Item = (String, String)>,
    budget: Budget,
    seed: u64,
) -> Result<Handler<Slack>, StartError> {
    let config = Config::read(environment)?;
    let http = HttpClient::new()?;
    let style = config.style();
    let rules = match config.rules {
        RulesSource::Known(rules) => rules,
        RulesSource::Stored(place, access) => {
            let mut secrets = Secrets::new(http.clone(), *access, seed);
            let text = secrets.text(&place, budget).await;
            parse_rules(&text.map_err(|error| StartError::Secret { variable: RULES, error })?)?
        }
    };
    let store = config.state_table.map(|(table, access)| {
        let store = DynamoDb::new(http.clone(), *access, table.name().to_owned(), seed);
        store.in_region(table.region())
    });
    let slack = connect_with(http, config.destination, config.allowed_hosts, budget, seed).await?;
    let reader = Reader {
        format: config.format,
        redact: config.redact,
        own_log_group: config.function.log_group,
        samples_per_group: config.max_lines,
        ..Reader::new(rules)
    };
    let spacing_ms = u32::try_from(config.spacing.as_millis()).unwrap_or(u32::MAX);
    let rate = Rate { burst: config.burst, spacing_ms };
    let bucket = Bucket::new(rate.burst, rate.spacing_ms);
    let notify = match (config.notify.mode, store) {
        (NotifyMode::Incidents, Some(store)) => Notify::shared(rate, config.notify.policy, store),
        (NotifyMode::Every, Some(store)) => Notify::every_shared(rate, store),
        (NotifyMode::Incidents, None) => Notify::incidents(bucket, config.notify.policy),
        (NotifyMode::Every, None) => Notify::every(bucket),
    };
    Ok(Handler::new(reader, style, config.max_decompressed_bytes, notify, slack))
}

/// A destination that is ready to post to; what is stored in AWS is fetched.
pub async fn connect(
    destination: Destination,
    allowed: AllowedHosts,
    budget: Budget,
    seed: u64,
) -> Result<Slack, StartError> {
    connect_with(HttpClient::new()?, destination, allowed, budget, seed).await
}

async fn connect_with(
    http: HttpClient,
    destination: Destination,
    allowed: AllowedHosts,
    budget: Budget,
    seed: u64,
) -> Result<Slack, StartError> {
    let (place, access, kind) = match destination {
        Destination::Webhook(SecretSource::Given(url)) => {
            return Ok(Slack::new(http, Endpoint::Webhook(url), None, seed));
        }
        Destination::Channel { token: SecretSource::Given(token), channel, api } => {
            return Ok(Slack::new(http, Endpoint::WebApi { api, token, channel }, None, seed));
        }
        Destination::Webhook(SecretSource::Stored(place, access)) => {
            (place, access, SecretKind::Webhook(allowed))
        }
        Destination::Channel { token: SecretSource::Stored(place, access), channel, api } => {
            (place, access, SecretKind::BotToken { api, channel })
        }
    };
    let mut stored = StoredSecret { secrets: Secrets::new(http.clone(), *access, seed), place, kind };
    let endpoint = stored.endpoint(budget).await;
    let endpoint = endpoint.map_err(|error| StartError::Secret { variable: stored.variable(), error })?;
    Ok(Slack::new(http, endpoint, Some(stored), seed))
}

impl Slack {
    fn new(http: HttpClient, endpoint: Endpoint, stored: Option<StoredSecret>, seed: u64) -> Self {
        let settings = ClientSettings { seed, ..ClientSettings::default() };
        Self { client: Client::new(http, endpoint, settings), stored }
    }
}

impl StoredSecret {
    /// The destination with the secret as it is stored now.
    async fn endpoint(&mut self, budget: Budget) -> Result<Endpoint, SecretError> {
        let Self { secrets, place, kind } = self;
        match kind {
            SecretKind::Webhook(allowed) => {
                secrets.webhook(place, allowed, budget).await.map(Endpoint::Webhook)
            }
            SecretKind::BotToken { api, channel } => {
                let token = secrets.bot_token(place, budget).await?;
                Ok(Endpoint::WebApi { api: api.clone(), token, channel: channel.clone() })
            }
        }
    }

    /// The variable that names the place.
    fn variable(&self) -> &'static str {
        match (&self.kind, self.place.kind()) {
            (SecretKind::Webhook(_), PlaceKind::Parameter) => "SLACK_WEBHOOK_PARAMETER",
            (SecretKind::Webhook(_), PlaceKind::Secret) => "SLACK_WEBHOOK_SECRET",
            (SecretKind::BotToken { .. }, PlaceKind::Parameter) => "SLACK_BOT_TOKEN_PARAMETER",
            (SecretKind::BotToken { .. }, PlaceKind::Secret) => "SLACK_BOT_TOKEN_SECRET",
        }
    }

    /// What is stored, in words.
    fn name(&self) -> &'static str {
        match self.kind {
            SecretKind::Webhook(_) => "webhook",
            SecretKind::BotToken { .. } => "bot token",
        }
    }
}

fn parse_rules(text: &str) -> Result<Rules, ConfigError> {
    Rules::parse(text).map_err(|error| {
        let mut faults = ConfigError::default();
        error.faults().iter().for_each(|fault| faults.add(RULES, fault));
        faults
    })
}

impl Notifier for Slack {
    async fn post(&mut self, post: Post<'_>, budget: Budget) -> PostOutcome {
        let outcome = self.client.post(post, budget).await;
        let is_refused = outcome.result.as_ref().is_err_and(|error| error.is_credential_problem());
        let Some(stored) = self.stored.as_mut().filter(|_| is_refused) else { return outcome };
        let name = stored.name();
        match stored.endpoint(budget).await {
            Ok(endpoint) => {
                if !self.client.replace_endpoint(endpoint) {
                    return outcome;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "slack refused the {name}, and it could not be fetched again");
                return outcome;
            }
        }
        tracing::info!("the {name} was replaced since the start; posting with the new one");
        let again = self.client.post(post, budget).await;
        let requests = outcome.requests + again.requests;
        PostOutcome { requests, ambiguous: outcome.ambiguous + again.ambiguous, ..again }
    }

    fn has_threads(&self) -> bool {
        self.client.has_threads()
    }
}
