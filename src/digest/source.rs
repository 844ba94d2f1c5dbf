//! The source of a log event that CloudWatch Logs has centralised: account, Region and log group that it was logged in.
//!
//! They stand in the log event's `extractedFields` where its subscription filter asks for them (`emitSystemFields`).

use std::borrow::Cow;

use crate::json::members;

/// The longest source that is kept, in bytes; a longer one is cut. A log group's name has at most 512.
const MAX_SOURCE_BYTES: usize = 640;

const ACCOUNT: &[u8] = b"@aws.account";
const REGION: &[u8] = b"@aws.region";
const LOG_GROUP: &[u8] = b"@source.log";

/// Writes the source as a text: `account 123456789012 us-east-1`, and the log group behind it where that is not called
/// `log_group`. What is missing, or is no account, Region or log group, is left out.
///
/// Sources are told apart by this text, in a state table too, so that another wording makes other sources.
pub(super) fn write_source(extracted_fields: &[u8], log_group: &str, source: &mut String) {
    source.clear();
    // As nearly every log event is.
    if extracted_fields.is_empty() {
        return;
    }
    let (mut account, mut region, mut source_log_group) = (None, None, None);
    let _ = members::each_field(extracted_fields, 0, |name, value| {
        let field = match &*members::name(name) {
            ACCOUNT => &mut account,
            REGION => &mut region,
            LOG_GROUP => &mut source_log_group,
            _ => return,
        };
        *field = Some(members::text(value).unwrap_or(Cow::Borrowed(value)));
    });
    let mut push = |word: &[u8]| {
        let Ok(word) = std::str::from_utf8(word) else { return };
        if !source.is_empty() {
            source.push(' ');
        }
        source.push_str(word);
    };
    if let Some(account) = account.filter(|account| is_account(account)) {
        push(b"account");
        push(&account);
    }
    if let Some(region) = region.filter(|region| is_region(region)) {
        push(&region);
    }
    let is_elsewhere = |name: &Cow<'_, [u8]>| **name != *log_group.as_bytes() && is_log_group(name);
    if let Some(name) = source_log_group.filter(is_elsewhere) {
        push(&name);
    }
    // It is ASCII.
    source.truncate(MAX_SOURCE_BYTES);
}

/// The fields of these that say a source, as raw JSON; empty where there is none.
pub(crate) fn source_fields(extracted_fields: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    if extracted_fields.is_empty() {
        return kept;
    }
    let _ = members::each_field(extracted_fields, 0, |name, value| {
        let words = members::name(name);
        if [ACCOUNT, REGION, LOG_GROUP].contains(&&*words) && value.len() <= MAX_SOURCE_BYTES {
            kept.push(if kept.is_empty() { b'{' } else { b',' });
            kept.extend_from_slice(&[b"\"", &*words, b"\":", value].concat());
        }
    });
    if !kept.is_empty() {
        kept.push(b'}');
    }
    kept
}

fn is_account(text: &[u8]) -> bool {
    text.len() == 12 && text.iter().all(u8::is_ascii_digit)
}

fn is_region(text: &[u8]) -> bool {
    let is_of_regions = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    text.len() <= 32 && text.contains(&b'-') && names_something(text) && text.iter().all(is_of_regions)
}

/// A dash stands for what is not known.
fn names_something(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_alphanumeric)
}

/// A name, or an ARN.
fn is_log_group(text: &[u8]) -> bool {
    names_something(text) && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-/#:*".contains(byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn source(extracted_fields: &str) -> String {
        let mut source = "left over".to_owned();
        write_source(extracted_fields.as_bytes(), "/central", &mut source);
        source
    }

    #[test]
    fn account_region_and_another_name_of_the_log_group_are_said() {
        let all = r#"{"@aws.account":"999999999999","@aws.region":"us-east-1","@source.log":"/aws/apigateway/orders"}"#;
        assert_eq!(source(all), "account 999999999999 us-east-1 /aws/apigateway/orders");
        assert_eq!(source(r#"{"@source.log":"/central","@aws.region":"eu-west-1"}"#), "eu-west-1");
        let escaped = r#"{ "\u0040aws.account" : "9999999999\u00399", "@source.log":"\/aws\/x" }"#;
        assert_eq!(source(escaped), "account 999999999999 /aws/x");
        assert_eq!(source(r#"{"@aws.account":999999999999}"#), "account 999999999999");
    }

    #[test]
    fn what_is_no_source_is_left_out() {
        for fields in [
            "",
            "null",
            "{}",
            r#"["@aws.account","999999999999"]"#,
            r#"{"status":"502","@aws.account":null,"@aws.region":true,"@source.log":{"a":"b"}}"#,
            r#"{"@aws.account":"99999999999x","@aws.region":"<!here>","@source.log":"*bold* @all"}"#,
            r#"{"@aws.account":"","@aws.region":"","@source.log":""}"#,
        ] {
            assert_eq!(source(fields), "", "{fields}");
        }
    }

    proptest! {
        #[test]
        fn whatever_stands_there_makes_one_short_text_of_harmless_characters(
            fields in any::<Vec<u8>>(),
            value in "\\PC{0,900}|[a-z/]{500,900}",
        ) {
            let object = serde_json::json!({ "@aws.account": value, "@aws.region": value, "@source.log": value });
            for fields in [fields, object.to_string().into_bytes()] {
                let mut source = String::new();
                write_source(&fields, "/central", &mut source);
                prop_assert!(source.len() <= MAX_SOURCE_BYTES);
                prop_assert!(source.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" ._-/#:*".contains(&byte)));
            }
        }
    }
}
