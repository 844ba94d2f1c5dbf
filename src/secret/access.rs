//! Who asks AWS, and where.
//!
//! In come the variables that Lambda sets for every function (and those by which AWS's own tools are
//! pointed at another endpoint), out come signed requests. No credential is ever shown.

use std::fmt;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::stored::is_region;
use super::{PlaceKind, SecretError, Stored};
use crate::config::{ConfigError, Environment};
use crate::http::{self, HttpClient};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// Credentials, Region and endpoints.
#[derive(Clone)]
pub struct AwsAccess {
    credentials: Credentials,
    region: String,
    /// Used instead of AWS's own, whatever the Region.
    ssm_endpoint: Option<Url>,
    secrets_manager_endpoint: Option<Url>,
}

impl fmt::Debug for AwsAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsAccess").field("region", &self.region).finish_non_exhaustive()
    }
}

impl AwsAccess {
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` and `AWS_REGION`, which Lambda
    /// sets, and the endpoints in `AWS_ENDPOINT_URL_SSM`, `AWS_ENDPOINT_URL_SECRETS_MANAGER` or, for
    /// both, `AWS_ENDPOINT_URL`. Lambda's credentials outlive the container, so they are read once.
    pub(crate) fn read(environment: &Environment, faults: &mut ConfigError) -> Option<Self> {
        let mut required = |name: &str| {
            let value = environment.text(name);
            if value.is_none() {
                faults.add(
                    name,
                    "is not set: Lambda sets it, elsewhere it is needed to read from SSM or Secrets Manager",
                );
            }
            value
        };
        let key_id = required("AWS_ACCESS_KEY_ID");
        let secret_key = required("AWS_SECRET_ACCESS_KEY");
        let region = required("AWS_REGION").filter(|region| {
            let usable = is_region(region);
            if !usable {
                faults.add("AWS_REGION", "is not a Region such as eu-west-1");
            }
            usable
        });
        let mut endpoint = |own: &str| {
            let name = [own, "AWS_ENDPOINT_URL"].into_iter().find(|name| environment.get(name).is_some())?;
            let url = environment.get(name).and_then(http::url);
            let url = url.filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
            if url.is_none() {
                faults.add(name, "is not an http or https URL");
            }
            url
        };
        let ssm_endpoint = endpoint("AWS_ENDPOINT_URL_SSM");
        let secrets_manager_endpoint = endpoint("AWS_ENDPOINT_URL_SECRETS_MANAGER");
        let session_token = environment.text("AWS_SESSION_TOKEN");
        let credentials = Credentials::new(key_id?, secret_key?, session_token, None, "environment");
        Some(Self { credentials, region: region?, ssm_endpoint, secrets_manager_endpoint })
    }

    /// A request for the text at `place`, signed for `now`; the signature holds for five minutes.
    pub(super) fn request(
        &self,
        http: &HttpClient,
        place: &Stored,
        now: SystemTime,
    ) -> Result<reqwest::RequestBuilder, SecretError> {
        let (service, target, body) = match place.kind() {
            PlaceKind::Parameter => (
                "ssm",
                "AmazonSSM.GetParameter",
                serde_json::json!({ "Name": place.name(), "WithDecryption": true }),
            ),
            PlaceKind::Secret => (
                "secretsmanager",
                "secretsmanager.GetSecretValue",
                serde_json::json!({ "SecretId": place.name() }),
            ),
        };
        let body = body.to_string();
        let region = place.region().unwrap_or(&self.region);
        let url = self.endpoint(place.kind(), service, region).ok_or(SecretError::Signing)?;
        let headers = [("content-type", CONTENT_TYPE), ("x-amz-target", target)];
        let signature = self.signature(service, region, &url, &headers, &body, now)?;
        let mut request = http.post(url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        for (name, value) in signature {
            request = request.header(name, value);
        }
        Ok(request.body(body))
    }

    fn endpoint(&self, kind: PlaceKind, service: &str, region: &str) -> Option<Url> {
        let configured = match kind {
            PlaceKind::Parameter => &self.ssm_endpoint,
            PlaceKind::Secret => &self.secrets_manager_endpoint,
        };
        if let Some(url) = configured {
            return Some(url.clone());
        }
        // China and the European Sovereign Cloud are partitions with domains of their own; GovCloud has
        // the usual one.
        let domain = match region {
            _ if region.starts_with("cn-") => "amazonaws.com.cn",
            _ if region.starts_with("eusc-") => "amazonaws.eu",
            _ => "amazonaws.com",
        };
        Url::parse(&format!("https://{service}.{region}.{domain}/")).ok()
    }

    /// The headers that sign a POST by AWS's Signature Version 4.
    fn signature(
        &self,
        service: &str,
        region: &str,
        url: &Url,
        headers: &[(&str, &str)],
        body: &str,
        now: SystemTime,
    ) -> Result<Vec<(&'static str, HeaderValue)>, SecretError> {
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| SecretError::Signing)?;
        let body = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new("POST", url.as_str(), headers.iter().copied(), body)
            .map_err(|_| SecretError::Signing)?;
        let signed = sign(request, &parameters.into()).map_err(|_| SecretError::Signing)?;
        let (instructions, _) = signed.into_parts();
        let (headers, _) = instructions.into_parts();
        let headers = headers.into_iter().map(|header| {
            let mut value = HeaderValue::from_str(header.value()).map_err(|_| SecretError::Signing)?;
            value.set_sensitive(header.sensitive());
            Ok((header.name(), value))
        });
        headers.collect()
    }
}

#[cfg(test)]
impl AwsAccess {
    /// The headers that sign an empty POST.
    pub(super) fn signed_headers(
        &self,
        service: &str,
        url: &str,
        now: SystemTime,
    ) -> std::collections::BTreeMap<&'static str, String> {
        let url = Url::parse(url).unwrap();
        let headers = self.signature(service, &self.region, &url, &[], "", now).unwrap();
        headers.into_iter().map(|(name, value)| (name, value.to_str().unwrap().to_owned())).collect()
    }

    pub(super) fn in_region(self, region: &str) -> Self {
        Self { region: region.to_owned(), ..self }
    }
}
