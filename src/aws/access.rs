//! Who asks AWS, and where.
//!
//! In come the variables that Lambda sets for every function (and those by which AWS's own tools are
//! pointed at another endpoint), out come signed requests. No credential is ever shown.

use std::fmt;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
#[cfg(feature = "live")]
use reqwest::Method;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::{Service, is_region};
use crate::environment::{ConfigError, Environment};
use crate::http::{self, Request};

/// Credentials, Region and endpoints.
#[derive(Clone)]
pub struct AwsAccess {
    credentials: Credentials,
    region: String,
    /// Used instead of AWS's own, whatever the Region.
    endpoints: Vec<(Service, Url)>,
}

/// One request of AWS's JSON protocol.
pub(crate) struct Call<'a> {
    pub(crate) service: Service,
    /// The operation, as the header `x-amz-target` names it.
    pub(crate) target: &'static str,
    /// Another Region than the configured one.
    pub(crate) region: Option<&'a str>,
    /// The request's JSON.
    pub(crate) body: String,
}

/// A GET, or the POST of a form.
#[cfg(feature = "live")]
pub(crate) struct RestCall<'a> {
    pub(crate) service: Service,
    /// Encoded already; it begins with `/`.
    pub(crate) path_and_query: &'a str,
    pub(crate) form: Option<&'a str>,
}

/// What is signed besides a request's own parts.
struct Signing<'a> {
    method: &'a str,
    service: &'a str,
    region: &'a str,
    settings: SigningSettings,
}

/// A request could not be signed; it can only be a fault of this program. Not retryable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request to AWS could not be signed")]
pub struct SigningError;

impl fmt::Debug for AwsAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsAccess").field("region", &self.region).finish_non_exhaustive()
    }
}

impl AwsAccess {
    /// From the variables that Lambda sets, as pairs of name and value. The error names each that is missing or is wrong.
    pub fn of_variables(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut faults = ConfigError::default();
        Self::read(&Environment::new(pairs), &mut faults).ok_or(faults)
    }

    /// For one service, at its endpoint where it has another than AWS's own.
    #[cfg(feature = "live")]
    pub(super) fn to(
        service: Service,
        credentials: Credentials,
        region: String,
        endpoint: Option<Url>,
    ) -> Self {
        Self { credentials, region, endpoints: endpoint.map(|url| (service, url)).into_iter().collect() }
    }

    /// For further services as well, at these endpoints.
    #[cfg(feature = "live")]
    pub(super) fn and(mut self, endpoints: &[(Service, Url)]) -> Self {
        self.endpoints.extend_from_slice(endpoints);
        self
    }

    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` and `AWS_REGION`, which Lambda
    /// sets, and the endpoints in `AWS_ENDPOINT_URL_SSM`, `AWS_ENDPOINT_URL_SECRETS_MANAGER`,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL_CLOUDWATCH_LOGS` or, for all, `AWS_ENDPOINT_URL`. Lambda's credentials outlive the container, so they are read once.
    pub(crate) fn read(environment: &Environment, faults: &mut ConfigError) -> Option<Self> {
        let mut required = |name: &str| {
            let value = environment.text(name);
            if value.is_none() {
                faults.add(name, "is not set: Lambda sets it, elsewhere it is needed to call AWS");
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
        let endpoints = Service::ALL
            .into_iter()
            .filter_map(|service| Some((service, endpoint(service.endpoint_variable())?)))
            .collect();
        let session_token = environment.text("AWS_SESSION_TOKEN");
        let credentials = Credentials::new(key_id?, secret_key?, session_token, None, "environment");
        Some(Self { credentials, region: region?, endpoints })
    }

    /// A request signed for `now`; the signature holds for five minutes.
    pub(crate) fn request(&self, call: Call<'_>, now: SystemTime) -> Result<Request, SigningError> {
        let url = self.endpoint(call.service, call.region.unwrap_or(&self.region))?;
        self.request_to(url, call, now)
    }

    /// The same, to the host that answers with a stream, unless an endpoint is configured.
    ///
    /// Source: the API reference of `StartLiveTail`: `stream-` before the usual host, as SDKs have it since April 2026.
    #[cfg(feature = "live")]
    pub(crate) fn stream_request(&self, call: Call<'_>, now: SystemTime) -> Result<Request, SigningError> {
        let mut url = self.endpoint(call.service, call.region.unwrap_or(&self.region))?;
        if !self.endpoints.iter().any(|(of, _)| *of == call.service) {
            let host = format!("stream-{}", url.host_str().ok_or(SigningError)?);
            url.set_host(Some(&host)).map_err(|_| SigningError)?;
        }
        self.request_to(url, call, now)
    }

    fn request_to(&self, url: Url, call: Call<'_>, now: SystemTime) -> Result<Request, SigningError> {
        let Call { service, target, region, body } = call;
        let region = region.unwrap_or(&self.region);
        let headers = [("content-type", service.content_type()), ("x-amz-target", target)];
        let signing =
            Signing { method: "POST", service: service.name(), region, settings: SigningSettings::default() };
        let signature = self.signature(signing, &url, &headers, &body, now)?;
        let plain = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        let all = plain.into_iter().chain(signature);
        let named = |(name, value)| Ok((HeaderName::try_from(name).map_err(|_| SigningError)?, value));
        let headers = all.map(named).collect::<Result<HeaderMap, _>>()?;
        Ok(Request {
            #[cfg(feature = "live")]
            method: Method::POST,
            url,
            headers,
            body,
            #[cfg(feature = "live")]
            buffer: Vec::new(),
        })
    }

    /// A request of another protocol than JSON's, signed for `now`.
    #[cfg(feature = "live")]
    pub(crate) fn rest_request(&self, call: &RestCall<'_>, now: SystemTime) -> Result<Request, SigningError> {
        let RestCall { service, path_and_query, form } = *call;
        let url = self.endpoint(service, &self.region)?.join(path_and_query).map_err(|_| SigningError)?;
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let signing = Signing {
            method: method.as_str(),
            service: service.name(),
            region: &self.region,
            settings: service.signing_settings(),
        };
        let content_type = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        let headers: Vec<_> = form.map(|_| content_type).into_iter().collect();
        let body = form.unwrap_or_default().to_owned();
        let signature = self.signature(signing, &url, &headers, &body, now)?;
        let plain = headers.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value)));
        let named = |(name, value)| Ok((HeaderName::try_from(name).map_err(|_| SigningError)?, value));
        let headers = plain.chain(signature).map(named).collect::<Result<HeaderMap, _>>()?;
        Ok(Request { method, url, headers, body, buffer: Vec::new() })
    }

    fn endpoint(&self, service: Service, region: &str) -> Result<Url, SigningError> {
        let configured = self.endpoints.iter().find(|(of, _)| *of == service);
        configured.map(|(_, url)| url.clone()).or_else(|| service.endpoint(region)).ok_or(SigningError)
    }

    /// The headers that sign a request by AWS's Signature Version 4.
    fn signature(
        &self,
        signing: Signing<'_>,
        url: &Url,
        headers: &[(&str, &str)],
        body: &str,
        now: SystemTime,
    ) -> Result<Vec<(&'static str, HeaderValue)>, SigningError> {
        let Signing { method, service, region, settings } = signing;
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(now)
            .settings(settings)
            .build()
            .map_err(|_| SigningError)?;
        let body = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new(method, url.as_str(), headers.iter().copied(), body)
            .map_err(|_| SigningError)?;
        let signed = sign(request, &parameters.into()).map_err(|_| SigningError)?;
        let (instructions, _) = signed.into_parts();
        let (headers, _) = instructions.into_parts();
        let headers = headers.into_iter().map(|header| {
            let mut value = HeaderValue::from_str(header.value()).map_err(|_| SigningError)?;
            value.set_sensitive(header.sensitive());
            Ok((header.name(), value))
        });
        headers.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// AWS's own test suite for Signature Version 4, `post-vanilla` and `post-sts-header-before`.
    #[test]
    fn the_signature_is_that_of_awss_test_suite() {
        // Sun, 30 Aug 2015 12:36:00 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_mins(24_015_636);
        let sts = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
        for (token, signed_headers, signature) in [
            ("", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                sts,
                "host;x-amz-date;x-amz-security-token",
                "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
            ),
        ] {
            let pairs = [
                ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
                ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                ("AWS_SESSION_TOKEN", token),
                ("AWS_REGION", "us-east-1"),
            ];
            let environment =
                Environment::new(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
            let access = AwsAccess::read(&environment, &mut ConfigError::default()).unwrap();
            let url = Url::parse("https://example.amazonaws.com/").unwrap();
            let settings = SigningSettings::default();
            let signing = Signing { method: "POST", service: "service", region: "us-east-1", settings };
            let signed = access.signature(signing, &url, &[], "", now).unwrap();
            let header =
                |name: &str| signed.iter().find(|(known, _)| *known == name).unwrap().1.to_str().unwrap();
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders={signed_headers}, Signature={signature}"
            );
            assert_eq!(header("authorization"), expected);
            assert_eq!(header("x-amz-date"), "20150830T123600Z");
        }
    }
}
