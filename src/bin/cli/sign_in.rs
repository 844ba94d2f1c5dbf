//! Credentials, Region and endpoint, found where AWS's own tools find them: environment, profiles, SSO, roles, containers
//! and instances.

use anyhow::{Context, anyhow};
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use statuswatch::aws::{Service, Session};
use statuswatch::http::HttpClient;

/// Credentials, Region and endpoints of one command, for any service.
pub(crate) struct SignIn {
    found: SdkConfig,
    provider: SharedCredentialsProvider,
    region: String,
}

impl SignIn {
    /// Reads the configuration. Credentials are asked for when the first request is signed.
    pub(crate) async fn load(profile: Option<&str>, region: Option<&str>) -> anyhow::Result<Self> {
        // No connection is kept: who asks for newer credentials later may do so from another thread.
        let mut loader =
            aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(HttpClient::keeping(0)?);
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        let found = loader.load().await;
        let region = found.region().context(
            "no AWS Region: name it by --region, by AWS_REGION, or in the profile (`aws configure set region`)",
        )?;
        let provider = found.credentials_provider().ok_or_else(|| anyhow!("no AWS credentials"))?;
        let region = region.to_string();
        Ok(Self { found, provider, region })
    }

    /// The Region that was found.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// Who asks `service`. Nothing is asked yet.
    pub(crate) fn session(&self, service: Service) -> anyhow::Result<Session> {
        let endpoint = endpoint(&self.found, service);
        Ok(Session::new(self.provider.clone(), service, &self.region, endpoint.as_deref())?)
    }

    /// Who asks any of `services`. Nothing is asked yet.
    pub(crate) fn session_of_all(&self, services: &[Service]) -> anyhow::Result<Session> {
        let (first, others) = services.split_first().context("no service of AWS is named")?;
        let endpoints =
            others.iter().filter_map(|service| Some((*service, endpoint(&self.found, *service)?)));
        Ok(self.session(*first)?.and(&endpoints.collect::<Vec<_>>())?)
    }
}

/// The service's own `AWS_ENDPOINT_URL_...` or `AWS_ENDPOINT_URL`, or the same of the profile.
fn endpoint(found: &SdkConfig, service: Service) -> Option<String> {
    // Variable and section of the profile are named alike: aws-runtime 1.10 makes `cloudwatch-logs` of the service's own
    // name.
    let id = service.endpoint_variable().strip_prefix("AWS_ENDPOINT_URL_")?.to_ascii_lowercase();
    let key = ServiceConfigKey::builder()
        .service_id(&id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let of_service = found.service_config().and_then(|config| config.load_config(key));
    of_service.or_else(|| found.endpoint_url().map(str::to_owned))
}
