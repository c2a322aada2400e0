//! Paths of variables in a model, and their names in the files of each dialect:
//! `spec/keras_h5.md#variable-names`.

use super::names::without_suffix;
use crate::keras::{Dialect, Network, Part};

/// The cell that Keras 3 puts between a convolutional LSTM and its variables.
const CONV_LSTM_CELL: &str = "conv_lstm_cell/";

/// The path of the variable that a file lists as `stored` with the layer called `layer`.
///
/// It begins with the name of the layer, and in it names every layer on the way to the variable, as
/// Keras 3 does within one.
pub(super) fn path(network: &Network, layer: &str, stored: &str) -> String {
    let rest = within_layer(network, layer, without_suffix(stored));
    match Part::of(network, layer) {
        Some(found) => format!("{layer}/{}", within(found, rest)),
        None => format!("{layer}/{rest}"),
    }
}

/// What follows the name of the layer; all of the name if it does not begin with that.
fn within_layer<'s>(network: &Network, layer: &str, name: &'s str) -> &'s str {
    let after = |name: &'s str| name.strip_prefix(layer)?.strip_prefix('/');
    // Keras 3 begins with the name of the Sequential model that the layer is in.
    let of_model = match name.split_once('/') {
        Some((model, rest)) if network.dialect() == Dialect::Keras3 => {
            let is_model = model == network.name() || model != layer;
            after(rest).filter(|_| is_model)
        }
        _ => None,
    };
    of_model.or_else(|| after(name)).unwrap_or(name)
}

/// The path from a layer to the variable that either dialect calls `name`.
fn within(layer: Part<'_>, name: &str) -> String {
    if layer.is_model() {
        return within_model(layer, name);
    }
    if let Some(wrapped) = layer.wrapped() {
        let own = wrapped.name();
        return match (layer.class_name(), name.split_once('/')) {
            ("Bidirectional", Some((direction, rest))) => {
                format!("{direction}/{}", within(wrapped, rest))
            }
            ("Bidirectional", None) => name.to_owned(),
            ("SpectralNormalization", None) if name == "vector_u" => name.to_owned(),
            (_, Some((first, rest))) if first == own => format!("{own}/{}", within(wrapped, rest)),
            _ => format!("{own}/{}", within(wrapped, name)),
        };
    }
    match layer.class_name() {
        "DepthwiseConv1D" | "DepthwiseConv2D" if name == "depthwise_kernel" => "kernel".to_owned(),
        class if class.starts_with("ConvLSTM") && !name.contains('/') => {
            format!("{CONV_LSTM_CELL}{name}")
        }
        _ => name.to_owned(),
    }
}

/// Both dialects name the variables of a model after its innermost layers.
fn within_model(model: Part<'_>, name: &str) -> String {
    let Some((first, rest)) = name.split_once('/') else {
        return name.to_owned();
    };
    if let Some(layer) = model.layer(first) {
        return format!("{first}/{}", within(layer, rest));
    }
    let mut models = model.layers().into_iter().filter(|it| it.is_model());
    match models.find(|it| has_layer(*it, first)) {
        Some(inner) => format!("{}/{}", inner.name(), within_model(inner, name)),
        None => name.to_owned(),
    }
}

fn has_layer(model: Part<'_>, name: &str) -> bool {
    let inner = model.layers();
    model.layer(name).is_some()
        || inner
            .into_iter()
            .any(|it| it.is_model() && has_layer(it, name))
}

/// The name that `dialect` gives the variable at `path`, which belongs to the layer called `layer`.
pub(super) fn stored(network: &Network, layer: &str, path: &str, dialect: Dialect) -> String {
    let found = Part::of(network, layer);
    let rest = path.strip_prefix(layer).and_then(|it| it.strip_prefix('/'));
    let (Some(found), Some(rest)) = (found, rest) else {
        return suffixed(path.to_owned(), dialect);
    };
    let is_sequential = matches!(network, Network::Sequential(_));
    let scope = match dialect {
        Dialect::Keras3 if is_sequential && !found.is_built_model() => {
            format!("{}/{layer}", network.name())
        }
        _ => layer.to_owned(),
    };
    suffixed(name(found, &scope, rest, dialect), dialect)
}

fn suffixed(name: String, dialect: Dialect) -> String {
    match dialect {
        Dialect::Keras3 => name,
        _ => format!("{name}:0"),
    }
}

/// The name of the variable at `rest`, counted from a layer that has the name `scope`.
fn name(layer: Part<'_>, scope: &str, rest: &str, dialect: Dialect) -> String {
    if layer.is_model() {
        let inner = rest.split_once('/');
        let inner = inner.and_then(|(name, rest)| Some((layer.layer(name)?, name, rest)));
        return match inner {
            Some((inner, own, rest)) => {
                let is_inside =
                    dialect == Dialect::Keras3 && layer.is_sequential() && !inner.is_built_model();
                let scope = if is_inside {
                    format!("{scope}/{own}")
                } else {
                    own.to_owned()
                };
                name(inner, &scope, rest, dialect)
            }
            None => rest.to_owned(),
        };
    }
    if let (Some(wrapped), Some((first, rest))) = (layer.wrapped(), rest.split_once('/')) {
        let scope = match (layer.class_name(), dialect) {
            _ if wrapped.is_built_model() => first.to_owned(),
            ("Bidirectional", _) | (_, Dialect::Keras3) => format!("{scope}/{first}"),
            _ => scope.to_owned(),
        };
        return name(wrapped, &scope, rest, dialect);
    }
    let rest = match (layer.class_name(), dialect) {
        (_, Dialect::Keras3) => rest,
        ("DepthwiseConv1D" | "DepthwiseConv2D", _) if rest == "kernel" => "depthwise_kernel",
        (class, _) if class.starts_with("ConvLSTM") => {
            rest.strip_prefix(CONV_LSTM_CELL).unwrap_or(rest)
        }
        _ => rest,
    };
    format!("{scope}/{rest}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::keras::Object;
    use crate::limits::Limits;

    fn layer(class: &str, name: &str) -> Value {
        json!({"class_name": class, "config": {"name": name}})
    }

    fn wrapper(class: &str, name: &str, inner: Value) -> Value {
        json!({"class_name": class, "config": {"name": name, "layer": inner}})
    }

    fn model(name: &str, layers: Vec<Value>) -> Value {
        json!({"class_name": "Sequential", "config": {"name": name, "layers": layers}})
    }

    fn functional(name: &str, layers: Vec<Value>) -> Value {
        let ends = json!([]);
        json!({"class_name": "Functional", "config":
            {"name": name, "layers": layers, "input_layers": ends, "output_layers": ends}})
    }

    /// A model called `m` of every kind of layer that has a say in names.
    fn network(dialect: Dialect, is_sequential: bool) -> Network {
        let deep = functional("deep", vec![layer("Dense", "deepest")]);
        let layers = vec![
            layer("Dense", "dense"),
            layer("DepthwiseConv2D", "depthwise"),
            layer("ConvLSTM2D", "conv"),
            wrapper("TimeDistributed", "each", layer("Dense", "inner")),
            wrapper(
                "TimeDistributed",
                "each_way",
                wrapper("Bidirectional", "both", layer("LSTM", "lstm")),
            ),
            wrapper(
                "TimeDistributed",
                "each_model",
                functional("f", vec![layer("Dense", "in_f")]),
            ),
            wrapper("SpectralNormalization", "norm", layer("Dense", "normed")),
            wrapper("Bidirectional", "ways", layer("ConvLSTM2D", "conv")),
            functional("graph", vec![layer("Dense", "in_graph"), deep]),
            model(
                "row",
                vec![layer("InputLayer", "in"), layer("Dense", "in_row")],
            ),
            model("late", vec![layer("Dense", "in_late")]),
        ];
        let json = if is_sequential {
            model("m", layers)
        } else {
            functional("m", layers)
        };
        let object = Object::from_json(json, dialect).unwrap();
        Network::from_object(object, &Limits::default()).unwrap()
    }

    /// Layer, path, name in Keras 2, name in Keras 3 within a Sequential model.
    const NAMES: &[(&str, &str, &str, &str)] = &[
        ("dense", "dense/kernel", "dense/kernel:0", "m/dense/kernel"),
        (
            "depthwise",
            "depthwise/kernel",
            "depthwise/depthwise_kernel:0",
            "m/depthwise/kernel",
        ),
        (
            "conv",
            "conv/conv_lstm_cell/bias",
            "conv/bias:0",
            "m/conv/conv_lstm_cell/bias",
        ),
        (
            "each",
            "each/inner/kernel",
            "each/kernel:0",
            "m/each/inner/kernel",
        ),
        (
            "each_way",
            "each_way/both/forward_lstm/lstm_cell/bias",
            "each_way/forward_lstm/lstm_cell/bias:0",
            "m/each_way/both/forward_lstm/lstm_cell/bias",
        ),
        (
            "each_model",
            "each_model/f/in_f/bias",
            "in_f/bias:0",
            "in_f/bias",
        ),
        (
            "norm",
            "norm/normed/kernel",
            "norm/kernel:0",
            "m/norm/normed/kernel",
        ),
        (
            "norm",
            "norm/vector_u",
            "norm/vector_u:0",
            "m/norm/vector_u",
        ),
        (
            "ways",
            "ways/backward_conv/conv_lstm_cell/bias",
            "ways/backward_conv/bias:0",
            "m/ways/backward_conv/conv_lstm_cell/bias",
        ),
        (
            "graph",
            "graph/in_graph/bias",
            "in_graph/bias:0",
            "in_graph/bias",
        ),
        (
            "graph",
            "graph/deep/deepest/bias",
            "deepest/bias:0",
            "deepest/bias",
        ),
        ("row", "row/in_row/bias", "in_row/bias:0", "row/in_row/bias"),
        (
            "late",
            "late/in_late/bias",
            "in_late/bias:0",
            "m/late/in_late/bias",
        ),
    ];

    #[test]
    fn names_of_either_dialect_and_paths_are_the_same_thing() {
        for (layer, expected, in_keras2, in_keras3) in NAMES {
            let named = [
                (network(Dialect::Keras2, true), *in_keras2),
                (network(Dialect::Keras3, true), *in_keras3),
                (
                    network(Dialect::Keras3, false),
                    in_keras3.strip_prefix("m/").unwrap_or(in_keras3),
                ),
            ];
            for (network, name) in named {
                assert_eq!(path(&network, layer, name), *expected, "{name}");
                let written = stored(&network, layer, expected, network.dialect());
                assert_eq!(written, name, "{expected}");
            }
        }
    }

    #[test]
    fn other_names_are_kept_behind_the_layer() {
        let network = network(Dialect::Keras2, true);
        for (layer, name, expected) in [
            ("dense", "dense_1/kernel:0", "dense/dense_1/kernel"),
            ("dense", "dense", "dense/dense"),
            ("graph", "elsewhere/kernel:0", "graph/elsewhere/kernel"),
            ("ways", "kernel:0", "ways/kernel"),
            (
                "top_level_model_weights",
                "scale:0",
                "top_level_model_weights/scale",
            ),
        ] {
            assert_eq!(path(&network, layer, name), expected);
        }
    }
}
