//! What an einsum equation makes of a kernel, a bias and an output: `spec/keras_model.md#einsum`.

use std::collections::HashMap;

use super::shape::{Size, mismatch};
use crate::error::Result;
use crate::tensor::Shape;

/// The shapes that an equation and an input decide.
#[derive(Debug, PartialEq)]
pub(super) struct Einsum {
    pub(super) kernel: Vec<Size>,
    pub(super) bias: Option<Vec<Size>>,
    pub(super) output: Shape,
}

/// `input,kernel->output` in letters; where `...` stood, further axes are passed through.
struct Equation {
    input: Vec<char>,
    kernel: Vec<char>,
    output: Vec<char>,
    /// The axes passed through come first, the batch axis among them.
    elided_left: bool,
}

impl Equation {
    fn parse(text: &str) -> Option<Equation> {
        let text = text.replace(' ', "");
        let (inputs, output) = text.split_once("->")?;
        let (input, kernel) = inputs.split_once(',')?;
        let side = |text: &str| {
            let letters = text.trim_start_matches("...").trim_end_matches("...");
            let plain = letters.chars().all(|letter| letter.is_ascii_alphabetic());
            (plain && !letters.is_empty()).then(|| letters.chars().collect())
        };
        Some(Equation {
            elided_left: input.starts_with("..."),
            input: side(input)?,
            kernel: side(kernel)?,
            output: side(output)?,
        })
    }
}

/// `given` are the sizes of the output after the batch axis, as far as the user gave them.
pub(super) fn analyze(
    equation: &str,
    bias_axes: Option<&str>,
    given: &[Size],
    input: &Shape,
) -> Result<Einsum> {
    let Some(parsed) = Equation::parse(equation) else {
        return Err(mismatch(format!(
            "equation `{equation}`, expected the form `ab,bc->ac`, `...b,bc->...c` or `ab...,bc->ac...`"
        )));
    };
    let Some((own, passed)) = parsed.split(input, given) else {
        return Err(mismatch(format!(
            "an input of shape {input} and an output of {} sizes for the equation `{equation}`",
            given.len()
        )));
    };
    let sizes = parsed.sizes(own, given)?;
    let size_of = |letter: &char| -> Result<Size> {
        sizes.get(letter).copied().ok_or_else(|| {
            mismatch(format!(
                "axis `{letter}` of `{equation}` is neither in the input nor in the output"
            ))
        })
    };
    let kernel = parsed.kernel.iter().map(size_of).collect::<Result<_>>()?;
    let output: Vec<Size> = parsed.output.iter().map(size_of).collect::<Result<_>>()?;
    let bias = bias_axes.map(|axes| bias(&parsed, axes, &output, passed.len()));
    let output = match parsed.elided_left {
        true => passed.iter().chain(&output).copied().collect(),
        false => output.iter().chain(passed).copied().collect(),
    };
    Ok(Einsum {
        kernel,
        bias,
        output: Shape(output),
    })
}

impl Equation {
    /// The sizes of the input that have letters, and those that are passed through.
    fn split<'s>(&self, input: &'s Shape, given: &[Size]) -> Option<(&'s [Size], &'s [Size])> {
        let passed = input.rank().checked_sub(self.input.len())?;
        let with_batch = given.len() + usize::from(!self.elided_left);
        if with_batch != self.output.len() || (self.elided_left && passed == 0) {
            return None;
        }
        let (front, back) = match self.elided_left {
            true => input.0.split_at_checked(passed)?,
            false => input.0.split_at_checked(self.input.len())?,
        };
        Some(if self.elided_left {
            (back, front)
        } else {
            (front, back)
        })
    }

    /// The size of each letter, by the input and by what was given of the output.
    fn sizes(&self, own: &[Size], given: &[Size]) -> Result<HashMap<char, Size>> {
        let mut sizes: HashMap<char, Size> = HashMap::new();
        sizes.extend(self.input.iter().copied().zip(own.iter().copied()));
        let skipped = usize::from(!self.elided_left);
        for (letter, size) in self.output.iter().skip(skipped).zip(given) {
            let known = sizes.entry(*letter).or_insert(*size);
            match (*known, *size) {
                (Some(found), Some(expected)) if found != expected => {
                    return Err(mismatch(format!(
                        "axis `{letter}` of size {found} in the input and {expected} in the output"
                    )));
                }
                (None, size) => *known = size,
                _ => {}
            }
        }
        Ok(sizes)
    }
}

/// From the first axis with a bias on: its size where there is one, else 1.
fn bias(equation: &Equation, axes: &str, output: &[Size], passed: usize) -> Vec<Size> {
    let with_sizes = equation.output.iter().zip(output);
    let from_first = with_sizes.skip_while(|(letter, _)| !axes.contains(**letter));
    let mut bias: Vec<Size> = from_first
        .map(|(letter, size)| {
            if axes.contains(*letter) {
                *size
            } else {
                Some(1)
            }
        })
        .collect();
    if !equation.elided_left {
        bias.extend(std::iter::repeat_n(Some(1), passed));
    }
    bias
}
