//! Shapes in which sizes may be unknown.

use std::fmt;

/// A shape in which sizes may be unknown, as the batch size of a layer's input.
///
/// ```
/// use hornfels::tensor::Shape;
/// assert_eq!(Shape(vec![None, Some(3)]).to_string(), "(None, 3)");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shape(pub Vec<Option<u64>>);

impl Shape {
    /// A shape with all sizes known.
    pub fn known(sizes: &[u64]) -> Self {
        Shape(sizes.iter().copied().map(Some).collect())
    }

    /// How many axes it has.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The sizes, if all are known.
    pub fn sizes(&self) -> Option<Vec<u64>> {
        self.0.iter().copied().collect()
    }
}

impl From<Vec<Option<u64>>> for Shape {
    fn from(sizes: Vec<Option<u64>>) -> Self {
        Shape(sizes)
    }
}

impl<const N: usize> From<[Option<u64>; N]> for Shape {
    fn from(sizes: [Option<u64>; N]) -> Self {
        Shape(sizes.to_vec())
    }
}

impl<const N: usize> From<[u64; N]> for Shape {
    fn from(sizes: [u64; N]) -> Self {
        Shape::known(&sizes)
    }
}

impl fmt::Display for Shape {
    /// As Keras prints it: a Python tuple.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (axis, size) in self.0.iter().enumerate() {
            if axis > 0 {
                f.write_str(", ")?;
            }
            match size {
                Some(size) => write!(f, "{size}")?,
                None => f.write_str("None")?,
            }
        }
        f.write_str(if self.0.len() == 1 { ",)" } else { ")" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_a_python_tuple() {
        #[track_caller]
        fn check(shape: &[Option<u64>], expected: &str) {
            assert_eq!(Shape(shape.to_vec()).to_string(), expected);
        }
        check(&[], "()");
        check(&[None], "(None,)");
        check(&[None, Some(3)], "(None, 3)");
        check(&[None, Some(28), None, Some(1)], "(None, 28, None, 1)");
        assert_eq!(Shape::known(&[2, 3]).sizes(), Some(vec![2, 3]));
        assert_eq!(Shape(vec![None]).sizes(), None);
        assert_eq!(Shape(vec![None]).rank(), 1);
    }
}
