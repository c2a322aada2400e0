//! The names Keras gives: of layers after their class, and distinct from each other.

/// A class name as Keras names its instances: `BatchNormalization` → `batch_normalization`.
///
/// ```
/// use hornfels::keras::naming::snake_case;
/// assert_eq!(snake_case("Conv2DTranspose"), "conv2d_transpose");
/// assert_eq!(snake_case("PReLU"), "p_re_lu");
/// assert_eq!(snake_case("MaxPooling2D"), "max_pooling2d");
/// ```
pub fn snake_case(class_name: &str) -> String {
    let letters: Vec<char> = class_name.chars().filter(|c| c.is_alphanumeric()).collect();
    let mut name = String::new();
    for (index, &letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| letters.get(index));
        let after = letters.get(index.saturating_add(1));
        let starts_word =
            letter.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase);
        let follows_word =
            letter.is_ascii_uppercase() && before.is_some_and(char::is_ascii_lowercase);
        if before.is_some() && (starts_word || follows_word) && !name.ends_with('_') {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// `base`, or the first of `base_1`, `base_2`, … that is not taken.
pub(crate) fn unique(base: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(base) {
        return base.to_owned();
    }
    let numbered = (1_u64..).map(|number| format!("{base}_{number}"));
    numbered
        .into_iter()
        .find(|name| !taken(name))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_keras_splits_them() {
        let given = [
            ("Dense", "dense"),
            ("LSTM", "lstm"),
            ("Conv2D", "conv2d"),
            ("MultiHeadAttention", "multi_head_attention"),
            ("ReLU", "re_lu"),
            ("LSTMCell", "lstm_cell"),
            ("InputLayer", "input_layer"),
        ];
        for (class, expected) in given {
            assert_eq!(snake_case(class), expected);
        }
    }

    #[test]
    fn numbers_make_names_distinct() {
        let taken = ["a", "a_1"];
        assert_eq!(unique("a", |name| taken.contains(&name)), "a_2");
        assert_eq!(unique("b", |name| taken.contains(&name)), "b");
    }
}
