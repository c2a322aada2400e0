use hornfels::Limits;
use hornfels::keras::{Dialect, Network, Object, json};

/// Arbitrary text as a model's config in each dialect: what is accepted is written back unchanged.
pub fn keras_config(data: &[u8]) {
    let Some(value) = std::str::from_utf8(data)
        .ok()
        .and_then(|text| json::parse(text).ok())
    else {
        return;
    };
    let printed = json::to_string(&value);
    assert_eq!(json::parse(&printed).unwrap(), value, "{printed}");
    for dialect in [Dialect::Keras1, Dialect::Keras2, Dialect::Keras3] {
        let Ok(object) = Object::from_json(value.clone(), dialect) else {
            continue;
        };
        if let Ok(network) = Network::from_object(object, &Limits::default()) {
            assert_eq!(network.to_object().to_string(), printed);
        }
    }
}
