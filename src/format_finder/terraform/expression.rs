//! What an expression of Terraform comes to.
//!
//! In: an expression and the module around it. Out: its value as far as the files tell, the rest as gaps.
//! Never evaluates a condition that is not written as `true` or `false`: each branch is judged.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use hcl_edit::expr::{Expression, ForExpr, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::template::{Directive, Element, Template};

use super::super::choices::Choices;
use super::super::value::{Value, concatenated};
use super::functions;
use super::module::Module;

/// Expressions are evaluated this often for one format, and this deep, so that names that refer to each other end.
const MAX_STEPS: usize = 20_000;
const MAX_DEPTH: usize = 128;

/// One evaluation with one answer for each condition.
pub(super) struct Evaluation<'e, 'm> {
    module: &'e Module<'m>,
    choices: &'e Choices,
    steps: Cell<usize>,
    depth: Cell<usize>,
    /// What locals and variables came to in this evaluation.
    known: RefCell<HashMap<String, Value>>,
    /// What `for` binds, the innermost last.
    bound: RefCell<Vec<(String, Value)>>,
}

impl<'e, 'm> Evaluation<'e, 'm> {
    pub(super) fn new(module: &'e Module<'m>, choices: &'e Choices) -> Self {
        let (steps, depth) = (Cell::new(MAX_STEPS), Cell::new(MAX_DEPTH));
        Self { module, choices, steps, depth, known: RefCell::default(), bound: RefCell::default() }
    }

    pub(super) fn value(&self, expression: &Expression) -> Value {
        let (Some(steps), Some(depth)) = (self.steps.get().checked_sub(1), self.depth.get().checked_sub(1))
        else {
            return Value::unknown("what refers to itself");
        };
        self.steps.set(steps);
        self.depth.set(depth);
        let value = self.evaluated(expression);
        self.depth.set(depth + 1);
        value
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
                    Value::Bool(value) if conditional.cond_expr.is_bool() => value,
                    _ => self.choices.holds(&words(&conditional.cond_expr)),
                };
                self.value(if holds { &conditional.true_expr } else { &conditional.false_expr })
            }
            Expression::FuncCall(call) => {
                let arguments: Vec<Value> = call.args.iter().map(|argument| self.value(argument)).collect();
                let known = functions::call(call.name.name.as_str(), arguments, call.args.expand_final());
                known.unwrap_or_else(|| Value::unknown(&words(expression)))
            }
            Expression::Traversal(traversal) => {
                self.traversal(traversal).unwrap_or_else(|| Value::unknown(&words(expression)))
            }
            Expression::ForExpr(for_expression) => {
                self.for_each(for_expression).unwrap_or_else(|| Value::unknown(&words(expression)))
            }
            Expression::UnaryOp(_) | Expression::BinaryOp(_) => Value::unknown(&words(expression)),
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

    /// What `local.x` or `var.x` comes to, evaluated once.
    fn named(&self, name: String) -> Option<Value> {
        let known = self.known.borrow().get(&name).cloned();
        if known.is_some() {
            return known;
        }
        let value = self.value(self.module.get(&name)?);
        self.known.borrow_mut().insert(name, value.clone());
        Some(value)
    }

    /// `local.a.b`, `var.a["b"]`, `item.c`.
    fn traversal(&self, traversal: &Traversal) -> Option<Value> {
        let mut steps = traversal.operators.iter().map(hcl_edit::Decorated::value);
        let mut value = match &traversal.expr {
            Expression::Variable(root) if ["local", "var"].contains(&root.as_str()) => {
                let TraversalOperator::GetAttr(name) = steps.next()? else { return None };
                self.named(format!("{}.{}", root.as_str(), name.as_str()))?
            }
            Expression::Variable(root) => self.bound(root.as_str())?,
            other => self.value(other),
        };
        for step in steps {
            let key = match step {
                TraversalOperator::GetAttr(name) => name.as_str().to_owned(),
                TraversalOperator::Index(index) => self.value(index).text()?,
                TraversalOperator::LegacyIndex(index) => index.value().to_string(),
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => return None,
            };
            value = match &value {
                Value::List(items) => items.get(key.parse::<usize>().ok()?)?.clone(),
                object => object.member(&key)?.clone(),
            };
        }
        // A default of null is what the caller is to give.
        (value != Value::Null).then_some(value)
    }

    /// `[for v in list : …]`, `{ for k, v in map : … => … }`.
    fn for_each(&self, for_expression: &ForExpr) -> Option<Value> {
        let pairs: Vec<(Value, Value)> = pairs(self.value(&for_expression.intro.collection_expr))?;
        let key_name = for_expression.intro.key_var.as_ref().map(|name| name.as_str());
        let value_name = for_expression.intro.value_var.as_str();
        if for_expression.cond.is_some() || for_expression.grouping {
            return None;
        }
        let mut items = Vec::new();
        for (key, value) in pairs {
            let bound = self.bound.borrow().len();
            self.bound.borrow_mut().extend(key_name.map(|name| (name.to_owned(), key)));
            self.bound.borrow_mut().push((value_name.to_owned(), value));
            let key = for_expression.key_expr.as_ref().map(|key| self.value(key));
            let value = self.value(&for_expression.value_expr);
            self.bound.borrow_mut().truncate(bound);
            items.push((key, value));
        }
        if for_expression.key_expr.is_none() {
            return Some(Value::List(items.into_iter().map(|(_, value)| value).collect()));
        }
        let members = items.into_iter().map(|(key, value)| Some((key?.text()?, value)));
        members.collect::<Option<Vec<_>>>().map(Value::Object)
    }

    fn template(&self, template: &Template, whole: &Expression) -> Value {
        // "${x}" is x itself, whatever it is.
        if let Some(Element::Interpolation(only)) = template.as_single_element()
            && matches!(whole, Expression::StringTemplate(_))
        {
            return self.value(&only.expr);
        }
        self.elements(template)
    }

    fn elements(&self, template: &Template) -> Value {
        let parts = template.iter().map(|element| match element {
            Element::Literal(text) => Value::Text(text.value().clone()),
            Element::Interpolation(interpolation) => self.value(&interpolation.expr),
            Element::Directive(directive) => match &**directive {
                Directive::If(branches) => {
                    if self.choices.holds(&words(&branches.if_expr.cond_expr)) {
                        self.elements(&branches.if_expr.template)
                    } else {
                        let otherwise = branches.else_expr.as_ref();
                        otherwise.map_or(Value::Null, |branch| self.elements(&branch.template))
                    }
                }
                Directive::For(_) => Value::unknown("for"),
            },
        });
        concatenated(parts.collect::<Vec<_>>(), "template")
    }
}

/// The keys and values of a list or an object.
fn pairs(collection: Value) -> Option<Vec<(Value, Value)>> {
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

/// An expression as it is written, on one line.
fn words(expression: &Expression) -> String {
    expression.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
