//! Names of fields as an operator writes them in, whether a key of a line is one of them out.
//!
//! It rather takes a key too many than one too few.

/// The names that are to be masked, in lower case and without what separates words.
#[derive(Debug)]
pub(super) struct Names(Vec<String>);

/// What statuswatch's own names stand for beyond the keys that end in the same words: the same fields under the
/// other names that the JSON reader knows.
const ALSO: [(&str, &[&str]); 6] = [
    ("ip", &["sourceip", "clientip", "remoteip", "remoteaddr"]),
    ("path", &["requestpath", "rawpath", "uri", "requesturi", "url"]),
    ("resourcepath", &["resource"]),
    ("routekey", &["route"]),
    ("errormessage", &["errormessagestring"]),
    ("latencyms", &["latency"]),
];

impl Names {
    /// Names without a letter or digit are left out.
    pub(super) fn new(fields: &[String]) -> Self {
        let mut names: Vec<String> = fields.iter().map(|field| words(field).concat()).collect();
        let also = ALSO.iter().filter(|(name, _)| names.iter().any(|wanted| wanted == name));
        let also: Vec<String> =
            also.flat_map(|(_, others)| others.iter().map(|&other| other.to_owned())).collect();
        names.extend(also);
        names.retain(|name| !name.is_empty());
        Self(names)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the key at the end of this way down from the line's top level is named: by itself, by its last words,
    /// or together with keys above it.
    pub(super) fn hold(&self, keys: &[&str]) -> bool {
        let words: Vec<String> = keys.iter().flat_map(|key| words(key)).collect();
        (0..words.len()).any(|from| {
            let ending = words.get(from..).unwrap_or_default().concat();
            let before = from.checked_sub(1).and_then(|before| words.get(before));
            let is_template = ending == "path" && before.is_some_and(|word| word == "resource");
            !is_template && self.0.contains(&ending)
        })
    }

    /// The same, where it is not known which of `above` the key stands below.
    pub(super) fn may_hold(&self, above: &[&str], key: &str) -> bool {
        let key_words = words(key).concat();
        let below_one = |name: &String| {
            let rest = name.strip_suffix(&key_words).filter(|rest| !rest.is_empty());
            rest.is_some_and(|rest| above.iter().any(|above| rest.ends_with(&words(above).concat())))
        };
        self.hold(&[key]) || (!key_words.is_empty() && self.0.iter().any(below_one))
    }
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
        Names::new(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).hold(keys)
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
