//! Whose account, which Region and stage, and how many clients in; the words of a message's last row, out.
//!
//! It says nothing that is not known.

use super::footer::Item;
use crate::console::Region;
use crate::incident::{ClientCount, Context, Names};
use crate::words;

/// Accounts or stages that are named, and the longest name: longer ones are cut.
const MAX_NAMED: usize = 2;
const MAX_NAME: usize = 32;

/// How many clients saw errors: `12 clients`, `100+ clients`. One error has one client, which needs no saying.
pub(super) fn clients(context: &Context, errors: u64) -> Option<Item> {
    let words = match context.clients().count() {
        ClientCount::Unknown => return None,
        ClientCount::Exactly(number) => words::count(number as u64, "client"),
        ClientCount::AtLeast(number) => format!("{}+ clients", words::number(number as u64)),
    };
    (errors > 1).then_some(Item::Words(words))
}

/// `stage prod`, or `stages dev, prod`.
pub(super) fn stages(context: &Context) -> Option<Item> {
    named("stage", context.stages())
}

/// `account 123456789012`, and the Region.
pub(super) fn place(accounts: &Names, region: Option<&Region>) -> impl Iterator<Item = Item> {
    let region = region.map(|region| Item::Words(region.name().to_owned()));
    named("account", accounts).into_iter().chain(region)
}

fn named(noun: &str, names: &Names) -> Option<Item> {
    let (listed, others) = names.kept().split_at(names.kept().len().min(MAX_NAMED));
    let listed: Vec<&str> = listed.iter().map(|name| cut(name)).collect();
    let plural = if names.kept().len() == 1 { "" } else { "s" };
    let more = if others.is_empty() && !names.are_more() { "" } else { " and others" };
    (!names.is_empty()).then(|| Item::Words(format!("{noun}{plural} {}{more}", listed.join(", "))))
}

/// The beginning of a name; names of stages and accounts are ASCII.
fn cut(name: &str) -> &str {
    name.get(..name.floor_char_boundary(MAX_NAME)).unwrap_or_default()
}
