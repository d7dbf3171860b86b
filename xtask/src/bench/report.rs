//! Tables of ratios: per program, per group, over all; as text and as Markdown.
//!
//! Invariant: every number is a ratio to the first interpreter, except its own column, which has the unit.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{Cell, Row};
use crate::{Failure, workspace};

/// The table in `docs/performance.md` stands between these lines.
const BEGIN: &str = "<!-- table: written by cargo xtask bench --write -->";
const END: &str = "<!-- end of table -->";

/// Rows and their means.
pub(super) struct Report<'a> {
    names: &'a [String],
    rows: &'a [Row],
    unit: &'a str,
}

/// Geometric means of one group: time ratio and memory ratio per interpreter.
pub(super) struct Means {
    /// The group's name.
    pub(super) group: String,
    /// Per interpreter, `None` when no program of the group has a ratio.
    pub(super) cost: Vec<Option<f64>>,
    /// The same for peak memory.
    pub(super) peak: Vec<Option<f64>>,
}

impl<'a> Report<'a> {
    /// Prepares the tables.
    pub(super) fn new(names: &'a [String], rows: &'a [Row], unit: &'a str) -> Self {
        Self { names, rows, unit }
    }

    /// Means per group, in order of their names, and over all programs at the end.
    pub(super) fn group_means(&self) -> Vec<Means> {
        let mut groups: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in self.rows {
            groups.entry(&row.group).or_default().push(row);
        }
        let mut means: Vec<Means> =
            groups.into_iter().map(|(group, rows)| self.means(group, &rows)).collect();
        means.push(self.means("all", &self.rows.iter().collect::<Vec<_>>()));
        means
    }

    fn means(&self, group: &str, rows: &[&Row]) -> Means {
        let mean = |column: usize, part: fn(&Cell) -> f64| {
            let logs: Vec<f64> =
                rows.iter().filter_map(|row| ratio(row, column, part)).map(f64::ln).collect();
            (!logs.is_empty()).then(|| (logs.iter().sum::<f64>() / logs.len() as f64).exp())
        };
        let columns = 0..self.names.len();
        Means {
            group: group.to_owned(),
            cost: columns.clone().map(|column| mean(column, |cell| cell.cost)).collect(),
            peak: columns.map(|column| mean(column, |cell| cell.peak_bytes)).collect(),
        }
    }

    /// All tables for a terminal; also good Markdown.
    pub(super) fn text(&self) -> String {
        let mut text =
            format!("{} (ratio to {}; peak memory ratio in brackets)\n\n", self.unit, self.names[0]);
        let _ = write!(text, "| {:28} | {:>12} |", "program", self.names[0]);
        for name in &self.names[1..] {
            let _ = write!(text, " {name:>14} |");
        }
        text.push_str("\n|---|---|");
        text.push_str(&"---|".repeat(self.names.len() - 1));
        text.push('\n');
        for row in self.rows {
            let first = row.cells[0].map_or_else(|| "wrong".to_owned(), |cell| self.absolute(cell.cost));
            let _ = write!(text, "| {:28} | {first:>12} |", format!("{}/{}", row.group, row.name));
            for column in 1..self.names.len() {
                let time = ratio(row, column, |cell| cell.cost);
                let peak = ratio(row, column, |cell| cell.peak_bytes);
                let _ = write!(text, " {:>14} |", pair(time, peak));
            }
            text.push('\n');
        }
        for means in self.group_means() {
            let _ = write!(text, "| {:28} | {:>12} |", format!("**{}**", means.group), "");
            for column in 1..self.names.len() {
                let _ = write!(text, " {:>14} |", pair(means.cost[column], means.peak[column]));
            }
            text.push('\n');
        }
        text
    }

    fn absolute(&self, cost: f64) -> String {
        if self.unit == "instructions" { format!("{:.0} M", cost / 1e6) } else { format!("{cost:.3} s") }
    }

    /// Puts the table into `docs/performance.md` and the chart beside it.
    pub(super) fn write(&self, chart: &str) -> Result<(), Failure> {
        let docs = workspace::root().join("docs");
        replace_table(&docs.join("performance.md"), BEGIN, END, &self.text())?;
        fs::write(docs.join("performance.svg"), chart)?;
        Ok(())
    }
}

/// Puts a table between two lines of a page.
///
/// # Errors
/// When the page cannot be read or written, or has lost one of the lines.
pub(super) fn replace_table(page: &Path, begin: &str, end: &str, table: &str) -> Result<(), Failure> {
    let shown = page.display();
    let old = fs::read_to_string(page).map_err(|error| format!("{shown}: {error}"))?;
    let (head, rest) = old.split_once(begin).ok_or_else(|| format!("{shown} has lost the line {begin}"))?;
    let (_, tail) = rest.split_once(end).ok_or_else(|| format!("{shown} has lost the line {end}"))?;
    fs::write(page, format!("{head}{begin}\n\n{}\n\n{end}{tail}", table.trim_end()))?;
    println!("written: {shown}");
    Ok(())
}

fn ratio(row: &Row, column: usize, part: impl Fn(&Cell) -> f64) -> Option<f64> {
    let (first, this) = (row.cells[0].as_ref()?, row.cells[column].as_ref()?);
    let ratio = part(this) / part(first);
    ratio.is_finite().then_some(ratio)
}

fn pair(cost: Option<f64>, peak: Option<f64>) -> String {
    match (cost, peak) {
        (Some(cost), Some(peak)) => format!("{cost:.2} ({peak:.2})"),
        (Some(cost), None) => format!("{cost:.2}"),
        (None, _) => "wrong".to_owned(),
    }
}
