//! Names of fields as an operator writes them in, whether a key of a line is one of them out.
//!
//! It also knows whether secrets are masked that nobody named. It rather takes a key too many than one too few.

use super::secrets;

/// The names that are to be masked, in lower case and without what separates words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    all: Vec<String>,
    /// How many of them the operator wrote; the others stand for the same fields.
    asked: usize,
    secrets: bool,
}

/// What statuswatch's own names stand for beyond the keys that end in the same words: the same fields under the
/// other names that the JSON reader knows.
const ALSO: [(&str, &[&str]); 8] = [
    ("ip", &["sourceip", "clientip", "remoteip", "remoteaddr", "sourceipport"]),
    ("path", &["requestpath", "rawpath", "uri", "requesturi", "url", "uristem"]),
    ("resourcepath", &["resource"]),
    ("routekey", &["route"]),
    ("errormessage", &["errormessagestring"]),
    ("latencyms", &["latency"]),
    ("requestid", &["traceid"]),
    ("responsetype", &["resulttype", "errorreason"]),
];

impl Names {
    /// Names without a letter or digit are left out; `secrets` says whether what clients send to prove who they are is
    /// masked, too.
    pub(super) fn new(fields: &[String], secrets: bool) -> Self {
        let mut all: Vec<String> = fields.iter().map(|field| words(field).concat()).collect();
        all.retain(|name| !name.is_empty());
        let asked = all.len();
        let also: Vec<String> =
            all.iter().flat_map(|name| also(name)).map(|&other| other.to_owned()).collect();
        all.extend(also);
        Self { all, asked, secrets }
    }

    pub(super) fn has_fields(&self) -> bool {
        !self.all.is_empty()
    }

    pub(super) fn masks_secrets(&self) -> bool {
        self.secrets
    }

    /// Whether a key holds a secret that nobody named.
    pub(super) fn hold_secret(&self, key: &str) -> bool {
        self.secrets && secrets::names::is_secret(key)
    }

    /// Whether a key holds a query string, whose values are masked.
    pub(super) fn hold_query(&self, key: &str) -> bool {
        self.secrets && secrets::names::is_query(key)
    }

    /// Whether each name that the operator wrote stands for one of these keys.
    pub(super) fn are_all_among(&self, keys: &[&str]) -> bool {
        self.all.iter().take(self.asked).all(|name| {
            let is_it = |ending: &str| ending == name || also(name).contains(&ending);
            keys.iter().any(|key| ends_in(&[key], is_it))
        })
    }

    /// Whether the key at the end of this way down from the line's top level is named: by itself, by its last words,
    /// or together with keys above it.
    pub(super) fn hold(&self, keys: &[&str]) -> bool {
        self.has_fields() && ends_in(keys, |ending| self.all.iter().any(|name| name == ending))
    }

    /// The same, where it is not known which of `above` the key stands below.
    pub(super) fn may_hold(&self, above: &[&str], key: &str) -> bool {
        let key_words = words(key).concat();
        let below_one = |name: &String| {
            let rest = name.strip_suffix(&key_words).filter(|rest| !rest.is_empty());
            rest.is_some_and(|rest| above.iter().any(|above| rest.ends_with(&words(above).concat())))
        };
        self.hold(&[key]) || (!key_words.is_empty() && self.all.iter().any(below_one))
    }
}

fn also(name: &str) -> &'static [&'static str] {
    ALSO.iter().find(|(own, _)| *own == name).map_or(&[], |(_, others)| others)
}

/// Whether the last words of the key at the end of this way down are a name.
fn ends_in(keys: &[&str], is_name: impl Fn(&str) -> bool) -> bool {
    let words: Vec<String> = keys.iter().flat_map(|key| words(key)).collect();
    (0..words.len()).any(|from| {
        let ending = words.get(from..).unwrap_or_default().concat();
        let before = from.checked_sub(1).and_then(|before| words.get(before));
        let is_template = ending == "path" && before.is_some_and(|word| word == "resource");
        !is_template && is_name(&ending)
    })
}

/// The words of a name, in lower case: `identity.sourceIP`, `identity_source_ip` and `Identity-SourceIp` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut characters = name.chars().peekable();
    let mut before = None;
    while let Some(character) = characters.next() {
        let rises = |before: char| before.is_lowercase() || before.is_numeric();
        let mut ends_capitals = || characters.peek().is_some_and(|next| next.is_lowercase());
        let begins_word = character.is_uppercase()
            && before.is_some_and(|before: char| rises(before) || (before.is_uppercase() && ends_capitals()));
        if begins_word || !character.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| character.is_alphanumeric()) {
            word.extend(character.to_lowercase());
        }
        before = Some(character);
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(names: &[&str], keys: &[&str]) -> bool {
        Names::new(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>(), false).hold(keys)
    }

    #[test]
    fn a_name_stands_for_the_keys_that_end_in_its_words() {
        for (name, keys) in [
            ("ip", &["ip"][..]),
            ("ip", &["sourceIp"]),
            ("IP", &["identity", "source_ip"]),
            ("ip", &["identity.sourceIP"]),
            ("ip", &["sourceip"]),
            ("source_ip", &["identitySourceIp"]),
            ("identity.sourceIp", &["identity", "sourceIp"]),
            ("user_agent", &["User-Agent"]),
            ("userAgent", &["useragent"]),
            ("useragent", &["userAgent"]),
            ("USER_AGENT", &["context", "identity", "userAgent"]),
            ("error_message", &["error", "message"]),
            ("error.message", &["error_messageString"]),
            ("request_id", &["extendedRequestId"]),
            ("user", &["authorizer", "user"]),
            ("path", &["path"]),
            ("path", &["requestURI"]),
            ("resource_path", &["resourcePath"]),
            ("message", &["a", "b", "message"]),
            ("x2", &["X2"]),
        ] {
            assert!(hold(&[name], keys), "{name} {keys:?}");
        }
    }

    #[test]
    fn a_name_does_not_stand_for_keys_with_other_last_words() {
        for (name, keys) in [
            ("ip", &["zip"][..]),
            ("ip", &["ipVersion"]),
            ("user", &["userAgent"]),
            ("agent", &["useragent"]),
            ("path", &["resourcePath"]),
            ("path", &["xpath"]),
            ("error.message", &["message"]),
            ("user", &["user", "id"]),
            ("", &["ip"]),
            ("_", &["_"]),
            ("-", &[""]),
        ] {
            assert!(!hold(&[name], keys), "{name} {keys:?}");
        }
    }
}
