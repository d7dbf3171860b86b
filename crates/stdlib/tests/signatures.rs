//! Every builtin's signature is a function type of the annotation language.

use wippy_parser::{Bump, Interner, parse};
use wippy_stdlib::{LIBRARIES, base, io, math, package};
use wippy_vm::Library;

#[test]
fn every_signature_parses() {
    let more: [&Library; 6] =
        [&base::LIBRARY, &math::GENERATORS, &io::LIBRARY, &io::METHODS, &package::LIBRARY, &package::GLOBALS];
    let mut faults = Vec::new();
    for library in LIBRARIES.iter().map(|entry| entry.library).chain(more) {
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
