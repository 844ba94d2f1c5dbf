//! The contributor that changed and the mute rule that was active, as the wire shapes write them.
//!
//! Where the direct action and SNS put them is documented only in part, so both are taken wherever they stand.

use serde_json::Value;

use super::change::Contributor;

/// At most so many attributes of a contributor are kept, each cut to so many characters: a message shows fewer.
const MAX_ATTRIBUTES: usize = 10;
const MAX_CHARS: usize = 300;

/// The first contributor among objects of `id` and `attributes`; a text alone is an id.
pub(super) fn contributor_in<'a>(places: impl IntoIterator<Item = &'a Value>) -> Option<Contributor> {
    places.into_iter().find_map(|place| match place {
        Value::Object(_) => {
            let member =
                |names: [&str; 2]| names.iter().find_map(|name| place.get(name)).unwrap_or(&Value::Null);
            contributor(member(["id", "contributorId"]), member(["attributes", "contributorAttributes"]))
        }
        id => contributor(id, &Value::Null),
    })
}

/// A contributor of this id and these attributes (a map, or a list of `name` and `value`); `None` where neither says
/// anything.
pub(super) fn contributor(id: &Value, attributes: &Value) -> Option<Contributor> {
    let id = said(id).unwrap_or_default();
    let pair = |name: Option<String>, value: &Value| Some((name?, said(value).unwrap_or_default()));
    let mut attributes: Vec<(String, String)> = match attributes {
        Value::Object(map) => map.iter().filter_map(|(name, value)| pair(cut(name), value)).collect(),
        Value::Array(list) => list
            .iter()
            .filter_map(|item| {
                let member = |names: [&str; 2]| names.iter().find_map(|name| item.get(name));
                pair(said(member(["name", "Name"])?), member(["value", "Value"]).unwrap_or(&Value::Null))
            })
            .collect(),
        _ => Vec::new(),
    };
    attributes.sort_unstable();
    attributes.truncate(MAX_ATTRIBUTES);
    (!id.is_empty() || !attributes.is_empty()).then_some(Contributor { id, attributes })
}

/// Whether one of these says which mute rule is active, and until when.
pub(super) fn is_muted<'a>(places: impl IntoIterator<Item = &'a Value>) -> bool {
    const MEMBERS: [&str; 6] =
        ["mutedByArn", "muteWindowStart", "muteWindowEnd", "MutedByArn", "MuteWindowStart", "MuteWindowEnd"];
    let says = |place: &Value, member: &str| place.get(member).and_then(said).is_some();
    places.into_iter().any(|place| MEMBERS.iter().any(|member| says(place, member)))
}

fn said(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => cut(text),
        Value::Number(_) | Value::Bool(_) => cut(&value.to_string()),
        _ => None,
    }
}

fn cut(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.chars().take(MAX_CHARS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_contributor_is_read_from_each_spelling() {
        let expected = Contributor { id: "6d44".into(), attributes: vec![("Resource".into(), "/v1".into())] };
        for place in [
            json!({"id": "6d44", "attributes": {"Resource": "/v1"}}),
            json!({"id": " 6d44 ", "attributes": [{"name": "Resource", "value": "/v1"}]}),
            json!({"contributorId": "6d44", "contributorAttributes": [{"Name": "Resource", "Value": "/v1"}]}),
        ] {
            assert_eq!(contributor_in([&Value::Null, &place]), Some(expected.clone()), "{place}");
        }
        let of = |place: Value| contributor_in([&place]);
        assert_eq!(of(json!("6d44")).unwrap().id, "6d44");
        assert_eq!(
            of(json!({"id": 7, "attributes": {"b": true, "a": null}})).unwrap().attributes,
            [("a".to_owned(), String::new()), ("b".to_owned(), "true".to_owned())]
        );
        for nothing in [json!(null), json!({}), json!({"id": "", "attributes": {}}), json!([])] {
            assert_eq!(of(nothing.clone()), None, "{nothing}");
        }
    }

    #[test]
    fn what_a_contributor_says_is_bounded() {
        let attributes: serde_json::Map<String, Value> =
            (0..1_000).map(|n| (format!("{n}{}", "n".repeat(9_000)), json!("é".repeat(9_000)))).collect();
        let contributor = contributor(&json!("i".repeat(9_000)), &Value::Object(attributes)).unwrap();
        assert_eq!((contributor.id.len(), contributor.attributes.len()), (300, 10));
        assert!(contributor.attributes.iter().all(|(name, value)| name.len() == 300 && value.len() == 600));
    }

    #[test]
    fn a_mute_is_known_by_what_it_says() {
        for muted in [
            json!({"mutedByArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm-mute-rule:deploy"}),
            json!({"MuteWindowEnd": "2025-12-01T14:00:00.000+0000"}),
        ] {
            assert!(is_muted([&Value::Null, &muted]), "{muted}");
        }
        for open in
            [json!(null), json!({}), json!({"mutedByArn": null}), json!({"mutedByArn": ""}), json!(true)]
        {
            assert!(!is_muted([&open]), "{open}");
        }
    }
}
