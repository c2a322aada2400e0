//! Elements of compound types, which tensors do not have: a line of text or a JSON object each.

use hornfels::hdf5::{Attribute, Dataset, Datatype};
use hornfels::{Result, Tensor};
use serde_json::{Map, Value};

use crate::array::Items;

/// From this many records on, only the first and the last are shown.
const THRESHOLD: usize = 1000;
/// So many at each end.
const EDGE: usize = 3;

/// Where records are read from, one member at a time.
pub(crate) trait Members {
    /// What a record is.
    fn datatype(&self) -> &Datatype;
    /// How many there are along each axis.
    fn shape(&self) -> &[u64];
    /// One member of all records.
    fn member(&self, path: &[&str]) -> Result<Tensor<'static>>;
}

impl Members for Dataset {
    fn datatype(&self) -> &Datatype {
        self.datatype()
    }

    fn shape(&self) -> &[u64] {
        self.shape()
    }

    fn member(&self, path: &[&str]) -> Result<Tensor<'static>> {
        self.member(path)
    }
}

impl Members for Attribute {
    fn datatype(&self) -> &Datatype {
        self.datatype()
    }

    fn shape(&self) -> &[u64] {
        self.shape()
    }

    fn member(&self, path: &[&str]) -> Result<Tensor<'static>> {
        self.member(path)
    }
}

/// A member of all records, or the records themselves.
enum Field {
    Record(Vec<(String, Field)>),
    Values(Tensor<'static>),
    /// What has no values to show, by its type.
    Unread(String),
}

/// The same, ready to be shown.
enum Shown<'a> {
    Record(Vec<(&'a str, Shown<'a>)>),
    Values {
        items: Items<'a>,
        /// How many belong to one record, if they are an array.
        each: Option<usize>,
    },
    Unread(&'a str),
}

/// Whether tensors do not have these elements, but their members.
pub(crate) fn is_record(datatype: &Datatype) -> bool {
    matches!(datatype, Datatype::Compound(_)) && datatype.dtype().is_none()
}

/// Each record on a line, as Python shows tuples.
pub(crate) fn text(source: &dyn Members, full: bool) -> Result<String> {
    let (count, field) = read(source)?;
    let shown = field.shown(count)?;
    let mut lines = Vec::new();
    for at in 0..count {
        if !full && count > THRESHOLD && (EDGE..count - EDGE).contains(&at) {
            if at == EDGE {
                lines.push("...".to_owned());
            }
            continue;
        }
        lines.push(shown.text(at));
    }
    Ok(lines.join("\n"))
}

/// The records as nested lists of objects.
pub(crate) fn json(source: &dyn Members) -> Result<Value> {
    let (count, field) = read(source)?;
    let shown = field.shown(count)?;
    let mut records: Vec<Value> = (0..count).map(|at| shown.json(at)).collect();
    for size in source.shape().iter().skip(1).rev() {
        let size = usize::try_from(*size).unwrap_or(usize::MAX).max(1);
        records = records
            .chunks(size)
            .map(|row| Value::Array(row.to_vec()))
            .collect();
    }
    match source.shape().is_empty() {
        true => Ok(records.pop().unwrap_or_default()),
        false => Ok(Value::Array(records)),
    }
}

/// How many records there are, and what is in them.
fn read(source: &dyn Members) -> Result<(usize, Field)> {
    let count: u64 = source.shape().iter().product();
    let mut path = Vec::new();
    let field = Field::read(source, source.datatype(), &mut path)?;
    Ok((usize::try_from(count).unwrap_or(usize::MAX), field))
}

impl Field {
    fn read<'d>(
        source: &dyn Members,
        datatype: &'d Datatype,
        path: &mut Vec<&'d str>,
    ) -> Result<Field> {
        if let (Datatype::Compound(compound), true) = (datatype, is_record(datatype)) {
            let mut fields = Vec::new();
            for member in &compound.members {
                path.push(&member.name);
                fields.push((
                    member.name.clone(),
                    Field::read(source, &member.datatype, path)?,
                ));
                path.pop();
            }
            return Ok(Field::Record(fields));
        }
        let mut element = datatype;
        while let Datatype::Array(array) = element {
            element = &array.base;
        }
        match element.dtype() {
            Some(_) => Ok(Field::Values(source.member(path)?)),
            None => Ok(Field::Unread(format!("<{datatype}>"))),
        }
    }

    fn shown(&self, count: usize) -> Result<Shown<'_>> {
        Ok(match self {
            Field::Record(fields) => {
                let mut all = Vec::new();
                for (name, field) in fields {
                    all.push((name.as_str(), field.shown(count)?));
                }
                Shown::Record(all)
            }
            Field::Values(tensor) => {
                let len = usize::try_from(tensor.len()).unwrap_or(usize::MAX);
                let each = len.checked_div(count).unwrap_or(1);
                Shown::Values {
                    items: Items::of(tensor)?,
                    each: (each != 1).then_some(each),
                }
            }
            Field::Unread(datatype) => Shown::Unread(datatype),
        })
    }
}

impl Shown<'_> {
    fn text(&self, at: usize) -> String {
        match self {
            Shown::Record(fields) => {
                let fields: Vec<_> = fields.iter().map(|(_, field)| field.text(at)).collect();
                format!("({})", fields.join(", "))
            }
            Shown::Values { items, each: None } => items.text(at),
            Shown::Values {
                items,
                each: Some(each),
            } => {
                let values = (at * each..(at + 1) * each).map(|at| items.text(at));
                format!("[{}]", values.collect::<Vec<_>>().join(", "))
            }
            Shown::Unread(datatype) => (*datatype).to_owned(),
        }
    }

    fn json(&self, at: usize) -> Value {
        match self {
            Shown::Record(fields) => {
                let fields = fields.iter();
                let fields = fields.map(|(name, field)| ((*name).to_owned(), field.json(at)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
            Shown::Values { items, each: None } => items.json(at),
            Shown::Values {
                items,
                each: Some(each),
            } => (at * each..(at + 1) * each)
                .map(|at| items.json(at))
                .collect(),
            Shown::Unread(_) => Value::Null,
        }
    }
}
