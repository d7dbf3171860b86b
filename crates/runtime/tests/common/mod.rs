//! Small applications: entries by id, of which `app:main` is started and must end well.

#![allow(dead_code, reason = "every test file uses some of it")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use wippy_runtime::scheduler::{Exit, Signal};
use wippy_runtime::{Entry, Launch, Options, Programs, Start, not_found};
use wippy_stdlib::errors::ErrorValue;
use wippy_vm::{Limits, Packed, Program};

const HOST: &str = "app:processes";

/// Entries that many tests use.
const COMMON: &[(&str, &str)] = &[
    ("app:ret42", "return {main = function() return 42 end}"),
    ("app:boom", "return {main = function() error('boom') end}"),
    ("app:echo_args", "return {main = function(to, ...) process.send(to, 'args', ...) end}"),
    ("app:idle", "return {main = function() channel.new():receive() end}"),
    ("app:ctx_echo", "return {main = function() return require('ctx').get('k') end}"),
    (
        "app:echo",
        "return {main = function()
        local inbox = process.inbox()
        while true do
            local m = inbox:receive()
            process.send(m:from(), m:topic(), m:payload():data())
        end
     end}",
    ),
];

struct App(HashMap<String, Arc<Entry>>);

impl Programs for App {
    fn find(&self, id: &str, _from: &str) -> Result<Arc<Entry>, ErrorValue> {
        self.0.get(id).cloned().ok_or_else(|| not_found(id))
    }
}

/// Runs a body as the main function of an application; answers what it came to.
pub(crate) fn outcome(body: &str, more: &[(&str, &str)]) -> Result<String, ErrorValue> {
    let main = format!("local H = '{HOST}'\nreturn {{main = function()\n{body}\nend}}");
    let mut entries = HashMap::new();
    let all = COMMON.iter().chain(more).copied().chain([("app:main", main.as_str())]);
    for (id, source) in all {
        let entry = Entry {
            id: id.into(),
            program: Program::compile(source.as_bytes(), format!("={id}").as_bytes()).expect("it compiles"),
            start: Start::Method("main".into()),
            image: None,
            limits: Limits { memory_bytes: 128 << 20 },
        };
        entries.insert(id.to_owned(), Arc::new(entry));
    }
    let runtime = Options::new(App(entries), HOST).workers(2).start().expect("threads");
    let mut inbox = runtime.inbox().expect("room");
    let launch = Launch { monitor: Some(inbox.pid()), ..Launch::default() };
    runtime.spawn_id("app:main", launch)?;
    let end = match inbox.receive(Duration::from_secs(20)) {
        Some(Signal::Exit { exit: Exit::Finished(output), .. }) => Ok(match output.first() {
            Packed::Text(text) => String::from_utf8_lossy(text).into_owned(),
            Packed::Integer(integer) => integer.to_string(),
            Packed::Nil => "nil".to_owned(),
            Packed::Boolean(boolean) => boolean.to_string(),
            _ => "something".to_owned(),
        }),
        Some(Signal::Exit { exit: Exit::Failed(failure), .. }) => {
            Err((*wippy_runtime::error_of(&failure)).clone())
        }
        other => panic!("no end within twenty seconds: {other:?}"),
    };
    drop(inbox);
    runtime.shutdown(Duration::ZERO);
    end
}

pub(crate) fn check(body: &str) {
    check_with(body, &[]);
}

pub(crate) fn check_with(body: &str, more: &[(&str, &str)]) {
    if let Err(error) = outcome(body, more) {
        panic!("{}\nin {body}", String::from_utf8_lossy(error.message()));
    }
}

pub(crate) fn failure(body: &str, more: &[(&str, &str)]) -> String {
    let error = outcome(body, more).expect_err("it fails");
    String::from_utf8_lossy(error.message()).into_owned()
}
