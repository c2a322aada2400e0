//! Layer classes: their arguments, the variables they hold, the shapes they make.
//!
//! Each class has a typed config with Keras's argument names and defaults, which becomes a
//! serialized [`Object`](crate::keras::Object) when it is added to a network:
//!
//! ```
//! use hornfels::keras::Sequential;
//! use hornfels::layers::core::Dense;
//!
//! let network = Sequential::new("sequential")
//!     .add(Dense::new(5).input_shape([3]).activation("relu"))
//!     .add(Dense::new(2));
//! assert_eq!(network.layers().len(), 3);
//! ```
//!
//! | family | classes |
//! |---|---|
//! | [`core`](mod@self::core) | Dense, EinsumDense, Embedding, Masking, InputLayer, Activation, Identity |
//! | [`convolution`] | Conv1D–3D, transposed, depthwise, separable, locally connected |
//! | [`activation`] | ReLU, LeakyReLU, PReLU, ELU, ThresholdedReLU, Softmax |
//! | [`pooling`] | MaxPooling, AveragePooling, their global and adaptive forms, 1D to 3D |
//! | [`normalization`] | BatchNormalization, LayerNormalization, GroupNormalization, UnitNormalization, RMSNormalization, Normalization |
//! | [`merging`] | Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate, Dot |
//! | [`reshaping`] | Flatten, Reshape, Permute, RepeatVector, Cropping, ZeroPadding, UpSampling |
//! | [`regularization`] | Dropout, SpatialDropout, AlphaDropout, GaussianDropout, GaussianNoise, ActivityRegularization |
//! | [`attention`] | Attention, AdditiveAttention, MultiHeadAttention, GroupQueryAttention |
//! | [`rnn`] | SimpleRNN, LSTM, GRU, RNN, StackedRNNCells, SimpleRNNCell, LSTMCell, GRUCell, ConvLSTM1D, ConvLSTM2D, ConvLSTM3D, CuDNNLSTM, CuDNNGRU |
//! | [`wrapper`] | TimeDistributed, Bidirectional, SpectralNormalization, Wrapper |
//! | [`preprocessing`] | Rescaling, Resizing, CenterCrop, RandomFlip and others of images; CategoryEncoding, Discretization, Hashing, HashedCrossing, IntegerLookup, StringLookup, TextVectorization |
//! | [`lambda`] | Lambda |
//! | [`operation`] | functions of TensorFlow and of `keras.ops` that a model records as layers |
//!
//! [`Generic`] is a layer of any other class.
//! Classes that are not listed are carried by models as they are; a program that knows more of
//! them [registers](LayerRegistry::register) them.

pub mod activation;
pub mod attention;
mod config;
pub mod convolution;
pub mod core;
mod einsum;
mod generic;
mod infer;
mod inputs;
pub mod lambda;
pub mod merging;
mod model;
mod nest;
mod network;
pub mod normalization;
pub mod operation;
pub mod pooling;
pub mod preprocessing;
mod registry;
pub mod regularization;
pub mod reshaping;
pub mod rnn;
mod shape;
mod validate;
mod variables;
pub mod wrapper;

use std::fmt;

pub use self::activation::{ELU, LeakyReLU, PReLU, ReLU, Softmax, ThresholdedReLU};
pub use self::attention::{AdditiveAttention, Attention, GroupQueryAttention, MultiHeadAttention};
pub use self::core::{Dense, EinsumDense, Embedding, Identity, InputLayer, Masking, OutputShape};
pub use self::lambda::Lambda;
pub use self::merging::{Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract};
pub use self::normalization::{
    BatchNormalization, GroupNormalization, LayerNormalization, Normalization, RMSNormalization,
    SyncBatchNormalization, UnitNormalization,
};
pub use self::pooling::{
    AdaptiveAveragePooling1D, AdaptiveAveragePooling2D, AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D, AdaptiveMaxPooling2D, AdaptiveMaxPooling3D, AveragePooling1D,
    AveragePooling2D, AveragePooling3D, GlobalAveragePooling1D, GlobalAveragePooling2D,
    GlobalAveragePooling3D, GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D,
    MaxPooling1D, MaxPooling2D, MaxPooling3D,
};
pub use self::preprocessing::{
    CategoryEncoding, CenterCrop, Discretization, HashedCrossing, Hashing, IntegerLookup,
    RandomBrightness, RandomContrast, RandomCrop, RandomFlip, RandomHeight, RandomRotation,
    RandomTranslation, RandomWidth, RandomZoom, Rescaling, Resizing, StringLookup,
    TextVectorization,
};
pub use self::regularization::{
    ActivityRegularization, AlphaDropout, Dropout, GaussianDropout, GaussianNoise,
    SpatialDropout1D, SpatialDropout2D, SpatialDropout3D,
};
pub use self::reshaping::{
    Cropping1D, Cropping2D, Cropping3D, Flatten, Permute, RepeatVector, Reshape, UpSampling1D,
    UpSampling2D, UpSampling3D, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D,
};
pub use self::rnn::{
    ConvLSTM1D, ConvLSTM2D, ConvLSTM3D, CuDNNGRU, CuDNNLSTM, GRU, GRUCell, LSTM, LSTMCell, RNN,
    SimpleRNN, SimpleRNNCell, StackedRNNCells,
};
pub use self::wrapper::{Bidirectional, SpectralNormalization, TimeDistributed, Wrapper};

pub use config::{
    Activation, Axes, Borders, Constraint, DTypePolicy, DataFormat, Initializer, MergeMode,
    Padding, Regularizer, Sizes,
};
pub use convolution::{
    Conv1D, Conv1DTranspose, Conv2D, Conv2DTranspose, Conv3D, Conv3DTranspose, DepthwiseConv1D,
    DepthwiseConv2D, LocallyConnected1D, LocallyConnected2D, SeparableConv1D, SeparableConv2D,
};
pub use generic::Generic;
pub use infer::{Inference, InferredLayer};
pub use inputs::Inputs;
pub(crate) use nest::Names;
pub use registry::LayerRegistry;
pub use variables::VariableSpec;

use crate::error::Result;
use crate::tensor::Shape;

/// One layer class with its arguments: what it holds and what shapes it makes.
///
/// A class of your own is a type that implements this, [registered](LayerRegistry::register)
/// under its Keras name.
///
/// ```
/// use hornfels::keras::Object;
/// use hornfels::layers::{Initializer, Inputs, Layer, LayerRegistry, VariableSpec};
/// use hornfels::tensor::Shape;
///
/// /// Multiplies by a number that is learned.
/// #[derive(Debug)]
/// struct Scale;
///
/// impl Layer for Scale {
///     fn variables(&self, _: &Inputs) -> hornfels::Result<Vec<VariableSpec>> {
///         Ok(vec![VariableSpec::new("factor", [], Initializer::ones())])
///     }
///
///     fn output_shapes(&self, inputs: &Inputs) -> hornfels::Result<Vec<Shape>> {
///         Ok(inputs.all().to_vec())
///     }
/// }
///
/// let mut layers = LayerRegistry::builtin();
/// layers.register("my_package>Scale", |_: &Object| Ok(Box::new(Scale)));
/// # let object = Object::new("my_package>Scale", Default::default());
/// # assert_eq!(layers.build(&object)?.variables(&Inputs::one([2]))?.len(), 1);
/// # Ok::<(), hornfels::Error>(())
/// ```
pub trait Layer: fmt::Debug + Send + Sync {
    /// The variables it has after its first call, in the order in which Keras lists them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidModel`](crate::ErrorKind::InvalidModel) if the inputs do not go with the
    /// arguments.
    fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>>;

    /// The shapes of what a call gives.
    ///
    /// # Errors
    ///
    /// As [`variables`](Self::variables).
    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>>;

    /// Both at once: of a layer with layers inside, each is then asked once.
    ///
    /// # Errors
    ///
    /// As [`variables`](Self::variables).
    fn call(&self, inputs: &Inputs) -> Result<Called> {
        Ok(Called {
            variables: self.variables(inputs)?,
            outputs: self.output_shapes(inputs)?,
        })
    }
}

/// What there is after a layer was called.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Called {
    /// Its variables.
    pub variables: Vec<VariableSpec>,
    /// The shapes of what it gave.
    pub outputs: Vec<Shape>,
}

#[cfg(test)]
mod tests;
