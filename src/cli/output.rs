//! Where a command writes: one JSON document, or plain lines and aligned tables.
//!
//! Everything goes through the `Write` it was given. Cells take cleaned text only; lines are cleaned
//! here, and a document has escapes where it holds what a person should not see.

use super::failure::{Failure, Outcome};
use crate::domain::{DisplaySafe, columns, escaped_json};
use serde::Serialize;
use std::io::Write;

/// Plain text or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Plain,
    Json,
}

/// Standard output and standard error of one command.
pub struct Output<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    format: Format,
}

impl<'a> Output<'a> {
    /// Writes to `out`, and what is not the result to `err`.
    pub fn new(out: &'a mut dyn Write, err: &'a mut dyn Write, format: Format) -> Self {
        Self { out, err, format }
    }

    /// The format that was asked for.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The one document of JSON mode; nothing in plain mode.
    pub fn document(&mut self, document: &impl Serialize) -> Outcome {
        if self.format == Format::Json {
            let text = serde_json::to_string(document)
                .map_err(|error| Failure::machine("Can't write JSON", &error))?;
            writeln!(self.out, "{}", escaped_json(&text))?;
        }
        Ok(())
    }

    /// A line of the result in plain mode; nothing in JSON mode.
    pub fn line(&mut self, text: &str) -> Outcome {
        if self.format == Format::Plain {
            writeln!(self.out, "{}", cleaned(text))?;
        }
        Ok(())
    }

    /// A remark for the person, beside the result; nothing in JSON mode.
    pub fn remark(&mut self, text: &str) -> Outcome {
        if self.format == Format::Plain {
            writeln!(self.err, "{}", cleaned(text))?;
        }
        Ok(())
    }

    /// Text as it is, in either mode: completions, the manual page.
    pub fn raw(&mut self, bytes: &[u8]) -> Outcome {
        Ok(self.out.write_all(bytes)?)
    }

    /// Rows under a heading; nothing in JSON mode.
    pub fn table(&mut self, table: &Table) -> Outcome {
        if self.format == Format::Plain {
            self.out.write_all(table.render().as_bytes())?;
        }
        Ok(())
    }

    /// The same beside the result, as [`Output::remark`].
    pub fn aside(&mut self, table: &Table) -> Outcome {
        if self.format == Format::Plain {
            self.err.write_all(table.render().as_bytes())?;
        }
        Ok(())
    }

    /// Says why the command failed.
    pub fn failure(&mut self, failure: &Failure) -> Outcome {
        let words = failure.to_string();
        if words.is_empty() {
            return Ok(());
        }
        match self.format {
            Format::Plain => {
                writeln!(self.err, "rollbook: {}", cleaned(&words))?;
                if let Failure::Changed(meanwhile) = failure {
                    for line in &meanwhile.lines {
                        writeln!(self.err, "{}", cleaned(line))?;
                    }
                }
            }
            Format::Json => {
                let mut error = serde_json::json!({
                    "error": { "code": failure.code(), "message": words }
                });
                if let (Failure::Changed(meanwhile), Some(error)) =
                    (failure, error.get_mut("error"))
                {
                    error["current"] = meanwhile.current.clone();
                }
                writeln!(self.err, "{}", escaped_json(&error.to_string()))?;
            }
        }
        Ok(())
    }

    /// Hands everything on.
    pub fn flush(&mut self) -> Outcome {
        self.out.flush()?;
        Ok(self.err.flush()?)
    }
}

/// The text with each of its lines cleaned: what is told may repeat what somebody typed.
pub fn cleaned(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| DisplaySafe::new(line).to_string())
        .collect();
    lines.join("\n")
}

/// Aligned columns.
#[derive(Debug, Default)]
pub struct Table {
    heading: Vec<&'static str>,
    rows: Vec<Vec<DisplaySafe>>,
}

impl Table {
    /// An empty table with these column titles.
    pub fn new(heading: &[&'static str]) -> Self {
        Self {
            heading: heading.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, one cell per column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = DisplaySafe>) {
        self.rows.push(cells.into_iter().collect());
    }

    fn render(&self) -> String {
        let heading: Vec<&str> = self.heading.clone();
        let rows = self
            .rows
            .iter()
            .map(|row| row.iter().map(DisplaySafe::as_str).collect::<Vec<_>>());
        let lines: Vec<Vec<&str>> = std::iter::once(heading).chain(rows).collect();
        let widths: Vec<usize> = (0..self.heading.len())
            .map(|column| {
                let cells = lines.iter().filter_map(|line| line.get(column));
                cells.map(|cell| columns(cell)).max().unwrap_or_default()
            })
            .collect();
        lines.iter().map(|line| aligned(line, &widths)).collect()
    }
}

/// One line, its cells padded to the widths of their columns, two blanks between.
fn aligned(cells: &[&str], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        line.push_str(cell);
        line.extend(std::iter::repeat_n(
            ' ',
            (width + 2).saturating_sub(columns(cell)),
        ));
    }
    format!("{}\n", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::{Failure, Format, Output, Table};

    fn plain(write: impl FnOnce(&mut Output<'_>)) -> (String, String) {
        written(Format::Plain, write)
    }

    fn written(format: Format, write: impl FnOnce(&mut Output<'_>)) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        write(&mut Output::new(&mut out, &mut err, format));
        (
            String::from_utf8(out).unwrap(),
            String::from_utf8(err).unwrap(),
        )
    }

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let mut table = Table::new(&["EMAIL", "NAME"]);
        table.row(["a@x.com".into(), "名前".into()]);
        table.row(["longer@example.com".into(), "Ada".into()]);
        let (out, _) = plain(|output| output.table(&table).unwrap());
        assert_eq!(
            out,
            "EMAIL               NAME\na@x.com             名前\nlonger@example.com  Ada\n"
        );
    }

    #[test]
    fn hostile_text_does_not_reach_the_terminal() {
        let mut table = Table::new(&["NAME"]);
        table.row(["\u{1b}[2Jgone\u{202E}".into()]);
        let (out, _) = plain(|output| output.table(&table).unwrap());
        assert!(!out.contains('\u{1b}') && !out.contains('\u{202E}'));
    }

    #[test]
    fn json_mode_prints_the_document_and_nothing_else() {
        let (out, err) = written(Format::Json, |output| {
            output.line("a line").unwrap();
            output.remark("a remark").unwrap();
            output.table(&Table::new(&["X"])).unwrap();
            output.document(&serde_json::json!({"a": 1})).unwrap();
        });
        assert_eq!((out.as_str(), err.as_str()), ("{\"a\":1}\n", ""));
    }

    #[test]
    fn failures_are_an_object_on_standard_error() {
        let failure = Failure::NotFound("member not found".to_owned());
        let (out, err) = written(Format::Json, |output| output.failure(&failure).unwrap());
        assert_eq!(out, "");
        let error: serde_json::Value = serde_json::from_str(&err).unwrap();
        assert_eq!(error["error"]["code"], "not_found");
        assert_eq!(error["error"]["message"], "member not found");
        let (_, err) = plain(|output| output.failure(&failure).unwrap());
        assert_eq!(err, "rollbook: member not found\n");
    }
}
