//! Images: windows, sizes, blocks. Channels are last.

use serde_json::json;

use super::Row;
use super::expansion::{Expansion, Operand};
use crate::error::Result;

pub(super) const ROWS: &[Row] = &[
    Row("AveragePool", &["inputs"], |e| {
        pooled(e, ["nn.avg_pool2d", "nn.avg_pool3d"])
    }),
    Row("DepthToSpace", &["x"], |e| blocks(e, "nn.depth_to_space")),
    Row("MaxPool", &["inputs"], |e| {
        pooled(e, ["nn.max_pool2d", "nn.max_pool3d"])
    }),
    Row("Resize", &["images"], resized),
    Row("SpaceToDepth", &["x"], |e| blocks(e, "nn.space_to_depth")),
];

fn channels_last(e: &Expansion<'_>) -> Result<()> {
    match e.setting("data_format")? {
        Some(format) if format != "channels_last" => {
            Err(e.refused(&format!("`data_format` {format}")))
        }
        _ => Ok(()),
    }
}

/// Windows over two or three axes; over one, another of size 1 stands beside it.
fn pooled(e: &mut Expansion<'_>, functions: [&'static str; 2]) -> Result<Operand> {
    channels_last(e)?;
    let mut x = e.operand("inputs")?;
    let axes = e.rank(&x)?.saturating_sub(2);
    let per_axis = |name: &str| -> Result<Option<Vec<i64>>> {
        let sizes = e.integers(name)?;
        Ok(sizes.map(|sizes| match sizes.as_slice() {
            [all] => vec![*all; axes],
            _ => sizes,
        }))
    };
    let size = per_axis("pool_size")?;
    let mut size = size.ok_or_else(|| e.refused("no `pool_size`"))?;
    let mut strides = per_axis("strides")?.unwrap_or_else(|| size.clone());
    let padding = e.setting("padding")?.unwrap_or_else(|| json!("valid"));
    let padding = padding.as_str().unwrap_or_default().to_uppercase();
    let [in_plane, in_space] = functions;
    let function = match axes {
        1 => {
            x = super::axes::with_axis(e, &x, 2);
            size.push(1);
            strides.push(1);
            in_plane
        }
        2 => in_plane,
        3 => in_space,
        _ => return Err(e.refused(&format!("windows over {axes} axes"))),
    };
    let others = [
        ("ksize", json!(size).into()),
        ("strides", json!(strides).into()),
        ("padding", json!(padding).into()),
    ];
    let y = e.call(function, &x, &others, x.dtype());
    match axes {
        1 => Ok(e.call("squeeze", &y, &[("axis", json!([2]).into())], y.dtype())),
        _ => Ok(y),
    }
}

fn blocks(e: &mut Expansion<'_>, function: &'static str) -> Result<Operand> {
    channels_last(e)?;
    let x = e.operand("x")?;
    let size = e.integer("block_size")?;
    let size = size.ok_or_else(|| e.refused("no `block_size`"))?;
    Ok(e.call(
        function,
        &x,
        &[("block_size", json!(size).into())],
        x.dtype(),
    ))
}

fn resized(e: &mut Expansion<'_>) -> Result<Operand> {
    channels_last(e)?;
    let x = e.operand("images")?;
    for flag in ["antialias", "crop_to_aspect_ratio", "pad_to_aspect_ratio"] {
        if e.flag(flag)? {
            return Err(e.refused(&format!("`{flag}`")));
        }
    }
    let size = e.integers("size")?;
    let size = size.ok_or_else(|| e.refused("no `size`"))?;
    let way = e
        .setting("interpolation")?
        .unwrap_or_else(|| json!("bilinear"));
    let others = [("size", json!(size).into()), ("method", way.clone().into())];
    let dtype = x.dtype();
    // Elements that are only chosen keep their type.
    let dtype = if way == "nearest" { dtype } else { "float32" };
    Ok(e.call("image.resize", &x, &others, dtype))
}
