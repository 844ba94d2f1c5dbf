//! The oddities that the three wire shapes share: times, ARNs, Regions, old spellings, fields of the wrong type.
//!
//! AWS's own samples have stray spaces inside ARNs and times, offsets without a colon, and settings with their
//! names in the value. None of that may cost an alarm: what cannot be read is absent, not an error.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::change::{AlarmState, TreatMissingData};

/// The members of a JSON object, by name. What is no object has none, and one of the wrong type is an absent one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Members<'a>(&'a Value);

impl<'a> Members<'a> {
    /// Those of a value, whatever it is.
    pub(super) fn of(value: &'a Value) -> Self {
        Self(value)
    }

    /// As it stands; null where it is absent. A name in camel case is found in Pascal case, too.
    pub(super) fn value(self, name: &str) -> &'a Value {
        let in_pascal_case = || {
            let mut name = name.to_owned();
            name.get_mut(..1)?.make_ascii_uppercase();
            self.0.get(name)
        };
        self.0.get(name).or_else(in_pascal_case).unwrap_or(&Value::Null)
    }

    /// The members of an object; `None` where it is none.
    pub(super) fn object(self, name: &str) -> Option<Self> {
        let value = self.value(name);
        value.is_object().then_some(Self(value))
    }

    /// A string as it is written.
    pub(super) fn string(self, name: &str) -> Option<&'a str> {
        self.value(name).as_str()
    }

    /// A string without white space around it, if anything is left.
    pub(super) fn text(self, name: &str) -> Option<String> {
        self.string(name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A number.
    pub(super) fn number(self, name: &str) -> Option<f64> {
        self.value(name).as_f64()
    }

    /// The numbers of a list.
    pub(super) fn numbers(self, name: &str) -> impl DoubleEndedIterator<Item = f64> {
        self.list(name).iter().filter_map(Value::as_f64)
    }

    /// The strings of a list.
    pub(super) fn strings(self, name: &str) -> impl Iterator<Item = &'a str> {
        self.list(name).iter().filter_map(Value::as_str)
    }

    /// The objects of a list.
    pub(super) fn objects(self, name: &str) -> impl Iterator<Item = Self> {
        self.list(name).iter().filter(|item| item.is_object()).map(Self)
    }

    fn list(self, name: &str) -> &'a [Value] {
        self.value(name).as_array().map_or(&[], Vec::as_slice)
    }
}

/// A whole number of seconds or periods; some encoders write them as `60.0`.
pub(super) fn whole(number: Option<f64>) -> Option<u64> {
    // Up to 2^53 every whole number is exact in an `f64`; no period or count comes near it.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = number.filter(|n| n.fract() == 0.0 && (1.0..EXACT).contains(n))?;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, positive and in range"
    )]
    Some(number as u64)
}

/// As [`whole`], for a count of periods.
pub(super) fn count(number: Option<f64>) -> Option<u32> {
    whole(number).and_then(|n| u32::try_from(n).ok())
}

/// A time as any of the notifications writes it (`2023-08-04T12:36:15.490+0000`, `2019-10-02T17:04:40Z`), as epoch
/// milliseconds.
pub(super) fn epoch_ms(written: &str) -> Option<i64> {
    let mut written: String = written.chars().filter(|c| !c.is_whitespace()).collect();
    // RFC 3339 wants the colon that CloudWatch leaves out of the offset.
    let tail = written.len().checked_sub(5)?;
    if let Some(offset) = written.get(tail..)
        && offset.starts_with(['+', '-'])
        && offset.bytes().skip(1).all(|b| b.is_ascii_digit())
    {
        written.insert(tail + 3, ':');
    }
    let time = OffsetDateTime::parse(&written, &Rfc3339).ok()?;
    i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok()
}

/// An alarm's ARN, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AlarmArn {
    /// The ARN without stray spaces before its name.
    pub(super) arn: String,
    /// The Region's code, where it has the form of one.
    pub(super) region: Option<String>,
    /// The account's number, where it is one.
    pub(super) account: Option<String>,
    /// The alarm's name: it may hold spaces and colons.
    pub(super) name: String,
}

impl AlarmArn {
    /// Reads `arn:PARTITION:cloudwatch:REGION:ACCOUNT:alarm:NAME`.
    pub(super) fn read(written: &str) -> Option<Self> {
        let parts: Vec<&str> = written.splitn(7, ':').collect();
        let [arn, partition, service, region, account, kind, name] = parts.as_slice() else { return None };
        let [arn, partition, service, region, account, kind] =
            [arn, partition, service, region, account, kind].map(|part| part.trim());
        if arn != "arn" || service != "cloudwatch" || kind != "alarm" || name.is_empty() {
            return None;
        }
        Some(Self {
            arn: format!("arn:{partition}:{service}:{region}:{account}:{kind}:{name}"),
            region: region_code(region),
            account: account_number(account),
            name: (*name).to_owned(),
        })
    }
}

/// The text, if it has the form of a Region's code (`eu-west-1`, `us-gov-east-1`): it will stand in a host name.
pub(super) fn region_code(text: &str) -> Option<String> {
    let text = text.trim();
    let parts: Vec<&str> = text.split('-').collect();
    let [head, middle @ .., tail] = parts.as_slice() else { return None };
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let is_code = text.len() <= 32
        && letters(head)
        && !middle.is_empty()
        && middle.iter().all(letters)
        && !tail.is_empty()
        && tail.bytes().all(|b| b.is_ascii_digit());
    is_code.then(|| text.to_owned())
}

/// The text, if it is made of digits alone.
pub(super) fn account_number(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.to_owned())
}

/// A state's name, whatever stands around it.
pub(super) fn state(name: &str) -> Option<AlarmState> {
    AlarmState::from_name(name.trim())
}

/// A treatment as notifications write it: `notBreaching`, `NonBreaching`, `- TreatMissingData:       missing`.
pub(super) fn treatment(written: &str) -> Option<TreatMissingData> {
    let name = written.rsplit(':').next().unwrap_or(written).trim();
    if name.eq_ignore_ascii_case("NonBreaching") {
        return Some(TreatMissingData::NotBreaching);
    }
    TreatMissingData::NAMES
        .into_iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, treatment)| treatment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_member_of_the_wrong_type_is_absent_and_one_in_pascal_case_is_found() {
        let value =
            json!({"name": " a ", "Period": 60, "stat": 7, "blank": " ", "list": [1, "b", {"c": true}]});
        let members = Members::of(&value);
        assert_eq!((members.string("name"), members.text("name").as_deref()), (Some(" a "), Some("a")));
        assert_eq!((members.number("period"), members.number("name")), (Some(60.0), None));
        assert_eq!((members.text("stat"), members.text("blank"), members.string("Name")), (None, None, None));
        assert_eq!(members.numbers("list").collect::<Vec<_>>(), [1.0]);
        assert_eq!(members.strings("list").collect::<Vec<_>>(), ["b"]);
        assert_eq!(members.objects("list").map(|item| item.value("c")).collect::<Vec<_>>(), [&json!(true)]);
        assert!(members.object("list").is_none() && members.object("none").is_none());
        for other in [json!(null), json!(["name"]), json!("name")] {
            assert_eq!(Members::of(&other).value("name"), &Value::Null, "{other}");
        }
        assert_eq!(members.value(""), &Value::Null);
    }

    #[test]
    fn times_are_read_in_every_spelling_that_aws_uses() {
        let expected = Some(1_691_152_575_490);
        for written in [
            "2023-08-04T12:36:15.490+0000",
            "2023-08-04T12: 36: 15.490+0000",
            "2023-08-04T12:36:15.490Z",
            "2023-08-04T12:36:15.490+00:00",
            "2023-08-04T14:36:15.490+0200",
            "2023-08-04T07:06:15.490-0530",
            "2023-08-04T12:36:15.490999+0000",
        ] {
            assert_eq!(epoch_ms(written), expected, "{written}");
        }
        assert_eq!(epoch_ms("2023-08-04T12:36:15Z"), Some(1_691_152_575_000));
    }

    #[test]
    fn what_is_no_time_is_absent() {
        for written in
            ["", "Z", "yesterday", "2023-08-04", "2023-13-04T12:36:15Z", "é+0000", "+0000", "２０２３"]
        {
            assert_eq!(epoch_ms(written), None, "{written}");
        }
    }

    #[test]
    fn an_arn_loses_stray_spaces_but_its_name_keeps_its_own() {
        let arn = AlarmArn::read("arn:aws:cloudwatch:us-east-1: 444455556666:alarm:API errors: 5xx").unwrap();
        assert_eq!(arn.arn, "arn:aws:cloudwatch:us-east-1:444455556666:alarm:API errors: 5xx");
        assert_eq!(arn.region.as_deref(), Some("us-east-1"));
        assert_eq!(arn.account.as_deref(), Some("444455556666"));
        assert_eq!(arn.name, "API errors: 5xx");
    }

    #[test]
    fn what_is_no_region_never_becomes_one() {
        for text in [
            "REGION",
            "Asia Pacific (Tokyo)",
            "evil.example/#",
            "us-east-1.evil.example",
            "us-east-",
            "-1",
            "",
            "us-1",
        ] {
            assert_eq!(region_code(text), None, "{text}");
        }
        for text in
            ["us-east-1", "ap-northeast-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "ap-southeast-10"]
        {
            assert_eq!(region_code(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn treatments_are_read_in_old_and_new_spellings() {
        for (written, expected) in [
            ("missing", Some(TreatMissingData::Missing)),
            ("- TreatMissingData:                    missing", Some(TreatMissingData::Missing)),
            ("- TreatMissingData:NonBreaching", Some(TreatMissingData::NotBreaching)),
            ("notBreaching", Some(TreatMissingData::NotBreaching)),
            ("Breaching", Some(TreatMissingData::Breaching)),
            ("- TreatMissingData:                    ignore", Some(TreatMissingData::Ignore)),
            ("", None),
            ("later", None),
        ] {
            assert_eq!(treatment(written), expected, "{written}");
        }
    }
}
