//! `wippy.lock`: where sources and modules are.
//!
//! Text to data and back; finding folders is `layout`. Invariant: what `write` writes, `parse` reads back.

use std::path::Path;
use std::sync::Arc;

use super::node::Node;
use super::{inline, yaml};
use crate::print;
use crate::problem::{Code, Place, Problem, Problems, SourceFile};
use crate::value::{Map, Value};

/// The usual name.
pub const NAME: &str = "wippy.lock";
/// Where modules are unless said otherwise.
pub const MODULES: &str = ".wippy";
/// Where sources are unless said otherwise.
pub const SOURCES: &str = "./src";

/// The contents of a lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// `directories.modules`.
    pub modules_folder: String,
    /// `directories.src`.
    pub source_folder: String,
    /// `modules`, in the order listed.
    pub modules: Vec<Pinned>,
    /// `options.unpack_modules`.
    pub unpack: bool,
    /// `replacements`: module and folder.
    pub replacements: Vec<(String, String)>,
}

/// A module of some version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pinned {
    /// `org/module`.
    pub name: String,
    /// The version.
    pub version: String,
    /// `hash`, kept as it is.
    pub hash: Option<String>,
    /// `local_hash`, kept as it is.
    pub local_hash: Option<String>,
}

impl Default for Lock {
    fn default() -> Lock {
        Lock {
            modules_folder: MODULES.to_owned(),
            source_folder: SOURCES.to_owned(),
            modules: Vec::new(),
            unpack: false,
            replacements: Vec::new(),
        }
    }
}

/// Whether a name is `org/module`: lower-case letters, digits and inner hyphens on both sides.
pub fn module_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
            && !part.starts_with(['-', '.'])
            && !part.ends_with('-')
    };
    name.split_once('/').is_some_and(|(org, module)| part(org) && part(module))
}

impl Lock {
    /// Reads the text of a lock file; what is wrong with it goes to `problems`.
    pub fn parse(name: &str, text: &str, problems: &mut Problems) -> Lock {
        let file = Arc::new(SourceFile { name: name.to_owned(), text: text.into() });
        let place = |node: &Node| {
            Some(Place { file: Arc::clone(&file), span: Some(node.span), label: String::new() })
        };
        let mut lock = Lock::default();
        let node = match yaml::parse(text) {
            Ok(Some(node)) => node,
            Ok(None) => return lock,
            Err(error) => {
                let place = Place { file, span: Some(error.span), label: String::new() };
                let message = format!("cannot read the lock file: {}", error.message);
                problems.push(Problem::error(Code::Configuration, message).at(Some(place)));
                return lock;
            }
        };
        let mut fault = |node: &Node, message: String| {
            problems.push(Problem::error(Code::Configuration, message).at(place(node)));
        };
        for (key, folder) in [("modules", &mut lock.modules_folder), ("src", &mut lock.source_folder)] {
            let Some(node) = node.get("directories").and_then(|directories| directories.get(key)) else {
                continue;
            };
            match node.as_text().filter(|text| !text.is_empty()) {
                Some(text) => *folder = text.to_owned(),
                None => fault(node, format!("directories.{key} must be the name of a folder")),
            }
        }
        for item in items(&node, "modules") {
            let text = |key: &str| {
                item.get(key).and_then(|node| node.value().scalar_text()).filter(|text| !text.is_empty())
            };
            match (text("name"), text("version")) {
                (Some(name), Some(version)) if module_name(&name) => lock.modules.push(Pinned {
                    name: name.to_string(),
                    version: version.to_string(),
                    hash: text("hash").map(|text| text.to_string()),
                    local_hash: text("local_hash").map(|text| text.to_string()),
                }),
                (Some(name), Some(_)) => fault(item, format!("\"{name}\" is not a module name (org/module)")),
                _ => fault(item, "a module needs a name and a version".to_owned()),
            }
        }
        for item in items(&node, "replacements") {
            let text = |key: &str| item.get(key).and_then(Node::as_text);
            match (text("from"), text("to")) {
                (Some(from), Some(to)) if module_name(from) => {
                    lock.replacements.push((from.to_owned(), to.to_owned()))
                }
                _ => fault(item, "a replacement needs `from: org/module` and `to: folder`".to_owned()),
            }
        }
        lock.unpack = node
            .get("options")
            .and_then(|options| options.get("unpack_modules"))
            .is_some_and(|node| node.value() == Value::Boolean(true));
        if !lock.replacements.is_empty() {
            let message =
                "replacements in the lock file are deprecated; use workspace.replacements in .wippy.yaml";
            problems.push(
                Problem::warning(Code::Deprecated, message).at(node.get("replacements").and_then(place)),
            );
        }
        lock
    }

    /// The text of the lock file: sorted, four spaces per level.
    pub fn text(&self) -> String {
        let text = |text: &str| Value::text(text);
        let mut root = Value::Map(Map::new());
        root.set(&["directories", "modules"], text(&self.modules_folder));
        root.set(&["directories", "src"], text(&self.source_folder));
        if !self.modules.is_empty() {
            let mut modules = self.modules.clone();
            modules.sort_by(|a, b| a.name.cmp(&b.name));
            let items = modules.iter().map(|module| {
                let mut item = Value::Map(Map::new());
                item.set(&["name"], text(&module.name));
                item.set(&["version"], text(&module.version));
                for (key, value) in [("hash", &module.hash), ("local_hash", &module.local_hash)] {
                    if let Some(value) = value {
                        item.set(&[key], text(value));
                    }
                }
                item
            });
            root.set(&["modules"], Value::List(items.collect()));
        }
        if self.unpack {
            root.set(&["options", "unpack_modules"], Value::Boolean(true));
        }
        if !self.replacements.is_empty() {
            let items = self.replacements.iter().map(|(from, to)| {
                let mut item = Value::Map(Map::new());
                item.set(&["from"], text(from));
                item.set(&["to"], text(to));
                item
            });
            root.set(&["replacements"], Value::List(items.collect()));
        }
        print::yaml_indented(&root, 4)
    }

    /// Writes the lock file, readable by its owner only, through a temporary file.
    ///
    /// # Errors
    /// What the operating system has against it.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        crate::files::replace(path, self.text().as_bytes(), 0o600)
    }
}

fn items<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    match node.get(key).map(|node| &node.content) {
        Some(super::node::Content::List(items)) => items,
        _ => &[],
    }
}

/// Reads a lock file.
///
/// # Errors
/// A problem when the file exists and cannot be read.
pub fn read(path: &Path, shown: &str, problems: &mut Problems) -> Option<Lock> {
    match std::fs::read(path) {
        Ok(bytes) => Some(Lock::parse(shown, &String::from_utf8_lossy(&bytes), problems)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            let message = format!("cannot read {shown}: {}", inline::reason(&error));
            problems.push(Problem::error(Code::Unreadable, message));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_as_documented_and_read_back() {
        let mut lock = Lock::default();
        assert_eq!(lock.text(), "directories:\n    modules: .wippy\n    src: ./src\n");
        lock.modules = vec![
            Pinned {
                name: "z/b".into(),
                version: "1.0".into(),
                hash: Some("sha256:1".into()),
                local_hash: None,
            },
            Pinned { name: "a/b".into(), version: "v1.2.3".into(), hash: None, local_hash: None },
        ];
        lock.unpack = true;
        lock.replacements = vec![("a/b".into(), "../b".into())];
        let mut problems = Problems::new();
        let mut back = Lock::parse("wippy.lock", &lock.text(), &mut problems);
        assert_eq!(back.modules[0].name, "a/b");
        back.modules.reverse();
        assert_eq!(back, lock, "{}", lock.text());
        assert!(!problems.has_errors());
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn faults_are_reported_together() {
        let mut problems = Problems::new();
        let text = "directories: {src: ''}\nmodules:\n  - name: nope\n    version: 1\n  - name: a/b\n";
        Lock::parse("wippy.lock", text, &mut problems);
        assert_eq!(problems.len(), 3, "{problems:?}");
        let mut problems = Problems::new();
        assert_eq!(Lock::parse("wippy.lock", "", &mut problems), Lock::default());
        assert!(problems.is_empty());
    }
}
