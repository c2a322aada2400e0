//! Columns of text, as wide as what is in them.

use crate::terminal::{Style, Terminal};

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A table with a row of titles; the last column is wrapped to fit a terminal.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    cells: Vec<String>,
    style: Option<Style>,
}

/// The gap between columns.
const GAP: usize = 2;
/// The last column is not wrapped to less than this.
const NARROWEST: usize = 24;

impl Table {
    pub(crate) fn new(columns: impl Into<Vec<(&'static str, Align)>>) -> Table {
        Table {
            columns: columns.into(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, which has as many cells as there are columns.
    pub(crate) fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.rows.push(Row {
            cells: cells.into(),
            style: None,
        });
    }

    /// Adds a row that stands out, or stands back.
    pub(crate) fn styled_row(&mut self, cells: impl Into<Vec<String>>, style: Style) {
        self.rows.push(Row {
            cells: cells.into(),
            style: Some(style),
        });
    }

    /// The table as lines of text, without the spaces that would end them.
    pub(crate) fn render(&self, terminal: &Terminal) -> String {
        let widths = self.widths(terminal.width);
        let titles: Vec<String> = self
            .columns
            .iter()
            .map(|(title, _)| (*title).into())
            .collect();
        let mut text = String::new();
        if titles.iter().any(|title| !title.is_empty()) {
            let line = self.line(&titles, &widths);
            text.push_str(&Style::Bold.paint(&line, terminal.color));
            text.push('\n');
            let across = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
            text.push_str(&Style::Dim.paint(&"-".repeat(across), terminal.color));
            text.push('\n');
        }
        for row in &self.rows {
            for line in self.wrapped(&row.cells, &widths) {
                let line = self.line(&line, &widths);
                text.push_str(&match row.style {
                    Some(style) => style.paint(&line, terminal.color),
                    None => line,
                });
                text.push('\n');
            }
        }
        text
    }

    fn widths(&self, screen: Option<usize>) -> Vec<usize> {
        let cell = |at: usize, row: &Row| row.cells.get(at).map_or(0, |cell| length(cell));
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, (title, _))| {
                let widest = self.rows.iter().map(|row| cell(at, row)).max().unwrap_or(0);
                widest.max(length(title))
            })
            .collect();
        let all = widths.iter().map(|width| width + GAP).sum::<usize>();
        if let (Some(screen), Some(last)) = (screen, widths.last_mut()) {
            let left = (screen + *last + GAP).saturating_sub(all);
            *last = (*last).min(left.max(NARROWEST));
        }
        widths
    }

    /// A row as lines: all of it in the first but for what is too long in the last column.
    fn wrapped(&self, row: &[String], widths: &[usize]) -> Vec<Vec<String>> {
        let (Some((last, before)), Some(width)) = (row.split_last(), widths.last()) else {
            return Vec::new();
        };
        let pieces = wrap(last, *width);
        let lines = pieces.into_iter().enumerate().map(|(at, piece)| {
            let mut line = match at {
                0 => before.to_vec(),
                _ => vec![String::new(); before.len()],
            };
            line.push(piece);
            line
        });
        lines.collect()
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, (_, align)), width) in cells.iter().zip(&self.columns).zip(widths) {
            let pad = " ".repeat(width.saturating_sub(length(cell)));
            match align {
                Align::Left => line.extend([cell.as_str(), &pad]),
                Align::Right => line.extend([pad.as_str(), cell]),
            }
            line.push_str(&" ".repeat(GAP));
        }
        line.truncate(line.trim_end().len());
        line
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// Cuts text into lines of at most `width` characters, after a comma or space where there is one.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        if !line.is_empty() && length(&line) + length(word.trim_end()) > width {
            lines.push(std::mem::take(&mut line));
        }
        for character in word.chars() {
            if length(&line) >= width && character != ' ' {
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
    }
    lines.push(line);
    lines
        .iter()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new([
            ("Name", Align::Left),
            ("N", Align::Right),
            ("From", Align::Left),
        ]);
        table.row(["a".into(), "1,000".into(), String::new()]);
        table.row([
            "bcdef".into(),
            "2".into(),
            "one[0][0], two[0][0], three[0][0]".into(),
        ]);
        table
    }

    fn terminal(width: Option<usize>) -> Terminal {
        let global = crate::arguments::Global {
            json: false,
            quiet: false,
            color: crate::terminal::Color::Never,
        };
        let mut terminal = Terminal::of_process(&global);
        terminal.width = width;
        terminal
    }

    #[test]
    fn columns_are_as_wide_as_their_text() {
        let expected = "\
Name       N  From
-----------------------------------------------
a      1,000
bcdef      2  one[0][0], two[0][0], three[0][0]
";
        assert_eq!(table().render(&terminal(None)), expected);
    }

    #[test]
    fn a_terminal_wraps_the_last_column() {
        let expected = "\
Name       N  From
--------------------------------------
a      1,000
bcdef      2  one[0][0], two[0][0],
              three[0][0]
";
        assert_eq!(table().render(&terminal(Some(30))), expected);
    }

    #[test]
    fn words_longer_than_a_line_are_cut() {
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("", 3), [""]);
    }
}
