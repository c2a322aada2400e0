//! What the tables of lookup layers hold, which TensorFlow does not write into configs:
//! `spec/saved_model.md#vocabularies`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use super::descriptions::Descriptions;
use super::objects::{NodeId, Objects};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::io::{Files, SharedBytes};
use crate::limits::Limits;
use crate::proto::Message;
use crate::proto::outline::MetaGraphOutline;
use crate::proto::tensorflow::saved_object_graph::{Kind, SavedConcreteFunction, SavedObject};
use crate::proto::tensorflow::{DataType, NodeDef, SavedAsset, SavedObjectGraph, TensorProto};
use crate::savedmodel::carried::constant;

/// The layers that have tables, which TextVectorization has one of.
const LOOKUPS: [&str; 2] = ["StringLookup", "IntegerLookup"];
const TABLE: &str = "lookup_table";
/// The attribute of TextVectorization that is a lookup.
const INNER: &str = "_lookup_layer";
/// How many documents were counted for `idf_weights`; a layer with a vocabulary in its config has no
/// such variable.
const COUNTED: &str = "num_documents";

/// What a table is filled with.
#[derive(Debug)]
pub(super) enum Table {
    /// What is looked up, and what is found, as many.
    Entries(Box<[Column; 2]>),
    /// A file with a token in each line; what is found are the numbers of the lines.
    Lines(SharedBytes),
}

/// One side of a table.
#[derive(Debug, PartialEq)]
pub(super) enum Column {
    Texts(Vec<Vec<u8>>),
    Numbers(Vec<i64>),
}

/// The tables of all lookups, by these.
#[derive(Debug, Default)]
pub(super) struct Tables {
    of_lookups: HashMap<NodeId, Table>,
    counted: HashSet<NodeId>,
}

impl Tables {
    /// Reads those of a graph.
    pub(super) fn of(
        meta: &MetaGraphOutline<'_>,
        (objects, descriptions): (&Objects<'_>, &Descriptions<'_>),
        files: &Files,
        limits: &Limits,
    ) -> Result<Tables> {
        let mut tables = Tables::default();
        let is_lookup = |id: &NodeId| {
            let class = descriptions
                .get(*id)
                .and_then(|it| it.class_name.as_deref());
            class.is_some_and(|it| LOOKUPS.contains(&it))
        };
        let lookups = objects.iter().map(|(id, _)| id).filter(is_lookup);
        let lookups: Vec<(NodeId, NodeId)> = lookups
            .filter_map(|id| Some((id, objects.child(id, TABLE)?)))
            .collect();
        if lookups.is_empty() {
            return Ok(tables);
        }
        let Some(graph) = meta.objects(limits)? else {
            return Ok(tables);
        };
        let reader = Reader {
            graph,
            objects,
            constants: constants(meta, limits)?,
            meta,
            files,
            limits,
        };
        for (lookup, table) in lookups {
            let place = || {
                format!(
                    "the table of `{}`",
                    descriptions.name(lookup).unwrap_or("?")
                )
            };
            if let Some(table) = reader.table(table).within(place)? {
                tables.of_lookups.insert(lookup, table);
                tables.counted.extend(objects.child(lookup, COUNTED));
            }
        }
        Ok(tables)
    }

    /// The lookup that a layer is or has, and its table.
    pub(super) fn of_layer(
        &self,
        objects: &Objects<'_>,
        layer: NodeId,
    ) -> Option<(NodeId, &Table)> {
        let inner = objects.child(layer, INNER);
        let lookups = [Some(layer), inner].into_iter().flatten();
        let mut found = lookups.filter_map(|id| Some((id, self.of_lookups.get(&id)?)));
        found.next()
    }

    /// Variables that layers do not have when their vocabularies are in their configs.
    pub(super) fn superseded(&self) -> &HashSet<NodeId> {
        &self.counted
    }
}

/// The constants of the graph itself.
fn constants(meta: &MetaGraphOutline<'_>, limits: &Limits) -> Result<HashMap<String, TensorProto>> {
    let nodes = meta.graph_def.iter().flat_map(|it| &it.node);
    let mut found = HashMap::new();
    for node in nodes {
        let node = NodeDef::decode(node, limits).within(|| "a node of the graph")?;
        if node.op == "Const" {
            found.extend(constant(node));
        }
    }
    Ok(found)
}

struct Reader<'d> {
    graph: SavedObjectGraph,
    objects: &'d Objects<'d>,
    constants: HashMap<String, TensorProto>,
    meta: &'d MetaGraphOutline<'d>,
    files: &'d Files,
    limits: &'d Limits,
}

impl Reader<'_> {
    fn saved(&self, id: NodeId) -> Option<&SavedObject> {
        let index = usize::try_from(id.number()?).ok()?;
        self.graph.nodes.get(index)
    }

    /// The function that fills a table.
    fn initializer(&self, table: NodeId) -> Option<&SavedConcreteFunction> {
        let function = self.objects.child(table, "_initialize")?;
        let name = match self.saved(function)?.kind.as_ref()? {
            Kind::Function(function) => function.concrete_functions.first()?,
            Kind::BareConcreteFunction(function) => &function.concrete_function_name,
            _ => return None,
        };
        self.graph.concrete_functions.get(name)
    }

    /// What a table is filled with; none if that is nothing, or made by the function itself.
    fn table(&self, table: NodeId) -> Result<Option<Table>> {
        let Some(initializer) = self.initializer(table) else {
            return Ok(None);
        };
        let mut constants = Vec::new();
        for number in &initializer.bound_inputs {
            let captured = self.objects.id(*number).and_then(|id| self.saved(id));
            match captured.and_then(|it| it.kind.as_ref()) {
                Some(Kind::Asset(asset)) => return Ok(Some(Table::Lines(self.asset(asset)?))),
                Some(Kind::Constant(constant)) => constants.push(constant.operation.as_str()),
                _ => {}
            }
        }
        match constants.as_slice() {
            // One is the path of a file elsewhere, as a directory has it that Keras loaded from assets.
            [] | [_] => Ok(None),
            // In the order in which LookupTableImportV2 takes them.
            [keys, values] => {
                let columns = [self.column(keys)?, self.column(values)?];
                let [keys, values] = columns.each_ref().map(Column::len);
                if keys != values {
                    return Err(malformed(format!("{keys} keys and {values} values")));
                }
                Ok(Some(Table::Entries(Box::new(columns))))
            }
            other => Err(malformed(format!(
                "filled from {} constants, expected keys and values",
                other.len()
            ))),
        }
    }

    fn asset(&self, asset: &SavedAsset) -> Result<SharedBytes> {
        let index = asset.asset_file_def_index;
        let file = usize::try_from(index).ok();
        let file = file.and_then(|index| self.meta.asset_file_def.get(index));
        let Some(file) = file else {
            let count = self.meta.asset_file_def.len();
            return Err(malformed(format!("refers to asset {index} of {count}")));
        };
        let name = &file.filename;
        let path = asset_path(name).ok_or_else(|| {
            malformed(format!("the asset `{name}`, expected a file in `assets/`"))
        })?;
        self.files.open(path)
    }

    fn column(&self, name: &str) -> Result<Column> {
        let tensor = self.constants.get(name);
        let tensor = tensor.ok_or_else(|| malformed(format!("no constant `{name}`")))?;
        let column = column(tensor).within(|| format!("constant `{name}`"))?;
        let count = u64::try_from(column.len()).unwrap_or(u64::MAX);
        self.limits.objects(count, "entries of a table")?;
        Ok(column)
    }
}

/// Where a file of `assets/` is; none for what would be elsewhere.
fn asset_path(name: &str) -> Option<PathBuf> {
    let is_inside = |part: Component<'_>| matches!(part, Component::Normal(_));
    let is_inside = !name.is_empty() && Path::new(name).components().all(is_inside);
    is_inside.then(|| Path::new("assets").join(name))
}

/// The files of `assets/` that are there, by their numbers, with their names.
pub(super) fn assets(
    meta: &MetaGraphOutline<'_>,
    files: &Files,
) -> Result<BTreeMap<u32, (String, SharedBytes)>> {
    let mut found = BTreeMap::new();
    for (number, asset) in (0..).zip(&meta.asset_file_def) {
        let path = asset_path(asset.filename);
        if let Some(path) = path.filter(|path| files.contains(path)) {
            found.insert(number, (asset.filename.to_owned(), files.open(path)?));
        }
    }
    Ok(found)
}

impl Column {
    fn len(&self) -> usize {
        match self {
            Column::Texts(list) => list.len(),
            Column::Numbers(list) => list.len(),
        }
    }
}

/// The elements of a tensor in one axis.
fn column(tensor: &TensorProto) -> Result<Column> {
    let shape = tensor.tensor_shape.as_ref().and_then(|it| it.sizes());
    let column = match tensor.dtype {
        DataType::DT_STRING => Column::Texts(tensor.string_val.clone()),
        DataType::DT_INT64 => Column::Numbers(match tensor.tensor_content.as_slice() {
            [] => tensor.int64_val.clone(),
            bytes => words(bytes).map(i64::from_le_bytes).collect(),
        }),
        DataType::DT_INT32 => Column::Numbers(match tensor.tensor_content.as_slice() {
            [] => tensor.int_val.iter().copied().map(i64::from).collect(),
            bytes => words(bytes)
                .map(i32::from_le_bytes)
                .map(i64::from)
                .collect(),
        }),
        other => {
            return Err(malformed(format!(
                "of type {other:?}, expected strings, int64 or int32"
            )));
        }
    };
    match shape.as_deref() {
        Some([size]) if usize::try_from(*size) == Ok(column.len()) => Ok(column),
        shape => {
            let (shape, len) = (shape.unwrap_or_default(), column.len());
            Err(malformed(format!("{len} elements of shape {shape:?}")))
        }
    }
}

/// Bytes in groups of `N`; a rest is left out, so that there are too few.
fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    let chunks = bytes.chunks_exact(N);
    chunks.filter_map(|it| it.try_into().ok())
}

#[cold]
fn malformed(message: String) -> Error {
    Error::new(ErrorKind::Malformed, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Constant;
    use crate::proto::tensorflow::TensorShapeProto;

    #[test]
    fn constants_are_columns() {
        let numbers = Constant::from([7_i64, -1]).into_proto();
        assert_eq!(column(&numbers).unwrap(), Column::Numbers(vec![7, -1]));
        let narrow = Constant::from([7_i32, -1]).into_proto();
        assert_eq!(column(&narrow).unwrap(), Column::Numbers(vec![7, -1]));
        let listed = TensorProto {
            dtype: DataType::DT_INT64,
            tensor_shape: Some(TensorShapeProto::new([1])),
            int64_val: vec![3],
            ..TensorProto::default()
        };
        assert_eq!(column(&listed).unwrap(), Column::Numbers(vec![3]));
    }

    #[test]
    fn what_is_no_column_is_refused() {
        let mut wrong = Constant::from([7_i64, -1]).into_proto();
        wrong.tensor_shape = Some(TensorShapeProto::new([1 << 40]));
        let error = column(&wrong).unwrap_err();
        assert_eq!(error.message(), "2 elements of shape [1099511627776]");
        let floats = Constant::from([0.5_f32]).into_proto();
        assert!(column(&floats).unwrap_err().message().contains("DT_FLOAT"));
        let scalar = Constant::from(7_i64).into_proto();
        assert_eq!(column(&scalar).unwrap_err().kind(), ErrorKind::Malformed);
    }
}
