//! `cargo xtask schemas`: what types and their JSON Schemas say about the same values.
//!
//! `xtask/schemas/values.lua` takes the types of the guides, makes values for each and judges them; `compare.py` asks
//! python's `jsonschema` about the same values. Invariant: a validator that is not installed is said aloud, and with
//! `--require-oracle` it is a failure.

use std::fs;
use std::time::Duration;

use crate::job::Job;
use crate::options::Options;
use crate::{Failure, workspace};

/// Longest time for either side; ten thousand values for each type take python about a minute.
const LIMIT: Duration = Duration::from_secs(900);

/// Values for each type.
const COUNT: u32 = 10_000;

/// Guides whose types are taken.
const GUIDES: [&str; 2] = ["docs/types-at-run-time.md", "docs/types.md"];

/// Compares.
pub(crate) fn run(mut options: Options) -> Result<(), Failure> {
    let interpreter = options.interpreter()?;
    let required = options.flag("--require-oracle");
    let count = options.value("--count")?.unwrap_or(COUNT);
    options.finish()?;
    let python = workspace::find_in_path("python3");
    let installed = match &python {
        Some(python) => Job::new(python, LIMIT).args(["-c", "import jsonschema"]).run()?.success(),
        None => false,
    };
    let (Some(python), true) = (python, installed) else {
        let notice = "python3 with jsonschema is not installed: nothing to compare with";
        println!("notice: {notice}");
        return if required { Err(notice.into()) } else { Ok(()) };
    };
    let root = workspace::root();
    let folder = root.join("xtask/schemas");
    let mut arguments = vec![folder.join("values.lua").into_os_string(), count.to_string().into()];
    arguments.extend(GUIDES.iter().map(|guide| root.join(guide).into_os_string()));
    let values = Job::new(&interpreter, LIMIT).args(&arguments).run()?;
    if !values.success() {
        return Err(String::from_utf8_lossy(&values.stderr).into_owned().into());
    }
    let scratch = workspace::Scratch::new("schemas")?;
    let file = scratch.path().join("values.jsonl");
    fs::write(&file, &values.stdout)?;
    let verdict = Job::new(&python, LIMIT).args([folder.join("compare.py"), file]).run()?;
    print!("{}", String::from_utf8_lossy(&verdict.stdout));
    if verdict.success() {
        return Ok(());
    }
    Err(format!("types and schemas disagree\n{}", String::from_utf8_lossy(&verdict.stderr)).into())
}
