//! Every builtin's signature is a function type of the annotation language.

use wippy_parser::{Bump, Interner, parse};
use wippy_stdlib::{LIBRARIES, application, base, io, logger, math, modules, package};
use wippy_vm::Library;

#[test]
fn every_signature_parses() {
    let more: [&Library; 6] =
        [&base::LIBRARY, &math::GENERATORS, &io::LIBRARY, &io::METHODS, &package::LIBRARY, &package::GLOBALS];
    let applications = application::LIBRARIES.iter().map(|entry| entry.library);
    let additions = [&application::TABLE, &application::STRING, &application::MATH, &logger::PRINT];
    let of_modules = modules::MODULES.iter().flat_map(|module| module.libraries.iter().copied());
    let mut faults = Vec::new();
    for library in LIBRARIES
        .iter()
        .map(|entry| entry.library)
        .chain(more)
        .chain(applications)
        .chain(additions)
        .chain(of_modules)
    {
        for native in library.functions {
            let source = format!("type Signature = {}", native.signature);
            let result = parse(source.as_bytes(), &Bump::new(), &mut Interner::default()).map(drop);
            if let Err(error) = result {
                faults.push(format!("{}.{}: {}: {error}", library.name, native.name, native.signature));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
