//! Builds, from the configuration, a handler that is ready for its first event.
//!
//! What cannot be used stops the start with one error that names every fault. The default destination's secret is fetched
//! here, any other's with the first message that goes there, so that one that cannot be read stops no other. Each is
//! fetched again when Slack refuses a webhook or a bot token that may have been replaced meanwhile.

use thiserror::Error;

use crate::alarm_lines::AlarmLines;
use crate::config::{self, Config, ConfigError, Destination, RulesSource, SecretSource};
use crate::digest::Reader;
use crate::handler::{Handler, Notifier, Notify};
use crate::http::{Budget, HttpClient, HttpClientError};
use crate::incidents::NotifyMode;
use crate::rate_limit::Bucket;
use crate::rules::Rules;
use crate::secret::{PlaceKind, SecretError, Secrets, Stored};
use crate::slack::api_url::ApiUrl;
use crate::slack::channel_id::ChannelId;
use crate::slack::client::{Client, ClientSettings, Endpoint};
use crate::slack::post::{Post, PostError, PostOutcome};
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
    /// None before the secret was fetched.
    client: Option<Client>,
    http: HttpClient,
    seed: u64,
    has_threads: bool,
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
    let destinations: Vec<String> = config.destination_names().into_iter().map(str::to_owned).collect();
    let rules = match config.rules {
        RulesSource::Known(rules) => rules,
        RulesSource::Stored(place, access) => {
            let mut secrets = Secrets::new(http.clone(), *access, seed);
            let text = secrets.text(&place, budget).await;
            let text = text.map_err(|error| StartError::Secret { variable: RULES, error })?;
            parse_rules(&text, &destinations)?
        }
    };
    let store = config.state_table.map(|(table, access)| {
        let store = DynamoDb::new(http.clone(), *access, table.name().to_owned(), seed);
        store.in_region(table.region())
    });
    let alarm_lines = config.alarm_lines.map(|access| AlarmLines::new(http.clone(), *access));
    let allowed = config.allowed_hosts;
    let mut slack = Slack::new(http.clone(), config.destination, allowed.clone(), seed);
    slack.connect(budget).await?;
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
        (NotifyMode::Incidents, Some(store)) => Notify::over_table(rate, config.notify.policy, store),
        (NotifyMode::Every, Some(store)) => Notify::every_over_table(rate, store),
        (NotifyMode::Incidents, None) => Notify::incidents(bucket, config.notify.policy),
        (NotifyMode::Every, None) => Notify::every(bucket),
    };
    let mut handler = Handler::new(reader, style, config.max_decompressed_bytes, notify, slack);
    for (seed, (name, destination)) in (seed.wrapping_add(1)..).zip(config.destinations) {
        let slack = Slack::new(http.clone(), destination, allowed.clone(), seed);
        handler = handler.with_destination(&name, slack);
    }
    Ok(handler.with_alarm_lines(alarm_lines))
}

/// A destination that is ready to post to; what is stored in AWS is fetched.
pub async fn connect(
    destination: Destination,
    allowed: AllowedHosts,
    budget: Budget,
    seed: u64,
) -> Result<Slack, StartError> {
    let mut slack = Slack::new(HttpClient::new()?, destination, allowed, seed);
    slack.connect(budget).await?;
    Ok(slack)
}

/// The same where what is stored in AWS is fetched with the first post.
pub fn unconnected(destination: Destination, allowed: AllowedHosts, seed: u64) -> Result<Slack, StartError> {
    Ok(Slack::new(HttpClient::new()?, destination, allowed, seed))
}

impl Slack {
    /// A destination whose secret, where it is stored in AWS, is not fetched yet.
    fn new(http: HttpClient, destination: Destination, allowed: AllowedHosts, seed: u64) -> Self {
        let has_threads = matches!(destination, Destination::Channel { .. });
        let (place, access, kind) = match destination {
            Destination::Webhook(SecretSource::Given(url)) => {
                return Self::given(http, Endpoint::Webhook(url), has_threads, seed);
            }
            Destination::Channel { token: SecretSource::Given(token), channel, api } => {
                return Self::given(http, Endpoint::WebApi { api, token, channel }, has_threads, seed);
            }
            Destination::Webhook(SecretSource::Stored(place, access)) => {
                (place, access, SecretKind::Webhook(allowed))
            }
            Destination::Channel { token: SecretSource::Stored(place, access), channel, api } => {
                (place, access, SecretKind::BotToken { api, channel })
            }
        };
        let secrets = Secrets::new(http.clone(), *access, seed);
        let stored = Some(StoredSecret { secrets, place, kind });
        Self { client: None, http, seed, has_threads, stored }
    }

    fn given(http: HttpClient, endpoint: Endpoint, has_threads: bool, seed: u64) -> Self {
        let client = Some(client(http.clone(), endpoint, seed));
        Self { client, http, seed, has_threads, stored: None }
    }

    /// Fetches the secret, where it is stored and was not fetched yet.
    async fn connect(&mut self, budget: Budget) -> Result<(), StartError> {
        let Some(stored) = self.stored.as_mut().filter(|_| self.client.is_none()) else { return Ok(()) };
        let endpoint = stored.endpoint(budget).await;
        let endpoint = endpoint.map_err(|error| StartError::Secret { variable: stored.variable(), error })?;
        self.client = Some(client(self.http.clone(), endpoint, self.seed));
        Ok(())
    }
}

fn client(http: HttpClient, endpoint: Endpoint, seed: u64) -> Client {
    Client::new(http, endpoint, ClientSettings { seed, ..ClientSettings::default() })
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

fn parse_rules(text: &str, destinations: &[String]) -> Result<Rules, ConfigError> {
    let destinations: Vec<&str> = destinations.iter().map(String::as_str).collect();
    config::parse_rules(text, &destinations).map_err(|error| {
        let mut faults = ConfigError::default();
        error.faults().iter().for_each(|fault| faults.add(RULES, fault));
        faults
    })
}

impl Notifier for Slack {
    async fn post(&mut self, post: Post<'_>, budget: Budget) -> PostOutcome {
        if let Some(stored) = self.stored.as_mut().filter(|_| self.client.is_none()) {
            match stored.endpoint(budget).await {
                Ok(endpoint) => self.client = Some(client(self.http.clone(), endpoint, self.seed)),
                Err(error) => {
                    let (name, is_retryable) = (stored.name(), error.may_pass());
                    tracing::error!(%error, "the {name} of a destination cannot be read");
                    let result = Err(PostError::NoSecret { is_retryable });
                    return PostOutcome { result, requests: 0, ambiguous: 0 };
                }
            }
        }
        let Some(client) = self.client.as_mut() else {
            let result = Err(PostError::NoSecret { is_retryable: false });
            return PostOutcome { result, requests: 0, ambiguous: 0 };
        };
        let outcome = client.post(post, budget).await;
        let is_refused = outcome.result.as_ref().is_err_and(|error| error.is_credential_problem());
        let Some(stored) = self.stored.as_mut().filter(|_| is_refused) else { return outcome };
        let name = stored.name();
        match stored.endpoint(budget).await {
            Ok(endpoint) => {
                if !client.replace_endpoint(endpoint) {
                    return outcome;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "Slack refused the {name}, and it could not be fetched again");
                return outcome;
            }
        }
        tracing::info!("the {name} was replaced since the start; posting with the new one");
        let again = client.post(post, budget).await;
        let requests = outcome.requests + again.requests;
        PostOutcome { requests, ambiguous: outcome.ambiguous + again.ambiguous, ..again }
    }

    fn has_threads(&self) -> bool {
        self.has_threads
    }
}
