//! `load`, `loadfile`, `dofile`: text or a binary chunk becomes a function.
//!
//! Not here: where `require` looks. A process has a large text compiled on a thread for what may block, so that its
//! worker can run others meanwhile. Invariant: what a program sees is the same either way.

use std::sync::mpsc::{self, Receiver};

use wippy_parser::strip_shebang;
use wippy_vm::{
    Closure, Compiled, Context, Error, ErrorKind, LoadMode, Outcome, Result, Resume, Then, Value,
};

use crate::package::source;
use crate::requests::{Answer, Request};
use crate::{host, io};

/// Processes have texts from this length on compiled elsewhere, in bytes: about 3 ms of work.
const LARGE: usize = 32 << 10;

/// Loads a chunk and answers as `load`: the function, or `nil` and a message.
fn loaded<'gc>(
    cx: &mut Context<'gc>,
    source: &[u8],
    name: &[u8],
    mode: Option<&[u8]>,
    env: Option<Value<'gc>>,
) -> Result<Outcome> {
    let (kind, letter) = if source.first() == Some(&0x1b) { ("binary", b'b') } else { ("text", b't') };
    if let Some(mode) = mode
        && !mode.contains(&letter)
    {
        let refused = format!("attempt to load a {kind} chunk (mode is '");
        let message = cx.string(&[refused.as_bytes(), mode, b"')"].concat())?;
        return Ok(fails(cx, message.into()));
    }
    cx.check_source(source.len())?;
    if source.len() >= LARGE && cx.is_heard() {
        return Ok(loaded_elsewhere(cx, source.to_vec(), name.to_vec(), env));
    }
    let function = cx.load(source, name, LoadMode::ANY);
    installed(cx, function, env)
}

/// Compiles on another thread, while the running coroutine is parked.
fn loaded_elsewhere<'gc>(
    cx: &mut Context<'gc>,
    source: Vec<u8>,
    name: Vec<u8>,
    env: Option<Value<'gc>>,
) -> Outcome {
    let (answer, compiled) = mpsc::sync_channel(1);
    let has_env = env.is_some();
    cx.truncate(0);
    cx.push(env.unwrap_or(Value::Nil));
    let job = move || -> Answer {
        // The only one that is sent, so there is room.
        let _ = answer.try_send(Compiled::new(&source, &name, LoadMode::ANY));
        Box::new(|cx, ticket| {
            cx.wake(ticket, &[]);
        })
    };
    cx.operation(
        Box::new(Request::Block(Box::new(job))),
        Then::Resume(Box::new(Elsewhere { compiled, has_env })),
    )
}

/// `load` waits for [`loaded_elsewhere`]; the environment is in the first slot.
struct Elsewhere {
    compiled: Receiver<Result<Compiled>>,
    has_env: bool,
}

impl Resume for Elsewhere {
    fn resume(self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        let compiled = self.compiled.try_recv().map_err(|_| Error::message("compiling was abandoned"))?;
        let function = compiled.and_then(|compiled| cx.link(compiled));
        let env = self.has_env.then(|| cx.get(1));
        installed(cx, function, env)
    }
}

/// Answers with the function in its environment, or with `nil` and what is wrong with the text.
fn installed<'gc>(
    cx: &mut Context<'gc>,
    function: Result<Closure<'gc>>,
    env: Option<Value<'gc>>,
) -> Result<Outcome> {
    match function {
        Ok(function) => {
            if let Some(env) = env {
                cx.set_closure_upvalue(function, 1, env);
            }
            Ok(cx.returns(function))
        }
        Err(error) => match error.kind() {
            ErrorKind::Syntax(message) => {
                let message = cx.string(message)?;
                Ok(fails(cx, message.into()))
            }
            _ => Err(error),
        },
    }
}

fn fails<'gc>(cx: &mut Context<'gc>, message: Value<'gc>) -> Outcome {
    cx.push(Value::Nil);
    cx.push(message);
    cx.returns_top(2)
}

pub(crate) fn load(cx: &mut Context<'_>) -> Result<Outcome> {
    let mode = cx.optional_string(3)?.map(|mode| mode.as_bytes());
    let env = if cx.has(4) { Some(cx.get(4)) } else { None };
    if let Some(text) = cx.coerce_string(cx.get(1))? {
        let name = cx.optional_string(2)?.unwrap_or(text);
        return loaded(cx, text.as_bytes(), name.as_bytes(), mode, env);
    }
    let name = cx.optional_string(2)?.map_or(b"=(load)".as_slice(), |name| name.as_bytes()).to_vec();
    cx.check_function(1)?;
    let has_env = env.is_some();
    cx.truncate(4);
    let reading = Reading { source: Vec::new(), name, mode: mode.map(<[u8]>::to_vec), has_env };
    cx.push_copy(1);
    Ok(cx.catching_call(0, Then::Resume(Box::new(reading))))
}

/// `load` with a function that gives the chunk piece by piece.
struct Reading {
    source: Vec<u8>,
    name: Vec<u8>,
    mode: Option<Vec<u8>>,
    has_env: bool,
}

impl Resume for Reading {
    fn resume(mut self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        let failed = cx.call_failed();
        let piece = cx.take_result();
        if failed {
            return Ok(fails(cx, piece));
        }
        match (piece, cx.coerce_string(piece)?) {
            (_, Some(text)) if !text.is_empty() => {
                cx.check_room(self.source.len() + text.len())?;
                self.source.extend_from_slice(text.as_bytes());
                cx.push_copy(1);
                Ok(cx.catching_call(0, Then::Resume(self)))
            }
            (Value::Nil, _) | (_, Some(_)) => {
                let env = if self.has_env { Some(cx.get(4)) } else { None };
                loaded(cx, &self.source, &self.name, self.mode.as_deref(), env)
            }
            _ => {
                let message = [&cx.position_at(1)[..], b"reader function must return a string"].concat();
                let message = cx.string(&message)?;
                Ok(fails(cx, message.into()))
            }
        }
    }
}

/// Reads a chunk file, or standard input.
///
/// # Errors
/// The message of the reference implementation: `cannot open x: No such file or directory`.
fn read_chunk(cx: &mut Context<'_>, name: Option<&[u8]>) -> Result<std::result::Result<Vec<u8>, Vec<u8>>> {
    let Some(name) = name else {
        return Ok(io::read_all_stdin(cx).map(|text| strip_shebang(&text).to_vec()).map_err(|error| {
            let mut message = b"cannot read stdin: ".to_vec();
            message.extend_from_slice(host::describe(&error).as_bytes());
            message
        }));
    };
    Ok(source::read(name, cx.longest_source()))
}

pub(crate) fn loadfile(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.optional_string(1)?.map(|name| name.as_bytes());
    let mode = cx.optional_string(2)?.map(|mode| mode.as_bytes());
    let env = if cx.has(3) { Some(cx.get(3)) } else { None };
    match read_chunk(cx, name)? {
        Ok(source) => {
            let chunk_name = name.map_or(b"=stdin".to_vec(), |name| [b"@", name].concat());
            loaded(cx, &source, &chunk_name, mode, env)
        }
        Err(message) => {
            let message = cx.string(&message)?;
            Ok(fails(cx, message.into()))
        }
    }
}

pub(crate) fn dofile(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.optional_string(1)?.map(|name| name.as_bytes());
    match read_chunk(cx, name)? {
        Ok(source) => {
            let chunk_name = name.map_or(b"=stdin".to_vec(), |name| [b"@", name].concat());
            cx.check_source(source.len())?;
            let function = cx.load(&source, &chunk_name, LoadMode::ANY)?;
            cx.push(function);
            Ok(cx.tail_call(0))
        }
        Err(message) => Err(ErrorKind::Plain(message).into()),
    }
}
