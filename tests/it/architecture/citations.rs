//! What the code and the pages cite exists: `spec/hdf5.md#link-info`, `[text](page.md#part)`.

use std::fs;
use std::path::Path;

use super::source::{files_below, relative, root};

/// Pages that are being written.
const COMING: &[&str] = &[
    "spec/cli.md",
    "spec/io.md",
    "spec/keras_config.md",
    "spec/keras_h5.md",
];

#[test]
fn citations_of_the_specification_resolve() {
    let mut wrong = Vec::new();
    for place in [
        "src",
        "tests",
        "benches",
        "fuzz",
        "spec",
        ".ci",
        "README.md",
        "CONTRIBUTING.md",
    ] {
        let place = root().join(place);
        let files = if place.is_file() {
            vec![place]
        } else {
            files_below(&place)
        };
        for path in files {
            let Ok(text) = fs::read_to_string(&path) else {
                continue; // a model, not a text
            };
            if path.ends_with(file!()) {
                continue; // the examples below
            }
            for citation in citations(&text) {
                let page = citation.split('#').next().unwrap();
                if COMING.contains(&page) && !root().join(page).exists() {
                    continue;
                }
                if !resolves(&root(), citation) {
                    wrong.push(format!("{}: {citation}", relative(&path)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn links_between_pages_resolve() {
    let mut wrong = Vec::new();
    let pages = files_below(&root()).into_iter();
    for path in pages.filter(|path| path.extension().is_some_and(|end| end == "md")) {
        let text = fs::read_to_string(&path).unwrap();
        for link in links(&text).iter().filter(|link| !link.contains("://")) {
            let page = format!(
                "{}{link}",
                if link.starts_with('#') {
                    relative(&path)
                } else {
                    String::new()
                }
            );
            let base = if link.starts_with('#') {
                root()
            } else {
                path.parent().unwrap().to_owned()
            };
            if !resolves(&base, &page) {
                wrong.push(format!("{}: {link}", relative(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_citation_is_found_in_prose() {
    let text = "see `spec/hdf5.md#link-info`, (spec/io.md#slots) and spec/hdf5.md.";
    assert_eq!(
        citations(text),
        ["spec/hdf5.md#link-info", "spec/io.md#slots", "spec/hdf5.md"]
    );
    assert_eq!(links("[a](b.md#c), `[d](e)` [f](#g)"), ["b.md#c", "#g"]);
    assert_eq!(
        anchor("## Link info: what `h5py` writes"),
        "link-info-what-h5py-writes"
    );
    assert_eq!(anchor("# B-tree, version 1"), "b-tree-version-1");
}

/// `spec/<page>.md`, with `#<anchor>` where there is one.
fn citations(text: &str) -> Vec<&str> {
    let in_citation = |c: char| c.is_ascii_alphanumeric() || "_-./#".contains(c);
    let found = text.match_indices("spec/").map(|(at, _)| {
        let rest = &text[at..];
        let end = rest.find(|c| !in_citation(c)).unwrap_or(rest.len());
        rest[..end].trim_end_matches(['.', '#', '-'])
    });
    found.filter(|citation| citation.contains(".md")).collect()
}

/// The targets of Markdown links, code spans aside.
fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let prose = line.split('`').step_by(2).filter(|_| !fenced);
        for part in prose.flat_map(|part| part.split("](").skip(1)) {
            found.extend(part.split_once(')').map(|(target, _)| target));
        }
    }
    found
}

/// Whether `page#anchor`, relative to `base`, is a file with such a heading.
fn resolves(base: &Path, citation: &str) -> bool {
    let (page, wanted) = citation.split_once('#').unwrap_or((citation, ""));
    let path = base.join(page);
    if wanted.is_empty() {
        return path.exists();
    }
    let Ok(text) = fs::read_to_string(path) else {
        return false;
    };
    let mut headings = text.lines().filter(|line| line.starts_with('#'));
    headings.any(|heading| anchor(heading) == wanted)
}

/// The anchor that Markdown viewers give a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|&c| c.is_alphanumeric() || "-_ ".contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
