//! `.wippy.yaml` and `--set`: how the runtime itself is set up.
//!
//! Not entries. Invariant: values are merged leaf by leaf, later ones win, and whoever asks for a value gets the
//! default of THE table when nobody set it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::node::{Content, Node};
use super::{inline, scalar, yaml};
use crate::duration;
use crate::problem::{Code, Place, Problem, Problems, SourceFile};
use crate::value::{Map, Value};
use wippy_parser::nearest::nearest;

/// The usual name.
pub const NAME: &str = ".wippy.yaml";

/// THE table of sections: name, and whether this release does something with it.
pub const SECTIONS: &[(&str, Use)] = &[
    ("cluster", Use::Later),
    ("disable", Use::Yes),
    ("dispatcher", Use::Later),
    ("extensions", Use::Later),
    ("finder", Use::Later),
    ("logger", Use::Yes),
    ("logmanager", Use::Yes),
    ("lsp", Use::Later),
    ("lua", Use::Yes),
    ("metrics", Use::Accepted),
    ("modules", Use::Later),
    ("network_service", Use::Later),
    ("otel", Use::Later),
    ("override", Use::Yes),
    ("profiler", Use::Later),
    ("profiles", Use::Later),
    ("prometheus", Use::Later),
    ("registry", Use::Yes),
    ("relay", Use::Later),
    ("security", Use::Yes),
    ("shutdown", Use::Yes),
    ("supervisor", Use::Accepted),
    ("vars", Use::Yes),
    ("version", Use::Yes),
    ("workspace", Use::Yes),
];

/// What a section does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It has effect.
    Yes,
    /// It is read and has no effect, by design.
    Accepted,
    /// It has no effect yet; said once when it is switched on.
    Later,
}

/// The configuration of one run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    root: Map,
}

impl Config {
    /// Nothing set.
    pub fn new() -> Config {
        Config::default()
    }

    /// Reads a configuration file on top of what is there; `environment` answers `${env:NAME}`.
    pub fn read(
        &mut self,
        path: &Path,
        shown: &str,
        environment: &dyn Fn(&str) -> Option<String>,
        problems: &mut Problems,
    ) {
        match std::fs::read(path) {
            Ok(bytes) => self.merge_text(shown, &String::from_utf8_lossy(&bytes), environment, problems),
            Err(error) => {
                let message =
                    format!("cannot read the configuration file {shown}: {}", inline::reason(&error));
                problems.push(Problem::error(Code::Configuration, message));
            }
        }
    }

    /// Merges the text of a configuration file.
    pub fn merge_text(
        &mut self,
        shown: &str,
        text: &str,
        environment: &dyn Fn(&str) -> Option<String>,
        problems: &mut Problems,
    ) {
        let file = Arc::new(SourceFile { name: shown.to_owned(), text: text.into() });
        let node = match yaml::parse(text) {
            Ok(Some(node)) => node,
            Ok(None) => return,
            Err(error) => {
                let place = Place { file, span: Some(error.span), label: String::new() };
                problems.push(
                    Problem::error(
                        Code::Configuration,
                        format!("cannot read the configuration: {}", error.message),
                    )
                    .at(Some(place)),
                );
                return;
            }
        };
        let place = |node: &Node| {
            Some(Place { file: Arc::clone(&file), span: Some(node.span), label: String::new() })
        };
        let Some(sections) = node.as_map() else {
            problems.push(
                Problem::error(Code::Configuration, "a configuration file must be a map of sections")
                    .at(place(&node)),
            );
            return;
        };
        version(&node, place(&node).map(|place| Place { span: None, ..place }), &place, problems);
        for (key, _) in sections {
            if !SECTIONS.iter().any(|(name, _)| *name == &*key.text) {
                let at = Place { file: Arc::clone(&file), span: Some(key.span), label: String::new() };
                problems.push(
                    Problem::warning(Code::Configuration, format!("unknown section \"{}\"", key.text))
                        .at(Some(at))
                        .suggest(nearest(&key.text, SECTIONS.iter().map(|(name, _)| *name))),
                );
            }
        }
        if let Some(vars) = node.get("vars") {
            let value = Expand { vars: &Map::new(), environment, place: &place, problems }.node(vars);
            merge(&mut self.root, "vars", value);
        }
        let vars = self.root.get("vars").and_then(Value::as_map).cloned().unwrap_or_default();
        let mut expand = Expand { vars: &vars, environment, place: &place, problems };
        for (key, section) in sections.iter().filter(|(key, _)| &*key.text != "vars") {
            let value = expand.node(section);
            merge(&mut self.root, &key.text, value);
        }
    }

    /// One `--set section.path=value`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn set(&mut self, assignment: &str) -> Result<(), String> {
        let (path, value) = assignment
            .split_once('=')
            .filter(|(path, _)| !path.is_empty() && path.split('.').all(|key| !key.is_empty()))
            .ok_or_else(|| format!("\"{assignment}\" is not of the form section.path=value"))?;
        let keys: Vec<&str> = path.split('.').collect();
        if !SECTIONS.iter().any(|(name, _)| *name == keys[0]) {
            let near = nearest(keys[0], SECTIONS.iter().map(|(name, _)| *name));
            let hint = near.map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default();
            return Err(format!("unknown section \"{}\"{hint}", keys[0]));
        }
        self.set_value(&keys, coerce(value));
        Ok(())
    }

    /// Sets one value.
    pub fn set_value(&mut self, path: &[&str], value: Value) {
        let mut root = Value::Map(std::mem::take(&mut self.root));
        root.set(path, value);
        if let Value::Map(map) = root {
            self.root = map;
        }
    }

    /// A value by its dotted path.
    pub fn get(&self, path: &str) -> Option<&Value> {
        let mut keys = path.split('.');
        let first = self.root.get(keys.next()?)?;
        keys.try_fold(first, |value, key| value.get(key))
    }

    /// A switch.
    pub fn flag(&self, path: &str, default: bool) -> bool {
        match self.get(path) {
            Some(Value::Boolean(flag)) => *flag,
            Some(Value::Text(text)) => &**text == "true",
            _ => default,
        }
    }

    /// A span of time.
    ///
    /// # Errors
    /// A value that is none.
    pub fn duration(&self, path: &str, default: Duration) -> Result<Duration, String> {
        match self.get(path) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => duration::from_value(value).map_err(|why| format!("{path}: {why}")),
        }
    }

    /// `workspace.replacements`; `None` removes one.
    pub fn replacements(&self) -> BTreeMap<String, Option<String>> {
        let map = self.get("workspace.replacements").and_then(Value::as_map);
        map.into_iter()
            .flatten()
            .map(|(name, folder)| {
                (
                    name.to_string(),
                    folder.scalar_text().filter(|text| !text.is_empty()).map(|text| text.to_string()),
                )
            })
            .collect()
    }

    /// Sections that are switched on and have no effect yet.
    pub fn without_effect(&self) -> Vec<&str> {
        let on = |section: &Value| match section {
            Value::Map(map) => {
                map.get("enabled").is_none_or(|flag| flag == &Value::Boolean(true)) && !map.is_empty()
            }
            _ => true,
        };
        let later = SECTIONS.iter().filter(|(_, usage)| *usage == Use::Later);
        later.filter(|(name, _)| self.root.get(*name).is_some_and(on)).map(|(name, _)| *name).collect()
    }
}

/// The text of `--set` and `-o` as a value: truth values, numbers, else text.
pub fn coerce(text: &str) -> Value {
    match scalar::resolve(text) {
        value @ (Value::Boolean(_) | Value::Integer(_)) => value,
        value @ Value::Float(number) if number.is_finite() => value,
        _ => Value::text(text),
    }
}

fn merge(into: &mut Map, key: &str, value: Value) {
    match (into.get_mut(key), value) {
        (Some(Value::Map(old)), Value::Map(new)) => {
            for (key, value) in new {
                merge(old, &key, value);
            }
        }
        (_, value) => {
            into.insert(key.into(), value);
        }
    }
}

fn version(
    node: &Node,
    file: Option<Place>,
    place: &dyn Fn(&Node) -> Option<Place>,
    problems: &mut Problems,
) {
    match node.get("version") {
        None => problems.push(
            Problem::warning(Code::Version, "the configuration file has no version")
                .at(file)
                .help("write version: \"1.0\""),
        ),
        Some(version) => {
            let value = version.value();
            if value.as_text() != Some("1.0") && value.as_float() != Some(1.0) {
                let message =
                    format!("version {} of configuration files is not known", crate::print::json(&value));
                problems.push(Problem::error(Code::Version, message).at(place(version)));
            }
        }
    }
}

/// `${env:NAME}` and `${name}` in a configuration file.
struct Expand<'a> {
    vars: &'a Map,
    environment: &'a dyn Fn(&str) -> Option<String>,
    place: &'a dyn Fn(&Node) -> Option<Place>,
    problems: &'a mut Problems,
}

impl Expand<'_> {
    fn node(&mut self, node: &Node) -> Value {
        match &node.content {
            Content::Scalar(Value::Text(text)) if text.contains("${") => self.text(text, node),
            Content::Scalar(value) => value.clone(),
            Content::List(items) => Value::List(items.iter().map(|item| self.node(item)).collect()),
            Content::Map(pairs) => {
                // An override's value belongs to an entry and keeps its placeholders.
                Value::Map(pairs.iter().map(|(key, node)| (Arc::clone(&key.text), self.node(node))).collect())
            }
        }
    }

    fn text(&mut self, text: &str, node: &Node) -> Value {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let Some(end) = rest[at..].find('}').map(|end| at + end) else { break };
            let name = &rest[at + 2..end];
            if rest[..at].ends_with('$') {
                out.push_str(&rest[..at - 1]);
                out.push_str(&rest[at..=end]);
                rest = &rest[end + 1..];
                continue;
            }
            out.push_str(&rest[..at]);
            let whole = out.is_empty() && rest[end + 1..].is_empty() && text.starts_with("${");
            let value = match name.strip_prefix("env:") {
                Some(variable) => (self.environment)(variable).map(Value::text),
                None => self.vars.get(name).cloned(),
            };
            match value {
                Some(value) if whole => {
                    return if name.starts_with("env:") { coerce(&value.to_string()) } else { value };
                }
                Some(value) => out.push_str(&value.to_string()),
                None => {
                    let message = match name.strip_prefix("env:") {
                        Some(variable) => format!("the environment variable {variable} is not set"),
                        None => format!("there is no variable \"{name}\" in the section vars"),
                    };
                    self.problems.push(Problem::error(Code::Placeholder, message).at((self.place)(node)));
                }
            }
            rest = &rest[end + 1..];
        }
        out.push_str(rest);
        Value::text(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Config, Problems) {
        let mut config = Config::new();
        let mut problems = Problems::new();
        let environment = |name: &str| (name == "PORT").then(|| "8080".to_owned());
        config.merge_text(".wippy.yaml", text, &environment, &mut problems);
        (config, problems)
    }

    #[test]
    fn later_values_win_leaf_by_leaf() {
        let (mut config, problems) =
            read("version: '1.0'\nlogger: {encoding: json}\nlua: {type_system: {enabled: true}}\n");
        assert!(problems.is_empty(), "{problems:?}");
        config.merge_text(
            "b",
            "version: 1.0\nlua: {type_system: {strict: true}}\n",
            &|_| None,
            &mut Problems::new(),
        );
        config.set("shutdown.timeout=5s").unwrap();
        assert!(
            config.flag("lua.type_system.enabled", false) && config.flag("lua.type_system.strict", false)
        );
        assert_eq!(config.duration("shutdown.timeout", Duration::ZERO), Ok(Duration::from_secs(5)));
        assert_eq!(config.get("logger.encoding").and_then(Value::as_text), Some("json"));
        assert!(config.set("shutdwn.timeout=1").unwrap_err().contains("did you mean \"shutdown\""));
        assert!(config.set("nothing").is_err());
    }

    #[test]
    fn placeholders_are_resolved_when_read() {
        let (config, problems) = read(
            "version: '1.0'\nvars: {host: localhost}\noverride:\n  app:gateway:addr: \"${host}:${env:PORT}\"\n  app:x:port: \"${env:PORT}\"\n  app:x:y: \"$${env:A}\"\n",
        );
        assert!(problems.is_empty(), "{problems:?}");
        let section = config.get("override").and_then(Value::as_map).unwrap();
        assert_eq!(section["app:gateway:addr"], Value::from("localhost:8080"));
        assert_eq!(section["app:x:port"], Value::Integer(8080));
        assert_eq!(section["app:x:y"], Value::from("${env:A}"));
        let (_, problems) = read("version: '1.0'\nlogger: {encoding: \"${env:NOPE}\"}\n");
        assert!(problems.has_errors());
    }

    #[test]
    fn unknown_sections_and_versions_are_reported() {
        let (_, problems) = read("loger: {}\n");
        let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(text.iter().any(|line| line.contains("no version")), "{text:?}");
        assert!(text.iter().any(|line| line.contains("did you mean \"logger\"")), "{text:?}");
        assert!(!problems.has_errors());
        assert!(read("version: '2.0'\n").1.has_errors());
        assert_eq!(
            read("version: '1.0'\notel: {enabled: true}\nlsp: {enabled: false}\n").0.without_effect(),
            ["otel"]
        );
    }
}
