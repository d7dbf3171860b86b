//! `file://` values: a file's text in place of its name.
//!
//! Reads files, and only inside the load path. Invariant: the cleaned path never leaves the root, whatever the value
//! says; nothing outside is opened to find out.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::problem::SourceFile;

/// The prefix that asks for a file.
pub const PREFIX: &str = "file://";

/// Why a value could not be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InlineError {
    /// It names a place outside of the root.
    Outside,
    /// There is no such file.
    Missing(PathBuf),
    /// The operating system would not give it.
    Unreadable(PathBuf, String),
    /// It is not text.
    NotText(PathBuf),
}

/// Where a value points: `rest` is what follows the prefix.
///
/// # Errors
/// [`InlineError::Outside`].
pub fn target(rest: &str, folder: &Path, root: &Path) -> Result<PathBuf, InlineError> {
    let (base, rest) = match rest.strip_prefix('/') {
        Some(rest) => (PathBuf::new(), rest),
        None => (folder.strip_prefix(root).unwrap_or(Path::new("")).to_owned(), rest),
    };
    let mut cleaned = base;
    for part in Path::new(rest).components() {
        match part {
            Component::Normal(name) => cleaned.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !cleaned.pop() {
                    return Err(InlineError::Outside);
                }
            }
            Component::RootDir | Component::Prefix(_) => return Err(InlineError::Outside),
        }
    }
    Ok(root.join(cleaned))
}

/// Reads what a value points at.
///
/// # Errors
/// Why not.
pub fn read(rest: &str, folder: &Path, root: &Path, project: &Path) -> Result<Arc<SourceFile>, InlineError> {
    let path = target(rest, folder, root)?;
    let shown = shown(&path, project);
    let bytes = fs::read(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => InlineError::Missing(PathBuf::from(&shown)),
        _ => InlineError::Unreadable(PathBuf::from(&shown), reason(&error)),
    })?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Arc::new(SourceFile { name: shown, text: text.into() })),
        Err(_) => Err(InlineError::NotText(PathBuf::from(&shown))),
    }
}

/// A path as messages show it: relative to the project where it lies inside.
pub fn shown(path: &Path, project: &Path) -> String {
    path.strip_prefix(project).unwrap_or(path).display().to_string()
}

/// The operating system's words without its number.
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or(text.as_str(), |(sentence, _)| sentence).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        let (root, folder) = (Path::new("/p/src"), Path::new("/p/src/a/b"));
        let at = |rest| target(rest, folder, root).map(|p| p.display().to_string());
        assert_eq!(at("x.lua").as_deref(), Ok("/p/src/a/b/x.lua"));
        assert_eq!(at("../x.lua").as_deref(), Ok("/p/src/a/x.lua"));
        assert_eq!(at("../../x.lua").as_deref(), Ok("/p/src/x.lua"));
        assert_eq!(at("/x.lua").as_deref(), Ok("/p/src/x.lua"));
        assert_eq!(at("../../../x.lua"), Err(InlineError::Outside));
        assert_eq!(at("/../x.lua"), Err(InlineError::Outside));
        assert_eq!(at("//etc/passwd").as_deref(), Err(&InlineError::Outside));
    }
}
