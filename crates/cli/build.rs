//! Link arguments of the `wippy` program, which starts more often than it runs for long.
//!
//! Nothing is built or linked here, and the tests are linked as usual. Invariant: without any of this the program is the
//! same, only slower to start and larger in memory.

use std::env::{var, var_os};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Libraries of C as the standard library asks for them, and what they are called as archives.
const LIBRARIES: [(&str, &str); 3] =
    [("libc.a", "libc.a"), ("libm.a", "libm.a"), ("libgcc_s.a", "libgcc_eh.a")];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=order.ld");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    let is = |name: &str, value: &str| var(name).is_ok_and(|it| it == value);
    if !is("CARGO_CFG_TARGET_OS", "linux") || !is("CARGO_CFG_TARGET_ENV", "gnu") {
        return;
    }
    // Sanitizers need a program that is loaded as they are used to; another linker may not know what is said here.
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    if ["sanitizer", "fuse-ld", "crt-static", "relocation-model"].iter().any(|word| flags.contains(word)) {
        return;
    }
    // At a fixed address nothing has to be relocated when the program starts: 20,000 addresses in 70 pages, each a
    // page fault and then memory of its own, are a third of the time that an empty script takes.
    argument("-no-pie");
    if !is("PROFILE", "release") {
        return;
    }
    if let Some(order) = var_os("CARGO_MANIFEST_DIR").map(|folder| PathBuf::from(folder).join("order.ld")) {
        argument(&format!("-Wl,-T,{}", order.display()));
    }
    if var_os("CARGO_FEATURE_STATIC").is_some() {
        link_statically();
    }
}

fn argument(text: &str) {
    println!("cargo::rustc-link-arg-bins={text}");
}

/// Makes the program need no shared library, if the archives are installed: loading three takes 0.4 ms and 1 MB.
///
/// The compiler's own switch for this applies to everything that is built, build scripts and macros included, and those
/// cannot be static. So the linker is given a folder that it searches first, with nothing in it but the archives.
fn link_statically() {
    if var("HOST") != var("TARGET") {
        return;
    }
    let Some(folder) = var_os("OUT_DIR").map(|folder| Path::new(&folder).join("static")) else { return };
    if std::fs::create_dir_all(&folder).is_err() {
        return;
    }
    for (asked, archive) in LIBRARIES {
        let Some(path) = find(archive) else { return };
        let link = folder.join(asked);
        // One from an earlier run may lead elsewhere.
        let _ = std::fs::remove_file(&link);
        #[cfg(unix)]
        if std::os::unix::fs::symlink(path, link).is_err() {
            return;
        }
        #[cfg(not(unix))]
        let _ = (path, link);
    }
    argument("-static");
    argument(&format!("-L{}", folder.display()));
    argument("-lgcc");
}

/// Where the linker's driver finds an archive.
fn find(archive: &str) -> Option<PathBuf> {
    let driver = var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let output = Command::new(driver).arg(format!("-print-file-name={archive}")).output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    // An unknown one is answered by its name alone.
    path.is_absolute().then_some(path)
}
