//! Models that everybody saves.

use hornfels::Tensor;
use hornfels::keras::{Model, Sequential};
use hornfels::layers::Dense;

use crate::Result;

/// A hundred equal layers that have `mib` MiB together.
pub(crate) fn hundred_layers(mib: usize) -> Result<Model<'static>> {
    let units = ((mib << 20) / 400).isqrt();
    let elements = units * units;
    let units = u64::try_from(units)?;
    let mut network = Sequential::new("large").add(Dense::new(units).input_shape([units]));
    for _ in 1..100 {
        network = network.add(Dense::new(units));
    }
    let mut model = Model::build(network)?;
    let kernel = Tensor::from_vec(vec![0.5_f32; elements], [units, units])?;
    let paths: Vec<String> = model.variables.iter().map(|it| it.path.clone()).collect();
    for path in paths.iter().filter(|path| path.ends_with("kernel")) {
        model.set_variable(path, kernel.clone())?;
    }
    Ok(model)
}
