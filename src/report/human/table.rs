//! A table whose last columns wrap, so that it fits the width of a page.

use std::io::{self, Write};

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::style::LABEL;

/// How wide a page is, in columns of a terminal.
pub(super) const PAGE: usize = 100;

/// Rows under headings.
#[derive(Debug)]
pub(super) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// Blanks between two columns.
const GAP: usize = 2;
/// A column is not made narrower than this to make room for others.
const NARROWEST: usize = 12;

impl Table {
    pub(super) fn new(headings: &[&'static str]) -> Table {
        Table {
            headings: headings.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row of as many cells as there are headings.
    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the table, every line behind `indent` blanks.
    pub(super) fn write(&self, out: &mut dyn Write, indent: usize) -> io::Result<()> {
        let widths = self.widths(PAGE.saturating_sub(indent));
        let headings: Vec<String> = self.headings.iter().map(|&text| text.to_owned()).collect();
        write_row(out, indent, &widths, &headings, LABEL)?;
        for row in &self.rows {
            write_row(out, indent, &widths, row, Style::new())?;
        }
        Ok(())
    }

    /// Every column as wide as its longest cell; where that is too much, the widest give way.
    fn widths(&self, page: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self
            .headings
            .iter()
            .enumerate()
            .map(|(column, heading)| {
                self.rows
                    .iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.width())
                    .chain([heading.width()])
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let gaps = GAP * widths.len().saturating_sub(1);
        let room = page.saturating_sub(gaps);
        while widths.iter().sum::<usize>() > room {
            match widths.iter_mut().max() {
                Some(widest) if *widest > NARROWEST => *widest -= 1,
                _ => break,
            }
        }
        widths
    }
}

fn write_row(
    out: &mut dyn Write,
    indent: usize,
    widths: &[usize],
    cells: &[String],
    style: Style,
) -> io::Result<()> {
    let wrapped: Vec<Vec<String>> = cells
        .iter()
        .zip(widths)
        .map(|(cell, &width)| wrap(cell, width))
        .collect();
    let lines = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    for line in 0..lines {
        let mut text = " ".repeat(indent);
        for (column, (parts, &width)) in wrapped.iter().zip(widths).enumerate() {
            let part = parts.get(line).map_or("", String::as_str);
            text.push_str(part);
            if column + 1 < widths.len() {
                let fill = width.saturating_sub(part.width()) + GAP;
                text.push_str(&" ".repeat(fill));
            }
        }
        writeln!(out, "{style}{}{style:#}", text.trim_end())?;
    }
    Ok(())
}

/// Cuts a text into lines of at most `width` columns: behind a blank or a `;`, or where that would leave two thirds
/// of the line empty, behind `\`, `/` or `,`, else in the midst of a word.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while rest.width() > width {
        let (line, more) = rest
            .split_at_checked(line_end(rest, width))
            .unwrap_or((rest, ""));
        lines.push(line.trim_end().to_owned());
        rest = more.trim_start();
    }
    if !rest.is_empty() || lines.is_empty() {
        lines.push(rest.to_owned());
    }
    lines
}

/// Where the first line of a text that is too wide ends.
fn line_end(text: &str, width: usize) -> usize {
    let (mut used, mut fits, mut blank, mut mark) = (0, 0, 0, 0);
    for (at, c) in text.char_indices() {
        used += UnicodeWidthChar::width(c).unwrap_or(0);
        if used > width {
            break;
        }
        fits = at + c.len_utf8();
        match c {
            ' ' | ';' if used * 3 > width => blank = fits,
            ' ' | ';' | '\\' | '/' | ',' => mark = fits,
            _ => {}
        }
    }
    let first = text.chars().next().map_or(1, char::len_utf8);
    [blank, mark, fits, first]
        .into_iter()
        .find(|&end| end > 0)
        .unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_table_wraps_within_the_page() {
        let mut table = Table::new(&["TASK", "TO"]);
        table.row(vec![
            format!("\\Package{}", "\\Sequence Container".repeat(6)),
            "somebody@example.com;".repeat(8),
        ]);
        let mut out = Vec::new();
        table.write(&mut out, 4).unwrap();
        let text = String::from_utf8(out).unwrap();
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(text.lines().count() > 3);
        for line in text.lines() {
            assert!(line.width() <= PAGE, "{line}");
        }
        assert_eq!(text.matches("somebody@example.com;").count(), 8);
    }

    #[test]
    fn words_longer_than_the_width_are_cut() {
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("ab cd", 3), ["ab", "cd"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap("漢字漢", 3), ["漢", "字", "漢"]);
        assert_eq!(wrap("漢", 1), ["漢"]);
    }

    #[test]
    fn lines_end_at_blanks_rather_than_in_paths() {
        assert_eq!(
            wrap("project etl/Etl.dtproj", 18),
            ["project", "etl/Etl.dtproj"]
        );
        assert_eq!(wrap("a etl/development/x", 16), ["a etl/", "development/x"]);
    }
}
