//! What each optimizer keeps for the variables it trains: `spec/keras_h5.md#optimizer-state`.

/// One optimizer of Keras and its slot variables.
pub(super) struct Class {
    pub(super) name: &'static str,
    /// In the order in which they are saved.
    pub(super) groups: &'static [Group],
    /// The legacy class lists its slots for each variable, not all variables for each slot.
    pub(super) legacy_by_variable: bool,
    /// A number for all variables together.
    pub(super) scalar: Option<Scalar>,
}

/// Slots that alternate: for each variable, all slots of the group.
pub(super) struct Group {
    pub(super) when: When,
    pub(super) slots: &'static [Slot],
}

/// A variable that an optimizer keeps for each variable it trains.
pub(super) struct Slot {
    /// In Keras 3, and here.
    pub(super) name: &'static str,
    /// In Keras 2.11 and later.
    pub(super) keras2: &'static str,
    /// In the legacy optimizers of Keras 2.
    pub(super) legacy: &'static str,
    pub(super) kept_for: KeptFor,
    pub(super) start: Start,
}

/// On which arguments of the optimizer it depends whether there are such slots.
#[derive(Clone, Copy)]
pub(super) enum When {
    Always,
    /// The argument is true.
    Flag(&'static str),
    /// The argument is a number other than zero.
    NonZero(&'static str),
    /// Likewise, but Keras 2.11 and later have them in any case.
    NonZeroOrKeras2(&'static str),
    /// The argument is a number; only Keras 3 knows it.
    Keras3(&'static str),
}

/// Which variables have the slot, and of which shape it is.
#[derive(Clone, Copy)]
pub(super) enum KeptFor {
    /// Every variable; of its shape.
    Every,
    /// Variables of rank 2 and more; without the last axis.
    Rows,
    /// Variables of rank 2 and more; without the last axis but one.
    Columns,
    /// Those that Muon leaves to Adam: all but matrices, and matrices it was told to exclude.
    NotOrthogonalized,
}

/// What a slot holds before the first step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Start {
    Zero,
    One,
    /// An argument of the optimizer, and its default.
    Argument(&'static str, f64),
    /// The values of the variable.
    Variable,
}

/// A number that the optimizer keeps besides.
pub(super) enum Scalar {
    /// Nadam's product of its momentum schedule: last in Keras 3, after the iteration in legacy
    /// optimizers, not saved by others.
    MomentumProduct,
}

const fn slot(name: &'static str, keras2: &'static str, legacy: &'static str) -> Slot {
    Slot {
        name,
        keras2,
        legacy,
        kept_for: KeptFor::Every,
        start: Start::Zero,
    }
}

const fn starting(mut slot: Slot, start: Start) -> Slot {
    slot.start = start;
    slot
}

const fn kept_for(mut slot: Slot, kept_for: KeptFor) -> Slot {
    slot.kept_for = kept_for;
    slot
}

const fn always(slots: &'static [Slot]) -> Group {
    let when = When::Always;
    Group { when, slots }
}

const fn when(when: When, slots: &'static [Slot]) -> Group {
    Group { when, slots }
}

const fn class(name: &'static str, groups: &'static [Group]) -> Class {
    Class {
        name,
        groups,
        legacy_by_variable: false,
        scalar: None,
    }
}

const MOMENTUM: Slot = slot("momentum", "m", "m");
const VELOCITY: Slot = slot("velocity", "v", "v");

const ADAM: &[Group] = &[
    always(&[MOMENTUM, VELOCITY]),
    when(
        When::Flag("amsgrad"),
        &[slot("velocity_hat", "vhat", "vhat")],
    ),
];

const ACCUMULATOR: Slot = starting(
    slot("accumulator", "accumulator", "accumulator"),
    Start::Argument("initial_accumulator_value", 0.1),
);

/// What every optimizer but the legacy ones has before its own slots.
pub(super) const COMMON: &[Group] = &[
    when(
        When::Flag("use_ema"),
        &[starting(slot("average", "average", ""), Start::Variable)],
    ),
    when(
        When::Keras3("gradient_accumulation_steps"),
        &[slot("gradient_accumulator", "", "")],
    ),
];

pub(super) const CLASSES: &[Class] = &[
    class(
        "Adadelta",
        &[always(&[
            slot("accumulated_grad", "accumulated_grad", "accum_grad"),
            slot(
                "accumulated_delta_var",
                "accumulated_delta_var",
                "accum_var",
            ),
        ])],
    ),
    class(
        "Adafactor",
        &[always(&[
            kept_for(slot("r", "r", ""), KeptFor::Rows),
            kept_for(slot("c", "c", ""), KeptFor::Columns),
            slot("velocity", "v", ""),
        ])],
    ),
    class("Adagrad", &[always(&[ACCUMULATOR])]),
    class("Adam", ADAM),
    class("AdamW", ADAM),
    class("Adamax", &[always(&[MOMENTUM, slot("norm", "u", "v")])]),
    Class {
        name: "Ftrl",
        groups: &[always(&[ACCUMULATOR, slot("linear", "linear", "linear")])],
        legacy_by_variable: true,
        scalar: None,
    },
    class("Lamb", &[always(&[MOMENTUM, VELOCITY])]),
    class("Lion", &[always(&[MOMENTUM])]),
    class(
        "Muon",
        &[always(&[
            MOMENTUM,
            kept_for(VELOCITY, KeptFor::NotOrthogonalized),
        ])],
    ),
    Class {
        name: "Nadam",
        groups: &[always(&[MOMENTUM, VELOCITY])],
        legacy_by_variable: false,
        scalar: Some(Scalar::MomentumProduct),
    },
    class(
        "RMSprop",
        &[
            always(&[slot("velocity", "velocity", "rms")]),
            when(
                When::NonZero("momentum"),
                &[slot("momentum", "momentum", "momentum")],
            ),
            when(
                When::Flag("centered"),
                &[slot("average_gradient", "average_gradient", "mg")],
            ),
        ],
    ),
    class(
        "SGD",
        &[when(
            When::NonZeroOrKeras2("momentum"),
            &[slot("momentum", "m", "momentum")],
        )],
    ),
    class(
        "ScheduleFreeAdamW",
        &[always(&[starting(MOMENTUM, Start::Variable), VELOCITY])],
    ),
];
