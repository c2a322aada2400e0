//! The variables of an optimizer in the order of a file: `spec/keras_h5.md#optimizer-state`.

use serde_json::Value;

use super::slots::{CLASSES, COMMON, Class, Group, KeptFor, Scalar, Slot, Start, When};
use crate::keras::json;
use crate::keras::naming::{flattened, snake_case};
use crate::keras::object::{Dialect, Object};
use crate::keras::variables::Variable;
use crate::tensor::DType;

/// What Keras 2.11 and later put before the class of an optimizer that is not a legacy one.
pub(crate) const REGISTERED: &str = "Custom>";

/// Which generation of optimizers a state belongs to: each names and orders it in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generation {
    /// Keras up to 2.10, and `optimizers.legacy` after that.
    Legacy,
    /// Keras 2.11 to 2.15, and tf_keras.
    Keras2,
    Keras3,
}

impl Generation {
    /// As Keras 2.15 tells legacy optimizers from the others by their configs.
    pub(crate) fn of(optimizer: &Object) -> Generation {
        let flag = optimizer.config().get("is_legacy_optimizer");
        let is_legacy = flag.and_then(Value::as_bool).unwrap_or(true);
        let is_registered = optimizer.class_name().starts_with(REGISTERED);
        match optimizer.dialect() {
            Dialect::Keras3 => Generation::Keras3,
            _ if is_registered || !is_legacy => Generation::Keras2,
            _ => Generation::Legacy,
        }
    }

    /// That of an optimizer's state, which may be the state of one that it drives.
    pub(crate) fn of_state(optimizer: &Object) -> Generation {
        match inner(optimizer) {
            Some(inner) => Generation::of(&inner),
            None => Generation::of(optimizer),
        }
    }
}

/// A variable of an optimizer: what it is, and how it begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) role: Role,
    /// Its path in a model, whichever generation wrote it: `adam/momentum/dense/kernel`.
    pub(crate) path: String,
    pub(crate) dtype: DType,
    pub(crate) shape: Vec<u64>,
    pub(super) start: Start,
    /// What its generation calls the slot.
    word: &'static str,
    /// What stands in front of its name.
    scope: String,
}

/// What a variable of an optimizer is for, whichever generation it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    Iteration,
    LearningRate,
    StepCounter,
    DynamicScale,
    MomentumProduct,
    /// A slot, by its name in Keras 3, of the trained variable at this place.
    Slot(&'static str, usize),
}

/// All variables of an optimizer in order; none if the class is not built into Keras.
pub(crate) fn layout(optimizer: &Object, trained: &[&Variable<'_>]) -> Option<Vec<Entry>> {
    let generation = Generation::of(optimizer);
    let class = optimizer.class_name();
    let class = class.strip_prefix(REGISTERED).unwrap_or(class);
    if class.starts_with("LossScaleOptimizer") {
        return scaled(optimizer, class, generation, trained);
    }
    let class = CLASSES.iter().find(|known| known.name == class)?;
    Some(plain(optimizer, class, generation, trained))
}

/// What a variable of an optimizer is for a variable of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OptimizerSlot {
    /// What its generation of optimizers calls it: `m`, `momentum`.
    pub(crate) name: &'static str,
    /// The path of the model's variable.
    pub(crate) variable: String,
}

/// The variables of an optimizer in order: what its generation calls a slot and the place of the variable
/// it is for, none for those that are no slots. Nothing if the class is not built into Keras.
pub(crate) fn optimizer_layout(
    optimizer: &Object,
    trained: &[&Variable<'_>],
) -> Option<Vec<Option<(&'static str, usize)>>> {
    let entries = layout(optimizer, trained)?.into_iter();
    let slots = entries.map(|entry| match entry.role {
        Role::Slot(_, place) => Some((entry.word, place)),
        _ => None,
    });
    Some(slots.collect())
}

/// What each of the variables of an optimizer is for, in order; nothing unless they have the `shapes`
/// that they should have.
pub(crate) fn optimizer_slots(
    optimizer: &Object,
    trained: &[&Variable<'_>],
    shapes: &[&[u64]],
) -> Option<Vec<Option<OptimizerSlot>>> {
    let entries = layout(optimizer, trained)?;
    if !entries
        .iter()
        .map(|it| it.shape.as_slice())
        .eq(shapes.iter().copied())
    {
        return None;
    }
    let slots = entries.into_iter().map(|entry| match entry.role {
        Role::Slot(_, place) => Some(OptimizerSlot {
            name: entry.word,
            variable: trained.get(place)?.path.clone(),
        }),
        _ => None,
    });
    Some(slots.collect())
}

/// The optimizer that a `LossScaleOptimizer` drives.
pub(crate) fn inner(optimizer: &Object) -> Option<Object> {
    let inner = optimizer.config().get("inner_optimizer")?.clone();
    Object::from_json(inner, optimizer.dialect()).ok()
}

/// A `LossScaleOptimizer`: Keras 3 has variables of its own before those of the inner one, Keras 2
/// saves the inner ones only.
fn scaled(
    optimizer: &Object,
    class: &str,
    generation: Generation,
    trained: &[&Variable<'_>],
) -> Option<Vec<Entry>> {
    let inner = inner(optimizer)?;
    // `Custom>` and the flag are missing inside.
    let inner_class = CLASSES
        .iter()
        .find(|known| known.name == inner.class_name());
    let inner_generation = match generation {
        Generation::Keras3 => Generation::Keras3,
        _ => Generation::of(&inner),
    };
    let inner = plain(&inner, inner_class?, inner_generation, trained);
    if generation != Generation::Keras3 {
        return Some(inner);
    }
    let scope = optimizer.name().map_or(snake_case(class), str::to_owned);
    let own = |role, word: &'static str, dtype, start| Entry {
        role,
        path: format!("loss_scale_optimizer/{word}"),
        dtype,
        shape: Vec::new(),
        start,
        word,
        scope: scope.clone(),
    };
    let scale = Start::Argument("initial_scale", 32_768.0);
    let mut entries = vec![
        own(Role::Iteration, "iteration", DType::Int64, Start::Zero),
        own(
            Role::LearningRate,
            "learning_rate",
            DType::Float32,
            Start::Zero,
        ),
        own(Role::StepCounter, "step_counter", DType::Int64, Start::Zero),
        own(Role::DynamicScale, "dynamic_scale", DType::Float32, scale),
    ];
    entries.extend(inner.into_iter().map(|mut entry| {
        if matches!(entry.role, Role::Slot(..)) {
            entry.scope = format!("{scope}/{}", entry.scope);
        }
        entry
    }));
    Some(entries)
}

fn plain(
    optimizer: &Object,
    class: &Class,
    generation: Generation,
    trained: &[&Variable<'_>],
) -> Vec<Entry> {
    let mut entries = Entries {
        optimizer,
        generation,
        trained,
        prefix: snake_case(class.name),
        scope: scope(optimizer, class, generation),
        list: Vec::new(),
    };
    let iteration = match generation {
        Generation::Legacy => "iter",
        _ => "iteration",
    };
    entries.scalar(Role::Iteration, iteration, DType::Int64, Start::Zero);
    let rate = optimizer.config().get("learning_rate");
    if generation == Generation::Keras3 && !rate.is_some_and(Value::is_object) {
        let start = Start::Argument("learning_rate", default_rate(class.name));
        let dtype = DType::Float32;
        entries.scalar(Role::LearningRate, "learning_rate", dtype, start);
    }
    let product = (Role::MomentumProduct, DType::Float32, Start::One);
    let keeps_product = matches!(class.scalar, Some(Scalar::MomentumProduct));
    if keeps_product && generation == Generation::Legacy {
        entries.scalar(product.0, "momentum_cache", product.1, product.2);
    }
    if generation != Generation::Legacy {
        entries.groups(COMMON);
    }
    if generation == Generation::Legacy && !class.legacy_by_variable {
        entries.slot_by_slot(class.groups);
    } else {
        entries.groups(class.groups);
    }
    if keeps_product && generation == Generation::Keras3 {
        entries.scalar(product.0, "variable", product.1, product.2);
    }
    entries.list
}

/// What the optimizer's name puts in front of those of its variables.
fn scope(optimizer: &Object, class: &Class, generation: Generation) -> String {
    let name = optimizer.name().map(str::to_owned);
    name.unwrap_or_else(|| match generation {
        Generation::Keras3 => snake_case(class.name),
        _ => class.name.to_owned(),
    })
}

/// The learning rate of an optimizer whose config has none, as in Keras 3.
fn default_rate(class: &str) -> f64 {
    match class {
        "SGD" => 0.01,
        "ScheduleFreeAdamW" => 0.0025,
        _ => 0.001,
    }
}

/// Entries as they are listed.
struct Entries<'o> {
    optimizer: &'o Object,
    generation: Generation,
    trained: &'o [&'o Variable<'o>],
    prefix: String,
    scope: String,
    list: Vec<Entry>,
}

impl Entries<'_> {
    fn scalar(&mut self, role: Role, word: &'static str, dtype: DType, start: Start) {
        let neutral = match role {
            Role::Iteration => "iteration",
            Role::MomentumProduct => "momentum_product",
            _ => word,
        };
        self.list.push(Entry {
            role,
            path: format!("{}/{neutral}", self.prefix),
            dtype,
            shape: Vec::new(),
            start,
            word,
            scope: self.scope.clone(),
        });
    }

    fn groups(&mut self, groups: &[Group]) {
        for group in groups {
            if !self.has(group.when) {
                continue;
            }
            for place in 0..self.trained.len() {
                group.slots.iter().for_each(|slot| self.slot(slot, place));
            }
        }
    }

    fn slot_by_slot(&mut self, groups: &[Group]) {
        for group in groups {
            if !self.has(group.when) {
                continue;
            }
            for slot in group.slots {
                (0..self.trained.len()).for_each(|place| self.slot(slot, place));
            }
        }
    }

    fn has(&self, when: When) -> bool {
        let config = self.optimizer.config();
        let number = |key| config.get(key).and_then(json::number).unwrap_or(0.0);
        match when {
            When::Always => true,
            When::Flag(key) => config.get(key).and_then(Value::as_bool).unwrap_or(false),
            When::NonZero(key) => number(key) != 0.0,
            When::NonZeroOrKeras2(key) => {
                self.generation == Generation::Keras2 || number(key) != 0.0
            }
            When::Keras3(key) => self.generation == Generation::Keras3 && number(key) != 0.0,
        }
    }

    fn slot(&mut self, slot: &Slot, place: usize) {
        let Some(variable) = self.trained.get(place) else {
            return;
        };
        let mut shape = variable.tensor.shape().to_vec();
        let rank = shape.len();
        match slot.kept_for {
            KeptFor::Every => {}
            KeptFor::Rows | KeptFor::Columns if rank < 2 => {
                // Keras 3 has a number in their place.
                if self.generation != Generation::Keras3 {
                    return;
                }
                shape.clear();
            }
            KeptFor::Rows => shape.truncate(rank.saturating_sub(1)),
            KeptFor::Columns => drop(shape.remove(rank.saturating_sub(2))),
            KeptFor::NotOrthogonalized if self.orthogonalized(variable) => return,
            KeptFor::NotOrthogonalized => {}
        }
        let word = match self.generation {
            Generation::Legacy => slot.legacy,
            Generation::Keras2 => slot.keras2,
            Generation::Keras3 => slot.name,
        };
        self.list.push(Entry {
            role: Role::Slot(slot.name, place),
            path: format!("{}/{}/{}", self.prefix, slot.name, variable.path),
            dtype: variable.tensor.dtype(),
            shape,
            start: slot.start,
            word,
            scope: self.scope.clone(),
        });
    }

    /// Whether Muon treats a variable as a matrix. Excluded layers are regular expressions in
    /// Keras; plain words are what this knows of them.
    fn orthogonalized(&self, variable: &Variable<'_>) -> bool {
        let config = self.optimizer.config();
        let embeddings = config.get("exclude_embeddings").and_then(Value::as_bool);
        let excluded = config.get("exclude_layers").and_then(Value::as_array);
        let mut words = excluded.into_iter().flatten().filter_map(Value::as_str);
        variable.tensor.shape().len() == 2
            && !(embeddings.unwrap_or(true) && variable.path.to_lowercase().contains("embedding"))
            && !words.any(|word| variable.path.contains(word))
    }
}

impl Entry {
    /// Its name in a file, given those of the trained variables there.
    pub(crate) fn stored_name(&self, generation: Generation, trained: &[String]) -> String {
        let (scope, word) = (&self.scope, self.word);
        let Role::Slot(name, place) = self.role else {
            return match generation {
                Generation::Keras2 => format!("{word}:0"),
                Generation::Legacy => format!("{scope}/{word}:0"),
                Generation::Keras3 => format!("{scope}/{word}"),
            };
        };
        let variable = trained.get(place).map_or("", String::as_str);
        match generation {
            Generation::Keras2 => format!("{scope}/{word}/{variable}"),
            Generation::Legacy => {
                let variable = variable.strip_suffix(":0").unwrap_or(variable);
                format!("{scope}/{variable}/{word}:0")
            }
            // Adafactor names both factors after the variable alone.
            Generation::Keras3 if matches!(name, "r" | "c") => {
                let own = variable.rsplit('/').next().unwrap_or(variable);
                format!("{scope}/{own}")
            }
            Generation::Keras3 => format!("{scope}/{}_{word}", flattened(variable)),
        }
    }
}
