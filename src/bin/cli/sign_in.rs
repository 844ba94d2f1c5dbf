//! Credentials, Region and endpoint, found where AWS's own tools find them: environment, profiles, SSO, roles, containers
//! and instances.

use anyhow::{Context, anyhow};
use aws_config::{BehaviorVersion, Region};
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use statuswatch::aws::{Service, Session};
use statuswatch::http::HttpClient;

/// Who asks CloudWatch Logs. Nothing is asked of CloudWatch Logs yet.
pub(crate) async fn session(profile: Option<&str>, region: Option<&str>) -> anyhow::Result<Session> {
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
    let endpoint = endpoint(&found);
    Ok(Session::new(provider, Service::Logs, region.as_ref(), endpoint.as_deref())?)
}

/// `AWS_ENDPOINT_URL_CLOUDWATCH_LOGS` or `AWS_ENDPOINT_URL`, or the same of the profile.
fn endpoint(found: &SdkConfig) -> Option<String> {
    // As its section of a profile is named: aws-runtime 1.10 makes `cloudwatch-logs` of the service's own name.
    let key = ServiceConfigKey::builder()
        .service_id("cloudwatch_logs")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let of_service = found.service_config().and_then(|config| config.load_config(key));
    of_service.or_else(|| found.endpoint_url().map(str::to_owned))
}
