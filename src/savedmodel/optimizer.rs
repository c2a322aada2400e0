//! The optimizer as an object with variables: `spec/saved_model.md#optimizers`.

use serde_json::Value;

use super::layer_objects::LayerObjects;
use super::objects::{Kind, ObjectId, PolymorphicFunction};
use super::structured::ArgumentSpec;
use super::variables::{SavedVariable, SavedVariables, VariableId};
use crate::keras::{Object, json, scaled_optimizer};
use crate::keras_h5::Keras2Optimizer;
use crate::proto::tensorflow::VariableAggregation;
use crate::tensor::Tensor;

/// What Keras 2.11 and later put before the class of an optimizer that is not a legacy one.
const REGISTERED: &str = "Custom>";

/// An optimizer whose variables are among those that are saved.
#[derive(Debug)]
pub(super) struct SavedOptimizer {
    is_legacy: bool,
    /// All of them, the iteration first.
    variables: Vec<VariableId>,
    /// Arguments that are variables, by name.
    hyperparameters: Vec<(String, VariableId)>,
    /// What the optimizer calls a variable, that one, and the path of the model's.
    slots: Vec<(String, VariableId, String)>,
    /// What the loss is multiplied by, and for how many steps that went well.
    loss_scale: Option<[VariableId; 2]>,
}

/// Adds the variables of an optimizer to those that are saved; none for one whose config does not tell
/// what they are.
pub(super) fn add_variables<'m>(
    optimizer: Keras2Optimizer<'m>,
    saved: &mut SavedVariables<'m>,
) -> Option<SavedOptimizer> {
    let outer = optimizer.object;
    let scales_loss = outer.class_name().contains("LossScaleOptimizer");
    let object = match scales_loss {
        true => scaled_optimizer(&outer)?,
        false => outer.clone(),
    };
    let is_legacy = is_legacy(&object);
    let mut found = SavedOptimizer {
        is_legacy,
        variables: Vec::new(),
        hyperparameters: Vec::new(),
        slots: Vec::new(),
        loss_scale: scales_loss.then(|| add_loss_scale(&outer, saved)),
    };
    for variable in optimizer.variables {
        let id = add(
            saved,
            &variable.name,
            variable.tensor,
            is_legacy && variable.slot.is_none(),
        );
        match variable.slot {
            Some(slot) => found.slots.push((slot.name.to_owned(), id, slot.variable)),
            None if is_legacy && !found.variables.is_empty() => {
                let name = variable.name.rsplit('/').next().unwrap_or_default();
                found.hyperparameters.push((name.to_owned(), id));
            }
            None => {}
        }
        found.variables.push(id);
    }
    found.complete(&object, saved);
    Some(found)
}

/// The state that Keras 2's HDF5 files do not have, as it is before the first step.
fn add_loss_scale(optimizer: &Object, saved: &mut SavedVariables<'_>) -> [VariableId; 2] {
    /// Keras's default.
    const INITIAL: f64 = 32_768.0;
    let initial = optimizer.config().get("initial_scale");
    let initial = initial.and_then(json::number).unwrap_or(INITIAL);
    #[allow(clippy::cast_possible_truncation, reason = "kept in single precision")]
    let initial = Tensor::scalar(initial as f32);
    [
        add(saved, "current_loss_scale", initial, false),
        add(saved, "good_steps", Tensor::scalar(0_i64), false),
    ]
}

fn add<'m>(
    saved: &mut SavedVariables<'m>,
    name: &str,
    tensor: Tensor<'m>,
    is_hyperparameter: bool,
) -> VariableId {
    saved.add(SavedVariable {
        aggregation: match is_hyperparameter {
            true => VariableAggregation::VARIABLE_AGGREGATION_ONLY_FIRST_REPLICA,
            false => VariableAggregation::default(),
        },
        ..SavedVariable::fixed(name, tensor)
    })
}

/// Whether it is one of Keras up to 2.10, as its config tells.
fn is_legacy(optimizer: &Object) -> bool {
    let flag = optimizer
        .config()
        .get("is_legacy_optimizer")
        .and_then(Value::as_bool);
    !optimizer.class_name().starts_with(REGISTERED) && flag.unwrap_or(true)
}

/// The arguments that are variables.
fn hyperparameters(optimizer: &Object, is_legacy: bool) -> &'static [&'static str] {
    if !is_legacy {
        return &["learning_rate"];
    }
    match optimizer.class_name() {
        "SGD" => &["learning_rate", "decay", "momentum"],
        "RMSprop" => &["learning_rate", "decay", "momentum", "rho"],
        "Adadelta" => &["learning_rate", "decay", "rho"],
        "Adam" | "Adamax" | "Nadam" => &["learning_rate", "decay", "beta_1", "beta_2"],
        "Ftrl" => &[
            "learning_rate",
            "decay",
            "learning_rate_power",
            "l1_regularization_strength",
            "l2_regularization_strength",
            "beta",
        ],
        _ => &["learning_rate", "decay"],
    }
}

impl SavedOptimizer {
    /// Adds what is not part of the state: an iteration if there is no state, and arguments that are
    /// variables.
    fn complete(&mut self, object: &Object, saved: &mut SavedVariables<'_>) {
        let scope = object.name().unwrap_or_else(|| object.class_name());
        let is_legacy = self.is_legacy;
        let named = |name: &str| match is_legacy {
            true => format!("{scope}/{name}"),
            false => name.to_owned(),
        };
        if self.variables.is_empty() {
            let name = match is_legacy {
                true => named("iter"),
                false => "iteration".to_owned(),
            };
            let iteration = add(saved, &name, Tensor::scalar(0_i64), is_legacy);
            self.variables.push(iteration);
        }
        for &name in hyperparameters(object, is_legacy) {
            let value = object.config().get(name).and_then(json::number);
            if let Some(value) = value {
                #[allow(clippy::cast_possible_truncation, reason = "kept in single precision")]
                let value = Tensor::scalar(value as f32);
                let id = add(saved, &named(name), value, is_legacy);
                self.hyperparameters.push((name.to_owned(), id));
            }
        }
        self.hyperparameters.sort_by(|(a, _), (b, _)| a.cmp(b));
    }

    /// The optimizer's object.
    pub(super) fn object(&self, layers: &mut LayerObjects<'_, '_>) -> ObjectId {
        let variables: Vec<ObjectId> = self
            .variables
            .iter()
            .map(|id| layers.variable(*id))
            .collect();
        let optimizer = match self.is_legacy {
            true => self.legacy(layers, &variables),
            false => self.newer(layers, variables),
        };
        if let Some([current, steps]) = self.loss_scale {
            let scale = layers.objects.user("_generic_user_object");
            for (name, id) in [("current_loss_scale", current), ("good_steps", steps)] {
                let variable = layers.variable(id);
                layers.objects.own(scale, name, variable);
            }
            layers.objects.own(optimizer, "loss_scale", scale);
        }
        optimizer
    }

    fn newer(&self, layers: &mut LayerObjects<'_, '_>, variables: Vec<ObjectId>) -> ObjectId {
        let iteration = variables.first().copied();
        let optimizer = layers.objects.user("experimentalOptimizer");
        let list = layers.objects.list(variables);
        layers.objects.own(optimizer, "_variables", list);
        if let Some(iteration) = iteration {
            layers.objects.own(optimizer, "_iterations", iteration);
        }
        for (name, id) in &self.hyperparameters {
            let variable = layers.variable(*id);
            layers.objects.own(optimizer, &format!("_{name}"), variable);
        }
        if layers.has_traces {
            let arguments = ["gradient", "variable", "key"].map(str::to_owned).to_vec();
            let step = layers.objects.add(Kind::Function(PolymorphicFunction {
                traces: Vec::new(),
                arguments: ArgumentSpec {
                    args: arguments,
                    ..ArgumentSpec::default()
                },
                signature: None,
                is_compiled: true,
            }));
            layers.objects.own(optimizer, "_update_step_xla", step);
        }
        optimizer
    }

    /// Slots are owned by nobody: they are found by the variables they are for.
    fn legacy(&self, layers: &mut LayerObjects<'_, '_>, variables: &[ObjectId]) -> ObjectId {
        let optimizer = layers.objects.user("optimizer");
        if let Some(iteration) = variables.first() {
            layers.objects.own(optimizer, "iter", *iteration);
        }
        for (name, id) in &self.hyperparameters {
            let variable = layers.variable(*id);
            layers.objects.own(optimizer, name, variable);
        }
        for (name, id, path) in &self.slots {
            let Some(original) = layers.tracer.variables.of_layer(path) else {
                continue;
            };
            let (original, slot) = (layers.variable(original), layers.variable(*id));
            layers.objects.orphans.push(slot);
            if let Some(optimizer) = layers.objects.get_mut(optimizer) {
                optimizer.slots.push((original, name.clone(), slot));
            }
        }
        optimizer
    }
}
