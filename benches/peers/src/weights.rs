//! The tensors that everybody writes and reads.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use hornfels::Tensor;

use crate::Result;

/// Tensors in groups, two in each, as the layers of a Keras model are.
pub(crate) struct Weights {
    pub(crate) groups: Vec<Group>,
}

pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) tensors: Vec<(&'static str, Tensor<'static>)>,
}

impl Weights {
    /// 200 tensors: a tenth of them has four fifths of the bytes, as in models.
    pub(crate) fn like_a_model(mib: usize) -> Result<Self> {
        let elements = (mib << 20) / 4;
        let (large, small) = (elements * 4 / 5 / 20, elements / 5 / 180);
        Weights::new(200, |number| match number % 10 {
            0 => large,
            _ => small,
        })
    }

    /// `count` tensors of 256 bytes.
    pub(crate) fn small(count: usize) -> Result<Self> {
        Weights::new(count, |_| 64)
    }

    fn new(count: usize, elements: impl Fn(usize) -> usize) -> Result<Self> {
        let mut groups: Vec<Group> = Vec::new();
        for number in 0..count {
            let values = bits(elements(number), number);
            let shape = [u64::try_from(values.len())?];
            let tensor = Tensor::from_vec(values, shape)?;
            if number % 2 == 0 {
                groups.push(Group {
                    name: format!("dense_{}", number / 2),
                    tensors: vec![("kernel:0", tensor)],
                });
            } else if let Some(group) = groups.last_mut() {
                group.tensors.push(("bias:0", tensor));
            }
        }
        Ok(Weights { groups })
    }

    /// Each tensor: its group, its name, itself.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, &str, &Tensor<'static>)> {
        self.groups.iter().flat_map(|group| {
            let tensors = group.tensors.iter();
            tensors.map(|(name, tensor)| (group.name.as_str(), *name, tensor))
        })
    }

    pub(crate) fn count(&self) -> usize {
        self.each().count()
    }

    /// How many MiB they have together.
    pub(crate) fn mib(&self) -> Result<usize> {
        let bytes: u64 = self.each().map(|(_, _, tensor)| tensor.byte_len()).sum();
        Ok(usize::try_from(bytes >> 20)?)
    }

    /// Writes down for h5py what there is.
    pub(crate) fn describe(&self, path: &Path) -> Result<()> {
        let mut lines = String::new();
        for (group, name, tensor) in self.each() {
            writeln!(lines, "{group}\t{name}\t{}", tensor.len())?;
        }
        Ok(fs::write(path, lines)?)
    }
}

/// Floats that a compressor can do little with, none of them NaN.
fn bits(count: usize, seed: usize) -> Vec<f32> {
    let mut state = u32::try_from(seed).unwrap_or(0).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from_bits(state >> 2)
    };
    (0..count).map(|_| next()).collect()
}
