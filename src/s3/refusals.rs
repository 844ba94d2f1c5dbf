//! What S3's refusals mean.
//!
//! It stands between the object-store crate and the HTTP client: the crate gets answers and typed errors, and never the
//! words of a refusal.

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient as StoreClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpService,
};
use reqwest::Method;

use super::S3Error;
use crate::aws::is_region;
use crate::http::HttpClient;

/// Sends the crate's requests, and takes S3's refusals apart.
#[derive(Debug, Clone)]
pub(super) struct Refusing(pub(super) HttpClient);

impl HttpConnector for Refusing {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<StoreClient> {
        Ok(StoreClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Refusing {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let permission = permission(request.method(), request.uri().query().unwrap_or_default());
        let answer = self.0.call(request).await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let (head, body) = answer.into_parts();
        let region = head.headers.get("x-amz-bucket-region").and_then(|region| region.to_str().ok());
        let body = body.bytes().await?;
        let text = String::from_utf8_lossy(&body);
        let status = head.status.as_u16();
        let refusal = refusal(status, region, &text, permission);
        // The crate sends the same again where a connection broke: the place for what may pass.
        let kind = match refusal {
            S3Error::Failed(_) => HttpErrorKind::Request,
            _ => HttpErrorKind::Unknown,
        };
        Err(HttpError::new(kind, refusal))
    }
}

fn permission(method: &Method, query: &str) -> &'static str {
    match *method {
        Method::DELETE => "s3:DeleteObject",
        _ if query.contains("list-type=2") => "s3:ListBucket",
        _ => "s3:GetObject",
    }
}

/// From the list of error codes in S3's API reference.
fn refusal(status: u16, region: Option<&str>, body: &str, permission: &'static str) -> S3Error {
    let code = within(body, "Code").unwrap_or_default();
    match code {
        "AccessDenied" if body.contains("kms:Decrypt") => S3Error::Denied("kms:Decrypt"),
        "AccessDenied" | "AllAccessDisabled" => S3Error::Denied(permission),
        "ExpiredToken" | "TokenRefreshRequired" => S3Error::Expired,
        "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidToken"
        | "RequestTimeTooSkewed"
        | "RequestExpired" => S3Error::NotSignedIn,
        "NoSuchBucket" | "InvalidBucketName" => S3Error::NoBucket,
        "NoSuchKey" => S3Error::Gone,
        "PreconditionFailed" => S3Error::Changed,
        "InvalidObjectState" => S3Error::Archived,
        "SlowDown" | "RequestTimeout" | "InternalError" | "ServiceUnavailable" => S3Error::Failed(status),
        _ => match (region.or_else(|| within(body, "Region")), status) {
            (Some(region), 300..=499) if is_region(region) => S3Error::OtherRegion(region.to_owned()),
            (_, 403) => S3Error::Denied(permission),
            (_, 404) => S3Error::Gone,
            (_, 412) => S3Error::Changed,
            (_, 408 | 429 | 500..) => S3Error::Failed(status),
            _ => S3Error::Refused(status),
        },
    }
}

/// What stands in an element of a small XML document.
fn within<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, behind) = body.split_once(&format!("<{name}>"))?;
    behind.split_once("</").map(|(text, _)| text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_by_code_and_without_one_by_status() {
        let body = |code: &str| {
            format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>m</Message></Error>")
        };
        for (status, region, body, expected) in [
            (403, None, body("AccessDenied"), S3Error::Denied("s3:GetObject")),
            (403, None, "<Error><Code>AccessDenied</Code><Message>not authorized to perform: kms:Decrypt</Message></Error>".to_owned(), S3Error::Denied("kms:Decrypt")),
            (403, None, body("InvalidObjectState"), S3Error::Archived),
            (403, None, body("RequestTimeTooSkewed"), S3Error::NotSignedIn),
            (400, None, body("ExpiredToken"), S3Error::Expired),
            (404, None, body("NoSuchBucket"), S3Error::NoBucket),
            (404, None, body("NoSuchKey"), S3Error::Gone),
            (412, None, body("PreconditionFailed"), S3Error::Changed),
            (301, Some("eu-central-1"), body("PermanentRedirect"), S3Error::OtherRegion("eu-central-1".to_owned())),
            (400, None, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>".to_owned(), S3Error::OtherRegion("eu-west-3".to_owned())),
            (301, Some("evil.example/"), body("PermanentRedirect"), S3Error::Refused(301)),
            (503, None, body("SlowDown"), S3Error::Failed(503)),
            (403, None, String::new(), S3Error::Denied("s3:GetObject")),
            (500, None, "<html>".to_owned(), S3Error::Failed(500)),
            (418, None, body("Teapot"), S3Error::Refused(418)),
        ] {
            assert_eq!(refusal(status, region, &body, "s3:GetObject"), expected, "{status} {body}");
        }
    }

    #[test]
    fn the_permission_is_that_of_the_request() {
        for (method, query, expected) in [
            (Method::GET, "list-type=2&prefix=a", "s3:ListBucket"),
            (Method::GET, "", "s3:GetObject"),
            (Method::DELETE, "", "s3:DeleteObject"),
        ] {
            assert_eq!(permission(&method, query), expected);
        }
    }
}
