//! Credentials, Region and endpoint, found where AWS's own tools find them: environment, profiles, SSO, roles, containers
//! and instances.

use std::env;

use anyhow::{Context, anyhow, bail};
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{self, ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;
use aws_types::os_shim_internal::{Env, Fs};
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
    /// Reads the configuration. Credentials are asked for when the first request is signed. A profile that is named comes
    /// before credentials in the environment; it is an error where there is none of that name.
    pub(crate) async fn load(profile: Option<&str>, region: Option<&str>) -> anyhow::Result<Self> {
        if let Some(profile) = profile {
            known(profile).await?;
        }
        // No connection is kept: who asks for newer credentials later may do so from another thread.
        let http = HttpClient::keeping(0)?;
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http.clone())
            .region(region_chain(region, profile, http));
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        let found = loader.load().await;
        let region = found.region().filter(|region| !region.as_ref().is_empty()).context(
            "no AWS Region: name it by --region, by AWS_REGION, or in the profile (`aws configure set region`)",
        )?;
        let provider = match profile {
            Some(profile) => of_profile(profile, &found),
            None => found.credentials_provider().ok_or_else(|| anyhow!("no AWS credentials"))?,
        };
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

/// `region`, which is that of `--region` or `AWS_REGION`, or what AWS's own tools take next. The default chain of the crate
/// would end at a variable that is empty.
fn region_chain(region: Option<&str>, profile: Option<&str>, http: HttpClient) -> RegionProviderChain {
    let named = region.map(str::to_owned).or_else(|| env::var("AWS_DEFAULT_REGION").ok());
    let named = named.filter(|name| !name.is_empty()).map(Region::new);
    let config = ProviderConfig::without_region().with_http_client(http);
    let mut of_profile = ProfileFileRegionProvider::builder().configure(&config);
    if let Some(profile) = profile {
        of_profile = of_profile.profile_name(profile);
    }
    RegionProviderChain::first_try(named)
        .or_else(of_profile.build())
        .or_else(ImdsRegionProvider::builder().configure(&config).build())
}

/// Refuses a profile that is in none of the files.
async fn known(profile: &str) -> anyhow::Result<()> {
    #[expect(deprecated, reason = "the type's new name is in a crate that aws-config does not export")]
    let files = profile::profile_file::ProfileFiles::default();
    let found = profile::load(&Fs::real(), &Env::real(), &files, None).await;
    let found = found.context("--profile: AWS's configuration files cannot be read")?;
    if found.get_profile(profile).is_none() {
        bail!("--profile: there is no profile {profile:?} in AWS's configuration files");
    }
    Ok(())
}

/// The profile's credentials. One that says nothing of credentials leaves them to the container or instance, as for the
/// AWS CLI.
fn of_profile(profile: &str, found: &SdkConfig) -> SharedCredentialsProvider {
    let mut config = ProviderConfig::without_region()
        .with_region(found.region().cloned())
        .with_behavior_version(found.behavior_version())
        .with_use_fips(found.use_fips())
        .with_use_dual_stack(found.use_dual_stack());
    if let Some(http) = found.http_client() {
        config = config.with_http_client(http);
    }
    if let Some(retry) = found.retry_config() {
        config = config.with_retry_config(retry.clone());
    }
    if let Some(timeout) = found.timeout_config() {
        config = config.with_timeout_config(timeout.clone());
    }
    let own = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(profile).build();
    let container = EcsCredentialsProvider::builder().configure(&config).build();
    let instance = ImdsCredentialsProvider::builder().configure(&config).build();
    SharedCredentialsProvider::new(
        CredentialsProviderChain::first_try("Profile", own)
            .or_else("EcsContainer", container)
            .or_else("Ec2InstanceMetadata", instance),
    )
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
