//! The tables of a SavedModel: `spec/saved_model.md#tables`.

use std::collections::BTreeMap;

use super::tree::{Branch, BranchKind};
use super::variables::Capture;
use super::vocabulary_file::VocabularyFile;
use crate::error::{Context, Result};
use crate::graph::{Constant, Function, FunctionBuilder, Library};
use crate::layers::TableSpec;
use crate::options::Vocabularies;
use crate::proto::tensorflow::DataType;

/// Which of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TableId(usize);

/// A table, and the name by which all functions find it.
#[derive(Debug)]
pub(super) struct SavedTable {
    pub(super) name: String,
    pub(super) spec: TableSpec,
    /// The file that fills it, if one does, and what it is named after.
    pub(super) file: Option<(String, VocabularyFile)>,
}

/// A function that fills a table, and what it takes.
#[derive(Debug)]
pub(super) struct Initializer {
    pub(super) function: Function,
    pub(super) captures: Vec<Capture>,
}

/// All tables, found by their paths in the model.
#[derive(Debug, Default)]
pub(super) struct SavedTables {
    list: Vec<SavedTable>,
    of_layers: BTreeMap<String, TableId>,
}

impl SavedTables {
    /// The tables of these layers, and of those in them.
    pub(super) fn of(branches: &[Branch<'_>], vocabularies: Vocabularies) -> Result<Self> {
        let mut tables = SavedTables::default();
        tables.collect(branches, vocabularies)?;
        Ok(tables)
    }

    fn collect(&mut self, branches: &[Branch<'_>], vocabularies: Vocabularies) -> Result<()> {
        for branch in branches {
            match &branch.kind {
                BranchKind::Network(_, inner) => self.collect(inner, vocabularies)?,
                BranchKind::Class(class) => {
                    let specs = class.tables();
                    let specs = specs.within(|| format!("layer `{}`", branch.layer.name()))?;
                    for spec in specs {
                        let file = match vocabularies {
                            Vocabularies::InGraph => None,
                            Vocabularies::Assets => VocabularyFile::of(&spec),
                        };
                        self.add(&branch.path, spec, file);
                    }
                }
                BranchKind::Input | BranchKind::Carried(_) | BranchKind::Unknown(_) => {}
            }
        }
        Ok(())
    }

    fn add(&mut self, layer: &str, spec: TableSpec, file: Option<VocabularyFile>) {
        let id = TableId(self.list.len());
        let path = format!("{layer}/{}", spec.path);
        let name = Fingerprint::of(&spec).table_name();
        let file = file.map(|file| (layer.to_owned(), file));
        self.list.push(SavedTable { name, spec, file });
        self.of_layers.insert(path, id);
    }

    pub(super) fn of_layer(&self, path: &str) -> Option<TableId> {
        self.of_layers.get(path).copied()
    }

    /// The tables of the layer at that path: their paths from it.
    pub(super) fn within(&self, layer: &str) -> Vec<(String, TableId)> {
        let below = format!("{layer}/");
        let range = self.of_layers.range(below.clone()..);
        let inside =
            range.map_while(|(path, id)| Some((path.strip_prefix(&below)?.to_owned(), *id)));
        inside.collect()
    }

    pub(super) fn get(&self, id: TableId) -> Option<&SavedTable> {
        self.list.get(id.0)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (TableId, &SavedTable)> {
        let ids = (0..).map(TableId);
        ids.zip(&self.list)
    }
}

/// A number that tables with other entries do not have, so that in a process with several models
/// those of one name are equal: FNV-1a of 64 bits.
#[derive(Debug)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    pub(super) fn new() -> Self {
        Fingerprint(0xcbf2_9ce4_8422_2325)
    }

    fn of(spec: &TableSpec) -> Self {
        let mut state = Fingerprint::new();
        for tensor in [&spec.keys, &spec.values] {
            state.add(tensor.dtype().name().as_bytes());
            match tensor.string_values() {
                Some(values) => values.iter().for_each(|value| state.take(value)),
                None => state.add(tensor.bytes()),
            }
        }
        state
    }

    /// Takes bytes, whose number counts, too.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.add(&len.to_le_bytes());
        self.add(bytes);
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(super) fn table_name(&self) -> String {
        format!("hash_table_{:016x}", self.0)
    }
}

impl SavedTable {
    /// The types of keys and values.
    pub(super) fn types(&self) -> [DataType; 2] {
        [&self.spec.keys, &self.spec.values].map(|it| it.dtype().into())
    }

    /// The functions that make, fill and give up the table.
    pub(super) fn functions(&self, library: &mut Library) -> Result<[Function; 3]> {
        let mut function = library.begin("_creator");
        let [keys, values] = self.types();
        let table = function.op("HashTableV2").attr("key_dtype", keys);
        let table = table.attr("value_dtype", values);
        let table = table.attr("shared_name", self.name.as_str()).one()?;
        let creator = library.add(function, &[table])?;
        let mut function = library.begin("_initializer");
        self.fill(&mut function)?;
        let done = function.constant(1_i32);
        let initializer = library.add(function, &[done])?;
        let mut function = library.begin("_destroyer");
        let done = function.constant(1_i32);
        let destroyer = library.add(function, &[done])?;
        Ok([creator, initializer, destroyer])
    }

    /// Fills the table, which is the last argument of the function, behind the file if there is one.
    fn fill(&self, function: &mut FunctionBuilder) -> Result<()> {
        const HANDLE: (&str, DataType) = ("table_handle", DataType::DT_RESOURCE);
        if let Some((_, file)) = &self.file {
            let path = function.argument("asset_filepath", DataType::DT_STRING);
            let table = function.argument(HANDLE.0, HANDLE.1);
            return file.fill(function, &table, &path);
        }
        let table = function.argument(HANDLE.0, HANDLE.1);
        let keys = function.constant(Constant::from(&self.spec.keys));
        let values = function.constant(Constant::from(&self.spec.values));
        let import = function.op("LookupTableImportV2").input(&table);
        import.input(&keys).input(&values).node()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    #[test]
    fn tables_with_other_entries_have_other_names() {
        let name = |words: [&str; 2], first: i64| {
            let spec = TableSpec {
                path: "lookup_table".to_owned(),
                keys: Tensor::strings(words.map(|it| it.as_bytes().to_vec()).to_vec(), [2])
                    .unwrap(),
                values: Tensor::from_vec(vec![first, first + 1], [2]).unwrap(),
                vocabulary: None,
            };
            Fingerprint::of(&spec).table_name()
        };
        assert_eq!(name(["a", "b"], 1), name(["a", "b"], 1));
        for other in [
            name(["ab", ""], 1),
            name(["b", "a"], 1),
            name(["a", "b"], 2),
        ] {
            assert_ne!(name(["a", "b"], 1), other);
        }
    }
}
