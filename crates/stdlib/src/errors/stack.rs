//! Where an error was made: the activations of its coroutine, as facts.
//!
//! It is taken while the activations exist and says nothing about other coroutines. Only the innermost ones are kept,
//! because errors are made often and looked at rarely.

use wippy_vm::{Context, Result, Table, Value};

/// Most activations that are kept.
const MOST: usize = 16;

/// A call stack, innermost activation first.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Stack {
    /// `main`, or which coroutine it was.
    thread: String,
    frames: Vec<Frame>,
}

/// An activation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Frame {
    /// Chunk name as messages show it.
    source: String,
    /// -1 for builtins.
    line: i64,
    /// Empty if the caller has no name for it.
    name: String,
    /// `function`, `main` or `builtin`.
    what: &'static str,
}

impl Stack {
    /// The activations from `level` on: 0 is the running native, 1 its caller.
    pub fn capture(cx: &Context<'_>, level: usize) -> Stack {
        let coroutine = cx.coroutine();
        let thread =
            if cx.is_main() { "main".to_owned() } else { format!("thread: {:#x}", coroutine.address()) };
        let mut frames = Vec::new();
        for level in level..level + MOST {
            let Some(activation) = cx.activation(coroutine, level) else { break };
            let function = activation.function();
            if !function.is_function() {
                break;
            }
            let info = cx.function_info(function);
            let what = match info.what {
                "main" => "main",
                "Lua" => "function",
                _ => "builtin",
            };
            frames.push(Frame {
                source: info.short_source,
                line: activation.current_line().map_or(-1, i64::from),
                name: activation.name().map_or_else(String::new, |name| name.name),
                what,
            });
        }
        Stack { thread, frames }
    }

    /// A line for each activation: `source:line: in function 'name'`.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.frames.iter().map(|frame| {
            let Frame { source, line, name, what } = frame;
            let place = if *line >= 0 { format!("{source}:{line}:") } else { format!("{source}:") };
            match (*what, name.as_str()) {
                ("main", _) => format!("{place} in main chunk"),
                (_, "") => format!("{place} in function <?>"),
                (_, name) => format!("{place} in function '{name}'"),
            }
        })
    }

    /// As `errors.call_stack` answers.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn build<'gc>(&self, cx: &mut Context<'gc>) -> Result<Table<'gc>> {
        let list = cx.table(self.frames.len(), 0)?;
        for (level, frame) in (1..).zip(&self.frames) {
            let table = cx.table(0, 5)?;
            let (source, name) = (cx.string(frame.source.as_bytes())?, cx.string(frame.name.as_bytes())?);
            let what = cx.name(frame.what);
            cx.set_field(table, "level", Value::Integer(level))?;
            cx.set_field(table, "source", source)?;
            cx.set_field(table, "line", frame.line)?;
            cx.set_field(table, "name", name)?;
            cx.set_field(table, "type", what)?;
            cx.raw_set_integer(list, level, table)?;
        }
        let stack = cx.table(0, 2)?;
        let thread = cx.string(self.thread.as_bytes())?;
        cx.set_field(stack, "thread", thread)?;
        cx.set_field(stack, "frames", list)?;
        Ok(stack)
    }
}
