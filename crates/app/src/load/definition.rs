//! Definition files to entries.
//!
//! One folder at a time, in the order of path names. Invariant: a file that is not a definition file (no `namespace`)
//! is no business of ours, and every file that is one yields all entries that can be understood.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::inline::{self, InlineError};
use super::layout::LoadPath;
use super::node::{Content, Key, Node, SyntaxError};
use super::{json, yaml};
use crate::entry::{Entry, Origin};
use crate::id::Id;
use crate::problem::{Code, Place, Problem, Problems, SourceFile, Span};
use crate::value::{Map, Value};

/// Reads every definition file below a load path.
pub fn load(path: &LoadPath, project: &Path, problems: &mut Problems) -> Vec<Entry> {
    let mut files = Vec::new();
    walk(&path.root, &path.skip, &mut files, project, problems);
    files.sort();
    let mut entries = Vec::new();
    for file in files {
        let reader = Reader { path: &file, load: path, project, source: None };
        reader.read(&mut entries, problems);
    }
    entries
}

/// Whether a folder holds a definition file, or one that means to be.
pub fn present(folder: &Path) -> bool {
    let mut files = Vec::new();
    walk(folder, &[], &mut files, folder, &mut Problems::new());
    files.iter().any(|file| fs::read_to_string(file).is_ok_and(|text| means_to_be(file, &text)))
}

fn walk(folder: &Path, skip: &[PathBuf], files: &mut Vec<PathBuf>, project: &Path, problems: &mut Problems) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let name = inline::shown(folder, project);
            problems.push(Problem::error(
                Code::Unreadable,
                format!("cannot read {name}: {}", inline::reason(&error)),
            ));
            return;
        }
    };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            let name = entry.file_name();
            if name != "node_modules" && name != ".git" && !skip.contains(&path) {
                walk(&path, skip, files, project, problems);
            }
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json") && path.is_file()
        {
            files.push(path);
        }
    }
}

/// Whether a file that cannot be read as a document claims to be a definition file.
fn means_to_be(path: &Path, text: &str) -> bool {
    let index = path.file_stem().is_some_and(|stem| stem == "_index");
    index
        || match path.extension().is_some_and(|e| e == "json") {
            true => text.contains("\"namespace\""),
            false => text.lines().any(|line| line.starts_with("namespace:")),
        }
}

struct Reader<'a> {
    path: &'a Path,
    load: &'a LoadPath,
    project: &'a Path,
    source: Option<Arc<SourceFile>>,
}

impl Reader<'_> {
    fn read(mut self, entries: &mut Vec<Entry>, problems: &mut Problems) {
        let name = inline::shown(self.path, self.project);
        let bytes = match fs::read(self.path) {
            Ok(bytes) => bytes,
            Err(error) => {
                problems.push(Problem::error(
                    Code::Unreadable,
                    format!("cannot read {name}: {}", inline::reason(&error)),
                ));
                return;
            }
        };
        let lossy = String::from_utf8_lossy(&bytes);
        let ours = means_to_be(self.path, &lossy);
        let text: Arc<str> = lossy.as_ref().into();
        let broken = matches!(lossy, std::borrow::Cow::Owned(_));
        let source = Arc::new(SourceFile { name, text: Arc::clone(&text) });
        self.source = Some(Arc::clone(&source));
        let parsed = if broken {
            Err(SyntaxError {
                span: Span { line: 1, column: 1, length: 0 },
                message: "the file is not UTF-8 text".to_owned(),
            })
        } else if self.path.extension().is_some_and(|e| e == "json") {
            json::parse(&text)
        } else {
            yaml::parse(&text)
        };
        match parsed {
            Ok(Some(node)) => self.document(&node, entries, problems),
            Ok(None) => {}
            Err(error) => {
                let place = Place { file: source, span: Some(error.span), label: String::new() };
                let message = format!("cannot read this file: {}", error.message);
                problems.push(
                    if ours {
                        Problem::error(Code::Syntax, message)
                    } else {
                        Problem::warning(Code::Syntax, message).note("the file is skipped")
                    }
                    .at(Some(place)),
                );
            }
        }
    }

    fn place(&self, span: Span) -> Option<Place> {
        Some(Place { file: Arc::clone(self.source.as_ref()?), span: Some(span), label: String::new() })
    }

    fn document(&self, node: &Node, entries: &mut Vec<Entry>, problems: &mut Problems) {
        let Some(space) = node.get("namespace") else { return };
        let Some(namespace) = space.as_text().filter(|name| !name.is_empty() && !name.contains(':')) else {
            let message = "the namespace must be a name such as app or app.api";
            problems.push(Problem::error(Code::Shape, message).at(self.place(space.span)));
            return;
        };
        self.version(node, problems);
        let shared = match node.get("meta").map(|meta| &meta.content) {
            Some(Content::Map(pairs)) => pairs.as_slice(),
            _ => &[],
        };
        match node.get("entries").map(|list| (&list.content, list.span)) {
            Some((Content::List(items), _)) => {
                for item in items {
                    self.entry(item, namespace, shared, entries, problems);
                }
            }
            Some((Content::Scalar(Value::Null), _)) => {}
            Some((_, span)) => {
                problems.push(Problem::error(Code::Shape, "entries must be a list").at(self.place(span)));
            }
            None if node.get("name").is_some() && node.get("kind").is_some() => {
                self.single(node, namespace, entries, problems);
            }
            None => problems.push(
                Problem::error(
                    Code::NoEntries,
                    "this file has a namespace but neither entries nor name and kind",
                )
                .at(self.place(space.span))
                .help("add `entries: []`, or give the file a name and a kind"),
            ),
        }
    }

    fn version(&self, node: &Node, problems: &mut Problems) {
        let Some(version) = node.get("version") else { return };
        let known = match &version.content {
            Content::Scalar(Value::Text(text)) => &**text == "1.0" || &**text == "1",
            Content::Scalar(number) => number.as_float() == Some(1.0),
            _ => false,
        };
        if !known {
            let message =
                format!("version {} of definition files is not known", crate::print::json(&version.value()));
            problems.push(
                Problem::warning(Code::Version, message)
                    .at(self.place(version.span))
                    .help("write version: \"1.0\""),
            );
        }
    }

    /// The form with one entry per file: the file itself is the item.
    fn single(&self, node: &Node, namespace: &str, entries: &mut Vec<Entry>, problems: &mut Problems) {
        let Content::Map(pairs) = &node.content else { return };
        let item =
            pairs.iter().filter(|(key, _)| !matches!(&*key.text, "namespace" | "version")).cloned().collect();
        let item = Node { span: node.span, content: Content::Map(item) };
        self.entry(&item, namespace, &[], entries, problems);
    }

    fn entry(
        &self,
        item: &Node,
        namespace: &str,
        shared: &[(Key, Node)],
        entries: &mut Vec<Entry>,
        problems: &mut Problems,
    ) {
        let Some(pairs) = item.as_map() else {
            problems.push(
                Problem::error(Code::Shape, "an item of entries must be a map").at(self.place(item.span)),
            );
            return;
        };
        let mut word = |key: &str| match item.get(key).map(|node| (node.as_text(), node.span)) {
            Some((Some(text), _)) if !text.is_empty() => Some(text.to_owned()),
            found => {
                let span = found.map_or(item.span, |(_, span)| span);
                let message = match found {
                    Some(_) => format!("the {key} of an entry must be a string that is not empty"),
                    None => format!("this entry has no {key}"),
                };
                problems.push(Problem::error(Code::Shape, message).at(self.place(span)));
                None
            }
        };
        let (Some(name), Some(kind)) = (word("name"), word("kind")) else { return };
        let id = Id::new(namespace, &name);
        let module = self.load.module.as_ref().map(|module| Arc::clone(&module.name));
        let span = item.get("name").map(|node| node.span);
        let mut origin = Origin::new(self.source.clone(), span, module);
        let mut walk = Values { reader: self, id: &id, origin: &mut origin, problems };
        let mut meta = Map::new();
        for (key, node) in shared {
            meta.insert(Arc::clone(&key.text), walk.value("meta", key, node));
        }
        match item.get("meta") {
            Some(Node { content: Content::Map(pairs), .. }) => {
                for (key, node) in pairs {
                    meta.insert(Arc::clone(&key.text), walk.value("meta", key, node));
                }
            }
            Some(Node { content: Content::Scalar(Value::Null), .. }) | None => {}
            Some(node) => {
                let problem =
                    Problem::error(Code::Shape, "meta must be a map").entry(&id).at(self.place(node.span));
                walk.problems.push(problem);
            }
        }
        let data = match item.get("data") {
            Some(node) => walk.node("data", node),
            None => {
                let mut map = Map::new();
                for (key, node) in pairs {
                    match &*key.text {
                        "name" => {}
                        "kind" => walk.origin.remember("kind", key.span, node.span),
                        "meta" => walk.origin.remember("meta", key.span, node.span),
                        text => {
                            map.insert(text.into(), walk.value("data", key, node));
                        }
                    }
                }
                Value::Map(map)
            }
        };
        if let Some((key, node)) = pairs.iter().find(|(key, _)| &*key.text == "kind") {
            origin.remember("kind", key.span, node.span);
        }
        if let Some(module) = &self.load.module {
            meta.insert("module".into(), Value::Text(Arc::clone(&module.name)));
            if let Some(version) = &module.version {
                meta.insert("module_version".into(), Value::Text(Arc::clone(version)));
            }
        }
        entries.push(Entry { id, kind: kind.into(), meta, data, origin: Arc::new(origin) });
    }
}

/// Turns nodes into values, replacing `file://` and remembering places.
struct Values<'a> {
    reader: &'a Reader<'a>,
    id: &'a Id,
    origin: &'a mut Origin,
    problems: &'a mut Problems,
}

impl Values<'_> {
    fn value(&mut self, above: &str, key: &Key, node: &Node) -> Value {
        let path = format!("{above}.{}", key.text);
        self.origin.remember(&path, key.span, node.span);
        self.node(&path, node)
    }

    fn node(&mut self, path: &str, node: &Node) -> Value {
        match &node.content {
            Content::Scalar(Value::Text(text)) => match text.strip_prefix(inline::PREFIX) {
                Some(rest) => self.file(path, text, rest, node.span),
                None => Value::Text(Arc::clone(text)),
            },
            Content::Scalar(value) => value.clone(),
            Content::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (at, item) in items.iter().enumerate() {
                    let path = format!("{path}.{at}");
                    self.origin.remember(&path, item.span, item.span);
                    list.push(self.node(&path, item));
                }
                Value::List(list)
            }
            Content::Map(pairs) => Value::Map(
                pairs
                    .iter()
                    .map(|(key, node)| (Arc::clone(&key.text), self.value(path, key, node)))
                    .collect(),
            ),
        }
    }

    fn file(&mut self, path: &str, text: &Arc<str>, rest: &str, span: Span) -> Value {
        let folder = self.reader.path.parent().unwrap_or(&self.reader.load.root);
        match inline::read(rest, folder, &self.reader.load.root, self.reader.project) {
            Ok(file) => {
                let value = Value::Text(Arc::clone(&file.text));
                self.origin.remember_file(path, file);
                value
            }
            Err(error) => {
                let key = path.strip_prefix("data.").unwrap_or(path);
                let of = format!("{key} of {}", self.id);
                let message = match error {
                    InlineError::Outside => format!("{of}: {text} leads outside of the application"),
                    InlineError::Missing(path) => format!("{of}: there is no file {}", path.display()),
                    InlineError::Unreadable(path, why) => {
                        format!("{of}: cannot read {}: {why}", path.display())
                    }
                    InlineError::NotText(path) => format!("{of}: {} is not UTF-8 text", path.display()),
                };
                self.problems
                    .push(Problem::error(Code::Inline, message).entry(self.id).at(self.reader.place(span)));
                Value::text("")
            }
        }
    }
}
