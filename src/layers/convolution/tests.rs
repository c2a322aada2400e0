//! What convolutions become, and what they refuse. That they compute what Keras computes is proved
//! by `tests/interop/savedmodel_matrix.py`.

use super::*;
use crate::layers::lower::testing::Lowering;
use crate::layers::{Inputs, Layer};

const LINE: [Size; 3] = [None, Some(11), Some(4)];
const IMAGE: [Size; 4] = [None, Some(9), Some(7), Some(4)];
const VOLUME: [Size; 5] = [None, Some(5), Some(7), Some(5), Some(4)];
const FIRST: DataFormat = DataFormat::ChannelsFirst;

#[track_caller]
fn check(layer: impl Layer, input: &[Size], expected: &str) {
    let ops = Lowering::of(&layer, Inputs::one(input.to_vec())).ops();
    assert_eq!(
        ops.join(" ").replace("ReadVariableOp", "Read"),
        expected,
        "{layer:?}"
    );
}

#[track_caller]
fn refuse(layer: impl Layer, input: &[Size], expected: &str) {
    let error = Lowering::of(&layer, Inputs::one(input.to_vec())).function();
    assert_eq!(error.unwrap_err().message(), expected);
}

#[test]
fn plain_ones_are_one_operation_and_a_bias() {
    check(
        Conv1D::new(3, 2).padding(Padding::Causal),
        &LINE,
        "Read Pad ExpandDims ExpandDims Conv2D Squeeze Read BiasAdd",
    );
    check(Conv2D::new(3, 2), &IMAGE, "Read Conv2D Read BiasAdd");
    check(Conv2D::new(3, 2).use_bias(false), &IMAGE, "Read Conv2D");
    check(
        Conv3D::new(3, 2).data_format(FIRST).activation("relu"),
        &[None, Some(4), Some(5), Some(7), Some(5)],
        "Transpose Read Conv3D Read BiasAdd Transpose Relu",
    );
}

#[test]
fn dilated_ones_are_taken_apart() {
    let dilated = "Read SpaceToBatchND Conv2D BatchToSpaceND Read BiasAdd";
    check(Conv2D::new(3, 2).dilation_rate(2), &IMAGE, dilated);
    let open = [None, None, Some(7), Some(4)];
    let layer = Conv2D::new(3, 2).dilation_rate(2);
    let ops = Lowering::of(&layer, Inputs::one(open.to_vec())).ops();
    let count = |op| ops.iter().filter(|it| *it == op).count();
    assert_eq!((count("FloorMod"), count("SpaceToBatchND")), (2, 1));
    refuse(
        Conv2D::new(3, 2).dilation_rate(2).strides(2),
        &IMAGE,
        "strides and dilation of more than 1, expected one of both at most",
    );
}

#[test]
fn groups_have_gradients_in_training() {
    let together = "Read Conv2D Read BiasAdd";
    let apart = "Read Split Split Conv2D Conv2D ConcatV2 Read BiasAdd";
    let layer = Conv2D::new(6, 3).groups(2);
    check(layer.clone(), &IMAGE, together);
    let training = Lowering::of(&layer, Inputs::one(IMAGE.to_vec())).training();
    assert_eq!(
        training.ops().join(" ").replace("ReadVariableOp", "Read"),
        apart
    );
    let volume = apart.replace("Conv2D", "Conv3D");
    check(Conv3D::new(6, 3).groups(2), &VOLUME, &volume);
    // A group for each channel.
    let depthwise = "Read Reshape DepthwiseConv2dNative Read BiasAdd";
    check(Conv2D::new(8, 3).groups(4), &IMAGE, depthwise);
    check(
        Conv2D::new(8, 3).groups(4).strides([1, 2]),
        &IMAGE,
        together,
    );
    refuse(
        Conv2D::new(7, 3).groups(2),
        &IMAGE,
        "7 filters in 2 groups, expected the same number in each",
    );
}

#[test]
fn more_axes_of_the_batch_are_merged() {
    let layer = Conv1D::new(3, 2);
    let input = [None, Some(2), Some(11), Some(4)];
    let inputs = Inputs::one(input.to_vec());
    assert_eq!(
        layer.output_shapes(&inputs).unwrap()[0].to_string(),
        "(None, 2, 10, 3)"
    );
    assert_eq!(layer.variables(&inputs).unwrap()[0].shape, [2, 4, 3]);
    check(
        layer,
        &input,
        "Reshape Read ExpandDims ExpandDims Conv2D Squeeze Read BiasAdd Reshape",
    );
    let open = [None, None, None, Some(4)];
    check(
        Conv1D::new(3, 2).use_bias(false),
        &open,
        "Shape StridedSlice Prod StridedSlice ConcatV2 Reshape Read ExpandDims ExpandDims Conv2D \
         Squeeze Shape Shape StridedSlice StridedSlice ConcatV2 Reshape",
    );
}

#[test]
fn depthwise_ones_come_before_pointwise_ones() {
    let line = "Read ExpandDims ExpandDims DepthwiseConv2dNative Squeeze Read BiasAdd";
    check(DepthwiseConv1D::new(3), &LINE, line);
    check(
        SeparableConv2D::new(3, 2),
        &IMAGE,
        "Read Read DepthwiseConv2dNative Conv2D Read BiasAdd",
    );
    check(
        SeparableConv1D::new(3, 2).dilation_rate(2).use_bias(false),
        &LINE,
        "Read Read ExpandDims ExpandDims ExpandDims SpaceToBatchND DepthwiseConv2dNative \
         BatchToSpaceND Conv2D Squeeze",
    );
    refuse(
        DepthwiseConv2D::new(3).padding(Padding::Causal),
        &IMAGE,
        "`causal` padding, expected `valid` or `same`",
    );
}

#[test]
fn transposed_ones_are_told_their_sizes() {
    let line = "Read Shape StridedSlice Pack ExpandDims ExpandDims Conv2DBackpropInput Squeeze";
    check(Conv1DTranspose::new(3, 2).use_bias(false), &LINE, line);
    let known = [Some(2), Some(9), Some(7), Some(4)];
    let layer = Conv2DTranspose::new(3, 2).strides(2);
    check(layer, &known, "Read Conv2DBackpropInput Read BiasAdd");
    let open = [None, None, Some(7), Some(4)];
    check(
        Conv2DTranspose::new(3, 3).strides(2),
        &open,
        "Read Shape StridedSlice StridedSlice Mul AddV2 Pack Conv2DBackpropInput Read BiasAdd",
    );
    check(
        Conv2DTranspose::new(3, 3).dilation_rate(2).use_bias(false),
        &IMAGE,
        "Read Pad ReverseV2 Transpose SpaceToBatchND Conv2D BatchToSpaceND",
    );
    refuse(
        Conv2DTranspose::new(3, 2)
            .dilation_rate(3)
            .padding(Padding::Same)
            .output_padding(0),
        &IMAGE,
        "an output of shape (None, 8, 6, 3), expected the sizes of the input (None, 9, 7, 4)",
    );
}

#[test]
fn kernels_of_each_place_are_matrices() {
    let input = [None, Some(5), Some(4), Some(3)];
    let local = |implementation| {
        let layer = LocallyConnected2D::new(2, 3).use_bias(false);
        layer.implementation(implementation)
    };
    check(
        local(1),
        &input,
        "Read Reshape AddV2 GatherV2 Transpose Reshape BatchMatMulV2 Transpose Reshape",
    );
    check(
        local(2),
        &input,
        "Read Mul Mul Reshape Reshape MatMul Reshape",
    );
    let sparse = "Read Reshape SparseTensorDenseMatMul Transpose Reshape";
    check(local(3), &input, sparse);
    refuse(
        local(1).padding(Padding::Same),
        &input,
        "padding with `implementation` 1, expected `valid` without any",
    );
    refuse(
        local(3),
        &[None, Some(9000), Some(9000), Some(3)],
        "a graph that would hold 4372056216 indices, expected 16777216 at most",
    );
}

/// Keras centres windows that hang over the edge, so that a stride may leave the last ones out.
#[test]
fn places_are_connected_as_keras_connects_them() {
    for (input, window, stride, padding, expected) in [
        ([9, 1], [3, 1], [3, 1], Padding::Same, 8),
        ([10, 1], [3, 1], [2, 1], Padding::Same, 14),
        ([9, 7], [3, 3], [3, 2], Padding::Same, 80),
        ([9, 7], [2, 3], [1, 1], Padding::Same, 323),
        ([9, 7], [3, 3], [2, 2], Padding::Valid, 108),
    ] {
        let layer = LocallyConnected2D::new(1, window)
            .strides(stride)
            .padding(padding)
            .implementation(3);
        let [rows, columns] = input.map(Some);
        let inputs = Inputs::one([None, rows, columns, Some(1)]);
        assert_eq!(layer.variables(&inputs).unwrap()[0].shape, [expected]);
    }
}

#[test]
fn sizes_that_make_no_sense_are_refused() {
    for size in [0, u64::MAX] {
        for layer in [
            &Conv2D::new(3, size) as &dyn Layer,
            &Conv2D::new(3, 2).strides(size),
            &Conv2D::new(3, 2).dilation_rate(size),
            &Conv2DTranspose::new(3, 2).strides(size),
            &LocallyConnected2D::new(3, size),
        ] {
            for input in [IMAGE, [None, None, None, Some(4)]] {
                let lowering = Lowering::of(layer, Inputs::one(input.to_vec()));
                assert!(lowering.function().is_err(), "{layer:?}");
            }
        }
    }
}
