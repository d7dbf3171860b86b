//! Entries against the table of kinds.
//!
//! Pure: one entry in, problems out. Invariant: a value with a placeholder is not judged before it is resolved, and a
//! key that the kind does not know never stops anything.

use super::{Key, Kind, Shape, Support, find, nearest_kind};
use crate::duration;
use crate::entry::Entry;
use crate::id::Id;
use crate::problem::{Code, Problem, Problems};
use crate::value::{Map, Value};
use wippy_parser::nearest::nearest;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What stops a boot.
    Boot,
    /// Everything, keys without effect included.
    Lint,
}

/// Checks kind and keys of an entry; the kind, if it is one.
pub fn check(entry: &Entry, depth: Depth, problems: &mut Problems) -> Option<&'static Kind> {
    let Some(kind) = find(&entry.kind) else {
        problems.push(
            Problem::error(Code::UnknownKind, format!("unknown kind \"{}\" of {}", entry.kind, entry.id))
                .entry(&entry.id)
                .at(entry.origin.value_place("kind"))
                .suggest(nearest_kind(&entry.kind)),
        );
        return None;
    };
    if kind.support == Support::Later {
        let problem =
            Problem::error(Code::LaterKind, format!("kind \"{}\" is not supported by this build", kind.name));
        problems.push(problem.entry(&entry.id).at(entry.origin.value_place("kind")));
        return None;
    }
    let mut walk = Check { entry, depth, problems };
    let empty = Map::new();
    match &entry.data {
        Value::Map(map) => walk.table("data", map, kind.keys),
        Value::Null => walk.table("data", &empty, kind.keys),
        _ if kind.keys.iter().any(|key| key.name == "*") => {}
        other => {
            let message = format!("the data of {} must be a map, not {}", entry.id, other.sort());
            walk.problem(Problem::error(Code::WrongValue, message), "data");
        }
    }
    for key in kind.meta {
        match entry.meta.get(key.name) {
            Some(value) => walk.value(&format!("meta.{}", key.name), value, key.shape),
            None if key.required => walk.missing("meta", key),
            None => {}
        }
    }
    Some(kind)
}

struct Check<'a> {
    entry: &'a Entry,
    depth: Depth,
    problems: &'a mut Problems,
}

fn shown(path: &str) -> &str {
    path.strip_prefix("data.").unwrap_or(path)
}

/// Whether a placeholder decides the value later.
fn open(value: &Value) -> bool {
    value.as_text().is_some_and(|text| text.contains("${"))
}

impl Check<'_> {
    fn problem(&mut self, problem: Problem, path: &str) {
        let place = self.entry.origin.value_place(path);
        self.problems.push(problem.entry(&self.entry.id).at(place));
    }

    fn missing(&mut self, path: &str, key: &Key) {
        let path = if path == "data" { String::new() } else { format!("{}.", shown(path)) };
        let message = format!("{} lacks the key \"{path}{}\" ({})", self.entry.id, key.name, key.meaning);
        let place = self.entry.origin.place();
        self.problems.push(Problem::error(Code::MissingKey, message).entry(&self.entry.id).at(place));
    }

    fn table(&mut self, path: &str, map: &Map, keys: &'static [Key]) {
        for key in keys.iter().filter(|key| key.name != "*") {
            match map.get(key.name) {
                None | Some(Value::Null) if key.required => {
                    // `password_env` may supply `password`.
                    if !map.contains_key(&*format!("{}_env", key.name)) {
                        self.missing(path, key);
                    }
                }
                None | Some(Value::Null) => {}
                Some(value) => self.value(&format!("{path}.{}", key.name), value, key.shape),
            }
        }
        let open = keys.iter().any(|key| key.name == "*");
        if self.depth == Depth::Lint && !open {
            let unknown = map.keys().filter(|name| {
                let base = name.strip_suffix("_env").unwrap_or(name);
                !keys.iter().any(|key| key.name == &***name || key.name == base)
            });
            for name in unknown {
                let path = format!("{path}.{name}");
                let problem = Problem::hint(
                    Code::UnknownKey,
                    format!("{} does not know the key \"{}\"", self.entry.kind, shown(&path)),
                )
                .suggest(nearest(name, keys.iter().map(|key| key.name)))
                .entry(&self.entry.id)
                .at(self.entry.origin.key_place(&path));
                self.problems.push(problem);
            }
        }
    }

    fn value(&mut self, path: &str, value: &Value, shape: Shape) {
        if open(value) {
            return;
        }
        let namespace = self.entry.id.namespace();
        let wrong = match shape {
            Shape::Any => None,
            Shape::Name => {
                (value.as_text().is_none_or(str::is_empty)).then(|| "a string that is not empty".to_owned())
            }
            Shape::Text => value.as_text().is_none().then(|| "a string".to_owned()),
            Shape::Switch => value.as_boolean().is_none().then(|| "true or false".to_owned()),
            Shape::Whole(least, most) => match value.as_integer() {
                Some(number) if (least..=most).contains(&number) => None,
                Some(number) => {
                    Some(if number < least { format!("at least {least}") } else { format!("at most {most}") })
                }
                None => Some("a whole number".to_owned()),
            },
            Shape::Number => (!value.as_float().is_some_and(|number| number >= 0.0 && number.is_finite()))
                .then(|| "a number that is not negative".to_owned()),
            Shape::Duration => {
                duration::from_value(value).err().map(|_| "a duration such as 500ms, 5s or 1m30s".to_owned())
            }
            Shape::Mode => mode(value).is_none().then(|| "octal permissions such as \"0755\"".to_owned()),
            Shape::Scalar => (!value.is_scalar()).then(|| "a string, number or boolean".to_owned()),
            Shape::Id => Id::from_value(value, namespace)
                .is_none()
                .then(|| "the ID of an entry (namespace:name)".to_owned()),
            Shape::Ids => match value {
                Value::List(items) => items.iter().any(|item| Id::from_value(item, namespace).is_none()),
                one => Id::from_value(one, namespace).is_none(),
            }
            .then(|| "a list of entry IDs".to_owned()),
            Shape::Names => match value {
                Value::List(items) => items.iter().any(|item| item.as_text().is_none_or(str::is_empty)),
                one => one.as_text().is_none(),
            }
            .then(|| "a list of strings".to_owned()),
            Shape::List => value.as_list().is_none().then(|| "a list".to_owned()),
            Shape::Word(words) => match value.as_text() {
                Some(text) if words.contains(&text) => None,
                text => {
                    let expected = format!("one of {}", words.join(", "));
                    let near = text.and_then(|text| nearest(text, words.iter().copied()));
                    self.wrong(path, value, &expected, near);
                    return;
                }
            },
            Shape::Map => value.as_map().is_none().then(|| "a map".to_owned()),
            Shape::Imports => match value.as_map() {
                None => Some("a map from aliases to IDs".to_owned()),
                Some(map) => {
                    for (alias, target) in map {
                        let fine = target.as_text().is_some_and(|text| !text.is_empty())
                            || Id::from_value(target, namespace).is_some();
                        if !fine {
                            self.wrong(
                                &format!("{path}.{alias}"),
                                target,
                                "the ID of an entry (namespace:name)",
                                None,
                            );
                        }
                    }
                    None
                }
            },
            Shape::Table(keys) => match value.as_map() {
                Some(map) => {
                    self.table(path, map, keys);
                    None
                }
                None => Some("a map".to_owned()),
            },
            Shape::Rows(keys) => match value.as_list() {
                Some(items) => {
                    for (at, item) in items.iter().enumerate() {
                        let path = format!("{path}.{at}");
                        match item.as_map() {
                            Some(map) => self.table(&path, map, keys),
                            None => self.wrong(&path, item, "a map", None),
                        }
                    }
                    None
                }
                None => Some("a list of maps".to_owned()),
            },
        };
        if let Some(expected) = wrong {
            self.wrong(path, value, &expected, None);
        }
    }

    fn wrong(&mut self, path: &str, value: &Value, expected: &str, near: Option<&str>) {
        let mut got = crate::print::json(value);
        if got.len() > 60 {
            got = value.sort().to_owned();
        }
        let message = format!("{} of {} must be {expected}, not {got}", shown(path), self.entry.id);
        self.problem(Problem::error(Code::WrongValue, message).suggest(near), path);
    }
}

/// Permissions: a number, or text of octal digits.
pub fn mode(value: &Value) -> Option<u32> {
    let mode = match value {
        Value::Integer(number) => u32::try_from(*number).ok(),
        Value::Text(text) => {
            let digits = text.strip_prefix("0o").unwrap_or(text);
            (!digits.is_empty() && digits.bytes().all(|b| (b'0'..b'8').contains(&b)))
                .then(|| u32::from_str_radix(digits, 8).ok())?
        }
        _ => None,
    };
    mode.filter(|mode| *mode <= 0o7777)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::yaml;

    fn run(kind: &str, data: &str, depth: Depth) -> Vec<String> {
        let data = yaml::parse(data).unwrap().map_or(Value::Map(Map::new()), |node| node.value());
        let entry = Entry::new(Id::new("app", "x"), kind, Map::new(), data);
        let mut problems = Problems::new();
        check(&entry, depth, &mut problems);
        problems.iter().map(|p| format!("{}: {p}", p.code.code())).collect()
    }

    #[test]
    fn unknown_and_later_kinds() {
        assert_eq!(
            run("proces.lua", "", Depth::Boot),
            ["Y0007: unknown kind \"proces.lua\" of app:x (did you mean \"process.lua\"?)"]
        );
        assert_eq!(
            run("http.static", "path: /", Depth::Boot),
            ["Y0008: app:x: kind \"http.static\" is not supported by this build"]
        );
    }

    #[test]
    fn keys_are_required_and_shaped() {
        let found = run(
            "process.service",
            "host: 1\nlifecycle: {startup: requird, restart: {max_attempts: -1, initial_delay: 5}}",
            Depth::Boot,
        )
        .join("\n");
        for part in [
            "lacks the key \"process\"",
            "host of app:x must be the ID",
            "did you mean \"required\"",
            "max_attempts of app:x must be at least 0",
            "initial_delay of app:x must be a duration",
        ] {
            assert!(found.contains(part), "{part}: {found}");
        }
        assert!(run("process.host", "host: {workers: \"${env:N}\"}", Depth::Boot).is_empty());
        assert!(run("process.host", "host: {workers: 0}", Depth::Boot)[0].contains("at least 1"));
    }

    #[test]
    fn unknown_keys_are_hints_of_lint() {
        let text = "source: x\nmethd: main\nmodules: [time]";
        assert!(run("process.lua", text, Depth::Boot).is_empty());
        assert_eq!(
            run("process.lua", text, Depth::Lint),
            ["Y0011: app:x: process.lua does not know the key \"methd\" (did you mean \"method\"?)"]
        );
        assert!(run("registry.entry", "anything: 1", Depth::Lint).is_empty());
    }

    #[test]
    fn modes() {
        assert_eq!(mode(&"0755".into()), Some(0o755));
        assert_eq!(mode(&Value::Integer(0o600)), Some(0o600));
        assert_eq!(mode(&"0999".into()), None);
        assert_eq!(mode(&Value::Integer(-1)), None);
    }
}
