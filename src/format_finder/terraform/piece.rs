//! Finds the formats in a piece of a Terraform file, such as `format = <<EOF`, or in a value alone.
//!
//! In: text that begins or ends anywhere between two lines. Out: the formats; nothing where the text is not Terraform's
//! language. Never takes what stands in a comment.

use hcl_edit::parser;
use hcl_edit::structure::{Body, Structure};

use super::super::{Family, Found, SourceFile};
use super::module::Module;
use super::{Bound, Sureness, Walk, left_over};

/// So many blocks may begin before the piece, or end after it.
const MAX_OPEN: usize = 4;
/// Blocks that are read as in a whole file.
const DECLARED: [&str; 4] = ["resource", "module", "locals", "variable"];

/// The formats of `text`, which was not taken from a named file.
pub(in super::super) fn find_in_piece(name: &str, text: &str) -> Option<Found> {
    let text = text.trim_start_matches('\u{feff}');
    let body = body(text)?;
    let file = SourceFile { name, text, wanted: true };
    let mut module = Module::default();
    module.declare(name, &body);
    let mut found = Found::default();
    let mut walk =
        Walk { module: &module, file: &file, found: &mut found, bound: Bound::new(), is_argument: false };
    for structure in &body {
        match structure {
            Structure::Attribute(attribute) => {
                let name = attribute.key.as_str();
                let sureness = sureness(name);
                // The piece may stand in the settings of a log: its name need not say so.
                let mut path = vec!["access_log".to_owned(), name.to_owned()];
                walk.attribute(name, &mut path, attribute, Family::Unknown, sureness);
            }
            // `content { … }` of a dynamic block; whole blocks are read as in a file.
            Structure::Block(block)
                if !DECLARED.contains(&block.ident.as_str())
                    && !super::name_of(block).contains("access_log") =>
            {
                let name = super::name_of(block);
                let mut path = vec![name.clone()];
                walk.structures(&name, &mut path, &block.body, Family::Unknown, Sureness::Named);
            }
            Structure::Block(_) => {}
        }
    }
    walk.blocks(&body);
    left_over(&module, &[file], &mut found);
    (found != Found::default()).then_some(found)
}

fn sureness(name: &str) -> Sureness {
    if name == "format" { Sureness::Stage } else { Sureness::Named }
}

/// The text as a body: as it is, or as one value, with the blocks closed or opened that the piece cuts through.
fn body(text: &str) -> Option<Body> {
    let trimmed = text.trim_end();
    let is_value = {
        let begin = text.trim_start();
        let word = begin.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        begin.starts_with(['"', '('])
            || begin.starts_with("<<")
            || (word.len() < begin.len() && word.starts_with('('))
    };
    let whole = if is_value { format!("format = {}", trimmed.trim_start()) } else { trimmed.to_owned() };
    if let Ok(body) = parser::parse_body(&format!("{whole}\n")) {
        return Some(body);
    }
    let mut shorter = whole.as_str();
    for count in 1..=MAX_OPEN {
        let longer = format!("{whole}\n{}", "}\n".repeat(count));
        if let Ok(body) = parser::parse_body(&longer) {
            return Some(body);
        }
        if let Some(cut) = shorter.strip_suffix('}') {
            shorter = cut.trim_end();
            if let Ok(body) = parser::parse_body(&format!("{shorter}\n")) {
                return Some(body);
            }
        }
    }
    None
}
