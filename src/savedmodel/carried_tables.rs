//! Tables of layers of unknown classes, as the model's file has them:
//! `spec/saved_model.md#carried-functions`.

use std::collections::BTreeMap;

use super::assets::{AssetId, Assets};
use super::body::Body;
use super::carried::{CarriedFunctions, Taken, captured};
use super::layer_objects::LayerObjects;
use super::objects::{Kind as ObjectKind, ObjectId};
use super::tables::Fingerprint;
use super::variables::{Capture, SavedVariables};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::graph::{Function, Library};
use crate::proto::Message;
use crate::proto::tensorflow::saved_object_graph::{Kind, SavedConcreteFunction};
use crate::proto::tensorflow::{AttrValue, NodeDef};

/// The operation that makes tables which nothing changes once they are filled.
const TABLE: &str = "HashTableV2";

/// The tables that were written, and the files that fill them.
#[derive(Debug, Default)]
pub(super) struct CarriedTables {
    /// The nodes that make them, by their numbers in the model's file.
    made: BTreeMap<u32, NodeDef>,
    assets: BTreeMap<u32, AssetId>,
}

impl CarriedTables {
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &NodeDef)> {
        self.made.iter().map(|(number, node)| (*number, node))
    }
}

/// A table with its functions.
struct Table {
    node: NodeDef,
    /// What makes it, fills it, and gives it up.
    functions: [Function; 3],
    captures: Vec<Capture>,
    /// The file that fills it.
    file: Option<AssetId>,
}

impl CarriedFunctions {
    /// A table that a function takes, if it can be written again.
    pub(super) fn table(&self, number: i32) -> Result<Capture> {
        let object = usize::try_from(number).ok();
        let node = object.map(|it| self.creator(it)).transpose()?;
        let number = u32::try_from(number).ok().filter(|_| node.is_some());
        let number = number.ok_or_else(|| malformed("a table that is no object"))?;
        Ok(Capture::Carried(number))
    }

    /// The one function that an object has under that name, and its interface.
    fn of_table(&self, table: usize, name: &str) -> Result<(String, SavedConcreteFunction)> {
        let function = self.child(table, name);
        let function = function.and_then(|it| self.objects.nodes.get(it)?.kind.as_ref());
        let function = match function {
            Some(Kind::Function(function)) => function.concrete_functions.first(),
            Some(Kind::BareConcreteFunction(function)) => Some(&function.concrete_function_name),
            _ => None,
        };
        let known = &self.objects.concrete_functions;
        let found = function.and_then(|it| Some((it.clone(), known.get(it)?.clone())));
        found.ok_or_else(|| malformed(format!("a table without a function `{name}`")))
    }

    /// The function that makes a table, and its node that does.
    pub(super) fn creator(&self, table: usize) -> Result<(String, NodeDef)> {
        let (name, interface) = self.of_table(table, "_create_resource")?;
        let function = self.functions.get(&name);
        let mut nodes = function.iter().flat_map(|it| &it.node_def);
        let node = nodes.find(|it| it.op.contains("Table") || it.op.contains("Resource"));
        match node {
            Some(node) if node.op == TABLE && interface.bound_inputs.is_empty() => {
                Ok((name, node.clone()))
            }
            node => {
                let op = node.map_or("a function that is not known", |it| it.op.as_str());
                let message = format!(
                    "a function that uses a resource of `{op}`, which cannot be written again, expected \
                     `{TABLE}`, a table that nothing changes"
                );
                Err(Error::new(ErrorKind::Unsupported, message))
            }
        }
    }

    /// Writes the functions of a table.
    fn write_table(
        &mut self,
        number: u32,
        library: &mut Library,
        variables: &SavedVariables<'_>,
        files: (&mut Assets, &mut BTreeMap<u32, AssetId>),
    ) -> Result<Table> {
        let object = usize::try_from(number).unwrap_or(usize::MAX);
        let (creator, mut node) = self.creator(object)?;
        let (initializer, interface) = self.of_table(object, "_initialize")?;
        let (destroyer, _) = self.of_table(object, "_destroy_resource")?;
        let mut fingerprint = Fingerprint::new();
        if let Some(def) = self.functions.get(&initializer) {
            for node in &def.node_def {
                fingerprint.take(&node.encode()?);
            }
        }
        let filled = &interface.bound_inputs;
        let (taken, file) = self.filling(number, filled, &mut fingerprint, files)?;
        let name = AttrValue::from(fingerprint.table_name().as_str());
        self.share_as(&creator, &name);
        node.attr.insert("shared_name".to_owned(), name);
        node.attr.retain(|name, _| !name.starts_with('_'));
        node.input.clear();
        let creator = self.import(&creator, library)?;
        let fill = self.import(&initializer, library)?;
        let mut body = Body::new(library, "_initializer", variables);
        let arguments = captured(taken, &mut body);
        let results = body.function.call(&fill, &arguments)?;
        let (initializer, captures) = body.into_function(library, &results)?;
        let destroyer = self.import(&destroyer, library)?;
        Ok(Table {
            node,
            functions: [creator, initializer, destroyer],
            captures,
            file,
        })
    }

    /// What the function that fills a table takes, and the file among that.
    fn filling(
        &self,
        number: u32,
        bound_inputs: &[i32],
        fingerprint: &mut Fingerprint,
        (assets, known): (&mut Assets, &mut BTreeMap<u32, AssetId>),
    ) -> Result<(Vec<Taken>, Option<AssetId>)> {
        let mut taken = Vec::new();
        let mut file = None;
        for bound in bound_inputs {
            let object = usize::try_from(*bound).ok();
            let kind = object.and_then(|it| self.objects.nodes.get(it)?.kind.as_ref());
            taken.push(match kind {
                _ if u32::try_from(*bound) == Ok(number) => {
                    Taken::Captured(Capture::Carried(number))
                }
                Some(Kind::Constant(constant)) => {
                    let constant = self.constant(&constant.operation)?;
                    if let Taken::Constant(value) = &constant {
                        fingerprint.take(&value.encode()?);
                    }
                    constant
                }
                Some(Kind::Asset(asset)) => {
                    let index = asset.asset_file_def_index;
                    let (name, bytes) = self.asset(index)?;
                    fingerprint.take(bytes.bytes());
                    let place = known.entry(u32::try_from(index).unwrap_or(u32::MAX));
                    let id = *place.or_insert_with(|| assets.add(name, bytes.clone()));
                    file = Some(id);
                    Taken::Captured(Capture::Asset(id))
                }
                _ => {
                    let message = "a table that is filled from neither constants nor files";
                    return Err(Error::new(ErrorKind::Unsupported, message));
                }
            });
        }
        Ok((taken, file))
    }

    /// The names that TensorFlow gives tables are those of others in another process.
    fn share_as(&mut self, creator: &str, name: &AttrValue) {
        let function = self.functions.get_mut(creator);
        let nodes = function.into_iter().flat_map(|it| &mut it.node_def);
        for node in nodes.filter(|it| it.op == TABLE) {
            node.attr.insert("shared_name".to_owned(), name.clone());
        }
    }

    /// The name and the bytes of a file.
    fn asset(&self, index: i32) -> Result<&(String, crate::tensor::Tensor<'static>)> {
        let found = u32::try_from(index).ok();
        let found = found.and_then(|it| self.assets.get(&it));
        found.ok_or_else(|| {
            let message = format!("asset {index}, which was not there when the model was loaded");
            Error::new(ErrorKind::NotFound, message)
        })
    }
}

impl LayerObjects<'_, '_> {
    /// The object of a table that the model's file has, and that `owner` is to have.
    pub(super) fn carried_table(
        &mut self,
        path: &str,
        number: u32,
        owner: ObjectId,
    ) -> Result<ObjectId> {
        let capture = Capture::Carried(number);
        if let Some(object) = self.of_captures.get(&capture) {
            return Ok(*object);
        }
        let object = self.objects.add(ObjectKind::Resource);
        self.of_captures.insert(capture, object);
        let tracer = &mut self.tracer;
        let Some(functions) = tracer.carried.of_layer(path)? else {
            return Ok(object);
        };
        let tables = &mut self.carried_tables;
        let files = (&mut self.assets, &mut tables.assets);
        let table = functions.write_table(number, &mut tracer.library, tracer.variables, files);
        let table = table.within(|| format!("a table of layer `{path}`"))?;
        tables.made.insert(number, table.node);
        let initializer = self.objects.user("_generic_user_object");
        self.objects.own(object, "_initializer", initializer);
        if let Some(file) = table.file {
            let file = self.asset(file, initializer);
            self.own_file(owner, file);
        }
        self.table_functions(object, table.functions, table.captures);
        Ok(object)
    }

    /// Hangs tables on a layer that its functions take, and that nothing has yet.
    pub(super) fn own_carried_tables(&mut self, layer: ObjectId, path: &str) -> Result<()> {
        let traces = self.tracer.of_layer(path).iter();
        let captures = traces.flat_map(|it| it.captures.clone());
        let captures: Vec<Capture> = captures.collect();
        for capture in captures {
            let Capture::Carried(number) = capture else {
                continue;
            };
            if !self.has_traces || self.of_captures.contains_key(&capture) {
                continue;
            }
            let table = self.carried_table(path, number, layer)?;
            self.objects.own(layer, &format!("_table_{number}"), table);
        }
        Ok(())
    }
}

#[cold]
fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Malformed, message.into())
}
