//! Finds the access-log formats in the files of a deployment.
//!
//! In: files of Terraform, CloudFormation, SAM, CDK's `cdk.out`, the Serverless Framework, `terraform show -json`. Out: each
//! format with its file, line and resource; what cannot be told from the files, by name; and files that cannot be read.
//! Never runs any of these tools, and never judges a format.

mod choices;
mod cloudformation;
mod document;
mod json;
mod node;
mod piece;
mod plan;
mod serverless;
mod sources;
mod terraform;
mod texts;
mod value;
mod yaml;

#[cfg(test)]
mod cases;

use std::collections::BTreeMap;

pub use self::choices::ROUNDS as MAX_COMBINATIONS;
use self::choices::{Alternatives, alternatives};
use self::document::Evaluate;
pub use self::piece::find_in_piece;
pub use self::sources::{Language, MAX_FILE_BYTES, language, may_hold_format};
pub use self::terraform::MAX_REPETITIONS;
use self::texts::Texts;
pub use self::texts::referenced_files;

/// A file's name and text.
#[derive(Debug, Clone, Copy)]
pub struct SourceFile<'t> {
    /// The path as it is shown.
    pub name: &'t str,
    /// What the file holds.
    pub text: &'t str,
    /// Whether its formats are wanted, or only what other files refer to.
    pub wanted: bool,
}

/// Which service a stage is of, as far as its resource tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// A REST API, for sure.
    Rest,
    /// An HTTP API, for sure.
    Http,
    /// A WebSocket API, for sure.
    WebSocket,
    /// One of these two.
    HttpOrWebSocket,
    /// Not told.
    Unknown,
}

/// Where a format stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file's name as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The resource, such as `aws_api_gateway_stage.live`.
    pub resource: String,
}

/// A format at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFormat {
    /// Where.
    pub place: Place,
    /// The format; what is not known from the files stands in it as `${name}`.
    pub format: String,
    /// Whose stage it is.
    pub family: Family,
    /// On which condition it is this one, such as `where var.short`; empty where always.
    pub condition: String,
    /// Whether it is the argument of a module that was not given: what that makes of it is not known.
    pub is_argument: bool,
}

/// What is not judged of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Where.
    pub place: Place,
    /// Why.
    pub reason: GapReason,
    /// Whose stage it is.
    pub family: Family,
    /// What the file is written for, which decides how the value can be found out.
    pub tool: Tool,
}

/// Why a stage, or a part of what it may come to, is not judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GapReason {
    /// The format is not in the files: what it refers to, such as `var.log_format`.
    Reference(String),
    /// Its conditions have more than [`MAX_COMBINATIONS`] combinations of answers.
    Combinations,
    /// It is repeated more than [`MAX_REPETITIONS`] times.
    Repetitions,
}

/// What a file is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Terraform's language, or a plan or state of it.
    Terraform,
    /// CloudFormation, SAM, CDK, or what AWS's own tools print.
    CloudFormation,
    /// A `serverless.yml`.
    Serverless,
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", self.location())]
pub struct Fault {
    /// The file's name; empty until it is known.
    pub file: String,
    /// The line, from 1, where one is known.
    pub line: Option<usize>,
    /// The column, from 1, where one is known.
    pub column: Option<usize>,
    /// What is wrong with it, and what to do.
    pub problem: String,
}

impl Fault {
    fn at(line: usize, column: Option<usize>, problem: impl Into<String>) -> Self {
        Self { file: String::new(), line: Some(line), column, problem: problem.into() }
    }

    fn too_deep(line: usize, levels: usize) -> Self {
        let problem = format!(
            "nested deeper than {levels} levels; give the part that has the access-log settings in a file of its own"
        );
        Self::at(line, None, problem)
    }

    fn location(&self) -> String {
        match (self.line, self.column) {
            (Some(line), Some(column)) => format!("{}:{line}:{column}: ", self.file),
            (Some(line), None) => format!("{}:{line}: ", self.file),
            (None, _) => format!("{}: ", self.file),
        }
    }
}

/// All that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The formats, by file and line.
    pub formats: Vec<FoundFormat>,
    /// The stages whose format is not told.
    pub gaps: Vec<Gap>,
    /// The files that could not be read.
    pub faults: Vec<Fault>,
}

/// Looks through `files`. Terraform files of one folder are one module, whose references are followed, also to modules
/// and other files among `files`.
#[must_use]
pub fn find(files: &[SourceFile<'_>]) -> Found {
    let mut found = Found::default();
    let texts = Texts::new(files);
    let mut modules: BTreeMap<&str, Vec<SourceFile<'_>>> = BTreeMap::new();
    for file in files {
        match language(file.name, file.text) {
            Some(Language::Terraform) => modules.entry(folder(file.name)).or_default().push(*file),
            Some(Language::Json | Language::Yaml) if file.wanted => in_document(file, &texts, &mut found),
            _ => {}
        }
    }
    terraform::find(&modules, &texts, &mut found);
    // The branches of a condition stay in their order.
    found.formats.sort_by(|a, b| a.place.cmp(&b.place));
    found.gaps.sort_by(|a, b| a.place.cmp(&b.place));
    found
}

fn folder(name: &str) -> &str {
    name.rfind(['/', '\\']).and_then(|at| name.get(..at)).unwrap_or_default()
}

fn in_document(file: &SourceFile<'_>, texts: &Texts<'_>, found: &mut Found) {
    let documents = match language(file.name, file.text) {
        Some(Language::Json) => json::parse(file.text).map(|document| vec![document]),
        _ => yaml::parse(file.text),
    };
    match documents {
        Ok(documents) => {
            for document in documents {
                document::find(&document, file.name, found);
                serverless::find(&document, file, texts, found);
            }
        }
        Err(fault) => found.faults.push(Fault { file: file.name.to_owned(), ..fault }),
    }
}

/// Adds what a format's expression comes to on each condition.
fn add(found: &mut Found, place: &Place, family: Family, tool: Tool, evaluate: Evaluate<'_>) {
    let mut formats = Vec::new();
    let mut gaps = Vec::new();
    let Alternatives { found: values, has_more } = alternatives(evaluate);
    for (value, condition) in values {
        let is_gap = |text: &str| text.starts_with("${") && text.find('}') == Some(text.len() - 1);
        match value.text().map(|text| text.trim().to_owned()) {
            Some(text) if text.is_empty() => {}
            Some(text) if is_gap(&text) && !text.starts_with("${context.") => {
                let reference = text.trim_start_matches("${").trim_end_matches('}').to_owned();
                gaps.push(GapReason::Reference(reference));
            }
            Some(format) => formats.push(FoundFormat {
                place: place.clone(),
                format,
                family,
                condition,
                is_argument: false,
            }),
            None => gaps.push(GapReason::Reference("a list or an object".to_owned())),
        }
    }
    if has_more {
        gaps.push(GapReason::Combinations);
    }
    found.gaps.extend(gaps.into_iter().map(|reason| Gap { place: place.clone(), reason, family, tool }));
    found.formats.append(&mut formats);
}
