//! The standard libraries of Lua 5.3.
//!
//! Not the interpreter, and no processes. Nothing here blocks or recurses over what a script hands in: work that grows
//! with its input charges fuel and can be stopped.

pub mod application;
pub mod base;
pub mod base64;
pub mod bit32;
pub mod channel;
pub mod class;
pub mod clock;
mod collecting;
pub mod coroutine;
pub mod crypto;
pub mod debug;
pub mod errors;
pub mod hash;
mod host;
pub mod io;
mod joined;
pub mod json;
mod load;
pub mod logger;
pub mod math;
pub mod modules;
mod neutral;
pub mod os;
pub mod package;
pub mod payload;
pub mod plain;
pub mod requests;
pub mod security;
pub mod standard_terminal;
mod steps;
pub mod string;
pub mod system;
pub mod table;
pub mod terminal;
pub mod time;
pub mod types;
pub mod utf8;
pub mod uuid;
pub mod waiting;
pub mod yaml;

use std::sync::{Arc, OnceLock};

use wippy_vm::{Context, Image, Library, Result, Table};

/// A library and what it needs beyond its functions.
pub struct Entry {
    /// Its functions.
    pub library: &'static Library,
    /// Adds what is not a function, to the table that holds them.
    complete: Option<for<'gc> fn(&mut Context<'gc>, Table<'gc>) -> Result<()>>,
}

/// Every library that has a table of its own, in the order in which they are opened.
pub static LIBRARIES: &[Entry] = &[
    Entry { library: &channel::LIBRARY, complete: Some(channel::complete) },
    Entry { library: &coroutine::LIBRARY, complete: None },
    Entry { library: &table::LIBRARY, complete: None },
    Entry { library: &string::LIBRARY, complete: Some(string::complete) },
    Entry { library: &math::LIBRARY, complete: Some(math::constants) },
    Entry { library: &utf8::LIBRARY, complete: Some(utf8::constants) },
    Entry { library: &os::LIBRARY, complete: None },
    Entry { library: &bit32::LIBRARY, complete: None },
    Entry { library: &debug::LIBRARY, complete: None },
    Entry { library: &errors::LIBRARY, complete: Some(errors::complete) },
];

/// The image of an interpreter with all libraries, for scripts: whoever changes a library changes it for itself.
///
/// # Panics
/// If the libraries cannot be shared, which the tests exclude.
pub fn image() -> Arc<Image> {
    static IMAGE: OnceLock<Arc<Image>> = OnceLock::new();
    Arc::clone(IMAGE.get_or_init(|| Image::build(open).expect("no library has a value of one interpreter")))
}

/// Installs all libraries into an interpreter that has none, or that is to become an image.
///
/// # Errors
/// When the memory limit would be passed.
pub fn open(cx: &mut Context<'_>) -> Result<()> {
    /// What a script finds in `_G`, about.
    const GLOBALS: usize = 60;
    let (globals, registry) = (cx.globals(), cx.registry());
    cx.reserve(globals, GLOBALS)?;
    base::open(cx)?;
    types::open(cx)?;
    let loaded = cx.table(0, 16)?;
    cx.set_field(registry, "_LOADED", loaded)?;
    cx.set_field(loaded, "_G", globals)?;
    package::open(cx)?;
    io::open(cx)?;
    for Entry { library, complete } in LIBRARIES {
        let table = cx.table(0, library.functions.len())?;
        library.install(cx, table)?;
        if let Some(complete) = complete {
            complete(cx, table)?;
        }
        cx.set_field(globals, library.name, table)?;
        cx.set_field(loaded, library.name, table)?;
    }
    Ok(())
}
