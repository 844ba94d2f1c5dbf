//! The configuration in; a handler that is ready for its first event, out.
//!
//! What cannot be used stops the start with one error that names every fault. Secrets are fetched here, once, and
//! again when Slack refuses a webhook that may have been replaced meanwhile.

use thiserror::Error;

use crate::config::{Config, ConfigError, RulesSource, WebhookSource};
use crate::digest::Reader;
use crate::handler::{Handler, Notifier, Notify};
use crate::http::{Budget, HttpClient, HttpClientError};
use crate::incidents::NotifyMode;
use crate::outbox::Bucket;
use crate::rules::Rules;
use crate::secret::{PlaceKind, SecretError, Secrets, Stored};
use crate::slack::client::{Client, ClientSettings};
use crate::slack::post::{Post, PostOutcome};
use crate::slack::webhook_url::{AllowedHosts, WebhookUrl};
use crate::store::{DynamoDb, Rate};

/// For so long a batch may come again and is known: Lambda's queue keeps an event for six hours at most, and a Kinesis
/// stream its records for a day, unless the operator keeps them longer.
const BATCH_RETURNS_MS: i64 = 24 * 3_600_000;
/// Where a rules fault is listed.
const RULES: &str = "STATUSWATCH_RULES";

/// Why the function does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Something that the operator set.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The webhook or the rules could not be fetched.
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

/// A webhook that is fetched again when Slack refuses it.
#[derive(Debug)]
pub struct Webhook {
    client: Client,
    stored: Option<StoredWebhook>,
}

#[derive(Debug)]
struct StoredWebhook {
    secrets: Secrets,
    place: Stored,
    allowed: AllowedHosts,
}

/// Reads the configuration from the environment's pairs, fetches what is stored in AWS, and builds the handler.
///
/// `seed` is for the jitter of waits and must differ between containers.
pub async fn start(
    environment: impl IntoIterator<Item = (String, String)>,
    budget: Budget,
    seed: u64,
) -> Result<Handler<Webhook>, StartError> {
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
        store.in_region(table.region()).with_marker_ms(BATCH_RETURNS_MS)
    });
    let webhook = connect_with(http, config.webhook, config.allowed_hosts, budget, seed).await?;
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
    Ok(Handler::new(reader, style, config.max_decompressed_bytes, notify, webhook))
}

/// A webhook that is ready to post to; what is stored in AWS is fetched.
pub async fn connect(
    source: WebhookSource,
    allowed: AllowedHosts,
    budget: Budget,
    seed: u64,
) -> Result<Webhook, StartError> {
    connect_with(HttpClient::new()?, source, allowed, budget, seed).await
}

async fn connect_with(
    http: HttpClient,
    source: WebhookSource,
    allowed: AllowedHosts,
    budget: Budget,
    seed: u64,
) -> Result<Webhook, StartError> {
    match source {
        WebhookSource::Url(url) => Ok(Webhook::new(http, url, None, seed)),
        WebhookSource::Stored(place, access) => {
            let mut secrets = Secrets::new(http.clone(), *access, seed);
            let url = secrets.webhook(&place, &allowed, budget).await;
            let url =
                url.map_err(|error| StartError::Secret { variable: webhook_variable(&place), error })?;
            Ok(Webhook::new(http, url, Some(StoredWebhook { secrets, place, allowed }), seed))
        }
    }
}

fn webhook_variable(place: &Stored) -> &'static str {
    match place.kind() {
        PlaceKind::Parameter => "SLACK_WEBHOOK_PARAMETER",
        PlaceKind::Secret => "SLACK_WEBHOOK_SECRET",
    }
}

fn parse_rules(text: &str) -> Result<Rules, ConfigError> {
    Rules::parse(text).map_err(|error| {
        let mut faults = ConfigError::default();
        error.faults().iter().for_each(|fault| faults.add(RULES, fault));
        faults
    })
}

impl Webhook {
    fn new(http: HttpClient, url: WebhookUrl, stored: Option<StoredWebhook>, seed: u64) -> Self {
        let settings = ClientSettings { seed, ..ClientSettings::default() };
        Self { client: Client::new(http, url, settings), stored }
    }
}

impl Notifier for Webhook {
    async fn post(&mut self, post: Post<'_>, budget: Budget) -> PostOutcome {
        let outcome = self.client.post(post, budget).await;
        let is_refused = matches!(outcome.result, Err(error) if error.is_credential_problem());
        let Some(stored) = self.stored.as_mut().filter(|_| is_refused) else { return outcome };
        match stored.secrets.webhook(&stored.place, &stored.allowed, budget).await {
            Ok(url) => {
                if !self.client.replace_webhook(url) {
                    return outcome;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "slack refused the webhook, and it could not be fetched again");
                return outcome;
            }
        }
        tracing::info!("the webhook was replaced since the start; posting to the new one");
        let again = self.client.post(post, budget).await;
        let requests = outcome.requests + again.requests;
        PostOutcome { requests, ambiguous: outcome.ambiguous + again.ambiguous, ..again }
    }
}
