//! Tables in which layers look things up.

use crate::tensor::Tensor;

/// A table of a layer, which whoever loads a SavedModel fills before the first call:
/// [`Call::table`](super::Call::table) finds it.
///
/// ```
/// use hornfels::layers::{TableSide, TableSpec};
/// use hornfels::tensor::Tensor;
/// let table = TableSpec {
///     path: "lookup_table".to_owned(),
///     keys: Tensor::strings(vec![b"a".to_vec(), b"b".to_vec()], [2])?,
///     values: Tensor::from_vec(vec![1_i64, 2], [2])?,
///     vocabulary: Some(TableSide::Keys),
/// };
/// assert_eq!(table.keys.shape(), table.values.shape());
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TableSpec {
    /// Its path from the layer, by attributes of the Python object: `lookup_table`.
    pub path: String,
    /// What is looked up, in one axis.
    pub keys: Tensor<'static>,
    /// What is found, as many.
    pub values: Tensor<'static>,
    /// Which side is a vocabulary, if one is: the other side then counts on by one, so that a file
    /// with a token in each line can fill the table.
    pub vocabulary: Option<TableSide>,
}

/// One of the two sides of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TableSide {
    /// What is looked up.
    Keys,
    /// What is found.
    Values,
}
