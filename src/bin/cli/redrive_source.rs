//! Where the records of `redrive` are: a failure queue, or a bucket below a prefix.
//!
//! It reads no record. Only [`Source::delete`] removes one.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::time::SystemTime;

use statuswatch::aws::Service;
use statuswatch::failure_queue::{self, Depth, FailureQueue, QueueError, QueueName};
use statuswatch::http::HttpClient;
use statuswatch::s3::{Bucket, Location, Object, S3Error};
use statuswatch::words;

use crate::sign_in::SignIn;

/// One receives or deletes, another keeps hidden what is held.
const CONNECTIONS: usize = 2;
/// Of an object that is read: Lambda's largest event in a record, and as much again.
const MAX_OBJECT_BYTES: u64 = 16 * 1024 * 1024;
/// Of one request for a part of an object.
const PART_BYTES: u64 = 4 * 1024 * 1024;

/// Where the records are.
pub(crate) enum Source {
    Queue(Arc<FailureQueue<HttpClient>>),
    Bucket(FailureBucket),
}

/// What a bucket holds below a prefix.
pub(crate) struct FailureBucket {
    bucket: Bucket,
    location: Location,
    waiting: VecDeque<Object>,
}

/// One record.
pub(crate) struct Record {
    /// As a person would look for it.
    pub(crate) name: String,
    /// Since when it is there, epoch milliseconds; 0 where that is not known.
    pub(crate) since_ms: i64,
    /// `None` where it is too large to be a record.
    pub(crate) body: Option<Vec<u8>>,
    handle: Handle,
}

enum Handle {
    Message(failure_queue::Record),
    Object(Object),
}

/// Why the records cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Bucket(#[from] S3Error),
}

impl Source {
    pub(crate) async fn queue(
        signed_in: &SignIn,
        name: &QueueName,
    ) -> anyhow::Result<Result<Self, SourceError>> {
        let (http, session) = (HttpClient::keeping(CONNECTIONS)?, signed_in.session(Service::Sqs)?);
        let queue = FailureQueue::open(http, session, name, SystemTime::now()).await;
        Ok(queue.map(|queue| Self::Queue(Arc::new(queue))).map_err(SourceError::from))
    }

    /// Lists the objects, which are taken in the order of their names: Lambda's begin with the time.
    pub(crate) async fn bucket(
        signed_in: &SignIn,
        location: &Location,
    ) -> anyhow::Result<Result<Self, SourceError>> {
        let (http, session) = (HttpClient::keeping(CONNECTIONS)?, signed_in.session(Service::S3)?);
        Ok(FailureBucket::open(http, session, location).await.map(Self::Bucket).map_err(SourceError::from))
    }

    /// After so many receives a record is moved elsewhere, where that is so.
    pub(crate) async fn max_receives(&self) -> Result<Option<u64>, SourceError> {
        match self {
            Self::Queue(queue) => Ok(queue.depth().await?.max_receives),
            Self::Bucket(_) => Ok(None),
        }
    }

    /// The next records; `None` behind the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Record>>, SourceError> {
        match self {
            Self::Queue(queue) => {
                let records = queue.receive().await?;
                Ok(records.map(|records| records.into_iter().map(Record::of_message).collect()))
            }
            Self::Bucket(bucket) => Ok(bucket.next().await?.map(|record| vec![record])),
        }
    }

    /// Keeps hidden what was received; never ends.
    pub(crate) fn keep_hidden(&self) -> impl Future<Output = ()> + use<> {
        let queue = if let Self::Queue(queue) = self { Some(Arc::clone(queue)) } else { None };
        async move {
            match queue {
                Some(queue) => queue.keep_hidden().await,
                None => pending().await,
            }
        }
    }

    /// Why records of a queue could not be kept hidden: others may have received them since.
    pub(crate) fn failure(&self) -> Option<SourceError> {
        match self {
            Self::Queue(queue) => queue.failure().map(SourceError::from),
            Self::Bucket(_) => None,
        }
    }

    pub(crate) async fn delete(&self, record: &Record) -> Result<(), SourceError> {
        match (self, &record.handle) {
            (Self::Queue(queue), Handle::Message(message)) => queue.delete(message).await?,
            (Self::Bucket(bucket), Handle::Object(object)) => bucket.bucket.delete(object).await?,
            _ => {}
        }
        Ok(())
    }

    /// Gives back what is hidden from others. In a bucket nothing is.
    pub(crate) async fn give_back(&self) -> Result<(), SourceError> {
        match self {
            Self::Queue(queue) => Ok(queue.give_back().await?),
            Self::Bucket(_) => Ok(()),
        }
    }

    /// What is left, in words.
    pub(crate) async fn left(&mut self) -> Result<String, SourceError> {
        match self {
            Self::Queue(queue) => {
                let depth: Depth = queue.depth().await?;
                let elsewhere = match depth.in_flight {
                    0 => String::new(),
                    count => format!(", {} of them held by others", words::number(count)),
                };
                Ok(format!("about {}{elsewhere}", words::count(depth.all(), "record")))
            }
            Self::Bucket(FailureBucket { bucket, location, .. }) => {
                let left = bucket.list(&location.prefix).await?.len();
                Ok(words::count(left as u64, "record"))
            }
        }
    }
}

impl FailureBucket {
    async fn open(
        http: HttpClient,
        session: statuswatch::aws::Session,
        location: &Location,
    ) -> Result<Self, S3Error> {
        let mut bucket = Bucket::new(&location.bucket, session, http, SystemTime::now())?;
        let mut objects = bucket.list(&location.prefix).await?;
        objects.sort_by_cached_key(|object| {
            let name = object.key().rsplit('/').next().unwrap_or_default().to_owned();
            (name, object.key().to_owned())
        });
        Ok(Self { bucket, location: location.clone(), waiting: objects.into() })
    }

    /// The next object that is still there.
    async fn next(&mut self) -> Result<Option<Record>, S3Error> {
        while let Some(object) = self.waiting.pop_front() {
            let body = match self.body(&object).await {
                Err(S3Error::Gone) => continue,
                body => body?,
            };
            let name = shown(object.key());
            return Ok(Some(Record { name, since_ms: 0, body, handle: Handle::Object(object) }));
        }
        Ok(None)
    }

    async fn body(&self, object: &Object) -> Result<Option<Vec<u8>>, S3Error> {
        if object.size > MAX_OBJECT_BYTES {
            return Ok(None);
        }
        let mut body = Vec::new();
        let mut at = 0;
        while at < object.size {
            let end = object.size.min(at + PART_BYTES);
            body.extend_from_slice(&self.bucket.get(object, at..end).await?);
            at = end;
        }
        Ok(Some(body))
    }
}

impl Record {
    fn of_message(mut message: failure_queue::Record) -> Self {
        let body = std::mem::take(&mut message.body).into_bytes();
        Self {
            name: shown(&message.id),
            since_ms: message.sent_ms,
            body: Some(body),
            handle: Handle::Message(message),
        }
    }
}

/// A name as it is shown: those of SQS and Lambda are plain.
fn shown(name: &str) -> String {
    name.chars().filter(char::is_ascii_graphic).take(300).collect()
}
