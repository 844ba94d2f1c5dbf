//! Objects of S3 as inputs: each is read as a file is.
//!
//! It only reads from AWS.

use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use statuswatch::aws::Service;
use statuswatch::http::HttpClient;
use statuswatch::s3::{Bucket, Location, Object, Objects, S3Error};
use statuswatch::words::harmless;

use crate::sign_in::SignIn;

/// Connections to a bucket that are kept.
const CONNECTIONS: usize = 8;

/// One object that is to be read.
#[derive(Clone)]
pub(crate) struct ObjectInput {
    bucket: String,
    objects: Objects,
    position: usize,
}

/// Whether a path of the command line is a place in S3.
pub(crate) fn is_url(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.starts_with("s3://"))
}

/// Lists the objects below a place, in the order of time. Nothing is read yet.
pub(crate) fn objects(
    path: &Path,
    signed_in: &SignIn,
    now: SystemTime,
) -> anyhow::Result<Result<impl Iterator<Item = ObjectInput>, S3Error>> {
    let session = signed_in.session(Service::S3)?;
    let http = HttpClient::keeping(CONNECTIONS)?;
    let listed = || {
        let location: Location = path.to_str().unwrap_or_default().parse()?;
        let bucket = Bucket::new(&location.bucket, session, http, now)?;
        let objects = Objects::list(bucket, &location)?;
        Ok((location.bucket, objects))
    };
    Ok(listed().map(|(bucket, objects)| {
        let all = 0..objects.all().len();
        all.map(move |position| ObjectInput { bucket: bucket.clone(), objects: objects.clone(), position })
    }))
}

impl ObjectInput {
    /// `s3://bucket/key`, as it may be shown.
    pub(crate) fn name(&self) -> String {
        let key = self.objects.all().get(self.position).map_or("", Object::key);
        format!("s3://{}/{}", self.bucket, harmless(key))
    }

    /// Bytes.
    pub(crate) fn size(&self) -> u64 {
        self.objects.all().get(self.position).map_or(0, |object| object.size)
    }

    /// Begins to read it, and the next ones behind it.
    pub(crate) fn open(&self) -> impl Read + Send + use<> {
        self.objects.open(self.position)
    }
}
