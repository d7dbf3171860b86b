//! The interactive prompt: read, run, show, again.
//!
//! An error ends the input it happened in, never the prompt. Without a terminal there is no prompt and no history, and
//! the end of the input is the end.

mod complete;
mod editor;
mod history;
mod input;
mod meta;
mod session;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use wippy::stdlib::package::source;
use wippy::{Context, Interrupt, Stop, Value};

use self::complete::Names;
use self::editor::{Line, Lines};
use self::input::{Input, understand};
use self::meta::Meta;
use self::session::Session;
use crate::exit::Exit;
use crate::machine::{Machine, Surroundings};
use crate::surroundings::path_of;
use crate::text::Text;
use crate::{names, output, show, system_error, version};

/// Runs the prompt in `machine` until its user leaves.
pub(crate) fn run(machine: Machine, interrupt: Interrupt, around: Surroundings) -> Result<Exit, Exit> {
    let machine = Rc::new(RefCell::new(machine));
    let lines = match Lines::open(Rc::new(Reachable(Rc::clone(&machine)))) {
        Ok(lines) => lines,
        Err(error) => {
            output::complain(&system_error("cannot use", b"the terminal", &error))?;
            return Err(Exit::FAILURE);
        }
    };
    // Reading what is typed may wait.
    wippy::stdlib::waiting::announce();
    let mut prompt = Prompt { machine, session: Session::default(), lines, interrupt, around };
    let result = prompt.read();
    prompt.machine.borrow_mut().close();
    result.map(|()| Exit::SUCCESS)
}

/// The values of a finished call, each on a line of its own.
pub(crate) fn show_results(cx: &mut Context<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    for slot in 1..=cx.len() {
        let value = cx.get(slot);
        out.extend_from_slice(&show::show(cx, value));
        out.push(b'\n');
    }
    out
}

/// What to do after an input.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Ask for another line of the same input.
    More,
    /// Ask for another input.
    GoOn,
    /// Leave the prompt.
    Leave,
}

struct Prompt {
    machine: Rc<RefCell<Machine>>,
    session: Session,
    lines: Lines,
    interrupt: Interrupt,
    around: Surroundings,
}

impl Prompt {
    fn read(&mut self) -> Result<(), Exit> {
        if self.lines.is_terminal() {
            output::print(format!("wippy {}, :help for help\n", version::NUMBER).as_bytes())?;
        }
        let mut typed = Vec::new();
        loop {
            match self.lines.next(if typed.is_empty() { "> " } else { ".. " }) {
                Ok(Line::Text(line)) => {
                    if !typed.is_empty() {
                        typed.push(b'\n');
                    }
                    typed.extend_from_slice(&line);
                }
                Ok(Line::Interrupted) => {
                    typed.clear();
                    continue;
                }
                Ok(Line::End) => {
                    if self.lines.is_terminal() {
                        output::print(b"\n")?;
                    } else {
                        self.run_input(&typed, true)?;
                    }
                    return Ok(());
                }
                Err(error) => {
                    output::complain(&system_error("cannot read", b"the input", &error))?;
                    return Err(Exit::FAILURE);
                }
            }
            match self.run_input(&typed, false)? {
                Next::More => {}
                Next::Leave => return Ok(()),
                Next::GoOn => {
                    self.lines.remember(&String::from_utf8_lossy(&typed));
                    typed.clear();
                }
            }
        }
    }

    /// Runs what was typed, if it is complete or nothing more comes.
    fn run_input(&mut self, typed: &[u8], last: bool) -> Result<Next, Exit> {
        if let Ok(line) = std::str::from_utf8(typed)
            && let Some(meta) = meta::parse(line)
        {
            return match meta {
                Ok(meta) => self.run_meta(&meta),
                Err(message) => {
                    output::complain(format!("error: {message}\n").as_bytes())?;
                    Ok(Next::GoOn)
                }
            };
        }
        match understand(typed) {
            Input::Empty => {}
            Input::Incomplete if !last => return Ok(Next::More),
            Input::Incomplete | Input::Mistake => {
                let text = typed.trim_ascii_start().strip_prefix(b"=").unwrap_or(typed);
                self.complain_about(Text::best_reading(session::CHUNK, text))?;
            }
            Input::Expression(text) => {
                if self.run_text(self.session.expression(&text), None)? {
                    self.show_values()?;
                }
            }
            Input::Statements(statements) => {
                let (text, after) = self.session.statements(&statements);
                if self.run_text(text, Some(after))? {
                    self.show_values()?;
                }
            }
        }
        Ok(Next::GoOn)
    }

    /// Reports the mistake that keeps a text from running.
    fn complain_about(&self, text: Text) -> Result<(), Exit> {
        match text.mistake() {
            Some(mistake) => self.machine.borrow_mut().show(&mistake),
            None => Ok(()),
        }
    }

    /// Runs a chunk of the session; `false` if it failed, which has been reported then.
    fn run_text(&mut self, text: Text, after: Option<Vec<String>>) -> Result<bool, Exit> {
        let machine = &mut *self.machine.borrow_mut();
        match self.session.run(machine, text.clone(), after) {
            Ok(()) => Ok(true),
            Err(Stop::Interrupted) => {
                output::complain(b"interrupted\n")?;
                Ok(false)
            }
            Err(Stop::Refused(_)) if text.mistake().is_some() => {
                // What the parser cannot see: a jump out of place, too many variables.
                if let Some(mistake) = text.mistake() {
                    machine.show(&mistake)?;
                }
                Ok(false)
            }
            Err(stop) => {
                let exit = machine.report(stop)?;
                if machine.ended { Err(exit) } else { Ok(false) }
            }
        }
    }

    /// Prints the results of the last call and keeps the last one in `_`.
    fn show_values(&mut self) -> Result<(), Exit> {
        let shown = self.machine.borrow_mut().lua.results(|cx| {
            let shown = show_results(cx);
            if !cx.is_empty() {
                let (globals, last) = (cx.globals(), cx.get(cx.len()));
                // Only the memory limit can be against it; then `_` keeps its value.
                let _ = cx.set_field(globals, "_", last);
            }
            shown
        });
        output::print(&shown)
    }

    fn run_meta(&mut self, meta: &Meta<'_>) -> Result<Next, Exit> {
        match meta {
            Meta::Help => output::print(meta::HELP.as_bytes())?,
            Meta::Quit => return Ok(Next::Leave),
            Meta::Reset => self.reset()?,
            Meta::Load(name) => self.load(name)?,
            Meta::Type(expression) => {
                if let Some(text) = self.expression(expression)?
                    && self.run_text(text, None)?
                {
                    let types = self.machine.borrow_mut().lua.results(|cx| {
                        (1..=cx.len()).map(|slot| format!("{}\n", type_of(cx.get(slot)))).collect::<String>()
                    });
                    output::print(types.as_bytes())?;
                }
            }
            Meta::Time(expression) => {
                let started = Instant::now();
                let next = self.run_input(expression.as_bytes(), true)?;
                let took = started.elapsed();
                output::print(format!("took {took:.3?}\n").as_bytes())?;
                return Ok(next);
            }
        }
        Ok(Next::GoOn)
    }

    /// The text as an expression, or a complaint.
    fn expression(&self, text: &str) -> Result<Option<Text>, Exit> {
        if let Input::Expression(text) = understand(text.as_bytes()) {
            return Ok(Some(self.session.expression(&text)));
        }
        self.complain_about(Text::wrapped(session::CHUNK, b"return ", text.as_bytes(), b""))?;
        Ok(None)
    }

    /// `:load FILE`: runs a file as a program; its globals stay.
    fn load(&mut self, name: &str) -> Result<(), Exit> {
        match source::read_file(path_of(name.as_bytes())) {
            Ok(text) => {
                let text = Text::program([b"@", name.as_bytes()].concat(), text);
                // Errors have been reported, and end the file, not the prompt.
                let machine = &mut *self.machine.borrow_mut();
                match machine.run(text, &[]) {
                    Ok(()) => Ok(()),
                    Err(Exit::FAILURE) if !machine.ended => Ok(()),
                    Err(Exit::INTERRUPTED) => output::complain(b"interrupted\n"),
                    Err(exit) => Err(exit),
                }
            }
            Err(error) => output::complain(&system_error("cannot open", name.as_bytes(), &error)),
        }
    }

    /// `:reset`.
    fn reset(&mut self) -> Result<(), Exit> {
        let settings = self.machine.borrow().settings.clone();
        let fresh = Machine::new(&settings, &self.interrupt, &self.around)?;
        self.machine.replace(fresh).close();
        self.session = Session::default();
        Ok(())
    }
}

/// The type of a value; of numbers, which kind.
fn type_of(value: Value<'_>) -> &'static str {
    match value {
        Value::Integer(_) => "integer",
        Value::Float(_) => "float",
        other => other.type_name(),
    }
}

/// The names of a session, for completion.
struct Reachable(Rc<RefCell<Machine>>);

impl Names for Reachable {
    fn names(&self, path: &[&str], callable: bool) -> Vec<String> {
        // While something runs there is nothing to complete.
        let Ok(mut machine) = self.0.try_borrow_mut() else { return Vec::new() };
        let found = machine.lua.enter(|cx| {
            let variables = Session::variables(cx);
            Ok(names::names(cx, path, callable, variables))
        });
        found.unwrap_or_default()
    }
}
