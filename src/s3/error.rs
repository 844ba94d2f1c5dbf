//! Why objects of S3 could not be listed or read, in words that say what to do.

use std::error::Error as _;

use thiserror::Error;

use crate::aws::SessionError;
use crate::http::TransportFault;

/// Why objects could not be listed or read. What may pass was tried again before.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum S3Error {
    /// The text names no bucket.
    #[error("not a place in S3 such as s3://bucket/prefix")]
    Location,
    /// There are no credentials to ask with.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The permission is missing.
    #[error("access denied: these credentials lack the permission {0}, or the bucket's policy refuses them")]
    Denied(&'static str),
    /// The credentials have run out, and the provider has no newer ones.
    #[error("the AWS credentials have expired: sign in again (`aws sso login`) or renew them")]
    Expired,
    /// AWS does not know the credentials, or the clock is wrong.
    #[error("AWS does not accept these credentials: look at the profile, and at this machine's clock")]
    NotSignedIn,
    /// There is no such bucket.
    #[error("there is no such bucket")]
    NoBucket,
    /// The bucket is in another Region. It is asked there; this is an error only where that one refuses, too.
    #[error("the bucket is in {0}: name it by --region")]
    OtherRegion(String),
    /// No object has a key that begins so.
    #[error("no object below it")]
    NoObject,
    /// More objects than are read in one go.
    #[error("more than {max} objects: name a longer prefix", max = super::MAX_OBJECTS)]
    TooManyObjects,
    /// The object-store crate cannot ask for such a key.
    #[error(
        "a key below it has an empty part (//), . or .. as a part, or a control character, which cannot be read from here: copy the object"
    )]
    Key,
    /// The object was listed, and is not there any more.
    #[error("the object was deleted since it was listed")]
    Gone,
    /// The object is another one than was listed.
    #[error("the object was written anew while it was read")]
    Changed,
    /// The object is in an archive.
    #[error("the object is archived (Glacier or Deep Archive): restore it first")]
    Archived,
    /// The service failed again and again.
    #[error("S3 failed again and again (status {0})")]
    Failed(u16),
    /// No answer came.
    #[error("S3 cannot be reached: {0}")]
    Unreachable(TransportFault),
    /// The request was refused for another reason.
    #[error("S3 refused the request (status {0})")]
    Refused(u16),
    /// An answer that is not of the service's form.
    #[error("an answer of S3 cannot be read: is the endpoint the right one?")]
    Unreadable,
    /// The pages of the list do not end.
    #[error("the list of objects does not end")]
    EndlessList,
    /// No thread or client could be set up; it can only be a fault of this program or machine.
    #[error("the reading could not be set up")]
    NoRuntime,
}

impl From<object_store::Error> for S3Error {
    /// Our own error, or that of our HTTP client, from under the crate's. Its text is never looked at: it holds URLs and
    /// a stranger's words.
    fn from(error: object_store::Error) -> Self {
        if matches!(error, object_store::Error::InvalidPath { .. }) {
            return Self::Key;
        }
        let mut cause: Option<&(dyn std::error::Error + 'static)> = error.source();
        while let Some(error) = cause {
            if let Some(own) = error.downcast_ref::<Self>() {
                return own.clone();
            }
            if let Some(fault) = error.downcast_ref::<TransportFault>() {
                return Self::Unreachable(*fault);
            }
            cause = error.source();
        }
        Self::Unreadable
    }
}
