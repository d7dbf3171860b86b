//! What an application lends to the standard modules: the terminal, and the runtime looked at from inside.
//!
//! Invariant: one buffer for all input, so nothing piped in is lost between two reads.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};
use std::sync::Weak;

use wippy_stdlib::errors::{ErrorValue, Kind};
use wippy_stdlib::plain::Plain;
use wippy_stdlib::system::{Question, System, Tables};
use wippy_stdlib::terminal::{Output, Terminal};
use wippy_vm::Context;

use super::app::App;
use super::order::Order;
use crate::id::Id;
use crate::lifecycle::supervisor::Report;

/// Exit code when the reader of standard output has gone.
const CLOSED: i64 = 141;

/// The terminal of the program, with the arguments of its process.
pub struct Console {
    /// The arguments.
    pub arguments: Vec<Vec<u8>>,
    /// The application, which ends when nobody reads its output any more.
    pub app: Weak<App>,
}

impl Console {
    fn watch(&self, written: io::Result<()>) -> io::Result<()> {
        if let Err(error) = &written
            && error.kind() == io::ErrorKind::BrokenPipe
            && let Some(app) = self.app.upgrade()
        {
            app.order(Order::Exit(CLOSED));
        }
        written
    }
}

impl Terminal for Console {
    fn write(&self, output: Output, bytes: &[u8]) -> io::Result<()> {
        match output {
            Output::Out => {
                let mut stream = io::stdout().lock();
                self.watch(stream.write_all(bytes).and_then(|()| stream.flush()))
            }
            Output::Error => io::stderr().lock().write_all(bytes),
        }
    }

    fn flush(&self) -> io::Result<()> {
        self.watch(io::stdout().lock().flush())
    }

    fn read(&self, most: usize) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; most];
        let length = io::stdin().lock().read(&mut buffer)?;
        buffer.truncate(length);
        Ok(buffer)
    }

    fn read_line(&self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        if io::stdin().lock().read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line.ends_with(b"\n") {
            line.pop();
            if line.ends_with(b"\r") {
                line.pop();
            }
        }
        Ok(Some(line))
    }

    fn set_raw(&self, _: bool) -> bool {
        // Raw mode is a later release's.
        false
    }

    fn arguments(&self) -> Vec<Vec<u8>> {
        self.arguments.clone()
    }
}

/// The runtime of an application.
pub struct World(pub Weak<App>);

impl System for World {
    fn exit(&self, code: i32) {
        if let Some(app) = self.0.upgrade() {
            app.order(Order::Exit(i64::from(code)));
        }
    }

    fn permits(&self, cx: &mut Context<'_>, action: &str, resource: &str) -> bool {
        wippy_runtime::permitted(cx, action, |_| resource.to_owned())
    }
}

impl Tables for World {
    fn activities(&self) -> i64 {
        let app = self.0.upgrade();
        let processes = app.as_ref().and_then(|app| Some(app.starter()?.handle().statistics().processes));
        processes.map_or(0, |count| count as i64)
    }

    fn answer(&self, question: &Question) -> wippy_vm::Result<Plain, ErrorValue> {
        let app = self.0.upgrade().ok_or_else(|| ErrorValue::internal("the application has ended"))?;
        match question {
            Question::Hosts => Ok(Plain::List(hosts(&app))),
            Question::Processes(host) => processes(&app, host),
            Question::Services => Ok(Plain::List(app.reports().iter().map(service).collect())),
            Question::Service(id) => Id::parse(id)
                .and_then(|id| app.reports().into_iter().find(|report| report.id == id))
                .map(|report| service(&report))
                .ok_or_else(|| not_found(&format!("service not found: {id}"))),
        }
    }
}

fn not_found(message: &str) -> ErrorValue {
    ErrorValue::new(Kind::NOT_FOUND, message).retryable(Some(false))
}

fn hosts(app: &App) -> Vec<Plain> {
    let Some(starter) = app.starter() else { return Vec::new() };
    let snapshot = app.registry.snapshot();
    let hosts = snapshot.iter().filter(|entry| matches!(&*entry.kind, "process.host" | "terminal.host"));
    hosts.map(|entry| starter.host_row(entry.id.as_str())).collect()
}

fn processes(app: &App, host: &str) -> Result<Plain, ErrorValue> {
    let starter = app.starter().ok_or_else(|| ErrorValue::internal("the runtime has not started"))?;
    starter.process_rows(host)
}

fn service(report: &Report) -> Plain {
    let mut map: BTreeMap<String, Plain> = BTreeMap::new();
    let mut put = |name: &str, value: Plain| drop(map.insert(name.to_owned(), value));
    put("id", report.id.as_str().into());
    put("status", report.state.name().into());
    put("desired", if report.wanted { "Running" } else { "Stopped" }.into());
    put("retry_count", i64::from(report.failures).into());
    put("last_update", (report.since.as_nanos() as i64).into());
    if let Some(at) = report.started_at {
        put("started_at", (at.as_nanos() as i64).into());
    }
    if let Some(details) = &report.details {
        put("details", details.as_str().into());
    }
    Plain::Map(map)
}
