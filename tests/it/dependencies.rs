//! What the crate pulls in: nothing in C, nothing undocumented.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Platforms whose dependencies `cargo test` on Linux has already fetched.
const PLATFORMS: &[(&str, &[&str])] = &[
    ("x86_64-unknown-linux-gnu", &[]),
    ("x86_64-unknown-linux-musl", &[]),
    ("aarch64-unknown-linux-gnu", &[]),
    ("s390x-unknown-linux-gnu", &[]),
    ("wasm32-unknown-unknown", &["--no-default-features"]),
];

/// Packages that compile or bind something that is not Rust.
const FOREIGN: &[&str] = &["autotools", "bindgen", "cc", "cmake", "pkg-config", "vcpkg"];

/// `links` is how a package says that it brings a native library. rayon-core says it of itself, so
/// that no program holds two thread pools; its build script builds nothing.
const LINKS_NOTHING: &[&str] = &["rayon-core"];

#[test]
fn nothing_is_built_or_linked_but_rust() {
    let mut wrong = Vec::new();
    for (platform, features) in PLATFORMS {
        for problem in foreign(&metadata(platform, features)) {
            wrong.push(format!("{platform}: {problem}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Of systems whose dependencies are not here to be asked, the lock file tells the names.
#[test]
fn nothing_foreign_on_other_systems_either() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap();
    let graph = metadata(PLATFORMS[0].0, &[]);
    let mut packages = graph["packages"].as_array().unwrap().iter();
    let us = packages
        .find(|package| package["name"] == "hornfels")
        .unwrap();
    let named = us["dependencies"].as_array().unwrap().iter();
    let named = named.filter(|one| one["kind"] != "dev");
    let names = locked(&lock, named.map(|one| text(&one["name"])).collect());
    for system in ["windows-link", "libc", "wasm-bindgen"] {
        assert!(names.contains(system), "no `{system}`, so what is asked?");
    }
    let foreign: Vec<_> = FOREIGN.iter().filter(|it| names.contains(**it)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    let planted = "[[package]]\nname = \"a\"\ndependencies = [\n \"cc 1.0.0\",\n]\n";
    assert!(locked(planted, vec!["a".to_owned()]).contains("cc"));
}

/// The names of the packages that `open` lead to in a lock file, on whatever platform.
fn locked(lock: &str, mut open: Vec<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        let head = format!("name = \"{name}\"");
        for package in lock.split("[[package]]") {
            if package.lines().any(|line| line == head) {
                // Each on a line of its own: ` "name",` or ` "name version",`.
                let needs = package.lines().filter_map(|line| line.strip_prefix(" \""));
                open.extend(
                    needs
                        .filter_map(|line| line.split([' ', '"']).next())
                        .filter(|need| !found.contains(*need))
                        .map(str::to_owned),
                );
            }
        }
        found.insert(name);
    }
    found
}

#[test]
fn a_planted_native_dependency_is_found() {
    let check = |kind: Value, links: Value, problems: &[&str]| {
        let graph = serde_json::json!({
            "packages": [
                {"id": "us", "name": "hornfels", "links": null},
                {"id": "a", "name": "a", "links": null},
                {"id": "b", "name": "cc", "links": links},
            ],
            "resolve": {"root": "us", "nodes": [
                {"id": "us", "deps": [{"pkg": "a", "dep_kinds": [{"kind": null}]}]},
                {"id": "a", "deps": [{"pkg": "b", "dep_kinds": [{"kind": kind}]}]},
                {"id": "b", "deps": []},
            ]},
        });
        assert_eq!(foreign(&graph), problems);
    };
    check("dev".into(), "z".into(), &[]);
    check(
        "build".into(),
        Value::Null,
        &["`cc` builds or binds something foreign"],
    );
    check(
        Value::Null,
        "z".into(),
        &["`cc` builds or binds something foreign", "`cc` links `z`"],
    );
}

#[test]
fn each_dependency_has_its_line() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/architecture.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once("\n## Dependencies\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let explained: BTreeSet<String> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .map(str::to_owned)
        .collect();
    let graph = metadata(PLATFORMS[0].0, &[]);
    let mut packages = graph["packages"].as_array().unwrap().iter();
    let us = packages
        .find(|package| package["name"] == "hornfels")
        .unwrap();
    let named = us["dependencies"].as_array().unwrap().iter();
    let named: BTreeSet<String> = named.map(|one| text(&one["name"])).collect();
    assert_eq!(
        named, explained,
        "Cargo.toml, and spec/architecture.md#dependencies"
    );
}

/// What `cargo metadata` says of the dependencies on `platform`.
fn metadata(platform: &str, features: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .args(["--filter-platform", platform])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "cargo metadata for {platform}: {complaint}"
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What is foreign among the packages that building and running need, development aside.
fn foreign(graph: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    for id in needed(graph) {
        let mut packages = graph["packages"].as_array().unwrap().iter();
        let package = packages.find(|package| package["id"] == *id).unwrap();
        let name = text(&package["name"]);
        if FOREIGN.contains(&name.as_str()) {
            problems.push(format!("`{name}` builds or binds something foreign"));
        }
        if let Some(library) = package["links"].as_str()
            && !LINKS_NOTHING.contains(&name.as_str())
        {
            problems.push(format!("`{name}` links `{library}`"));
        }
    }
    problems
}

/// The packages reachable from this one by normal and build dependencies.
fn needed(graph: &Value) -> BTreeSet<String> {
    let nodes = graph["resolve"]["nodes"].as_array().unwrap();
    let mut found = BTreeSet::new();
    let mut open = vec![text(&graph["resolve"]["root"])];
    while let Some(id) = open.pop() {
        let node = nodes.iter().find(|node| node["id"] == *id).unwrap();
        for dependency in node["deps"].as_array().unwrap() {
            let mut kinds = dependency["dep_kinds"].as_array().unwrap().iter();
            if kinds.any(|kind| kind["kind"] != "dev") {
                open.extend(
                    found
                        .insert(text(&dependency["pkg"]))
                        .then(|| text(&dependency["pkg"])),
                );
            }
        }
    }
    found
}

#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
