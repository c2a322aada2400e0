//! Calls of other functions, and variables.

use crate::error::Result;
use crate::graph::{Edge, Function, FunctionBuilder};
use crate::proto::tensorflow::DataType;

impl FunctionBuilder {
    /// Calls another function with these arguments, those for what it captures last.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) if types or number of the
    /// arguments are not those it takes.
    pub fn call(&mut self, function: &Function, arguments: &[Edge]) -> Result<Vec<Edge>> {
        function.check(arguments)?;
        let op = match function.is_stateful {
            true => "StatefulPartitionedCall",
            false => "PartitionedCall",
        };
        self.op(op)
            .list(arguments)
            .attr("Tout", function.results.clone())
            .attr("f", function.reference())
            .calling(function)
            .all()
    }

    /// The value of a variable.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) if `variable` is not a
    /// resource.
    pub fn read(&mut self, variable: &Edge, dtype: DataType) -> Result<Edge> {
        let read = self.op("ReadVariableOp").input(variable);
        read.attr("dtype", dtype).one()
    }

    /// Replaces the value of a variable.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn assign(&mut self, variable: &Edge, value: &Edge) -> Result<()> {
        let assign = self.op("AssignVariableOp").input(variable).input(value);
        assign.node().map(drop)
    }
}
