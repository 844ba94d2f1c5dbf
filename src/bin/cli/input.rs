//! The inputs that the paths of a command line name.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// One input: a file or standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    /// `None` is standard input.
    path: Option<PathBuf>,
    /// What a person would call it.
    pub(crate) name: String,
}

impl Input {
    /// The inputs of all paths, in their order; what could not be listed, with the reason.
    ///
    /// A folder means the regular files directly in it, by name, without `README*` and dot files.
    pub(crate) fn list(paths: &[PathBuf]) -> Vec<Result<Self, (String, io::Error)>> {
        let mut inputs = Vec::new();
        for path in paths {
            if path.as_os_str() == "-" {
                inputs.push(Ok(Self { path: None, name: "-".to_owned() }));
            } else if path.is_dir() {
                match files_in(path) {
                    Ok(files) if files.is_empty() => {
                        let error =
                            io::Error::new(io::ErrorKind::NotFound, "no file directly in this folder");
                        inputs.push(Err((path.display().to_string(), error)));
                    }
                    Ok(files) => inputs.extend(files.into_iter().map(|file| Ok(Self::file(file)))),
                    Err(error) => inputs.push(Err((path.display().to_string(), error))),
                }
            } else {
                inputs.push(Ok(Self::file(path.clone())));
            }
        }
        inputs
    }

    fn file(path: PathBuf) -> Self {
        Self { name: path.display().to_string(), path: Some(path) }
    }

    /// Its size in bytes, where it is a file.
    pub(crate) fn length(&self) -> Option<u64> {
        Some(fs::metadata(self.path.as_ref()?).ok()?.len())
    }

    /// Opens it; the length is known for files.
    pub(crate) fn open(&self) -> io::Result<(Box<dyn Read + Send>, Option<u64>)> {
        let Some(path) = &self.path else { return Ok((Box::new(io::stdin()), None)) };
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok((Box::new(file), Some(length)))
    }
}

fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.path().is_file() && !name.starts_with('.') && !name.starts_with("README") {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
