//! Where things are: the root of the workspace, the built interpreter, the oracle, scratch folders.
//!
//! Invariant: commands never write into the source tree unless they were asked to (`--write`, `--accept`).

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::Failure;

/// The reference interpreter that results are compared with.
pub(crate) const ORACLE: &str = "lua5.3";

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask lies one level below the root").to_owned()
}

/// The folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The newest `wippy` among the profiles of this target folder.
pub(crate) fn built_interpreter() -> Result<PathBuf, Failure> {
    let target = target();
    let newest = ["release", "fast", "debug"]
        .iter()
        .map(|profile| target.join(profile).join("wippy"))
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .max();
    match newest {
        Some((_, path)) => Ok(path),
        None => Err("no wippy in the target folder: build it first or say --bin PATH".into()),
    }
}

/// The oracle's path, where it is installed.
pub(crate) fn oracle() -> Option<PathBuf> {
    find_in_path(ORACLE)
}

/// The first executable of this name in `PATH`.
pub(crate) fn find_in_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// A scratch folder of this run, removed when dropped.
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes an empty folder whose name starts with `purpose`.
    pub(crate) fn new(purpose: &str) -> Result<Self, Failure> {
        let path = env::temp_dir().join(format!("wippy-{purpose}-{}", std::process::id()));
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir_all(&path)?;
        Ok(Self { path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing is lost when this fails: the folder lies in the system's temporary folder.
        drop(fs::remove_dir_all(&self.path));
    }
}

/// All files below `folder` with this extension, sorted by path.
pub(crate) fn files_below(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Copies a folder with everything below it.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).map_err(|error| format!("{}: {error}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
