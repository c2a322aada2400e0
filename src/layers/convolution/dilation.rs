//! Dilated windows as TensorFlow's kernels for CPUs take them.
//!
//! These have no gradient for dilated windows. So the input is taken apart: places that are
//! `dilation` apart become samples of their own, over which the window moves undilated.

use super::lower::Axis;
use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder};

/// Takes an input apart, does something with the parts, and puts together what that gives.
pub(super) fn apart(
    f: &mut FunctionBuilder,
    x: &Edge,
    axes: &[Axis],
    is_same: bool,
    own: impl FnOnce(&mut FunctionBuilder, &Edge) -> Result<Edge>,
) -> Result<Edge> {
    let borders: Vec<(i32, i32)> = axes.iter().map(|axis| borders(axis, is_same)).collect();
    let (paddings, crops) = match whole(axes, &borders) {
        Some(missing) => {
            let ends = borders.iter().zip(&missing);
            let paddings =
                ends.map(|((before, after), more)| (*before, after.saturating_add(*more)));
            let paddings: Vec<(i32, i32)> = paddings.collect();
            let crops: Vec<(i32, i32)> = missing.into_iter().map(|more| (0, more)).collect();
            (f.pairs(&paddings)?, f.pairs(&crops)?)
        }
        None => computed(f, x, axes, &borders)?,
    };
    let rates: Vec<i32> = axes.iter().map(|axis| axis.dilation).collect();
    let rates = f.constant(rates);
    let parts = f.op("SpaceToBatchND").input(x).input(&rates);
    let parts = parts.input(&paddings).one()?;
    let y = own(f, &parts)?;
    let y = f.op("BatchToSpaceND").input(&y).input(&rates);
    y.input(&crops).one()
}

/// What padding adds before and after an axis.
fn borders(axis: &Axis, is_same: bool) -> (i32, i32) {
    let reach = axis.reach();
    match is_same {
        true => (reach / 2, reach.saturating_sub(reach / 2)),
        false => (0, 0),
    }
}

/// What each axis lacks to be a multiple of its dilation, if all sizes are known.
fn whole(axes: &[Axis], borders: &[(i32, i32)]) -> Option<Vec<i32>> {
    let each = axes.iter().zip(borders);
    each.map(|(axis, (before, after))| {
        let size = axis.input?.checked_add(*before)?.checked_add(*after)?;
        size.checked_neg()?.checked_rem_euclid(axis.dilation)
    })
    .collect()
}

/// The paddings and crops of an input whose sizes are found when the function runs.
fn computed(
    f: &mut FunctionBuilder,
    x: &Edge,
    axes: &[Axis],
    borders: &[(i32, i32)],
) -> Result<(Edge, Edge)> {
    let sizes = f.shape(x)?;
    let (mut paddings, mut crops) = (Vec::new(), Vec::new());
    for (place, (axis, (before, after))) in (1_i32..).zip(axes.iter().zip(borders)) {
        let size = f.size_at(&sizes, place)?;
        let both = f.constant(before.saturating_add(*after));
        let size = f.add(&size, &both)?;
        let size = f.neg(&size)?;
        let rate = f.constant(axis.dilation);
        let missing = f.op("FloorMod").input(&size).input(&rate).one()?;
        let (before, after) = (f.constant(*before), f.constant(*after));
        let end = f.add(&after, &missing)?;
        paddings.push(f.pack(&[before, end])?);
        let zero = f.constant(0_i32);
        crops.push(f.pack(&[zero, missing])?);
    }
    Ok((f.pack(&paddings)?, f.pack(&crops)?))
}
