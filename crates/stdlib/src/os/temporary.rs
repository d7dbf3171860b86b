//! Temporary files and their names.
//!
//! Invariant: a name is given out only after a file of that name was created by us, readable by nobody else.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::path::PathBuf;

/// Names that are tried before giving up.
const ATTEMPTS: usize = 100;

/// Characters of the random part of a name.
const LETTERS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// A new empty file in the folder for temporary files.
pub(crate) fn named() -> io::Result<(PathBuf, File)> {
    let folder = if cfg!(unix) { PathBuf::from("/tmp") } else { std::env::temp_dir() };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut result = Err(io::Error::from(io::ErrorKind::AlreadyExists));
    for _ in 0..ATTEMPTS {
        let path = folder.join(format!("lua_{}", random_letters()));
        result = options.open(&path).map(|file| (path, file));
        match &result {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            _ => break,
        }
    }
    result
}

/// A new file without a name, gone when it is closed.
pub(crate) fn file() -> io::Result<File> {
    let (path, file) = named()?;
    // Where open files cannot be removed it stays, empty names being no worse than none.
    let _ = std::fs::remove_file(path);
    Ok(file)
}

/// Six letters that differ from call to call and from process to process.
fn random_letters() -> String {
    // The standard library seeds each of these from the system's random source.
    let mut rest = std::hash::RandomState::new().build_hasher().finish();
    (0..6)
        .map(|_| {
            let letter = LETTERS[(rest % 62) as usize];
            rest /= 62;
            char::from(letter)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_fresh_and_their_files_exist() {
        let (first, _) = named().unwrap();
        let (second, _) = named().unwrap();
        assert_ne!(first, second);
        for path in [first, second] {
            assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
            std::fs::remove_file(path).unwrap();
        }
    }
}
