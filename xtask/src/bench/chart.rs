//! The bar chart of `docs/performance.svg`: one row of bars per group, one bar per interpreter.
//!
//! Plain shapes and text only, so that every viewer shows it alike.

use std::fmt::Write as _;

use super::report::Means;

/// Pixels per unit of ratio.
const UNIT: f64 = 320.0;
/// Where bars begin, right of the labels.
const LEFT: f64 = 130.0;
/// Height of a bar and of the gap between groups.
const BAR: f64 = 16.0;
const GAP: f64 = 14.0;
/// Ratios beyond this are cut, with their number beside the bar.
const LARGEST: f64 = 1.6;
/// Colours that can be told apart in print.
const COLOURS: [&str; 6] = ["#9aa5b1", "#d9480f", "#1c7ed6", "#2f9e44", "#ae3ec9", "#495057"];

/// The chart as a text of SVG.
pub(super) fn draw(names: &[String], means: &[Means]) -> String {
    let group_height = BAR * names.len() as f64 + GAP;
    let height = 50.0 + group_height * means.len() as f64;
    let width = LEFT + UNIT * LARGEST + 60.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (column, name) in names.iter().enumerate() {
        let x = LEFT + 110.0 * column as f64;
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"12\" width=\"12\" height=\"12\" fill=\"{}\"/>",
            colour(column)
        );
        let _ = writeln!(svg, "<text x=\"{}\" y=\"22\">{}</text>", x + 17.0, escaped(name));
    }
    let line = LEFT + UNIT;
    let _ = writeln!(
        svg,
        "<line x1=\"{line}\" y1=\"34\" x2=\"{line}\" y2=\"{height}\" stroke=\"#adb5bd\" stroke-dasharray=\"4\"/>"
    );
    for (row, group) in means.iter().enumerate() {
        let top = 42.0 + group_height * row as f64;
        let middle = top + BAR * names.len() as f64 / 2.0 + 4.0;
        let _ = writeln!(svg, "<text x=\"10\" y=\"{middle}\">{}</text>", escaped(&group.group));
        for (column, ratio) in group.cost.iter().enumerate() {
            let Some(ratio) = ratio else { continue };
            let (y, length) = (top + BAR * column as f64, UNIT * ratio.min(LARGEST));
            let _ = writeln!(
                svg,
                "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"{}\" fill=\"{}\"/>",
                BAR - 3.0,
                colour(column)
            );
            let _ =
                writeln!(svg, "<text x=\"{:.1}\" y=\"{}\">{ratio:.2}</text>", LEFT + length + 5.0, y + 11.0);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn colour(column: usize) -> &'static str {
    COLOURS[column % COLOURS.len()]
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
