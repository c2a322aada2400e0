//! Which penalties a layer's config asks for: on what it gives, and on its variables.

use crate::error::Result;
use crate::keras::Object;
use crate::layers::{Regularizer, read_argument};

/// The penalty on what a layer gives.
pub(super) fn of_activity(object: &Object) -> Result<Option<Regularizer>> {
    if object.class_name() == "ActivityRegularization" {
        let number = |key| read_argument::<f64>(object, key).map(Option::unwrap_or_default);
        return Ok(Some(Regularizer::l1_l2(number("l1")?, number("l2")?)));
    }
    read_argument(object, "activity_regularizer")
}

/// The penalty on a variable, by its path from the layer.
pub(super) fn of_variable(object: &Object, path: &str) -> Result<Option<Regularizer>> {
    // Layers hand their arguments on to those they are made of.
    let name = path.rsplit('/').next().unwrap_or(path);
    let argument = match name {
        "depthwise_kernel" => "depthwise",
        "pointwise_kernel" => "pointwise",
        "kernel" if object.class_name().starts_with("Depthwise") => "depthwise",
        _ => name,
    };
    read_argument(object, &format!("{argument}_regularizer"))
}
