//! Reading a chunk from a file: as much of it as is worth reading, and without what stands before the first line of Lua.
//!
//! It does not compile. Invariants: line numbers of the text stay those of the file; what has no end is not read without
//! end: a text that is wrong near its beginning is cut off behind that, and none may be longer than [`LONGEST`].

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use wippy_parser::{is_hopeless, strip_shebang};

use crate::host;

/// Longest chunk that is read, in bytes (chosen: its syntax tree is some ten times as large).
pub const LONGEST: usize = 1 << 30;

/// How much is read before the first look whether it can be a chunk at all, in bytes.
const FIRST_LOOK: usize = 1 << 20;

/// Each further look comes when the text has grown by this factor: all looks together cost little beside the last one.
const BETWEEN_LOOKS: usize = 16;

/// A chunk that is being read, from something of which nobody knows how much will come.
pub(crate) struct Content {
    text: Vec<u8>,
    next_look: usize,
    most: usize,
}

impl Content {
    /// Nothing yet; `most` bytes may come.
    pub(crate) fn new(most: usize) -> Content {
        Content { text: Vec::new(), next_look: FIRST_LOOK, most: most.min(LONGEST) }
    }

    /// Takes what was read; whether more is wanted.
    ///
    /// # Errors
    /// When there is more than may come.
    pub(crate) fn take(&mut self, piece: &[u8]) -> io::Result<bool> {
        if piece.len() > self.most - self.text.len() {
            return Err(too_large(self.most));
        }
        self.text.extend_from_slice(piece);
        if self.text.len() < self.next_look {
            return Ok(true);
        }
        self.next_look = self.text.len().saturating_mul(BETWEEN_LOOKS);
        let chunk = strip_shebang(&self.text);
        Ok(chunk.first() == Some(&0x1b) || !is_hopeless(chunk))
    }

    /// What was read.
    pub(crate) fn into_text(self) -> Vec<u8> {
        self.text
    }
}

fn too_large(most: usize) -> io::Error {
    if most < LONGEST { io::ErrorKind::OutOfMemory.into() } else { io::ErrorKind::FileTooLarge.into() }
}

/// Reads a chunk to its end, or to where it is certain that it is none: what was read gives the same error.
///
/// # Errors
/// The system's, and that the chunk is too long.
pub fn read_from(mut reader: impl Read) -> io::Result<Vec<u8>> {
    read_at_most(&mut reader, LONGEST)
}

fn read_at_most(reader: &mut impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut content = Content::new(most);
    let mut piece = vec![0; 1 << 16];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => break,
            Ok(count) if content.take(&piece[..count])? => {}
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(content.into_text())
}

/// Reads a chunk's file, which may also be a pipe or a device: see [`read_from`].
///
/// # Errors
/// The system's, and that the chunk is too long.
pub fn read_file(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    read_opened(File::open(path)?, LONGEST)
}

fn read_opened(mut file: File, most: usize) -> io::Result<Vec<u8>> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return read_at_most(&mut file, most);
    }
    let most = most.min(LONGEST);
    if metadata.len() > most as u64 {
        return Err(too_large(most));
    }
    let mut content = Vec::new();
    file.read_to_end(&mut content)?;
    Ok(content)
}

/// The chunk in a file, at most so many bytes of it.
///
/// # Errors
/// A message as `loadfile` gives it.
pub(crate) fn read(file: &[u8], most: usize) -> Result<Vec<u8>, Vec<u8>> {
    let failed = |what: &str, error: &io::Error| {
        [format!("cannot {what} ").as_bytes(), file, b": ", host::describe(error).as_bytes()].concat()
    };
    let opened = File::open(host::path(file)).map_err(|error| failed("open", &error))?;
    let content = read_opened(opened, most).map_err(|error| failed("read", &error))?;
    let chunk = strip_shebang(&content);
    Ok(if chunk.len() == content.len() { content } else { chunk.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_named() {
        assert_eq!(
            read(b"/no/such/file", LONGEST),
            Err(b"cannot open /no/such/file: No such file or directory".to_vec())
        );
    }

    /// What a reader gives that repeats a text, how often is counted.
    struct Endless(&'static [u8]);

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let whole = buffer.len() / self.0.len() * self.0.len();
            for (to, from) in buffer[..whole].iter_mut().zip(self.0.iter().cycle()) {
                *to = *from;
            }
            Ok(whole)
        }
    }

    #[test]
    fn what_has_no_end_is_read_until_it_is_wrong() {
        for text in [&b"\0"[..], b"y\n", b"#y\n"] {
            let read = read_from(Endless(text)).unwrap_or_default();
            assert!((FIRST_LOOK..2 * FIRST_LOOK).contains(&read.len()), "{} bytes", read.len());
        }
    }

    #[test]
    fn what_stays_right_is_read_up_to_a_limit() {
        for text in [&b"--\n"[..], b"x = 1 "] {
            let error = read_at_most(&mut Endless(text), 20 << 20).err().map(|error| error.kind());
            assert_eq!(error, Some(io::ErrorKind::OutOfMemory));
        }
    }

    #[test]
    fn a_long_text_that_is_right_is_read_to_its_end() {
        let text = b"x = 1\n".repeat(1 << 19);
        assert_eq!(read_from(&text[..]).ok(), Some(text));
    }
}
