//! Which objects a model consists of, where each is stored, and which variables it holds itself:
//! `spec/keras_h5.md#paths-of-objects`.

use std::collections::HashMap;

use super::{Form, joined};
use crate::error::{Error, ErrorKind, Result};
use crate::keras::naming::{Numbers, snake_case};
use crate::keras::{Dialect, Network, Part, Variables, has_cell};
use crate::keras_h5::TOP_LEVEL;
use crate::layers::{LayerRegistry, Names};

/// An object of a model: the model itself, a layer, a layer in a layer.
#[derive(Debug, PartialEq)]
pub(super) struct Place {
    /// From the model, which has none: `layers/dense`, `layers/lstm/cell`.
    pub(super) path: String,
    /// What Keras 3 says it is called, as far as that is known.
    pub(super) name: Option<String>,
    /// The layer of the model that it is, or is in.
    pub(super) layer: String,
    /// Its own variables by their places among those of the model, in Keras's order.
    pub(super) variables: Vec<usize>,
}

/// All objects of a model with these variables, the model first.
///
/// # Errors
///
/// [`ErrorKind::Unsupported`] if a variable is in a layer within a layer of a class that is not
/// known.
pub(super) fn places(
    network: &Network,
    variables: &Variables<'_>,
    form: Form,
) -> Result<Vec<Place>> {
    let mut walk = Walk {
        form,
        dialect: network.dialect(),
        registry: LayerRegistry::builtin(),
        layer: TOP_LEVEL,
        list: Vec::new(),
    };
    let own = held(variables, TOP_LEVEL);
    walk.add(String::new(), network.name(), own.iter().map(|it| it.place));
    let mut paths = walk.paths("", network.object().class_name() == "Sequential");
    for layer in network.layers() {
        let part = Part::Layer(layer);
        let held = held(variables, layer.name());
        if let Some(path) = paths.next(part, &held) {
            walk.layer = layer.name();
            walk.object(part, layer.name(), path, held)?;
        }
    }
    Ok(walk.list)
}

/// A variable, and its path from the object that it is in.
#[derive(Clone, Copy, Debug)]
struct Held<'v> {
    place: usize,
    path: &'v str,
}

impl<'v> Held<'v> {
    /// The same variable from the object called `name`, if that is on the way.
    fn within(self, name: &str) -> Option<Held<'v>> {
        let path = self.path.strip_prefix(name)?.strip_prefix('/')?;
        Some(Held { path, ..self })
    }

    /// The same variable from the only object there is on the way.
    fn within_any(self) -> Held<'v> {
        let path = self
            .path
            .split_once('/')
            .map_or(self.path, |(_, rest)| rest);
        Held { path, ..self }
    }

    fn first_name(self) -> Option<&'v str> {
        self.path.split_once('/').map(|(first, _)| first)
    }
}

fn held<'v>(variables: &'v Variables<'_>, layer: &str) -> Vec<Held<'v>> {
    let all = variables
        .places_of(layer)
        .zip(variables.of_layer(layer))
        .map(|(place, variable)| {
            let path = variable.path.as_str();
            let held = Held { place, path };
            held.within(layer).unwrap_or(held)
        });
    all.collect()
}

/// Names the layers of a model after their classes and counts those of each.
struct Paths {
    numbers: Numbers,
    path: String,
    dialect: Dialect,
    is_sequential: bool,
}

impl Paths {
    /// The path of the next layer; none for what Keras does not list among the layers.
    fn next(&mut self, layer: Part<'_>, held: &[Held<'_>]) -> Option<String> {
        let is_input = self.is_sequential && layer.class_name() == "InputLayer";
        let is_operation =
            self.dialect == Dialect::Keras3 && layer.is_operation() && held.is_empty();
        if is_input || is_operation {
            return None;
        }
        Some(joined(&self.path, &numbered(&mut self.numbers, layer)))
    }
}

/// The name of the next object of this class: `dense`, `dense_1`.
fn numbered(numbers: &mut Numbers, part: Part<'_>) -> String {
    // The package of a registered class is not part of its name.
    let class = part.class_name().rsplit('>').next().unwrap_or_default();
    let class = match class {
        // What Functional models were called before TensorFlow 2.3.
        "Model" if part.is_model() => "Functional",
        _ => class,
    };
    numbers.unique(&snake_case(class), |_| false)
}

/// A layer in a layer: an attribute of it.
struct Child<'n, 'v> {
    attribute: String,
    /// How it was serialized; none where its class follows from that of the layer.
    part: Option<Part<'n>>,
    name: String,
    held: Vec<Held<'v>>,
}

struct Walk<'n> {
    form: Form,
    dialect: Dialect,
    registry: LayerRegistry,
    /// The layer of the model that is walked through.
    layer: &'n str,
    list: Vec<Place>,
}

impl<'n> Walk<'n> {
    fn add(&mut self, path: String, name: &str, variables: impl Iterator<Item = usize>) {
        self.list.push(Place {
            path,
            name: (!name.is_empty()).then(|| name.to_owned()),
            layer: self.layer.to_owned(),
            variables: variables.collect(),
        });
    }

    /// The paths of the layers of a model.
    fn paths(&self, model: &str, is_sequential: bool) -> Paths {
        Paths {
            numbers: Numbers::default(),
            path: joined(model, self.form.layers()),
            dialect: self.dialect,
            is_sequential,
        }
    }

    /// A layer with its variables, and the layers in it.
    fn object(
        &mut self,
        part: Part<'n>,
        name: &str,
        path: String,
        held: Vec<Held<'_>>,
    ) -> Result<()> {
        if part.is_model() {
            return self.model(part, name, path, held);
        }
        let (own, children) = self.parts(part, held)?;
        self.add(path.clone(), name, own.iter().map(|it| it.place));
        for child in children {
            let path = joined(&path, &child.attribute);
            match child.part {
                Some(part) => self.object(part, &child.name, path, child.held)?,
                None => self.add(path, &child.name, child.held.iter().map(|it| it.place)),
            }
        }
        Ok(())
    }

    fn model(
        &mut self,
        model: Part<'n>,
        name: &str,
        path: String,
        held: Vec<Held<'_>>,
    ) -> Result<()> {
        let layers = model.layers();
        let names: HashMap<&str, usize> = layers
            .iter()
            .enumerate()
            .map(|(number, layer)| (layer.name(), number))
            .collect();
        let mut of_layers: Vec<Vec<Held<'_>>> = layers.iter().map(|_| Vec::new()).collect();
        let mut own = Vec::new();
        for it in held {
            // Names of layers may hold slashes.
            let mut ends = it.path.match_indices('/').map(|(end, _)| end);
            let layer = ends.find_map(|end| {
                let layer = it.path.get(..end)?;
                Some((layer, *names.get(layer)?))
            });
            match layer.and_then(|(name, number)| Some((name, of_layers.get_mut(number)?))) {
                Some((name, of_layer)) => of_layer.extend(it.within(name)),
                None => own.push(it),
            }
        }
        if own.iter().any(|it| it.first_name().is_some()) {
            return Err(self.unknown(model, &own));
        }
        self.add(path.clone(), name, own.iter().map(|it| it.place));
        let mut paths = self.paths(&path, model.is_sequential());
        for (layer, held) in layers.into_iter().zip(of_layers) {
            if let Some(path) = paths.next(layer, &held) {
                self.object(layer, layer.name(), path, held)?;
            }
        }
        Ok(())
    }

    /// What a layer that is no model holds itself, and the layers in it.
    fn parts<'v>(
        &self,
        part: Part<'n>,
        held: Vec<Held<'v>>,
    ) -> Result<(Vec<Held<'v>>, Vec<Child<'n, 'v>>)> {
        match part.class_name() {
            class if has_cell(class) => Ok((Vec::new(), vec![self.cell(part, held)?])),
            "StackedRNNCells" => Ok((Vec::new(), self.cells(part, &held)?)),
            "Bidirectional" => Ok((Vec::new(), self.directions(part, &held)?)),
            "TimeDistributed" | "Wrapper" | "SpectralNormalization" => {
                let name = self.name_of(part.held("layer"))?;
                Ok(wrapped(part, &name, held))
            }
            "MultiHeadAttention" | "GroupedQueryAttention" | "GroupQueryAttention" => {
                Ok((Vec::new(), self.projections(part, &held)?))
            }
            _ if held.iter().any(|it| it.first_name().is_some()) && !self.knows(part) => {
                Err(self.unknown(part, &held))
            }
            "Dense" | "EinsumDense" => Ok((ordered(held), Vec::new())),
            _ => Ok((held, Vec::new())),
        }
    }

    fn knows(&self, part: Part<'_>) -> bool {
        let object = part.to_object(self.dialect);
        object.is_ok_and(|object| self.registry.knows(&object))
    }

    /// What paths of variables call a layer in a layer; empty if there is none.
    fn name_of(&self, part: Option<Part<'_>>) -> Result<String> {
        match part {
            Some(part) => Ok(Names::default().of(&part.to_object(self.dialect)?)),
            None => Ok(String::new()),
        }
    }

    /// The cell of a recurrent layer, which holds all there is.
    fn cell<'v>(&self, part: Part<'n>, held: Vec<Held<'v>>) -> Result<Child<'n, 'v>> {
        let serialized = part.held("cell");
        let name = match serialized {
            Some(_) => self.name_of(serialized)?,
            None => {
                let first = held.first().and_then(|it| it.first_name());
                first.unwrap_or_default().to_owned()
            }
        };
        Ok(Child {
            attribute: "cell".to_owned(),
            name,
            held: held.into_iter().map(Held::within_any).collect(),
            part: serialized,
        })
    }

    /// The cells of a cell, named after their classes like the layers of a model.
    fn cells<'v>(&self, part: Part<'n>, held: &[Held<'v>]) -> Result<Vec<Child<'n, 'v>>> {
        let mut numbers = Numbers::default();
        let mut names = Names::default();
        let cells = part.held_list("cells").into_iter().map(|cell| {
            let name = names.of(&cell.to_object(self.dialect)?);
            Ok(Child {
                attribute: joined("cells", &numbered(&mut numbers, cell)),
                held: held.iter().filter_map(|it| it.within(&name)).collect(),
                name,
                part: Some(cell),
            })
        });
        self.complete(part, held, cells.collect::<Result<_>>()?)
    }

    fn directions<'v>(&self, part: Part<'n>, held: &[Held<'v>]) -> Result<Vec<Child<'n, 'v>>> {
        let name = self.name_of(part.wrapped())?;
        let bare = name.strip_prefix("forward_").unwrap_or(&name);
        let forward = format!("forward_{bare}");
        // The other one may have any name.
        let others = held.iter().filter_map(|it| it.first_name());
        let backward = others
            .filter(|name| *name != forward)
            .max()
            .map_or_else(|| format!("backward_{bare}"), str::to_owned);
        let child = |attribute: &str, part: Option<Part<'n>>, name: String| Child {
            attribute: attribute.to_owned(),
            held: held.iter().filter_map(|it| it.within(&name)).collect(),
            part,
            name,
        };
        let children = vec![
            child("forward_layer", part.wrapped(), forward),
            child("backward_layer", part.backward(), backward),
        ];
        self.complete(part, held, children)
    }

    /// The projections of an attention, which are layers of fixed names.
    fn projections<'v>(&self, part: Part<'n>, held: &[Held<'v>]) -> Result<Vec<Child<'n, 'v>>> {
        let is_public = self.form == Form::Keras3 && part.class_name() == "MultiHeadAttention";
        let names = ["query", "key", "value", "gate", "attention_output"];
        let children = names.into_iter().map(|name| {
            let word = name.strip_prefix("attention_").unwrap_or(name);
            let prefix = if is_public && word != "gate" { "" } else { "_" };
            Child {
                attribute: format!("{prefix}{word}_dense"),
                part: None,
                name: name.to_owned(),
                held: ordered(held.iter().filter_map(|it| it.within(name)).collect()),
            }
        });
        let children = children.filter(|child| !child.held.is_empty());
        self.complete(part, held, children.collect())
    }

    /// The children, if each variable is in one of them.
    fn complete<'v>(
        &self,
        part: Part<'n>,
        held: &[Held<'v>],
        children: Vec<Child<'n, 'v>>,
    ) -> Result<Vec<Child<'n, 'v>>> {
        let placed: usize = children.iter().map(|child| child.held.len()).sum();
        match placed == held.len() {
            true => Ok(children),
            false => Err(self.unknown(part, held)),
        }
    }

    #[cold]
    fn unknown(&self, part: Part<'_>, held: &[Held<'_>]) -> Error {
        let paths: Vec<&str> = held.iter().map(|it| it.path).collect();
        let (class, name) = (part.class_name(), part.name());
        Error::new(
            ErrorKind::Unsupported,
            format!(
                "`{name}` ({class}) has the variables `{}`, and which layers in it hold them is \
                 not known",
                paths.join("`, `")
            ),
        )
        .with_hint(
            "the layout that lists layers does not ask for it: a name that ends in `.h5` only",
        )
        .within(format!("layer `{}`", self.layer))
    }
}

/// The variables of a layer that may be quantized, in the order that is stored; among the weights of
/// a model its bias comes first then, being the only one that is trained.
fn ordered(mut held: Vec<Held<'_>>) -> Vec<Held<'_>> {
    const ORDER: [&str; 12] = [
        "kernel",
        "bias",
        "quantized_kernel",
        "inputs_scale",
        "inputs_amax_history",
        "kernel_scale",
        "kernel_amax_history",
        "outputs_grad_scale",
        "outputs_grad_amax_history",
        "kernel_zero",
        "awq_scales",
        "g_idx",
    ];
    let rank = |it: &Held<'_>| ORDER.iter().position(|name| *name == it.path);
    if held.iter().all(|it| rank(it).is_some()) {
        held.sort_by_key(rank);
    }
    held
}

/// What a wrapper holds itself, and what it wraps.
fn wrapped<'n, 'v>(
    part: Part<'n>,
    name: &str,
    held: Vec<Held<'v>>,
) -> (Vec<Held<'v>>, Vec<Child<'n, 'v>>) {
    let is_spectral = part.class_name() == "SpectralNormalization";
    let is_vector = |it: &Held<'_>| is_spectral && it.path == "vector_u";
    // It keeps the kernel that it normalizes for itself, too.
    let is_kernel = |it: &Held<'_>| {
        let inside = it.within(name).unwrap_or(*it);
        is_spectral && ["kernel", "embeddings"].contains(&inside.path)
    };
    let own = held.iter().filter(|it| is_kernel(it)).take(1);
    let own: Vec<Held<'v>> = own
        .chain(held.iter().filter(|it| is_vector(it)))
        .copied()
        .collect();
    let rest = held.into_iter().filter(|it| !is_vector(it));
    let child = Child {
        attribute: "layer".to_owned(),
        name: name.to_owned(),
        held: rest.map(|it| it.within(name).unwrap_or(it)).collect(),
        part: part.held("layer"),
    };
    (own, vec![child])
}

#[cfg(test)]
mod tests;
