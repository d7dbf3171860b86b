//! What the prompt remembers between two inputs: local variables that outlive the chunk they were declared in.
//!
//! Each input is compiled inside a function whose upvalues stand for the variables known so far. Before it runs, they are
//! joined to the upvalues of the *holder*: a closure, made at the end of the last input that declared any, over all
//! variables then visible. So closures from different inputs share variables as they would in one file.

use wippy::{Context, Native, Outcome, Result, Stop, Table, Value};

use super::input::Statements;
use crate::machine::Machine;
use crate::text::Text;

/// Chunk name of everything typed.
pub(super) const CHUNK: &[u8] = b"=stdin";
/// Most variables kept: a function has at most 200 locals, and inputs need some of their own.
const MOST: usize = 150;
/// What inputs call the function that keeps their variables.
const KEEP_NAME: &str = "__keep_locals";

/// Where the holder and the function to run are kept from the collector.
const HOLDER: &str = "wippy.prompt.holder";
const BODY: &str = "wippy.prompt.body";

/// `keep(holder)`.
static KEEP: Native = Native { name: "keep", function: keep, signature: "(holder: any) -> nil" };

fn keep(cx: &mut Context<'_>) -> Result<Outcome> {
    let holder = cx.get(1);
    let registry = cx.registry();
    cx.set_field(registry, HOLDER, holder)?;
    Ok(cx.returns_none())
}

/// The variables, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Session {
    variables: Vec<String>,
}

impl Session {
    /// The chunk for an expression.
    pub(crate) fn expression(&self, text: &[u8]) -> Text {
        Text::wrapped(CHUNK, &[self.head().as_bytes(), b"return "].concat(), text, b"\nend")
    }

    /// The chunk for statements, and the variables there will be once it has run.
    pub(crate) fn statements(&self, statements: &Statements) -> (Text, Vec<String>) {
        let mut after: Vec<String> = self.variables.clone();
        after.retain(|name| !statements.locals.contains(name));
        after.extend(statements.locals.iter().cloned());
        let surplus = after.len().saturating_sub(MOST);
        after.drain(..surplus);
        let holder = if statements.locals.is_empty() {
            String::new()
        } else {
            format!(" {KEEP_NAME}(function() return {} end) ", after.join(", "))
        };
        let (body, last) = statements.text.split_at(statements.end);
        if last.is_empty() {
            // A comment may end the text, so the rest stands on a line of its own.
            let behind = format!("\n{holder}end");
            return (Text::wrapped(CHUNK, self.head().as_bytes(), body, behind.as_bytes()), after);
        }
        let text = [body, holder.as_bytes(), last].concat();
        (Text::wrapped(CHUNK, self.head().as_bytes(), &text, b"\nend"), after)
    }

    /// What stands before the text of an input, on its first line.
    fn head(&self) -> String {
        let declared = if self.variables.is_empty() {
            String::new()
        } else {
            format!("local {} ", self.variables.join(", "))
        };
        format!("{declared}return function({KEEP_NAME}, ...) ")
    }

    /// Runs a chunk made here; its results are those of the interpreter's last call.
    ///
    /// # Errors
    /// See [`Stop`].
    pub(crate) fn run(
        &mut self,
        machine: &mut Machine,
        text: Text,
        after: Option<Vec<String>>,
    ) -> std::result::Result<(), Stop> {
        let compiled = text.compiled();
        machine.texts.add(text);
        machine.lua.call(|cx| {
            let chunk = cx.load(&compiled, CHUNK, wippy::LoadMode { text: true, binary: false })?;
            cx.push(chunk);
            Ok(())
        })?;
        machine.lua.results(|cx| {
            let body = cx.get(1);
            join(cx, body);
            let registry = cx.registry();
            cx.set_field(registry, BODY, body)
        })?;
        machine.lua.call(|cx| {
            let registry = cx.registry();
            let body = cx.field(registry, BODY);
            cx.set_field(registry, BODY, Value::Nil)?;
            cx.push(body);
            cx.push(&KEEP);
            Ok(())
        })?;
        if let Some(after) = after {
            self.variables = after;
        }
        Ok(())
    }

    /// A table of the variables and their values.
    pub(crate) fn variables<'gc>(cx: &mut Context<'gc>) -> Option<Table<'gc>> {
        let registry = cx.registry();
        let holder = cx.field(registry, HOLDER);
        let table = cx.table(0, 0).ok()?;
        let mut index = 1;
        while let Some((name, value)) = cx.upvalue_of(holder, index) {
            let name = cx.string(&name).ok()?;
            // A variable that is nil is not there to be completed.
            cx.raw_set(table, name, value).ok()?;
            index += 1;
        }
        Some(table)
    }
}

/// Makes the upvalues of `body` the variables of the holder, by their names.
fn join<'gc>(cx: &mut Context<'gc>, body: Value<'gc>) {
    let registry = cx.registry();
    let (Value::Closure(body), Value::Closure(holder)) = (body, cx.field(registry, HOLDER)) else { return };
    let mut index = 1;
    while let Some((name, _)) = cx.upvalue_of(body.into(), index) {
        let mut place = 1;
        while let Some((kept, _)) = cx.upvalue_of(holder.into(), place) {
            if kept == name {
                cx.join_upvalues(body, index, holder, place);
            }
            place += 1;
        }
        index += 1;
    }
}
