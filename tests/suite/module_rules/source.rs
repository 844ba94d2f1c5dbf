//! The library's source text as the paths that it names, without comments, literals and tests.
//!
//! It knows as much of Rust as that takes, and fails where a path could mean more than it sees.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One file of the library.
pub(super) struct SourceFile {
    /// Its path below `src`.
    pub(super) name: String,
    /// Its module's path in the crate, such as `slack::render::form`.
    pub(super) module: String,
    /// All paths of two and more segments that it names, groups taken apart.
    pub(super) paths: Vec<String>,
    /// The traits that it defines, each by its path in the crate.
    pub(super) traits: Vec<String>,
}

impl SourceFile {
    /// The top-level module that it belongs to.
    pub(super) fn top_level(&self) -> &str {
        self.module.split("::").next().unwrap()
    }

    /// The paths that begin with `crate`, without that.
    pub(super) fn paths_into_the_crate(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().filter_map(|path| path.strip_prefix("crate::"))
    }
}

/// All files of the library but `lib.rs` and those that only its tests have.
pub(super) fn library() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut files, mut of_tests) = (Vec::new(), Vec::new());
    collect(&root, &root, &mut files, &mut of_tests);
    let is_of_tests = |module: &str| {
        of_tests.iter().any(|test| {
            module.strip_prefix(test.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        })
    };
    files.retain(|file| !is_of_tests(&file.module));
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<SourceFile>, of_tests: &mut Vec<String>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort_unstable();
    for path in entries {
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        if path.is_dir() && name != "bin" {
            collect(root, &path, files, of_tests);
        }
        let Some(stem) = name.strip_suffix(".rs").filter(|stem| *stem != "lib") else { continue };
        let module = stem.replace('/', "::");
        let source = Source::of(&fs::read_to_string(&path).unwrap());
        of_tests.extend(source.test_modules.iter().map(|test| format!("{module}::{test}")));
        let traits = source.traits.iter().map(|name| format!("{module}::{name}")).collect();
        files.push(SourceFile { name, module, paths: source.paths, traits });
    }
}

#[derive(Debug, Default, PartialEq)]
struct Source {
    paths: Vec<String>,
    traits: Vec<String>,
    /// Names of the modules in files of their own that stand under `#[cfg(test)]`.
    test_modules: Vec<String>,
}

impl Source {
    fn of(text: &str) -> Self {
        let tokens = tokens(text);
        let mut source = Self::default();
        let mut rest = tokens.as_slice();
        while let Some(first) = rest.first() {
            if let Some(behind) = strip(rest, &["#", "[", "cfg", "(", "test", ")", "]"]) {
                rest = source.step_over_item(behind);
                continue;
            }
            if let [keyword, name, ..] = rest
                && keyword == "trait"
            {
                source.traits.push(name.clone());
            }
            let begins_a_path = is_name(first) && rest.get(1).is_some_and(|next| next == "::");
            if begins_a_path {
                rest = source.read_path(String::new(), rest);
            } else {
                rest = &rest[1..];
            }
        }
        source
    }

    /// Steps over what stands only in tests: to the `;`, or to the end of the braces, whatever comes first.
    fn step_over_item<'t>(&mut self, item: &'t [String]) -> &'t [String] {
        let mut depth = 0;
        for (index, token) in item.iter().enumerate() {
            match token.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 && matches!(token.as_str(), ";" | "}") {
                if let [.., keyword, name, end] = &item[..=index]
                    && keyword == "mod"
                    && end == ";"
                {
                    self.test_modules.push(name.clone());
                }
                return &item[index + 1..];
            }
        }
        &[]
    }

    /// Reads a path or a group of paths; gives what follows.
    fn read_path<'t>(&mut self, mut path: String, mut rest: &'t [String]) -> &'t [String] {
        loop {
            match rest.first().map(String::as_str) {
                Some("{") => {
                    rest = &rest[1..];
                    while rest.first().is_some_and(|token| token != "}") {
                        rest = self.read_path(path.clone(), rest);
                        rest = strip(rest, &[","]).unwrap_or(rest);
                    }
                    return rest.get(1..).unwrap_or_default();
                }
                Some(name) if is_name(name) || name == "*" => {
                    if !path.is_empty() {
                        path.push_str("::");
                    }
                    path.push_str(name);
                    rest = &rest[1..];
                }
                _ => break,
            }
            match strip(rest, &["::"]) {
                Some(behind)
                    if behind.first().is_some_and(|next| next == "{" || next == "*" || is_name(next)) =>
                {
                    rest = behind;
                }
                _ => break,
            }
        }
        // A rename in a group changes nothing of what is named.
        if let Some([_, _, behind @ ..]) = rest.first().filter(|token| *token == "as").map(|_| rest) {
            rest = behind;
        }
        assert!(
            !path.starts_with("crate::super") && path != "crate::*",
            "a path that is not understood: {path}"
        );
        self.paths.push(path);
        // Whatever this was, go on behind it.
        if rest.first().is_some_and(|token| token == "::") { &rest[1..] } else { rest }
    }
}

fn strip<'t>(tokens: &'t [String], prefix: &[&str]) -> Option<&'t [String]> {
    let begins = tokens.len() >= prefix.len() && tokens.iter().zip(prefix).all(|(token, text)| token == text);
    begins.then(|| &tokens[prefix.len()..])
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Names, `::` and single characters; no comments and no literals.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").unwrap() + 2
        } else if let Some(length) = literal(rest) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(rest[..length].to_owned());
            length
        } else {
            let length = if rest.starts_with("::") { 2 } else { first.len_utf8() };
            if !first.is_whitespace() {
                tokens.push(rest[..length].to_owned());
            }
            length
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of the text, byte string or character that `rest` begins with.
fn literal(rest: &str) -> Option<usize> {
    let unprefixed = rest.strip_prefix('b').unwrap_or(rest);
    let prefix = rest.len() - unprefixed.len();
    if let Some(raw) = unprefixed.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let body = raw[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(prefix + 1 + hashes + 1 + body.find(&end).unwrap() + end.len());
    }
    let quote = unprefixed.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let mut characters = unprefixed.char_indices().skip(1);
    let mut length = 0;
    while let Some((at, character)) = characters.next() {
        length += 1;
        match character {
            '\\' => drop(characters.next()),
            _ if character == quote => return Some(prefix + at + 1),
            // A lifetime has no closing quote.
            _ if quote == '\'' && length > 1 => return None,
            _ => {}
        }
        if quote == '\'' && character == '\\' {
            return Some(prefix + at + unprefixed[at..].get(2..)?.find('\'')? + 3);
        }
    }
    None
}

#[test]
fn paths_are_found_wherever_code_names_them_and_nowhere_else() {
    let text = r##"
        //! crate::comment::one
        use crate::{words, slack::{self, client::{Client as Other, Settings}, post::*}};
        /* crate::comment::two */
        fn f<'a>(text: &'a str, quote: char) -> crate::digest::Digest {
            let texts = ("crate::text::one \" {", r#"crate::text::"two" {"#, b'"', '{', '\'', "\\", '\u{7b}');
            std::time::Duration::from_secs(1)
        }
        #[cfg(test)]
        use crate::of_tests::Import;
        #[cfg(test)]
        mod tests { fn g() { crate::of_tests::call(); if true {} } }
        #[cfg(test)]
        mod in_a_file;
        impl From<crate::http::Fault> for Error {}
    "##;
    let found = Source::of(text);
    let expected = [
        "crate::words",
        "crate::slack::self",
        "crate::slack::client::Client",
        "crate::slack::client::Settings",
        "crate::slack::post::*",
        "crate::digest::Digest",
        "std::time::Duration::from_secs",
        "crate::http::Fault",
    ];
    assert_eq!(found.paths, expected);
    assert_eq!(found.test_modules, ["in_a_file"]);
}
