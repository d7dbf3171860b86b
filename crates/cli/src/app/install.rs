//! `wippy update` and `wippy install`, as far as they go without a network.
//!
//! Modules are taken from where they already are: the vendor folder, or a replacement of the configuration.

use std::collections::BTreeMap;

use wippy_app::load::application::{self, Application};
use wippy_app::load::layout::Layout;
use wippy_app::load::link::DEPENDENCY;
use wippy_app::load::lock::{self, Pinned};
use wippy_app::problem::{Code, Problems, Severity};
use wippy_app::value::Value;

use super::{fail, init, problems, source, text};
use crate::arguments::Flags;
use crate::commands::table;
use crate::exit::Exit;
use crate::output;
use crate::settings::Settings;

/// Rewrites the lock file with the modules that the sources need.
pub(crate) fn update(flags: &Flags, settings: &Settings) -> Result<Exit, Exit> {
    let project = source::project();
    let (path, name) = source::lock_path(flags, &project);
    let mut found = Problems::new();
    let mut lock = lock::read(&path, &name, &mut found).unwrap_or_default();
    if let Some(folder) = text(flags, &table::SRC_DIR_UPDATE) {
        lock.source_folder = folder;
    }
    if let Some(folder) = text(flags, &table::MODULES_DIR_LONG) {
        lock.modules_folder = folder;
    }
    // Written first: loading reads the folders from it.
    if let Err(error) = lock.write(&path) {
        return fail(&format!("cannot write {name}: {}", wippy_app::load::inline::reason(&error)));
    }
    let mut source = source::source(flags, &mut found)?;
    source.lock_file = Some(name.clone());
    let application = application::load(&source, &mut found);
    let rest: Problems = others(&found);
    problems::print(&rest, Severity::Warning, settings)?;
    let Some(application) = application.filter(|_| !rest.has_errors()) else { return Ok(Exit::FAILURE) };
    let replaced = source.config.replacements();
    let mut modules = BTreeMap::new();
    let mut absent = Vec::new();
    for (component, version) in needed(&application) {
        let known = lock.modules.iter().find(|module| module.name == component).cloned();
        let pinned =
            known.unwrap_or(Pinned { name: component.clone(), version, hash: None, local_hash: None });
        if replaced.get(&component).is_some_and(Option::is_some) {
            continue;
        }
        match in_place(&application.layout, &pinned) {
            Some(pinned) => drop(modules.insert(component, pinned)),
            None => absent.push(component),
        }
    }
    if !absent.is_empty() {
        return missing(&absent, &application.layout);
    }
    lock.modules = modules.into_values().collect();
    if let Err(error) = lock.write(&path) {
        return fail(&format!("cannot write {name}: {}", wippy_app::load::inline::reason(&error)));
    }
    let count = lock.modules.len();
    let noun = if count == 1 { "module" } else { "modules" };
    output::print(format!("{name} is up to date ({count} {noun})\n").as_bytes())?;
    Ok(Exit::SUCCESS)
}

/// Checks that the locked modules are in place.
pub(crate) fn install(flags: &Flags, settings: &Settings) -> Result<Exit, Exit> {
    let project = source::project();
    let (path, _) = source::lock_path(flags, &project);
    if !path.exists() {
        let exit = init::run(flags)?;
        if exit != Exit::SUCCESS {
            return Ok(exit);
        }
        return update(flags, settings);
    }
    let mut found = Problems::new();
    let source = source::source(flags, &mut found)?;
    let application = application::load(&source, &mut found);
    let rest = others(&found);
    problems::print(&rest, Severity::Warning, settings)?;
    let Some(application) = application.filter(|_| !rest.has_errors()) else { return Ok(Exit::FAILURE) };
    let absent: Vec<String> = application.layout.missing.iter().map(|module| module.name.clone()).collect();
    if !absent.is_empty() {
        return missing(&absent, &application.layout);
    }
    output::print(b"Nothing to install\n")?;
    Ok(Exit::SUCCESS)
}

/// What was found, without the modules that are not in place: those have a message of their own here.
fn others(found: &Problems) -> Problems {
    let mut rest = Problems::new();
    found
        .iter()
        .filter(|problem| problem.code != Code::MissingModule)
        .for_each(|problem| rest.push(problem.clone()));
    rest
}

/// Components and versions that `ns.dependency` entries name.
fn needed(application: &Application) -> BTreeMap<String, String> {
    let dependencies = application.entries.iter().filter(|entry| &*entry.kind == DEPENDENCY);
    dependencies
        .filter_map(|entry| {
            let component = entry.text("component")?.to_owned();
            let version = entry.data.get("version").and_then(Value::scalar_text);
            Some((component, version.map_or_else(|| "*".to_owned(), |text| text.to_string())))
        })
        .collect()
}

/// The module with the version that stands in the vendor folder.
fn in_place(layout: &Layout, pinned: &Pinned) -> Option<Pinned> {
    let folder = layout.vendored(pinned)?;
    let manifest = std::fs::read_to_string(folder.join("wippy.yaml")).ok();
    let version = manifest.and_then(|text| {
        wippy_app::load::yaml::parse(&text)
            .ok()??
            .get("version")?
            .value()
            .scalar_text()
            .map(|text| text.to_string())
    });
    let version = version.or_else(|| Some(pinned.version.clone()).filter(|version| version != "*"));
    Some(Pinned { version: version.unwrap_or_else(|| "0.0.0".to_owned()), ..pinned.clone() })
}

fn missing(names: &[String], layout: &Layout) -> Result<Exit, Exit> {
    let vendor = layout.shown(&layout.vendor());
    let mut out =
        String::from("error: these modules are not in place and cannot be downloaded by this release:\n");
    for name in names {
        out.push_str(&format!("  {name}\n"));
    }
    out.push_str(&format!("Put each into {vendor}/ORG/MODULE, or name its folder in .wippy.yaml:\n"));
    out.push_str("  workspace:\n    replacements:\n");
    out.push_str(&format!("      {}: ../path/to/it\n", names[0]));
    output::complain(out.as_bytes())?;
    Ok(Exit::FAILURE)
}
