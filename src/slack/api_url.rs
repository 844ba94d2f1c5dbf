//! Where Slack's Web API is.
//!
//! Reads text from configuration into a URL to which a bot token may be sent: Slack's own, or one of this
//! machine for trials. No other host ever gets the token, whatever else is configured.

use reqwest::Url;

use super::webhook_url::is_loopback;
use crate::http;

/// The hosts of Slack's Web API: the commercial one and the government's.
const SLACK_HOSTS: [&str; 2] = ["slack.com", "slack-gov.com"];

/// The base of the Web API's methods; its path ends with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiUrl(Url);

impl ApiUrl {
    /// Slack's commercial one.
    pub const DEFAULT: &str = "https://slack.com/api/";

    /// Reads the base URL, with or without the slash at its end.
    ///
    /// It must be `https` on `slack.com` or `slack-gov.com`; a loopback address (127.0.0.0/8, `[::1]`, `localhost`) may
    /// be spoken to over plain `http` too, for trials. It has neither user name nor password, query or fragment.
    pub fn parse(text: &str) -> Result<Self, ApiUrlError> {
        let mut url = http::url(text.trim()).ok_or(ApiUrlError::NotAUrl)?;
        if !url.username().is_empty() || url.password().is_some() || url.query().or(url.fragment()).is_some()
        {
            return Err(ApiUrlError::MoreThanPath);
        }
        let host = url.host_str().ok_or(ApiUrlError::NotAUrl)?;
        let loopback = is_loopback(host);
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(ApiUrlError::PlainHttp),
            _ => return Err(ApiUrlError::NotAUrl),
        }
        if !loopback && (!SLACK_HOSTS.contains(&host) || url.port().is_some()) {
            return Err(ApiUrlError::NotSlack);
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self(url))
    }

    /// The URL of a method, such as `chat.postMessage`.
    pub(super) fn method(&self, method: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{method}", url.path()));
        url
    }
}

/// Why a text is not the base of Slack's Web API. The text is not repeated. None of these can succeed on another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiUrlError {
    /// It is not an absolute `https` URL with a host.
    #[error("is not an https URL such as {}", ApiUrl::DEFAULT)]
    NotAUrl,
    /// It has a user name, a password, a query or a fragment.
    #[error("has more than a host and a path: write {}", ApiUrl::DEFAULT)]
    MoreThanPath,
    /// It is plain `http` to a host that is not this machine.
    #[error("is plain http, which only a loopback address may be: use https")]
    PlainHttp,
    /// Its host is not Slack's.
    #[error("is not on slack.com or slack-gov.com: the bot token goes to no other host")]
    NotSlack,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slacks_hosts_and_loopback_are_taken_with_or_without_the_last_slash() {
        for (text, method) in [
            (ApiUrl::DEFAULT, "https://slack.com/api/chat.update"),
            ("https://slack.com/api", "https://slack.com/api/chat.update"),
            (" https://slack-gov.com/api/\n", "https://slack-gov.com/api/chat.update"),
            ("http://127.0.0.1:8080/api/", "http://127.0.0.1:8080/api/chat.update"),
            ("http://localhost:8080", "http://localhost:8080/chat.update"),
            ("http://[::1]:8080/a/b", "http://[::1]:8080/a/b/chat.update"),
            ("https://localhost/api", "https://localhost/api/chat.update"),
        ] {
            assert_eq!(ApiUrl::parse(text).unwrap().method("chat.update").as_str(), method);
        }
    }

    #[test]
    fn no_other_host_gets_the_token() {
        use ApiUrlError as E;
        for (text, error) in [
            ("", E::NotAUrl),
            ("slack.com/api", E::NotAUrl),
            ("ftp://slack.com/api", E::NotAUrl),
            ("https://user@slack.com/api", E::MoreThanPath),
            ("https://slack.com/api?x=1", E::MoreThanPath),
            ("https://slack.com/api#x", E::MoreThanPath),
            ("http://slack.com/api", E::PlainHttp),
            ("http://169.254.169.254/api", E::PlainHttp),
            ("https://slack.com.evil.example/api", E::NotSlack),
            ("https://evil.example/slack.com/", E::NotSlack),
            ("https://hooks.slack.com/api/", E::NotSlack),
            ("https://slack.com:8443/api", E::NotSlack),
            ("https://xn--slck-5na.com/api", E::NotSlack),
            ("https://sl\u{430}ck.com/api", E::NotAUrl),
        ] {
            assert_eq!(ApiUrl::parse(text), Err(error), "{text}");
        }
    }
}
