//! How calls are made: over what the caller has inherited, as whom, and for how long.
//!
//! Shared by `funcs` and `contract`. Invariant: immutable once scripts see it; every change is one of a copy.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use wippy_runtime::Values;
use wippy_stdlib::security::{Actor, Scope};
use wippy_vm::{Context, Parcel, Result, Table, Value};

use crate::duration;

/// See the module.
#[derive(Clone, Default)]
pub(super) struct Executor {
    /// Over what the caller has inherited.
    pub(super) values: BTreeMap<Vec<u8>, Parcel>,
    pub(super) actor: Option<Arc<Actor>>,
    pub(super) scope: Option<Arc<Scope>>,
    pub(super) timeout: Option<Duration>,
}

impl Executor {
    /// What a callee gets of a caller that has this.
    pub(super) fn over(&self, inherited: Values) -> Values {
        if self.values.is_empty() && self.actor.is_none() && self.scope.is_none() {
            return inherited;
        }
        let mut all = Arc::unwrap_or_clone(inherited);
        all.values.extend(self.values.iter().map(|(key, value)| (key.clone(), value.clone())));
        all.actor = self.actor.clone().or(all.actor);
        all.scope = self.scope.clone().or(all.scope);
        Arc::new(all)
    }

    /// Adds the values of a table whose keys are strings.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub(super) fn add<'gc>(&mut self, cx: &mut Context<'gc>, table: Table<'gc>) -> Result<()> {
        let mut key = Value::Nil;
        while let Ok(Some((next, value))) = table.next(key) {
            if let Value::String(name) = next {
                let mut parcel = Parcel::new();
                cx.pack_value(&mut parcel, value)?;
                self.values.insert(name.as_bytes().to_vec(), parcel);
            }
            key = next;
        }
        Ok(())
    }

    /// Takes the options of a table in place of those it had; answers what is wrong with them.
    pub(super) fn set_options<'gc>(
        &mut self,
        cx: &mut Context<'gc>,
        table: Table<'gc>,
    ) -> std::result::Result<(), String> {
        self.timeout = match cx.field(table, "timeout") {
            Value::Nil => None,
            Value::Integer(milliseconds) => {
                Some(Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0)))
            }
            Value::Float(milliseconds) => {
                Some(Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or_default())
            }
            Value::String(text) => Some(duration::parse(&text.to_string_lossy())?),
            _ => return Err("timeout must be milliseconds or a duration".to_owned()),
        };
        Ok(())
    }
}
