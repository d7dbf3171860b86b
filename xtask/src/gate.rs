//! `cargo xtask gate`: proof that building wippy needs no C compiler.
//!
//! Two gates: the dependency graph holds none of the crates that run one, and a build succeeds with every
//! tool set to `false` and a linker that refuses to compile. Invariant: the second gate uses a target folder
//! of its own, so that nothing built elsewhere is reused.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::options::Options;
use crate::{Failure, workspace};

/// The package whose graph is judged and that is built.
const PACKAGE: &str = "wippy-cli";

/// Crates that run a C toolchain, or bring C code.
const REFUSED: [&str; 12] = [
    "cc",
    "cmake",
    "pkg-config",
    "bindgen",
    "ring",
    "aws-lc-sys",
    "openssl-sys",
    "zstd-sys",
    "libsqlite3-sys",
    "simsimd",
    "libmimalloc-sys",
    "clang-sys",
];

/// Variables by which build scripts find tools.
const TOOLS: [&str; 8] = ["CC", "CXX", "HOST_CC", "HOST_CXX", "CMAKE", "AR", "PKG_CONFIG", "PROTOC"];

/// Passes links on to the real driver, refuses everything that would compile.
const LINKER: &str = r#"#!/bin/sh
for word in "$@"; do
  case "$word" in
    -c | -S | -E | *.c | *.S | *.cc | *.cpp) echo "no compiling here: $word" >&2; exit 1 ;;
  esac
done
PATH=/usr/local/bin:/usr/bin:/bin exec DRIVER "$@"
"#;

/// Runs both gates.
pub(crate) fn run(options: Options) -> Result<(), Failure> {
    options.finish()?;
    graph()?;
    build()
}

fn graph() -> Result<(), Failure> {
    let list = Command::new(cargo())
        .args([
            "tree",
            "--package",
            PACKAGE,
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .current_dir(workspace::root())
        .stderr(Stdio::inherit())
        .output()?;
    if !list.status.success() {
        return Err("cargo tree failed".into());
    }
    let list = String::from_utf8(list.stdout)?;
    let names = list.lines().filter_map(|line| line.split(' ').next());
    let mut found: Vec<_> = names.filter(|name| REFUSED.contains(name)).collect();
    found.dedup();
    if found.is_empty() {
        println!("graph gate: none of {} crates runs a C compiler", list.lines().count());
        return Ok(());
    }
    Err(format!("graph gate: {} in the graph of {PACKAGE}", found.join(", ")).into())
}

fn build() -> Result<(), Failure> {
    let scratch = workspace::Scratch::new("gate")?;
    let tools = scratch.path().join("bin");
    fs::create_dir(&tools)?;
    let linker = tools.join("linker");
    let driver = workspace::find_in_path("cc").ok_or("no link driver 'cc' is installed")?;
    fs::write(&linker, LINKER.replace("DRIVER", &driver.to_string_lossy()))?;
    executable(&linker)?;
    for name in ["cargo", "rustc", "sh"] {
        let path = workspace::find_in_path(name).ok_or_else(|| format!("{name} is not in PATH"))?;
        std::os::unix::fs::symlink(path, tools.join(name))?;
    }
    let mut command = Command::new(tools.join("cargo"));
    command
        .args(["build", "--locked", "--quiet", "--package", PACKAGE])
        .current_dir(workspace::root())
        .env("PATH", &tools)
        .env("CARGO_TARGET_DIR", scratch.path().join("target"))
        .env(linker_variable(), &linker)
        .env_remove("RUSTC")
        .env_remove("CARGO");
    for tool in TOOLS {
        command.env(tool, "/bin/false");
    }
    if !command.status()?.success() {
        return Err("build gate: the build needs more than a linker".into());
    }
    println!("build gate: {PACKAGE} builds without a C compiler");
    Ok(())
}

/// The variable that names the linker of the host's target.
fn linker_variable() -> String {
    let host = format!("{}_unknown_linux_gnu", env::consts::ARCH);
    format!("CARGO_TARGET_{}_LINKER", host.to_uppercase())
}

fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

fn executable(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}
