//! What was typed before: one file per user, at most 1000 entries, no entry twice.
//!
//! Entries are appended as they are made, so sessions side by side both keep theirs; the file is made
//! short again when a session begins. An entry of several lines is one line of the file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Entries kept.
const LIMIT: usize = 1000;

/// The entries, oldest first, and where they are kept.
#[derive(Debug)]
pub(crate) struct History {
    entries: Vec<String>,
    path: Option<PathBuf>,
}

impl History {
    /// The history of this user. Without a home folder, or when the file cannot be read, it starts empty.
    pub(crate) fn of_user() -> History {
        match user_file(|name| std::env::var_os(name).map(PathBuf::from)) {
            Some(path) => History::open(&path),
            None => History { entries: Vec::new(), path: None },
        }
    }

    fn open(path: &Path) -> History {
        let text = fs::read(path).unwrap_or_default();
        let lines: Vec<String> = String::from_utf8_lossy(&text).lines().map(unescape).collect();
        let total = lines.len();
        let entries = newest_of_each(lines);
        let history = History { entries, path: Some(path.to_owned()) };
        if history.entries.len() < total {
            // Losing the history is no reason not to start.
            let _ = history.rewrite(path);
        }
        history
    }

    /// The entries, oldest first.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(String::as_str)
    }

    /// Adds an entry as the newest; an equal older one goes.
    pub(crate) fn add(&mut self, entry: &str) {
        if entry.trim().is_empty() || self.entries.last().is_some_and(|last| last == entry) {
            return;
        }
        self.entries.retain(|other| other != entry);
        self.entries.push(entry.to_owned());
        if let Some(path) = &self.path {
            // A full disk or a read-only home must not end the session.
            let _ = append(path, entry);
        }
    }

    fn rewrite(&self, path: &Path) -> io::Result<()> {
        let text: String = self.entries.iter().map(|entry| escape(entry) + "\n").collect();
        let fresh = path.with_extension("new");
        create(&fresh, false)?.write_all(text.as_bytes())?;
        fs::rename(fresh, path)
    }
}

/// `WIPPY_HISTORY`, or a file in the user's state folder.
fn user_file(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let set = |name| variable(name).filter(|path| !path.as_os_str().is_empty());
    if let Some(path) = set("WIPPY_HISTORY") {
        return Some(path);
    }
    let folder = set("XDG_STATE_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".local/state")))
        .or_else(|| set("LOCALAPPDATA"))?;
    Some(folder.join("wippy").join("history"))
}

fn append(path: &Path, entry: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    create(path, true)?.write_all((escape(entry) + "\n").as_bytes())
}

/// Opens for writing a file that only its owner can read: what is typed may be secret.
fn create(path: &Path, append: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(append).write(true).truncate(!append);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// The last occurrence of each entry, at most [`LIMIT`] of them.
fn newest_of_each(lines: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let mut kept: Vec<String> = lines
        .into_iter()
        .rev()
        .filter(|line| !line.is_empty() && seen.insert(line.clone()))
        .take(LIMIT)
        .collect();
    kept.reverse();
    kept
}

fn escape(entry: &str) -> String {
    entry.replace('\\', "\\\\").replace('\n', "\\n")
}

fn unescape(line: &str) -> String {
    let mut entry = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => entry.push('\n'),
                Some(other) => entry.push(other),
                None => entry.push('\\'),
            },
            c => entry.push(c),
        }
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("wippy-history-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder.join("history")
    }

    #[test]
    fn entries_survive_and_duplicates_go() {
        let path = scratch("survive");
        let mut history = History::open(&path);
        for entry in ["x = 1", "for i = 1, 2 do\n  print(\"a\\n\")\nend", "x = 1", "x = 1", "  "] {
            history.add(entry);
        }
        let expected = ["for i = 1, 2 do\n  print(\"a\\n\")\nend", "x = 1"];
        assert_eq!(history.entries().collect::<Vec<_>>(), expected);
        assert_eq!(History::open(&path).entries().collect::<Vec<_>>(), expected);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2, "made short when opened");
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }

    #[test]
    fn only_the_newest_thousand_are_kept() {
        let lines: Vec<String> = (0..2500).map(|n| n.to_string()).collect();
        let kept = newest_of_each(lines);
        assert_eq!((kept.len(), kept[0].as_str(), kept[999].as_str()), (1000, "1500", "2499"));
    }

    #[test]
    fn the_file_is_in_the_users_state_folder() {
        let with = |vars: &'static [(&str, &str)]| {
            user_file(move |name| {
                vars.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value))
            })
        };
        assert_eq!(with(&[("HOME", "/home/u")]), Some(PathBuf::from("/home/u/.local/state/wippy/history")));
        assert_eq!(
            with(&[("HOME", "/h"), ("XDG_STATE_HOME", "/s")]),
            Some(PathBuf::from("/s/wippy/history"))
        );
        assert_eq!(with(&[("WIPPY_HISTORY", "/x")]), Some(PathBuf::from("/x")));
        assert_eq!(with(&[("HOME", "")]), None);
    }
}
