//! The reference of built-in functions: what programs find under each name, made of the rows of the libraries.
//!
//! Data and its layout as text; nothing is run. Invariant: signatures and meanings are those of the rows, no other list
//! is kept here.

use std::fmt::Write as _;

use wippy_stdlib::modules::{MODULES, Module};
use wippy_stdlib::{
    application, base, channel, errors, io, logger, math, package, string, table, terminal, types,
};
use wippy_vm::Library;

/// What programs find under one name.
pub struct Group {
    /// The global, or what `require` is called with; `globals` for the basic functions.
    pub name: &'static str,
    /// What it is about, in a line.
    pub summary: &'static str,
    /// Where it is found.
    pub place: Place,
    /// What applications may select it by.
    pub classes: &'static [&'static str],
    /// Its functions, and the methods of its objects.
    pub libraries: Vec<&'static Library>,
}

/// Where a group is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// A global of every script; applications have the safe part of them.
    Global,
    /// What `require` finds, in scripts and where an application's entry lists it.
    Module,
    /// What an application's entry may list, or has without that.
    Application,
}

/// A function of a group.
pub struct Row {
    /// As programs write it: `string.rep`, `Time:add`.
    pub name: String,
    /// Its type.
    pub signature: &'static str,
    /// What it does, in a sentence.
    pub meaning: &'static str,
}

impl Place {
    /// The place in a word.
    pub fn word(self) -> &'static str {
        match self {
            Place::Global => "global",
            Place::Module => "module",
            Place::Application => "application",
        }
    }
}

impl Group {
    /// A group of a module's table.
    pub fn of(module: &Module, place: Place) -> Group {
        Group {
            name: module.name,
            summary: module.summary,
            place,
            classes: module.classes,
            libraries: module.libraries.to_vec(),
        }
    }

    fn global(name: &'static str, summary: &'static str, libraries: &[&'static Library]) -> Group {
        Group { name, summary, place: Place::Global, classes: &[], libraries: libraries.to_vec() }
    }

    /// Its functions in the order of their rows, without what only metatables hold.
    pub fn rows(&self) -> Vec<Row> {
        let of =
            |library: &&'static Library| library.rows().map(|row| (library.name, row)).collect::<Vec<_>>();
        let rows = self.libraries.iter().flat_map(of);
        rows.filter(|(_, (native, _))| !native.name.starts_with("__"))
            .map(|(library, (native, meaning))| Row {
                name: self.path(library, native.name, native.signature),
                signature: native.signature,
                meaning,
            })
            .collect()
    }

    /// A function's name with what stands before it.
    fn path(&self, library: &str, function: &str, signature: &str) -> String {
        if let Some(this) = signature.strip_prefix("(self: ") {
            let end = this.find([',', ')', '<']).unwrap_or(this.len());
            let class = if &this[..end] == "any" { library } else { &this[..end] };
            return format!("{class}:{function}");
        }
        match library {
            "_G" => function.to_owned(),
            _ if library == self.name || library.contains('.') || self.place == Place::Application => {
                format!("{library}.{function}")
            }
            _ if self.name == "globals" => format!("{library}.{function}"),
            _ => format!("{}.{library}.{function}", self.name),
        }
    }
}

/// Every group of this build but those of applications, which their crate adds.
pub fn groups() -> Vec<Group> {
    let mut groups = vec![
        Group::global(
            "globals",
            "the basic functions",
            &[&base::LIBRARY, &package::GLOBALS, &types::LIBRARY],
        ),
        Group::global("string", "text, patterns, layouts of bytes", &[&string::LIBRARY]),
        Group::global("table", "lists", &[&table::LIBRARY]),
        Group::global("math", "numbers", &[&math::LIBRARY, &math::GENERATORS]),
        Group::global("io", "files", &[&io::LIBRARY, &terminal::SCRIPT, &io::METHODS]),
        Group::global("errors", "structured errors", &[&errors::LIBRARY, &errors::METHODS]),
        Group::global("channel", "channels between coroutines", &[&channel::LIBRARY, &channel::METHODS]),
        Group::global("package", "how `require` searches", &[&package::LIBRARY]),
    ];
    #[cfg(feature = "processes")]
    groups.push(Group::global("process", "processes and their messages", wippy_runtime::PROCESS));
    for entry in wippy_stdlib::LIBRARIES {
        let library = entry.library;
        if !groups.iter().any(|group| group.name == library.name) {
            groups.push(Group::global(library.name, summary(library.name), &[library]));
        }
    }
    let additions = [&logger::PRINT, &application::TABLE, &application::STRING, &application::MATH];
    groups.extend(MODULES.iter().map(|module| Group::of(module, Place::Module)));
    #[cfg(feature = "processes")]
    groups.push(Group {
        place: Place::Module,
        ..Group::global(
            "supervisor",
            "processes that look after others",
            &[&wippy_runtime::supervisor::LIBRARY],
        )
    });
    groups.push(Group {
        place: Place::Application,
        ..Group::global("globals", "what entries have besides, or instead", &additions)
    });
    #[cfg(feature = "processes")]
    if let Some(own) = groups.last_mut() {
        own.libraries.push(&wippy_runtime::GLOBALS);
    }
    groups
}

/// What the smaller libraries of the language are about.
fn summary(name: &str) -> &'static str {
    match name {
        "bit32" => "bits of 32-bit numbers, as in Lua 5.2",
        "coroutine" => "coroutines",
        "debug" => "a look into running programs",
        "os" => "time, environment, files of the system",
        "utf8" => "text as code points",
        _ => "",
    }
}

/// The reference manual as Markdown.
pub fn page(groups: &[Group]) -> String {
    let mut out = String::from(
        "# Built-in functions\n\n\
         Every built-in function with its type and what it does. This page is generated from the rows by which the functions\n\
         are registered and checked; `wippy types` prints the same. How to read the types is told in [types.md](types.md);\n\
         `global` stands for what every script has, `module` for what `require` finds, `application` for what only the entries\n\
         of applications have. A function that answers `(T, error?)` or `(T?, error?)` gives a value or an error.\n\n\
         | name | where | classes | what it is |\n|---|---|---|---|\n",
    );
    for group in groups {
        let (name, place) = (group.name, group.place.word());
        let _ = writeln!(
            out,
            "| [{name}](#{}) | {place} | {} | {} |",
            anchor(group),
            group.classes.join(", "),
            group.summary
        );
    }
    for group in groups {
        let _ = writeln!(out, "\n## {}\n\n{}\n", title(group), sentence(group.summary));
        let rows = group.rows();
        if !rows.is_empty() {
            out.push_str("| function | type | what it does |\n|---|---|---|\n");
        }
        for row in rows {
            let signature = row.signature.replace('|', "\\|");
            let _ = writeln!(out, "| `{}` | `{signature}` | {} |", row.name, row.meaning.replace('|', "\\|"));
        }
    }
    out
}

fn title(group: &Group) -> String {
    format!("{} ({})", group.name, group.place.word())
}

/// How a heading is linked to.
fn anchor(group: &Group) -> String {
    format!("{}-{}", group.name, group.place.word())
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
