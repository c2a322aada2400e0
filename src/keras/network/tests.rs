use super::*;
use crate::keras::json;

#[track_caller]
fn parse(text: &str, dialect: Dialect) -> Result<Network> {
    let object = Object::from_json(json::parse(text).unwrap(), dialect).unwrap();
    Network::from_object(object, &Limits::default())
}

#[track_caller]
fn check(text: &str, layers: &[&str]) -> Network {
    let network = parse(text, Dialect::Keras2).unwrap();
    let found: Vec<&str> = network.layers().iter().map(Layer::name).collect();
    assert_eq!(found, layers);
    assert_eq!(network.to_object().to_string(), text);
    network
}

#[test]
fn comes_out_as_it_came_in() {
    check(
        r#"{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Mine", "config": {"name": "a", "x": NaN}}], "z": 1}}"#,
        &["a"],
    );
    check(
        r#"{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d"}}]}"#,
        &["d"],
    );
    check(r#"{"class_name": "MyModel", "config": {"layers": 3}}"#, &[]);
    let nested = check(
        r#"{"class_name": "Functional", "config": {"name": "f", "layers": [{"class_name": "Sequential", "config": {"name": "in", "layers": [{"class_name": "Flatten", "config": {"name": "x"}}]}, "name": "outer", "inbound_nodes": []}], "input_layers": [], "output_layers": []}}"#,
        &["outer"],
    );
    let inner = nested.get_layer("outer").unwrap().network().unwrap();
    assert!(inner.get_layer("x").is_some());
    // A user's class that is built like a Functional model.
    check(
        r#"{"class_name": "pack>Mine", "config": {"layers": [{"class_name": "A", "config": {}, "name": "a"}], "input_layers": [], "output_layers": []}}"#,
        &["a"],
    );
}

#[track_caller]
fn refuse(text: &str, limits: Limits, message: &str) {
    let object = Object::from_json(json::parse(text).unwrap(), Dialect::Keras2).unwrap();
    let error = Network::from_object(object, &limits).unwrap_err();
    assert!(error.to_string().contains(message), "{error}");
}

#[test]
fn says_what_is_wrong_with_a_layer() {
    let all = Limits::default();
    let twice = r#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "A", "config": {"name": "a"}}, {"class_name": "B", "config": {"name": "a"}}]}}"#;
    refuse(twice, all, "two layers are called `a`");
    let nameless = r#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "A", "config": {}}]}}"#;
    refuse(nameless, all, "layers[0]: a `A` without a name");
    let wrong = r#"{"class_name": "Sequential", "config": {"layers": 3}}"#;
    refuse(wrong, all, "`layers` is ");
    let without = r#"{"class_name": "Functional", "config": {"layers": []}}"#;
    refuse(without, all, "a Functional model without");
    let end = r#"{"class_name": "Model", "config": {"layers": [], "input_layers": ["a"], "output_layers": []}}"#;
    refuse(end, all, "`input_layers`: found \"a\", expected a tensor");
    let deep = r#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "Sequential", "config": {"name": "a", "layers": []}}]}}"#;
    refuse(
        deep,
        Limits {
            max_depth: 0,
            ..all
        },
        "nest deeper",
    );
}

/// A Functional model of one input, a nested `inner` called on it, and a layer on that.
fn outer(inner: &str, from_inner: &str, call: &str, output: &str) -> String {
    let tensor = |name: &str, node: &str| {
        format!(
            r#"{{"args": [{{"class_name": "__keras_tensor__", "config": {{"shape": [null, 4], "dtype": "float32", "keras_history": ["{name}", {node}, 0]}}}}], "kwargs": {{}}}}"#
        )
    };
    let calls = match call {
        "lists" => (
            r#"[["a", 0, 0, {}]]"#.to_owned(),
            format!(r#"[["inner", {from_inner}, 0, {{}}]]"#),
        ),
        _ => (tensor("a", "0"), tensor("inner", from_inner)),
    };
    format!(
        r#"{{"class_name": "Functional", "config": {{"name": "f", "layers": [{{"class_name": "InputLayer", "config": {{}}, "name": "a", "inbound_nodes": []}}, {{"class_name": "{inner}", "config": {{"name": "inner", "layers": [], "input_layers": [], "output_layers": []}}, "name": "inner", "inbound_nodes": [{}]}}, {{"class_name": "Flatten", "config": {{}}, "name": "x", "inbound_nodes": [{}]}}], "input_layers": [["a", 0, 0]], "output_layers": [["x", 0, 0], ["inner", {output}, 0]]}}}}"#,
        calls.0, calls.1
    )
}

#[test]
fn calls_count_from_zero_however_the_file_counts() {
    use Dialect::{Keras2, Keras3};
    for (dialect, text) in [
        (Keras2, outer("Functional", "1", "lists", "1")),
        (Keras2, outer("Sequential", "1", "lists", "1")),
        // Made without an input shape, a Sequential had no call of its own.
        (Keras2, outer("Sequential", "0", "lists", "0")),
        (Keras3, outer("Functional", "0", "objects", "1")),
        (Keras3, outer("Sequential", "0", "objects", "0")),
    ] {
        let network = parse(&text, dialect).unwrap();
        let Network::Functional(functional) = &network else {
            panic!("a Functional model");
        };
        let node = &functional.get_layer("x").unwrap().nodes().unwrap()[0];
        assert_eq!(node.inputs()[0].node, 0, "{text}");
        assert_eq!(functional.outputs()[1].node, 0, "{text}");
        assert_eq!(functional.inputs().len(), 1);
        assert_eq!(network.to_object().to_string(), text);
    }
}

#[test]
fn calls_that_cannot_be_read_are_carried_and_reported() {
    let text = r#"{"class_name": "Model", "config": {"layers": [{"class_name": "A", "config": {}, "name": "a", "inbound_nodes": [7]}, {"class_name": "B", "config": {}, "name": "b", "inbound_nodes": 7}], "input_layers": [], "output_layers": []}}"#;
    let network = check(text, &["a", "b"]);
    let nodes = |name: &str| {
        network
            .get_layer(name)
            .unwrap()
            .nodes()
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        nodes("a"),
        "layer `a`: inbound_nodes[0]: a call is 7, expected tensors, or `args` and `kwargs`"
    );
    assert_eq!(
        nodes("b"),
        "layer `b`: `inbound_nodes` is 7, expected a list"
    );
}

#[test]
fn a_subclass_of_sequential_is_sequential() {
    let text = r#"{"class_name": "Mine", "config": {"name": "m", "layers": [{"class_name": "A", "config": {"name": "a"}}]}}"#;
    let network = check(text, &["a"]);
    assert!(matches!(network, Network::Sequential(_)));
    for other in ["[]", "[7]", r#"["a"]"#, "null"] {
        let text = format!(r#"{{"class_name": "Mine", "config": {{"layers": {other}}}}}"#);
        assert!(matches!(check(&text, &[]), Network::Subclassed(_)));
    }
}
