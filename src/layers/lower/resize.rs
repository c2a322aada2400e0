//! Images in another size.

use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Edge, FunctionBuilder};
use crate::proto::tensorflow::DataType;

/// How the elements of a resized image come from those there were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interpolation {
    Nearest,
    Bilinear,
    Bicubic,
    Area,
    /// One of those that TensorFlow names `gaussian`, `lanczos3`, `lanczos5`, `mitchellcubic`.
    Kernel(&'static str),
}

impl Interpolation {
    /// The one that Keras calls so, in upper or lower case.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidModel`] for other words.
    pub(crate) fn of(word: &str) -> Result<Self> {
        Ok(match word.to_lowercase().as_str() {
            "nearest" => Interpolation::Nearest,
            "bilinear" => Interpolation::Bilinear,
            "bicubic" => Interpolation::Bicubic,
            "area" => Interpolation::Area,
            "gaussian" => Interpolation::Kernel("gaussian"),
            "lanczos3" => Interpolation::Kernel("lanczos3"),
            "lanczos5" => Interpolation::Kernel("lanczos5"),
            "mitchellcubic" => Interpolation::Kernel("mitchellcubic"),
            _ => {
                return Err(Error::new(
                    ErrorKind::InvalidModel,
                    format!(
                        "the interpolation `{word}`, expected `nearest`, `bilinear`, `bicubic`, `area`, `gaussian`, `lanczos3`, `lanczos5` or `mitchellcubic`"
                    ),
                ));
            }
        })
    }
}

/// A batch of images, channels last, with the height and width that `size` holds. But with the
/// nearest elements, they become float32.
pub(crate) fn resize(
    f: &mut FunctionBuilder,
    images: &Edge,
    size: &Edge,
    interpolation: Interpolation,
) -> Result<Edge> {
    let op = match interpolation {
        Interpolation::Nearest => "ResizeNearestNeighbor",
        Interpolation::Bilinear => "ResizeBilinear",
        Interpolation::Bicubic => "ResizeBicubic",
        Interpolation::Area => return f.op("ResizeArea").input(images).input(size).one(),
        Interpolation::Kernel(kernel) => return by_kernel(f, images, size, kernel),
    };
    let resized = f.op(op).input(images).input(size);
    resized.attr("half_pixel_centers", true).one()
}

fn by_kernel(f: &mut FunctionBuilder, images: &Edge, size: &Edge, kernel: &str) -> Result<Edge> {
    // The operation has a gradient in single precision only, in which it computes anyway.
    let images = &f.cast(images, DataType::DT_FLOAT)?;
    let found = height_and_width(f, images)?;
    let found = f.cast(&found, DataType::DT_FLOAT)?;
    let wanted = f.cast(size, DataType::DT_FLOAT)?;
    let factors = f.div(&wanted, &found)?;
    let moved = f.constant([0.0_f32; 2]);
    let op = f.op("ScaleAndTranslate").input(images).input(size);
    let op = op.input(&factors).input(&moved);
    op.attr("kernel_type", kernel)
        .attr("antialias", false)
        .one()
}

/// Height and width of a batch of images, channels last.
pub(crate) fn height_and_width(f: &mut FunctionBuilder, images: &Edge) -> Result<Edge> {
    let shape = f.shape(images)?;
    let (begin, end, step) = (
        f.constant([1_i32]),
        f.constant([3_i32]),
        f.constant([1_i32]),
    );
    let slice = f.op("StridedSlice").input(&shape).input(&begin);
    slice.input(&end).input(&step).one()
}
