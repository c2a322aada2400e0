//! The same elements in another order: axes exchanged or reversed, tensors joined.

use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;

impl Tensor<'_> {
    /// The tensor with its axes in another order: axis `i` of the result is axis `axes[i]` of this.
    ///
    /// ```
    /// use hornfels::Tensor;
    /// let rows = Tensor::from_vec(vec![1_i32, 2, 3, 4, 5, 6], [2, 3])?;
    /// let columns = rows.transposed(&[1, 0])?;
    /// assert_eq!(columns.shape(), [3, 2]);
    /// assert_eq!(columns.to_vec::<i32>()?, [1, 4, 2, 5, 3, 6]);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] unless each axis is named once, and for strings.
    pub fn transposed(&self, axes: &[usize]) -> Result<Tensor<'static>> {
        let mut sorted = axes.to_vec();
        sorted.sort_unstable();
        let rank = self.shape().len();
        if !sorted.into_iter().eq(0..rank) {
            let message = format!("axes {axes:?}, expected 0 to {rank}, each once");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let steps = self.steps();
        let pick = |axis: &usize| {
            let size = self.shape().get(*axis).copied().unwrap_or_default();
            (size, steps.get(*axis).copied().unwrap_or_default())
        };
        self.gather(0, axes.iter().map(pick).collect())
    }

    /// The tensor with the elements along some axes in the opposite order.
    ///
    /// ```
    /// use hornfels::Tensor;
    /// let kernel = Tensor::from_vec(vec![1_i32, 2, 3, 4], [2, 2])?;
    /// assert_eq!(kernel.reversed(&[0, 1])?.to_vec::<i32>()?, [4, 3, 2, 1]);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] for an axis that there is not, and for strings.
    pub fn reversed(&self, axes: &[usize]) -> Result<Tensor<'static>> {
        let rank = self.shape().len();
        if let Some(axis) = axes.iter().find(|axis| **axis >= rank) {
            let message = format!("axis {axis}, expected one of {rank}");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let mut start = 0_isize;
        let sizes = self.shape().iter().zip(self.steps()).enumerate();
        let sizes = sizes.map(|(axis, (size, step))| {
            if !axes.contains(&axis) {
                return (*size, step);
            }
            let last = isize::try_from(size.saturating_sub(1)).unwrap_or_default();
            start = start.saturating_add(last.saturating_mul(step));
            (*size, step.saturating_neg())
        });
        let sizes = sizes.collect();
        self.gather(start, sizes)
    }

    /// One tensor of several, side by side along the last axis.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] unless they agree in dtype and in all other axes, for scalars
    /// and for strings.
    pub fn joined(parts: &[&Tensor<'_>]) -> Result<Tensor<'static>> {
        let wrong = || {
            Error::new(
                ErrorKind::InvalidArgument,
                "tensors that do not fit together",
            )
        };
        let first = parts.first().ok_or_else(wrong)?;
        let (_, leading) = first.shape().split_last().ok_or_else(wrong)?;
        let rows: u64 = leading.iter().product();
        let mut last = 0_u64;
        for part in parts {
            let (size, others) = part.shape().split_last().ok_or_else(wrong)?;
            if others != leading || part.dtype() != first.dtype() || part.width().is_none() {
                return Err(wrong());
            }
            last = last.saturating_add(*size);
        }
        let mut bytes = Vec::new();
        for row in 0..usize::try_from(rows).unwrap_or_default() {
            for part in parts {
                let length = part
                    .bytes()
                    .len()
                    .checked_div(usize::try_from(rows).unwrap_or(1));
                let length = length.unwrap_or_default();
                let start = row.saturating_mul(length);
                let piece = part.bytes().get(start..start.saturating_add(length));
                bytes.extend_from_slice(piece.unwrap_or_default());
            }
        }
        let shape: Vec<u64> = leading.iter().copied().chain([last]).collect();
        Tensor::from_shared(first.dtype(), shape, bytes.into())
    }

    /// How many elements lie between two neighbours along each axis.
    fn steps(&self) -> Vec<isize> {
        let mut step = 1_isize;
        let mut steps: Vec<isize> = Vec::with_capacity(self.shape().len());
        for size in self.shape().iter().rev() {
            steps.push(step);
            step = step.saturating_mul(isize::try_from(*size).unwrap_or(isize::MAX));
        }
        steps.reverse();
        steps
    }

    /// Elements from `start` on, in axes of these sizes and steps.
    fn gather(&self, start: isize, axes: Vec<(u64, isize)>) -> Result<Tensor<'static>> {
        let width = self
            .width()
            .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "strings, expected numbers"))?;
        let shape: Vec<u64> = axes.iter().map(|(size, _)| *size).collect();
        let mut bytes = Vec::with_capacity(self.bytes().len());
        let mut index = vec![0_u64; axes.len()];
        let mut at = start;
        for _ in 0..self.len() {
            let from = usize::try_from(at)
                .unwrap_or(usize::MAX)
                .saturating_mul(width);
            let element = self.bytes().get(from..from.saturating_add(width));
            bytes.extend_from_slice(element.unwrap_or_default());
            for (place, (size, step)) in index.iter_mut().zip(&axes).rev() {
                *place += 1;
                at = at.saturating_add(*step);
                if *place < *size {
                    break;
                }
                let back = isize::try_from(*size)
                    .unwrap_or_default()
                    .saturating_mul(*step);
                at = at.saturating_sub(back);
                *place = 0;
            }
        }
        Tensor::from_shared(self.dtype(), shape, bytes.into())
    }

    /// How many bytes an element has, if all have the same.
    fn width(&self) -> Option<usize> {
        self.dtype().size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(shape: &[u64]) -> Tensor<'static> {
        let count = shape.iter().product::<u64>();
        let values = (0..count).map(|value| value as i32).collect();
        Tensor::from_vec(values, shape).unwrap()
    }

    #[test]
    fn axes_are_exchanged_as_numpy_does() {
        let moved = counted(&[2, 3, 2]).transposed(&[2, 0, 1]).unwrap();
        assert_eq!(moved.shape(), [2, 2, 3]);
        let values = moved.to_vec::<i32>().unwrap();
        assert_eq!(values, [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]);
        // There and back.
        let back = moved.transposed(&[1, 2, 0]).unwrap();
        assert_eq!(back, counted(&[2, 3, 2]));
    }

    #[test]
    fn axes_are_reversed() {
        let turned = counted(&[2, 3]).reversed(&[0]).unwrap();
        assert_eq!(turned.to_vec::<i32>().unwrap(), [3, 4, 5, 0, 1, 2]);
        let turned = counted(&[2, 3]).reversed(&[1]).unwrap();
        assert_eq!(turned.to_vec::<i32>().unwrap(), [2, 1, 0, 5, 4, 3]);
        assert_eq!(counted(&[0, 3]).reversed(&[0]).unwrap().shape(), [0, 3]);
    }

    #[test]
    fn parts_are_joined_row_by_row() {
        let (one, two) = (counted(&[2, 1]), counted(&[2, 2]));
        let both = Tensor::joined(&[&one, &two]).unwrap();
        assert_eq!(both.shape(), [2, 3]);
        assert_eq!(both.to_vec::<i32>().unwrap(), [0, 0, 1, 1, 2, 3]);
        let both = Tensor::joined(&[&counted(&[2]), &counted(&[1])]).unwrap();
        assert_eq!(both.to_vec::<i32>().unwrap(), [0, 1, 0]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let words = Tensor::strings(vec![b"a".to_vec()], [1]).unwrap();
        let two = counted(&[2, 2]);
        for error in [
            two.transposed(&[0, 0]),
            two.transposed(&[0]),
            two.reversed(&[2]),
            words.transposed(&[0]),
            Tensor::joined(&[]),
            Tensor::joined(&[&two, &counted(&[3, 2])]),
            Tensor::joined(&[&Tensor::scalar(1_i32)]),
            Tensor::joined(&[&words, &words]),
        ] {
            assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
    }
}
