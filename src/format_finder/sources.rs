//! Which language a file is written in, and whether it is worth parsing.
//!
//! In: a file's name and text. Out: its language. Never parses.

/// Larger files are not read: a plan of some thousand resources is smaller.
pub const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `.tf`, `.tfvars`, or text that looks like it.
    Terraform,
    /// `.json`, `.template`, `.tfstate`, or text that begins with a brace and is JSON.
    Json,
    /// `.yml`, `.yaml`, `.template`.
    Yaml,
    /// A program that makes a template: CDK, Pulumi.
    Program,
}

/// The language by the file's name, else by the look of its text; nothing where it may be a format as it is.
#[must_use]
pub fn language(name: &str, text: &str) -> Option<Language> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    let (stem, extension) = file.rsplit_once('.').unwrap_or((file.as_str(), ""));
    let text = text.trim_start_matches('\u{feff}').trim_start();
    match extension {
        "tf" | "tfvars" | "hcl" | "tofu" => Some(Language::Terraform),
        "json" | "tfstate" => Some(Language::Json),
        "ts" | "js" | "mjs" | "cjs" | "tsx" | "jsx" | "py" | "java" | "kt" | "cs" | "fs" | "go" => {
            Some(Language::Program)
        }
        "template" if text.starts_with('{') => Some(Language::Json),
        "yml" | "yaml" | "template" => Some(Language::Yaml),
        _ if stem.is_empty() || !holds_settings(text) => None,
        _ => by_look(text),
    }
}

/// Text without a name: what it looks like.
fn by_look(text: &str) -> Option<Language> {
    if text.starts_with(['{', '[']) {
        return Some(Language::Json);
    }
    let is_block = |line: &&str| {
        let first = line.split_whitespace().next().unwrap_or_default();
        ["resource", "module", "locals", "variable"].contains(&first) && line.trim_end().ends_with('{')
    };
    if text.lines().any(|line| is_block(&line)) {
        return Some(Language::Terraform);
    }
    let is_root = |line: &str| line.trim_end() == "Resources:" || line.trim_end() == "provider:";
    text.lines().any(is_root).then_some(Language::Yaml)
}

/// Whether a file of a folder may hold a format: it names the settings of an access log.
#[must_use]
pub fn may_hold_format(name: &str, text: &str) -> bool {
    match language(name, text) {
        Some(Language::Terraform) => true,
        Some(Language::Json | Language::Yaml) => {
            holds_settings(text) || (text.contains("provider:") && text.contains("logs:"))
        }
        Some(Language::Program) | None => false,
    }
}

fn holds_settings(text: &str) -> bool {
    ["ccessLogSetting", "access_log", "provider:"].iter().any(|word| text.contains(word))
}
