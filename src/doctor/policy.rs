//! A function's resource policy: who may call it on behalf of what.
//!
//! It knows the conditions that permissions for AWS's services have. A statement with any other one is not taken for a
//! permission, and not for none either.

use serde::Deserialize;
use serde_json::Value;

/// A resource policy, as far as calls are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    is_deny: bool,
    /// Services; `*` for anybody.
    principals: Vec<String>,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    operator: String,
    /// In small letters.
    key: String,
    values: Vec<String>,
}

/// Whether a service may call on behalf of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Access {
    /// It may; without a condition on the source, on behalf of any resource of any account, too.
    Allowed { is_narrow: bool },
    /// A statement forbids it.
    Denied,
    /// There is a statement for the service, with other sources than this one.
    OtherSource(Vec<String>),
    /// There is one for this source with another account.
    OtherAccount,
    /// There is one with a condition that is not known here.
    Unclear,
    /// There is none for the service.
    None,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    #[serde(default)]
    statement: OneOrMany,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Value>),
    One(Value),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Policy {
    /// Reads the policy's text; none where it is no policy.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let document: Document = serde_json::from_str(text).ok()?;
        let statements = match document.statement {
            OneOrMany::Many(statements) => statements,
            OneOrMany::One(statement) => vec![statement],
        };
        let statements = statements.iter().filter(|statement| may_invoke(statement));
        Some(Self { statements: statements.map(Statement::read).collect() })
    }

    /// The sources on whose behalf a service may call, as they are written.
    #[must_use]
    pub fn sources(&self, service: &str) -> Vec<String> {
        let of_service = self.statements.iter().filter(|statement| statement.is_for(service));
        let sources = of_service.filter(|statement| !statement.is_deny).flat_map(Statement::sources);
        sources.map(str::to_owned).collect()
    }

    /// Whether `service` may call on behalf of `source_arn`, which belongs to `account`.
    pub(super) fn access(&self, service: &str, source_arn: &str, account: &str) -> Access {
        let mut found = Access::None;
        for statement in self.statements.iter().filter(|statement| statement.is_for(service)) {
            let access = statement.access(source_arn, account);
            if statement.is_deny {
                if matches!(access, Access::Allowed { .. }) {
                    return Access::Denied;
                }
                continue;
            }
            found = match (found, access) {
                // The narrow one is enough, but the wide one lets others in.
                (Access::Allowed { is_narrow: a }, Access::Allowed { is_narrow: b }) => {
                    Access::Allowed { is_narrow: a && b }
                }
                (allowed @ Access::Allowed { .. }, _) | (_, allowed @ Access::Allowed { .. }) => allowed,
                (Access::OtherSource(mut all), Access::OtherSource(more)) => {
                    all.extend(more);
                    Access::OtherSource(all)
                }
                (Access::None | Access::OtherSource(_), access) => access,
                (found, _) => found,
            };
        }
        found
    }
}

/// Whether a statement is about calling the function.
fn may_invoke(statement: &Value) -> bool {
    let actions = texts(&statement["Action"]);
    actions.iter().any(|action| matches_glob(&action.to_ascii_lowercase(), "lambda:invokefunction"))
}

impl Statement {
    fn read(statement: &Value) -> Self {
        let principal = &statement["Principal"];
        let principals = if principal.is_string() { texts(principal) } else { texts(&principal["Service"]) };
        let mut conditions = Vec::new();
        for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
            for (key, values) in keys.as_object().into_iter().flatten() {
                conditions.push(Condition {
                    operator: operator.clone(),
                    key: key.to_ascii_lowercase(),
                    values: texts(values),
                });
            }
        }
        Self { is_deny: statement["Effect"] == "Deny", principals, conditions }
    }

    /// A service may be written with its Region: `logs.eu-west-1.amazonaws.com`.
    fn is_for(&self, service: &str) -> bool {
        let first = service.split('.').next().unwrap_or_default();
        self.principals.iter().any(|principal| {
            let regional = principal.strip_prefix(first).is_some_and(|rest| {
                let rest = rest.strip_suffix(".cn").unwrap_or(rest);
                rest.strip_suffix(".amazonaws.com").is_some_and(|region| {
                    region.strip_prefix('.').is_some_and(|region| !region.contains('.'))
                })
            });
            principal == "*" || principal == service || (regional && first == "logs")
        })
    }

    fn sources(&self) -> impl Iterator<Item = &str> {
        let of_source = self.conditions.iter().filter(|condition| condition.key == "aws:sourcearn");
        of_source.flat_map(|condition| condition.values.iter().map(String::as_str))
    }

    fn access(&self, source_arn: &str, account: &str) -> Access {
        let (mut is_narrow, mut has_account) = (false, false);
        for condition in &self.conditions {
            let actual = match condition.key.as_str() {
                "aws:sourcearn" => source_arn,
                "aws:sourceaccount" => account,
                _ => return Access::Unclear,
            };
            let Some(holds) = condition.holds(actual) else { return Access::Unclear };
            if condition.key == "aws:sourcearn" {
                if !holds {
                    return Access::OtherSource(condition.values.clone());
                }
                // An account stands in the ARN, unless a star does.
                let mut taking = condition.values.iter().filter(|value| matches_glob(value, source_arn));
                is_narrow |= taking.all(|value| value.contains(account));
            } else if holds {
                has_account = true;
            } else {
                return Access::OtherAccount;
            }
        }
        Access::Allowed { is_narrow: is_narrow || has_account }
    }
}

impl Condition {
    /// None where the operator is not known.
    fn holds(&self, actual: &str) -> Option<bool> {
        let operator = self.operator.strip_suffix("IfExists").unwrap_or(&self.operator);
        let fits: fn(&str, &str) -> bool = match operator {
            "ArnLike" | "ArnEquals" | "StringLike" => matches_glob,
            "StringEquals" => |value, actual| value == actual,
            "StringEqualsIgnoreCase" => |value, actual| value.eq_ignore_ascii_case(actual),
            _ => return None,
        };
        Some(self.values.iter().any(|value| fits(value, actual)))
    }
}

/// A text or a list of texts.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Whether a pattern with `*` and `?` fits all of a text.
pub(super) fn matches_glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and up to where it has taken the text.
    let mut star: Option<(usize, usize)> = None;
    while let Some(&c) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == c => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                (p, t) = (at + 1, taken + 1);
            }
        }
    }
    pattern.iter().skip(p).all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GROUP: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:/api/orders:*";
    const ACCOUNT: &str = "123456789012";

    fn policy(principal: &Value, condition: &Value, effect: &str) -> Policy {
        let statement = json!({ "Effect": effect, "Principal": principal, "Action": "lambda:InvokeFunction",
                                "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:f", "Condition": condition });
        Policy::parse(&json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()).unwrap()
    }

    fn access(principal: &Value, condition: &Value) -> Access {
        policy(principal, condition, "Allow").access("logs.amazonaws.com", GROUP, ACCOUNT)
    }

    #[test]
    fn a_source_and_an_account_let_in_or_say_whom_else() {
        let logs = json!({ "Service": "logs.amazonaws.com" });
        let narrow = Access::Allowed { is_narrow: true };
        for (condition, expected) in [
            (
                json!({ "ArnLike": { "AWS:SourceArn": GROUP }, "StringEquals": { "AWS:SourceAccount": ACCOUNT } }),
                narrow.clone(),
            ),
            (json!({ "ArnLike": { "aws:SourceArn": [GROUP, "x"] } }), narrow.clone()),
            (json!({ "StringEquals": { "aws:SourceAccount": ACCOUNT } }), narrow.clone()),
            (
                json!({ "ArnLike": { "AWS:SourceArn": "arn:aws:logs:eu-west-1:123456789012:log-group:*" } }),
                narrow.clone(),
            ),
            (
                json!({ "ArnLike": { "AWS:SourceArn": "arn:aws:logs:*:*:log-group:*" } }),
                Access::Allowed { is_narrow: false },
            ),
            (Value::Null, Access::Allowed { is_narrow: false }),
            (
                json!({ "ArnLike": { "AWS:SourceArn": "arn:aws:logs:eu-west-1:123456789012:log-group:/api/pets:*" } }),
                Access::OtherSource(vec![
                    "arn:aws:logs:eu-west-1:123456789012:log-group:/api/pets:*".to_owned(),
                ]),
            ),
            (
                json!({ "ArnLike": { "AWS:SourceArn": GROUP }, "StringEquals": { "AWS:SourceAccount": "999999999999" } }),
                Access::OtherAccount,
            ),
            (json!({ "Bool": { "aws:SecureTransport": "true" } }), Access::Unclear),
            (json!({ "ArnNotLike": { "AWS:SourceArn": GROUP } }), Access::Unclear),
        ] {
            assert_eq!(access(&logs, &condition), expected, "{condition}");
        }
    }

    #[test]
    fn a_principal_is_the_service_its_regional_form_or_anybody() {
        for (principal, is_one) in [
            (json!({ "Service": "logs.eu-west-1.amazonaws.com" }), true),
            (json!({ "Service": ["events.amazonaws.com", "logs.amazonaws.com"] }), true),
            (json!("*"), true),
            (json!({ "Service": "logs.amazonaws.com.evil.example" }), false),
            (json!({ "Service": "events.amazonaws.com" }), false),
            (json!({ "AWS": "arn:aws:iam::123456789012:root" }), false),
        ] {
            assert_eq!(access(&principal, &Value::Null) != Access::None, is_one, "{principal}");
        }
        let alarms = json!({ "Service": "lambda.alarms.cloudwatch.amazonaws.com" });
        let found = policy(&alarms, &Value::Null, "Allow");
        assert_eq!(
            found.access("lambda.alarms.cloudwatch.amazonaws.com", "arn:alarm", ACCOUNT),
            Access::Allowed { is_narrow: false }
        );
    }

    #[test]
    fn a_deny_goes_before_what_allows() {
        let logs = json!({ "Service": "logs.amazonaws.com" });
        let deny = policy(&logs, &Value::Null, "Deny");
        let allow = policy(&logs, &Value::Null, "Allow");
        let both = Policy { statements: [allow.statements, deny.statements].concat() };
        assert_eq!(both.access("logs.amazonaws.com", GROUP, ACCOUNT), Access::Denied);
    }

    #[test]
    fn other_actions_are_no_permission_and_what_is_no_policy_is_none() {
        let text =
            json!({ "Statement": { "Effect": "Allow", "Principal": "*", "Action": "lambda:GetFunction" } });
        let found = Policy::parse(&text.to_string()).unwrap();
        assert_eq!(found.access("logs.amazonaws.com", GROUP, ACCOUNT), Access::None);
        assert_eq!(Policy::parse("{"), None);
        assert!(Policy::parse("{}").unwrap().statements.is_empty());
    }

    #[test]
    fn stars_and_question_marks_stand_for_text() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("a*c", "abbbc", true),
            ("a*c*", "abcd", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*b*c", "a-b-d", false),
            ("", "a", false),
            ("*a*a*a*a*a*b", &"a".repeat(2_000), false),
        ] {
            assert_eq!(matches_glob(pattern, text), fits, "{pattern} {}", text.len());
        }
    }
}
