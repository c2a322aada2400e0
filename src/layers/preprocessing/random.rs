//! Layers that change images at random in training, and leave them as they are otherwise.

use super::RandomCrop;
use super::resize;
use crate::error::Result;
use crate::graph::{Constant, Edge};
use crate::layers::Call;
use crate::layers::registry::Typed;
use crate::proto::tensorflow::DataType;

/// Images as they are. A function that is called in training fails, and says why.
pub(super) fn still<L: Typed>(_: &L, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let x = call.tensor()?;
    Ok(vec![refuse_training::<L>(call, x)?])
}

/// The same in the type that the layer computes in.
pub(super) fn still_numbers<L: Typed>(_: &L, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let x = call.tensor()?;
    let x = refuse_training::<L>(call, x)?;
    let dtype = call.dtype().into();
    Ok(vec![call.function.cast(&x, dtype)?])
}

/// The middle of images, resized.
pub(super) fn cropped(layer: &RandomCrop, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let cropped = resize::proportional_middle(call, [layer.height, layer.width])?;
    Ok(vec![refuse_training::<RandomCrop>(call, &cropped)?])
}

/// What is drawn in training is Keras's own code, which a model that is rebuilt by Keras has.
fn refuse_training<L: Typed>(call: &mut Call<'_>, x: &Edge) -> Result<Edge> {
    if !call.training() {
        return Ok(x.clone());
    }
    let f = &mut *call.function;
    let message = format!(
        "a layer of the class {} changes images at random in training, which this function does \
         not do: load the model with Keras to train it",
        L::CLASS
    );
    let never = f.constant(Constant::scalar(DataType::DT_BOOL, 0.0)?);
    let message = f.constant(Constant::string(message));
    let refused = f.op("Assert").input(&never).list([&message]).node()?;
    f.op("Identity").input(x).after(&refused).one()
}

#[cfg(test)]
mod tests {
    use crate::layers::lower::testing::Lowering;
    use crate::layers::{Inputs, RandomFlip};

    #[test]
    fn nothing_is_drawn_and_training_fails_by_name() {
        let image = Inputs::one([None, Some(4), Some(5), Some(3)]);
        let layer = RandomFlip::new();
        Lowering::of(&layer, image.clone()).check(&[]);
        let training = Lowering::of(&layer, image).training();
        training.check(&["Assert", "Identity"]);
        let def = training.function().unwrap();
        let text = crate::proto::Message::encode(&def).unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(text.contains("a layer of the class RandomFlip"), "{text}");
    }
}
