//! Objects of S3, read as files are: exports of CloudWatch Logs, what Firehose writes, logs of load balancers.
//!
//! It only reads, by `ListObjectsV2` and `GetObject`, but for [`Bucket::delete`].

mod error;
mod keys;
mod objects;
mod refusals;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use bytes::Bytes;
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsCredential};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::{
    CredentialProvider, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig,
};
use tokio::time::Instant;

use crate::aws::{Service, Session};
use crate::http::HttpClient;
pub use error::S3Error;
pub use objects::{ObjectReader, Objects};
use refusals::Refusing;

/// Objects that are read in one go.
pub const MAX_OBJECTS: usize = 100_000;
/// Pages of a list: of 1,000 keys each, and some of them empty.
const MAX_PAGES: usize = 1_000;
/// Of a request; the crate waits longer from one to the next.
const TRIES: usize = 6;
/// As long as signed requests hold.
const RETRY_TIMEOUT: Duration = Duration::from_mins(3);

/// A place in S3, as `s3://bucket/prefix` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The bucket's name.
    pub bucket: String,
    /// How the keys begin; may be empty, and need not end at a `/`.
    pub prefix: String,
}

impl FromStr for Location {
    type Err = S3Error;

    fn from_str(text: &str) -> Result<Self, S3Error> {
        let rest = text.strip_prefix("s3://").ok_or(S3Error::Location)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if !(3..=255).contains(&bucket.len()) || !bucket.bytes().all(is_allowed) || bucket.starts_with('.') {
            return Err(S3Error::Location);
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

/// An object as it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    path: Path,
    e_tag: Option<String>,
    /// Bytes.
    pub size: u64,
}

impl Object {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> &str {
        self.path.as_ref()
    }
}

/// One bucket, asked by the credentials of a session.
#[derive(Clone)]
pub struct Bucket {
    name: String,
    session: Arc<Session>,
    http: HttpClient,
    clocks: (Instant, SystemTime),
    store: Arc<AmazonS3>,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Bucket {
    /// Nothing is asked yet. `now` is the wall clock at the moment of the call, to judge by when credentials run out.
    pub fn new(name: &str, session: Session, http: HttpClient, now: SystemTime) -> Result<Self, S3Error> {
        let session = Arc::new(session);
        let clocks = (Instant::now(), now);
        let store = Arc::new(store(name, session.region(), &session, &http, clocks)?);
        Ok(Self { name: name.to_owned(), session, http, clocks, store })
    }

    /// The objects whose keys begin so, those that are empty left out, in S3's order. A bucket of another Region is asked
    /// there, from then on.
    pub async fn list(&mut self, prefix: &str) -> Result<Vec<Object>, S3Error> {
        match self.list_all(prefix).await {
            Err(S3Error::OtherRegion(region)) if self.session.endpoint().is_none() => {
                let store = store(&self.name, &region, &self.session, &self.http, self.clocks)?;
                self.store = Arc::new(store);
                self.list_all(prefix).await
            }
            Err(S3Error::Expired) => {
                self.session.forget().await;
                self.list_all(prefix).await
            }
            listed => listed,
        }
    }

    async fn list_all(&self, prefix: &str) -> Result<Vec<Object>, S3Error> {
        let prefix = (!prefix.is_empty()).then_some(prefix);
        let (mut objects, mut token) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let options =
                PaginatedListOptions { page_token: token.clone(), ..PaginatedListOptions::default() };
            let page = self.store.list_paginated(prefix, options).await?;
            let found = page.result.objects.into_iter().filter(|object| object.size > 0);
            objects.extend(found.map(|ObjectMeta { location: path, e_tag, size, .. }| Object {
                path,
                e_tag,
                size,
            }));
            if objects.len() > MAX_OBJECTS {
                return Err(S3Error::TooManyObjects);
            }
            match page.page_token.filter(|next| !next.is_empty()) {
                None => return Ok(objects),
                Some(next) if token.as_ref() == Some(&next) => return Err(S3Error::EndlessList),
                next => token = next,
            }
        }
        Err(S3Error::EndlessList)
    }

    /// Some of an object's bytes, as it was when it was listed.
    pub async fn get(&self, object: &Object, range: Range<u64>) -> Result<Bytes, S3Error> {
        match self.get_once(object, range.clone()).await {
            Err(S3Error::Expired) => {
                self.session.forget().await;
                self.get_once(object, range).await
            }
            got => got,
        }
    }

    /// Deletes an object.
    pub async fn delete(&self, object: &Object) -> Result<(), S3Error> {
        match self.store.delete(&object.path).await.map_err(S3Error::from) {
            Err(S3Error::Expired) => {
                self.session.forget().await;
                Ok(self.store.delete(&object.path).await?)
            }
            deleted => deleted,
        }
    }

    async fn get_once(&self, object: &Object, range: Range<u64>) -> Result<Bytes, S3Error> {
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            if_match: object.e_tag.clone(),
            ..GetOptions::default()
        };
        Ok(self.store.get_opts(&object.path, options).await?.bytes().await?)
    }
}

/// The store of a bucket in a Region. Emulators get the bucket in the path, AWS itself in the host's name where a
/// certificate can be for it.
fn store(
    bucket: &str,
    region: &str,
    session: &Arc<Session>,
    http: &HttpClient,
    clocks: (Instant, SystemTime),
) -> Result<AmazonS3, S3Error> {
    let of_aws = Service::S3.endpoint(region).ok_or(S3Error::NoRuntime)?;
    let is_in_host = session.endpoint().is_none() && !bucket.contains(['.', '_']);
    let endpoint = match session.endpoint() {
        Some(endpoint) => endpoint.to_string(),
        None if is_in_host => of_aws.as_str().replacen("://", &format!("://{bucket}."), 1),
        None => of_aws.to_string(),
    };
    let builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(region)
        .with_endpoint(endpoint.trim_end_matches('/'))
        .with_virtual_hosted_style_request(is_in_host)
        // One object a request, so that a refusal is the answer's status.
        .with_disable_bulk_delete(true)
        .with_credentials(Arc::new(Provider { session: Arc::clone(session), clocks }))
        .with_retry(RetryConfig {
            max_retries: TRIES,
            retry_timeout: RETRY_TIMEOUT,
            ..RetryConfig::default()
        })
        .with_http_connector(Refusing(http.clone()));
    builder.build().map_err(|_| S3Error::NoRuntime)
}

/// Credentials of the session, as the crate asks for them.
struct Provider {
    session: Arc<Session>,
    clocks: (Instant, SystemTime),
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}

#[async_trait]
impl CredentialProvider for Provider {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let (began, at) = self.clocks;
        let credentials: Credentials =
            self.session.credentials(at + began.elapsed()).await.map_err(|error| {
                object_store::Error::Generic { store: "S3", source: Box::new(S3Error::Session(error)) }
            })?;
        Ok(Arc::new(AwsCredential {
            key_id: credentials.access_key_id().to_owned(),
            secret_key: credentials.secret_access_key().to_owned(),
            token: credentials.session_token().map(str::to_owned),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_bucket_and_how_keys_begin() {
        for (text, expected) in [
            ("s3://logs", Some(("logs", ""))),
            ("s3://logs/", Some(("logs", ""))),
            ("s3://my.logs/2026/11/0", Some(("my.logs", "2026/11/0"))),
            ("s3://", None),
            ("s3:///x", None),
            ("s3://a b/x", None),
            ("s3://lögs/x", None),
            ("s3://logs@evil.example/x", None),
            ("logs/x", None),
        ] {
            let found = text.parse::<Location>().ok();
            let found = found.as_ref().map(|found| (found.bucket.as_str(), found.prefix.as_str()));
            assert_eq!(found, expected, "{text}");
        }
    }
}
