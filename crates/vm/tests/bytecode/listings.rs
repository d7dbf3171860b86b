//! The listing of each `.lua` file of this folder is the `.asm` file beside it.

use std::path::Path;
use std::{env, fs};

use wippy_vm::bytecode::disassemble::disassemble;
use wippy_vm::compile::compile_source;

#[track_caller]
fn check(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bytecode").join(name);
    let source = fs::read(path.with_extension("lua")).expect("the program can be read");
    let prototype = compile_source(&source, format!("@{name}.lua").as_bytes()).expect("the program is valid");
    super::check_prototype(&prototype);
    let listing = disassemble(&prototype);
    let golden = path.with_extension("asm");
    if env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(golden, listing).expect("the listing can be written");
        return;
    }
    let expected = fs::read_to_string(golden).unwrap_or_default();
    for (number, (new, old)) in listing.lines().zip(expected.lines()).enumerate() {
        assert_eq!(new, old, "{name}.asm, line {}; UPDATE_EXPECT=1 accepts the change", number + 1);
    }
    assert_eq!(listing.lines().count(), expected.lines().count(), "{name}.asm");
}

macro_rules! listings {
    ($($name:ident)*) => {
        $(#[test] fn $name() { check(stringify!($name)); })*

        #[test]
        fn every_program_is_listed() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bytecode");
            for entry in fs::read_dir(folder).expect("the folder can be read") {
                let path = entry.expect("its entries can be read").path();
                if path.extension().is_some_and(|extension| extension == "lua") {
                    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
                    assert!([$(stringify!($name)),*].contains(&name), "{name} is not tested");
                }
            }
        }
    };
}

listings! { arithmetic assignments calls closures conditions fields functions gotos loops positions tables types }
