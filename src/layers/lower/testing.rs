//! Layers lowered on their own, for tests.

use super::call::{Call, CallOf};
use super::variables::{Handle, Handles};
use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder};
use crate::layers::inputs::Operand;
use crate::layers::{Inputs, Layer};
use crate::proto::tensorflow::{DataType, FunctionDef};
use crate::tensor::DType;

/// A call of a layer that a test lowers.
#[derive(Debug)]
pub(crate) struct Lowering<'l> {
    layer: &'l dyn Layer,
    inputs: Inputs,
    fed: DataType,
    is_masked: bool,
    is_training: bool,
    dtype: DType,
}

impl<'l> Lowering<'l> {
    /// A call with float32 tensors, no masks, not in training.
    pub(crate) fn of(layer: &'l dyn Layer, inputs: impl Into<Inputs>) -> Self {
        Lowering {
            layer,
            inputs: inputs.into(),
            fed: DataType::DT_FLOAT,
            is_masked: false,
            is_training: false,
            dtype: DType::Float32,
        }
    }

    /// With tensors of this type.
    pub(crate) fn fed(mut self, fed: DataType) -> Self {
        self.fed = fed;
        self
    }

    /// With a mask for each tensor.
    pub(crate) fn masked(mut self) -> Self {
        self.is_masked = true;
        self
    }

    /// In training.
    pub(crate) fn training(mut self) -> Self {
        self.is_training = true;
        self
    }

    /// Of a layer that computes in this.
    pub(crate) fn computing_in(mut self, dtype: DType) -> Self {
        self.dtype = dtype;
        self
    }

    /// The function of the call; it gives the tensors, then the masks there are.
    pub(crate) fn function(&self) -> Result<FunctionDef> {
        let mut function = FunctionBuilder::new("f");
        let handles = self.handles(&mut function)?;
        let is_tensor = |operand: &Operand<'_>| matches!(operand, Operand::Tensor(_));
        let count = self.inputs.operands().filter(is_tensor).count();
        let tensors: Vec<Edge> = (0..count)
            .map(|_| function.argument("x", self.fed))
            .collect();
        let mask = |function: &mut FunctionBuilder| {
            let is_masked = self.is_masked;
            is_masked.then(|| function.argument("mask", DataType::DT_BOOL))
        };
        let masks: Vec<Option<Edge>> = (0..count).map(|_| mask(&mut function)).collect();
        let mut arguments = self.layer.call_arguments().iter();
        let takes_masks = arguments.any(|it| it.takes_masks());
        let given: Vec<Option<Edge>> = match takes_masks {
            true => masks.clone(),
            false => vec![None; count],
        };
        let of = |masks| CallOf {
            inputs: &self.inputs,
            tensors: &tensors,
            masks,
            handles: &handles,
            training: self.is_training,
            dtype: self.dtype,
        };
        let mut results = self
            .layer
            .lower(&mut Call::new(&mut function, of(&given)))?;
        let shapes = self.layer.output_shapes(&self.inputs)?;
        assert_eq!(results.len(), shapes.len(), "{:?}", self.layer);
        let masks = self
            .layer
            .masks(&mut Call::new(&mut function, of(&masks)))?;
        results.extend(masks.into_iter().flatten());
        function.finish(&results).map(|(def, _)| def)
    }

    /// A resource for each variable.
    fn handles(&self, function: &mut FunctionBuilder) -> Result<Handles> {
        let mut handles = Handles::default();
        let mut variables = self.layer.variables(&self.inputs)?;
        variables.extend(self.layer.states(&self.inputs)?);
        for variable in variables {
            let resource = function.argument(&variable.path, DataType::DT_RESOURCE);
            handles.insert(variable.path, Handle::new(resource, variable.dtype));
        }
        for table in self.layer.tables()? {
            let resource = function.argument(&table.path, DataType::DT_RESOURCE);
            let dtype = table.values.dtype();
            handles.insert(table.path, Handle::new(resource, dtype));
        }
        Ok(handles)
    }

    /// The operations of the function but constants and what gives its results.
    #[track_caller]
    pub(crate) fn ops(&self) -> Vec<String> {
        let function = self.function().unwrap();
        let results: Vec<&str> = function.ret.values().map(String::as_str).collect();
        let nodes = function.node_def.iter().filter(|node| {
            let is_result = results.contains(&format!("{}:output:0", node.name).as_str());
            !matches!(node.op.as_str(), "Const" | "NoOp") && (node.op != "Identity" || !is_result)
        });
        nodes.map(|node| node.op.clone()).collect()
    }

    /// Whether the call becomes these operations, constants left out.
    #[track_caller]
    pub(crate) fn check(&self, expected: &[&str]) {
        assert_eq!(self.ops(), expected, "{:?}", self.layer);
    }
}
