//! A stream of bytes with a buffer in each direction, as C's `FILE` is one.
//!
//! No Lua here. Invariant: bytes that were read ahead and bytes that wait to be written are never there at the same
//! time; turning round drops the former (moving the device back) or writes the latter.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, SeekFrom, Write};
use std::process::{ChildStdin, ChildStdout};

use crate::waiting;

/// How much is read ahead at a time, in bytes.
const READ_AHEAD: usize = 8 << 10;

/// How much waits to be written unless `setvbuf` says otherwise, in bytes.
const WRITE_BEHIND: usize = 32 << 10;

/// What a pipe takes without its reader having to act, in bytes (POSIX's least `PIPE_BUF` is far below, Linux has 4096).
const PROMPT_BYTES: usize = 4 << 10;

/// "Bad file descriptor", for a stream used in a direction that it was not opened for.
const EBADF: i32 = 9;

/// "Illegal seek", for streams without positions.
const ESPIPE: i32 = 29;

/// "Invalid argument".
const EINVAL: i32 = 22;

/// One of the process's own streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standard {
    Input,
    Output,
    Error,
}

/// Where bytes come from or go to.
pub(super) enum Device {
    File(File),
    /// The process's own stream; opened when it is first used.
    Standard(Standard),
    Child(ChildStdout),
    ToChild(ChildStdin),
    /// What the host put in place of a standard stream.
    Reader(Box<dyn Read + Send>),
    Writer(Box<dyn Write + Send>),
}

/// When written bytes leave the buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Buffering {
    /// At once.
    None,
    /// With the end of a line.
    Line,
    /// When there are as many as this.
    Full(usize),
}

/// See the module.
pub(super) struct Stream {
    device: Device,
    readable: bool,
    writable: bool,
    /// Not decided before the first use, which asks what kind of device it is.
    buffering: Option<Buffering>,
    kind: Option<Kind>,
    /// Room for what is read ahead; the bytes from `input_at` to `input_end` are still to be taken.
    input: Vec<u8>,
    input_at: usize,
    input_end: usize,
    output: Vec<u8>,
    /// How much of `output` should have left already: everybody else must believe that it has.
    due: usize,
}

/// What a device is like to its user.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A file on a disk: answers at once.
    Regular,
    Terminal,
    /// A pipe or the like: somebody else may have to act before it answers.
    Other,
}

/// A duplicate of the descriptor: reads and writes have no other buffer in between.
fn duplicate(standard: Standard) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        Ok(File::from(match standard {
            Standard::Input => io::stdin().as_fd().try_clone_to_owned()?,
            Standard::Output => io::stdout().as_fd().try_clone_to_owned()?,
            Standard::Error => io::stderr().as_fd().try_clone_to_owned()?,
        }))
    }
    #[cfg(windows)]
    {
        use std::os::windows::io::AsHandle;
        Ok(File::from(match standard {
            Standard::Input => io::stdin().as_handle().try_clone_to_owned()?,
            Standard::Output => io::stdout().as_handle().try_clone_to_owned()?,
            Standard::Error => io::stderr().as_handle().try_clone_to_owned()?,
        }))
    }
}

impl Stream {
    pub(super) fn new(device: Device, readable: bool, writable: bool) -> Stream {
        let buffering = match device {
            Device::Standard(Standard::Error) => Some(Buffering::None),
            _ => None,
        };
        Stream {
            device,
            readable,
            writable,
            buffering,
            kind: None,
            input: Vec::new(),
            input_at: 0,
            input_end: 0,
            output: Vec::new(),
            due: 0,
        }
    }

    /// Puts another device in the place of this one; what waits is written to the old one first.
    pub(super) fn replace(&mut self, device: Device) -> io::Result<()> {
        let result = self.flush();
        let (readable, writable) = (self.readable, self.writable);
        *self = Stream::new(device, readable, writable);
        result
    }

    /// The file behind the stream, if it is one.
    fn file(&mut self) -> io::Result<Option<&mut File>> {
        if let Device::Standard(standard) = self.device {
            self.device = Device::File(duplicate(standard)?);
        }
        match &mut self.device {
            Device::File(file) => Ok(Some(file)),
            _ => Ok(None),
        }
    }

    /// What the device is like.
    pub(super) fn kind(&mut self) -> Kind {
        if let Some(known) = self.kind {
            return known;
        }
        let kind = match self.file() {
            Ok(Some(file)) if file.is_terminal() => Kind::Terminal,
            Ok(Some(file)) if file.metadata().is_ok_and(|about| about.is_file()) => Kind::Regular,
            _ => Kind::Other,
        };
        self.kind = Some(kind);
        kind
    }

    fn buffering(&mut self) -> Buffering {
        match self.buffering {
            Some(buffering) => buffering,
            None => {
                let chosen = if self.kind() == Kind::Terminal {
                    Buffering::Line
                } else {
                    Buffering::Full(WRITE_BEHIND)
                };
                *self.buffering.insert(chosen)
            }
        }
    }

    /// Sets when written bytes leave the buffer; those in it leave now.
    pub(super) fn set_buffering(&mut self, buffering: Buffering) -> io::Result<()> {
        self.buffering = Some(buffering);
        self.write_out()
    }

    #[inline]
    pub(super) fn is_unbuffered(&self) -> bool {
        self.buffering == Some(Buffering::None)
    }

    pub(super) fn is_line_buffered(&mut self) -> bool {
        self.buffering() == Buffering::Line
    }

    // ---- writing ----

    /// Writes bytes; they may stay in the buffer.
    #[inline]
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(Buffering::Full(limit)) = self.buffering
            && self.writable
            && self.input_end == 0
            && self.output.len() + bytes.len() < limit
        {
            self.output.extend_from_slice(bytes);
            return Ok(());
        }
        self.write_slowly(bytes)
    }

    #[cold]
    fn write_slowly(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if !self.writable {
            return Err(io::Error::from_raw_os_error(EBADF));
        }
        self.forget_input();
        match self.buffering() {
            Buffering::None => self.write_to_device(bytes),
            Buffering::Line => {
                let Some(end) = memchr::memrchr(b'\n', bytes) else {
                    self.output.extend_from_slice(bytes);
                    return if self.output.len() < WRITE_BEHIND { Ok(()) } else { self.write_out() };
                };
                self.output.extend_from_slice(&bytes[..=end]);
                self.write_out()?;
                self.output.extend_from_slice(&bytes[end + 1..]);
                Ok(())
            }
            Buffering::Full(limit) => {
                if self.output.len() + bytes.len() >= limit {
                    self.write_out()?;
                }
                if bytes.len() >= limit {
                    return self.write_to_device(bytes);
                }
                self.output.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    fn write_to_device(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > PROMPT_BYTES && self.kind() != Kind::Regular {
            waiting::announce();
        }
        if let Some(file) = self.file()? {
            return file.write_all(bytes);
        }
        match &mut self.device {
            Device::ToChild(pipe) => pipe.write_all(bytes),
            Device::Writer(writer) => writer.write_all(bytes).and_then(|()| writer.flush()),
            _ => Err(io::Error::from_raw_os_error(EBADF)),
        }
    }

    /// Writes what waits; after a failure it is lost, as in C.
    fn write_out(&mut self) -> io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        let mut output = std::mem::take(&mut self.output);
        let result = self.write_to_device(&output);
        output.clear();
        self.output = output;
        self.due = 0;
        result
    }

    /// Makes what waits due. It is written before anybody can tell that it was not, which is cheaper than at once.
    #[inline]
    pub(super) fn flush_soon(&mut self) {
        self.due = self.output.len();
    }

    /// Writes what is due.
    pub(super) fn flush_due(&mut self) -> io::Result<()> {
        if self.due == 0 {
            return Ok(());
        }
        if self.due == self.output.len() {
            return self.write_out();
        }
        let due: Vec<u8> = self.output.drain(..self.due).collect();
        self.due = 0;
        self.write_to_device(&due)
    }

    /// Whether [`Stream::flush`] would do nothing.
    #[inline]
    pub(super) fn is_settled(&self) -> bool {
        self.output.is_empty() && self.input_end == 0
    }

    /// Writes what waits, and moves the device back over what was read ahead, so that others see the same position.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.forget_input();
        self.write_out()
    }

    // ---- reading ----

    fn forget_input(&mut self) {
        let unread = self.input_end - self.input_at;
        if unread > 0
            && let Ok(Some(file)) = self.file()
        {
            // A device without positions keeps what was read ahead.
            if file.seek(SeekFrom::Current(-(unread as i64))).is_err() {
                return;
            }
        } else if unread > 0 {
            return;
        }
        self.input_end = 0;
        self.input_at = 0;
    }

    fn read_from_device(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.file()?.is_none() && !matches!(self.device, Device::Child(_) | Device::Reader(_)) {
            return Err(io::Error::from_raw_os_error(EBADF));
        }
        if self.kind() != Kind::Regular {
            waiting::announce();
        }
        loop {
            let result = match &mut self.device {
                Device::File(file) => file.read(buffer),
                Device::Child(pipe) => pipe.read(buffer),
                Device::Reader(reader) => reader.read(buffer),
                _ => Ok(0),
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// The bytes that were read ahead, after reading some if there were none; empty at the end of the stream.
    pub(super) fn fill(&mut self) -> io::Result<&[u8]> {
        if self.input_at == self.input_end {
            if !self.readable {
                return Err(io::Error::from_raw_os_error(EBADF));
            }
            self.write_out()?;
            (self.input_at, self.input_end) = (0, 0);
            let mut input = std::mem::take(&mut self.input);
            // Once: a short answer, as of a pipe or at the end, leaves the buffer as long as it is.
            input.resize(READ_AHEAD, 0);
            let count = self.read_from_device(&mut input);
            self.input = input;
            self.input_end = count?;
        }
        Ok(&self.input[self.input_at..self.input_end])
    }

    /// Appends up to `count` bytes, past the buffer if that is empty; tells how many, none at the end.
    pub(super) fn append_to(&mut self, bytes: &mut Vec<u8>, count: usize) -> io::Result<usize> {
        if count <= READ_AHEAD || self.input_at < self.input_end || !self.readable {
            let ahead = self.fill()?;
            let taken = ahead.len().min(count);
            bytes.extend_from_slice(&ahead[..taken]);
            self.consume(taken);
            return Ok(taken);
        }
        self.write_out()?;
        let old = bytes.len();
        bytes.resize(old + count, 0);
        let result = self.read_from_device(&mut bytes[old..]);
        bytes.truncate(old + *result.as_ref().unwrap_or(&0));
        result
    }

    /// Takes bytes that [`Stream::fill`] has shown.
    pub(super) fn consume(&mut self, count: usize) {
        self.input_at = (self.input_at + count).min(self.input_end);
    }

    /// The next byte, which stays; `None` at the end.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.fill()?.first().copied())
    }

    // ---- positions ----

    /// Moves to a position and tells it.
    pub(super) fn seek(&mut self, target: SeekFrom) -> io::Result<u64> {
        self.write_out()?;
        let unread = (self.input_end - self.input_at) as i64;
        let Some(file) = self.file()? else { return Err(io::Error::from_raw_os_error(ESPIPE)) };
        if target == SeekFrom::Current(0) {
            return Ok(file.stream_position()?.saturating_sub(unread.unsigned_abs()));
        }
        let target = match target {
            SeekFrom::Current(offset) => SeekFrom::Current(
                offset.checked_sub(unread).ok_or_else(|| io::Error::from_raw_os_error(EINVAL))?,
            ),
            other => other,
        };
        let position = file.seek(target)?;
        self.input_end = 0;
        self.input_at = 0;
        Ok(position)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Whoever wants to know of a failure has flushed before.
        let _ = self.write_out();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[track_caller]
    fn check(buffering: Buffering, pieces: &[&str], written: &str) {
        let sink = Sink::default();
        let mut stream = Stream::new(Device::Writer(Box::new(sink.clone())), false, true);
        stream.set_buffering(buffering).unwrap();
        for piece in pieces {
            stream.write(piece.as_bytes()).unwrap();
        }
        assert_eq!(String::from_utf8_lossy(&sink.0.lock().unwrap()), written);
        drop(stream);
        assert_eq!(String::from_utf8_lossy(&sink.0.lock().unwrap()), pieces.concat());
    }

    #[test]
    fn bytes_leave_the_buffer_as_it_was_told() {
        check(Buffering::None, &["a", "b"], "ab");
        check(Buffering::Line, &["a", "b\nc", "d"], "ab\n");
        check(Buffering::Full(4), &["ab", "cd"], "ab");
        check(Buffering::Full(4), &["ab", "cdefgh"], "abcdefgh");
        check(Buffering::Full(100), &["ab", "c\nd"], "");
    }

    #[test]
    fn the_wrong_direction_is_a_bad_descriptor() {
        let mut stream = Stream::new(Device::Reader(Box::new(&b"text"[..])), true, false);
        assert_eq!(stream.write(b"x").unwrap_err().raw_os_error(), Some(EBADF));
        stream.write(b"").unwrap();
        assert_eq!(stream.seek(SeekFrom::Start(0)).unwrap_err().raw_os_error(), Some(ESPIPE));
        assert_eq!(stream.peek().unwrap(), Some(b't'));
        let mut stream = Stream::new(Device::Writer(Box::new(Vec::new())), false, true);
        assert_eq!(stream.peek().unwrap_err().raw_os_error(), Some(EBADF));
    }

    #[test]
    fn reading_and_writing_share_one_position() {
        let file = tempfile();
        let mut stream = Stream::new(Device::File(file), true, true);
        stream.write(b"hello world").unwrap();
        assert_eq!(stream.seek(SeekFrom::Start(0)).unwrap(), 0);
        stream.fill().unwrap();
        stream.consume(6);
        assert_eq!(stream.seek(SeekFrom::Current(0)).unwrap(), 6);
        stream.write(b"W").unwrap();
        assert_eq!(stream.seek(SeekFrom::Current(-1)).unwrap(), 6);
        assert_eq!(stream.fill().unwrap(), b"World");
        assert!(stream.seek(SeekFrom::Start(u64::MAX)).is_err());
        assert_eq!(stream.fill().unwrap(), b"World");
    }

    #[test]
    fn what_is_due_leaves_without_the_rest() {
        let sink = Sink::default();
        let mut stream = Stream::new(Device::Writer(Box::new(sink.clone())), false, true);
        stream.write(b"a").unwrap();
        stream.flush_soon();
        stream.write(b"b").unwrap();
        stream.flush_due().unwrap();
        assert_eq!(*sink.0.lock().unwrap(), b"a");
        stream.flush_due().unwrap();
        assert_eq!(*sink.0.lock().unwrap(), b"a");
        stream.flush().unwrap();
        assert_eq!(*sink.0.lock().unwrap(), b"ab");
    }

    fn tempfile() -> File {
        crate::os::temporary::file().unwrap()
    }
}
