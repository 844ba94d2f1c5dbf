//! The inputs that the paths of a command line name.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, ensure};
use statuswatch::recording;

use crate::fetch::{Fetch, FetchArguments, FollowArguments, fetches};
use crate::live::Live;
use crate::objects::{ObjectInput, is_url, objects};
use crate::sign_in::SignIn;

/// What CloudWatch Logs writes into a bucket to try whether it may.
const WRITE_TEST: &str = "aws-logs-write-test";
/// Folders in one another: an export has three, those of prefix, task and stream.
const MAX_DEPTH: usize = 16;

/// One input: a file, standard input, an object or a log group.
#[derive(Clone)]
pub(crate) struct Input {
    place: Place,
    /// What a person would call it.
    pub(crate) name: String,
}

#[derive(Clone)]
enum Place {
    File(PathBuf),
    StandardInput,
    Object(ObjectInput),
    LogGroup(Fetch),
}

/// The inputs of a command, and what could not be listed, with the reason.
pub(crate) struct Inputs {
    pub(crate) all: Vec<Result<Input, (String, io::Error)>>,
    /// The Region that was named, else the one in which AWS is asked.
    pub(crate) region: Option<String>,
    /// Who asked AWS, if anyone had to.
    pub(crate) signed_in: Option<SignIn>,
}

impl Inputs {
    /// Those of all paths, in their order, then the log groups.
    pub(crate) fn list(
        paths: &[PathBuf],
        recursive: bool,
        fetched: &FetchArguments,
        following: FollowArguments,
        region: Option<&str>,
    ) -> anyhow::Result<Self> {
        let region = region.filter(|name| !name.trim().is_empty());
        if fetched.names.is_empty() && !paths.iter().any(|path| is_url(path)) {
            let all = paths.iter().flat_map(|path| Input::list(path, recursive)).collect();
            return Ok(Self { all, region: region.map(str::to_owned), signed_in: None });
        }
        if let Some(save) = &fetched.save {
            for path in paths.iter().filter(|path| !is_url(path)) {
                refuse_to_overwrite(&Input::list(path, recursive), "--save", save)?;
            }
        }
        let now = SystemTime::now();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let signed_in = runtime.block_on(SignIn::load(fetched.profile.as_deref(), region))?;
        let mut all = Vec::new();
        for path in paths {
            if !is_url(path) {
                all.extend(Input::list(path, recursive));
                continue;
            }
            match objects(path, &signed_in, now)? {
                Ok(objects) => all.extend(objects.map(|object| Ok(Input::object(object)))),
                Err(error) => all.push(Err((path.display().to_string(), io::Error::other(error)))),
            }
        }
        if !fetched.names.is_empty() {
            match fetches(fetched, following, &signed_in, now)? {
                Ok(log_groups) => all.extend(log_groups.into_iter().map(|fetch| Ok(Input::log_group(fetch)))),
                Err(error) => all.push(Err((fetched.names.join(", "), io::Error::other(error)))),
            }
        }
        Ok(Self { all, region: Some(signed_in.region().to_owned()), signed_in: Some(signed_in) })
    }

    /// An error where the file that `option` names is one of them.
    pub(crate) fn refuse_to_overwrite(&self, option: &str, path: &Path) -> anyhow::Result<()> {
        refuse_to_overwrite(&self.all, option, path)
    }

    /// The log groups among them.
    pub(crate) fn log_groups(&self) -> Vec<String> {
        let inputs = self.all.iter().flatten();
        inputs.filter(|input| input.is_fetched()).map(|input| input.name.clone()).collect()
    }
}

fn refuse_to_overwrite(
    inputs: &[Result<Input, (String, io::Error)>],
    option: &str,
    path: &Path,
) -> anyhow::Result<()> {
    let is_it = |input: &Input| match &input.place {
        Place::File(file) => is_same_file(file, path),
        Place::StandardInput => is_same_file(Path::new("/dev/stdin"), path),
        Place::Object(_) | Place::LogGroup(_) => false,
    };
    ensure!(
        !inputs.iter().flatten().any(is_it),
        "{option}: {} is one of the inputs: name another file",
        path.display()
    );
    Ok(())
}

/// The text of a file of settings, as editors of any system save it.
pub(crate) fn text_of(path: &Path) -> anyhow::Result<String> {
    let text = File::open(path).and_then(recording::text);
    text.with_context(|| path.display().to_string())
}

/// Whether two paths lead to one regular file, by links or not.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    let (Ok(one_is), Ok(other_is)) = (fs::metadata(one), fs::metadata(other)) else {
        // What is not there yet may be named twice.
        return one == other;
    };
    #[cfg(unix)]
    let is_same = {
        use std::os::unix::fs::MetadataExt;
        (one_is.dev(), one_is.ino()) == (other_is.dev(), other_is.ino())
    };
    #[cfg(not(unix))]
    let is_same = fs::canonicalize(one).ok() == fs::canonicalize(other).ok();
    is_same && one_is.is_file() && other_is.is_file()
}

impl Input {
    /// The inputs of a path; what could not be listed, with the reason.
    ///
    /// A folder means the regular files directly in it, by name, without `README*` and dot files. One that has none is
    /// an export's: it means those of the whole tree, as any folder does with `recursive`. `aws-logs-write-test` is
    /// never one.
    fn list(path: &Path, recursive: bool) -> Vec<Result<Self, (String, io::Error)>> {
        if path.as_os_str() == "-" {
            return vec![Ok(Self { place: Place::StandardInput, name: "-".to_owned() })];
        }
        if !path.is_dir() {
            return vec![Ok(Self::file(path.to_owned()))];
        }
        match files_of(path, recursive) {
            Ok(files) if files.is_empty() => {
                let error = io::Error::new(io::ErrorKind::NotFound, "no file in this folder");
                vec![Err((path.display().to_string(), error))]
            }
            Ok(files) => files.into_iter().map(|file| Ok(Self::file(file))).collect(),
            Err(error) => vec![Err((path.display().to_string(), error))],
        }
    }

    fn file(path: PathBuf) -> Self {
        Self { name: path.display().to_string(), place: Place::File(path) }
    }

    fn object(object: ObjectInput) -> Self {
        Self { name: object.name(), place: Place::Object(object) }
    }

    fn log_group(fetch: Fetch) -> Self {
        Self { name: fetch.name().to_owned(), place: Place::LogGroup(fetch) }
    }

    /// Whether it is a log group: it may well be empty, and shows itself how far it is.
    pub(crate) fn is_fetched(&self) -> bool {
        matches!(self.place, Place::LogGroup(_))
    }

    /// What ended it before its end, if anything did, and what of it was read. It is known when it was read.
    pub(crate) fn cut_short(&self) -> Option<String> {
        if let Place::LogGroup(fetch) = &self.place { fetch.cut_short() } else { None }
    }

    /// Whether lines may still come while it is read: standard input, a pipe that has a name, log groups that are followed.
    pub(crate) fn is_live(&self) -> bool {
        match &self.place {
            Place::File(path) => fs::metadata(path).is_ok_and(|found| !found.is_file()),
            Place::StandardInput => true,
            Place::LogGroup(fetch) => fetch.is_followed(),
            Place::Object(_) => false,
        }
    }

    /// Its size in bytes, where it is a file or an object.
    pub(crate) fn length(&self) -> Option<u64> {
        match &self.place {
            Place::File(path) => Some(fs::metadata(path).ok()?.len()),
            Place::Object(object) => Some(object.size()),
            Place::StandardInput | Place::LogGroup(_) => None,
        }
    }

    /// The same as [`Self::open`], but a live input says `io::ErrorKind::WouldBlock` now and then while it is waited for.
    pub(crate) fn open_live(&self) -> io::Result<(Box<dyn Read + Send>, Option<u64>)> {
        let (source, length) = self.open()?;
        Ok(if self.is_live() { (Box::new(Live::new(source)), None) } else { (source, length) })
    }

    /// Opens it; the length is known for files and objects.
    pub(crate) fn open(&self) -> io::Result<(Box<dyn Read + Send>, Option<u64>)> {
        let path = match &self.place {
            Place::File(path) => path,
            Place::StandardInput => return Ok((Box::new(io::stdin()), None)),
            Place::Object(object) => return Ok((Box::new(object.open()), Some(object.size()))),
            Place::LogGroup(fetch) => return Ok((fetch.open()?, None)),
        };
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
