//! `cargo xtask order BINARY MAP`: writes `crates/cli/order.ld`, which says what stands together in the release binary.
//!
//! The system maps a program in windows of 64 KB and counts each of them as the program's memory, however little of it is
//! used. What an empty script, `xtask/order/` and `xtask/guard/` execute is a seventh of all code; side by side it is
//! a third of the windows, and functions that the same programs execute stand together. Names are written without the
//! parts that differ between compilers, and a name that no longer exists is no error, so the file stays useful for
//! long; only where that would take in much that is not executed, the names are written whole. Invariant: it changes where
//! functions stand, nothing else.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::job::Job;
use crate::options::Options;
use crate::workspace::{self, Scratch};
use crate::{Failure, options};

const ORDER: &str = "crates/cli/order.ld";

/// How a binary is made whose functions have names, and the linker's list of what is where.
const BUILD: &str = "cargo rustc --release --package wippy-cli --bin wippy -- -C strip=none \
                     -C link-arg=-Wl,-Map=target/wippy.map";

/// Longest time for one program under valgrind.
const LIMIT: Duration = Duration::from_secs(600);

/// Libraries of C whose members are named too, and how the linker script calls them.
const ARCHIVES: [(&str, &str); 2] = [("libc.a", "*libc.a"), ("libm.a", "*libm*.a")];

/// What starts a program before any function of ours runs. The last four valgrind does not show: under it there is no
/// shared object of the kernel's, and other variants of functions are chosen.
const ALWAYS: [&str; 7] = [
    "*crt1.o(.text .text.*)",
    "*crtbegin*.o(.text .text.*)",
    "*(.text.main .text.startup.main)",
    "*unwind-dw2-fde-dip.o(.text .text.*)",
    "*libc.a:dl-object.o(.text .text.*)",
    "*libc.a:dl-setup_hash.o(.text .text.*)",
    "*libc.a:strcmp-avx2.o(.text .text.*)",
];

/// What the names of the parser's reductions have in common.
const REDUCTIONS: &str = "wippy_parser7grammar";

/// Functions of the compiler's own library, which have no mangled names.
const WITHOUT_NAMES: [&str; 2] = ["__udivti3", "__umodti3"];

/// Constants that the linker merges; where each of them stood is not known afterwards.
const MERGED: &str = "*(.rodata.cst* .rodata.str*)";

/// Constants without names of one crate are moved as a whole, unless they are more than this, in bytes.
const LARGEST_GROUP: u64 = 128 << 10;

/// Writes the file.
pub(crate) fn run(mut options: Options) -> Result<(), Failure> {
    let (Some(binary), Some(map)) = (options.word(), options.word()) else {
        return Err(format!("no binary and map given; make them by: {BUILD}").into());
    };
    options.finish()?;
    let binary = options::absolute(PathBuf::from(binary))?;
    let map = sections(&fs::read_to_string(map)?);
    let members = members()?;
    let mut programs = workspace::files_below(&workspace::root().join("xtask/order"), "lua")?;
    programs.extend(workspace::files_below(&workspace::root().join("xtask/guard"), "lua")?);
    let empty: Vec<&OsStr> = vec!["-e".as_ref(), "".as_ref()];
    let mut runs = Vec::new();
    for words in std::iter::once(empty).chain(programs.iter().map(|path| vec![path.as_os_str()])) {
        runs.push(executed(&binary, &words)?);
    }
    let all: BTreeSet<&str> = runs.iter().flatten().map(String::as_str).collect();
    let loose = loose(&map, &all);
    // Which programs execute what a line names, a bit each.
    let mut uses: BTreeMap<String, u64> = BTreeMap::new();
    for (number, names) in runs.iter().enumerate() {
        for line in names.iter().filter_map(|name| line(name, &members, &loose)) {
            // Which reductions a program needs is chance: all stand where all programs look.
            let programs = if line.contains(REDUCTIONS) { (1 << runs.len()) - 1 } else { 1 << number };
            *uses.entry(line).or_default() |= programs;
        }
    }
    let mut lines: Vec<_> = uses.into_iter().collect();
    lines.sort_by_key(|&(_, programs)| (Reverse(programs.count_ones()), programs));
    let loose = loose.iter().map(|pattern| format!("    {}\n", sections_of(pattern)));
    let code: String = lines.iter().map(|(line, _)| format!("    {line}\n")).chain(loose).collect();
    if !code.contains("run_loop") {
        return Err(format!("{}: its functions have no names; make one by: {BUILD}", binary.display()).into());
    }
    let always: String = ALWAYS.iter().map(|line| format!("    {line}\n")).collect();
    let data: String =
        constants(&map, &read(&binary)?, &all).iter().map(|line| format!("    {line}\n")).collect();
    let text = format!(
        "/* What stands together in the release binary: functions by how many programs\n   \
         execute them, what starts a program first. Written by `cargo xtask order`; names that do not exist do no harm. */\n\
         SECTIONS\n{{\n  .text.first :\n  {{\n{always}{code}  }}\n}}\nINSERT BEFORE .text;\n\
         SECTIONS\n{{\n  .rodata.first :\n  {{\n    {MERGED}\n{data}  }}\n}}\nINSERT BEFORE .rodata;\n"
    );
    fs::write(workspace::root().join(ORDER), text)?;
    println!("{ORDER} written: {} lines", lines.len());
    Ok(())
}

/// What places a function, named as the linker knows it.
fn line(name: &str, members: &HashMap<String, String>, loose: &BTreeSet<String>) -> Option<String> {
    match pattern(name) {
        Some(pattern) if loose.contains(&pattern) => Some(sections_of(name)),
        Some(pattern) => Some(sections_of(&pattern)),
        None if WITHOUT_NAMES.contains(&name) => Some(sections_of(name)),
        None => members.get(name).map(|member| format!("{member}(.text .text.*)")),
    }
}

fn sections_of(function: &str) -> String {
    format!("*(.text.{function} .text.unlikely.{function})")
}

/// The patterns of executed functions that fit more than twice as much code as is executed.
fn loose(map: &[Section], executed: &BTreeSet<&str>) -> BTreeSet<String> {
    // Bytes of what fits a pattern, and of what is executed of it.
    let mut bytes: HashMap<String, (u64, u64)> = HashMap::new();
    for section in map {
        let Some(name) = section.name.strip_prefix(".text.") else { continue };
        let name = name.strip_prefix("unlikely.").unwrap_or(name);
        let Some(pattern) = pattern(name) else { continue };
        let (fits, runs) = bytes.entry(pattern).or_default();
        *fits += section.bytes;
        *runs += if executed.contains(name) { section.bytes } else { 0 };
    }
    let is_loose = |&(fits, runs): &(u64, u64)| runs > 0 && fits > 2 * runs + 256;
    bytes.into_iter().filter(|(_, bytes)| is_loose(bytes)).map(|(pattern, _)| pattern).collect()
}

/// The functions that a run executes, by the names that the linker knows them by.
fn executed(binary: &Path, words: &[&OsStr]) -> Result<BTreeSet<String>, Failure> {
    let scratch = Scratch::new("order")?;
    let file = scratch.path().join("calls");
    let outcome = Job::new("valgrind", LIMIT)
        .args(["--tool=callgrind", "--demangle=no"])
        .args([format!("--callgrind-out-file={}", file.display())])
        .args([binary.as_os_str()])
        .args(words.iter().copied())
        .run()?;
    if !outcome.success() {
        return Err(format!("{}: {}", binary.display(), outcome.last_error_line()).into());
    }
    Ok(names(&fs::read_to_string(file)?))
}

/// The functions in a profile of callgrind: `fn=(NUMBER) NAME`, with `'N` behind names of recursive calls.
fn names(profile: &str) -> BTreeSet<String> {
    let lines = profile.lines().filter_map(|line| line.strip_prefix("fn=(").or(line.strip_prefix("cfn=(")));
    lines
        .filter_map(|line| line.split_once(") "))
        .map(|(_, name)| name.split('\'').next().unwrap_or(name).to_owned())
        .collect()
}

/// A piece of the binary that the linker put somewhere.
struct Section {
    start: u64,
    bytes: u64,
    /// The file it comes from; `libc.a(member.o)` for a member.
    file: String,
    name: String,
}

impl Section {
    /// What constants without names of one crate have in common: `.rodata..Lanon.HASH`.
    fn group(&self) -> Option<&str> {
        let anonymous = self.name.starts_with(".rodata..Lanon.");
        anonymous.then(|| self.name.rsplit_once('.').map_or(self.name.as_str(), |(group, _)| group))
    }
}

/// The pieces in a map of the linker: `ADDRESS ADDRESS SIZE ALIGNMENT FILE:(NAME)`.
fn sections(map: &str) -> Vec<Section> {
    let section = |line: &str| {
        let mut words = line.split_whitespace();
        let start = u64::from_str_radix(words.next()?, 16).ok()?;
        let bytes = u64::from_str_radix(words.nth(1)?, 16).ok()?;
        let (file, name) = words.nth(1)?.rsplit_once(":(")?;
        let file = file.rsplit('/').next().unwrap_or(file).to_owned();
        (bytes > 0).then(|| Section { start, bytes, file, name: name.trim_end_matches(')').to_owned() })
    };
    map.lines().filter_map(section).collect()
}

/// The addresses that an empty script reads, as `lackey` lists them: ` L ADDRESS,SIZE`.
fn read(binary: &Path) -> Result<BTreeSet<u64>, Failure> {
    let scratch = Scratch::new("order-data")?;
    let file = scratch.path().join("reads");
    let outcome = Job::new("valgrind", LIMIT)
        .args(["--tool=lackey", "--trace-mem=yes"])
        .args([format!("--log-file={}", file.display())])
        .args([binary.as_os_str(), "-e".as_ref(), "".as_ref()])
        .run()?;
    if !outcome.success() {
        return Err(format!("{}: {}", binary.display(), outcome.last_error_line()).into());
    }
    let lines = fs::read_to_string(file)?;
    let reads = lines.lines().filter_map(|line| line.strip_prefix(" L ")?.split(',').next());
    Ok(reads.filter_map(|address| u64::from_str_radix(address, 16).ok()).collect())
}

/// Patterns of the constants that are read, and of the jump tables of functions that are executed.
fn constants(map: &[Section], read: &BTreeSet<u64>, executed: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut groups: HashMap<&str, u64> = HashMap::new();
    for section in map {
        if let Some(group) = section.group() {
            *groups.entry(group).or_default() += section.bytes;
        }
    }
    let is_read = |section: &&Section| {
        let belongs_to = section.name.strip_prefix(".rodata.").unwrap_or_default();
        executed.contains(belongs_to)
            || read.range(section.start..section.start + section.bytes).next().is_some()
    };
    map.iter()
        .filter(|section| section.name.starts_with(".rodata"))
        .filter(is_read)
        .filter_map(|section| match (section.group(), section.file.strip_suffix(')')) {
            (Some(group), _) => (groups[group] <= LARGEST_GROUP).then(|| format!("*({group}.*)")),
            (None, Some(member)) => Some(format!("*{}(.rodata .rodata.*)", member.replace('(', ":"))),
            (None, None) => Some(format!("*(.rodata.{})", pattern(section.name.strip_prefix(".rodata.")?)?)),
        })
        .collect()
}

/// A name of Rust without its hashes, as a pattern; `None` for other names.
fn pattern(name: &str) -> Option<String> {
    if name.starts_with("_ZN") {
        return Some(match name.rfind("17h") {
            Some(at) => format!("{}*", &name[..at + 3]),
            None => name.to_owned(),
        });
    }
    let rest = name.strip_prefix("_R")?;
    // Copies that optimisation made of one function are numbered.
    if let Some((name, number)) = name.rsplit_once('.')
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        return pattern(name).map(|pattern| format!("{pattern}.*"));
    }
    // `Cs`, a number in base 62, `_`: what tells crates of one name apart.
    let mut pattern = "_R".to_owned();
    let mut pieces = rest.split("Cs");
    pattern.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        match piece.split_once('_') {
            Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                pattern.push_str("Cs*_");
                pattern.push_str(rest);
            }
            _ => {
                pattern.push_str("Cs");
                pattern.push_str(piece);
            }
        }
    }
    Some(pattern)
}

/// The functions of the libraries of C, each with the member that has it.
fn members() -> Result<HashMap<String, String>, Failure> {
    let mut members = HashMap::new();
    for (archive, pattern) in ARCHIVES {
        let path = Command::new("cc").arg(format!("-print-file-name={archive}")).output()?;
        let path = String::from_utf8(path.stdout)?;
        // The library of mathematics is a text that names the real one.
        let text = fs::read(path.trim()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())?;
        let real = match text.strip_prefix("/* GNU ld script") {
            Some(script) => {
                script.split_whitespace().find(|word| word.ends_with(".a")).unwrap_or(path.trim())
            }
            None => path.trim(),
        };
        let list = Command::new("nm").args(["-A", "--defined-only", real]).output()?;
        for line in String::from_utf8_lossy(&list.stdout).lines() {
            // PATH:MEMBER:ADDRESS KIND NAME
            let mut words = line.split_whitespace();
            let (Some(place), Some(kind), Some(name)) = (words.next(), words.next(), words.next()) else {
                continue;
            };
            let mut place = place.rsplit(':');
            if let (Some(_), Some(member), true) = (place.next(), place.next(), "tTwWiI".contains(kind)) {
                members.entry(name.to_owned()).or_insert_with(|| format!("{pattern}:{member}"));
            }
        }
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_left_out_of_names() {
        let check =
            |name: &str, expected: Option<&str>| assert_eq!(pattern(name).as_deref(), expected, "{name}");
        check("_ZN8wippy_vm7execute8run_loop17h1e91d6565c3dd0a1E", Some("_ZN8wippy_vm7execute8run_loop17h*"));
        check("_RNvNtCsjrHSEGnQ3l9_3std5alloc", Some("_RNvNtCs*_3std5alloc"));
        check("_RNvNtCsjrHSEGnQ3l9_3stdINtCsabc_4coreE", Some("_RNvNtCs*_3stdINtCs*_4coreE"));
        check("_RNvNtCsabc_3std5write.2389", Some("_RNvNtCs*_3std5write.*"));
        check("malloc", None);
    }

    #[test]
    fn constants_that_are_read_stand_together() {
        let map = "  VMA LMA Size Align Out In Symbol\n\
                   100 100 40 1 w.o:(.rodata..Lanon.aa.1)\n\
                   140 140 40 1 w.o:(.rodata..Lanon.aa.2)\n\
                   180 180 40 1 /lib/libc.a(x.o):(.rodata)\n\
                   1c0 1c0 40 1 w.o:(.rodata._ZN8wippy_vm1fE)\n\
                   200 200 90000 1 w.o:(.rodata..Lanon.bb.1)\n\
                   90200 90200 40 1 w.o:(.rodata._ZN8wippy_vm1gE)\n\
                   90240 90240 40 1 w.o:(.rodata._ZN8wippy_vm1hE)\n";
        let read = BTreeSet::from([0x150, 0x180, 0x1ff, 0x210]);
        let found = constants(&sections(map), &read, &BTreeSet::from(["_ZN8wippy_vm1gE"]));
        let expected = [
            "*(.rodata..Lanon.aa.*)",
            "*(.rodata._ZN8wippy_vm1fE)",
            "*(.rodata._ZN8wippy_vm1gE)",
            "*libc.a:x.o(.rodata .rodata.*)",
        ];
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn patterns_that_fit_much_else_are_loose() {
        let map = "  VMA LMA Size Align Out In Symbol\n\
                   100 100 400 1 w.o:(.text._ZN4core3map17h1E)\n\
                   500 500 4000 1 w.o:(.text._ZN4core3map17h2E)\n\
                   4500 4500 400 1 w.o:(.text._ZN5wippy3run17h3E)\n";
        let executed = BTreeSet::from(["_ZN4core3map17h1E", "_ZN5wippy3run17h3E"]);
        let loose = loose(&sections(map), &executed);
        assert_eq!(loose.iter().collect::<Vec<_>>(), ["_ZN4core3map17h*"]);
        let members = HashMap::new();
        let line = |name| line(name, &members, &loose).unwrap_or_default();
        assert_eq!(line("_ZN4core3map17h1E"), "*(.text._ZN4core3map17h1E .text.unlikely._ZN4core3map17h1E)");
        assert_eq!(line("_ZN5wippy3run17h3E"), "*(.text._ZN5wippy3run17h* .text.unlikely._ZN5wippy3run17h*)");
    }

    #[test]
    fn profiles_name_callers_and_called() {
        let found = names("fl=(1) a.c\nfn=(1) main\n+1 3\ncfn=(2) f'2\ncalls=1 2\nfn=(2)\n");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["f", "main"]);
    }
}
