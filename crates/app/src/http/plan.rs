//! From entries to what each server serves.
//!
//! Pure but for the layers of middleware, which keep what they count as long as their options stay. Invariant: a plan is
//! of all servers of one state of the registry, or there is none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use wippy_http::middleware::{self, Layer, Options};
use wippy_http::site::Layers;
use wippy_http::{Method, Pattern, Route, Service, Table, Target, Timeouts};
use wippy_parser::nearest::nearest;

use super::Owner;
use super::endpoint::Endpoint;
use crate::duration;
use crate::entry::Entry;
use crate::env::Environment;
use crate::id::Id;
use crate::load::placeholder;
use crate::problem::{Code, Problem, Problems};
use crate::registry::Entries;
use crate::value::Value;

/// The kinds this is about.
const SERVICE: &str = "http.service";
const ROUTER: &str = "http.router";
const ENDPOINT: &str = "http.endpoint";

/// What all servers serve.
#[derive(Default)]
pub(crate) struct Plan {
    pub(super) services: BTreeMap<Id, Served>,
    pub(super) layers: Known,
}

/// What one server serves.
pub(super) struct Served {
    /// Where, if that is known.
    pub(super) address: Option<String>,
    pub(super) service: Service,
}

/// Layers by router, list and place, with what they were made of.
pub(super) type Known = BTreeMap<(Id, &'static str, usize), (String, Options, Arc<dyn Layer>)>;

/// The keys of a router's two lists of middleware, and those of their options.
const LISTS: [(&str, &str); 2] = [("middleware", "options"), ("post_middleware", "post_options")];

/// What is wrong with an entry by itself.
pub(crate) fn check(entry: &Entry, problems: &mut Problems) {
    match &*entry.kind {
        SERVICE => check_service(entry, problems),
        ROUTER => {
            let prefix = entry.text("prefix").unwrap_or_default();
            if !prefix.is_empty() && !prefix.contains("${") {
                check_path(entry, "prefix", prefix, problems);
            }
            for (list, options) in LISTS {
                check_middleware(entry, list, options, problems);
            }
        }
        ENDPOINT => {
            if let Some(path) = entry.text("path").filter(|path| !path.contains("${")) {
                check_path(entry, "path", path, problems);
            }
        }
        _ => {}
    }
}

fn check_service(entry: &Entry, problems: &mut Problems) {
    let mut later = |key: &str, what: &str| {
        let message = format!("{key} of {}: {what} is not supported by this build", entry.id);
        let place = entry.origin.value_place(&format!("data.{key}"));
        problems.push(Problem::error(Code::LaterKind, message).entry(&entry.id).at(place));
    };
    if entry.data.get("network").is_some_and(|network| *network != Value::Null) {
        later("network", "an overlay network");
    }
    let secure = entry.data.get("tls").and_then(Value::as_map).is_some_and(|tls| {
        let mode = tls.get("mode").and_then(Value::as_text).unwrap_or_default();
        !matches!(mode, "" | "off") || tls.keys().any(|key| &**key != "mode")
    });
    if secure {
        later("tls", "TLS");
    }
}

fn check_path(entry: &Entry, key: &str, path: &str, problems: &mut Problems) {
    if let Err(why) = Pattern::parse(path) {
        let place = entry.origin.value_place(&format!("data.{key}"));
        let message = format!("{key} of {}: {why}", entry.id);
        problems.push(Problem::error(Code::WrongValue, message).entry(&entry.id).at(place));
    }
}

fn check_middleware(entry: &Entry, list: &str, key: &str, problems: &mut Problems) {
    let options = options_of(entry.data.get(key));
    for name in names_of(entry.data.get(list)) {
        if let Err(why) = middleware::make(&name, &options) {
            let near = nearest(&name, middleware::names()).filter(|near| *near != name);
            let message = format!("{list} of {}: failed to create middleware: {why}", entry.id);
            let place = entry.origin.value_place(&format!("data.{list}"));
            problems.push(Problem::error(Code::WrongValue, message).entry(&entry.id).at(place).suggest(near));
        }
    }
}

/// One text or a list of them.
fn names_of(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::List(items)) => items.iter().filter_map(Value::as_text).map(str::to_owned).collect(),
        Some(Value::Text(one)) if !one.is_empty() => vec![one.to_string()],
        _ => Vec::new(),
    }
}

fn options_of(value: Option<&Value>) -> Options {
    let map = value.and_then(Value::as_map);
    let pairs = map.into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key.to_string(), value.scalar_text()?.to_string()))).collect()
}

/// A router, read.
struct Router {
    server: Id,
    prefix: String,
    /// Around the table's own answers to `OPTIONS`.
    before: Arc<Layers>,
    /// Around handlers.
    all: Arc<Layers>,
}

/// What is served in a state of the registry. `known` are the layers that are there already.
pub(super) fn of(
    entries: &Entries,
    environment: &Environment,
    owner: &Owner,
    known: &Known,
) -> Result<Plan, Vec<Problem>> {
    let mut plan = Plan::default();
    let of_kind = |kind: &'static str| entries.values().filter(move |entry| &*entry.kind == kind);
    if of_kind(SERVICE).next().is_none() {
        return Ok(plan);
    }
    let mut problems = Vec::new();
    let mut decoded = |entry: &Entry| match decode(entry, environment) {
        Ok(data) => Some(data),
        Err(problem) => {
            problems.push(*problem);
            None
        }
    };
    let (mut routers, mut faults) = (BTreeMap::new(), Vec::new());
    for entry in of_kind(ROUTER) {
        let Some(data) = decoded(entry) else { continue };
        match router(entry, &data, known, &mut plan.layers) {
            Ok(Some(router)) => drop(routers.insert(&entry.id, router)),
            Ok(None) => {}
            Err(problem) => faults.push(*problem),
        }
    }
    let mut prefixes: BTreeMap<(&Id, &str), &Id> = BTreeMap::new();
    for (id, router) in &routers {
        if let Some(first) = prefixes.insert((&router.server, &router.prefix), id) {
            let message = format!("router prefix already exists: \"{}\" of {first} and {id}", router.prefix);
            faults.push(at(entries, id, Problem::error(Code::Taken, message), "data.prefix"));
        }
    }
    let mut routes: BTreeMap<Id, Vec<(Id, Route<Target>)>> = BTreeMap::new();
    for entry in of_kind(ENDPOINT) {
        let Some(data) = decoded(entry) else { continue };
        let namespace = entry.id.namespace();
        let reference = |value: Option<&Value>| value.and_then(|value| Id::from_value(value, namespace));
        let Some(router) = reference(entry.meta.get("router")).and_then(|id| routers.get(&id)) else {
            continue;
        };
        let Some(server) = entries.get(&router.server) else { continue };
        let text = |key: &str| data.get(key).and_then(Value::as_text).unwrap_or_default();
        let pattern = format!("{}{}", router.prefix, text("path"));
        let (pattern, method) = match (Pattern::parse(&pattern), text("method").parse::<Method>()) {
            (Ok(pattern), Ok(method)) => (pattern, method),
            (Err(why), _) => {
                let problem = Problem::error(Code::WrongValue, format!("path of {}: {why}", entry.id));
                faults.push(at(entries, &entry.id, problem, "data.path"));
                continue;
            }
            (_, Err(_)) => continue,
        };
        let Some(function) = reference(data.get("func")) else { continue };
        let endpoint = Endpoint {
            owner: Arc::clone(owner),
            id: entry.id.clone(),
            function,
            lifecycle: server.data.get("lifecycle").map(|lifecycle| Arc::new(lifecycle.clone())),
            namespace: server.id.namespace().into(),
        };
        let target = Target {
            handler: Arc::new(endpoint),
            layers: Arc::clone(&router.all),
            options: Arc::clone(&router.before),
        };
        let route = Route { method, pattern, target };
        routes.entry(router.server.clone()).or_default().push((entry.id.clone(), route));
    }
    for entry in of_kind(SERVICE) {
        let data = decoded(entry);
        let (ids, routes): (Vec<Id>, Vec<Route<Target>>) =
            routes.remove(&entry.id).unwrap_or_default().into_iter().unzip();
        let named = |at: usize| format!("{} {} ({})", routes[at].method, routes[at].pattern, ids[at]);
        let named: Vec<String> = (0..routes.len()).map(named).collect();
        let routes = match Table::new(routes) {
            Ok(routes) => routes,
            Err(conflicts) => {
                let mut message = "route pattern conflicts detected:".to_owned();
                for (one, two) in &conflicts {
                    message.push_str(&format!("\n  - {} conflicts with {}", named[*one], named[*two]));
                }
                message.push('\n');
                let second = conflicts.first().map_or(&entry.id, |(_, two)| &ids[*two]);
                faults.push(at(entries, second, Problem::error(Code::Conflict, message), "data.path"));
                continue;
            }
        };
        let Some(data) = data else { continue };
        let address = data.get("addr").and_then(Value::as_text).map(str::to_owned);
        let service = Service { routes, timeouts: timeouts(&data) };
        plan.services.insert(entry.id.clone(), Served { address, service });
    }
    problems.extend(faults);
    if problems.is_empty() { Ok(plan) } else { Err(problems) }
}

fn at(entries: &Entries, id: &Id, problem: Problem, path: &str) -> Problem {
    problem.entry(id).at(entries.get(id).and_then(|entry| entry.origin.value_place(path)))
}

fn decode(entry: &Entry, environment: &Environment) -> Result<Value, Box<Problem>> {
    let lookup = |name: &str| environment.get(name, entry.id.namespace()).ok().map(|text| text.to_string());
    placeholder::decode(&entry.data, &lookup).map_err(|unset| {
        let message = format!("{} of {}: the variable {} has no value", unset.path, entry.id, unset.name);
        let place = entry.origin.value_place(&format!("data.{}", unset.path));
        Box::new(Problem::error(Code::Placeholder, message).entry(&entry.id).at(place))
    })
}

fn timeouts(data: &Value) -> Timeouts {
    let limit = |key: &str| -> Option<Duration> {
        let value = data.at(&["timeouts", key])?;
        duration::from_value(value).ok().filter(|limit| !limit.is_zero())
    };
    Timeouts { read: limit("read"), write: limit("write"), idle: limit("idle") }
}

fn router(
    entry: &Entry,
    data: &Value,
    known: &Known,
    made: &mut Known,
) -> Result<Option<Router>, Box<Problem>> {
    let server = entry.meta.get("server").and_then(|server| Id::from_value(server, entry.id.namespace()));
    let Some(server) = server else { return Ok(None) };
    let prefix = data.get("prefix").and_then(Value::as_text).unwrap_or_default().trim_end_matches('/');
    let mut lists = [Layers::new(), Layers::new()];
    for ((list, key), layers) in LISTS.into_iter().zip(&mut lists) {
        let options = options_of(data.get(key));
        for (place, name) in names_of(data.get(list)).into_iter().enumerate() {
            let slot = (entry.id.clone(), list, place);
            let old = known.get(&slot).filter(|(other, old, _)| *other == name && *old == options);
            let layer = match old {
                Some((_, _, layer)) => Arc::clone(layer),
                None => middleware::make(&name, &options).map_err(|why| {
                    let message = format!("{list} of {}: failed to create middleware: {why}", entry.id);
                    Box::new(Problem::error(Code::WrongValue, message).entry(&entry.id))
                })?,
            };
            made.insert(slot, (name, options.clone(), Arc::clone(&layer)));
            layers.push(layer);
        }
    }
    let [before, behind] = lists;
    let all = before.iter().chain(&behind).cloned().collect();
    Ok(Some(Router { server, prefix: prefix.to_owned(), before: Arc::new(before), all: Arc::new(all) }))
}
