//! The last row of a section: account, Region and stage, and how many clients.
//!
//! It says nothing that is not known.

use super::text::Text;
use crate::console::Region;
use crate::incident::{ClientCount, Context, Names};
use crate::words;

/// Accounts or stages that are named, and the longest name: longer ones are cut.
const MAX_NAMED: usize = 2;
const MAX_NAME: usize = 32;

/// How many clients saw errors: `12 clients`, `100+ clients`. One error has one client, which needs no saying.
pub(super) fn clients(context: &Context, errors: u64) -> Option<Text<'static>> {
    let words = match context.clients().count() {
        ClientCount::Unknown => return None,
        ClientCount::Exactly(number) => words::count(number as u64, "client"),
        ClientCount::AtLeast(number) => format!("{}+ clients", words::number(number as u64)),
    };
    (errors > 1).then(|| words.into())
}

/// `stage prod`, or `stages dev, prod`.
pub(super) fn stages(context: &Context) -> Option<Text<'static>> {
    named("stage", context.stages())
}

/// `account 123456789012`, and the Region.
pub(super) fn place(accounts: &Names, region: Option<&Region>) -> Vec<Text<'static>> {
    let region = region.map(|region| Text::of(region.name().to_owned()));
    named("account", accounts).into_iter().chain(region).collect()
}

/// These names were read by their alphabet: they are as good as our own words.
fn named(noun: &str, names: &Names) -> Option<Text<'static>> {
    let (listed, others) = names.kept().split_at(names.kept().len().min(MAX_NAMED));
    let listed: Vec<&str> = listed.iter().map(|name| cut(name)).collect();
    let plural = if names.kept().len() == 1 { "" } else { "s" };
    let more = if others.is_empty() && !names.are_more() { "" } else { " and others" };
    (!names.is_empty()).then(|| format!("{noun}{plural} {}{more}", listed.join(", ")).into())
}

/// The beginning of a name; names of stages and accounts are ASCII.
fn cut(name: &str) -> &str {
    name.get(..name.floor_char_boundary(MAX_NAME)).unwrap_or_default()
}
