//! The real files and the real standard input, as the command line asks about them.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;

use crate::arguments::{FileKind, Surroundings};

/// The operating system.
pub(crate) struct System;

impl Surroundings for System {
    fn look_at(&self, path: &[u8]) -> FileKind {
        let path = path_of(path);
        match fs::metadata(&path) {
            Err(_) => FileKind::Missing,
            Ok(found) if found.is_dir() => FileKind::Folder,
            // Reading from a pipe or a device would take bytes away from the script.
            Ok(found) if found.is_file() && starts_with_interpreter_line(&path) => FileKind::Executable,
            Ok(_) => FileKind::File,
        }
    }

    fn stdin_is_terminal(&self) -> bool {
        io::stdin().is_terminal()
    }
}

fn starts_with_interpreter_line(path: &std::path::Path) -> bool {
    let mut start = [0; 2];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"#!"
}

/// A word of the command line as a path.
pub(crate) fn path_of(word: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(std::ffi::OsStr::from_bytes(word))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(word).into_owned())
    }
}

/// A path as a word.
pub(crate) fn word_of(path: PathBuf) -> Vec<u8> {
    path.into_os_string().into_encoded_bytes()
}
