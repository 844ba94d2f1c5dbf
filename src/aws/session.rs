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

/// Who asks one service, or several, in one Region for as long as it takes.
pub struct Session {
    provider: SharedCredentialsProvider,
    service: Service,
    region: String,
    endpoint: Option<Url>,
    /// Of further services.
    endpoints: Vec<(Service, Url)>,
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
        let endpoint = endpoint.map(endpoint_url).transpose()?;
        let (region, current) = (region.to_owned(), Mutex::new(None));
        Ok(Self { provider, service, region, endpoint, endpoints: Vec::new(), current })
    }

    /// The same for further services, each with the endpoint that is used instead of AWS's own, if any is.
    pub fn and(mut self, endpoints: &[(Service, String)]) -> Result<Self, SessionError> {
        for (service, endpoint) in endpoints {
            self.endpoints.push((*service, endpoint_url(endpoint)?));
        }
        Ok(self)
    }

    /// The Region that is asked.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The endpoint that is configured instead of AWS's own.
    pub(crate) fn endpoint(&self) -> Option<&Url> {
        self.endpoint.as_ref()
    }

    /// What signs a request at `now`.
    pub async fn access(&self, now: SystemTime) -> Result<AwsAccess, SessionError> {
        let credentials = self.credentials(now).await?;
        let access = AwsAccess::to(self.service, credentials, self.region.clone(), self.endpoint.clone());
        Ok(access.and(&self.endpoints))
    }

    /// The credentials that hold at `now`.
    pub(crate) async fn credentials(&self, now: SystemTime) -> Result<Credentials, SessionError> {
        let mut current = self.current.lock().await;
        let holds =
            |credentials: &Credentials| credentials.expiry().is_none_or(|expiry| now + MARGIN < expiry);
        let credentials = match current.as_ref().filter(|credentials| holds(credentials)) {
            Some(credentials) => credentials.clone(),
            None => self.provider.provide_credentials().await.map_err(|error| failed(&error))?,
        };
        *current = Some(credentials.clone());
        Ok(credentials)
    }

    /// What Lambda would set in a function's environment for these credentials, so that a configuration can be read as the
    /// function reads it. It holds the secret key.
    pub(crate) async fn environment(&self, now: SystemTime) -> Result<Vec<(String, String)>, SessionError> {
        let credentials = self.credentials(now).await?;
        let mut pairs = vec![("AWS_REGION".to_owned(), self.region.clone())];
        let mut push = |name: &str, value: &str| pairs.push((name.to_owned(), value.to_owned()));
        push("AWS_ACCESS_KEY_ID", credentials.access_key_id());
        push("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key());
        credentials.session_token().into_iter().for_each(|token| push("AWS_SESSION_TOKEN", token));
        let own = self.endpoint.iter().map(|url| (self.service, url));
        let others = self.endpoints.iter().map(|(service, url)| (*service, url));
        for (service, url) in own.chain(others) {
            pairs.push((service.endpoint_variable().to_owned(), url.as_str().to_owned()));
        }
        Ok(pairs)
    }

    /// Asks the provider again next time: AWS says that the credentials have run out.
    pub(crate) async fn forget(&self) {
        *self.current.lock().await = None;
    }
}

fn endpoint_url(text: &str) -> Result<Url, SessionError> {
    let usable = |url: &Url| ["http", "https"].contains(&url.scheme()) && url.has_host();
    http::url(text).filter(usable).ok_or(SessionError::Endpoint)
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
