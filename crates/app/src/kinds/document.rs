//! The reference of kinds, `docs/kinds.md`, made from their table.
//!
//! Invariant: the page holds nothing that the table does not say; a test compares them.

use std::fmt::Write as _;

use super::table::{KINDS, LIFECYCLE};
use super::{Key, Shape, Support};

/// The whole page.
pub fn page() -> String {
    let mut out = String::from(
        "# Kinds of entries\n\n\
         This page is made from the table of kinds (`crates/app/src/kinds/table.rs`); `cargo test -p wippy-app` says when it is\n\
         out of date, and `WIPPY_UPDATE=1 cargo test -p wippy-app` writes it again.\n\n\
         A key marked **required** must be there. A reference to an entry is an ID (`namespace:name`), or a bare name in the\n\
         namespace of the entry around it. Durations are written `500ms`, `5s`, `1m30s`. Unknown keys have no effect;\n\
         `wippy lint --level hint` lists them.\n",
    );
    for kind in KINDS.iter().filter(|kind| kind.support != Support::Later) {
        let _ = write!(out, "\n## {}\n\n{}.", kind.name, capital(kind.summary));
        if kind.support == Support::Stored {
            out.push_str(" Stored and found; it has no effect in this release.");
        }
        out.push('\n');
        table(&mut out, kind.keys, "");
        if !kind.meta.is_empty() {
            out.push_str("\nMetadata with a meaning:\n");
            table(&mut out, kind.meta, "meta.");
        }
    }
    out.push_str("\n## lifecycle\n\nA key of everything that starts and stops.\n");
    table(&mut out, LIFECYCLE, "lifecycle.");
    out.push_str("\n## Not in this release\n\nAn application that has entries of these kinds does not start; `wippy registry list` shows them.\n\n");
    for kind in KINDS.iter().filter(|kind| kind.support == Support::Later) {
        let _ = writeln!(out, "- `{}`: {}", kind.name, kind.summary);
    }
    out
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn table(out: &mut String, keys: &[Key], prefix: &str) {
    let mut rows = Vec::new();
    collect(keys, prefix, &mut rows);
    if rows.is_empty() {
        out.push_str("\nNo keys of its own.\n");
        return;
    }
    out.push_str("\n| Key | Value | Default | Meaning |\n|---|---|---|---|\n");
    for (name, key) in rows {
        let default = match (key.required, key.default) {
            (true, _) => "**required**".to_owned(),
            (false, "") => String::new(),
            (false, text) => format!("`{text}`"),
        };
        let _ = writeln!(out, "| `{name}` | {} | {default} | {} |", shape(key.shape), key.meaning);
    }
}

fn collect<'a>(keys: &'a [Key], prefix: &str, rows: &mut Vec<(String, &'a Key)>) {
    for key in keys {
        let name = format!("{prefix}{}", key.name);
        rows.push((name.clone(), key));
        match key.shape {
            Shape::Table(_) if key.name == "lifecycle" => {}
            Shape::Table(inner) => collect(inner, &format!("{name}."), rows),
            Shape::Rows(inner) => collect(inner, &format!("{name}[]."), rows),
            _ => {}
        }
    }
}

fn shape(shape: Shape) -> String {
    match shape {
        Shape::Any => "anything".to_owned(),
        Shape::Name => "string, not empty".to_owned(),
        Shape::Text => "string".to_owned(),
        Shape::Switch => "boolean".to_owned(),
        Shape::Whole(least, most) => match (least, most) {
            (i64::MIN, _) => "whole number".to_owned(),
            (least, most) if most >= 1_000_000 => format!("whole number from {least}"),
            (least, most) => format!("whole number, {least} to {most}"),
        },
        Shape::Number => "number".to_owned(),
        Shape::Duration => "duration".to_owned(),
        Shape::Mode => "octal permissions".to_owned(),
        Shape::Scalar => "string, number or boolean".to_owned(),
        Shape::Id => "reference".to_owned(),
        Shape::Ids => "list of references".to_owned(),
        Shape::Names => "list of strings".to_owned(),
        Shape::List => "list".to_owned(),
        Shape::Word(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Shape::Map => "map".to_owned(),
        Shape::Imports => "map of references".to_owned(),
        Shape::Table(_) => "map".to_owned(),
        Shape::Rows(_) => "list of maps".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn the_page_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/kinds.md");
        let page = super::page();
        if std::env::var_os("WIPPY_UPDATE").is_some() {
            std::fs::write(&path, &page).expect("the page can be written");
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            there == page,
            "docs/kinds.md is out of date; WIPPY_UPDATE=1 cargo test -p wippy-app writes it"
        );
    }
}
