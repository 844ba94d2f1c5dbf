//! Credentials that may run out before the work is done: kept while they hold, and asked for again then.
//!
//! Where they come from is the provider's. No credential is ever shown.

use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use reqwest::Url;
use tokio::sync::Mutex;

use super::{AwsAccess, Service, is_region};
use crate::http;

/// Credentials with less time than this are not used for another request.
const MARGIN: Duration = Duration::from_mins(1);
/// Of what a provider says, in characters.
const MAX_REASON: usize = 400;

/// Who asks one service in one Region for as long as it takes.
pub struct Session {
    provider: SharedCredentialsProvider,
    service: Service,
    region: String,
    endpoint: Option<Url>,
    current: Mutex<Option<Credentials>>,
}

/// Why nobody can ask AWS. Not retryable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// No source of credentials has any.
    #[error(
        "no AWS credentials: sign in (`aws sso login`), name a profile (--profile), or set AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY"
    )]
    NoCredentials,
    /// A source of credentials failed.
    #[error("the AWS credentials could not be loaded (`aws sso login` renews those of SSO): {0}")]
    Failed(String),
    /// The Region cannot be one.
    #[error("{0:?} is no Region such as eu-west-1")]
    Region(String),
    /// The configured endpoint cannot be one.
    #[error("the configured endpoint (AWS_ENDPOINT_URL) is no http or https URL")]
    Endpoint,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("service", &self.service)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Nothing is asked yet. `endpoint` is used instead of AWS's own.
    pub fn new(
        provider: SharedCredentialsProvider,
        service: Service,
        region: &str,
        endpoint: Option<&str>,
    ) -> Result<Self, SessionError> {
        if !is_region(region) {
            return Err(SessionError::Region(region.to_owned()));
        }
        let usable = |url: &Url| ["http", "https"].contains(&url.scheme()) && url.has_host();
        let endpoint = match endpoint {
            Some(text) => Some(http::url(text).filter(usable).ok_or(SessionError::Endpoint)?),
            None => None,
        };
        Ok(Self { provider, service, region: region.to_owned(), endpoint, current: Mutex::new(None) })
    }

    /// The Region that is asked.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// What signs a request at `now`.
    pub(crate) async fn access(&self, now: SystemTime) -> Result<AwsAccess, SessionError> {
        let mut current = self.current.lock().await;
        let holds =
            |credentials: &Credentials| credentials.expiry().is_none_or(|expiry| now + MARGIN < expiry);
        let credentials = match current.as_ref().filter(|credentials| holds(credentials)) {
            Some(credentials) => credentials.clone(),
            None => self.provider.provide_credentials().await.map_err(|error| failed(&error))?,
        };
        *current = Some(credentials.clone());
        Ok(AwsAccess::to(self.service, credentials, self.region.clone(), self.endpoint.clone()))
    }

    /// Asks the provider again next time: AWS says that the credentials have run out.
    pub(crate) async fn forget(&self) {
        *self.current.lock().await = None;
    }
}

fn failed(error: &CredentialsError) -> SessionError {
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
        return SessionError::NoCredentials;
    }
    // The error itself says only that it failed; its causes say why.
    let mut reasons: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if reasons.last() != Some(&reason) {
            reasons.push(reason);
        }
        cause = error.source();
    }
    let reason = if reasons.is_empty() { error.to_string() } else { reasons.join(": ") };
    SessionError::Failed(reason.chars().filter(|char| !char.is_control()).take(MAX_REASON).collect())
}
