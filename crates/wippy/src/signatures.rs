//! What programs see around them, as the checker is told: the rows of the libraries, and their values.
//!
//! No list of functions is kept here; the rows of the libraries are the only one. Invariant: every global that an
//! interpreter opens has a type here, if only `any`.

use wippy_stdlib::modules::MODULES;
use wippy_stdlib::{LIBRARIES, base, io, math, package};
use wippy_typecheck::check::Environment;
use wippy_vm::Library;

/// Values of libraries that are no functions, and globals that exist only where processes do.
const VALUES: &[(&str, &str)] = &[
    ("_G", "any"),
    ("_VERSION", "string"),
    ("arg", "any"),
    ("channel", "any"),
    ("errors", "any"),
    ("loadstring", "any"),
    ("next", "(table: table, key: any?) -> (any, any)"),
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
    ("process", "any"),
    ("types", "any"),
    ("unpack", "any"),
    ("utf8.charpattern", "string"),
    ("io.stdin", "any"),
    ("io.stdout", "any"),
    ("io.stderr", "any"),
];

/// Types that are values everywhere.
const TYPE_VALUES: &[&str] = &[
    "Any", "Unknown", "Never", "Nil", "Boolean", "Number", "Integer", "String", "Table", "Function",
    "Thread", "Userdata", "Error", "Type", "boolean", "integer", "number", "any", "unknown",
];

/// The environment of scripts.
pub fn environment() -> Environment {
    let mut environment = Environment::new();
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
    for module in MODULES {
        for library in module.libraries.iter().filter(|library| library.name == module.name) {
            for native in library.functions {
                environment = environment.module(module.name, native.name, native.signature);
            }
        }
    }
    environment
}

/// Every library of scripts, with what stands before the names of its functions.
pub fn libraries() -> Vec<(&'static Library, String)> {
    let mut libraries: Vec<(&'static Library, String)> = vec![
        (&base::LIBRARY, String::new()),
        (&package::GLOBALS, String::new()),
        (&math::GENERATORS, "math.".to_owned()),
        (&io::LIBRARY, "io.".to_owned()),
        (&package::LIBRARY, "package.".to_owned()),
    ];
    libraries.extend(LIBRARIES.iter().map(|entry| (entry.library, format!("{}.", entry.library.name))));
    libraries
}
