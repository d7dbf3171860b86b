//! `wippy test FILE`: tests in Lua files, without an application.
//!
//! Each file runs as a script in an interpreter of its own, with `require("test")` at hand. Invariant: a file that cannot be
//! run is a failed case, never the end of the run.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wippy::{Interrupt, Stop};
use wippy_app::runtime::{Arguments, convert};
use wippy_app::value::Value;

use super::report::{self, Status, Suite};
use crate::app::fail;
use crate::arguments::{Flags, Word};
use crate::commands::table;
use crate::exit::Exit;
use crate::machine::{Machine, Surroundings};
use crate::output;
use crate::script::{self, Program};
use crate::settings::Settings;
use crate::surroundings::path_of;
use crate::text::Text;

/// Ends the name of a file with tests.
const ENDING: &str = "_test.lua";

/// Runs a file and answers what it came to: `true`, or what `run_cases` answers.
const DRIVER: &[u8] = include_bytes!("driver.lua");

/// Whether a word names files.
pub(super) fn is_meant(word: &Word) -> bool {
    let path = path_of(word);
    path.is_dir() || path.is_file() && path.extension().is_some_and(|extension| extension == "lua")
}

/// Runs the files that the words name; words that name none select among those.
pub(super) fn run(words: &[Word], flags: &Flags, settings: &Settings) -> Result<Exit, Exit> {
    let (mut files, mut filters) = (Vec::new(), Vec::new());
    for word in words {
        let path = path_of(word);
        if !is_meant(word) {
            filters.push(String::from_utf8_lossy(word).into_owned());
        } else if path.is_dir() {
            if let Err(error) = collect(&path, &mut files) {
                return fail(&format!("cannot read {}: {error}", path.display()));
            }
        } else {
            files.push(path);
        }
    }
    let wanted = |file: &PathBuf| {
        let name = file.to_string_lossy();
        filters.is_empty() || filters.iter().any(|filter| name.contains(&**filter))
    };
    files.retain(wanted);
    files.sort();
    files.dedup();
    if flags.has(&table::LIST_TESTS) {
        let lines: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
        output::print(lines.as_bytes())?;
        return Ok(Exit::SUCCESS);
    }
    if files.is_empty() {
        return report::nothing(flags);
    }
    let interrupt = script::signals()?;
    let begun = Instant::now();
    let mut suites: Vec<Suite> = Vec::new();
    for file in &files {
        suites.extend(one(file, &interrupt, settings)?);
        if flags.has(&table::BAIL) && suites.iter().any(|suite| suite.count(Status::Failed) > 0) {
            break;
        }
    }
    report::finish(&suites, begun.elapsed(), flags)
}

/// All files with tests below a folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            // Links to folders are not followed, so there is an end.
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry.file_name().to_string_lossy().ends_with(ENDING) {
                let path = entry.path();
                files.push(path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path));
            }
        }
    }
    Ok(())
}

/// Runs one file.
///
/// # Errors
/// The exit code when the run was interrupted.
fn one(file: &Path, interrupt: &Interrupt, settings: &Settings) -> Result<Vec<Suite>, Exit> {
    let begun = Instant::now();
    let name = file.to_string_lossy().into_owned();
    let word = name.clone().into_bytes();
    let around = Surroundings { script: Some(word.clone()), ..Surroundings::default() };
    let mut machine = Machine::new(settings, interrupt, &around)?;
    machine.allow_processes(Program { file: Some(word.clone()), chunk: None });
    let driver = Text::code(b"=test", DRIVER);
    let arguments = [word, wippy_app::runtime::TEST_MODULE.as_bytes().to_vec()];
    let result = machine.start(&driver.compiled(), &driver.chunk_name, &arguments);
    let took = begun.elapsed();
    let suites = match result {
        Ok(()) => came_to(&mut machine, &name, took),
        Err(Stop::Interrupted) => return Err(Exit::INTERRUPTED),
        Err(Stop::Refused(message)) => failed(&name, &message, took),
        Err(Stop::Failed(failure)) => match failure.exit {
            Some(request) => {
                failed(&name, format!("os.exit({}) ended the file", request.code).as_bytes(), took)
            }
            None => failed(&name, &machine.message(&failure), took),
        },
    };
    machine.close();
    Ok(suites)
}

fn failed(name: &str, message: &[u8], took: Duration) -> Vec<Suite> {
    vec![Suite::single(name, name, Some(String::from_utf8_lossy(message).into_owned()), took)]
}

fn came_to(machine: &mut Machine, name: &str, took: Duration) -> Vec<Suite> {
    let result = machine.lua.results(|cx| {
        let (mut parcel, value) = (Arguments::new(), cx.get(1));
        cx.pack_value(&mut parcel, value).map(|()| parcel)
    });
    match result.map(|parcel| convert::unpack(&mut parcel.tokens())) {
        Ok(Some(Value::Map(map))) => report::read(&map, name, took, &|text| text.to_owned()),
        Ok(_) => vec![Suite::single(name, name, None, took)],
        Err(error) => failed(name, error.to_string().as_bytes(), took),
    }
}
