//! Modules that call each other, each with what its caller gives it.
//!
//! In: the Terraform files of all folders that were given. Out: the formats of each module as often as it is called, its
//! variables being the arguments. Never reads another folder: what a module from elsewhere makes of its arguments is not
//! known.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::structure::{Block, Body};

use super::super::texts::{Texts, normal};
use super::super::{Found, SourceFile};
use super::expression::Bound;
use super::module::{Call, Module};
use super::{Walk, left_over, repetition};

/// Modules within modules are followed this deep.
const MAX_DEPTH: usize = 8;
/// So many calls are followed in all: modules that call each other twice multiply.
const MAX_CALLS: usize = 500;

/// The parsed files of a folder.
pub(super) type Parsed<'t> = Vec<(SourceFile<'t>, Body)>;

/// Adds the formats of the wanted files of all modules to `found`. `modules`: by the folder as it was given.
pub(super) fn find(modules: &BTreeMap<&str, Parsed<'_>>, texts: &Texts<'_>, found: &mut Found) {
    let calls = Calls {
        modules: modules.iter().map(|(folder, files)| (normal(folder), (*folder, files))).collect(),
        texts,
        left: Cell::new(MAX_CALLS),
        seen: RefCell::default(),
    };
    let callees: BTreeSet<String> = calls
        .modules
        .iter()
        .flat_map(|(folder, (_, files))| {
            blocks(files)
                .filter_map(|(_, block)| calls.callee(folder, block))
                .filter(move |callee| callee != folder)
        })
        .collect();
    let roots = calls.modules.keys().filter(|folder| !callees.contains(*folder));
    // What only calls itself in a circle has no root: it is read without a caller.
    for folder in roots.chain(callees.iter()) {
        let is_new = !calls.seen.borrow().contains(folder);
        if is_new {
            calls.module(folder, None, MAX_DEPTH, found);
        }
    }
}

struct Calls<'c, 't> {
    /// By folder, its name as it was given.
    modules: BTreeMap<String, (&'c str, &'c Parsed<'t>)>,
    texts: &'c Texts<'t>,
    left: Cell<usize>,
    seen: RefCell<BTreeSet<String>>,
}

impl Calls<'_, '_> {
    fn module(&self, folder: &str, call: Option<Call<'_>>, depth: usize, found: &mut Found) {
        let Some((given, files)) = self.modules.get(folder) else { return };
        self.seen.borrow_mut().insert(folder.to_owned());
        let mut module = Module::new(given, self.texts, call);
        let mut followed = Vec::new();
        for (file, body) in *files {
            module.declare(file.name, body);
        }
        for (name, block) in blocks(files) {
            let callee = self.callee(folder, block).filter(|callee| callee != folder && depth > 0);
            if let Some(callee) = callee {
                module.follow(name);
                followed.push((name, block, callee));
            }
        }
        for (file, body) in files.iter().filter(|(file, _)| file.wanted) {
            let mut walk = Walk { module: &module, file, found, bound: Bound::new(), is_argument: false };
            walk.body(body);
        }
        for (name, block, callee) in followed {
            self.call(&module, (name, block), &callee, depth - 1, found);
        }
        let files: Vec<SourceFile<'_>> = files.iter().map(|(file, _)| *file).collect();
        left_over(&module, &files, found);
    }

    /// A call, with each of its repetitions where they differ.
    fn call(
        &self,
        module: &Module<'_>,
        (name, block): (&str, &Block),
        callee: &str,
        depth: usize,
        found: &mut Found,
    ) {
        let repetitions = repetition::of_resource(&block.body, module, &Bound::new());
        let mut each: Vec<(String, Found)> = Vec::new();
        for repetition in repetitions.each {
            let Some(left) = self.left.get().checked_sub(1) else { break };
            self.left.set(left);
            let mut found = Found::default();
            let call = Call { module, arguments: &block.body, bound: repetition.bound };
            self.module(callee, Some(call), depth, &mut found);
            each.push((repetition.index, found));
        }
        let differ = each.windows(2).any(|two| matches!(two, [(_, one), (_, other)] if one != other));
        each.truncate(if differ { usize::MAX } else { 1 });
        for (index, mut part) in each {
            let index = if differ { index.as_str() } else { "" };
            let places = part.formats.iter_mut().map(|format| &mut format.place);
            for place in places.chain(part.gaps.iter_mut().map(|gap| &mut gap.place)) {
                place.resource = format!("module.{name}{index}.{}", place.resource);
            }
            found.formats.append(&mut part.formats);
            found.gaps.append(&mut part.gaps);
        }
    }

    /// The folder of the module that a block of the module in `folder` calls, where its files were given.
    fn callee(&self, folder: &str, block: &Block) -> Option<String> {
        let source = block.body.get_attribute("source")?.value.as_str()?;
        let is_local = source.starts_with("./") || source.starts_with("../");
        let callee = normal(&format!("{folder}/{source}"));
        (is_local && self.modules.contains_key(&callee)).then_some(callee)
    }
}

/// The calls in the files of a module, by their names.
fn blocks<'f>(files: &'f Parsed<'_>) -> impl Iterator<Item = (&'f str, &'f Block)> {
    let wanted = files.iter().filter(|(file, _)| file.wanted);
    wanted.flat_map(|(_, body)| body.blocks()).filter_map(|block| {
        let name = block.labels.first()?.as_str();
        (block.ident.as_str() == "module").then_some((name, block))
    })
}
