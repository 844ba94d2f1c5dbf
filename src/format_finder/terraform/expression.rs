//! What an expression of Terraform comes to.
//!
//! In: an expression and the module around it. Out: its value as far as the files tell, the rest as gaps.
//! Never evaluates a condition on variables or locals: each branch is judged.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use hcl_edit::Decorated;
use hcl_edit::expr::{
    BinaryOperator, Expression, ForExpr, ObjectKey, Traversal, TraversalOperator, UnaryOperator,
};
use hcl_edit::template::{Directive, Element, ForTemplateExpr, Template};

use super::super::choices::Choices;
use super::super::value::{Value, concatenated};
use super::module::{Call, Module};
use super::{functions, type_defaults};

/// Expressions within each other, and names that refer to each other, are followed this deep.
const MAX_DEPTH: usize = 128;
/// An element whose index is not known is one of so many at most.
const MAX_ELEMENTS: usize = 8;

/// Names and what they stand for, the innermost last.
pub(super) type Bound = Vec<(String, Value)>;

/// One evaluation with one answer for each condition.
pub(super) struct Evaluation<'e, 'm> {
    module: &'e Module<'m>,
    choices: &'e Choices,
    depth: Cell<usize>,
    /// What locals and variables came to in this evaluation.
    known: RefCell<HashMap<String, Value>>,
    /// What `for`, `each`, `count` and dynamic blocks bind.
    bound: RefCell<Bound>,
}

impl<'e, 'm> Evaluation<'e, 'm> {
    pub(super) fn new(module: &'e Module<'m>, choices: &'e Choices, bound: Bound) -> Self {
        module.budget().renew();
        Self {
            module,
            choices,
            depth: Cell::new(MAX_DEPTH),
            known: RefCell::default(),
            bound: RefCell::new(bound),
        }
    }

    pub(super) fn value(&self, expression: &Expression) -> Value {
        let Some(depth) = self.depth.get().checked_sub(1).filter(|_| self.module.budget().step()) else {
            return Value::unknown("a value that refers to itself");
        };
        self.depth.set(depth);
        let value = self.evaluated(expression);
        self.depth.set(depth + 1);
        self.module.budget().charged(value)
    }

    fn evaluated(&self, expression: &Expression) -> Value {
        match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(value) => Value::Bool(*value.value()),
            Expression::Number(number) => Value::Number(number.value().to_string()),
            Expression::String(text) => Value::Text(text.value().clone()),
            Expression::Array(items) => Value::List(items.iter().map(|item| self.value(item)).collect()),
            Expression::Object(object) => Value::Object(
                object.iter().map(|(key, value)| (self.key(key), self.value(value.expr()))).collect(),
            ),
            Expression::StringTemplate(template) => self.template(template, expression),
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template, expression),
            Expression::Parenthesis(inner) => self.value(inner.inner()),
            Expression::Variable(name) => {
                self.bound(name.as_str()).unwrap_or_else(|| Value::unknown(name.as_str()))
            }
            Expression::Conditional(conditional) => {
                let holds = match self.value(&conditional.cond_expr) {
                    Value::Bool(value) if is_settled(&conditional.cond_expr) => value,
                    _ => self.choices.holds(&words(&conditional.cond_expr)),
                };
                self.value(if holds { &conditional.true_expr } else { &conditional.false_expr })
            }
            Expression::FuncCall(call) => {
                let arguments: Vec<Value> = call.args.iter().map(|argument| self.value(argument)).collect();
                let name = call.name.name.as_str();
                let known = match name {
                    "file" | "templatefile" => functions::read(self.module, &arguments),
                    _ => functions::call(name, arguments, call.args.expand_final()),
                };
                known.unwrap_or_else(|| Value::unknown(&words(expression)))
            }
            Expression::Traversal(traversal) => {
                self.traversal(traversal).unwrap_or_else(|| Value::unknown(&words(expression)))
            }
            Expression::ForExpr(for_expression) => {
                self.for_each(for_expression).unwrap_or_else(|| Value::unknown(&words(expression)))
            }
            Expression::UnaryOp(_) | Expression::BinaryOp(_) => {
                self.operation(expression).unwrap_or_else(|| Value::unknown(&words(expression)))
            }
        }
    }

    fn key(&self, key: &ObjectKey) -> String {
        match key {
            ObjectKey::Ident(name) => name.as_str().to_owned(),
            ObjectKey::Expression(expression) => self.value(expression).text().unwrap_or_default(),
        }
    }

    fn bound(&self, name: &str) -> Option<Value> {
        let bound = self.bound.borrow();
        bound.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// The same evaluation in the module of a caller.
    fn of_caller<'c>(&self, call: &'c Call<'m>) -> Evaluation<'c, 'm>
    where
        'e: 'c,
    {
        Evaluation {
            module: call.module,
            choices: self.choices,
            depth: Cell::new(self.depth.get()),
            known: RefCell::default(),
            bound: RefCell::new(call.bound.clone()),
        }
    }

    /// What `local.x` or `var.x` comes to, evaluated once.
    fn named(&self, name: String) -> Option<Value> {
        let known = self.known.borrow().get(&name).cloned();
        if known.is_some() {
            return known;
        }
        let given = match self.module.argument(&name) {
            Some((call, argument)) => Some(self.of_caller(call).value(argument)),
            None => self.module.get(&name).map(|expression| self.value(expression)),
        };
        let value = match self.module.type_of(&name) {
            Some(kind) => type_defaults::applied(self, given, kind, &name),
            None => given?,
        };
        self.known.borrow_mut().insert(name, value.clone());
        Some(value)
    }

    /// `local.a.b`, `var.a["b"]`, `item.c`, `var.a[*].b`.
    fn traversal(&self, traversal: &Traversal) -> Option<Value> {
        let mut steps = traversal.operators.as_slice();
        let value = match &traversal.expr {
            Expression::Variable(root) if ["local", "var"].contains(&root.as_str()) => {
                let (first, rest) = steps.split_first()?;
                steps = rest;
                let TraversalOperator::GetAttr(name) = first.value() else { return None };
                self.named(format!("{}.{}", root.as_str(), name.as_str()))?
            }
            Expression::Variable(root) => self.bound(root.as_str())?,
            other => self.value(other),
        };
        // A default of null is what the caller is to give.
        self.part(value, steps).filter(|value| *value != Value::Null)
    }

    fn part(&self, value: Value, steps: &[Decorated<TraversalOperator>]) -> Option<Value> {
        let Some((step, rest)) = steps.split_first() else { return Some(value) };
        let key = match step.value() {
            TraversalOperator::GetAttr(name) => name.as_str().to_owned(),
            TraversalOperator::Index(index) => match self.value(index) {
                Value::Unknown(index) => self.chosen(&value, &index)?,
                index => index.text()?,
            },
            TraversalOperator::LegacyIndex(index) => index.value().to_string(),
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                let items = match value {
                    Value::List(items) => items,
                    Value::Null => Vec::new(),
                    Value::Unknown(_) => return None,
                    single => vec![single],
                };
                let parts = items.into_iter().map(|item| self.part(item, rest));
                return parts.collect::<Option<Vec<_>>>().map(Value::List);
            }
        };
        let member = match &value {
            Value::List(items) => items.get(key.parse::<usize>().ok()?)?.clone(),
            object => object.member(&key)?.clone(),
        };
        self.part(member, rest)
    }

    /// The key of an element whose index is not known: each of a few elements in turn.
    fn chosen(&self, collection: &Value, index: &str) -> Option<String> {
        let keys: Vec<String> = match collection {
            Value::List(items) => (0..items.len()).map(|place| place.to_string()).collect(),
            Value::Object(members) => members.iter().map(|(name, _)| name.clone()).collect(),
            _ => return None,
        };
        let (last, others) = keys.split_last().filter(|_| keys.len() <= MAX_ELEMENTS)?;
        let chosen = others.iter().find(|key| self.choices.holds(&format!("{index} is {key}")));
        Some(chosen.unwrap_or(last).clone())
    }

    /// A comparison of values that are known, as conditions of `for` have it.
    fn operation(&self, expression: &Expression) -> Option<Value> {
        match expression {
            Expression::UnaryOp(operation) if *operation.operator.value() == UnaryOperator::Not => {
                let Value::Bool(value) = self.value(&operation.expr) else { return None };
                Some(Value::Bool(!value))
            }
            Expression::BinaryOp(operation) => {
                let (left, right) = (self.value(&operation.lhs_expr), self.value(&operation.rhs_expr));
                match (operation.operator.value(), left, right) {
                    (_, Value::Unknown(_), _) | (_, _, Value::Unknown(_)) => None,
                    (BinaryOperator::Eq, left, right) => Some(Value::Bool(left == right)),
                    (BinaryOperator::NotEq, left, right) => Some(Value::Bool(left != right)),
                    (BinaryOperator::And, Value::Bool(left), Value::Bool(right)) => {
                        Some(Value::Bool(left && right))
                    }
                    (BinaryOperator::Or, Value::Bool(left), Value::Bool(right)) => {
                        Some(Value::Bool(left || right))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `[for v in list : …]`, `{ for k, v in map : … => … }`.
    fn for_each(&self, for_expression: &ForExpr) -> Option<Value> {
        let pairs = pairs(self.value(&for_expression.intro.collection_expr))?;
        if for_expression.grouping {
            return None;
        }
        let key_name = for_expression.intro.key_var.as_ref().map(|name| name.as_str());
        let value_name = for_expression.intro.value_var.as_str();
        let mut items = Vec::new();
        for (key, value) in pairs {
            let item = self.with(key_name, key, value_name, value, || {
                let wanted = match &for_expression.cond {
                    Some(condition) => match self.value(&condition.expr) {
                        Value::Bool(wanted) => wanted,
                        _ => return None,
                    },
                    None => true,
                };
                let key = || for_expression.key_expr.as_ref().map(|key| self.value(key));
                Some(wanted.then(|| (key(), self.value(&for_expression.value_expr))))
            });
            items.extend(item?);
        }
        if for_expression.key_expr.is_none() {
            return Some(Value::List(items.into_iter().map(|(_, value)| value).collect()));
        }
        let members = items.into_iter().map(|(key, value)| Some((key?.text()?, value)));
        members.collect::<Option<Vec<_>>>().map(Value::Object)
    }

    /// What `inner` gives while the names stand for these values.
    fn with<T>(
        &self,
        key_name: Option<&str>,
        key: Value,
        value_name: &str,
        value: Value,
        inner: impl FnOnce() -> T,
    ) -> T {
        let bound = self.bound.borrow().len();
        self.bound.borrow_mut().extend(key_name.map(|name| (name.to_owned(), key)));
        self.bound.borrow_mut().push((value_name.to_owned(), value));
        let result = inner();
        self.bound.borrow_mut().truncate(bound);
        result
    }

    /// `%{ for item in list }…%{ endfor }`.
    fn repeated(&self, directive: &ForTemplateExpr, literal: Literal) -> Option<Value> {
        let pairs = pairs(self.value(&directive.collection_expr))?;
        let key_name = directive.key_var.as_ref().map(|name| name.as_str());
        let parts = pairs.into_iter().map(|(key, value)| {
            self.with(key_name, key, directive.value_var.as_str(), value, || {
                self.elements(&directive.template, literal, literal)
            })
        });
        Some(concatenated(parts.collect::<Vec<_>>(), "a template with for"))
    }

    fn template(&self, template: &Template, whole: &Expression) -> Value {
        let is_quoted = matches!(whole, Expression::StringTemplate(_));
        // "${x}" is x itself, whatever it is.
        if let Some(Element::Interpolation(only)) = template.as_single_element()
            && is_quoted
        {
            return self.value(&only.expr);
        }
        // Within a directive the parser leaves a quoted text as it is written.
        self.elements(template, str::to_owned, if is_quoted { unescaped } else { str::to_owned })
    }

    /// What the parts give one after the other; `within` says how a text within a directive is read.
    fn elements(&self, template: &Template, literal: Literal, within: Literal) -> Value {
        if !self.module.budget().step() {
            return Value::unknown("a value that refers to itself");
        }
        let parts = template.iter().map(|element| match element {
            Element::Literal(text) => Value::Text(literal(text.value())),
            Element::Interpolation(interpolation) => self.value(&interpolation.expr),
            Element::Directive(directive) => match &**directive {
                Directive::If(branches) => {
                    if self.choices.holds(&words(&branches.if_expr.cond_expr)) {
                        self.elements(&branches.if_expr.template, within, within)
                    } else {
                        let otherwise = branches.else_expr.as_ref();
                        otherwise
                            .map_or(Value::Null, |branch| self.elements(&branch.template, within, within))
                    }
                }
                Directive::For(directive) => self
                    .repeated(&directive.for_expr, within)
                    .unwrap_or_else(|| Value::unknown(&words(&directive.for_expr.collection_expr))),
            },
        });
        concatenated(parts.collect::<Vec<_>>(), "template")
    }
}

/// How a text in a template is read.
type Literal = fn(&str) -> String;

/// A text as it stands between quotes, its escapes read: those that JSON has too. One with another stays as it is.
fn unescaped(text: &str) -> String {
    serde_json::from_str(&format!("\"{text}\"")).unwrap_or_else(|_| text.to_owned())
}

/// The keys and values of a list or an object.
pub(super) fn pairs(collection: Value) -> Option<Vec<(Value, Value)>> {
    match collection {
        Value::List(items) => Some(
            items
                .into_iter()
                .enumerate()
                .map(|(place, item)| (Value::Number(place.to_string()), item))
                .collect(),
        ),
        Value::Object(members) => {
            Some(members.into_iter().map(|(name, value)| (Value::Text(name), value)).collect())
        }
        _ => None,
    }
}

/// Whether a condition depends on nothing that a caller may give otherwise: on constants and names that are bound.
fn is_settled(condition: &Expression) -> bool {
    let words = words(condition);
    !words.contains("var.") && !words.contains("local.")
}

/// An expression as it is written, on one line.
fn words(expression: &Expression) -> String {
    expression.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
