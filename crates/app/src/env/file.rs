//! A storage in a file of `KEY=VALUE` lines.
//!
//! Blanks around key and value do not count, `#` starts a comment anywhere, other lines are left alone. Invariant: a
//! write replaces the file as a whole, so a reader never sees half of one, and keeps every line it is not about.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::storage::StorageError;
use crate::files;
use crate::load::inline::reason;

/// The file.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    auto_create: bool,
    file_mode: u32,
    dir_mode: u32,
    writer: Mutex<()>,
}

impl File {
    /// A file that need not exist yet.
    pub fn new(path: PathBuf, auto_create: bool, file_mode: u32, dir_mode: u32) -> File {
        File { path, auto_create, file_mode, dir_mode, writer: Mutex::new(()) }
    }

    /// The value of a key.
    ///
    /// # Errors
    /// The file is missing or cannot be read.
    pub fn get(&self, key: &str) -> Result<Option<Arc<str>>, StorageError> {
        let text = self.text()?;
        let mut found =
            text.lines().filter_map(pair).filter(|(name, _)| *name == key).map(|(_, value)| value.into());
        Ok(found.next_back())
    }

    /// Changes the value of a key.
    ///
    /// # Errors
    /// The value cannot be kept, or the file cannot be written.
    pub fn set(&self, key: &str, value: &str) -> Result<(), StorageError> {
        if value.contains(['\n', '\r', '#', '\0']) {
            return Err(StorageError::Invalid("a value in a file cannot hold a line end or #".to_owned()));
        }
        if key.is_empty() || key.contains(['\n', '\r', '#', '=', '\0']) || key.trim() != key {
            return Err(StorageError::Invalid(format!("\"{key}\" cannot be a key in a file")));
        }
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let text = self.text()?;
        let mut out = String::new();
        let mut done = false;
        for line in text.lines() {
            match pair(line) {
                Some((name, _)) if name == key => {
                    out.push_str(&format!("{key}={value}"));
                    if let Some(at) = line.find('#') {
                        out.push(' ');
                        out.push_str(&line[at..]);
                    }
                    done = true;
                }
                _ => out.push_str(line),
            }
            out.push('\n');
        }
        if !done {
            out.push_str(&format!("{key}={value}\n"));
        }
        self.make_folder()?;
        files::replace(&self.path, out.as_bytes(), self.file_mode)
            .map_err(|error| self.failed("write", &error))
    }

    fn make_folder(&self) -> Result<(), StorageError> {
        let Some(folder) =
            self.path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        else {
            return Ok(());
        };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, self.dir_mode);
        #[cfg(not(unix))]
        let _ = self.dir_mode;
        builder.create(folder).map_err(|error| self.failed("make the folder of", &error))
    }

    fn text(&self) -> Result<String, StorageError> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == ErrorKind::NotFound && self.auto_create => Ok(String::new()),
            Err(error) => Err(self.failed("read", &error)),
        }
    }

    fn failed(&self, what: &str, error: &std::io::Error) -> StorageError {
        StorageError::Failed(format!("cannot {what} {}: {}", self.path.display(), reason(error)))
    }
}

/// Key and value of a line, if it has both.
fn pair(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split('#').next().unwrap_or_default().split_once('=')?;
    Some((name.trim(), value.trim())).filter(|(name, _)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept() {
        let folder = std::env::temp_dir().join(format!("wippy-env-{}", std::process::id()));
        let path = folder.join("deep/x.env");
        let file = File::new(path.clone(), true, 0o600, 0o755);
        assert_eq!(file.get("A"), Ok(None));
        file.set("A", "1").unwrap();
        fs::write(&path, "# head\n A = 1 # one\nnoise\nB=2\n").unwrap();
        assert_eq!(file.get("A").unwrap().as_deref(), Some("1"));
        file.set("A", "x y").unwrap();
        file.set("C", "3").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "# head\nA=x y # one\nnoise\nB=2\nC=3\n");
        assert!(matches!(file.set("A", "a#b"), Err(StorageError::Invalid(_))));
        assert!(matches!(file.set("A=", "b"), Err(StorageError::Invalid(_))));
        let missing = File::new(folder.join("none"), false, 0o600, 0o755);
        assert!(matches!(missing.get("A"), Err(StorageError::Failed(_))));
        fs::remove_dir_all(folder).unwrap();
    }
}
