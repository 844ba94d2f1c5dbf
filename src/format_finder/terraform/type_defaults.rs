//! Gives variables the defaults that their types have: `object({ format = optional(string, "…") })`.
//!
//! In: a variable's type and what it is given. Out: its value with the defaults put in.
//! Never invents an attribute that the type has without a default.

use hcl_edit::expr::{Expression, FuncCall, ObjectKey};

use super::super::value::Value;
use super::expression::Evaluation;

/// `given` with the defaults of its type; what nothing gives is unknown under its own name.
pub(super) fn applied(
    evaluation: &Evaluation<'_, '_>,
    given: Option<Value>,
    kind: &Expression,
    name: &str,
) -> Value {
    match given {
        None | Some(Value::Null | Value::Unknown(_)) if !has_default(kind) => {
            given.unwrap_or_else(|| Value::unknown(name))
        }
        given => {
            let given = given.filter(|given| *given != Value::Null);
            with_defaults(evaluation, given.unwrap_or_else(|| Value::unknown(name)), kind, name)
        }
    }
}

fn with_defaults(evaluation: &Evaluation<'_, '_>, value: Value, kind: &Expression, name: &str) -> Value {
    let Expression::FuncCall(call) = kind else { return value };
    let Some(inner) = call.args.get(0) else { return value };
    match (call.name.name.as_str(), inner, value) {
        ("object", Expression::Object(attributes), value @ (Value::Object(_) | Value::Unknown(_))) => {
            let unknown = matches!(value, Value::Unknown(_));
            let attribute = |(key, kind): (&ObjectKey, &Expression)| {
                let key = match key {
                    ObjectKey::Ident(name) => name.as_str().to_owned(),
                    ObjectKey::Expression(expression) => expression.as_str().unwrap_or_default().to_owned(),
                };
                let path = format!("{name}.{key}");
                let (kind, default) = optional(kind).map_or((kind, None), |(kind, default)| (kind, default));
                let given = value.member(&key).filter(|given| **given != Value::Null).cloned();
                let given = given.or_else(|| default.map(|default| evaluation.value(default)));
                let otherwise = || if unknown { Value::unknown(&path) } else { Value::Null };
                (key, with_defaults(evaluation, given.unwrap_or_else(otherwise), kind, &path))
            };
            Value::Object(attributes.iter().map(|(key, kind)| attribute((key, kind.expr()))).collect())
        }
        ("list" | "set", kind, Value::List(items)) => {
            Value::List(items.into_iter().map(|item| with_defaults(evaluation, item, kind, name)).collect())
        }
        ("map", kind, Value::Object(members)) => {
            let member = |(key, item)| (key, with_defaults(evaluation, item, kind, name));
            Value::Object(members.into_iter().map(member).collect())
        }
        (.., value) => value,
    }
}

/// The type and the default of `optional(type, default)`.
fn optional(kind: &Expression) -> Option<(&Expression, Option<&Expression>)> {
    let call = called(kind, "optional")?;
    Some((call.args.get(0)?, call.args.get(1)))
}

/// Whether an object of that type may have an attribute that nobody gave.
fn has_default(kind: &Expression) -> bool {
    let Some(Expression::Object(attributes)) = called(kind, "object").and_then(|call| call.args.get(0))
    else {
        return false;
    };
    attributes.iter().any(|(_, kind)| {
        let kind = kind.expr();
        optional(kind)
            .map_or_else(|| has_default(kind), |(kind, default)| default.is_some() || has_default(kind))
    })
}

fn called<'k>(kind: &'k Expression, name: &str) -> Option<&'k FuncCall> {
    match kind {
        Expression::FuncCall(call) if call.name.name.as_str() == name => Some(call),
        _ => None,
    }
}
