//! Who is told of a change of the registry: the event bus, and processes whose code it has renewed.
//!
//! The supervisor hears of it as an order of the engine, not here. Invariant: the change is in force before anybody is told.

use std::sync::Arc;

use super::app::{App, Change};
use super::modules;
use crate::id::Id;
use crate::log::Level;
use crate::registry::Operation;
use crate::value::{Map, Value};

/// Tells everybody.
pub(super) fn spread(app: &App, change: &Change) {
    if app.log.enabled(Level::Debug) {
        let (version, count) = (change.snapshot.version, change.renewed.len());
        app.log.say(Level::Debug, "registry", format!("version {version}: code of {count} entries is new"));
    }
    announce(app, change);
    outdate(app, change);
}

/// Tells processes whose code has changed, those that want to hear of it.
fn outdate(app: &App, change: &Change) {
    let Some(starter) = app.starter() else { return };
    for (id, because) in &change.renewed {
        let sources: Vec<&str> = because.iter().map(Id::as_str).collect();
        starter.outdate(id.as_str(), &sources);
    }
}

/// Tells the event bus of a change.
fn announce(app: &App, change: &Change) {
    for operation in &change.operations {
        let data = match operation {
            Operation::Create(entry) | Operation::Update(entry) => {
                let mut map = Map::new();
                map.insert("id".into(), Value::Text(entry.id.text()));
                map.insert("kind".into(), Value::Text(Arc::clone(&entry.kind)));
                Value::Map(map)
            }
            Operation::Delete(_) => Value::Null,
        };
        modules::publish(app, "registry", operation.kind(), operation.id().as_str(), &data);
    }
}
