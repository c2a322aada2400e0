//! Layers that prepare data: images, numbers, categories, text.
//!
//! What a layer has learned from data stands in its config (vocabularies, boundaries); tables of
//! a lookup are no variables.
//!
//! ```
//! use hornfels::layers::{Inputs, Layer, Resizing, StringLookup};
//! let image = Inputs::one([None, None, None, Some(3)]);
//! let resized = Resizing::new(32, 48).output_shapes(&image)?;
//! assert_eq!(resized[0].to_string(), "(None, 32, 48, 3)");
//!
//! let lookup = StringLookup::new().vocabulary(vec!["a", "b"]).output_mode("multi_hot");
//! let words = Inputs::one([None, Some(7)]);
//! assert_eq!(lookup.output_shapes(&words)?[0].to_string(), "(None, 3)");
//! # Ok::<(), hornfels::Error>(())
//! ```

mod category;
mod encode;
mod image;
mod lookup;
mod random;
mod resize;
mod scale;
mod text;

pub use category::{
    CategoryEncoding, Discretization, HashedCrossing, Hashing, IntegerLookup, StringLookup,
    TextVectorization,
};
pub use image::{
    CenterCrop, RandomBrightness, RandomContrast, RandomCrop, RandomFlip, RandomHeight,
    RandomRotation, RandomTranslation, RandomWidth, RandomZoom, Rescaling, Resizing,
};

pub(super) use scale::normalize;

use super::registry::LayerRegistry;

pub(super) fn register(registry: &mut LayerRegistry) {
    image::register(registry);
    category::register(registry);
}
