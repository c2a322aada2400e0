//! Numbers multiplied, divided and moved.

use crate::error::Result;
use crate::graph::Edge;
use crate::layers::lower::{numbers, size};
use crate::layers::preprocessing::Rescaling;
use crate::layers::shape::{axis, known};
use crate::layers::{Call, Normalization};
use crate::proto::tensorflow::DataType;

pub(super) fn rescale(layer: &Rescaling, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let (x, dtype) = (call.tensor()?, call.dtype().into());
    let f = &mut *call.function;
    // In single precision first, whatever the layer computes in.
    let scale = numbers(f, &layer.scale, DataType::DT_FLOAT)?;
    let scale = f.cast(&scale, dtype)?;
    let offset = numbers(f, &layer.offset, DataType::DT_FLOAT)?;
    let offset = f.cast(&offset, dtype)?;
    let x = f.cast(x, dtype)?;
    let scaled = f.mul(&x, &scale)?;
    Ok(vec![f.add(&scaled, &offset)?])
}

/// The least deviation that is divided by.
const LEAST: f64 = 1e-7;

pub(crate) fn normalize(layer: &Normalization, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let [mean, variance] = statistics(layer, call)?;
    let (x, dtype) = (call.tensor()?, call.dtype().into());
    let f = &mut *call.function;
    let x = f.cast(x, dtype)?;
    let deviation = f.sqrt(&variance)?;
    let least = f.number_like(&x, LEAST)?;
    let deviation = f.maximum(&deviation, &least)?;
    Ok(vec![if layer.invert {
        let x = f.mul(&x, &deviation)?;
        f.add(&mean, &x)?
    } else {
        let x = f.sub(&x, &mean)?;
        f.div(&x, &deviation)?
    }])
}

/// Mean and variance with the axes of the input, of size 1 where there is one for all.
fn statistics(layer: &Normalization, call: &mut Call<'_>) -> Result<[Edge; 2]> {
    let shape = call.shape()?;
    let places = layer.axis.0.iter().map(|along| axis(shape, *along));
    let mut places: Vec<usize> = places.collect::<Result<_>>()?;
    places.sort_unstable();
    let mut own = Vec::new();
    let mut broadcast = vec![1; shape.rank()];
    for at in places {
        own.push(size(Some(known(shape, at)?)));
        if let (Some(place), Some(found)) = (broadcast.get_mut(at), own.last()) {
            *place = *found;
        }
    }
    let dtype = call.dtype().into();
    let mut of = |path: &str, given: &serde_json::Value| {
        if call.has_variable(path) {
            let value = call.read(path)?;
            return call.function.reshape(&value, &broadcast);
        }
        let f = &mut *call.function;
        let value = numbers(f, given, dtype)?;
        // A number for all, or one for each.
        let sizes = f.constant(own.clone());
        let value = f.op("BroadcastTo").input(&value).input(&sizes).one()?;
        f.reshape(&value, &broadcast)
    };
    Ok([of("mean", &layer.mean)?, of("variance", &layer.variance)?])
}
