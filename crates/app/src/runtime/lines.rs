//! Log lines of programs on their way to the log of the application.
//!
//! Invariant: every line says which entry wrote it, in which process, unless the program says otherwise.

use std::sync::Weak;

use wippy_stdlib::logger::{Level, LogSink, Record};
use wippy_stdlib::plain::Plain;
use wippy_vm::Context;

use super::app::App;
use crate::id::Id;
use crate::log::Line;
use crate::value::Value;

/// Where the lines of an entry's programs go.
pub(super) struct Lines {
    pub(super) app: Weak<App>,
    pub(super) entry: Id,
}

impl LogSink for Lines {
    fn wants(&self, level: Level) -> bool {
        self.app.upgrade().is_some_and(|app| app.log.enabled(level))
    }

    fn log(&self, cx: &mut Context<'_>, record: Record) {
        let Some(app) = self.app.upgrade() else { return };
        let Record { level, logger, message, mut fields } = record;
        let pid = wippy_runtime::caller(cx).and_then(|caller| caller.pid);
        if let Some((pid, starter)) = pid.zip(app.starter()) {
            fields.entry("pid".to_owned()).or_insert_with(|| starter.pid_text(pid).into());
        }
        let name = if logger.is_empty() { self.entry.as_str().to_owned() } else { logger };
        let fields = fields.into_iter().map(|(key, value)| (key.into(), data(value))).collect();
        app.log.write(&Line { level, name, message, fields });
    }
}

fn data(plain: Plain) -> Value {
    match plain {
        Plain::Null => Value::Null,
        Plain::Boolean(flag) => Value::Boolean(flag),
        Plain::Integer(number) => Value::Integer(number),
        Plain::Float(number) => Value::Float(number),
        Plain::Text(text) => Value::text(text),
        Plain::List(items) => Value::List(items.into_iter().map(data).collect()),
        Plain::Map(entries) => {
            Value::Map(entries.into_iter().map(|(key, value)| (key.into(), data(value))).collect())
        }
    }
}
