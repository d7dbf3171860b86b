//! The files of one interpreter: its standard streams, and all that are open, to be flushed at the end.
//!
//! A file is shared between its Lua object and this list, behind a lock that nobody else ever holds for long: one
//! interpreter runs on one thread at a time. Invariant: a closed file is `None` and never opens again.

use std::io;
use std::ops::{Deref, DerefMut};
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use wippy_vm::{Context, Result, Vm};

use super::stream::{Device, Kind, Standard, Stream};
use crate::package::source::Content;

/// How a file is closed.
pub(super) enum Closing {
    /// Flushed and forgotten.
    Plain,
    /// Not at all: a standard stream.
    Never,
    /// A pipe: the program at its other end is waited for.
    Wait(Child),
}

/// An open file.
pub(super) struct OpenFile {
    pub(super) stream: Stream,
    pub(super) closing: Closing,
}

/// A file, open or closed.
#[derive(Clone)]
pub(super) struct SharedFile(Arc<Place>);

/// Where a file is.
struct Place {
    file: Mutex<Option<OpenFile>>,
    /// Whether something waits in its buffers; as whoever had the lock last left it.
    is_unsettled: AtomicBool,
}

/// A locked file.
pub(super) struct Locked<'a> {
    file: MutexGuard<'a, Option<OpenFile>>,
    is_unsettled: &'a AtomicBool,
}

impl Deref for Locked<'_> {
    type Target = Option<OpenFile>;

    fn deref(&self) -> &Option<OpenFile> {
        &self.file
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Option<OpenFile> {
        &mut self.file
    }
}

impl Drop for Locked<'_> {
    #[inline]
    fn drop(&mut self) {
        let is_unsettled = self.file.as_ref().is_some_and(|open| !open.stream.is_settled());
        self.is_unsettled.store(is_unsettled, Ordering::Relaxed);
    }
}

impl SharedFile {
    pub(super) fn new(stream: Stream, closing: Closing) -> SharedFile {
        let is_unsettled = AtomicBool::new(!stream.is_settled());
        let file = Mutex::new(Some(OpenFile { stream, closing }));
        SharedFile(Arc::new(Place { file, is_unsettled }))
    }

    #[inline]
    pub(super) fn lock(&self) -> Locked<'_> {
        let file = self.0.file.lock().unwrap_or_else(PoisonError::into_inner);
        Locked { file, is_unsettled: &self.0.is_unsettled }
    }

    /// Whether something waits in its buffers.
    #[inline]
    fn is_unsettled(&self) -> bool {
        self.0.is_unsettled.load(Ordering::Relaxed)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_none()
    }
}

/// See the module. Kept as a host value of the interpreter, from the first use of a file on.
#[derive(Default)]
pub(super) struct Files {
    /// The standard streams that were used, in the order of [`Standard`].
    standard: [Option<SharedFile>; 3],
    opened: Vec<Weak<Place>>,
}

/// The interpreter's files.
pub(super) fn files<'a>(cx: &'a mut Context<'_>) -> Option<&'a mut Files> {
    if cx.host::<Files>().is_none() {
        cx.set_host(Files::default());
    }
    cx.host::<Files>()
}

/// A standard stream; `None` if the library was not opened.
#[inline]
fn standard(cx: &mut Context<'_>, which: Standard) -> Option<SharedFile> {
    if let Some(files) = cx.host::<Files>()
        && let Some(file) = &files.standard[which as usize]
    {
        return Some(file.clone());
    }
    first_use(cx, which)
}

/// Whether the interpreter has this library at all.
pub(crate) fn is_open(cx: &mut Context<'_>) -> bool {
    standard(cx, Standard::Output).is_some()
}

/// Finds a standard stream in its object, which the registry keeps.
#[cold]
fn first_use(cx: &mut Context<'_>, which: Standard) -> Option<SharedFile> {
    let registry = cx.registry();
    let object = cx.field(registry, super::file::standard_key(which));
    let file = super::file::file_in(object)?.clone();
    files(cx)?.standard[which as usize] = Some(file.clone());
    Some(file)
}

impl Files {
    /// Remembers a file until it is gone.
    pub(super) fn remember(&mut self, file: &SharedFile) {
        if self.opened.len() == self.opened.capacity() {
            self.opened.retain(|file| file.strong_count() > 0);
        }
        self.opened.push(Arc::downgrade(&file.0));
    }

    /// Flushes everything; the first failure is told. Asked for whenever a process rests, and mostly in vain.
    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        let waits = self.standard.iter().flatten().any(SharedFile::is_unsettled) || !self.opened.is_empty();
        if waits { self.flush_each() } else { Ok(()) }
    }

    #[cold]
    fn flush_each(&mut self) -> io::Result<()> {
        let [input, output, error] = &self.standard;
        // All of them, whatever becomes of the first.
        let result = flush(output.as_ref()).and(flush(error.as_ref())).and(flush(input.as_ref()));
        let opened = self.opened.iter().filter_map(Weak::upgrade);
        opened.map(|file| flush(Some(&SharedFile(file)))).fold(result, io::Result::and)
    }
}

/// Flushes a file that is open and has something to flush.
#[inline]
fn flush(file: Option<&SharedFile>) -> io::Result<()> {
    match file.filter(|file| file.is_unsettled()) {
        Some(file) => file.lock().as_mut().map_or(Ok(()), |open| open.stream.flush()),
        None => Ok(()),
    }
}

/// Does something with the stream of standard output.
#[inline]
fn with_output<R: Default>(cx: &mut Context<'_>, act: impl FnOnce(&mut Stream) -> R) -> R {
    if let Some(files) = cx.host::<Files>()
        && let Some(output) = &files.standard[Standard::Output as usize]
    {
        return output.lock().as_mut().map_or_else(R::default, |open| act(&mut open.stream));
    }
    match first_use(cx, Standard::Output) {
        Some(output) => output.lock().as_mut().map_or_else(R::default, |open| act(&mut open.stream)),
        None => R::default(),
    }
}

/// Writes to standard output; the bytes may stay in its buffer. A failure of the system is not told, as `print` does
/// not tell it.
///
/// # Errors
/// None; a result for the sake of hosts that will stop a program here.
#[inline]
pub fn write_stdout(cx: &mut Context<'_>, bytes: &[u8]) -> Result<()> {
    // Nobody to tell, see above.
    with_output(cx, |stream| drop(stream.write(bytes)));
    Ok(())
}

/// Flushes standard output as `print` does after a line: what waits is written soon, that is by [`flush_due`].
///
/// # Errors
/// As for [`write_stdout`].
#[inline]
pub fn flush_line(cx: &mut Context<'_>) -> Result<()> {
    with_output(cx, Stream::flush_soon);
    Ok(())
}

/// Writes the lines that [`flush_line`] has put off. The natives that block or start programs do it first; a host
/// should do it whenever a slice of work has ended.
pub fn flush_due(cx: &mut Context<'_>) {
    // Nobody to tell, see `write_stdout`.
    with_output(cx, |stream| drop(stream.flush_due()));
}

/// Writes out what waits in the buffers of all open files, as at the end of a program. Nothing happens if the
/// library was not opened.
///
/// # Errors
/// The first failure; the other files are flushed nevertheless.
pub fn flush_all(cx: &mut Context<'_>) -> io::Result<()> {
    cx.host::<Files>().map_or(Ok(()), Files::flush)
}

/// The same for an interpreter that does not run; nobody is told of failures.
#[inline]
pub fn flush_resting(vm: &mut Vm) {
    if let Some(files) = vm.host::<Files>() {
        let _ = files.flush();
    }
}

/// Puts `writer` in the place of standard output, for a host that shows the output itself.
///
/// # Errors
/// When what waited for the old one cannot be written.
pub fn redirect_stdout(cx: &mut Context<'_>, writer: Box<dyn io::Write + Send>) -> io::Result<()> {
    match standard(cx, Standard::Output) {
        Some(output) => replace(&output, Device::Writer(writer)),
        None => Ok(()),
    }
}

/// Puts `reader` in the place of standard input.
///
/// # Errors
/// When the old one cannot be left where its reader believes it to be.
pub fn redirect_stdin(cx: &mut Context<'_>, reader: Box<dyn io::Read + Send>) -> io::Result<()> {
    match standard(cx, Standard::Input) {
        Some(input) => replace(&input, Device::Reader(reader)),
        None => Ok(()),
    }
}

fn replace(file: &SharedFile, device: Device) -> io::Result<()> {
    file.lock().as_mut().map_or(Ok(()), |open| open.stream.replace(device))
}

/// Before a read that may wait for somebody who watches standard output: writes what that somebody should see. That
/// is what is due, and everything if both are terminals.
pub(super) fn before_reading(cx: &mut Context<'_>, file: &SharedFile) {
    let kind = file.lock().as_mut().map_or(Kind::Regular, |open| open.stream.kind());
    match kind {
        Kind::Regular => {}
        // The write that fails next tells of a failure.
        Kind::Terminal => with_output(cx, |stream| {
            drop(if stream.is_line_buffered() { stream.flush() } else { stream.flush_due() });
        }),
        Kind::Other => flush_due(cx),
    }
}

/// All that is left of standard input.
///
/// # Errors
/// The system's, and one of its own when the memory limit would be passed.
pub(crate) fn read_all_stdin(cx: &mut Context<'_>) -> io::Result<Vec<u8>> {
    let Some(input) = standard(cx, Standard::Input) else { return Ok(Vec::new()) };
    before_reading(cx, &input);
    let mut content = Content::new(cx.longest_source());
    if let Some(open) = input.lock().as_mut() {
        loop {
            let ahead = open.stream.fill()?;
            let count = ahead.len();
            let goes_on = count > 0 && content.take(ahead)?;
            open.stream.consume(count);
            if !goes_on {
                break;
            }
        }
    }
    Ok(content.into_text())
}

/// A line of standard input with its end; `None` at the end or when it cannot be read.
///
/// # Errors
/// When the memory limit would be passed.
pub(crate) fn read_stdin_line(cx: &mut Context<'_>) -> Result<Option<Vec<u8>>> {
    let Some(input) = standard(cx, Standard::Input) else { return Ok(None) };
    before_reading(cx, &input);
    let mut guard = input.lock();
    let Some(open) = guard.as_mut() else { return Ok(None) };
    match super::read::line(&mut open.stream, true, &|bytes| cx.check_room(bytes)) {
        Ok(line) => Ok(line),
        Err(super::read::ReadError::System(_)) => Ok(None),
        Err(super::read::ReadError::Memory(error)) => Err(error),
    }
}

/// Writes to standard error, after what is due on standard output.
pub(crate) fn write_stderr(cx: &mut Context<'_>, bytes: &[u8]) {
    flush_due(cx);
    if let Some(error) = standard(cx, Standard::Error)
        && let Some(open) = error.lock().as_mut()
    {
        // There is nowhere to tell of this.
        let _ = open.stream.write(bytes);
    }
}
