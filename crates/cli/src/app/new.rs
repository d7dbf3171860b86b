//! `wippy new DIR`: a skeleton that runs.
//!
//! Templates are files of this crate, one folder each, so that tests can run them as they are.

use std::fs;
use std::path::Path;

use super::{fail, text};
use crate::arguments::{Flags, Word};
use crate::commands::table;
use crate::exit::Exit;
use crate::output;
use crate::surroundings::path_of;

/// Path in the new folder, and contents.
type File = (&'static str, &'static str);

macro_rules! template {
    ($name:literal: $($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../templates/", $name, "/", $path)))),*]
    };
}

const CLI: &[File] = template!("cli": "wippy.lock", ".wippy.yaml", ".gitignore", "src/_index.yaml", "src/greet.lua", "src/words.lua", "src/words_test.lua", "README.md");
const HTTP: &[File] = template!("http": "wippy.lock", ".wippy.yaml", ".gitignore", "src/_index.yaml", "src/hello.lua", "src/words.lua", "README.md");
const SERVICE: &[File] = template!("service": "wippy.lock", ".wippy.yaml", ".gitignore", "src/_index.yaml", "src/counter.lua", "src/ask.lua", "README.md");

/// Writes the skeleton.
pub(crate) fn run(words: &[Word], flags: &Flags) -> Result<Exit, Exit> {
    let (files, next) = match text(flags, &table::TEMPLATE).as_deref() {
        None | Some("cli") => (CLI, "wippy run greet World"),
        Some("service") => (SERVICE, "wippy run"),
        Some("http") if cfg!(feature = "http") => (HTTP, "wippy run"),
        Some(other) => {
            output::complain(format!("'--template {other}' is not supported yet\n").as_bytes())?;
            return Ok(Exit::FAILURE);
        }
    };
    let folder = path_of(&words[0]);
    let shown = String::from_utf8_lossy(&words[0]).into_owned();
    if fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        return fail(&format!("{shown} exists and is not empty"));
    }
    for (path, contents) in files {
        if let Err(error) = write(&folder.join(path), contents) {
            let why = wippy_app::load::inline::reason(&error);
            return fail(&format!("cannot write {}: {why}", Path::new(&shown).join(path).display()));
        }
    }
    let mut out = format!("Created {shown}\n\n");
    for (path, _) in files {
        out.push_str(&format!("  {path}\n"));
    }
    out.push_str(&format!("\nNext:\n\n  cd {shown}\n  {next}\n"));
    output::print(out.as_bytes())?;
    Ok(Exit::SUCCESS)
}

fn write(path: &Path, contents: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, contents)
}
