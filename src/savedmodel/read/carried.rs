//! The functions of layers, which are kept for saving the model again: `spec/saved_model.md#carried-functions`.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::descriptions::Descriptions;
use super::layers::FoundLayer;
use super::objects::{NodeId, Objects};
use super::variables::is_added;
use crate::error::Result;
use crate::io::SharedBytes;
use crate::keras::{Carried, Network, json};
use crate::options::LoadOptions;
use crate::savedmodel::carried::FUNCTION;
use crate::tensor::{DType, Tensor};

/// Notes where a directory has the functions of a model and of its layers; none if there are none.
pub(super) fn carried(
    (file, assets): (&SharedBytes, &BTreeMap<u32, (String, SharedBytes)>),
    (objects, descriptions, root): (&Objects<'_>, &Descriptions<'_>, NodeId),
    network: &Network,
    layers: &[FoundLayer<'_>],
    variables: &HashMap<String, NodeId>,
    options: &LoadOptions,
) -> Result<Option<Carried>> {
    let mut reader = Reader {
        objects,
        descriptions,
        options,
        layers: BTreeMap::new(),
        inside: BTreeMap::new(),
        looked: 0,
    };
    if matches!(network, Network::Subclassed(_)) {
        reader.add(String::new(), root);
        reader.look_inside(root)?;
    }
    for found in layers {
        reader.layer(found)?;
    }
    if reader.layers.is_empty() {
        return Ok(None);
    }
    let held = |bytes: &SharedBytes| {
        let shape = [u64::try_from(bytes.len()).unwrap_or(u64::MAX)];
        Tensor::from_shared(DType::UInt8, shape, bytes.clone())
    };
    let assets = assets.iter();
    let assets = assets.map(|(id, (name, bytes))| Ok((*id, (name.clone(), held(bytes)?))));
    let variables = variables.iter();
    let variables = variables.filter_map(|(path, id)| Some((id.number()?, path.clone())));
    Ok(Some(Carried {
        file: held(file)?,
        assets: assets.collect::<Result<_>>()?,
        layers: reader.layers,
        descriptions: reader.inside,
        variables: variables.collect(),
    }))
}

struct Reader<'o> {
    objects: &'o Objects<'o>,
    descriptions: &'o Descriptions<'o>,
    options: &'o LoadOptions,
    layers: BTreeMap<String, u32>,
    /// What is said of layers in layers.
    inside: BTreeMap<u32, String>,
    /// How many objects were looked at for that.
    looked: u64,
}

impl Reader<'_> {
    fn layer(&mut self, found: &FoundLayer<'_>) -> Result<()> {
        self.add(found.path.clone(), found.id);
        match self.options.layers.knows(found.layer.object()) {
            true => Ok(()),
            false => self.look_inside(found.id),
        }
    }

    /// Keeps what is said of the layers that a layer has as attributes.
    fn look_inside(&mut self, layer: NodeId) -> Result<()> {
        let mut seen = HashSet::from([layer]);
        let mut left = vec![layer];
        while let Some(id) = left.pop() {
            let children = self.objects.children(id).iter();
            for (_, child) in children.filter(|(name, _)| !is_added(name)) {
                if !seen.insert(*child) {
                    continue;
                }
                left.push(*child);
                self.looked = self.looked.saturating_add(1);
                self.options
                    .limits
                    .objects(self.looked, "objects in layers")?;
                if let (Some(described), Some(number)) =
                    (self.descriptions.get(*child), child.number())
                {
                    let described = described.read(&self.options.limits)?;
                    let text = json::object_to_string(&described);
                    self.inside.insert(number, text);
                }
            }
        }
        Ok(())
    }

    /// Adds a layer that has a function.
    fn add(&mut self, path: String, id: NodeId) {
        let api = self.objects.child(id, "keras_api");
        let function = api.and_then(|api| self.objects.child(api, FUNCTION));
        let function = function.filter(|it| {
            let children = self.objects.children(*it);
            !children.is_empty()
        });
        if function.is_some()
            && let Some(number) = id.number()
        {
            self.layers.insert(path, number);
        }
    }
}
