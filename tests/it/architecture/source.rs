//! Rust source as far as the rules need it: without comments and literals, as words and functions.

use std::fs;
use std::path::{Path, PathBuf};

/// The directory of the crate.
pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// `path` as the project writes it: from its root, with `/`.
pub(super) fn relative(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap();
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// Every file below `directory`, in a fixed order, outside of hidden directories and those that
/// building and fuzzing fill.
pub(super) fn files_below(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path);
        } else if !is_left_out(&path) {
            files.extend(files_below(&path));
        }
    }
    files
}

fn is_left_out(directory: &Path) -> bool {
    let name = directory.file_name().unwrap().to_string_lossy();
    name.starts_with('.') || ["target", "corpus", "artifacts"].contains(&&*name)
}

/// Source text whose comments, strings and characters are blanked; lines stay where they were.
pub(super) struct Code(String);

/// A function with a body.
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) lines: usize,
}

impl Code {
    pub(super) fn read(path: &Path) -> Code {
        Code::new(&fs::read_to_string(path).unwrap())
    }

    pub(super) fn new(text: &str) -> Code {
        let mut code = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let blank = blanked_len(&code, rest);
            if blank == 0 {
                code.push(first);
                rest = &rest[first.len_utf8()..];
            } else {
                let (gone, after) = rest.split_at(blank);
                code.extend(gone.chars().map(|c| if c == '\n' { c } else { ' ' }));
                rest = after;
            }
        }
        Code(code)
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// The same without inline test modules, which end a file here.
    pub(super) fn without_tests(&self) -> Code {
        let end = self.0.find("#[cfg(test)]\nmod ").unwrap_or(self.0.len());
        Code(self.0[..end].to_owned())
    }

    /// Whether `word` occurs as a word.
    pub(super) fn names(&self, word: &str) -> bool {
        let mut words = self.0.split(|c: char| !is_word(c));
        words.any(|found| found == word)
    }

    /// The first names of all paths from the root of the crate, each once, in order: `error` for
    /// `crate::error::Result`. `file` says how many `super::` reach the root.
    pub(super) fn rooted_names(&self, file: &str) -> Vec<String> {
        let mut names = Vec::new();
        for (at, _) in self.0.match_indices("crate::") {
            let own = !self.0[..at].ends_with(is_word) && !self.0[..at].ends_with("pub(in ");
            if own {
                names.extend(first_names(&self.0[at + "crate::".len()..]));
            }
        }
        let depth = depth(file);
        for (at, _) in self.0.match_indices(&"super::".repeat(depth)) {
            let longer = self.0[..at].ends_with("super::");
            let found = first_names(&self.0[at + "super::".len() * depth..]);
            let rooms = found
                .into_iter()
                .filter(|name| !longer && is_other_room(name, file));
            names.extend(rooms);
        }
        let mut seen = Vec::new();
        names.retain(|name| {
            let new = !seen.contains(name);
            seen.push(name.clone());
            new
        });
        names
    }

    pub(super) fn functions(&self) -> Vec<Function> {
        let mut functions = Vec::new();
        for (at, _) in self.0.match_indices("fn ") {
            let before_ok = !self.0[..at].ends_with(is_word);
            let after = &self.0[at + 3..];
            let name: String = after.chars().take_while(|&c| is_word(c)).collect();
            if before_ok && !name.is_empty() {
                let line = self.0[..at].matches('\n').count() + 1;
                let lines = body_end(after).map(|end| after[..end].matches('\n').count() + 1);
                functions.extend(lines.map(|lines| Function { name, line, lines }));
            }
        }
        functions
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// How many bytes at the start of `rest` are a comment or a literal; `before` is the code so far.
fn blanked_len(before: &str, rest: &str) -> usize {
    let until = |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at);
    if rest.starts_with("//") {
        return until("\n", 0);
    }
    if rest.starts_with("/*") {
        return (until("*/", 2) + 2).min(rest.len());
    }
    if rest.starts_with('r') && !before.ends_with(|c: char| is_word(c) && c != 'b') {
        let hashes = rest[1..].len() - rest[1..].trim_start_matches('#').len();
        if rest[1 + hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            return (until(&end, 2 + hashes) + end.len()).min(rest.len());
        }
    }
    if rest.starts_with('"') {
        return quoted_len(rest, '"');
    }
    // `'a'` and `'\n'` are characters, `'a` is a lifetime.
    let mut chars = rest.chars();
    let quoted = (chars.next(), chars.next(), chars.next());
    match quoted {
        (Some('\''), Some('\\'), _) => quoted_len(rest, '\''),
        (Some('\''), Some(c), Some('\'')) => 2 + c.len_utf8(),
        _ => 0,
    }
}

fn quoted_len(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The names a path may begin with: one, or those of a group `{a, b::{c, d}}`.
fn first_names(rest: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|&c| is_word(c)).collect::<String>();
    let Some(group) = rest.strip_prefix('{') else {
        return vec![word(rest)];
    };
    let mut names = Vec::new();
    let mut depth = 0;
    let mut begins = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            _ if begins && is_word(c) => {
                names.push(word(&group[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    names
}

/// How many modules deep the items of `file` are: one for `src/io/mod.rs` and `src/codec.rs`.
fn depth(file: &str) -> usize {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    path.trim_end_matches("/mod").split('/').count()
}

/// Whether `super::name` at the root means another room, not a module of the file's own.
fn is_other_room(name: &str, file: &str) -> bool {
    let here = file.trim_end_matches("mod.rs").trim_end_matches(".rs");
    let own = |end: &str| root().join(here).join(format!("{name}{end}")).exists();
    super::may_use(name).is_some() && !own(".rs") && !own("/mod.rs")
}

/// Where the body of a function ends that begins in `after`, or nothing if it has none.
fn body_end(after: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in after.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 && c == '}' {
                    return Some(at);
                }
            }
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}
