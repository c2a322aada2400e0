//! Weights of recurrent layers by cuDNN, and of those by Keras's own arithmetic: the same numbers
//! otherwise arranged. `spec/keras_h5.md#weights-of-cudnn`.

use crate::error::{Error, ErrorKind, Result};
use crate::tensor::{BF16, DType, F16, Tensor};

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    FromCudnn,
    ToCudnn,
}

/// Kernel, recurrent kernel and bias of an LSTM or GRU in the form of a layer of these shapes; none
/// if that is not how they differ.
///
/// # Errors
///
/// [`ErrorKind::Unsupported`] for biases of a type that is not added up.
pub(crate) fn converted(
    found: [&Tensor<'static>; 3],
    expected: [&[u64]; 3],
) -> Result<Option<[Tensor<'static>; 3]>> {
    let [kernel, recurrent, bias] = found;
    let [_, _, to] = expected;
    let (&[units, columns], true) = (
        recurrent.shape(),
        kernel.shape() == expected[0] && recurrent.shape() == expected[1],
    ) else {
        return Ok(None);
    };
    let single = [columns];
    let double = [columns.saturating_mul(2)];
    let rows = [2, columns];
    let from = bias.shape();
    let gates = columns.checked_div(units).unwrap_or_default();
    let is = |shape: &[u64], other: &[u64]| shape == other;
    let direction = match gates {
        _ if gates.checked_mul(units) != Some(columns) => return Ok(None),
        4 if is(from, &double) && is(to, &single) => Direction::FromCudnn,
        4 if is(from, &single) && is(to, &double) => Direction::ToCudnn,
        3 if is(from, &double) && is(to, &rows) => Direction::FromCudnn,
        3 if is(from, &rows) && is(to, &double) => Direction::ToCudnn,
        _ => return Ok(None),
    };
    let bias = match (gates, direction) {
        (3, _) => bias.clone().reshape(to)?,
        (_, Direction::FromCudnn) => summed(bias)?,
        (_, Direction::ToCudnn) => halved(bias)?,
    };
    Ok(Some([
        input_kernel(kernel, gates, units, direction)?,
        // Transposed, gate by gate.
        recurrent
            .clone()
            .reshape([units, gates, units])?
            .transposed(&[2, 1, 0])?
            .reshape([units, columns])?,
        bias,
    ]))
}

/// The kernel of each gate read row by row, and written column by column, or the other way round.
fn input_kernel(
    kernel: &Tensor<'static>,
    gates: u64,
    units: u64,
    direction: Direction,
) -> Result<Tensor<'static>> {
    let shape = kernel.shape();
    let inputs = shape.first().copied().unwrap_or_default();
    let by_input = kernel.clone().reshape([inputs, gates, units])?;
    let moved = match direction {
        Direction::FromCudnn => by_input
            .transposed(&[1, 0, 2])?
            .reshape([gates, units, inputs])?
            .transposed(&[2, 0, 1])?,
        Direction::ToCudnn => by_input
            .transposed(&[1, 2, 0])?
            .reshape([gates, inputs, units])?
            .transposed(&[1, 0, 2])?,
    };
    moved.reshape(shape)
}

/// One bias of the two that cuDNN adds.
fn summed(bias: &Tensor<'static>) -> Result<Tensor<'static>> {
    by_number(bias, |numbers| {
        let (input, state) = numbers.split_at(numbers.len() / 2);
        input.iter().zip(state).map(|(a, b)| a + b).collect()
    })
}

/// Two biases that together are one.
fn halved(bias: &Tensor<'static>) -> Result<Tensor<'static>> {
    by_number(bias, |numbers| {
        let half = numbers.iter().map(|it| it * 0.5);
        half.clone().chain(half).collect()
    })
}

/// A tensor of one axis of the numbers that are made of another's, rounded to its type.
fn by_number(
    tensor: &Tensor<'static>,
    make: impl Fn(&[f64]) -> Vec<f64>,
) -> Result<Tensor<'static>> {
    // Sums of two floats of these types lose nothing in the wider type that rounding would show.
    #[allow(clippy::cast_possible_truncation)]
    let single = |it: f64| it as f32;
    let count = |made: &[f64]| [u64::try_from(made.len()).unwrap_or(u64::MAX)];
    match tensor.dtype() {
        DType::Float64 => {
            let made = make(&tensor.to_vec::<f64>()?);
            let shape = count(&made);
            Tensor::from_vec(made, shape)
        }
        DType::Float32 => {
            let wide: Vec<f64> = tensor.to_vec::<f32>()?.into_iter().map(f64::from).collect();
            let made = make(&wide);
            let narrow: Vec<f32> = made.iter().map(|it| single(*it)).collect();
            Tensor::from_vec(narrow, count(&made))
        }
        DType::Float16 => {
            let wide = tensor.to_vec::<F16>()?.into_iter();
            let made = make(&wide.map(|it| f64::from(it.to_f32())).collect::<Vec<_>>());
            let narrow = made.iter().map(|it| F16::from_f32(single(*it)));
            Tensor::from_vec(narrow.collect(), count(&made))
        }
        DType::BFloat16 => {
            let wide = tensor.to_vec::<BF16>()?.into_iter();
            let made = make(&wide.map(|it| f64::from(it.to_f32())).collect::<Vec<_>>());
            let narrow = made.iter().map(|it| BF16::from_f32(single(*it)));
            Tensor::from_vec(narrow.collect(), count(&made))
        }
        other => Err(Error::new(
            ErrorKind::Unsupported,
            format!("a bias of {other} of a recurrent layer by cuDNN, expected floats"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(shape: &[u64]) -> Tensor<'static> {
        let count: u64 = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|it| it as f32).collect();
        Tensor::from_vec(values, shape).unwrap()
    }

    /// Shapes of an input of 3 and 2 units.
    fn shapes(gates: u64, bias: &[u64]) -> [Vec<u64>; 3] {
        [vec![3, gates * 2], vec![2, gates * 2], bias.to_vec()]
    }

    #[track_caller]
    fn check(gates: u64, found: &[u64], expected: &[u64]) -> Option<[Vec<f32>; 3]> {
        let tensors = shapes(gates, found).map(|it| counted(&it));
        let [a, b, c] = &tensors;
        let to = shapes(gates, expected);
        let to = [to[0].as_slice(), &to[1], &to[2]];
        let converted = converted([a, b, c], to).unwrap()?;
        for (tensor, shape) in converted.iter().zip(to) {
            assert_eq!(tensor.shape(), shape);
        }
        Some(converted.map(|it| it.to_vec::<f32>().unwrap()))
    }

    #[test]
    fn an_lstm_by_cudnn_becomes_one_by_keras() {
        let [kernel, recurrent, bias] = check(4, &[16], &[8]).unwrap();
        // The gates' kernels were [[0, 1], [8, 9], [16, 17]] and so on.
        assert_eq!(kernel[..4], [0., 9., 2., 11.]);
        assert_eq!(kernel[8..12], [1., 16., 3., 18.]);
        assert_eq!(kernel[16..20], [8., 17., 10., 19.]);
        // [[0, 1], [8, 9]], transposed.
        assert_eq!(recurrent[..4], [0., 8., 2., 10.]);
        assert_eq!(recurrent[8..12], [1., 9., 3., 11.]);
        assert_eq!(bias, [8., 10., 12., 14., 16., 18., 20., 22.]);
    }

    #[test]
    fn and_back() {
        let [kernel, recurrent, bias] = check(4, &[8], &[16]).unwrap();
        // [[0, 1], [8, 9], [16, 17]] column by column, in rows of two.
        assert_eq!(kernel[..2], [0., 8.]);
        assert_eq!(kernel[8..10], [16., 1.]);
        assert_eq!(kernel[16..18], [9., 17.]);
        assert_eq!(recurrent[..4], [0., 8., 2., 10.]);
        assert_eq!(bias[..3], [0., 0.5, 1.]);
        assert_eq!(bias[8..11], [0., 0.5, 1.]);
        for (gates, plain, cudnn) in [(4, &[8_u64][..], &[16_u64][..]), (3, &[2, 6], &[12])] {
            let tensors = shapes(gates, plain).map(|it| counted(&it));
            let [a, b, c] = &tensors;
            let there = shapes(gates, cudnn);
            let there = [there[0].as_slice(), &there[1], &there[2]];
            let [d, e, f] = &converted([a, b, c], there).unwrap().unwrap();
            let back = shapes(gates, plain);
            let back = [back[0].as_slice(), &back[1], &back[2]];
            assert_eq!(converted([d, e, f], back).unwrap().unwrap(), tensors);
        }
    }

    #[test]
    fn biases_of_a_gru_are_those_of_two_rows() {
        let [_, _, bias] = check(3, &[12], &[2, 6]).unwrap();
        let counted: Vec<f32> = (0_u8..12).map(f32::from).collect();
        assert_eq!(bias, counted);
    }

    #[test]
    fn other_differences_are_not_of_this_kind() {
        for (gates, found, expected) in [
            (4, &[8_u64][..], &[8_u64][..]),
            (4, &[16], &[16]),
            // A GRU whose reset comes before the product has one bias only.
            (3, &[12], &[6]),
            (3, &[6], &[2, 6]),
            (4, &[7], &[8]),
            (1, &[4], &[2]),
        ] {
            assert_eq!(check(gates, found, expected), None, "{found:?}");
        }
    }
}
