//! Lists of names as attributes, split where HDF5 could not hold them: `spec/keras_h5.md#name-lists`.

use crate::error::{Error, ErrorKind, Result};
use crate::hdf5::{Attribute, Group, GroupMut, Value};
use crate::tensor::Tensor;

/// The most bytes Keras puts into one attribute; HDF5 could hold 64 KiB less its own fields.
const MAX_ATTRIBUTE: usize = 64_512;

/// Writes `names` under `name`, or in parts under `name0`, `name1`, … as Keras splits them.
pub(crate) fn write_names(group: &mut GroupMut<'_, '_>, name: &str, names: &[&str]) -> Result<()> {
    let parts = parts(names)?;
    if let [whole] = parts.as_slice() {
        return group.attribute(name, name_array(whole)?);
    }
    for (index, part) in parts.iter().enumerate() {
        group.attribute(&format!("{name}{index}"), name_array(part)?)?;
    }
    Ok(())
}

/// No names are what NumPy makes of an empty list: float64 of shape (0,).
fn name_array(part: &[&str]) -> Result<Value<'static>> {
    if part.is_empty() {
        return Ok(Value::from(Tensor::from_vec::<f64>(Vec::new(), [0])?));
    }
    Value::fixed_strings(part)
}

/// The fewest parts, cut as `numpy.array_split` cuts, of which none is too large.
fn parts<'n, 's>(names: &'n [&'s str]) -> Result<Vec<&'n [&'s str]>> {
    let longest = names.iter().map(|name| name.len()).max().unwrap_or(0);
    if longest > MAX_ATTRIBUTE {
        return Err(Error::new(
            ErrorKind::InvalidModel,
            format!("a name of {longest} bytes, HDF5 attributes hold at most {MAX_ATTRIBUTE}"),
        ));
    }
    let most_names = MAX_ATTRIBUTE.checked_div(longest).unwrap_or(usize::MAX);
    // The first part is the largest, so the count follows from it alone.
    let count = names.len().div_ceil(most_names).max(1);
    let (every, more) = (names.len() / count, names.len() % count);
    let mut rest = names;
    let mut parts = Vec::with_capacity(count);
    for index in 0..count {
        let (part, tail) = rest.split_at(every + usize::from(index < more));
        parts.push(part);
        rest = tail;
    }
    Ok(parts)
}

/// Reads the list `name`, joining its parts; nothing if there is none.
pub(crate) fn read_names(group: &Group, name: &str) -> Result<Option<Vec<String>>> {
    if let Some(attribute) = group.attribute(name)? {
        return decode(&attribute).map(Some);
    }
    let mut names = Vec::new();
    let mut index = 0_u64;
    while let Some(part) = group.attribute(&format!("{name}{index}"))? {
        names.extend(decode(&part)?);
        index += 1;
    }
    Ok((index > 0).then_some(names))
}

/// Whether the attribute `found` is the list `name` or a part of it.
pub(crate) fn is_part_of(found: &str, name: &str) -> bool {
    found
        .strip_prefix(name)
        .is_some_and(|index| index.bytes().all(|digit| digit.is_ascii_digit()))
}

fn decode(attribute: &Attribute) -> Result<Vec<String>> {
    if attribute.shape().contains(&0) {
        return Ok(Vec::new());
    }
    attribute
        .strings()?
        .into_iter()
        .map(|bytes| {
            String::from_utf8(bytes).map_err(|error| {
                let found = error.as_bytes().escape_ascii().to_string();
                Error::new(
                    ErrorKind::Malformed,
                    format!("name `{found}`, expected UTF-8"),
                )
                .within(format!("attribute `{}`", attribute.name()))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(count: usize, width: usize, expected: &[usize]) {
        let name = "n".repeat(width);
        let names = vec![name.as_str(); count];
        let found: Vec<usize> = parts(&names)
            .unwrap()
            .iter()
            .map(|part| part.len())
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn splits_as_numpy_does() {
        check(0, 5, &[0]);
        check(1, 64_512, &[1]);
        // Exactly the limit, and one name more.
        check(4_032, 16, &[4_032]);
        check(4_033, 16, &[2_017, 2_016]);
        check(10, 30_000, &[2, 2, 2, 2, 2]);
        check(11, 30_000, &[2, 2, 2, 2, 2, 1]);
    }

    #[test]
    fn a_name_that_no_part_can_hold_is_an_error() {
        let name = "n".repeat(64_513);
        let error = parts(&[&name]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidModel);
        assert!(error.message().contains("64513"), "{error}");
    }

    #[test]
    fn parts_are_told_from_other_attributes() {
        assert!(is_part_of("layer_names", "layer_names"));
        assert!(is_part_of("layer_names12", "layer_names"));
        assert!(!is_part_of("layer_names_x", "layer_names"));
        assert!(!is_part_of("backend", "layer_names"));
    }
}
