//! `wippy FILE`: one run as `lua` would do it.
//!
//! `LUA_INIT`, `-e` and `-l` first, then the script, then the prompt if `-i` was given. Whatever happens, finalizers run and output
//! is written before the process ends.

use std::io;

use wippy::stdlib::package::source;
use wippy::vm::Packed;
use wippy::{Interrupt, Stop, Value};

use crate::arguments::{Before, Main, Script, Word};
use crate::exit::Exit;
use crate::machine::{Machine, Surroundings};
use crate::settings::Settings;
use crate::surroundings::path_of;
use crate::text::Text;
use crate::{census, output, repl, signals, system_error};

/// Chunk name of code given with `-e`.
pub(crate) const COMMAND_LINE: &[u8] = b"=(command line)";

/// The main program, as far as processes of its own need it.
#[derive(Clone, Default)]
pub(crate) struct Program {
    /// File name, if it came from a file.
    pub(crate) file: Option<Vec<u8>>,
    /// Chunk name and what is compiled.
    pub(crate) chunk: Option<(Vec<u8>, Vec<u8>)>,
}

/// Runs everything that was asked for.
pub(crate) fn run(script: Script, executable: &[u8], settings: &Settings) -> Result<Exit, Exit> {
    // Reading the program comes first: without it there is nothing to run.
    let program = read(&script.main).or_else(cannot_open)?;
    let around = Surroundings {
        executable: executable.to_vec(),
        script: match &script.main {
            Main::File(name) => Some(name.clone()),
            Main::Stdin => Some(b"-".to_vec()),
            Main::None => None,
        },
        arguments: script.arguments,
    };
    let interrupt = signals()?;
    let mut machine = Machine::new(settings, &interrupt, &around)?;
    let (file, chunk) = match &script.main {
        Main::File(name) => (Some(name.clone()), None),
        _ => (None, program.as_ref().map(|text| (text.chunk_name.clone(), text.compiled()))),
    };
    machine.allow_processes(Program { file, chunk });
    let result = everything(&mut machine, &script.before, program, &around.arguments);
    if result == Err(Exit::INTERRUPTED) {
        // Finalizers might run for ever, too.
        machine.lua.flush();
        return result;
    }
    if script.interactive && !machine.ended && matches!(result, Ok(_) | Err(Exit::FAILURE)) {
        return repl::run(machine, interrupt, around);
    }
    if settings.stats {
        census::show()?;
    }
    machine.close();
    result
}

/// Signals handled, or the reason why not.
pub(crate) fn signals() -> Result<Interrupt, Exit> {
    signals::install().or_else(|error| {
        output::complain(&system_error("cannot handle", b"signals", &error))?;
        Err(Exit::FAILURE)
    })
}

/// The program's text; `None` if there is only `-e`.
fn read(main: &Main) -> Result<Option<Text>, (Word, io::Error)> {
    match main {
        Main::None => Ok(None),
        Main::Stdin => {
            let text = source::read_from(io::stdin()).map_err(|error| (b"stdin".to_vec(), error))?;
            Ok(Some(Text::program(b"=stdin".to_vec(), text)))
        }
        Main::File(name) => read_file(name).map(Some),
    }
}

fn read_file(name: &[u8]) -> Result<Text, (Word, io::Error)> {
    let text = source::read_file(path_of(name)).map_err(|error| (name.to_vec(), error))?;
    Ok(Text::program([b"@", name].concat(), text))
}

/// Runs what the environment asks for before everything else: code in `LUA_INIT_5_3` or `LUA_INIT`, or the file named
/// there behind an `@` (manual, section 7).
fn initialize(machine: &mut Machine) -> Result<(), Exit> {
    let given = |name: &'static str| Some((name, std::env::var_os(name)?.into_encoded_bytes()));
    let Some((name, text)) = ["LUA_INIT_5_3", "LUA_INIT"].into_iter().find_map(given) else {
        return Ok(());
    };
    let text = match text.strip_prefix(b"@") {
        Some(file) => read_file(file).or_else(cannot_open)?,
        None => Text::code(format!("={name}").as_bytes(), &text),
    };
    machine.run(text, &[])
}

fn cannot_open<T>((name, error): (Word, io::Error)) -> Result<T, Exit> {
    output::complain(&system_error("cannot open", &name, &error))?;
    Err(Exit::FAILURE)
}

fn everything(
    machine: &mut Machine,
    before: &[Before],
    program: Option<Text>,
    arguments: &[Word],
) -> Result<Exit, Exit> {
    initialize(machine)?;
    for step in before {
        match step {
            Before::Evaluate(code) => machine.run(Text::code(COMMAND_LINE, code), &[])?,
            Before::Require(name) => require(machine, name)?,
        }
    }
    match program {
        Some(program) => {
            let main = arguments.iter().map(|argument| Packed::Text(argument)).collect();
            machine.lua.set_main_arguments(Some(main));
            machine.run(program, arguments)?;
            call_main(machine, arguments)
        }
        None => Ok(Exit::SUCCESS),
    }
}

/// `-l NAME`.
fn require(machine: &mut Machine, name: &[u8]) -> Result<(), Exit> {
    let called = machine.lua.call(|cx| {
        let globals = cx.globals();
        let require = cx.field(globals, "require");
        let name = cx.string(name)?;
        cx.push(require);
        cx.push(name);
        Ok(())
    });
    let stored = called.and_then(|()| {
        machine.lua.results(|cx| {
            let (globals, module) = (cx.globals(), cx.get(1));
            let name = cx.string(name)?;
            cx.raw_set(globals, name, module)
        })?;
        Ok(())
    });
    match stored {
        Ok(()) => Ok(()),
        Err(stop) => Err(machine.report(stop)?),
    }
}

/// Calls the function `main` of the table that the script returned, if it did; its results give the exit code.
fn call_main(machine: &mut Machine, arguments: &[Word]) -> Result<Exit, Exit> {
    const KEPT: &str = "wippy.main";
    if machine.lua.main_was_called() {
        return answer(machine);
    }
    let found = machine.lua.results(|cx| {
        let Value::Table(returned) = cx.get(1) else { return false };
        let main = cx.field(returned, "main");
        let registry = cx.registry();
        main.is_function() && cx.set_field(registry, KEPT, main).is_ok()
    });
    if !found {
        return Ok(Exit::SUCCESS);
    }
    let called = machine.lua.call(|cx| {
        let registry = cx.registry();
        let main = cx.field(registry, KEPT);
        cx.set_field(registry, KEPT, Value::Nil)?;
        cx.push(main);
        cx.reserve_slots(arguments.len())?;
        for argument in arguments {
            let argument = cx.string(argument)?;
            cx.push(argument);
        }
        Ok(())
    });
    if let Err(stop) = called {
        return Err(machine.report(stop)?);
    }
    answer(machine)
}

/// The exit code that the results of `main` stand for.
fn answer(machine: &mut Machine) -> Result<Exit, Exit> {
    let answer = machine.lua.results(|cx| match (cx.get(1), cx.get(2)) {
        (_, error) if !error.is_nil() => match error {
            Value::String(text) => Answer::Error(text.as_bytes().to_vec()),
            other => Answer::Error(format!("(error object is a {} value)", other.type_name()).into_bytes()),
        },
        (Value::String(text), _) => Answer::Text(text.as_bytes().to_vec()),
        (Value::Integer(code), _) => Answer::Code(code),
        (Value::Float(code), _) => Answer::Code(if code.is_finite() { code as i64 } else { 1 }),
        (Value::Boolean(ok), _) => Answer::Code(i64::from(!ok)),
        _ => Answer::Code(0),
    });
    match answer {
        // The system keeps the low eight bits.
        Answer::Code(code) => Ok(Exit(code as u8)),
        Answer::Text(text) => {
            output::print(&[text.as_slice(), b"\n"].concat())?;
            Ok(Exit::SUCCESS)
        }
        Answer::Error(message) => Err(machine.report(Stop::Refused(message))?),
    }
}

/// What the function `main` of a script returned.
enum Answer {
    Code(i64),
    Text(Vec<u8>),
    Error(Vec<u8>),
}

/// `wippy repl`.
pub(crate) fn prompt(executable: &[u8], settings: &Settings) -> Result<Exit, Exit> {
    let script = Script { interactive: true, ..Script::default() };
    run(script, executable, settings)
}

/// `wippy eval EXPR`.
pub(crate) fn evaluate(expression: &[u8], executable: &[u8], settings: &Settings) -> Result<Exit, Exit> {
    let around = Surroundings { executable: executable.to_vec(), ..Surroundings::default() };
    let interrupt = signals()?;
    let mut machine = Machine::new(settings, &interrupt, &around)?;
    let result = machine.run(Text::best_reading(COMMAND_LINE, expression), &[]).and_then(|()| {
        let shown = machine.lua.results(repl::show_results);
        output::print(&shown)
    });
    machine.close();
    result.map(|()| Exit::SUCCESS)
}
