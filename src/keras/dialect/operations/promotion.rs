//! Which type comes of several, as Keras 3 finds it: the least one that all of them lead to in
//! JAX's lattice. `spec/keras_config.md#operations`.

/// The type of Keras's numbers if nobody says otherwise.
pub(super) const FLOAT: &str = "float32";

/// Each type, and those right above it. `int` and `float` are Python's numbers, which give way.
const LATTICE: &[(&str, &[&str])] = &[
    ("bool", &["int"]),
    ("uint8", &["int16", "uint16"]),
    ("uint16", &["int32", "uint32"]),
    ("uint32", &["int64", "uint64"]),
    ("uint64", &["float"]),
    ("int", &["uint8", "int8"]),
    ("int8", &["int16"]),
    ("int16", &["int32"]),
    ("int32", &["int64"]),
    ("int64", &["float"]),
    ("float", &["bfloat16", "float16"]),
    ("bfloat16", &["float32"]),
    ("float16", &["float32"]),
    ("float32", &["float64"]),
    ("float64", &[]),
];

/// Types that are never promoted, but pass through what only moves elements.
const OTHERS: &[&str] = &["string", "complex64", "complex128"];

/// The name of a type, if it is one that operations take.
pub(super) fn known(name: &str) -> Option<&'static str> {
    let names = LATTICE
        .iter()
        .map(|(name, _)| *name)
        .chain(OTHERS.iter().copied());
    names
        .filter(|known| !matches!(*known, "int" | "float"))
        .find(|known| *known == name)
}

/// All types that a type leads to, itself among them.
fn above(name: &'static str) -> Vec<&'static str> {
    let mut found = vec![name];
    let mut next = 0;
    while let Some(name) = found.get(next).copied() {
        next = next.saturating_add(1);
        let row = LATTICE.iter().find(|(known, _)| *known == name);
        for higher in row.map_or(&[][..], |(_, higher)| higher) {
            if !found.contains(higher) {
                found.push(higher);
            }
        }
    }
    found
}

/// The type that values of these types are computed in; none if there is no such.
pub(super) fn result_type(types: &[&'static str]) -> Option<&'static str> {
    let (first, rest) = types.split_first()?;
    if rest.iter().all(|other| other == first) && !matches!(*first, "int" | "float") {
        return Some(*first);
    }
    if types.iter().any(|name| OTHERS.contains(name)) {
        return None;
    }
    let mut common = above(first);
    for other in rest {
        let higher = above(other);
        common.retain(|name| higher.contains(name));
    }
    let leads_to_all = |name: &&&'static str| {
        let higher = above(name);
        common.iter().all(|other| higher.contains(other))
    };
    let least = common.iter().find(leads_to_all).copied()?;
    Some(match least {
        "int" => "int32",
        "float" => FLOAT,
        "uint64" => "uint32",
        other => other,
    })
}

/// Whether it is a type of integers.
pub(super) fn is_integer(dtype: &str) -> bool {
    dtype.starts_with("int") || dtype.starts_with("uint")
}

/// Whether it is a type of numbers with a fraction.
pub(super) fn is_floating(dtype: &str) -> bool {
    dtype.contains("float")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_promoted_as_by_keras() {
        #[track_caller]
        fn check(types: &[&'static str], expected: &str) {
            assert_eq!(result_type(types), Some(expected));
        }
        check(&["int32", "float"], "float32");
        check(&["int64", "float"], "float32");
        check(&["float16", "float"], "float16");
        check(&["float16", "float32"], "float32");
        check(&["float16", "bfloat16"], "float32");
        check(&["bool", "int"], "int32");
        check(&["bool", "float"], "float32");
        check(&["uint8", "int"], "uint8");
        check(&["uint8", "int8"], "int16");
        check(&["uint32", "int32"], "int64");
        check(&["int32", "int64"], "int64");
        check(&["int64", "float16"], "float16");
        check(&["uint64", "uint8"], "uint32");
        check(&["int", "float"], "float32");
        check(&["float32", "float64"], "float64");
        check(&["string"], "string");
        assert_eq!(result_type(&["string", "int32"]), None);
        assert_eq!(known("int"), None);
        assert_eq!(known("uint16"), Some("uint16"));
    }
}
