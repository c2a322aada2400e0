//! Arithmetic.

use crate::error::Result;
use crate::graph::{Constant, Edge, FunctionBuilder};
use crate::proto::tensorflow::DataType;

macro_rules! elementwise {
    ($($(#[$doc:meta])+ $name:ident($($input:ident),+) $op:literal;)*) => {
        impl FunctionBuilder {
            $(
                $(#[$doc])+
                ///
                /// # Errors
                ///
                /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) if the types
                /// of elements are not those the operation takes.
                pub fn $name(&mut self, $($input: &Edge),+) -> Result<Edge> {
                    self.op($op)$(.input($input))+.one()
                }
            )*
        }
    };
}

elementwise! {
    /// The sum, with broadcasting.
    add(x, y) "AddV2";
    /// The difference, with broadcasting.
    sub(x, y) "Sub";
    /// The product, with broadcasting.
    mul(x, y) "Mul";
    /// The quotient, with broadcasting.
    div(x, y) "RealDiv";
    /// The larger of two, with broadcasting.
    maximum(x, y) "Maximum";
    /// The smaller of two, with broadcasting.
    minimum(x, y) "Minimum";
    /// `(x - y)²`, with broadcasting.
    squared_difference(x, y) "SquaredDifference";
    /// Whether `x > y`, with broadcasting.
    greater(x, y) "Greater";
    /// Whether `x >= y`, with broadcasting.
    greater_equal(x, y) "GreaterEqual";
    /// Whether `x != y`, with broadcasting.
    not_equal(x, y) "NotEqual";
    /// Whether both are true, with broadcasting.
    logical_and(x, y) "LogicalAnd";
    /// `-x`.
    neg(x) "Neg";
    /// `|x|`.
    abs(x) "Abs";
    /// `e^x`.
    exp(x) "Exp";
    /// The natural logarithm.
    log(x) "Log";
    /// The square root.
    sqrt(x) "Sqrt";
    /// One over the square root.
    rsqrt(x) "Rsqrt";
    /// The square.
    square(x) "Square";
    /// `max(x, 0)`.
    relu(x) "Relu";
    /// `1 / (1 + e^-x)`.
    sigmoid(x) "Sigmoid";
    /// The hyperbolic tangent.
    tanh(x) "Tanh";
    /// Along the last axis: `e^x` over the sum of all.
    softmax(x) "Softmax";
    /// Zeros of the same shape.
    zeros_like(x) "ZerosLike";
    /// Ones of the same shape.
    ones_like(x) "OnesLike";
    /// `x` where `condition` holds, `y` elsewhere, with broadcasting.
    select(condition, x, y) "SelectV2";
}

macro_rules! reductions {
    ($($(#[$doc:meta])+ $name:ident $op:literal;)*) => {
        impl FunctionBuilder {
            $(
                $(#[$doc])+
                /// over these axes, which stay with the size 1 if `keep_dims`.
                ///
                /// # Errors
                ///
                /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) if the types
                /// of elements are not those the operation takes.
                pub fn $name(&mut self, x: &Edge, axes: &[i32], keep_dims: bool) -> Result<Edge> {
                    let axes = self.constant(axes);
                    self.op($op).input(x).input(&axes).attr("keep_dims", keep_dims).one()
                }
            )*
        }
    };
}

reductions! {
    /// The sum
    sum "Sum";
    /// The mean
    mean "Mean";
    /// The largest element
    max "Max";
    /// The product
    prod "Prod";
    /// Whether any element is true
    any "Any";
    /// Whether all elements are true
    all "All";
}

impl FunctionBuilder {
    /// A number of the type that `like` has.
    ///
    /// # Errors
    ///
    /// As [`Constant::scalar`].
    pub fn number_like(&mut self, like: &Edge, value: f64) -> Result<Edge> {
        Ok(self.constant(Constant::scalar(like.dtype(), value)?))
    }

    /// The product of two matrices.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) if the types of elements
    /// differ.
    pub fn mat_mul(&mut self, x: &Edge, y: &Edge) -> Result<Edge> {
        self.op("MatMul").input(x).input(y).one()
    }

    /// A number for each channel, the last axis, added.
    ///
    /// # Errors
    ///
    /// As [`mat_mul`](Self::mat_mul).
    pub fn bias_add(&mut self, x: &Edge, bias: &Edge) -> Result<Edge> {
        self.op("BiasAdd").input(x).input(bias).one()
    }

    /// The same numbers as another type; `x` itself if they are of it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for types without numbers.
    pub fn cast(&mut self, x: &Edge, dtype: DataType) -> Result<Edge> {
        if x.dtype() == dtype {
            return Ok(x.clone());
        }
        self.op("Cast").input(x).attr("DstT", dtype).one()
    }

    /// What lies between two numbers; others become the nearer one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) if the types of elements
    /// differ.
    pub fn clip(&mut self, x: &Edge, low: f64, high: f64) -> Result<Edge> {
        let high = self.number_like(x, high)?;
        let x = self.minimum(x, &high)?;
        let low = self.number_like(&x, low)?;
        self.maximum(&x, &low)
    }
}
