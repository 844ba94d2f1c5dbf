//! The code by which AWS says why it refused a request.
//!
//! Of an answer's own words only those that the caller knows ever get out.

use serde::Deserialize;

use crate::http::Answer;

/// What `known` makes of the answer's code, such as `AccessDeniedException`.
///
/// The code stands in the body as `__type`, or in a header; a name space before `#` or a URL after `:` may be
/// around it.
pub(crate) fn error_code<T>(answer: &Answer, known: impl Fn(&str) -> Option<T>) -> Option<T> {
    #[derive(Deserialize)]
    struct Error {
        #[serde(rename = "__type")]
        kind: String,
    }
    let bare = |text: &str| known(text.split(':').next()?.rsplit('#').next()?.trim());
    let in_header = || bare(answer.headers.get("x-amzn-errortype")?.to_str().ok()?);
    serde_json::from_slice(&answer.body).ok().and_then(|error: Error| bare(&error.kind)).or_else(in_header)
}
