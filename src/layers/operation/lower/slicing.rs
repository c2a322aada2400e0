//! `tensor[…]`.

use super::{Recorded, small};
use crate::error::Result;
use crate::graph::Edge;
use crate::layers::operation::slicing::{Part, parts};

/// The arguments of a strided slice.
#[derive(Default)]
struct Strided {
    begin: Vec<i32>,
    end: Vec<i32>,
    step: Vec<i32>,
    begin_mask: i64,
    end_mask: i64,
    ellipsis_mask: i64,
    new_axis_mask: i64,
    shrink_axis_mask: i64,
}

impl Strided {
    fn push(&mut self, part: &Part) -> Result<()> {
        let bit = 1_i64.wrapping_shl(u32::try_from(self.begin.len()).unwrap_or(u32::MAX));
        let (mut begin, mut end, mut step) = (0, 0, 1);
        match part {
            Part::New => self.new_axis_mask |= bit,
            Part::Ellipsis => self.ellipsis_mask |= bit,
            Part::Index(index) => {
                self.shrink_axis_mask |= bit;
                begin = small(*index)?;
                // The place after the last cannot be named from the end.
                match begin {
                    -1 => self.end_mask |= bit,
                    _ => end = begin.saturating_add(1),
                }
            }
            Part::Slice(from, to, by) => {
                begin = bound(*from, &mut self.begin_mask, bit)?;
                end = bound(*to, &mut self.end_mask, bit)?;
                step = small(by.unwrap_or(1))?;
            }
        }
        self.begin.push(begin);
        self.end.push(end);
        self.step.push(step);
        Ok(())
    }
}

/// A bound, or 0 and a bit in the mask of those there are not.
fn bound(bound: Option<i64>, mask: &mut i64, bit: i64) -> Result<i32> {
    match bound {
        Some(bound) => small(bound),
        None => {
            *mask |= bit;
            Ok(0)
        }
    }
}

pub(super) fn sliced(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let mut strided = Strided::default();
    for part in &parts(&r.arguments)? {
        strided.push(part)?;
    }
    let (x, f) = (r.x()?, r.f());
    let begin = f.constant(strided.begin);
    let end = f.constant(strided.end);
    let step = f.constant(strided.step);
    let slice = f.op("StridedSlice").input(x).input(&begin);
    let slice = slice.input(&end).input(&step);
    slice
        .attr("begin_mask", strided.begin_mask)
        .attr("end_mask", strided.end_mask)
        .attr("ellipsis_mask", strided.ellipsis_mask)
        .attr("new_axis_mask", strided.new_axis_mask)
        .attr("shrink_axis_mask", strided.shrink_axis_mask)
        .one()
}
