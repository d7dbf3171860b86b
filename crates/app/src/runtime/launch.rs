//! Starting the processes that an application runs by itself: those of its services, and the one that gets the terminal.
//!
//! Invariant: every start is answered by exactly one order: that it has started, or how it ended.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use wippy_runtime::scheduler::Pid;
use wippy_runtime::{End, Launch};
use wippy_stdlib::errors::{ErrorValue, Kind};
use wippy_vm::{Packed, Parcel, Vm};

use super::app::App;
use super::convert;
use super::functions;
use super::hosts;
use super::order::{Order, Task};
use super::world::Console;
use crate::entry::Entry;
use crate::id::Id;
use crate::lifecycle::Ending;
use crate::value::Value;

/// Starts the process of a service on a thread of its own: its chunk may take its time.
pub(super) fn service(app: &Arc<App>, sender: &Sender<Order>, entry: Arc<Entry>, data: Value, run: u64) {
    let (app, told_last) = (Arc::clone(app), sender.clone());
    let sender = sender.clone();
    let id = entry.id.clone();
    let begin = move || {
        let ended = sender.clone();
        let (service, told) = (entry.id.clone(), entry.id.clone());
        let reference =
            |key: &str| data.get(key).and_then(|value| Id::from_value(value, entry.id.namespace()));
        let (Some(process), Some(host)) = (reference("process"), reference("host")) else {
            return drop(sender.send(Order::Ended(
                service,
                run,
                Ending::Hopeless("process and host are required".to_owned()),
            )));
        };
        let mut arguments = Parcel::new();
        for value in data.get("input").and_then(Value::as_list).unwrap_or_default() {
            convert::pack(&mut arguments, value);
        }
        let on_end = move |mut vm: Vm, end: End| {
            let ending = match functions::outcome(&mut vm, &end) {
                Ok(_) => Ending::Normal,
                Err(error) => Ending::Failed(String::from_utf8_lossy(&error.full_text()).into_owned()),
            };
            drop(ended.send(Order::Ended(told, run, ending)));
        };
        let launch = Launch {
            arguments,
            host: Some(host.to_string()),
            on_end: Some(Box::new(on_end)),
            values: Arc::new(app.policies().of_service(data.get("lifecycle"), entry.id.namespace())),
            ..Launch::default()
        };
        let spawned = match app.starter() {
            Some(starter) => starter.spawn_id(process.as_str(), launch),
            None => Err(ErrorValue::new(Kind::UNAVAILABLE, "the runtime has not started")),
        };
        drop(sender.send(match spawned {
            Ok(pid) => Order::Started(service, run, Some(pid)),
            Err(error) => {
                let message = String::from_utf8_lossy(&error.full_text()).into_owned();
                let hopeless = *error.kind() == Kind::NOT_FOUND || error.is_retryable() == Some(false);
                Order::Ended(
                    service,
                    run,
                    if hopeless { Ending::Hopeless(message) } else { Ending::Failed(message) },
                )
            }
        }));
    };
    if let Err(error) = std::thread::Builder::new().name("start".to_owned()).spawn(begin) {
        drop(told_last.send(Order::Ended(id, run, Ending::Failed(error.to_string()))));
    }
}

/// Starts the process that gets the terminal.
///
/// # Errors
/// When it does not start; nothing else is heard of it then.
pub(super) fn terminal(
    app: &Arc<App>,
    sender: &Sender<Order>,
    task: &Task,
    process: &Id,
    host: &Id,
) -> Result<Pid, ErrorValue> {
    let code = app.code();
    let edition = code.edition(process.as_str());
    let bundle = &edition.ok_or_else(|| wippy_runtime::not_found(process.as_str()))?.bundle;
    let terminal = Arc::new(Console { arguments: task.arguments.clone(), app: Arc::downgrade(app) });
    let entry = hosts::entry_of(&Arc::downgrade(app), bundle, Some(terminal));
    let mut arguments = Parcel::new();
    task.arguments.iter().for_each(|argument| arguments.push(Packed::Text(argument)));
    let sender = sender.clone();
    let on_end = move |mut vm: Vm, end: End| {
        drop(sender.send(Order::TerminalEnded(functions::outcome(&mut vm, &end))));
    };
    let starter =
        app.starter().ok_or_else(|| ErrorValue::new(Kind::UNAVAILABLE, "the runtime has not started"))?;
    let launch = Launch {
        arguments,
        host: Some(format!("{}{host}", hosts::CALLS)),
        on_end: Some(Box::new(on_end)),
        ..Launch::default()
    };
    starter.spawn(&entry, launch)
}
