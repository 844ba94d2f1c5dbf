//! What the files of a Terraform module declare: locals, types and defaults of variables, the values of `.tfvars`, the
//! protocols of APIs, and what its caller gives it.
//!
//! In: parsed files. Out: expressions by name, such as `local.format`. Keeps which names were used.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;

use super::super::texts::Texts;
use super::super::value::Budget;
use super::expression::Bound;

/// The named values of a module.
#[derive(Debug, Default)]
pub(super) struct Module<'m> {
    values: BTreeMap<String, Declared<'m>>,
    /// The types of variables, by `var.x`.
    types: BTreeMap<String, &'m Expression>,
    /// The `protocol_type` of each `aws_apigatewayv2_api`, by its name.
    protocols: BTreeMap<String, &'m Expression>,
    used: RefCell<BTreeSet<String>>,
    /// The folder of its files.
    folder: &'m str,
    /// The files that it may read.
    texts: Option<&'m Texts<'m>>,
    call: Option<Call<'m>>,
    /// Its calls of modules that are read themselves.
    followed: BTreeSet<String>,
    budget: Budget,
    /// How often a dynamic block was repeated: blocks within blocks multiply.
    repeated: Cell<usize>,
}

/// The call of a module.
#[derive(Debug)]
pub(super) struct Call<'m> {
    /// Whose call it is.
    pub(super) module: &'m Module<'m>,
    pub(super) arguments: &'m Body,
    /// What the call's repetition binds.
    pub(super) bound: Bound,
}

/// An expression and the file in which it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Declared<'m> {
    pub(super) file: &'m str,
    pub(super) expression: &'m Expression,
}

impl<'m> Module<'m> {
    /// A module without files yet.
    pub(super) fn new(folder: &'m str, texts: &'m Texts<'m>, call: Option<Call<'m>>) -> Self {
        Self { folder, texts: Some(texts), call, ..Self::default() }
    }

    /// Notes that a call's module is read itself, with the arguments.
    pub(super) fn follow(&mut self, call: &str) {
        self.followed.insert(call.to_owned());
    }

    pub(super) fn is_followed(&self, call: &str) -> bool {
        self.followed.contains(call)
    }

    /// The text of a file of the module.
    pub(super) fn text(&self, path: &str) -> Option<&'m str> {
        self.texts?.get(self.folder, path)
    }

    /// What the caller gives for `var.x`, and the call.
    pub(super) fn argument(&self, name: &str) -> Option<(&Call<'m>, &'m Expression)> {
        let call = self.call.as_ref()?;
        let argument = call.arguments.get_attribute(name.strip_prefix("var.")?)?;
        self.used.borrow_mut().insert(name.to_owned());
        Some((call, &argument.value))
    }

    /// Takes in what a file declares.
    pub(super) fn declare(&mut self, file: &'m str, body: &'m Body) {
        if file.ends_with(".tfvars") {
            if is_automatic(file) {
                for attribute in body.attributes() {
                    let name = format!("var.{}", attribute.key.as_str());
                    self.values.insert(name, Declared { file, expression: &attribute.value });
                }
            }
            return;
        }
        for block in body.blocks() {
            match block.ident.as_str() {
                "locals" => {
                    for attribute in block.body.attributes() {
                        let name = format!("local.{}", attribute.key.as_str());
                        self.values.insert(name, Declared { file, expression: &attribute.value });
                    }
                }
                "variable" => {
                    let label = block.labels.first().map(hcl_edit::structure::BlockLabel::as_str);
                    if let (Some(label), Some(kind)) = (label, block.body.get_attribute("type")) {
                        self.types.insert(format!("var.{label}"), &kind.value);
                    }
                    let default = block.body.get_attribute("default");
                    if let (Some(label), Some(default)) = (label, default) {
                        let declared = Declared { file, expression: &default.value };
                        self.values.entry(format!("var.{label}")).or_insert(declared);
                    }
                }
                "resource" => {
                    let mut labels = block.labels.iter().map(hcl_edit::structure::BlockLabel::as_str);
                    let protocol = block.body.get_attribute("protocol_type");
                    if let (Some("aws_apigatewayv2_api"), Some(name), Some(protocol)) =
                        (labels.next(), labels.next(), protocol)
                    {
                        self.protocols.insert(name.to_owned(), &protocol.value);
                    }
                }
                _ => {}
            }
        }
    }

    /// The type of `var.x`.
    pub(super) fn type_of(&self, name: &str) -> Option<&'m Expression> {
        self.types.get(name).copied()
    }

    /// The `protocol_type` of the `aws_apigatewayv2_api` of that name.
    pub(super) fn protocol(&self, name: &str) -> Option<&'m Expression> {
        self.protocols.get(name).copied()
    }

    /// The expression of `local.x` or `var.x`.
    pub(super) fn get(&self, name: &str) -> Option<&'m Expression> {
        let declared = self.values.get(name)?;
        self.used.borrow_mut().insert(name.to_owned());
        Some(declared.expression)
    }

    /// What the evaluation of its formats may cost.
    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Counts a repetition of a dynamic block; whether it is one of the few that are looked at.
    pub(super) fn may_repeat(&self) -> bool {
        const MAX_REPEATED: usize = 1_000;
        self.repeated.set(self.repeated.get().saturating_add(1));
        self.repeated.get() <= MAX_REPEATED
    }

    /// All of them, by name.
    pub(super) fn named_values(&self) -> impl Iterator<Item = (String, Declared<'m>)> {
        self.values.iter().map(|(name, declared)| (name.clone(), *declared))
    }

    /// Whether an expression that was evaluated refers to `name`.
    pub(super) fn was_used(&self, name: &str) -> bool {
        self.used.borrow().contains(name)
    }
}

/// Whether Terraform reads a file of values without being told to.
pub(super) fn is_automatic(file: &str) -> bool {
    file.ends_with(".auto.tfvars") || file.ends_with("terraform.tfvars")
}
