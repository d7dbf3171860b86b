//! Which files a check reads: those named, and every source file below folders; and where `require` finds more.
//!
//! Links to folders are not followed. Invariant: files come in the order of their names.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wippy::stdlib::modules;
use wippy::typecheck::check::{Resolution, Resolver};

use crate::syntax;

/// A file as named, or every source file below a folder, in order of their names.
pub(super) fn sources_below(path: PathBuf) -> Vec<Result<PathBuf, (PathBuf, io::Error)>> {
    if !path.is_dir() {
        return vec![Ok(path)];
    }
    let mut found = Vec::new();
    walk(&path, &mut found);
    found
}

fn walk(folder: &Path, found: &mut Vec<Result<PathBuf, (PathBuf, io::Error)>>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return found.push(Err((folder.to_owned(), error))),
    };
    let mut entries: Vec<fs::DirEntry> = entries.filter_map(Result::ok).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        // Links to folders are not followed: they may lead in circles.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if !hidden {
                walk(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "lua" || extension == "luau") {
            found.push(Ok(path));
        }
    }
}

/// Finds required chunks as scripts do: beside the requiring file, then below the current folder.
#[derive(Default)]
pub(super) struct Files {
    /// Texts read so far; none: there is no such file.
    texts: HashMap<PathBuf, Option<Arc<[u8]>>>,
}

/// A source larger than this is not read because something requires it.
const LARGEST: u64 = 16 << 20;

impl Files {
    fn text(&mut self, path: &Path) -> Option<Arc<[u8]>> {
        if let Some(known) = self.texts.get(path) {
            return known.clone();
        }
        let size = fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|meta| meta.len());
        let text = size.filter(|&size| size <= LARGEST).and_then(|_| fs::read(path).ok()).map(|text| {
            let text = text.strip_prefix(syntax::BYTE_ORDER_MARK).unwrap_or(&text);
            Arc::from(&text[syntax::first_line_comment(text)..])
        });
        self.texts.insert(path.to_owned(), text.clone());
        text
    }
}

impl Resolver for Files {
    fn resolve(&mut self, from: &str, name: &str) -> Resolution {
        if modules::find(name.as_bytes()).is_some() {
            return Resolution::Unknown;
        }
        let folder = Path::new(from).parent().unwrap_or(Path::new("")).to_owned();
        let relative = name.starts_with("./") || name.starts_with("../");
        let (bases, path) = if relative {
            (vec![folder], name.strip_suffix(".lua").unwrap_or(name).to_owned())
        } else {
            (vec![folder, PathBuf::from(".")], name.replace('.', "/"))
        };
        for base in bases {
            for candidate in [format!("{path}.lua"), format!("{path}/init.lua"), format!("{path}.luau")] {
                let file = normal(&base.join(candidate));
                if let Some(text) = self.text(&file) {
                    return Resolution::Chunk { name: file.to_string_lossy().into_owned(), text };
                }
            }
        }
        Resolution::Unknown
    }
}

/// A path without `.` and, where possible, without `..`.
pub(super) fn normal(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lose_their_detours() {
        assert_eq!(normal(Path::new("./a/../b/./c.lua")), Path::new("b/c.lua"));
        assert_eq!(normal(Path::new("../x")), Path::new("../x"));
    }
}
