//! Initializers, regularizers, constraints, optimizers, schedules, losses and metrics, and their
//! keys: `spec/keras_config.md#tables`.

use super::Dialect::{Keras2, Keras3};
use super::class::Plain::{Float, Int, Null};
use super::class::{Base, Class, Own, both, idle, one, only};
use super::special;

pub(super) const INITIALIZER_BASE: Base = Base {
    keys: "",
    // TensorFlow 1.x gave the initializer the dtype.
    keras2: &[idle("dtype"), idle("partition_info"), idle("verify_shape")],
    keras3: &[],
};

pub(super) const PLAIN_BASE: Base = Base {
    keys: "",
    keras2: &[idle("name")],
    keras3: &[],
};

const FAN_3: &[Own] = &[only("input_axes", Null), only("output_axes", Null)];

pub(super) const INITIALIZERS: &[Class] = &[
    both("Constant", "value"),
    both("GlorotNormal", "seed")
        .keras3(FAN_3)
        .special(special::seed),
    both("GlorotUniform", "seed")
        .keras3(FAN_3)
        .special(special::seed),
    both("HeNormal", "seed")
        .keras3(FAN_3)
        .special(special::seed),
    both("HeUniform", "seed")
        .keras3(FAN_3)
        .special(special::seed),
    both("Identity", "gain"),
    both("LecunNormal", "seed")
        .keras3(FAN_3)
        .special(special::seed),
    both("LecunUniform", "seed")
        .keras3(FAN_3)
        .special(special::seed),
    both("Ones", ""),
    both("Orthogonal", "gain seed").special(special::seed),
    both("RandomNormal", "mean stddev seed").special(special::seed),
    both("RandomUniform", "minval maxval seed").special(special::seed),
    both("TruncatedNormal", "mean stddev seed").special(special::seed),
    both("VarianceScaling", "scale mode distribution seed")
        .keras3(FAN_3)
        .special(special::variance_scaling),
    both("Zeros", ""),
];

pub(super) const REGULARIZERS: &[Class] = &[
    both("L1", "l1"),
    both("L1L2", "l1 l2"),
    both("L2", "l2"),
    both("OrthogonalRegularizer", "factor mode"),
];

pub(super) const CONSTRAINTS: &[Class] = &[
    both("MaxNorm", "max_value axis"),
    both("MinMaxNorm", "min_value max_value rate axis"),
    both("NonNeg", ""),
    both("UnitNorm", "axis"),
    one(Keras2, "RadialConstraint"),
];

pub(super) const OPTIMIZER_BASE: Base = Base {
    keys: "name learning_rate weight_decay clipnorm global_clipnorm clipvalue \
        use_ema ema_momentum ema_overwrite_frequency",
    keras2: &[idle("jit_compile"), idle("is_legacy_optimizer")],
    keras3: &[
        only("loss_scale_factor", Null),
        only("gradient_accumulation_steps", Null),
    ],
};

pub(super) const OPTIMIZERS: &[Class] = &[
    both("Adadelta", "rho epsilon"),
    both(
        "Adafactor",
        "beta_2_decay epsilon_1 epsilon_2 clip_threshold relative_step",
    ),
    both("Adagrad", "initial_accumulator_value epsilon"),
    both("Adam", "beta_1 beta_2 epsilon amsgrad"),
    both("AdamW", "beta_1 beta_2 epsilon amsgrad"),
    both("Adamax", "beta_1 beta_2 epsilon"),
    both(
        "Ftrl",
        "learning_rate_power initial_accumulator_value l1_regularization_strength \
         l2_regularization_strength l2_shrinkage_regularization_strength beta",
    ),
    both("Lion", "beta_1 beta_2").absent(&[("learning_rate", Float(1e-4), Float(1e-3))]),
    both("Nadam", "beta_1 beta_2 epsilon").keras2(&[idle("schedule_decay")]),
    both("RMSprop", "rho momentum epsilon centered").absent(&[(
        "ema_overwrite_frequency",
        Int(100),
        Null,
    )]),
    both("SGD", "momentum nesterov"),
    one(Keras3, "Lamb"),
    one(Keras3, "Muon"),
    one(Keras3, "ScheduleFreeAdamW"),
    one(Keras3, "LossScaleOptimizer"),
];

pub(super) const SCHEDULE_BASE: Base = Base {
    keys: "name",
    keras2: &[],
    keras3: &[],
};

pub(super) const SCHEDULES: &[Class] = &[
    both(
        "CosineDecay",
        "initial_learning_rate decay_steps alpha warmup_target warmup_steps",
    )
    .special(special::schedule),
    both(
        "CosineDecayRestarts",
        "initial_learning_rate first_decay_steps t_mul m_mul alpha",
    )
    .special(special::schedule),
    both(
        "ExponentialDecay",
        "initial_learning_rate decay_steps decay_rate staircase",
    )
    .special(special::schedule),
    both(
        "InverseTimeDecay",
        "initial_learning_rate decay_steps decay_rate staircase",
    )
    .special(special::schedule),
    both("PiecewiseConstantDecay", "boundaries values").special(special::schedule),
    both(
        "PolynomialDecay",
        "initial_learning_rate decay_steps end_learning_rate power cycle",
    )
    .special(special::schedule),
];

pub(super) const LOSS_BASE: Base = Base {
    keys: "name reduction",
    keras2: &[idle("fn")],
    keras3: &[only("dtype", Null)],
};

pub(super) const LOSSES: &[Class] = &[
    both("BinaryCrossentropy", "from_logits label_smoothing axis").special(special::reduction),
    both(
        "BinaryFocalCrossentropy",
        "apply_class_balancing alpha gamma from_logits label_smoothing axis",
    )
    .special(special::reduction),
    both(
        "CategoricalCrossentropy",
        "from_logits label_smoothing axis",
    )
    .special(special::reduction),
    both(
        "CategoricalFocalCrossentropy",
        "alpha gamma from_logits label_smoothing axis",
    )
    .special(special::reduction),
    both("CategoricalHinge", "").special(special::reduction),
    both("CosineSimilarity", "axis").special(special::reduction),
    both("Hinge", "").special(special::reduction),
    both("Huber", "delta").special(special::reduction),
    both("KLDivergence", "").special(special::reduction),
    both("LogCosh", "").special(special::reduction),
    both("MeanAbsoluteError", "").special(special::reduction),
    both("MeanAbsolutePercentageError", "").special(special::reduction),
    both("MeanSquaredError", "").special(special::reduction),
    both("MeanSquaredLogarithmicError", "").special(special::reduction),
    both("Poisson", "").special(special::reduction),
    both("SparseCategoricalCrossentropy", "from_logits ignore_class").special(special::reduction),
    both("SquaredHinge", "").special(special::reduction),
    one(Keras3, "CTC"),
    one(Keras3, "CategoricalGeneralizedCrossEntropy"),
    one(Keras3, "Circle"),
    one(Keras3, "Dice"),
    one(Keras3, "Tversky"),
];

pub(super) const METRIC_BASE: Base = Base {
    keys: "name dtype",
    keras2: &[],
    keras3: &[],
};

pub(super) const METRICS: &[Class] = &[
    both(
        "AUC",
        "num_thresholds curve summation_method multi_label num_labels label_weights from_logits",
    ),
    both("Accuracy", ""),
    both("BinaryAccuracy", "threshold"),
    both("BinaryCrossentropy", "from_logits label_smoothing"),
    both("BinaryIoU", "target_class_ids threshold"),
    both("CategoricalAccuracy", ""),
    both(
        "CategoricalCrossentropy",
        "from_logits label_smoothing axis",
    ),
    both("CategoricalHinge", ""),
    both("CosineSimilarity", "axis"),
    both("F1Score", "average threshold"),
    both("FBetaScore", "average beta threshold"),
    both("FalseNegatives", "thresholds"),
    both("FalsePositives", "thresholds"),
    both("Hinge", ""),
    both(
        "IoU",
        "num_classes target_class_ids ignore_class sparse_y_true sparse_y_pred axis",
    ),
    both("KLDivergence", ""),
    both("LogCoshError", ""),
    both("Mean", ""),
    both("MeanAbsoluteError", ""),
    both("MeanAbsolutePercentageError", ""),
    both(
        "MeanIoU",
        "num_classes ignore_class sparse_y_true sparse_y_pred axis",
    ),
    both("MeanMetricWrapper", "fn"),
    both("MeanSquaredError", ""),
    both("MeanSquaredLogarithmicError", ""),
    both(
        "OneHotIoU",
        "num_classes target_class_ids ignore_class sparse_y_pred axis",
    ),
    both(
        "OneHotMeanIoU",
        "num_classes ignore_class sparse_y_pred axis",
    ),
    both("Poisson", ""),
    both("Precision", "thresholds top_k class_id"),
    both("PrecisionAtRecall", "class_id num_thresholds recall"),
    both("R2Score", "class_aggregation num_regressors"),
    both("Recall", "thresholds top_k class_id"),
    both("RecallAtPrecision", "class_id num_thresholds precision"),
    both("RootMeanSquaredError", ""),
    both(
        "SensitivityAtSpecificity",
        "class_id num_thresholds specificity",
    ),
    both("SparseCategoricalAccuracy", ""),
    both(
        "SparseCategoricalCrossentropy",
        "from_logits ignore_class axis",
    ),
    both("SparseTopKCategoricalAccuracy", "k"),
    both(
        "SpecificityAtSensitivity",
        "class_id num_thresholds sensitivity",
    ),
    both("SquaredHinge", ""),
    both("Sum", ""),
    both("TopKCategoricalAccuracy", "k"),
    both("TrueNegatives", "thresholds"),
    both("TruePositives", "thresholds"),
    one(Keras2, "MeanTensor"),
    one(Keras2, "MeanRelativeError"),
    one(Keras3, "ConcordanceCorrelation"),
    one(Keras3, "PearsonCorrelation"),
];
