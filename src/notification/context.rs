//! The last row of a section: account, Region and stage, or the sources of centralised lines, and how many clients.
//!
//! It says nothing that is not known.

use super::text::Text;
use crate::console_links::Region;
use crate::incident::{ClientCount, Context, Names};
use crate::words;

/// Accounts or stages that are named, and the longest name: longer ones are cut.
const MAX_NAMED: usize = 2;
const MAX_NAME: usize = 32;
/// Sources that are named with their lines, and the longest name of one.
const MAX_SOURCES: usize = 5;
const MAX_SOURCE: usize = 120;
const MAX_SOURCE_IN_HEADING: usize = 60;

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

/// Where the errors came from: the sources of centralised lines, else the account and Region of their log group.
pub(super) fn accounts_or_sources<'a>(
    context: &'a Context,
    errors: u64,
    region: Option<&Region>,
) -> Vec<Text<'a>> {
    if context.sources().is_empty() { place(context.accounts(), region) } else { sources(context, errors) }
}

/// The source that all of these errors came from, for a heading: `account 999999999999 us-east-1`.
pub(super) fn only_source(context: &Context, errors: u64) -> Option<Text<'_>> {
    context.sources().only(errors).map(|source| Text::of_stranger(source, MAX_SOURCE_IN_HEADING))
}

/// The source of a group, where not all of these errors came from one.
pub(super) fn source_of_group<'a>(source: &'a str, context: &Context, errors: u64) -> Option<Text<'a>> {
    let is_said = source.is_empty() || context.sources().only(errors).is_some();
    (!is_said).then(|| Text::of_stranger(source, MAX_SOURCE))
}

/// The one source, or the errors of the five with most: `12 from account 999999999999 us-east-1`. Nothing where none is
/// known.
pub(super) fn sources(context: &Context, errors: u64) -> Vec<Text<'_>> {
    let sources = context.sources();
    if sources.is_empty() {
        return Vec::new();
    }
    if let Some(source) = sources.only(errors) {
        return vec![Text::of_stranger(source, MAX_SOURCE)];
    }
    let mut largest_first: Vec<&(String, u64)> = sources.kept().iter().collect();
    largest_first.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
    largest_first.truncate(MAX_SOURCES);
    let lines =
        |sources: &mut dyn Iterator<Item = &(String, u64)>| sources.map(|(_, lines)| lines).sum::<u64>();
    let (named, known) = (lines(&mut largest_first.iter().copied()), lines(&mut sources.kept().iter()));
    let unkept = errors.saturating_sub(known);
    let (others, unknown) =
        if sources.are_more() { (known - named + unkept, 0) } else { (known - named, unkept) };
    let at_least = if sources.is_least() { "+" } else { "" };
    let named_parts = largest_first.into_iter().map(|(source, lines)| {
        Text::of(format!("{}{at_least} from ", words::number(*lines))).stranger(source, MAX_SOURCE)
    });
    let rest = [(others, "from other sources"), (unknown, "of unknown source")];
    let rest = rest.into_iter().filter(|(lines, _)| *lines > 0);
    named_parts.chain(rest.map(|(lines, from)| format!("{} {from}", words::number(lines)).into())).collect()
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
