//! Files as Lua sees them: objects of type `FILE*` and their methods (manual 6.8).
//!
//! Invariant: the methods are the functions of the metatable, so a method that a script has taken out works alike.

use std::any::Any;
use std::io::{self, SeekFrom};

use wippy_vm::{Context, Error, Library, Native, Outcome, Result, Table, UserData, Value, library, number};

use super::files::{Closing, OpenFile, SharedFile, before_reading, files, flush_due};
use super::read::{self, ReadError};
use super::stream::{Buffering, Device, Standard, Stream};
use crate::host;

/// Name of the type, and of its metatable in the registry.
const TYPE: &str = "FILE*";

/// Most formats that an iterator of lines takes.
const MOST_FORMATS: usize = 250;

/// Bytes that `setvbuf` makes room for when it is not told.
const DEFAULT_BUFFER: i64 = 8192;

/// The methods of files.
pub static METHODS: Library = library!(
    "FILE*",
    [
        /// Closes the file.
        ("close", close_method, "(self: any) -> (boolean?, string?, integer?)"),
        /// Writes what is held back.
        ("flush", flush_method, "(self: any) -> (any, string?, integer?)"),
        /// Goes through the lines, or whatever the formats say.
        ("lines", lines_method, "(self: any, ...any) -> (...any) -> (...any)"),
        /// Reads by formats: `l`, `L`, `n`, `a` or a number of bytes.
        ("read", read_method, "(self: any, ...any) -> (...any)"),
        /// The position in the file, after setting it.
        (
            "seek",
            seek_method,
            "(self: any, whence: string?, offset: integer?) -> (integer?, string?, integer?)"
        ),
        /// How much is held back: `no`, `full`, `line`.
        (
            "setvbuf",
            setvbuf_method,
            "(self: any, mode: string, size: integer?) -> (boolean?, string?, integer?)"
        ),
        /// Writes text and numbers.
        ("write", write_method, "(self: any, ...any) -> (any, string?, integer?)"),
        ("__gc", collect_method, "(self: any) -> ()"),
        ("__tostring", tostring_method, "(self: any) -> string"),
    ]
);

/// Makes the metatable of files.
pub(super) fn open(cx: &mut Context<'_>) -> Result<()> {
    let metatable = cx.table(0, METHODS.functions.len() + 2)?;
    METHODS.install(cx, metatable)?;
    let name = cx.string(TYPE.as_bytes())?;
    cx.set_field(metatable, "__name", name)?;
    cx.set_field(metatable, "__index", metatable)?;
    let registry = cx.registry();
    cx.set_field(registry, TYPE, metatable)
}

/// Makes the Lua object of a file.
pub(super) fn object<'gc>(cx: &mut Context<'gc>, file: SharedFile) -> UserData<'gc> {
    let registry = cx.registry();
    let metatable = match cx.field(registry, TYPE) {
        Value::Table(metatable) => Some(metatable),
        _ => None,
    };
    let of_type = metatable.map(Table::address);
    cx.userdata(Box::new(FileObject { file, of_type }), metatable)
}

/// Where the registry keeps the object of a standard stream.
pub(super) fn standard_key(which: Standard) -> &'static str {
    match which {
        Standard::Input => "_IO_stdin",
        Standard::Output => "_IO_stdout",
        Standard::Error => "_IO_stderr",
    }
}

/// Makes the Lua object of a standard stream, which every interpreter has its own of.
pub(super) fn standard<'gc>(cx: &mut Context<'gc>, which: Standard) -> Result<UserData<'gc>> {
    fn make(which: Standard, of_type: Option<usize>) -> Box<dyn Any + Send> {
        let is_input = which == Standard::Input;
        let stream = Stream::new(Device::Standard(which), is_input, !is_input);
        Box::new(FileObject { file: SharedFile::new(stream, Closing::Never), of_type })
    }
    let registry = cx.registry();
    let metatable = match cx.field(registry, TYPE) {
        Value::Table(metatable) => Some(metatable),
        _ => None,
    };
    let object = match which {
        Standard::Input => cx.userdata_on_demand(|of_type| make(Standard::Input, of_type), metatable),
        Standard::Output => cx.userdata_on_demand(|of_type| make(Standard::Output, of_type), metatable),
        Standard::Error => cx.userdata_on_demand(|of_type| make(Standard::Error, of_type), metatable),
    };
    cx.set_field(registry, standard_key(which), object)?;
    Ok(object)
}

/// What a file's object holds.
struct FileObject {
    file: SharedFile,
    /// Which metatable it was made with; with another one it is no file any more.
    of_type: Option<usize>,
}

/// Makes the Lua object of a newly opened file.
pub(super) fn opened<'gc>(cx: &mut Context<'gc>, stream: Stream, closing: Closing) -> UserData<'gc> {
    let file = SharedFile::new(stream, closing);
    if let Some(files) = files(cx) {
        files.remember(&file);
    }
    object(cx, file)
}

/// The file that a value is.
pub(super) fn file_of<'gc>(value: Value<'gc>) -> Option<&'gc SharedFile> {
    let Value::UserData(userdata) = value else { return None };
    let object = userdata.get::<FileObject>()?;
    (userdata.metatable().map(Table::address) == object.of_type).then_some(&object.file)
}

/// The file that a value was when it was made; for values that scripts cannot choose.
pub(super) fn file_in<'gc>(value: Value<'gc>) -> Option<&'gc SharedFile> {
    match value {
        Value::UserData(userdata) => userdata.get::<FileObject>().map(|object| &object.file),
        _ => None,
    }
}

/// Argument 1, which must be a file.
fn any_file<'gc>(cx: &Context<'gc>) -> Result<&'gc SharedFile> {
    file_of(cx.get(1)).ok_or_else(|| cx.type_error(1, TYPE))
}

/// Argument 1, which must be an open file.
pub(super) fn open_file<'gc>(cx: &Context<'gc>) -> Result<&'gc SharedFile> {
    let file = any_file(cx)?;
    if file.is_closed() { Err(closed()) } else { Ok(file) }
}

#[cold]
fn closed() -> Error {
    Error::message("attempt to use a closed file")
}

// ---- closing ----

fn close_method(cx: &mut Context<'_>) -> Result<Outcome> {
    let file = open_file(cx)?;
    close(cx, file)
}

/// Closes a file and answers as `file:close`.
pub(super) fn close(cx: &mut Context<'_>, file: &SharedFile) -> Result<Outcome> {
    let mut guard = file.lock();
    match guard.take() {
        None => Err(closed()),
        Some(open @ OpenFile { closing: Closing::Never, .. }) => {
            *guard = Some(open);
            let message = cx.string(b"cannot close standard file")?;
            cx.push(Value::Nil);
            cx.push(message);
            Ok(cx.returns_top(2))
        }
        Some(OpenFile { mut stream, closing: Closing::Plain }) => {
            let result = stream.flush();
            host::answer(cx, result, None)
        }
        Some(OpenFile { mut stream, closing: Closing::Wait(mut child) }) => {
            flush_due(cx);
            // What cannot be delivered shows in how the program ends.
            let _ = stream.flush();
            drop(stream);
            host::ended(cx, child.wait())
        }
    }
}

fn collect_method(cx: &mut Context<'_>) -> Result<Outcome> {
    let file = any_file(cx)?;
    if !file.is_closed() {
        let _ = close(cx, file)?;
    }
    Ok(cx.returns_none())
}

fn tostring_method(cx: &mut Context<'_>) -> Result<Outcome> {
    let file = any_file(cx)?;
    let text = if file.is_closed() {
        "file (closed)".to_owned()
    } else {
        format!("file ({:#x})", cx.get(1).address().unwrap_or(0))
    };
    let text = cx.string(text.as_bytes())?;
    Ok(cx.returns(text))
}

// ---- reading ----

/// What a read came to.
enum Answer {
    /// This many values were pushed; the last one is `nil` if its format could not be read.
    Values(usize),
    Failed(io::Error),
}

/// Reads by the formats in the slots from `first` on, a line if there are none.
fn read_formats(cx: &mut Context<'_>, file: &SharedFile, first: usize) -> Result<Answer> {
    let formats = (cx.len() + 1).saturating_sub(first);
    before_reading(cx, file);
    let mut guard = file.lock();
    let Some(OpenFile { stream, .. }) = guard.as_mut() else { return Err(closed()) };
    if formats == 0 {
        return match read_line(cx, stream, false) {
            Ok(_) => Ok(Answer::Values(1)),
            Err(error) => failed(error),
        };
    }
    cx.reserve_slots(formats)?;
    for index in first..first + formats {
        match read_format(cx, stream, index) {
            Ok(true) => {}
            Ok(false) => return Ok(Answer::Values(index - first + 1)),
            Err(error) => return failed(error),
        }
    }
    Ok(Answer::Values(formats))
}

fn failed(error: ReadError) -> Result<Answer> {
    match error {
        ReadError::System(error) => Ok(Answer::Failed(error)),
        ReadError::Memory(error) => Err(error),
    }
}

/// Reads by the format in a slot and pushes what was read; tells whether there was anything.
fn read_format(cx: &mut Context<'_>, stream: &mut Stream, index: usize) -> Result<bool, ReadError> {
    if let Value::Integer(_) | Value::Float(_) = cx.get(index) {
        let count = cx.check_integer(index)?;
        return read_bytes(cx, stream, count);
    }
    let format = cx.check_string(index)?.as_bytes();
    match format.strip_prefix(b"*").unwrap_or(format).first() {
        Some(b'n') => {
            let number = read::numeral(stream)?;
            cx.push(number.map_or(Value::Nil, Value::from));
            Ok(number.is_some())
        }
        Some(b'l') => read_line(cx, stream, false),
        Some(b'L') => read_line(cx, stream, true),
        Some(b'a') => {
            let all = read::bytes(stream, usize::MAX, &|bytes| cx.check_room(bytes))?;
            push_text(cx, &all)?;
            Ok(true)
        }
        _ => Err(cx.argument_error(index, "invalid format").into()),
    }
}

fn push_text(cx: &mut Context<'_>, text: &[u8]) -> Result<()> {
    let text = cx.string(text)?;
    cx.push(text);
    Ok(())
}

fn read_line(cx: &mut Context<'_>, stream: &mut Stream, keep_end: bool) -> Result<bool, ReadError> {
    // Most lines lie in the buffer as a whole and need no other copy.
    let ahead = stream.fill()?;
    if let Some(end) = memchr::memchr(b'\n', ahead) {
        let text = cx.string(&ahead[..end + usize::from(keep_end)])?;
        cx.push(text);
        stream.consume(end + 1);
        return Ok(true);
    }
    match read::line(stream, keep_end, &|bytes| cx.check_room(bytes))? {
        Some(line) => {
            push_text(cx, &line)?;
            Ok(true)
        }
        None => {
            cx.push(Value::Nil);
            Ok(false)
        }
    }
}

fn read_bytes(cx: &mut Context<'_>, stream: &mut Stream, count: i64) -> Result<bool, ReadError> {
    let Ok(wanted) = usize::try_from(count) else {
        return Err(Error::message("not enough memory for buffer allocation").into());
    };
    let bytes = read::bytes(stream, wanted, &|bytes| cx.check_room(bytes))?;
    let is_there = if wanted == 0 { stream.peek()?.is_some() } else { !bytes.is_empty() };
    if is_there {
        push_text(cx, &bytes)?;
    } else {
        cx.push(Value::Nil);
    }
    Ok(is_there)
}

/// Reads by the formats from slot `first` on and answers as `file:read`.
pub(super) fn read(cx: &mut Context<'_>, file: &SharedFile, first: usize) -> Result<Outcome> {
    match read_formats(cx, file, first)? {
        Answer::Values(count) => Ok(cx.returns_top(count)),
        Answer::Failed(error) => host::failed(cx, &error, None),
    }
}

fn read_method(cx: &mut Context<'_>) -> Result<Outcome> {
    let file = open_file(cx)?;
    read(cx, file, 2)
}

// ---- lines ----
// Upvalues of the iterator: the file, whether to close it at its end, the number of formats, the formats.

static NEXT_LINE: Native = Native { name: "lines", function: next_line, signature: "(...any) -> (...any)" };

fn lines_method(cx: &mut Context<'_>) -> Result<Outcome> {
    open_file(cx)?;
    lines(cx, false)
}

/// Answers with an iterator over the file in slot 1 by the formats after it.
pub(super) fn lines(cx: &mut Context<'_>, close: bool) -> Result<Outcome> {
    let formats = cx.len() - 1;
    if formats > MOST_FORMATS {
        return Err(cx.argument_error(MOST_FORMATS + 2, "too many arguments"));
    }
    let mut upvalues = vec![cx.get(1), Value::Boolean(close), Value::Integer(formats as i64)];
    upvalues.extend((2..=formats + 1).map(|index| cx.get(index)));
    let iterator = cx.native_closure(&NEXT_LINE, &upvalues);
    Ok(cx.returns(iterator))
}

fn next_line(cx: &mut Context<'_>) -> Result<Outcome> {
    let Some(file) = file_in(cx.upvalue(1)) else { return Err(closed()) };
    if file.is_closed() {
        return Err(Error::message("file is already closed"));
    }
    let Value::Integer(formats) = cx.upvalue(3) else { return Err(closed()) };
    let formats = formats as usize;
    // The formats have the numbers that the reference implementation gives them in messages.
    cx.truncate(1);
    cx.reserve_slots(formats)?;
    for index in 0..formats {
        let format = cx.upvalue(4 + index);
        cx.push(format);
    }
    match read_formats(cx, file, 2)? {
        Answer::Values(count) if cx.get(cx.len() - count + 1).is_truthy() => Ok(cx.returns_top(count)),
        Answer::Values(_) => {
            if cx.upvalue(2).is_truthy() {
                let _ = close(cx, file)?;
            }
            Ok(cx.returns_none())
        }
        Answer::Failed(error) => Err(Error::message(host::describe(&error))),
    }
}

// ---- writing ----

fn write_method(cx: &mut Context<'_>) -> Result<Outcome> {
    let file = open_file(cx)?;
    let object = cx.get(1);
    write(cx, file, object, 2)
}

/// Writes the slots from `first` on and answers with the file's object.
pub(super) fn write<'gc>(
    cx: &mut Context<'gc>,
    file: &SharedFile,
    object: Value<'gc>,
    first: usize,
) -> Result<Outcome> {
    let mut guard = file.lock();
    let Some(OpenFile { stream, .. }) = guard.as_mut() else { return Err(closed()) };
    if stream.is_unbuffered() {
        // Readers of standard error see it in order with what was printed.
        drop(guard);
        flush_due(cx);
        guard = file.lock();
    }
    let Some(OpenFile { stream, .. }) = guard.as_mut() else { return Err(closed()) };
    let mut result = Ok(());
    for index in first..=cx.len() {
        let written = match cx.get(index) {
            Value::String(text) => stream.write(text.as_bytes()),
            Value::Integer(integer) => {
                let mut text = Vec::with_capacity(24);
                number::write_integer(&mut text, integer);
                stream.write(&text)
            }
            // Unlike `tostring`, whole floats get no fraction.
            Value::Float(float) => {
                let mut text = Vec::with_capacity(24);
                number::write_general(&mut text, float);
                stream.write(&text)
            }
            other => match other.host_object().and_then(|object| object.text()) {
                Some(text) => stream.write(&text),
                None => return Err(cx.type_error(index, "string")),
            },
        };
        result = result.and(written);
    }
    match result {
        Ok(()) => Ok(cx.returns(object)),
        Err(error) => host::failed(cx, &error, None),
    }
}

fn flush_method(cx: &mut Context<'_>) -> Result<Outcome> {
    let file = open_file(cx)?;
    flush(cx, file)
}

pub(super) fn flush(cx: &mut Context<'_>, file: &SharedFile) -> Result<Outcome> {
    let result = match file.lock().as_mut() {
        Some(open) => open.stream.flush(),
        None => Ok(()),
    };
    host::answer(cx, result, None)
}

// ---- position and buffering ----

fn seek_method(cx: &mut Context<'_>) -> Result<Outcome> {
    let file = open_file(cx)?;
    let whence = cx.check_option(2, Some("cur"), &["set", "cur", "end"])?;
    let offset = cx.optional_integer(3, 0)?;
    let target = match whence {
        // The system refuses what is negative; here it is just very large.
        0 => SeekFrom::Start(offset as u64),
        1 => SeekFrom::Current(offset),
        _ => SeekFrom::End(offset),
    };
    let result = match file.lock().as_mut() {
        Some(open) => open.stream.seek(target),
        None => return Err(closed()),
    };
    match result {
        Ok(position) => Ok(cx.returns(position as i64)),
        Err(error) => host::failed(cx, &error, None),
    }
}

fn setvbuf_method(cx: &mut Context<'_>) -> Result<Outcome> {
    let file = open_file(cx)?;
    let mode = cx.check_option(2, None, &["no", "full", "line"])?;
    let size = cx.optional_integer(3, DEFAULT_BUFFER)?;
    let buffering = match mode {
        0 => Buffering::None,
        1 => Buffering::Full(usize::try_from(size).unwrap_or(0).clamp(1, 1 << 24)),
        _ => Buffering::Line,
    };
    let result = match file.lock().as_mut() {
        Some(open) => open.stream.set_buffering(buffering),
        None => return Err(closed()),
    };
    host::answer(cx, result, None)
}
