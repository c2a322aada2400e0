//! Penalties on variables and on what layers give: `spec/layers.md#penalties`.

use super::length::l2_normalize;
use super::shape::size as sized;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Edge, FunctionBuilder};
use crate::keras::Object;
use crate::layers::{LoweredTensor, Regularizer, read_argument};
use crate::tensor::Shape;

/// A penalty whose factors are known.
enum Penalty {
    /// `l1 · Σ|x| + l2 · Σx²`; a factor of 0 adds nothing.
    Sums { l1: f64, l2: f64 },
    /// `factor` times the mean of what pairs of rows, or of columns, of length 1 have in common.
    Orthogonal { factor: f64, of_rows: bool },
}

impl Penalty {
    fn of(regularizer: &Regularizer) -> Result<Penalty> {
        let class = regularizer.class_name();
        let number = |key, default| regularizer.argument(key).unwrap_or(default);
        // Before Keras 2 wrote names, both factors were `l`.
        let only = |key| number(key, number("l", 0.01));
        Ok(match class {
            "L1" | "l1" => Penalty::Sums {
                l1: only("l1"),
                l2: 0.0,
            },
            "L2" | "l2" => Penalty::Sums {
                l1: 0.0,
                l2: only("l2"),
            },
            "L1L2" => Penalty::Sums {
                l1: number("l1", 0.0),
                l2: number("l2", 0.0),
            },
            "l1_l2" => Penalty::Sums {
                l1: number("l1", 0.01),
                l2: number("l2", 0.01),
            },
            "OrthogonalRegularizer" | "orthogonal_regularizer" => Penalty::Orthogonal {
                factor: number("factor", 0.01),
                of_rows: match regularizer.argument::<String>("mode").as_deref() {
                    None | Some("rows") => true,
                    Some("columns") => false,
                    Some(other) => {
                        let message = format!("`mode` is `{other}`, expected `rows` or `columns`");
                        return Err(Error::new(ErrorKind::InvalidModel, message)
                            .within(format!("regularizer `{class}`")));
                    }
                },
            },
            _ => {
                let message =
                    format!("the regularizer `{class}`, which no traced function is known for");
                return Err(Error::new(ErrorKind::UnknownObject, message).with_hint(
                    "save as .h5, or without traces, which the regularizer's Python code then makes",
                ));
            }
        })
    }
}

/// The penalty of a regularizer on a tensor of that shape, as a scalar.
///
/// # Errors
///
/// [`ErrorKind::UnknownObject`] for a regularizer of another class than Keras's,
/// [`ErrorKind::InvalidModel`] if it does not go with the shape.
pub(crate) fn penalty(
    function: &mut FunctionBuilder,
    regularizer: &Regularizer,
    x: &Edge,
    shape: &Shape,
) -> Result<Edge> {
    match Penalty::of(regularizer)? {
        Penalty::Sums { l1, l2 } => sums(function, l1, l2, x, shape),
        Penalty::Orthogonal { factor, of_rows } => orthogonal(function, factor, of_rows, x, shape),
    }
}

/// The penalty on what a layer gives, for each sample of the batch.
///
/// # Errors
///
/// As [`penalty`].
pub(crate) fn activity_penalty(
    function: &mut FunctionBuilder,
    regularizer: &Regularizer,
    x: &Edge,
    shape: &Shape,
) -> Result<Edge> {
    let penalty = penalty(function, regularizer, x, shape)?;
    let sizes = function.shape(x)?;
    let batch = function.size_at(&sizes, 0)?;
    let batch = function.cast(&batch, penalty.dtype())?;
    function.op("DivNoNan").input(&penalty).input(&batch).one()
}

/// The penalty that a layer's config asks for on what it gives.
///
/// # Errors
///
/// [`ErrorKind::Malformed`](crate::ErrorKind::Malformed) for an argument that is not one.
pub(crate) fn activity_regularizer(object: &Object) -> Result<Option<Regularizer>> {
    if object.class_name() == "ActivityRegularization" {
        let number = |key| read_argument::<f64>(object, key).map(Option::unwrap_or_default);
        return Ok(Some(Regularizer::l1_l2(number("l1")?, number("l2")?)));
    }
    read_argument(object, "activity_regularizer")
}

/// What a layer with this config pays for what it gives.
///
/// # Errors
///
/// As [`activity_regularizer`], and [`penalty`].
pub(crate) fn activity_losses(
    function: &mut FunctionBuilder,
    object: &Object,
    outputs: &[LoweredTensor],
) -> Result<Vec<Edge>> {
    let Some(regularizer) = activity_regularizer(object)? else {
        return Ok(Vec::new());
    };
    let losses = outputs
        .iter()
        .map(|it| activity_penalty(function, &regularizer, &it.value, &it.shape));
    losses.collect()
}

fn sums(f: &mut FunctionBuilder, l1: f64, l2: f64, x: &Edge, shape: &Shape) -> Result<Edge> {
    let mut terms = Vec::new();
    if l1 != 0.0 {
        let size = f.abs(x)?;
        let axes: Vec<i32> = (0_i32..).take(shape.rank()).collect();
        let sum = f.sum(&size, &axes, false)?;
        let factor = f.number_like(x, l1)?;
        terms.push(f.mul(&factor, &sum)?);
    }
    if l2 != 0.0 {
        // Half the sum of squares.
        let half = f.op("L2Loss").input(x).one()?;
        let factor = f.number_like(x, 2.0 * l2)?;
        terms.push(f.mul(&factor, &half)?);
    }
    match terms.as_slice() {
        [] => f.number_like(x, 0.0),
        [only] => Ok(only.clone()),
        several => f.op("AddN").list(several).one(),
    }
}

fn orthogonal(
    f: &mut FunctionBuilder,
    factor: f64,
    of_rows: bool,
    x: &Edge,
    shape: &Shape,
) -> Result<Edge> {
    if shape.rank() != 2 {
        return Err(Error::new(
            ErrorKind::InvalidModel,
            format!("an OrthogonalRegularizer on a tensor of shape {shape}, expected 2 axes"),
        ));
    }
    let (along, size) = match of_rows {
        true => (1, shape.0.first()),
        false => (0, shape.0.get(1)),
    };
    let Some(Some(size)) = size.copied() else {
        return Err(Error::new(
            ErrorKind::InvalidModel,
            format!(
                "an OrthogonalRegularizer on a tensor of shape {shape}, whose pairs have no number"
            ),
        ));
    };
    let x = l2_normalize(f, x, &[along])?;
    let products = f.op("MatMul").input(&x).input(&x);
    let products = match of_rows {
        true => products.attr("transpose_b", true),
        false => products.attr("transpose_a", true),
    };
    let products = products.one()?;
    let (length, zero) = (f.constant([sized(Some(size))]), f.number_like(&x, 0.0)?);
    let zeros = f.op("Fill").input(&length).input(&zero).one()?;
    let main = f.constant(0_i32);
    let others = f.op("MatrixSetDiagV3").input(&products).input(&zeros);
    let others = others.input(&main).one()?;
    let others = f.abs(&others)?;
    let sum = f.sum(&others, &[0, 1], false)?;
    let factor = f.number_like(&x, factor * 0.5)?;
    let sum = f.mul(&factor, &sum)?;
    // A single row has no other one: Keras then divides by 0, too.
    let pairs = f.number_like(&x, pairs(size))?;
    f.div(&sum, &pairs)
}

/// How many pairs there are among so many.
fn pairs(count: u64) -> f64 {
    let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    count * (count - 1.0) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keras::json;
    use crate::layers::config::ConfigValue;
    use crate::proto::tensorflow::DataType;

    /// The operations of a penalty, constants left out.
    fn ops(config: &str, shape: &Shape) -> Result<Vec<String>> {
        let config = json::parse(config).unwrap();
        let regularizer = Regularizer::read(&config).unwrap();
        let mut f = FunctionBuilder::new("f");
        let x = f.argument("x", DataType::DT_FLOAT);
        let penalty = penalty(&mut f, &regularizer, &x, shape)?;
        let (def, _) = f.finish(&[penalty])?;
        let ops = def.node_def.into_iter().map(|node| node.op);
        Ok(ops
            .filter(|op| !["Const", "Identity"].contains(&op.as_str()))
            .collect())
    }

    #[test]
    fn penalties() {
        #[track_caller]
        fn check(config: &str, expected: &[&str]) {
            assert_eq!(ops(config, &Shape::known(&[3, 4])).unwrap(), expected);
        }
        let l1 = ["Abs", "Sum", "Mul"];
        let l2 = ["L2Loss", "Mul"];
        let both = ["Abs", "Sum", "Mul", "L2Loss", "Mul", "AddN"];
        check(r#""l1""#, &l1);
        check(r#""l2""#, &l2);
        check(r#""l1_l2""#, &both);
        check(r#"{"class_name": "L1", "config": {"l1": 0.1}}"#, &l1);
        check(r#"{"class_name": "L2", "config": {"l": 0.1}}"#, &l2);
        check(
            r#"{"class_name": "L1L2", "config": {"l1": 0.1, "l2": 0.2}}"#,
            &both,
        );
        check(
            r#"{"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.2}}"#,
            &l2,
        );
        check(r#"{"class_name": "L1L2", "config": {}}"#, &[]);
        let orthogonal = [
            "Square",
            "Sum",
            "Maximum",
            "Rsqrt",
            "Mul",
            "MatMul",
            "Fill",
            "MatrixSetDiagV3",
            "Abs",
            "Sum",
            "Mul",
            "RealDiv",
        ];
        check(
            r#"{"class_name": "OrthogonalRegularizer", "config": {"mode": "columns"}}"#,
            &orthogonal,
        );
        check(r#""orthogonal_regularizer""#, &orthogonal);
    }

    #[test]
    fn what_is_refused() {
        #[track_caller]
        fn check(config: &str, shape: &[Option<u64>], expected: &str) {
            let error = ops(config, &Shape(shape.to_vec())).unwrap_err();
            assert_eq!(error.message(), expected);
        }
        let matrix = [Some(3), Some(4)];
        check(
            r#"{"class_name": "Mine", "config": {}}"#,
            &matrix,
            "the regularizer `Mine`, which no traced function is known for",
        );
        check(
            r#"{"class_name": "OrthogonalRegularizer", "config": {"mode": "both"}}"#,
            &matrix,
            "`mode` is `both`, expected `rows` or `columns`",
        );
        check(
            r#""orthogonal_regularizer""#,
            &[Some(3)],
            "an OrthogonalRegularizer on a tensor of shape (3,), expected 2 axes",
        );
        check(
            r#""orthogonal_regularizer""#,
            &[None, Some(3)],
            "an OrthogonalRegularizer on a tensor of shape (None, 3), whose pairs have no number",
        );
    }

    #[test]
    fn activity_is_judged_for_each_sample() {
        let mut f = FunctionBuilder::new("f");
        let x = f.argument("x", DataType::DT_HALF);
        let shape = Shape(vec![None, Some(3)]);
        let penalty = activity_penalty(&mut f, &Regularizer::l2(0.1), &x, &shape).unwrap();
        assert_eq!(penalty.dtype(), DataType::DT_HALF);
        let (def, _) = f.finish(&[penalty]).unwrap();
        assert!(def.node_def.iter().any(|node| node.op == "DivNoNan"));
    }
}
