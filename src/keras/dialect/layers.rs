//! The layer classes and their keys: `spec/keras_config.md#tables`.

use super::Dialect::{Keras2, Keras3};
use super::class::Plain::{False, Int, Null, Text, True};
use super::class::{Base, Class, Own, both, idle, one, only, unless};
use super::special;

/// Keys of every layer.
pub(super) const BASE: Base = Base {
    keys: "name trainable dtype activity_regularizer",
    // An input shape moves to an InputLayer before the keys are looked at.
    keras2: &[
        idle("autocast"),
        idle("batch_input_shape"),
        idle("batch_size"),
        idle("dynamic"),
        idle("input_dim"),
        idle("input_dtype"),
        idle("input_length"),
        idle("input_shape"),
        idle("weights"),
    ],
    keras3: &[idle("autocast")],
};

const CONVOLUTION: &str = "filters kernel_size strides padding data_format dilation_rate groups activation use_bias \
    kernel_initializer bias_initializer kernel_regularizer bias_regularizer kernel_constraint bias_constraint";
const TRANSPOSED: &str = "filters kernel_size strides padding data_format dilation_rate activation use_bias \
    kernel_initializer bias_initializer kernel_regularizer bias_regularizer kernel_constraint bias_constraint \
    output_padding";
const DEPTHWISE: &str = "kernel_size strides padding data_format dilation_rate activation use_bias \
    bias_initializer bias_regularizer bias_constraint depth_multiplier \
    depthwise_initializer depthwise_regularizer depthwise_constraint";
const SEPARABLE: &str = "filters kernel_size strides padding data_format dilation_rate activation use_bias \
    bias_initializer bias_regularizer bias_constraint depth_multiplier \
    depthwise_initializer depthwise_regularizer depthwise_constraint \
    pointwise_initializer pointwise_regularizer pointwise_constraint";
const POOLING: &str = "pool_size strides padding data_format";
const GLOBAL_POOLING: &str = "data_format keepdims";
const AFFINE: &str = "axis epsilon center scale beta_initializer gamma_initializer \
    beta_regularizer gamma_regularizer beta_constraint gamma_constraint";

const BATCH: &str = "axis momentum epsilon center scale beta_initializer gamma_initializer \
    moving_mean_initializer moving_variance_initializer \
    beta_regularizer gamma_regularizer beta_constraint gamma_constraint";

/// Keys of the recurrent cells, and `$own` of this one.
macro_rules! cell {
    ($own:literal) => {
        concat!(
            "units activation use_bias kernel_initializer recurrent_initializer bias_initializer \
             kernel_regularizer recurrent_regularizer bias_regularizer \
             kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout",
            $own
        )
    };
}

/// Keys of every layer over a sequence, and `$own` of this one.
macro_rules! recurrent {
    ($own:expr) => {
        concat!(
            "return_sequences return_state go_backwards stateful unroll ",
            $own
        )
    };
}

const CONV_LSTM: &str = recurrent!(
    "filters kernel_size strides padding data_format dilation_rate activation use_bias \
     kernel_initializer recurrent_initializer bias_initializer unit_forget_bias \
     kernel_regularizer recurrent_regularizer bias_regularizer \
     kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout recurrent_activation"
);
const RECURRENT_2: &[Own] = &[only("time_major", False), idle("implementation")];
const RECURRENT_3: &[Own] = &[unless("zero_output_for_mask", False), idle("seed")];
const CELL_2: &[Own] = &[idle("implementation")];

const GROUPS_2: &[Own] = &[only("groups", Int(1))];
const SEPARABLE_2: &[Own] = &[
    only("groups", Int(1)),
    // Left over from the base class; the depthwise and pointwise ones are used.
    idle("kernel_initializer"),
    idle("kernel_regularizer"),
    idle("kernel_constraint"),
];
/// Keys of every layer of Keras 2 that a few layers of Keras 3 refuse.
const BASE_2: &[Own] = &[idle("trainable"), only("activity_regularizer", Null)];
const SPATIAL_DROPOUT_2: &[Own] = &[
    idle("trainable"),
    only("activity_regularizer", Null),
    idle("noise_shape"),
];
const QUANTIZED_3: &[Own] = &[only("quantization_config", Null)];
const IMAGE_3: &[Own] = &[
    only("data_format", Text("channels_last")),
    idle("value_range"),
];
const LOOKUP_3: &[Own] = &[only("oov_method", Text("floormod")), only("salt", Null)];
const RESIZING_3: &[Own] = &[
    only("data_format", Text("channels_last")),
    only("pad_to_aspect_ratio", False),
    idle("fill_mode"),
    idle("fill_value"),
    only("antialias", False),
];

/// All layer classes but the models.
pub(super) const CLASSES: &[Class] = &[
    // Core.
    both("InputLayer", "sparse ragged")
        .renamed(&[("batch_input_shape", "batch_shape")])
        .keras3(&[only("optional", False)]),

    both(
        "Dense",
        "units activation use_bias kernel_initializer bias_initializer \
         kernel_regularizer bias_regularizer kernel_constraint bias_constraint",
    )
    .keras3(QUANTIZED_3),
    both(
        "EinsumDense",
        "equation output_shape activation bias_axes kernel_initializer bias_initializer \
         kernel_regularizer bias_regularizer kernel_constraint bias_constraint",
    )
    .keras3(QUANTIZED_3),
    both(
        "Embedding",
        "input_dim output_dim embeddings_initializer embeddings_regularizer embeddings_constraint mask_zero",
    )
    .keras3(QUANTIZED_3),
    both("Identity", ""),
    both("Masking", "mask_value"),
    // Activations.
    both("Activation", "activation"),
    both("ELU", "alpha"),
    both("LeakyReLU", "").renamed(&[("alpha", "negative_slope")]),
    both("PReLU", "alpha_initializer alpha_regularizer alpha_constraint shared_axes"),
    both("ReLU", "max_value negative_slope threshold"),
    both("Softmax", "axis"),
    one(Keras2, "ThresholdedReLU").keys("theta"),
    // Convolutions.
    both("Conv1D", CONVOLUTION),
    both("Conv2D", CONVOLUTION),
    both("Conv3D", CONVOLUTION),
    both("Conv1DTranspose", TRANSPOSED).keras2(GROUPS_2),
    both("Conv2DTranspose", TRANSPOSED).keras2(GROUPS_2),
    both("Conv3DTranspose", TRANSPOSED).keras2(GROUPS_2),
    both("DepthwiseConv1D", DEPTHWISE).keras2(GROUPS_2),
    both("DepthwiseConv2D", DEPTHWISE).keras2(GROUPS_2),
    both("SeparableConv1D", SEPARABLE).keras2(SEPARABLE_2),
    both("SeparableConv2D", SEPARABLE).keras2(SEPARABLE_2),
    one(Keras2, "LocallyConnected1D"),
    one(Keras2, "LocallyConnected2D"),
    // Pooling.
    both("AveragePooling1D", POOLING),
    both("AveragePooling2D", POOLING),
    both("AveragePooling3D", POOLING),
    both("MaxPooling1D", POOLING),
    both("MaxPooling2D", POOLING),
    both("MaxPooling3D", POOLING),
    both("GlobalAveragePooling1D", GLOBAL_POOLING),
    both("GlobalAveragePooling2D", GLOBAL_POOLING),
    both("GlobalAveragePooling3D", GLOBAL_POOLING),
    both("GlobalMaxPooling1D", GLOBAL_POOLING),
    both("GlobalMaxPooling2D", GLOBAL_POOLING),
    both("GlobalMaxPooling3D", GLOBAL_POOLING),
    one(Keras3, "AdaptiveAveragePooling1D"),
    one(Keras3, "AdaptiveAveragePooling2D"),
    one(Keras3, "AdaptiveAveragePooling3D"),
    one(Keras3, "AdaptiveMaxPooling1D"),
    one(Keras3, "AdaptiveMaxPooling2D"),
    one(Keras3, "AdaptiveMaxPooling3D"),
    // Reshaping.
    both("Cropping1D", "cropping"),
    both("Cropping2D", "cropping data_format"),
    both("Cropping3D", "cropping data_format"),
    both("Flatten", "data_format"),
    both("Permute", "dims"),
    both("RepeatVector", "n"),
    both("Reshape", "target_shape"),
    both("UpSampling1D", "size"),
    both("UpSampling2D", "size data_format interpolation"),
    both("UpSampling3D", "size data_format"),
    both("ZeroPadding1D", "padding").keras3(&[only("data_format", Text("channels_last"))]),
    both("ZeroPadding2D", "padding data_format"),
    both("ZeroPadding3D", "padding data_format"),
    // Merging.
    both("Add", ""),
    both("Average", ""),
    both("Concatenate", "axis"),
    both("Dot", "axes normalize"),
    both("Maximum", ""),
    both("Minimum", ""),
    both("Multiply", ""),
    both("Subtract", ""),
    // Normalization.
    both("BatchNormalization", BATCH)
    .keras2(&[only("renorm", False), idle("fused"), idle("virtual_batch_size"), idle("adjustment")])
    .keras3(&[
        idle("synchronized"),
        only("renorm", False),
        idle("renorm_clipping"),
        idle("renorm_momentum"),
    ])
    .special(special::batch_normalization),
    both(
        "GroupNormalization",
        "groups axis epsilon center scale beta_initializer gamma_initializer \
         beta_regularizer gamma_regularizer beta_constraint gamma_constraint",
    ),
    both("LayerNormalization", AFFINE).keras3(&[only("rms_scaling", False)]),
    both("Normalization", "axis invert mean variance"),
    one(Keras3, "RMSNormalization"),
    both("SpectralNormalization", "layer power_iterations"),
    one(Keras2, "SyncBatchNormalization").keys(BATCH),
    both("UnitNormalization", "axis"),
    // Regularization.
    both("ActivityRegularization", "l1 l2"),
    both("AlphaDropout", "rate seed").keras3(&[only("noise_shape", Null)]),
    both("Dropout", "rate noise_shape seed"),
    both("GaussianDropout", "rate seed"),
    both("GaussianNoise", "stddev seed"),
    both("SpatialDropout1D", "rate seed").keras2(SPATIAL_DROPOUT_2),
    both("SpatialDropout2D", "rate seed data_format").keras2(SPATIAL_DROPOUT_2),
    both("SpatialDropout3D", "rate seed data_format").keras2(SPATIAL_DROPOUT_2),
    // Attention.
    both("AdditiveAttention", "dropout use_scale")
        .keras2(&[only("causal", False)])
        .keras3(&[idle("seed")]),
    both("Attention", "dropout use_scale score_mode")
        .keras2(&[only("causal", False)])
        .keras3(&[idle("seed")]),
    both(
        "MultiHeadAttention",
        "num_heads key_dim value_dim dropout use_bias output_shape attention_axes kernel_initializer \
         bias_initializer kernel_regularizer bias_regularizer kernel_constraint bias_constraint",
    )
    .keras2(&[
        idle("query_shape"),
        idle("key_shape"),
        idle("value_shape"),
        // Written by tf_keras, refused by Keras 2.15.
        idle("softmax_robust_masking"),
    ])
    .keras3(&[
        only("use_gate", False),
        only("sliding_window", Null),
        idle("seed"),
        idle("flash_attention"),
    ])
    .special(special::multi_head_attention),
    one(Keras3, "GroupQueryAttention"),
    one(Keras3, "GroupedQueryAttention"),
    // Recurrent.
    both("SimpleRNN", recurrent!(cell!(""))).keras2(RECURRENT_2).keras3(RECURRENT_3),
    both("LSTM", recurrent!(cell!(" recurrent_activation unit_forget_bias"))).keras2(RECURRENT_2).keras3(RECURRENT_3),
    both("GRU", recurrent!(cell!(" recurrent_activation reset_after")))
        .keras2(RECURRENT_2)
        .keras3(RECURRENT_3)
        // Files older than the key are of layers that reset before.
        .absent(&[("reset_after", False, True)]),
    both("ConvLSTM1D", CONV_LSTM)
        .keras2(RECURRENT_2)
        .keras3(RECURRENT_3)
        .absent(&[("recurrent_activation", Text("hard_sigmoid"), Text("sigmoid"))]),
    both("ConvLSTM2D", CONV_LSTM)
        .keras2(RECURRENT_2)
        .keras3(RECURRENT_3)
        .absent(&[("recurrent_activation", Text("hard_sigmoid"), Text("sigmoid"))]),
    both("ConvLSTM3D", CONV_LSTM)
        .keras2(RECURRENT_2)
        .keras3(RECURRENT_3)
        .absent(&[("recurrent_activation", Text("hard_sigmoid"), Text("sigmoid"))]),
    both("RNN", recurrent!("cell"))
        .keras2(RECURRENT_2)
        .keras3(&[unless("zero_output_for_mask", False)]),
    both("SimpleRNNCell", cell!("")).keras2(CELL_2).keras3(&[idle("seed")]),
    both("LSTMCell", cell!(" recurrent_activation unit_forget_bias")).keras2(CELL_2).keras3(&[idle("seed")]),
    both("GRUCell", cell!(" recurrent_activation reset_after"))
        .keras2(CELL_2)
        .keras3(&[idle("seed")])
        .absent(&[("reset_after", False, True)]),
    both("StackedRNNCells", "cells").keras2(&[only("reverse_state_order", False)]),
    // Wrappers.
    both("Bidirectional", "layer merge_mode backward_layer").special(special::bidirectional),
    both("TimeDistributed", "layer"),
    // Preprocessing.
    both("CategoryEncoding", "num_tokens output_mode sparse"),
    both("Discretization", "bin_boundaries num_bins epsilon output_mode sparse").keras2(BASE_2),
    both("HashedCrossing", "num_bins output_mode sparse").keras2(BASE_2),
    both("Hashing", "num_bins salt mask_value output_mode sparse"),
    both(
        "IntegerLookup",
        "invert max_tokens num_oov_indices oov_token mask_token output_mode sparse pad_to_max_tokens \
         vocabulary_dtype idf_weights vocabulary vocabulary_size",
    )
    .keras3(LOOKUP_3)
    .special(special::lookup),
    both(
        "StringLookup",
        "invert max_tokens num_oov_indices oov_token mask_token output_mode sparse pad_to_max_tokens \
         idf_weights vocabulary vocabulary_size encoding",
    )
    .keras3(LOOKUP_3)
    .special(special::lookup),
    both(
        "TextVectorization",
        "max_tokens standardize split ngrams output_mode output_sequence_length pad_to_max_tokens sparse \
         ragged vocabulary idf_weights encoding vocabulary_size",
    )
    .special(special::text_vectorization),
    both("CenterCrop", "height width").keras3(IMAGE_3),
    both("Rescaling", "scale offset"),
    both("Resizing", "height width interpolation crop_to_aspect_ratio").keras3(RESIZING_3),
    both("RandomBrightness", "factor value_range seed")
        .keras2(&[idle("rng_type")])
        .keras3(&[only("data_format", Text("channels_last"))]),
    both("RandomContrast", "factor seed").keras2(&[idle("rng_type")]).keras3(IMAGE_3),
    both("RandomCrop", "height width seed").keras2(&[idle("rng_type")]).keras3(IMAGE_3),
    both("RandomFlip", "mode seed").keras2(&[idle("rng_type")]).keras3(IMAGE_3),
    both("RandomRotation", "factor fill_mode fill_value interpolation seed")
        .keras2(&[idle("rng_type")])
        .keras3(IMAGE_3),
    both("RandomTranslation", "height_factor width_factor fill_mode fill_value interpolation seed")
        .keras2(&[idle("rng_type")])
        .keras3(IMAGE_3),
    both("RandomZoom", "height_factor width_factor fill_mode fill_value interpolation seed")
        .keras2(&[idle("rng_type")])
        .keras3(IMAGE_3),
    one(Keras2, "RandomHeight").keys("factor interpolation seed"),
    one(Keras2, "RandomWidth").keys("factor interpolation seed"),
    // Operations recorded as layers.
    one(Keras2, "TFOpLambda"),
    one(Keras2, "SlicingOpLambda"),
    one(Keras2, "TensorFlowOpLayer"),
];
