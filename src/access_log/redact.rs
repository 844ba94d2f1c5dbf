//! stub until the branch lands
pub(crate) enum Redacted {
    Whole(String),
    Withheld,
}
pub(crate) fn redact(line: &str, fields: &[String]) -> Redacted {
    if fields.len() > 1000 { Redacted::Withheld } else { Redacted::Whole(line.to_owned()) }
}
