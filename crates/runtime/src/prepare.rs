//! Making a process out of an entry: an interpreter with its libraries, the chunk, the function to call.
//!
//! Where an entry's chunk runs before there is a process, that happens in slices of whoever asks for it. Invariant: what
//! fails here was never a process.

use std::sync::Arc;

use wippy_stdlib::errors::{ErrorValue, Kind};
use wippy_vm::{Kept, Parcel, Step, Vm};

use crate::local::{Local, Values};
use crate::process::LuaProcess;
use crate::programs::{Entry, Start};
use crate::shared::Shared;

/// What a slice of preparing came to.
pub(crate) enum Prepared {
    NotYet,
    Ready(LuaProcess),
}

/// A process in the making.
pub(crate) struct Preparing {
    /// It has the process's [`Local`].
    vm: Option<Vm>,
    arguments: Parcel,
    /// The chunk itself is the process.
    is_chunk: bool,
}

/// Begins to make a process.
///
/// # Errors
/// When its memory limit is too small to begin.
pub(crate) fn begin(
    shared: &Arc<Shared>,
    entry: &Arc<Entry>,
    values: Values,
    arguments: Parcel,
) -> Result<Preparing, ErrorValue> {
    let image = entry.image.as_ref().unwrap_or(&shared.image);
    let mut vm = Vm::with_image(entry.limits, image);
    vm.set_scheduling();
    // The first of the host's values, because it is asked for most.
    vm.set_host(Local::new(Arc::clone(shared), Arc::clone(entry), values));
    if let Some(setup) = &shared.setup {
        vm.enter(|cx| setup(cx, entry))
            .map_err(|error| ErrorValue::new(Kind::INTERNAL, error.to_string()))?;
    }
    let is_chunk = entry.start == Start::Chunk;
    if let Start::Loaded(loaded) = &entry.start {
        loaded.0.furnish(&mut vm);
    }
    vm.start(|cx| {
        match &entry.start {
            Start::Loaded(loaded) => cx.push(wippy_vm::Value::Native(loaded.0.native())),
            _ => {
                let chunk = cx.load_program(&entry.program);
                cx.push(chunk);
            }
        }
        if is_chunk {
            cx.unpack(&arguments)?;
        }
        Ok(())
    })
    .map_err(|error| ErrorValue::new(Kind::INTERNAL, format!("failed to execute script: {error}")))?;
    Ok(Preparing { vm: Some(vm), arguments, is_chunk })
}

impl Preparing {
    /// Goes on for about this much fuel.
    ///
    /// # Errors
    /// When the chunk fails or waits, or does not have the function.
    pub(crate) fn run(&mut self, fuel: u64) -> Result<Prepared, ErrorValue> {
        if self.is_chunk {
            let arguments = std::mem::take(&mut self.arguments);
            return Ok(self.ready(Some(arguments)));
        }
        let Some(vm) = &mut self.vm else { return Ok(Prepared::NotYet) };
        let ended = match vm.run(fuel) {
            Step::OutOfFuel => return Ok(Prepared::NotYet),
            Step::Finished => Ok(()),
            Step::Failed(failure) => Err(failure.message),
            Step::Parked => Err(WAITS.as_bytes().to_vec()),
        };
        wippy_stdlib::io::flush_resting(vm);
        let Some(entry) = vm.host::<Local>().map(|local| Arc::clone(&local.entry)) else {
            return Err(missing("main"));
        };
        let function = match (&entry.start, ended) {
            (Start::Loaded(_), Ok(())) => result(vm).ok_or_else(|| missing("main"))?,
            (Start::Loaded(_), Err(message)) if message == WAITS.as_bytes() => return Err(failed(&message)),
            (Start::Loaded(_), Err(message)) => {
                let error = vm.error_value(wippy_stdlib::errors::failure_of);
                return Err(error.unwrap_or_else(|_| failed(&message)));
            }
            (Start::Method(name), Ok(())) => field_of_result(vm, name).ok_or_else(|| missing(name))?,
            (Start::Function(name), Ok(())) => {
                field_of_result(vm, name).or_else(|| global(vm, name)).ok_or_else(|| missing(name))?
            }
            (Start::Function(name), Err(message)) => match global(vm, name) {
                Some(function) => function,
                // That it began to do things is no fault of the function that it should have had.
                None if message.ends_with(WAITS.as_bytes()) => return Err(missing(name)),
                None => return Err(failed(&message)),
            },
            (_, Err(message)) => return Err(failed(&message)),
            (Start::Chunk, Ok(())) => return Ok(self.ready(None)),
        };
        start(vm, function, &self.arguments)?;
        Ok(self.ready(None))
    }

    fn ready(&mut self, main: Option<Parcel>) -> Prepared {
        let vm = self.vm.take().unwrap_or_default();
        Prepared::Ready(LuaProcess::new(vm, main))
    }
}

/// What a chunk is told that waits, or starts processes, before it has returned.
pub(crate) const WAITS: &str = "attempt to yield from outside a coroutine";

fn failed(message: &[u8]) -> ErrorValue {
    ErrorValue::new(Kind::INTERNAL, [b"failed to execute script: ", message].concat())
}

fn missing(name: &str) -> ErrorValue {
    ErrorValue::new(Kind::NOT_FOUND, format!("method \"{name}\" not found in module")).retryable(Some(false))
}

fn field_of_result(vm: &mut Vm, name: &str) -> Option<Kept> {
    vm.results(|cx| {
        let wippy_vm::Value::Table(table) = cx.get(1) else { return None };
        let function = cx.field(table, name);
        function.is_function().then(|| cx.keep(function))
    })
}

fn result(vm: &mut Vm) -> Option<Kept> {
    vm.results(|cx| {
        let function = cx.get(1);
        function.is_function().then(|| cx.keep(function))
    })
}

fn global(vm: &mut Vm, name: &str) -> Option<Kept> {
    vm.enter(|cx| {
        let globals = cx.globals();
        let function = cx.field(globals, name);
        function.is_function().then(|| cx.keep(function))
    })
}

/// Starts a kept function with the arguments of a parcel.
///
/// # Errors
/// When the memory limit would be passed.
pub(crate) fn start(vm: &mut Vm, function: Kept, arguments: &Parcel) -> Result<(), ErrorValue> {
    vm.start(|cx| {
        let function = cx.take_kept(function);
        cx.push(function);
        cx.unpack(arguments).map(drop)
    })
    .map_err(|error| ErrorValue::new(Kind::INTERNAL, error.to_string()))
}
