//! `wippy init`: write the lock file.

use wippy_app::load::lock::{self, Lock};
use wippy_app::problem::Problems;

use super::{fail, source, text};
use crate::arguments::Flags;
use crate::commands::table;
use crate::exit::Exit;
use crate::output;

/// Creates or updates the lock file.
pub(crate) fn run(flags: &Flags) -> Result<Exit, Exit> {
    let project = source::project();
    let (path, name) = source::lock_path(flags, &project);
    let mut problems = Problems::new();
    let before = lock::read(&path, &name, &mut problems);
    if let Some(problem) =
        problems.iter().find(|problem| problem.severity == wippy_app::problem::Severity::Error)
    {
        return fail(&problem.to_string());
    }
    let existed = before.is_some();
    let mut lock = before.clone().unwrap_or_default();
    // Flags that were not given keep what an existing file says.
    if let Some(folder) = text(flags, &table::SRC_DIR).filter(|folder| !folder.is_empty()) {
        lock.source_folder = folder;
    }
    if let Some(folder) = text(flags, &table::MODULES_DIR).filter(|folder| !folder.is_empty()) {
        lock.modules_folder = folder;
    }
    if before.as_ref() != Some(&lock)
        && let Err(error) = lock.write(&path)
    {
        return fail(&format!("cannot write {name}: {}", wippy_app::load::inline::reason(&error)));
    }
    let Lock { source_folder, modules_folder, .. } = &lock;
    let word = if existed { "Updated" } else { "Created" };
    output::print(format!("{word} {name} (src: {source_folder}, modules: {modules_folder})\n").as_bytes())?;
    if !project.join(source_folder).is_dir() {
        let hint = format!(
            "Next: create {source_folder} and put a definition file into it, such as {source_folder}/_index.yaml\n"
        );
        output::complain(hint.as_bytes())?;
    }
    Ok(Exit::SUCCESS)
}
