//! The operator's own secrets and long settings, fetched from AWS: webhook, bot token, rules too long for the environment.
//! Secrets in log lines are another matter: `access_log::redact` masks them.
//!
//! The text of an SSM parameter or of a secret in Secrets Manager is fetched by its name,
//! by one signed request each time it is asked for.
//! No text of a parameter or a secret, no credential and no answer is part of an error or a `Debug`.
//! Of the AWS SDK only the signing is used. The request goes through the HTTP client that Slack needs anyway; the whole SDK
//! would bring a second client and a second TLS.

mod answer;
mod stored;

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

pub use answer::AwsErrorCode;
pub use stored::{Stored, StoredError};

use crate::aws::{AwsAccess, Call, Service, SigningError};
use crate::backoff::Backoff;
use crate::http::{Budget, HttpClient, Patience, Transport, TransportFault};
use crate::slack::bot_token::{BotToken, BotTokenError};
use crate::slack::webhook_url::{AllowedHosts, WebhookUrl, WebhookUrlError};

/// A secret holds up to 64 KiB, which JSON's escapes can double and more.
const PATIENCE: Patience =
    Patience { head: Duration::from_secs(5), total: Duration::from_secs(6), bytes: 256 * 1024 };

/// Lambda starts a container again that could not start, so a start that fails beats one that hangs.
const TRIES: u32 = 3;

/// Reads from AWS; it keeps nothing of what it read.
pub struct Secrets<H = HttpClient> {
    http: H,
    access: AwsAccess,
    backoff: Backoff,
}

impl<H> fmt::Debug for Secrets<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").field("access", &self.access).finish_non_exhaustive()
    }
}

impl<H: Transport> Secrets<H> {
    /// Nothing is fetched yet. `seed` is for the jitter of the waits between tries.
    #[must_use]
    pub fn new(http: H, access: AwsAccess, seed: u64) -> Self {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1), seed);
        Self { http, access, backoff }
    }

    /// The webhook stored at `place`.
    ///
    /// The stored text is the URL itself, or a JSON object with the URL as its `url`, `webhook`,
    /// `webhook_url` or `SLACK_WEBHOOK_URL`, or as its only text (Secrets Manager's console stores
    /// objects). White space around either is ignored.
    pub async fn webhook(
        &mut self,
        place: &Stored,
        allowed: &AllowedHosts,
        budget: Budget,
    ) -> Result<WebhookUrl, SecretError> {
        let text = self.text(place, budget).await?;
        let url = answer::secret_text(&text, &answer::URL_KEYS);
        let url = url.ok_or(SecretError::NoUrlInObject { place: place.kind() })?;
        WebhookUrl::parse(&url, allowed).map_err(SecretError::Webhook)
    }

    /// The bot token stored at `place`.
    ///
    /// The stored text is the token itself, or a JSON object with the token as its `token`, `bot_token`,
    /// `slack_bot_token` or `SLACK_BOT_TOKEN`, or as its only text. White space around either is ignored.
    pub async fn bot_token(&mut self, place: &Stored, budget: Budget) -> Result<BotToken, SecretError> {
        let text = self.text(place, budget).await?;
        let token = answer::secret_text(&text, &answer::TOKEN_KEYS);
        let token = token.ok_or(SecretError::NoTokenInObject { place: place.kind() })?;
        BotToken::parse(&token).map_err(SecretError::BotToken)
    }

    /// The text stored at `place`, as it stands.
    pub async fn text(&mut self, place: &Stored, budget: Budget) -> Result<String, SecretError> {
        // In a box, which most functions never need: room in line would be part of every start and every post.
        Box::pin(self.fetch(place, budget)).await
    }

    async fn fetch(&mut self, place: &Stored, budget: Budget) -> Result<String, SecretError> {
        let began = Instant::now();
        let mut error = SecretError::NoTimeLeft { place: place.kind() };
        for failures in 1..=TRIES {
            if !budget.allows_request_at(Instant::now()) {
                break;
            }
            let now = budget.wall_clock(began.elapsed());
            let request = self.access.request(call(place), now)?;
            error = match self.http.exchange(request, PATIENCE, budget).await {
                Ok(answer) => match answer::text(place.kind(), &answer) {
                    Err(error) if error.may_pass() => error,
                    other => return other,
                },
                Err(lost) => SecretError::Transport { place: place.kind(), fault: lost.fault },
            };
            let again = Instant::now() + self.backoff.wait(failures);
            if failures < TRIES && budget.allows_request_at(again) {
                sleep_until(again).await;
            }
        }
        Err(error)
    }
}

/// The request for the text at `place`.
fn call(place: &Stored) -> Call<'_> {
    let name = place.name();
    let (service, target, body) = match place.kind() {
        PlaceKind::Parameter => (
            Service::Ssm,
            "AmazonSSM.GetParameter",
            serde_json::json!({ "Name": name, "WithDecryption": true }),
        ),
        PlaceKind::Secret => (
            Service::SecretsManager,
            "secretsmanager.GetSecretValue",
            serde_json::json!({ "SecretId": name }),
        ),
    };
    Call { service, target, region: place.region(), body: body.to_string() }
}

/// What kind of place a text is stored in, as errors name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceKind {
    /// A parameter of SSM's parameter store.
    Parameter,
    /// A secret of Secrets Manager.
    Secret,
}

impl PlaceKind {
    /// The permission that reading it takes.
    fn permission(self) -> &'static str {
        match self {
            Self::Parameter => "ssm:GetParameter",
            Self::Secret => "secretsmanager:GetSecretValue",
        }
    }
}

impl fmt::Display for PlaceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parameter => "SSM parameter",
            Self::Secret => "secret",
        })
    }
}

/// Why a stored text could not be read. Texts are fixed, with nothing of AWS's answer in them but a
/// status and a code from a closed list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// AWS said no. Retryable where the code says so, after it was tried three times.
    #[error("AWS did not give the {place} ({status}{}): {}", answer::Named(*code), answer::advice(*code, *place))]
    Refused {
        /// What was asked for.
        place: PlaceKind,
        /// The answer's HTTP status.
        status: u16,
        /// AWS's code for the reason, if it is a known one.
        code: Option<AwsErrorCode>,
    },
    /// No answer, three times. Retryable.
    #[error("AWS could not be asked for the {place}: {fault}: in a VPC, check its route or endpoint")]
    Transport {
        /// What was asked for.
        place: PlaceKind,
        /// What went wrong the last time.
        fault: TransportFault,
    },
    /// The invocation has no time left for a request. Retryable in another.
    #[error("no time was left to ask AWS for the {place}")]
    NoTimeLeft {
        /// What was to be asked for.
        place: PlaceKind,
    },
    /// AWS answered without a text. Not retryable.
    #[error("the {place} holds no text: store it as a string")]
    NoText {
        /// What was asked for.
        place: PlaceKind,
    },
    /// It is a JSON object of which no one text is the webhook's URL. Not retryable.
    #[error("the {place} is a JSON object without one clear URL: name it url, or store the URL alone")]
    NoUrlInObject {
        /// What was asked for.
        place: PlaceKind,
    },
    /// It is a JSON object of which no one text is the bot token. Not retryable.
    #[error(
        "the {place} is a JSON object without one clear bot token: name it token, or store the token alone"
    )]
    NoTokenInObject {
        /// What was asked for.
        place: PlaceKind,
    },
    /// The stored text is no bot token. Not retryable.
    #[error("the stored bot token cannot be used: {0}")]
    BotToken(BotTokenError),
    /// The stored text is no webhook URL that may be posted to. Not retryable.
    #[error("the stored webhook cannot be used: {0}")]
    Webhook(WebhookUrlError),
    /// The request could not be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

impl SecretError {
    /// The permission that is missing, where AWS says that one is.
    #[cfg(feature = "live")]
    pub(crate) fn denied(&self) -> Option<&'static str> {
        let Self::Refused { place, code: Some(code), .. } = self else { return None };
        code.denied(*place)
    }

    /// Whether another try may succeed.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Refused { status, code, .. } => {
                *status >= 500 || *status == 429 || code.is_some_and(AwsErrorCode::may_pass)
            }
            Self::Transport { .. } | Self::NoTimeLeft { .. } => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
