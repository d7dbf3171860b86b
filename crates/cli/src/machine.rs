//! An interpreter and the texts it runs: what script, `eval` and prompt have in common.
//!
//! It runs chunks, and makes diagnostics of what goes wrong. It prints nothing of its own but those.

use std::cell::RefCell;

use wippy::vm::Event;
use wippy::{Context, Failure, Interpreter, Interrupt, Limits, Stop, Table, Value};

use crate::arguments::Word;
use crate::blame::Candidates;
use crate::diagnostic::{Diagnostic, render};
use crate::exit::Exit;
use crate::names;
use crate::output;
use crate::processes;
use crate::script::Program;
use crate::settings::Settings;
use crate::text::{Text, Texts};

/// See the module.
pub(crate) struct Machine {
    pub(crate) lua: Interpreter,
    pub(crate) texts: Texts,
    pub(crate) settings: Settings,
    /// `package.path`.
    path: Vec<u8>,
    /// The program has asked for its end, and everything is written and closed as it wished.
    pub(crate) ended: bool,
}

/// What a program finds around it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    /// `arg[-1]`.
    pub(crate) executable: Word,
    /// `arg[0]`, if there is a script.
    pub(crate) script: Option<Word>,
    /// `arg[1]` and on.
    pub(crate) arguments: Vec<Word>,
}

impl Machine {
    /// A fresh interpreter that `interrupt` stops.
    pub(crate) fn new(
        settings: &Settings,
        interrupt: &Interrupt,
        around: &Surroundings,
    ) -> Result<Machine, Exit> {
        let mut limits = Limits::default();
        if let Some(bytes) = settings.memory_limit {
            limits.memory_bytes = bytes;
        }
        let mut lua = Interpreter::with_image(limits, &processes::image());
        lua.set_interrupt(interrupt.clone());
        let path = search_path(around.script.as_deref());
        let mut machine =
            Machine { lua, texts: Texts::default(), settings: settings.clone(), path, ended: false };
        let path = machine.path.clone();
        let set = machine.lua.enter(|cx| {
            set_arguments(cx, around)?;
            wippy::stdlib::package::set_path(cx, &path)
        });
        match set {
            Ok(()) => Ok(machine),
            Err(stop) => {
                machine.report(stop)?;
                Err(Exit::FAILURE)
            }
        }
    }

    /// Lets the program start processes; `program` is what "self" means then.
    pub(crate) fn allow_processes(&mut self, program: Program) {
        if let Some(enlister) = processes::enlister(&self.settings, program, self.path.clone()) {
            self.lua.set_enlister(enlister);
        }
    }

    /// Runs a chunk with string arguments.
    ///
    /// # Errors
    /// The exit code, after the error was reported.
    pub(crate) fn run(&mut self, text: Text, arguments: &[Word]) -> Result<(), Exit> {
        let compiled = text.compiled();
        let name = text.chunk_name.clone();
        self.texts.add(text.clone());
        let stop = match self.start(&compiled, &name, arguments) {
            Ok(()) => return Ok(()),
            Err(stop) => stop,
        };
        if let Stop::Refused(_) = stop
            && let Some(mistake) = text.mistake()
        {
            self.show(&mistake)?;
            return Err(Exit::FAILURE);
        }
        Err(self.report(stop)?)
    }

    /// Runs a compiled chunk with string arguments, and leaves what goes wrong to the caller.
    ///
    /// # Errors
    /// Why it did not run to its end.
    pub(crate) fn start(&mut self, compiled: &[u8], name: &[u8], arguments: &[Word]) -> Result<(), Stop> {
        self.lua.call(|cx| {
            let chunk = cx.load(compiled, name, wippy::LoadMode::ANY)?;
            cx.push(chunk);
            cx.reserve_slots(arguments.len())?;
            for argument in arguments {
                let argument = cx.string(argument)?;
                cx.push(argument);
            }
            Ok(())
        })
    }

    /// Runs finalizers and writes everything out, unless the program has had its own end.
    pub(crate) fn close(&mut self) {
        if !self.ended {
            self.lua.close();
        }
    }

    /// Says why a run ended early; answers with the exit code.
    pub(crate) fn report(&mut self, stop: Stop) -> Result<Exit, Exit> {
        match stop {
            Stop::Interrupted => Ok(Exit::INTERRUPTED),
            Stop::Refused(message) => {
                self.show(&Diagnostic::error(message))?;
                Ok(Exit::FAILURE)
            }
            Stop::Failed(Failure { exit: Some(request), .. }) => {
                if request.close {
                    self.lua.close();
                } else {
                    self.lua.flush();
                }
                self.ended = true;
                // The system keeps the low eight bits.
                Ok(Exit(request.code as u8))
            }
            Stop::Failed(failure) => {
                let message = self.message(&failure);
                let candidates = Globals(RefCell::new(&mut self.lua));
                let diagnostic = self.texts.describe(message, &failure, &candidates);
                self.show(&diagnostic)?;
                Ok(Exit::FAILURE)
            }
        }
    }

    /// The error value as text: a string as it is, an object by its `__tostring`.
    pub(crate) fn message(&mut self, failure: &Failure) -> Vec<u8> {
        const KEPT: &str = "wippy.error";
        let has_text = self.lua.vm().error_value(|cx, value| {
            let handler = cx.metamethod(value, Event::ToString);
            let registry = cx.registry();
            // A host object's report is in the failure already, and says more.
            let has_report = value.host_object().is_some_and(|object| object.report().is_some());
            !handler.is_nil() && !has_report && cx.set_field(registry, KEPT, value).is_ok()
        });
        if !has_text {
            return failure.message.clone();
        }
        let called = self.lua.call(|cx| {
            let registry = cx.registry();
            let value = cx.field(registry, KEPT);
            cx.set_field(registry, KEPT, Value::Nil)?;
            let handler = cx.metamethod(value, Event::ToString);
            cx.push(handler);
            cx.push(value);
            Ok(())
        });
        let text = self.lua.results(|cx| match cx.get(1) {
            Value::String(text) => Some(text.as_bytes().to_vec()),
            _ => None,
        });
        text.filter(|_| called.is_ok()).unwrap_or_else(|| failure.message.clone())
    }

    /// Writes a diagnostic to standard error.
    pub(crate) fn show(&mut self, diagnostic: &Diagnostic) -> Result<(), Exit> {
        output::complain(&render(diagnostic, self.settings.error_format, self.settings.stderr_colour()))
    }
}

/// The global variables, for "did you mean".
struct Globals<'a>(RefCell<&'a mut Interpreter>);

impl Candidates for Globals<'_> {
    fn of(&self, path: &[&str]) -> Vec<String> {
        let mut lua = self.0.borrow_mut();
        lua.enter(|cx| Ok(names::names(cx, path, false, None))).unwrap_or_default()
    }
}

/// The global table `arg`.
fn set_arguments<'gc>(cx: &mut Context<'gc>, around: &Surroundings) -> wippy::Result<()> {
    let table: Table<'gc> = cx.table(around.arguments.len(), 2)?;
    let executable = cx.string(&around.executable)?;
    match &around.script {
        Some(script) => {
            let script = cx.string(script)?;
            cx.raw_set_integer(table, 0, script)?;
            cx.raw_set_integer(table, -1, executable)?;
        }
        None => cx.raw_set_integer(table, 0, executable)?,
    }
    for (at, argument) in (1..).zip(&around.arguments) {
        let argument = cx.string(argument)?;
        cx.raw_set_integer(table, at, argument)?;
    }
    let globals = cx.globals();
    cx.set_field(globals, "arg", table)
}

/// The default of `package.path`: the script's folder, then the current one.
fn search_path(script: Option<&[u8]>) -> Vec<u8> {
    const HERE: &[u8] = b"./?.lua;./?/init.lua";
    let folder = script.and_then(|script| script.iter().rposition(|&b| b == b'/').map(|at| &script[..at]));
    match folder {
        None | Some(b".") => HERE.to_vec(),
        Some(folder) => [folder, b"/?.lua;", folder, b"/?/init.lua;", HERE].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_path_begins_at_the_script() {
        let check = |script: Option<&str>| String::from_utf8(search_path(script.map(str::as_bytes))).unwrap();
        assert_eq!(check(None), "./?.lua;./?/init.lua");
        assert_eq!(check(Some("f.lua")), "./?.lua;./?/init.lua");
        assert_eq!(check(Some("a/b/f.lua")), "a/b/?.lua;a/b/?/init.lua;./?.lua;./?/init.lua");
        assert_eq!(check(Some("/f.lua")), "/?.lua;/?/init.lua;./?.lua;./?/init.lua");
    }
}
