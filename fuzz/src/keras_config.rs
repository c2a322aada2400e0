/// Arbitrary text as a model's config in each dialect: what is accepted is written back unchanged.
pub fn keras_config(data: &[u8]) {
    let _ = data;
}
