//! The Slack incoming webhook's URL, which is a secret: whoever has it can post.
//!
//! Reads the text that an operator configured into a [`WebhookUrl`], or says which rule it breaks. The value is given
//! to requests alone: there is no `Display`, no `Serialize`,
//! no `Clone`, `Debug` shows the host alone, and no error carries more of it than a refused host name.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use crate::http;

/// The hosts that Slack serves incoming webhooks from: the commercial one and the government's.
const SLACK_HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

/// Slack's own are about 80 characters long; far more is something else pasted by mistake.
const MAX_LENGTH: usize = 2_000;

/// A webhook URL that passed every rule of [`WebhookUrl::parse`].
///
/// It is not wiped from memory when dropped: the HTTP client keeps copies of its own while it sends,
/// so wiping this one would promise more than it does. Copies are limited instead: it cannot be cloned.
#[derive(PartialEq, Eq)]
pub struct WebhookUrl(Url);

impl WebhookUrl {
    /// Reads a URL from configuration or from a stored secret; white space around it (a trailing
    /// newline is usual in stored secrets) is ignored.
    ///
    /// It must be `https` on `hooks.slack.com`, `hooks.slack-gov.com` or a host in `allowed`; a loopback
    /// address (127.0.0.0/8, `[::1]`, `localhost`) may be spoken to over plain `http` too, for trials.
    /// It must not have a user name or password, and on Slack's hosts it must have a path.
    pub fn parse(text: &str, allowed: &AllowedHosts) -> Result<Self, WebhookUrlError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(WebhookUrlError::Empty);
        }
        if text.len() > MAX_LENGTH {
            return Err(WebhookUrlError::TooLong);
        }
        // The URL standard drops tabs and newlines inside; here they are two values pasted together.
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(WebhookUrlError::InnerSpace);
        }
        let url = http::url(text).ok_or(WebhookUrlError::NotAUrl)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(WebhookUrlError::UserInfo);
        }
        let host = url.host_str().ok_or(WebhookUrlError::NotAUrl)?;
        let loopback = is_loopback(host);
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(WebhookUrlError::PlainHttp),
            _ => return Err(WebhookUrlError::NotAUrl),
        }
        let slack = SLACK_HOSTS.contains(&host);
        if !(slack || loopback || allowed.contains(host)) {
            return Err(WebhookUrlError::HostNotAllowed(RefusedHost::new(host)));
        }
        if slack && url.path() == "/" {
            return Err(WebhookUrlError::NoPath);
        }
        Ok(Self(url))
    }

    /// Whether it has the form of those that Slack gives; of another host nobody knows its form.
    #[must_use]
    pub fn looks_like_slacks(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        if !SLACK_HOSTS.contains(&host) {
            return true;
        }
        let parts: Vec<&str> = self.0.path().split('/').skip(1).collect();
        let is_id = |text: &str, first: char| {
            text.starts_with(first)
                && text.len() >= 9
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        match parts.as_slice() {
            ["services", team, app, key] => {
                is_id(team, 'T')
                    && is_id(app, 'B')
                    && key.len() >= 20
                    && key.bytes().all(|byte| byte.is_ascii_alphanumeric())
            }
            ["workflows" | "triggers", rest @ ..] => {
                rest.len() >= 3 && rest.iter().all(|part| !part.is_empty())
            }
            _ => false,
        }
    }

    /// The URL for one request; it must go nowhere but into the request.
    pub(super) fn for_request(&self) -> Url {
        self.0.clone()
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({}, the rest is redacted)", self.0.host_str().unwrap_or("no host"))
    }
}

/// Webhook hosts besides Slack's own, as an operator listed them (`STATUSWATCH_ALLOWED_HOSTS`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<String>);

impl AllowedHosts {
    /// Reads a comma-separated list of host names or IP addresses, without scheme, port or path.
    pub fn parse(list: &str) -> Result<Self, AllowedHostsError> {
        let entries = list.split(',').map(str::trim).enumerate().filter(|(_, entry)| !entry.is_empty());
        let hosts = entries.map(|(index, entry)| {
            plain_host(entry).ok_or(AllowedHostsError { entry: index.saturating_add(1) })
        });
        hosts.collect::<Result<_, _>>().map(Self)
    }

    fn contains(&self, host: &str) -> bool {
        self.0.iter().any(|allowed| allowed == host)
    }
}

/// A list of hosts has an entry that is not a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("entry {entry} is not a host name: write names only, without scheme, port or path")]
pub struct AllowedHostsError {
    /// Which entry of the list it is, counted from 1.
    pub entry: usize,
}

/// Why a text is not a webhook URL that may be posted to. None of these can succeed on another try.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookUrlError {
    /// There is nothing but white space.
    #[error("the webhook URL is empty")]
    Empty,
    /// It is longer than any webhook URL.
    #[error("the webhook URL is longer than {MAX_LENGTH} characters, so it is something else")]
    TooLong,
    /// It has white space or a control character between its ends.
    #[error("the webhook URL has white space or a control character inside: it must be one line")]
    InnerSpace,
    /// It is not an absolute `https` URL with a host.
    #[error("the webhook is not an https URL: it looks like https://hooks.slack.com/services/...")]
    NotAUrl,
    /// It has a user name or a password before the host.
    #[error("the webhook URL has a user name or a password before its host: remove it")]
    UserInfo,
    /// It is plain `http` to a host that is not this machine.
    #[error("the webhook URL is plain http, which only a loopback address may be: use https")]
    PlainHttp,
    /// Its host is neither Slack's nor allowed.
    #[error(
        "the webhook URL's host {0}is not hooks.slack.com or hooks.slack-gov.com: correct it, \
         or list it in STATUSWATCH_ALLOWED_HOSTS"
    )]
    HostNotAllowed(RefusedHost),
    /// It is on Slack's host but names no webhook there.
    #[error("the webhook URL ends after the host: copy all of it from Slack")]
    NoPath,
}

/// The host of a refused URL, shown only where it is surely a host name and not a pasted token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedHost(Option<String>);

impl RefusedHost {
    fn new(host: &str) -> Self {
        // A token that was pasted after "https://" would have become the host; it has no dot.
        Self(host.contains(['.', ':']).then(|| host.to_owned()))
    }
}

impl fmt::Display for RefusedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |host| write!(f, "{host:?} "))
    }
}

/// `host` as the URL parser writes it: lower case, IPv6 in brackets.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .is_some_and(|address| address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback()))
}

/// The entry as the URL parser would write it as a host, if a host is all that it is.
fn plain_host(entry: &str) -> Option<String> {
    let url = http::url(&format!("https://{entry}/"))?;
    let host = url.host_str()?;
    host.eq_ignore_ascii_case(entry).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CANARY: &str = "CANARY0webhook0path";

    fn parse(text: &str) -> Result<WebhookUrl, WebhookUrlError> {
        WebhookUrl::parse(text, &AllowedHosts::parse("proxy.internal.example, 10.1.2.3").unwrap())
    }

    #[test]
    fn slacks_hosts_allowed_hosts_and_loopback_are_accepted() {
        for text in [
            "https://hooks.slack.com/services/T0/B0/x",
            "  https://hooks.slack.com/services/T0/B0/x\r\n",
            "https://hooks.slack-gov.com/services/T0/B0/x",
            "HTTPS://Hooks.Slack.Com/workflows/T0/A0/1/x",
            "https://proxy.internal.example/slack",
            "https://PROXY.internal.example:8443/slack",
            "https://10.1.2.3/slack",
            "http://127.0.0.1:8080/",
            "http://127.9.9.9/services/T0",
            "http://[::1]:8080/services/T0",
            "http://localhost:8080/services/T0",
            "https://localhost:8443/services/T0",
        ] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn each_broken_rule_is_named() {
        use WebhookUrlError as E;
        let host = |host: &str| E::HostNotAllowed(RefusedHost(Some(host.to_owned())));
        for (text, error) in [
            ("", E::Empty),
            (" \n", E::Empty),
            ("hooks.slack.com/services/T0", E::NotAUrl),
            ("xoxb-0123-4567", E::NotAUrl),
            ("https://", E::NotAUrl),
            ("ftp://hooks.slack.com/x", E::NotAUrl),
            ("file:///etc/passwd", E::NotAUrl),
            ("https://hooks.slack.com/a\nhttps://hooks.slack.com/b", E::InnerSpace),
            ("https://hooks.slack.com/a b", E::InnerSpace),
            ("https://user@hooks.slack.com/x", E::UserInfo),
            ("https://user:word@hooks.slack.com/x", E::UserInfo),
            ("https://hooks.slack.com:x@evil.example/x", E::UserInfo),
            ("http://hooks.slack.com/services/T0", E::PlainHttp),
            ("http://proxy.internal.example/slack", E::PlainHttp),
            ("http://169.254.169.254/latest/meta-data", E::PlainHttp),
            ("http://[::ffff:127.0.0.1]/x", E::PlainHttp),
            ("https://169.254.169.254/latest/meta-data", host("169.254.169.254")),
            ("https://hooks.slack.com.evil.example/x", host("hooks.slack.com.evil.example")),
            ("https://hooks.slack.com./x", host("hooks.slack.com.")),
            ("https://127.0.0.1.evil.example/x", host("127.0.0.1.evil.example")),
            ("https://T0B0SECRET", E::HostNotAllowed(RefusedHost(None))),
            ("https://hooks.slack.com", E::NoPath),
            ("https://hooks.slack.com/", E::NoPath),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
        assert_eq!(parse(&format!("https://hooks.slack.com/{}", "x".repeat(2_000))), Err(E::TooLong));
    }

    #[test]
    fn a_webhook_of_slacks_is_known_by_its_path() {
        for (text, looks) in [
            ("https://hooks.slack.com/services/T01234567/B01234567/abcdefghijklmnopqrstuvwx", true),
            ("https://hooks.slack-gov.com/services/T01234567/B01234567/abcdefghijklmnopqrstuvwx", true),
            ("https://hooks.slack.com/workflows/T01234567/A01234567/123456789/abcdefgh", true),
            ("https://hooks.slack.com/services/T01234567/B01234567/", false),
            ("https://hooks.slack.com/services/T01234567/B01234567", false),
            ("https://hooks.slack.com/services/REPLACE/ME/PLEASE", false),
            ("https://hooks.slack.com/services/T01234567/B01234567/abcdefghijklmnopqrstuvwx/x", false),
            ("https://hooks.slack.com/archives/C01234567", false),
            ("https://proxy.internal.example/slack", true),
        ] {
            assert_eq!(parse(text).unwrap().looks_like_slacks(), looks, "{text}");
        }
    }

    #[test]
    fn an_allowed_host_is_a_bare_host() {
        for list in ["a.example", " a.example ,, B.example,", "10.0.0.1,[::1]", ""] {
            assert!(AllowedHosts::parse(list).is_ok(), "{list}");
        }
        for (list, entry) in [
            ("https://a.example", 1),
            ("a.example,b.example:443", 2),
            ("a.example/x", 1),
            ("a.example,,*.example/..", 3),
            ("user@a.example", 1),
        ] {
            assert_eq!(AllowedHosts::parse(list), Err(AllowedHostsError { entry }), "{list}");
        }
    }

    #[test]
    fn neither_the_value_nor_an_error_shows_the_path() {
        for text in [
            "https://hooks.slack.com/services/{}",
            "https://hooks.slack.com/services/{}?token={}#{}",
            "https://user:{}@hooks.slack.com/{}",
            "https://evil.example/{}",
            "https://{}",
            "http://evil.example/{}",
            "gopher://hooks.slack.com/{}",
            "{}",
            "https://hooks.slack.com/{} {}",
        ] {
            let shown = match parse(&text.replace("{}", CANARY)) {
                Ok(url) => format!("{url:?} {url:#?}"),
                Err(error) => format!("{error} {error:?} {error:#?}"),
            };
            assert!(!shown.to_lowercase().contains(&CANARY.to_lowercase()), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_other_host_passes(
            text in "(https?://)?([a-z0-9@:\\[\\]./%\\\\-]{0,20})(hooks\\.slack\\.com|127\\.0\\.0\\.1|evil\\.example)?\\PC{0,30}"
        ) {
            if let Ok(url) = parse(&text) {
                let host = url.0.host_str().unwrap_or_default().to_owned();
                prop_assert!(SLACK_HOSTS.contains(&host.as_str()) || is_loopback(&host), "{host}");
            }
        }
    }
}
