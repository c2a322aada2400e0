//! Text for people: numbers, sizes, and names that a hostile file chose.

use std::borrow::Cow;

/// A name or message that is safe to show on a terminal.
///
/// Control characters could move the cursor, set colours or forge lines, and direction marks could
/// show a name in another order than it has: they appear as escapes.
pub(crate) fn safe(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_unsafe(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// As [`safe`], but lines and tabs stay as they are.
pub(crate) fn safe_lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) && !matches!(character, '\n' | '\t') {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Text cut to at most `most` characters, the last of which then is an ellipsis.
pub(crate) fn short(text: &str, most: usize) -> Cow<'_, str> {
    if text.chars().count() <= most {
        return Cow::Borrowed(text);
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    Cow::Owned(cut)
}

/// A number with its thousands set apart: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size as Keras's summary shows it: `1.50 KB`, in powers of 1024.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut unit = 0;
    let mut scale = 1_u64;
    while unit + 1 < UNITS.len() && bytes / scale >= 1024 {
        scale *= 1024;
        unit += 1;
    }
    let hundredths = (u128::from(bytes) * 100 + u128::from(scale) / 2) / u128::from(scale);
    format!(
        "{}.{:02} {}",
        hundredths / 100,
        hundredths % 100,
        UNITS[unit]
    )
}

/// A shape as Python prints a tuple: `(2, 3)`, `(4,)`, `()`.
pub(crate) fn shape(sizes: &[u64]) -> String {
    match sizes {
        [one] => format!("({one},)"),
        _ => {
            let sizes: Vec<String> = sizes.iter().map(u64::to_string).collect();
            format!("({})", sizes.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_escaped() {
        assert_eq!(safe("dense_1/kernel:0"), "dense_1/kernel:0");
        assert_eq!(safe("größe"), "größe");
        assert_eq!(safe("a\u{1b}[2Jb\r\n"), "a\\u{1b}[2Jb\\r\\n");
        assert_eq!(safe("a\u{202e}5h.exe"), "a\\u{202e}5h.exe");
        assert_eq!(safe("c1\u{9b}"), "c1\\u{9b}");
        assert_eq!(safe_lines("one\n\ttwo\u{7}"), "one\n\ttwo\\u{7}");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(short("größe", 5), "größe");
        assert_eq!(short("größen", 5), "größ…");
        assert_eq!(short("ab", 0), "…");
    }

    #[test]
    fn numbers_and_sizes() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KB"),
            (1536, "1.50 KB"),
            (1_048_576, "1.00 MB"),
            (u64::MAX, "16777216.00 TB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn shapes_are_tuples() {
        assert_eq!(shape(&[]), "()");
        assert_eq!(shape(&[4]), "(4,)");
        assert_eq!(shape(&[2, 3]), "(2, 3)");
    }
}
