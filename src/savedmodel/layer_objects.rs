//! The objects of layers, with the children Keras gives them: `spec/saved_model.md#layers`.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::arguments::CallArguments;
use super::assets::Assets;
use super::build_shapes::BuildShapes;
use super::carried_tables::CarriedTables;
use super::functions::Interfaces;
use super::objects::{Kind, ObjectId, Objects};
use super::tables::Initializer;
use super::trace::Tracer;
use super::trace_objects::{Functions, TraceObjects};
use super::tree::{Branch, BranchKind, NETWORK_ARGUMENTS};
use super::variables::{Capture, VariableId};
use crate::error::Result;
use crate::keras::Network;
use crate::keras_h5::TOP_LEVEL;
use crate::layers::{InnerLayer, Layer as LayerClass, Regularizer, activity_regularizer};

/// Makes the objects of layers.
#[derive(Debug)]
pub(super) struct LayerObjects<'t, 'm> {
    pub(super) objects: Objects,
    pub(super) tracer: Tracer<'t, 'm>,
    pub(super) interfaces: Interfaces,
    /// The objects of variables and tables.
    pub(super) of_captures: HashMap<Capture, ObjectId>,
    /// Functions that fill tables.
    pub(super) initializers: Vec<Initializer>,
    /// Files that do.
    pub(super) assets: Assets,
    /// Tables of the file that the model came from.
    pub(super) carried_tables: CarriedTables,
    /// Whether layers have functions.
    pub(super) has_traces: bool,
    /// How many functions compute penalties on variables.
    pub(super) penalties: usize,
    /// The layers and metrics that are objects.
    pub(super) described: Vec<(ObjectId, Described)>,
    /// What layers are called with.
    shapes: &'t BuildShapes,
}

/// Where what Keras is told of an object comes from.
#[derive(Clone, Debug)]
pub(super) enum Described {
    /// The layer at that path of the model.
    Layer(String),
    /// A layer in a layer, which the model does not know.
    Inner(InnerLayer),
    /// What a metric is made from.
    Metric(Map<String, Value>),
    /// What the file that the model came from says.
    Carried(Map<String, Value>),
    /// What a layer holds and rebuilds, and Keras wants to be told of all the same: a model, or a
    /// recurrent layer that keeps states.
    Held,
}

/// A layer's object, with what models list of it.
#[derive(Clone, Debug)]
pub(super) struct LayerObject {
    pub(super) object: ObjectId,
    pub(super) variables: Vec<VariableId>,
    trainable: Vec<VariableId>,
    /// Functions that give penalties on its variables.
    pub(super) penalties: Vec<(VariableId, ObjectId)>,
    /// The variables of layers inside of it.
    of_inner: HashSet<VariableId>,
}

impl<'t, 'm> LayerObjects<'t, 'm> {
    pub(super) fn new(tracer: Tracer<'t, 'm>, has_traces: bool, shapes: &'t BuildShapes) -> Self {
        LayerObjects {
            objects: Objects::default(),
            tracer,
            interfaces: Interfaces::new(),
            of_captures: HashMap::new(),
            initializers: Vec::new(),
            assets: Assets::default(),
            carried_tables: CarriedTables::default(),
            has_traces,
            penalties: 0,
            described: Vec::new(),
            shapes,
        }
    }

    /// The object of a variable.
    pub(super) fn variable(&mut self, id: VariableId) -> ObjectId {
        let objects = &mut self.objects;
        *self
            .of_captures
            .entry(Capture::Variable(id))
            .or_insert_with(|| objects.add(Kind::Variable(id)))
    }

    /// The objects of variables and tables.
    pub(super) fn captures(&self) -> &HashMap<Capture, ObjectId> {
        &self.of_captures
    }

    /// The object of a model in the model.
    fn network(
        &mut self,
        network: &Network,
        branches: &[Branch<'_>],
        path: &str,
    ) -> Result<LayerObject> {
        let (layer, layers) = self.layers_of(network, branches, path)?;
        let name = path.rsplit('/').next().unwrap_or_default();
        let functions = self.functions(path, name, NETWORK_ARGUMENTS, None)?;
        self.attach(&layer, layers, functions.as_ref(), Extras::default());
        Ok(layer)
    }

    /// The object of a network with its layers as children, and the objects of the layers.
    pub(super) fn layers_of(
        &mut self,
        network: &Network,
        branches: &[Branch<'_>],
        path: &str,
    ) -> Result<(LayerObject, Vec<ObjectId>)> {
        let object = self.objects.user(match network {
            Network::Sequential(_) => "_tf_keras_sequential",
            Network::Functional(_) => "_tf_keras_network",
            Network::Subclassed(_) => "_tf_keras_model",
        });
        let described = Described::Layer(path.to_owned());
        self.described.push((object, described));
        let skips_inputs = matches!(network, Network::Sequential(_));
        let is_listed =
            |branch: &&Branch<'_>| !(skips_inputs && matches!(branch.kind, BranchKind::Input));
        let mut layers = Vec::new();
        let mut all = LayerObject::new(object);
        let mut with_weights = 0;
        for (index, branch) in branches.iter().filter(is_listed).enumerate() {
            let layer = self.layer(branch)?;
            let name = format!("layer-{index}");
            if layer.variables.is_empty() {
                self.objects.own(object, &name, layer.object);
            } else {
                let first = format!("layer_with_weights-{with_weights}");
                self.objects.own(object, &first, layer.object);
                self.objects.own(object, &name, layer.object);
                with_weights += 1;
            }
            layers.push(layer.object);
            all.of_inner.extend(&layer.variables);
            all.variables.extend(layer.variables);
            all.trainable.extend(layer.trainable);
            all.penalties.extend(layer.penalties);
        }
        if path.is_empty() {
            self.own_variables(&mut all, network);
        }
        if let Network::Subclassed(_) = network {
            self.own_carried(object, path)?;
            self.own_carried_tables(object, path)?;
            self.carried_penalties(path, &mut all)?;
        }
        Ok((all, layers))
    }

    /// Adds the variables that a model has beside its layers.
    fn own_variables(&mut self, model: &mut LayerObject, network: &Network) {
        let variables = self.tracer.variables;
        for id in variables.within(TOP_LEVEL) {
            let path = variables.path(id).unwrap_or_default();
            let name = path.strip_prefix(TOP_LEVEL).unwrap_or(path);
            let name = name.trim_start_matches('/');
            if !matches!(network, Network::Subclassed(_)) {
                let variable = self.variable(id);
                self.objects.own(model.object, name, variable);
            }
            model.variables.push(id);
            if variables.get(id).is_some_and(|it| it.trainable) {
                model.trainable.push(id);
            }
        }
    }

    fn layer(&mut self, branch: &Branch<'_>) -> Result<LayerObject> {
        if let BranchKind::Network(network, branches) = &branch.kind {
            return self.network(network, branches, &branch.path);
        }
        let is_input = matches!(branch.kind, BranchKind::Input);
        let object = self.objects.user(match is_input {
            true => "_tf_keras_input_layer",
            false => "_tf_keras_layer",
        });
        let described = Described::Layer(branch.path.clone());
        self.described.push((object, described));
        let mut layer = LayerObject::new(object);
        if is_input {
            return Ok(layer);
        }
        let variables = self.tracer.variables;
        layer.variables = variables.within(&branch.path);
        let trained = |id: &VariableId| variables.get(*id).is_some_and(|it| it.trainable);
        layer.trainable = layer.variables.iter().copied().filter(trained).collect();
        let functions = match self.has_traces {
            true => {
                self.penalties_of(branch, &mut layer)?;
                let activity = activity_regularizer(branch.layer.object())?;
                let name = branch.layer.name();
                self.functions(&branch.path, name, branch.call_arguments(), activity)?
            }
            false => None,
        };
        let inner = self.inner_layers(branch)?;
        self.know_inner(&branch.path, &mut layer, &inner);
        self.attach(&layer, Vec::new(), functions.as_ref(), Extras::default());
        let class = branch.layer.class_name();
        if class == "BatchNormalization" {
            let axes = self.objects.list([]);
            self.objects.own(object, "axis", axes);
        }
        let kind = match &branch.kind {
            BranchKind::Class(kind) => Some(kind.as_ref()),
            _ => None,
        };
        match branch.kind {
            BranchKind::Carried(_) => self.own_carried(object, &branch.path)?,
            _ => self.attributes((class, kind), &branch.path, &layer, inner)?,
        }
        self.own_carried_tables(object, &branch.path)?;
        Ok(layer)
    }

    /// The layers in a layer that are objects of their own.
    fn inner_layers(&self, branch: &Branch<'_>) -> Result<Vec<InnerLayer>> {
        let inputs = self.shapes.inputs(&branch.path);
        match (&branch.kind, inputs) {
            (BranchKind::Class(class), Some(inputs)) => class.inner_layers(inputs),
            _ => Ok(Vec::new()),
        }
    }

    /// Says which variables are of layers inside of the layer at `path`.
    fn know_inner(&self, path: &str, layer: &mut LayerObject, inner: &[InnerLayer]) {
        for each in inner {
            let path = format!("{path}/{}", each.path);
            layer.of_inner.extend(self.tracer.variables.within(&path));
        }
    }

    /// The object of a layer in the layer at `path`, whose object is `outer`.
    fn inner(&mut self, path: &str, outer: &LayerObject, layer: InnerLayer) -> Result<ObjectId> {
        let path = format!("{path}/{}", layer.path);
        let class = layer.object.class_name().to_owned();
        let inner = layer.inner.clone();
        let object = self.objects.user("_tf_keras_layer");
        self.described.push((object, Described::Inner(layer)));
        let mut own = LayerObject::new(object);
        let variables = self.tracer.variables;
        own.variables = variables.within(&path);
        let trained = |id: &VariableId| variables.get(*id).is_some_and(|it| it.trainable);
        own.trainable = own.variables.iter().copied().filter(trained).collect();
        let penalties = outer.penalties.iter().copied();
        let is_own = |(id, _): &(VariableId, ObjectId)| own.variables.contains(id);
        own.penalties = penalties.filter(is_own).collect();
        self.know_inner(&path, &mut own, &inner);
        self.attach(&own, Vec::new(), None, Extras::default());
        self.attributes((&class, None), &path, &own, inner)?;
        Ok(object)
    }

    /// What a layer owns by the names its class has for it.
    fn attributes(
        &mut self,
        (class, kind): (&str, Option<&dyn LayerClass>),
        path: &str,
        layer: &LayerObject,
        inner: Vec<InnerLayer>,
    ) -> Result<()> {
        let mut held = layer.variables.clone();
        if self.has_traces && kind.is_some() {
            held.extend(self.tracer.variables.states_within(path));
        }
        for id in held {
            if layer.of_inner.contains(&id) {
                continue;
            }
            let own = self.tracer.variables.path(id).unwrap_or_default();
            let own = own.strip_prefix(path).unwrap_or(own);
            let own = own.trim_start_matches('/');
            let attributes = match kind {
                Some(kind) => kind.attributes(own),
                None => own.split('/').map(str::to_owned).collect(),
            };
            self.hang(layer.object, class, &attributes, id);
        }
        if class.ends_with("Dropout")
            || class.starts_with("SpatialDropout")
            || class == "GaussianNoise"
        {
            let generator = self.objects.user("_generic_user_object");
            self.objects
                .own(layer.object, "_random_generator", generator);
        }
        if self.has_traces {
            self.hang_tables(path, layer.object, &inner)?;
        }
        for each in inner {
            let name = each.attribute.clone();
            let object = self.inner(path, layer, each)?;
            self.objects.own(layer.object, &name, object);
        }
        Ok(())
    }

    /// Hangs a variable on a layer under attributes that lead to it.
    fn hang(&mut self, layer: ObjectId, class: &str, attributes: &[String], id: VariableId) {
        let variable = self.variable(id);
        let Some((last, parts)) = attributes.split_last() else {
            return;
        };
        if parts.is_empty() {
            let name = attribute(class, last);
            return self.objects.own(layer, &name, variable);
        }
        let mut owner = layer;
        for (place, part) in parts.iter().enumerate() {
            owner = match self.objects.child(owner, part) {
                Some(child) => child,
                None => {
                    let child = self.objects.user(match part.as_str() {
                        "keras_api" => "_generic_user_object",
                        "cells" | "states" => "trackable_list_wrapper",
                        _ => "_tf_keras_layer",
                    });
                    self.objects.own(owner, part, child);
                    let next = attributes.get(place.saturating_add(1));
                    if next.is_some_and(|it| it.starts_with("layer-")) {
                        self.described.push((child, Described::Held));
                    }
                    if part == "keras_api" {
                        self.described.push((owner, Described::Held));
                    }
                    child
                }
            };
        }
        self.objects.own(owner, last, variable);
        // Where a reader does not know the class, only what the layer itself has is trained.
        if self.has_traces && !parts.iter().any(|it| it == "keras_api") {
            let name = match self.objects.child(layer, last) {
                Some(_) => attributes.join("_"),
                None => last.clone(),
            };
            self.objects.own(layer, &name, variable);
        }
    }

    /// The functions of the layer at `path`, as far as there were calls that needed any.
    pub(super) fn functions(
        &mut self,
        path: &str,
        name: &str,
        arguments: CallArguments<'_>,
        activity: Option<Regularizer>,
    ) -> Result<Option<Functions>> {
        let traces = self.tracer.of_layer(path).to_vec();
        if traces.is_empty() || !self.has_traces {
            return Ok(None);
        }
        let mut maker = TraceObjects {
            tracer: &mut self.tracer,
            objects: &mut self.objects,
            interfaces: &mut self.interfaces,
            name,
            arguments,
        };
        maker.functions(&traces, activity.as_ref()).map(Some)
    }

    /// Gives a layer the children that all layers have.
    pub(super) fn attach(
        &mut self,
        layer: &LayerObject,
        layers: Vec<ObjectId>,
        functions: Option<&Functions>,
        extras: Extras,
    ) {
        if !self.has_traces {
            return;
        }
        let lists = Lists {
            shared: self.shared_lists(layer),
            penalties: layer.own_penalties().collect(),
            fixed: self.objects_of(layer.fixed()),
            layers,
            metrics: extras.metrics,
        };
        let (objects, own) = (&mut self.objects, layer.object);
        for (name, child) in lists.shared {
            objects.own(own, name, child);
        }
        let api = objects.user("_generic_user_object");
        objects.own(own, "keras_api", api);
        let Some(functions) = functions else {
            return;
        };
        lists.attach(objects, api);
        let calls = [
            ("__call__", Some(functions.call)),
            ("_default_save_signature", extras.signature),
            ("activity_regularizer_fn", functions.activity),
            (
                "call_and_return_all_conditional_losses",
                Some(functions.all_losses),
            ),
            ("call_and_return_conditional_losses", Some(functions.losses)),
        ];
        for (name, child) in calls {
            if let Some(child) = child {
                objects.own(api, name, child);
            }
        }
        objects.own(own, "__call__", functions.call);
        objects.own(
            own,
            "call_and_return_all_conditional_losses",
            functions.all_losses,
        );
        if let Some(signature) = extras.signature {
            objects.own(own, "_default_save_signature", signature);
        }
    }

    /// The lists that a layer and its `keras_api` both have.
    fn shared_lists(&mut self, layer: &LayerObject) -> [(&'static str, ObjectId); 3] {
        let variables = self.objects_of(layer.variables.iter().copied());
        let trainable = self.objects_of(layer.trainable.iter().copied());
        let objects = &mut self.objects;
        [
            ("variables", objects.list(variables)),
            ("trainable_variables", objects.list(trainable)),
            (
                "regularization_losses",
                objects.list(layer.penalties.iter().map(|(_, object)| *object)),
            ),
        ]
    }

    fn objects_of(&mut self, variables: impl IntoIterator<Item = VariableId>) -> Vec<ObjectId> {
        let variables = variables.into_iter();
        variables.map(|id| self.variable(id)).collect()
    }
}

/// What hangs on the `keras_api` of a layer, beside its functions.
struct Lists {
    shared: [(&'static str, ObjectId); 3],
    penalties: Vec<ObjectId>,
    fixed: Vec<ObjectId>,
    layers: Vec<ObjectId>,
    metrics: Vec<ObjectId>,
}

impl Lists {
    fn attach(self, objects: &mut Objects, api: ObjectId) {
        let parts = [
            ("non_trainable_variables", objects.list(self.fixed)),
            ("layers", objects.list(self.layers)),
            ("metrics", objects.list(self.metrics)),
            ("layer_regularization_losses", objects.list(self.penalties)),
            ("layer_metrics", objects.dictionary()),
        ];
        for (name, child) in parts.into_iter().chain(self.shared) {
            objects.own(api, name, child);
        }
    }
}

impl LayerObject {
    /// The variables that training leaves alone.
    fn fixed(&self) -> impl Iterator<Item = VariableId> {
        let trainable: HashSet<VariableId> = self.trainable.iter().copied().collect();
        let all = self.variables.iter().copied();
        all.filter(move |id| !trainable.contains(id))
    }

    /// The penalties that no layer inside of it has, too.
    fn own_penalties(&self) -> impl Iterator<Item = ObjectId> {
        let own = self.penalties.iter();
        let own = own.filter(|(id, _)| !self.of_inner.contains(id));
        own.map(|(_, object)| *object)
    }

    fn new(object: ObjectId) -> Self {
        LayerObject {
            object,
            variables: Vec::new(),
            trainable: Vec::new(),
            penalties: Vec::new(),
            of_inner: HashSet::new(),
        }
    }
}

/// What only the model itself has.
#[derive(Clone, Debug, Default)]
pub(super) struct Extras {
    pub(super) signature: Option<ObjectId>,
    pub(super) metrics: Vec<ObjectId>,
}

/// The attribute of a Keras 2 layer that is the variable at `path`.
fn attribute(class: &str, path: &str) -> String {
    match (class, path) {
        ("DepthwiseConv1D" | "DepthwiseConv2D", "kernel") => "depthwise_kernel".to_owned(),
        ("Normalization", "mean") => "adapt_mean".to_owned(),
        ("Normalization", "variance") => "adapt_variance".to_owned(),
        _ => path.to_owned(),
    }
}
