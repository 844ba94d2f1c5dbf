//! Files that other files refer to by their paths.
//!
//! In: the files that were given, and the path in a reference. Out: the text; or all paths that a file refers to. Never
//! reads a file.

use std::collections::BTreeMap;

use super::SourceFile;

/// So many references of one file are followed.
const MAX_REFERENCES: usize = 100;

/// The given files by their paths.
#[derive(Debug, Default)]
pub(super) struct Texts<'t>(BTreeMap<String, &'t str>);

impl<'t> Texts<'t> {
    pub(super) fn new(files: &[SourceFile<'t>]) -> Self {
        Self(files.iter().map(|file| (normal(file.name), file.text)).collect())
    }

    /// The text of the file that `path` leads to from `folder`.
    pub(super) fn get(&self, folder: &str, path: &str) -> Option<&'t str> {
        let path = relative(path)?;
        let whole = if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
        self.0.get(&normal(&whole)).copied()
    }
}

/// The paths, from the folder of the file itself, of the files that its text refers to: `file` and `templatefile` of
/// Terraform and `${file(…)}` of the Serverless Framework. What is put together of other values is none.
#[must_use]
pub fn referenced_files(text: &str) -> Vec<&str> {
    let mut paths = Vec::new();
    for (at, call) in text.match_indices("file(") {
        let Some(rest) = text.get(at + call.len()..).map(str::trim_start) else { continue };
        let path = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => rest.split(')').next().map(|path| path.trim().trim_matches('\'')),
        };
        if let Some(path) = path.and_then(relative).filter(|path| !paths.contains(path)) {
            paths.push(path);
        }
        if paths.len() == MAX_REFERENCES {
            break;
        }
    }
    paths
}

/// A path without what stands for the folder of the file itself; nothing for one that is absolute or not known.
fn relative(path: &str) -> Option<&str> {
    let path =
        ["${path.module}/", "${path.root}/"].iter().find_map(|own| path.strip_prefix(own)).unwrap_or(path);
    let is_known =
        !path.is_empty() && !path.starts_with(['/', '~', '\\']) && !path.contains(['$', '\n', '"', '\0']);
    is_known.then_some(path)
}

/// A path without `.` and, where it leads back from a folder of its own, without `..`.
pub(super) fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "." => {}
            "" if !parts.is_empty() => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, ".." | "")) => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_the_files_that_were_given() {
        let file = |name, text| SourceFile { name, text, wanted: false };
        let texts = Texts::new(&[file("/a/b/x.json", "1"), file("./c/y.tpl", "2"), file("z.yml", "3")]);
        for (folder, path, expected) in [
            ("/a/b", "x.json", Some("1")),
            ("/a/b/", "./x.json", Some("1")),
            ("/a/c", "../b/x.json", Some("1")),
            ("c", "${path.module}/y.tpl", Some("2")),
            ("", "./z.yml", Some("3")),
            ("c", "../z.yml", Some("3")),
            ("/a/b", "/a/b/x.json", None),
            ("/a/b", "${var.x}/x.json", None),
            ("c", "../../z.yml", None),
        ] {
            assert_eq!(texts.get(folder, path), expected, "{folder} {path}");
        }
    }

    #[test]
    fn references_are_found_in_terraform_and_serverless_files() {
        let text = "a = file(\"${path.module}/x.json\")\nb = templatefile( \"y.tpl\", {})\nc: ${file(./z.yml):a.b}\n\
                    d = file(\"/etc/passwd\")\ne = file(\"${var.x}\")\nf = file(\"x.json\")";
        assert_eq!(referenced_files(text), ["x.json", "y.tpl", "./z.yml"]);
        assert_eq!(referenced_files(&"file(a)".repeat(3)), ["a"]);
        assert_eq!(referenced_files("file(").len(), 0);
    }
}
