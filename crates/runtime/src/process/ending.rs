//! How the program of a process ends: by a result, by an error, or as another program.
//!
//! What others hear of it is the scheduler's business, what the owner of the interpreter hears is decided here. Invariant: the
//! owner hears of one end, once.

use std::sync::Arc;

use wippy_scheduler::{Step, Turn};
use wippy_stdlib::errors::{self, ErrorValue, Kind};
use wippy_vm::{ErrorKind, Failure, Packed, Parcel, Value};

use super::{Body, LuaProcess};
use crate::end::End;
use crate::local::Local;
use crate::mail::{Fault, Output};
use crate::prepare::{self, Prepared};
use crate::programs::Entry;
use crate::shared::Casualty;

impl Body {
    /// The function that ran has returned: the next one, or the end.
    pub(super) fn finished(&mut self, turn: &mut Turn<'_, LuaProcess>) -> Option<Step<Output, Fault>> {
        if let Some(arguments) = self.take_main() {
            let main = self.vm.results(|cx| match cx.get(1) {
                Value::Table(table) => {
                    let main = cx.field(table, "main");
                    main.is_function().then(|| cx.keep(main))
                }
                _ => None,
            });
            if let Some(main) = main {
                self.called_main = true;
                return match prepare::start(&mut self.vm, main, &arguments) {
                    Ok(()) => None,
                    Err(error) => Some(self.fail(turn, Arc::new(error), None)),
                };
            }
        }
        let end = self.vm.results(|cx| {
            let second = cx.get(2);
            if matches!(second, Value::String(_)) || errors::error_of(second).is_some() {
                return Err(errors::failure_of(cx, second));
            }
            let mut output = Parcel::new();
            match cx.get(1) {
                // Most processes have no result.
                Value::Nil => output.push(Packed::Nil),
                first => cx.pack_value(&mut output, first).map_err(Err)?,
            }
            Ok(output)
        });
        wippy_stdlib::io::flush_resting(&mut self.vm);
        match end {
            Ok(output) => {
                self.tell(End::Finished { called_main: self.called_main });
                Some(Step::Finished(Arc::new(output)))
            }
            Err(Ok(fault)) => {
                let told = self.has_listener().then_some(End::Finished { called_main: self.called_main });
                Some(self.fail(turn, Arc::new(fault), told))
            }
            Err(Err(error)) => {
                let fault = ErrorValue::new(Kind::INTERNAL, error.to_string());
                Some(self.fail(turn, Arc::new(fault), None))
            }
        }
    }

    /// An error reached the top.
    #[inline(never)]
    pub(super) fn failed(
        &mut self,
        turn: &mut Turn<'_, LuaProcess>,
        failure: Failure,
    ) -> Step<Output, Fault> {
        wippy_stdlib::io::flush_resting(&mut self.vm);
        if let Some(request) = failure.exit {
            if !self.has_listener()
                && let Some(on_exit) = self.vm.host::<Local>().and_then(|local| local.shared.on_exit.as_ref())
            {
                on_exit(request);
            }
            self.tell(End::Failed(failure));
            return Step::Finished(Arc::default());
        }
        let fault = if failure.is_text {
            ErrorValue::new(Kind::INTERNAL, failure.message.clone())
        } else {
            let value = self.vm.error_value(errors::failure_of);
            value.unwrap_or_else(|error| ErrorValue::new(Kind::INTERNAL, error.to_string()))
        };
        self.fail(turn, Arc::new(fault), Some(End::Failed(failure)))
    }

    #[inline(never)]
    pub(super) fn fail(
        &mut self,
        turn: &mut Turn<'_, LuaProcess>,
        fault: Fault,
        end: Option<End>,
    ) -> Step<Output, Fault> {
        if self.has_listener() {
            let failure = || End::Failed(Failure::from(ErrorKind::Plain(fault.message().to_vec())));
            self.tell(end.unwrap_or_else(failure));
        } else if let Some(local) = self.vm.host::<Local>()
            && let Some(on_failure) = &local.shared.on_failure
        {
            let info = turn.handle().process(turn.pid());
            let watched = info.is_some_and(|info| info.watchers > 0 || info.links > 0);
            let id = Arc::clone(&local.entry.id);
            on_failure(&Casualty { pid: turn.pid(), id, fault: Arc::clone(&fault), watched });
        }
        Step::Failed(fault)
    }

    /// Whether somebody gets the interpreter at the end.
    pub(super) fn has_listener(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.on_end.is_some())
    }

    pub(super) fn tell(&mut self, end: End) {
        if let Some(on_end) = self.extra.as_mut().and_then(|extra| extra.on_end.take()) {
            self.vm.remove_host::<Local>();
            if let Some(vm) = self.vm.take() {
                on_end(vm, end);
            }
        }
    }

    /// Runs another entry from now on, under the same pid.
    pub(super) fn upgrade(
        &mut self,
        entry: Arc<Entry>,
        arguments: Parcel,
        turn: &mut Turn<'_, LuaProcess>,
    ) -> Result<(), Fault> {
        let Some(local) = self.vm.host::<Local>() else { return Ok(()) };
        let begun = prepare::begin(&local.shared, &entry, Arc::clone(&local.values), arguments);
        let prepared = begun.and_then(|mut preparing| {
            loop {
                // A chunk that only defines things is short; one that spins is ended with its process.
                match preparing.run(100_000)? {
                    Prepared::NotYet if turn.must_stop() => {
                        return Err(ErrorValue::new(Kind::INTERNAL, "process terminated"));
                    }
                    Prepared::NotYet => {}
                    Prepared::Ready(process) => return Ok(process),
                }
            }
        });
        let fail = |error: ErrorValue| {
            let text = [b"upgrade: init failed: ", error.message()].concat();
            Arc::new(ErrorValue::new(error.kind().clone(), text).into_failure())
        };
        let mut fresh = prepared.map_err(fail)?;
        if let Some(extra) = &mut self.extra {
            for id in extra.timers.take_keys() {
                turn.cancel_timer(id);
            }
            for id in extra.operations.take_keys() {
                turn.cancel_operation(id);
            }
            extra.awaited.clear();
        }
        turn.trap_links(false);
        self.room.close_all();
        self.set_main(fresh.0.take_main());
        std::mem::swap(&mut self.vm, &mut fresh.0.vm);
        drop(fresh);
        self.parked = false;
        self.begin(turn);
        Ok(())
    }
}
