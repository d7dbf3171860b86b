//! What programs see around them, as the checker is told: the rows of the libraries, and their values.
//!
//! No list of functions is kept here; the rows of the libraries are the only one. Invariant: every global that an
//! interpreter opens has a type here, if only `any`.

use wippy_stdlib::modules::{MODULES, Module};
use wippy_stdlib::{LIBRARIES, base, channel, errors, io, math, package, time, types};
use wippy_typecheck::check::Environment;
use wippy_vm::Library;

/// Values of libraries that are no functions, and globals that exist only where processes do.
const VALUES: &[(&str, &str)] = &[
    ("_G", "any"),
    ("_VERSION", "string"),
    ("arg", "any"),
    ("loadstring", "any"),
    ("next", "<K, V>(table: {[K]: V}, key: K?) -> (K?, V?)"),
    ("math.huge", "number"),
    ("math.maxinteger", "integer"),
    ("math.mininteger", "integer"),
    ("math.pi", "number"),
    ("package.config", "string"),
    ("package.cpath", "string"),
    ("package.loaded", "any"),
    ("package.path", "string"),
    ("package.preload", "any"),
    ("package.searchers", "any"),
    ("types", "any"),
    ("unpack", "any"),
    ("process.registry", "any"),
    ("utf8.charpattern", "string"),
    ("io.stdin", "any"),
    ("io.stdout", "any"),
    ("io.stderr", "any"),
];

/// Libraries of which the rows and [`VALUES`] are all.
const COMPLETE: &[&str] = &["coroutine", "debug", "io", "math", "os", "package", "string", "table", "utf8"];

/// Types that are values everywhere.
const TYPE_VALUES: &[&str] = &[
    "Any", "Unknown", "Never", "Nil", "Boolean", "Number", "Integer", "String", "Table", "Function",
    "Thread", "Userdata", "Error", "Type", "boolean", "integer", "number", "any", "unknown",
];

/// Objects of libraries: how their types are declared, the library where their name is found, and their methods.
fn classes() -> Vec<(&'static str, &'static str, &'static Library)> {
    let of_time = |name: &str| time::LIBRARIES[1..].iter().copied().find(|library| library.name == name);
    let mut classes = vec![("Channel<T>", "channel", &channel::METHODS)];
    for (class, name) in [
        ("Time", "time"),
        ("Duration", "duration"),
        ("Location", "location"),
        ("Timer", "timer"),
        ("Ticker", "ticker"),
    ] {
        classes.extend(of_time(name).map(|methods| (class, "time", methods)));
    }
    classes
}

/// The environment of scripts.
pub fn environment() -> Environment {
    let mut environment = Environment::new().declare("type Case = userdata");
    for (class, library, methods) in classes() {
        let methods: Vec<String> = methods
            .functions
            .iter()
            .map(|native| format!("readonly {}: {}", native.name, native.signature))
            .collect();
        environment = environment.declare_in(library, &format!("type {class} = {{{}}}", methods.join(", ")));
    }
    for library in COMPLETE {
        environment = environment.complete(library);
    }
    for native in errors::METHODS.functions {
        environment = environment.global(&format!("error.{}", native.name), native.signature);
    }
    for native in types::METHODS.functions {
        environment = environment.global(&format!("type.{}", native.name), native.signature);
    }
    for &(path, ty) in VALUES {
        environment = environment.global(path, ty);
    }
    for name in TYPE_VALUES {
        environment = environment.global(name, "any");
    }
    for (library, path) in libraries() {
        for native in library.functions {
            environment = environment.global(&format!("{path}{}", native.name), native.signature);
        }
    }
    for library in modules() {
        for native in library.functions {
            environment = environment.module(library.name, native.name, native.signature);
        }
    }
    environment
}

/// What `require` finds by the name of the library: the functions of built-in modules, and libraries that are globals, too.
fn modules() -> Vec<&'static Library> {
    let own = |module: &Module| module.libraries.iter().copied().find(|library| library.name == module.name);
    let mut modules: Vec<&'static Library> = MODULES.iter().filter_map(own).collect();
    modules.extend([&channel::LIBRARY, &errors::LIBRARY]);
    #[cfg(feature = "processes")]
    modules.extend([&wippy_runtime::LIBRARY, &wippy_runtime::CTX, &wippy_runtime::supervisor::LIBRARY]);
    modules
}

/// Every library of scripts, with what stands before the names of its functions.
pub fn libraries() -> Vec<(&'static Library, String)> {
    let mut libraries: Vec<(&'static Library, String)> = vec![
        (&base::LIBRARY, String::new()),
        (&package::GLOBALS, String::new()),
        (&types::LIBRARY, String::new()),
        (&math::GENERATORS, "math.".to_owned()),
        (&io::LIBRARY, "io.".to_owned()),
        (&package::LIBRARY, "package.".to_owned()),
    ];
    #[cfg(feature = "processes")]
    libraries.push((&wippy_runtime::LIBRARY, "process.".to_owned()));
    libraries.extend(LIBRARIES.iter().map(|entry| (entry.library, format!("{}.", entry.library.name))));
    libraries
}
