//! `spec/architecture.md` as a test: dependency rules, budgets, invariants, citations.

mod citations;
mod source;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use source::{Code, files_below, relative, root};

/// The rooms of the house in build order, and which others each may name.
/// The same table, with reasons, is in `spec/architecture.md#dependency-rules`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("checksum", &[]),
    ("limits", &["error"]),
    ("codec", &["error"]),
    ("io", &["error", "checksum"]),
    ("tensor", &["error", "io"]),
    (
        "hdf5",
        &["error", "limits", "codec", "checksum", "io", "tensor"],
    ),
    ("proto", &["error", "limits", "codec", "tensor"]),
    (
        "bundle",
        &[
            "error", "limits", "codec", "checksum", "io", "tensor", "proto",
        ],
    ),
    ("keras", &["error", "limits", "tensor"]),
    ("graph", &["error", "proto", "tensor"]),
    (
        "layers",
        &["error", "limits", "tensor", "keras", "graph", "proto"],
    ),
    ("format", &["error", "io", "hdf5"]),
    (
        "options",
        &[
            "error", "limits", "io", "tensor", "hdf5", "keras", "layers", "format",
        ],
    ),
    (
        "keras_h5",
        &[
            "error", "limits", "tensor", "io", "hdf5", "keras", "layers", "format", "options",
        ],
    ),
    (
        "savedmodel",
        &[
            "error", "limits", "checksum", "tensor", "io", "proto", "bundle", "graph", "keras",
            "layers", "options", "keras_h5",
        ],
    ),
    (
        "facade",
        &[
            "error",
            "limits",
            "io",
            "hdf5",
            "keras",
            "format",
            "options",
            "keras_h5",
            "savedmodel",
        ],
    ),
];

/// The facade, which may use every room, and the command line tool, which is a crate of its own
/// and sees the public interface only.
const NOT_ROOMS: &[&str] = &["lib", "cli"];

const LONGEST_FILE: usize = 600;
const LONGEST_FUNCTION: usize = 60;

#[test]
fn rooms_depend_downwards_only() {
    let mut wrong = Vec::new();
    for (room, path) in source_files() {
        if !NOT_ROOMS.contains(&room.as_str()) && !is_test(&path) {
            let code = Code::read(&path).without_tests();
            for problem in misused(&room, &relative(&path), &code) {
                wrong.push(format!("{}: {problem}", relative(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_room_is_in_the_table() {
    let found: BTreeSet<String> = source_files().into_iter().map(|(room, _)| room).collect();
    for room in &found {
        let known = NOT_ROOMS.contains(&room.as_str()) || may_use(room).is_some();
        assert!(known, "`src/{room}` has no row in MAY_USE");
    }
    for (at, (room, allowed)) in MAY_USE.iter().enumerate() {
        for used in *allowed {
            let below = MAY_USE[..at].iter().any(|(name, _)| name == used);
            assert!(below, "`{used}` is not below `{room}` in MAY_USE");
        }
    }
}

#[test]
fn a_planted_violation_is_found() {
    let check = |room: &str, text: &str, problems: &[&str]| {
        let file = format!("src/{room}/mod.rs");
        assert_eq!(misused(room, &file, &Code::new(text)), problems, "{text}");
    };
    check("keras", "use crate::error::Result;", &[]);
    check("keras", "use crate::keras::json;", &[]);
    check("keras", "use crate::hdf5::File;", &["uses `hdf5`"]);
    check("keras", "use crate::{error::Result, io};", &["uses `io`"]);
    check(
        "keras",
        "use crate::{\n    codec::{Cursor, Put},\n    io,\n};",
        &["uses `codec`", "uses `io`"],
    );
    check("keras", "fn f() { crate::io::commit() }", &["uses `io`"]);
    check("keras", "use super::io;", &["uses `io`"]);
    check("keras", "// crate::io\nconst S: &str = \"crate::io\";", &[]);
    check("keras", "/// [`Limits`](crate::Limits)\nstruct S;", &[]);
    check(
        "keras",
        "use crate::Limits;",
        &["names `crate::Limits` without its room"],
    );
    let tested = "use crate::error::Error;\n#[cfg(test)]\nmod tests { use crate::hdf5::File; }";
    check("keras", Code::new(tested).without_tests().text(), &[]);
}

#[test]
fn files_and_functions_fit_on_a_screen() {
    let mut wrong = Vec::new();
    for path in rust_files(&["src", "tests", "fuzz/src", "fuzz/fuzz_targets", "benches"]) {
        let code = Code::read(&path);
        let lines = code.text().lines().count();
        if lines >= LONGEST_FILE {
            wrong.push(format!("{}: {lines} lines", relative(&path)));
        }
        for function in code.functions() {
            if function.lines >= LONGEST_FUNCTION {
                let (name, line, lines) = (&function.name, function.line, function.lines);
                wrong.push(format!(
                    "{}:{line}: fn {name}: {lines} lines",
                    relative(&path)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn functions_are_measured() {
    let text = "fn one() {}\n\nimpl X {\n    fn two(a: [u8; 3]) -> char {\n        // }\n        '}'\n    }\n}\ntrait Y { fn three(); }\nconst S: &str = r#\"fn no() {\"#;\nfn four<'a>(x: &'a str) -> &'a str {\n    x\n}\n";
    let found: Vec<_> = Code::new(text)
        .functions()
        .iter()
        .map(|function| (function.name.clone(), function.line, function.lines))
        .collect();
    let expected = [("one", 1, 1), ("two", 4, 4), ("four", 11, 3)];
    assert_eq!(
        found,
        expected.map(|(name, line, lines)| (name.to_owned(), line, lines))
    );
}

#[test]
fn unsafe_code_is_in_one_file() {
    only_in("unsafe", &["src/io/mapping.rs"]);
}

#[test]
fn threads_are_where_much_is_copied_or_decoded() {
    only_in("rayon", &["src/io/", "src/hdf5/read/chunked.rs"]);
}

/// Equal input gives equal bytes: nothing that makes a file reads a clock or the environment.
#[test]
fn encoders_are_pure() {
    for word in ["SystemTime", "Instant", "var", "var_os"] {
        only_in(word, &["src/io/", "src/cli/"]);
    }
}

/// Code lives with the noun it is about.
#[test]
fn no_room_for_leftovers() {
    for path in rust_files(&["src"]) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let leftover = ["util", "utils", "helper", "helpers", "common", "misc"].contains(&&*name);
        assert!(!leftover, "{}", relative(&path));
    }
}

/// Fails for each file of `src`, tests aside, that names `word` and is not at one of `places`.
#[track_caller]
fn only_in(word: &str, places: &[&str]) {
    let named: Vec<String> = source_files()
        .into_iter()
        .filter(|(_, path)| !is_test(path))
        .filter(|(_, path)| Code::read(path).without_tests().names(word))
        .map(|(_, path)| relative(&path))
        .filter(|file| !places.iter().any(|place| file.starts_with(place)))
        .collect();
    assert!(named.is_empty(), "`{word}` is named in {named:?}");
}

/// What `code`, of a file of `room`, names that it may not.
fn misused(room: &str, file: &str, code: &Code) -> Vec<String> {
    let allowed = may_use(room).unwrap_or_default();
    let mut problems = Vec::new();
    for name in code.rooted_names(file) {
        if name == room || allowed.contains(&name.as_str()) {
            continue;
        }
        problems.push(match may_use(&name) {
            Some(_) => format!("uses `{name}`"),
            None => format!("names `crate::{name}` without its room"),
        });
    }
    problems
}

fn may_use(room: &str) -> Option<&'static [&'static str]> {
    let row = MAY_USE.iter().find(|(name, _)| *name == room)?;
    Some(row.1)
}

/// Every Rust file of `src`, with the room it belongs to.
fn source_files() -> Vec<(String, PathBuf)> {
    let src = root().join("src");
    let room = |path: &Path| {
        let first = path.strip_prefix(&src).unwrap().iter().next().unwrap();
        Path::new(first)
            .file_stem()
            .unwrap()
            .to_string_lossy()
            .into_owned()
    };
    let paths = rust_files(&["src"]).into_iter();
    paths.map(|path| (room(&path), path)).collect()
}

fn rust_files(places: &[&str]) -> Vec<PathBuf> {
    let all = places
        .iter()
        .flat_map(|place| files_below(&root().join(place)));
    all.filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// Whether a whole file is tests: `tests.rs`, `tests/*.rs`, or the body of a fuzz target.
fn is_test(path: &Path) -> bool {
    let name = path.file_name().unwrap();
    name == "tests.rs" || name == "fuzz.rs" || path.parent().unwrap().ends_with("tests")
}
