//! The inputs that the paths of a command line name.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::live::Live;

/// What CloudWatch Logs writes into a bucket to try whether it may.
const WRITE_TEST: &str = "aws-logs-write-test";
/// Folders in one another: an export has three, those of prefix, task and stream.
const MAX_DEPTH: usize = 16;

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
    /// A folder means the regular files directly in it, by name, without `README*` and dot files. One that has none is
    /// an export's: it means those of the whole tree, as any folder does with `recursive`. `aws-logs-write-test` is
    /// never one.
    pub(crate) fn list(paths: &[PathBuf], recursive: bool) -> Vec<Result<Self, (String, io::Error)>> {
        let mut inputs = Vec::new();
        for path in paths {
            if path.as_os_str() == "-" {
                inputs.push(Ok(Self { path: None, name: "-".to_owned() }));
            } else if path.is_dir() {
                match files_of(path, recursive) {
                    Ok(files) if files.is_empty() => {
                        let error = io::Error::new(io::ErrorKind::NotFound, "no file in this folder");
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

    /// Whether lines may still come while it is read: standard input, or a pipe that has a name.
    pub(crate) fn is_live(&self) -> bool {
        self.path.as_ref().is_none_or(|path| fs::metadata(path).is_ok_and(|found| !found.is_file()))
    }

    /// Its size in bytes, where it is a file.
    pub(crate) fn length(&self) -> Option<u64> {
        Some(fs::metadata(self.path.as_ref()?).ok()?.len())
    }

    /// The same as [`Self::open`], but a live input says `io::ErrorKind::WouldBlock` now and then while it is waited for.
    pub(crate) fn open_live(&self) -> io::Result<(Box<dyn Read + Send>, Option<u64>)> {
        let (source, length) = self.open()?;
        Ok(if self.is_live() { (Box::new(Live::new(source)), None) } else { (source, length) })
    }

    /// Opens it; the length is known for files.
    pub(crate) fn open(&self) -> io::Result<(Box<dyn Read + Send>, Option<u64>)> {
        let Some(path) = &self.path else { return Ok((Box::new(io::stdin()), None)) };
        let file = File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                io::Error::new(io::ErrorKind::NotFound, "missing: there is no such file")
            }
            _ => error,
        })?;
        let length = file.metadata()?.len();
        Ok((Box::new(file), Some(length)))
    }
}

/// The files directly in a folder; those of all folders below it, too, where there are none, and with `recursive`.
fn files_of(folder: &Path, recursive: bool) -> io::Result<Vec<PathBuf>> {
    let Listed { mut files, folders } = list(folder)?;
    if !files.is_empty() && !recursive {
        return Ok(files);
    }
    let mut below: Vec<(PathBuf, usize)> = folders.into_iter().map(|folder| (folder, 1)).collect();
    while let Some((folder, depth)) = below.pop() {
        let listed = list(&folder)?;
        files.extend(listed.files);
        if depth < MAX_DEPTH {
            below.extend(listed.folders.into_iter().map(|folder| (folder, depth + 1)));
        }
    }
    files.sort();
    Ok(files)
}

/// What is directly in a folder.
struct Listed {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

fn list(folder: &Path) -> io::Result<Listed> {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || name.starts_with("README") || name == WRITE_TEST {
            continue;
        }
        if entry.path().is_file() {
            files.push(entry.path());
        } else if entry.file_type()?.is_dir() {
            // A link to a folder is not followed: it may lead back.
            folders.push(entry.path());
        }
    }
    files.sort();
    Ok(Listed { files, folders })
}
