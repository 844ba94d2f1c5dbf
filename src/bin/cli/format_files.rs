//! The files that `lint-format` is given: one, a folder, or a text.
//!
//! In: a path. Out: the files that may hold a format, and those that these refer to, with their text. Never follows a
//! symbolic link, never looks into hidden folders and `node_modules`, and never reads what is outside of the folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use statuswatch::format_finder::{
    Fault, Language, MAX_FILE_BYTES, language, may_hold_format, referenced_files,
};
use statuswatch::recording;

/// A folder is looked into this deep, and this many files of it are read.
const MAX_DEPTH: usize = 32;
const MAX_FILES: usize = 10_000;
/// So much is read of the files that others refer to, in bytes.
const MAX_REFERENCED_BYTES: u64 = 16 * 1024 * 1024;

/// What was given.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) sources: Vec<File>,
    /// Files that could not be read.
    pub(crate) faults: Vec<Fault>,
    /// The first program that speaks of access logs: it makes a template.
    program: Option<String>,
}

/// A file and its text.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) text: String,
    /// Whether its formats are wanted, or only what other files refer to.
    pub(crate) wanted: bool,
}

impl Files {
    pub(crate) fn of_text(text: String) -> Self {
        let file = File { name: "-".to_owned(), text, wanted: true };
        Self { sources: vec![file], ..Self::default() }
    }

    /// Says that there is no format, and how to get one.
    pub(crate) fn way_to_a_format(&self) -> String {
        match (&self.program, self.sources.first()) {
            (Some(program), _) => format!(
                "{program} is a program: the format is in the template that it makes; run `cdk synth` and give its folder \
                 cdk.out (Pulumi: `pulumi stack export > stack.json`)"
            ),
            (None, Some(file)) if language(&file.name, &file.text) == Some(Language::Terraform) => {
                "no access-log format found: no stage or module here is given one; a plan has what modules give: \
                 `terraform plan -out=plan && terraform show -json plan > plan.json`"
                    .to_owned()
            }
            _ => "no access-log format found; give Terraform, CloudFormation, SAM or serverless.yml files, CDK's cdk.out \
                  (`cdk synth`), or what `aws apigateway get-stages --rest-api-id ID` prints"
                .to_owned(),
        }
    }

    /// Adds the files that those so far refer to by their paths, as far as they are in `folder`.
    fn add_referenced(&mut self, folder: &Path) {
        let Ok(folder) = fs::canonicalize(folder) else { return };
        let mut left = MAX_REFERENCED_BYTES;
        for at in 0..self.sources.len() {
            let Some(file) = self.sources.get(at) else { break };
            if !matches!(language(&file.name, &file.text), Some(Language::Terraform | Language::Yaml)) {
                continue;
            }
            let beside = |path: &&str| Path::new(&file.name).with_file_name("").join(path);
            let paths: Vec<PathBuf> = referenced_files(&file.text).iter().map(beside).collect();
            for path in paths {
                let name = path.display().to_string();
                let is_inside = fs::canonicalize(&path).is_ok_and(|path| path.starts_with(&folder));
                let found = fs::symlink_metadata(&path);
                let length = found.ok().filter(fs::Metadata::is_file).map(|found| found.len());
                let Some(length) = length.filter(|length| is_inside && *length <= left) else { continue };
                if self.sources.iter().any(|file| file.name == name) {
                    continue;
                }
                if let Ok(text) = read(&path) {
                    left -= length;
                    self.sources.push(File { name, text, wanted: false });
                }
            }
        }
    }

    fn add(&mut self, path: &Path, wanted: bool, needed: bool) {
        let name = path.display().to_string();
        let fault = |problem: String| Fault { file: name.clone(), line: None, column: None, problem };
        match read(path) {
            Ok(text) => {
                if language(&name, &text) == Some(Language::Program) {
                    let speaks_of_it = text.to_ascii_lowercase().contains("accesslog") || needed;
                    if self.program.is_none() && speaks_of_it {
                        self.program = Some(name);
                    }
                } else if needed || may_hold_format(&name, &text) {
                    self.sources.push(File { name, text, wanted });
                }
            }
            Err(problem) if needed || is_template(path) => self.faults.push(fault(problem)),
            Err(_) => {}
        }
    }
}

/// The file, with the other Terraform files of its folder for what it refers to; or all files of the folder.
pub(crate) fn files(path: &Path) -> anyhow::Result<Files> {
    let metadata = fs::metadata(path).with_context(|| path.display().to_string())?;
    let mut files = Files::default();
    if metadata.is_dir() {
        let mut paths = Vec::new();
        collect(path, MAX_DEPTH, &mut paths).with_context(|| path.display().to_string())?;
        for path in paths {
            files.add(&path, true, false);
        }
        files.add_referenced(path);
        return Ok(files);
    }
    files.add(path, true, true);
    if language(&path.display().to_string(), "") == Some(Language::Terraform) {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut beside = Vec::new();
        collect(folder, 0, &mut beside).with_context(|| folder.display().to_string())?;
        let is_other = |other: &Path| other.file_name() != path.file_name() && is_terraform(other);
        for other in beside.iter().filter(|other| is_other(other)) {
            // Named as the file that was given, so that both are of one folder.
            let name = other.file_name().map(|name| path.with_file_name(name));
            files.add(&name.unwrap_or_else(|| other.clone()), false, false);
        }
    }
    files.add_referenced(
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")),
    );
    Ok(files)
}

fn is_terraform(path: &Path) -> bool {
    language(&path.display().to_string(), "") == Some(Language::Terraform)
}

fn is_template(path: &Path) -> bool {
    is_terraform(path) || path.to_string_lossy().ends_with(".template.json")
}

/// The files under `folder` that are named like what may hold a format, in the order of their names.
fn collect(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<fs::DirEntry> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            let is_skipped = name.starts_with('.') || name == "node_modules";
            if depth > 0 && !is_skipped {
                // A folder that may not be read does not keep the others from being read.
                let _ = collect(&entry.path(), depth - 1, paths);
            }
        } else if kind.is_file() && paths.len() < MAX_FILES && language(&name, "").is_some() {
            paths.push(entry.path());
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    let length = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > MAX_FILE_BYTES {
        return Err(format!(
            "{length} bytes, more than the limit of {MAX_FILE_BYTES}; give the template alone"
        ));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).or_else(|error| {
        let at = error.utf8_error().valid_up_to();
        // UTF-16 says by its first bytes what it is.
        recording::text(error.as_bytes()).map_err(|_| format!("not UTF-8 at byte {at}; save it as UTF-8"))
    })
}
