//! The names Keras gives: to layers after their class, and distinct from each other.

use std::collections::HashMap;

/// A class name as Keras names its instances: `BatchNormalization` → `batch_normalization`.
///
/// ```
/// use hornfels::keras::naming::snake_case;
/// assert_eq!(snake_case("Conv2DTranspose"), "conv2d_transpose");
/// assert_eq!(snake_case("PReLU"), "p_re_lu");
/// assert_eq!(snake_case("MaxPooling2D"), "max_pooling2d");
/// ```
pub fn snake_case(class_name: &str) -> String {
    let mut name = String::new();
    let mut letters = class_name
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == '_')
        .peekable();
    let mut before = None;
    while let Some(letter) = letters.next() {
        let starts_word = letters.peek().is_some_and(char::is_ascii_lowercase);
        let follows_word = before.as_ref().is_some_and(char::is_ascii_lowercase);
        if before.is_some() && letter.is_ascii_uppercase() && (starts_word || follows_word) {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
        before = Some(letter);
    }
    name
}

/// The path of a variable among those of an optimizer: `dense/kernel` → `dense_kernel`.
pub(crate) fn flattened(path: &str) -> String {
    path.replace('/', "_")
}

/// Whether training leaves alone the variable that a built-in layer calls by this name.
///
/// What a file does not say about its variables is taken from here.
///
/// ```
/// use hornfels::keras::naming::is_statistic;
/// assert!(is_statistic("batch_normalization/moving_mean"));
/// assert!(!is_statistic("dense/kernel"));
/// ```
pub fn is_statistic(path: &str) -> bool {
    const NAMES: [&str; 10] = [
        "moving_mean",
        "moving_variance",
        "moving_stddev",
        "renorm_mean",
        "renorm_stddev",
        "mean",
        "variance",
        "count",
        "seed_generator_state",
        "vector_u",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    NAMES.contains(&name)
}

/// Gives names that are not taken, each in constant time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    /// The number to try first, by base name.
    next: HashMap<String, u64>,
}

impl Numbers {
    /// `base`, or `base_1`, `base_2`, … as Keras counts.
    pub(crate) fn unique(&mut self, base: &str, taken: impl Fn(&str) -> bool) -> String {
        let next = self.next.entry(base.to_owned()).or_default();
        loop {
            let name = match *next {
                0 => base.to_owned(),
                number => format!("{base}_{number}"),
            };
            *next = next.saturating_add(1);
            if !taken(&name) {
                return name;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_keras_splits_them() {
        for (class, expected) in [
            ("Dense", "dense"),
            ("LSTM", "lstm"),
            ("Conv2D", "conv2d"),
            ("Conv1DTranspose", "conv1d_transpose"),
            ("MultiHeadAttention", "multi_head_attention"),
            ("ReLU", "re_lu"),
            ("ELU", "elu"),
            ("LeakyReLU", "leaky_re_lu"),
            ("LSTMCell", "lstm_cell"),
            ("GRU", "gru"),
            ("RMSprop", "rm_sprop"),
            ("AdamW", "adam_w"),
            ("TFSMLayer", "tfsm_layer"),
            ("InputLayer", "input_layer"),
            ("my_package>My_Layer", "my_package_my__layer"),
            ("Größe", "größe"),
            ("", ""),
        ] {
            assert_eq!(snake_case(class), expected);
        }
    }

    #[test]
    fn numbers_make_names_distinct() {
        let mut names = Numbers::default();
        let mut taken = vec!["dense_1".to_owned()];
        for expected in ["dense", "dense_2", "dense_3"] {
            let name = names.unique("dense", |name| taken.iter().any(|it| it == name));
            assert_eq!(name, expected);
            taken.push(name);
        }
    }
}
