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
mod inner;
mod inputs;
pub mod lambda;
mod lower;
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
mod table;
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

pub(crate) use config::read_argument;
pub use config::{
    Activation, Axes, Borders, Constraint, DTypePolicy, DataFormat, Initializer, MergeMode,
    Padding, Regularizer, Sizes,
};
pub use convolution::{
    Conv1D, Conv1DTranspose, Conv2D, Conv2DTranspose, Conv3D, Conv3DTranspose, DepthwiseConv1D,
    DepthwiseConv2D, LocallyConnected1D, LocallyConnected2D, SeparableConv1D, SeparableConv2D,
};
pub use generic::Generic;
pub(crate) use infer::input_specs;
pub use infer::{Inference, InferredLayer};
pub use inner::InnerLayer;
pub use inputs::Inputs;
pub use lower::{Call, CallArgument};
pub(crate) use lower::{
    Caller, Ends, Handle, Handles, LayerCall, LoweredTensor, activity_losses, activity_regularizer,
    cast_input, compute_dtype, given_masks, is_training, lower_network, penalty,
};
pub(crate) use nest::Names;
pub use registry::LayerRegistry;
pub use table::{TableSide, TableSpec};
pub use variables::VariableSpec;

use crate::error::Result;
use crate::graph::Edge;
use crate::tensor::Shape;

/// One layer class with its arguments: what it holds, what shapes it makes, what it computes.
///
/// A class of your own is a type that implements this, [registered](LayerRegistry::register)
/// under its Keras name. A SavedModel holds what [`lower`](Self::lower) adds as TensorFlow
/// functions, so that whoever loads it needs no Python code of the class: it predicts, and trains.
///
/// ```
/// use hornfels::graph::Edge;
/// use hornfels::keras::{Model, Object, Sequential};
/// use hornfels::layers::{
///     Call, Generic, Initializer, InputLayer, Inputs, Layer, LayerRegistry, VariableSpec,
/// };
/// use hornfels::tensor::Shape;
/// use hornfels::{Result, SaveOptions};
///
/// /// Multiplies by a number that is learned.
/// #[derive(Debug)]
/// struct Scale;
///
/// impl Layer for Scale {
///     fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
///         Ok(vec![VariableSpec::new("factor", [], Initializer::ones())])
///     }
///
///     fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
///         Ok(inputs.all().to_vec())
///     }
///
///     fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
///         let factor = call.read("factor")?;
///         Ok(vec![call.function.mul(call.tensor()?, &factor)?])
///     }
/// }
///
/// let mut layers = LayerRegistry::builtin();
/// layers.register("my_package>Scale", |_: &Object| Ok(Box::new(Scale)));
///
/// let network = Sequential::new("scaled")
///     .add(InputLayer::new().batch_shape([None, Some(3)]))
///     .add(Generic::new("my_package>Scale"));
/// let model = Model::build_with(network, &layers)?;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("scaled");
/// SaveOptions::new().layers(layers).save(&model, &path)?;
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

    /// Adds the operations of one call to a function, and returns what the call gives: as many
    /// tensors as there are [`output_shapes`](Self::output_shapes).
    ///
    /// [`call.function`](Call::function) has a method for what is used most,
    /// [`op`](crate::graph::FunctionBuilder::op) for every other operation. A class that does
    /// something else in training names that among its [arguments](Self::call_arguments), and asks
    /// [`call.training`](Call::training).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for a class that does not say what it computes; otherwise as
    /// [`variables`](Self::variables).
    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let _ = call;
        Err(lower::unsupported())
    }

    /// The masks of what a call gives, in order; none by default, and where the list ends.
    ///
    /// # Errors
    ///
    /// As [`lower`](Self::lower).
    fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        let _ = call;
        Ok(Vec::new())
    }

    /// What all steps of a sequence share, by names, when this is the cell of an
    /// [`RNN`] that is trained: [`lower`](Self::lower) finds it by
    /// [`call.shared`](Call::shared) then. So the same elements are dropped in all steps.
    ///
    /// # Errors
    ///
    /// As [`lower`](Self::lower).
    fn shared(&self, call: &mut Call<'_>) -> Result<Vec<(String, Edge)>> {
        let _ = call;
        Ok(Vec::new())
    }

    /// The variables that it keeps from one call to the next, and that are not weights: no file of
    /// weights has them, and they begin with zeros.
    ///
    /// # Errors
    ///
    /// As [`variables`](Self::variables).
    fn states(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        let _ = inputs;
        Ok(Vec::new())
    }

    /// The attributes that lead from the layer's Python object to a variable, by its path; by
    /// default the parts of the path.
    fn attributes(&self, path: &str) -> Vec<String> {
        path.split('/').map(str::to_owned).collect()
    }

    /// Whether floats that it is called with become what it computes in first.
    fn casts_inputs(&self) -> bool {
        true
    }

    /// What a call takes beside its tensors, in Keras's order.
    fn call_arguments(&self) -> &'static [CallArgument] {
        &[]
    }

    /// What Keras calls the first argument of a call.
    fn first_argument(&self) -> &'static str {
        "inputs"
    }

    /// The tables that it looks things up in.
    ///
    /// # Errors
    ///
    /// As [`variables`](Self::variables).
    fn tables(&self) -> Result<Vec<TableSpec>> {
        Ok(Vec::new())
    }

    /// The layers that Keras makes inside of this one, when it is called with such tensors.
    ///
    /// # Errors
    ///
    /// As [`variables`](Self::variables).
    fn inner_layers(&self, inputs: &Inputs) -> Result<Vec<InnerLayer>> {
        let _ = inputs;
        Ok(Vec::new())
    }

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
