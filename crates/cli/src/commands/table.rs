//! THE table: every flag and every command of `wippy`.
//!
//! A name that is not declared here does not exist. Entries marked `later` parse, complete and explain
//! themselves, and answer that they are not supported yet.

use super::{Command, Flag, Group, Words};

// --- flags every command accepts -------------------------------------------------------------------------------

/// `--config FILE`.
pub(crate) static CONFIG: Flag =
    Flag::value("config", "FILE", "configuration file; may be repeated, later ones win")
        .list()
        .default(".wippy.yaml");
/// `--verbose`.
pub(crate) static VERBOSE: Flag = Flag::switch("verbose", "log at debug level").short('v');
/// `--very-verbose`.
pub(crate) static VERY_VERBOSE: Flag = Flag::switch("very-verbose", "log at debug level, with stack traces");
/// `--console`.
pub(crate) static CONSOLE: Flag = Flag::switch("console", "coloured log lines for people").short('c');
/// `--silent`.
pub(crate) static SILENT: Flag = Flag::switch("silent", "no log output").short('s');
/// `--event-streams`.
pub(crate) static EVENT_STREAMS: Flag =
    Flag::switch("event-streams", "logs also go to the event bus").short('e');
/// `--profiler`.
pub(crate) static PROFILER: Flag =
    Flag::switch("profiler", "profile endpoint on localhost:6060").short('p').later();
/// `--memory-limit SIZE`.
pub(crate) static MEMORY_LIMIT: Flag =
    Flag::value("memory-limit", "SIZE", "most memory a program may use: bytes, or with K, M, G, T")
        .short('m');
/// `--color WHEN`.
pub(crate) static COLOR: Flag =
    Flag::value("color", "WHEN", "colours in messages").choices(&["auto", "always", "never"]).default("auto");
/// `--error-format F`.
pub(crate) static ERROR_FORMAT: Flag =
    Flag::value("error-format", "F", "how errors look").choices(&["human", "short", "json"]).default("human");
/// `--help`.
pub(crate) static HELP: Flag = Flag::switch("help", "-h: a short help, --help: all of it").short('h');

/// Accepted before and after every command word.
pub(crate) static GLOBAL: &[&Flag] = &[
    &CONFIG,
    &VERBOSE,
    &VERY_VERBOSE,
    &CONSOLE,
    &SILENT,
    &EVENT_STREAMS,
    &PROFILER,
    &MEMORY_LIMIT,
    &COLOR,
    &ERROR_FORMAT,
];

// --- flags before any command ----------------------------------------------------------------------------------

/// `--version`.
pub(crate) static VERSION: Flag = Flag::switch("version", "print the version (so does -v alone)").short('V');
/// `-e CODE`, only before a command.
pub(crate) static EVALUATE: Flag =
    Flag::value("", "CODE", "run CODE; may be repeated, all before the script").short('e').list();
/// `-i`.
pub(crate) static INTERACTIVE: Flag = Flag::switch("", "enter the interactive prompt afterwards").short('i');
/// `-l NAME`.
pub(crate) static REQUIRE: Flag =
    Flag::value("", "NAME", "require NAME into a global of that name first").short('l').list();
/// `--stats`.
pub(crate) static STATS: Flag =
    Flag::switch("stats", "print a table of processes to standard error when the script has ended");
/// `--sandbox`.
pub(crate) static SANDBOX: Flag =
    Flag::switch("sandbox", "application rules: no files, processes or network").later();

/// Only before the script or command. `-e` means "evaluate" there, so the global short form is out of reach.
pub(crate) static ROOT: &[&Flag] = &[&HELP, &VERSION, &EVALUATE, &INTERACTIVE, &REQUIRE, &STATS, &SANDBOX];

// --- flags shared by several commands --------------------------------------------------------------------------

/// `--lock-file`.
pub(crate) static LOCK_FILE: Flag =
    Flag::value("lock-file", "FILE", "lock file").short('l').default("wippy.lock");
/// `--set`.
pub(crate) static SET: Flag =
    Flag::value("set", "K=V", "configuration value section.path=value, wins over files").list();
/// `--override`.
pub(crate) static OVERRIDE: Flag =
    Flag::value("override", "K=V", "entry value namespace:entry:field=value").short('o').list();
static PROFILE: Flag = Flag::value("profile", "NAME", "configuration profile").later();
static REGISTRY_URL: Flag = Flag::value("registry", "URL", "module hub").later();
/// `--host`.
pub(crate) static HOST: Flag = Flag::value("host", "ID", "terminal host; needed only if there are several");
/// `--yaml`.
pub(crate) static YAML: Flag = Flag::switch("yaml", "print YAML");
/// `--json`.
pub(crate) static JSON: Flag = Flag::switch("json", "print JSON");
/// `--modules-dir`.
pub(crate) static MODULES_DIR: Flag =
    Flag::value("modules-dir", "DIR", "where modules are kept").default(".wippy");
/// `--src-dir`.
pub(crate) static SRC_DIR: Flag =
    Flag::value("src-dir", "DIR", "where the sources are").short('d').default("./src");
static DESCRIPTION: Flag = Flag::value("description", "TEXT", "one line about the pack").short('d');

// --- commands --------------------------------------------------------------------------------------------------

/// `--exec`.
pub(crate) static EXEC: Flag =
    Flag::value("exec", "ID", "process to execute; a bare name when it is unique").short('x');
static WATCH: Flag = Flag::switch("watch", "restart when a file changes").later();

/// `run`.
pub(crate) static RUN: Command =
    Command::new("run", Group::Run, "start an application, one of its commands, or a script")
        .usage(&["FILE.lua [ARGS]", "[NAME [ARGS]]", "list", "-x ns:name [ARGS]"])
        .examples(&[("wippy run hello.lua a b", "the same as: wippy hello.lua a b")])
        .about(
            "Without words the application in this folder is started: its services run until Ctrl+C. With a\n\
             name or -x one process gets the terminal; its result is the exit code. Running packs is not\n\
             supported yet.",
        )
        .flags(&[&EXEC, &HOST, &OVERRIDE, &SET, &PROFILE, &REGISTRY_URL, &WATCH])
        .words(Words::Program)
        .application();

/// `top`.
pub(crate) static TOP: Command = Command::new(
    "top",
    Group::Run,
    "start the application in this folder and watch it",
)
.about(
    "As wippy run without words, with a table of services and processes in place of the log: what they\n\
             do, where they wait, memory, run queues. Log lines are written when the table is left (Ctrl+C).",
)
.flags(&[&OVERRIDE, &SET, &PROFILE])
.application();

static REPL_APP: Flag = Flag::switch("app", "boot the application first").later();

/// `repl`.
pub(crate) static REPL: Command = Command::new("repl", Group::Run, "interactive prompt")
    .examples(&[("wippy repl", "type expressions and statements; :help lists the prompt's own commands")])
    .about(
        "Locals persist from line to line, the last value is in _, and Tab completes globals, fields,\n\
         methods and keywords. When standard input is not a terminal there is no prompt: input is read\n\
         to its end.",
    )
    .flags(&[&REPL_APP]);

/// `eval`.
pub(crate) static EVAL: Command = Command::new("eval", Group::Run, "print the value of an expression")
    .usage(&["EXPR"])
    .examples(&[
        ("wippy eval '1 + 1, \"a\"'", "each value on its own line"),
        ("wippy eval '{1, {x = 2}}'", "tables are shown"),
    ])
    .words(Words::One("EXPR"));

/// `--allow-empty` of `test`.
pub(crate) static ALLOW_EMPTY: Flag = Flag::switch("allow-empty", "finding no tests is not a failure");
/// `--bail` of `test`.
pub(crate) static BAIL: Flag = Flag::switch("bail", "stop at the first failure");
/// `--list` of `test`.
pub(crate) static LIST_TESTS: Flag = Flag::switch("list", "print the tests without running them");
static SEED: Flag = Flag::value("seed", "N", "repeat the scheduling order of an earlier run").later();

/// `test`.
pub(crate) static TEST: Command = Command::new("test", Group::Check, "run tests")
    .usage(&["[FILTER | FILE.lua | FOLDER ...]"])
    .flags(&[&OVERRIDE, &HOST, &SET, &PROFILE, &JSON, &BAIL, &LIST_TESTS, &SEED, &ALLOW_EMPTY])
    .words(Words::Many)
    .application();

/// `--level`.
pub(crate) static LEVEL: Flag = Flag::value("level", "LEVEL", "least severe kind that is reported")
    .choices(&["error", "warning", "hint"])
    .default("warning");
/// `--ns` of `lint`.
pub(crate) static NS: Flag =
    Flag::value("ns", "PATTERNS", "only these namespaces: app, app.*, app.**").commas();
/// `--code`.
pub(crate) static CODE: Flag = Flag::value("code", "CODES", "only these diagnostic codes").commas();
/// `--rules`.
pub(crate) static RULES: Flag = Flag::switch("rules", "style rules as well");
/// `--summary`.
pub(crate) static SUMMARY: Flag = Flag::switch("summary", "counts instead of the diagnostics");
/// `--limit`.
pub(crate) static LIMIT: Flag =
    Flag::value("limit", "N", "print at most N diagnostics, 0 for all").default("0");
/// `--no-color`.
pub(crate) static NO_COLOR: Flag = Flag::switch("no-color", "the same as --color never");
static CACHE_RESET: Flag = Flag::switch("cache-reset", "forget cached results");
static SET_LATER: Flag = Flag::value("set", "K=V", "configuration value").list().later();
/// `--deny`.
pub(crate) static DENY: Flag = Flag::value("deny", "KIND", "fail on warnings too").choices(&["warnings"]);

/// `lint`, also called `check`.
pub(crate) static LINT: Command = Command::new("lint", Group::Check, "check sources for mistakes")
    .aliases(&["check"])
    .usage(&["[FILE.lua | FOLDER ...]"])
    .examples(&[("wippy check hello.lua lib", "one file, and every .lua and .luau file below lib")])
    .about(
        "Checks syntax, types and, with --rules, style of the files and folders named; `require` is followed.\n\
         A line is exempt with a comment such as `-- lint: ignore E0004`. With no file named, the\n\
         entries of the application in this folder are checked, and their programs.",
    )
    .flags(&[
        &LEVEL,
        &CODE,
        &SUMMARY,
        &LIMIT,
        &JSON,
        &NO_COLOR,
        &DENY,
        &LOCK_FILE,
        &NS,
        &RULES,
        &CACHE_RESET,
        &PROFILE,
        &SET_LATER,
    ])
    .words(Words::Many);

static FMT_CHECK: Flag = Flag::switch("check", "list files that would change, and fail if there are any");
static FMT_DIFF: Flag = Flag::switch("diff", "print the changes instead of making them");
static FMT_STDIN: Flag = Flag::switch("stdin", "format standard input to standard output");

static FMT: Command = Command::new("fmt", Group::Check, "format sources")
    .usage(&["[FILE.lua | FOLDER ...]"])
    .flags(&[&FMT_CHECK, &FMT_DIFF, &FMT_STDIN])
    .words(Words::Many)
    .later();

/// `explain`.
pub(crate) static EXPLAIN: Command = Command::new("explain", Group::Check, "explain a diagnostic code")
    .usage(&["CODE"])
    .examples(&[("wippy explain W0004", "what it means, with a wrong and a right example")])
    .words(Words::One("CODE"));

/// `--short` of `version`.
pub(crate) static VERSION_SHORT: Flag = Flag::switch("short", "only the number");

/// `version`.
pub(crate) static VERSION_COMMAND: Command = Command::new("version", Group::Inspect, "print version details")
    .examples(&[("wippy version --short", "only the number")])
    .flags(&[&VERSION_SHORT, &JSON]);

/// `help`.
pub(crate) static HELP_COMMAND: Command =
    Command::new("help", Group::Inspect, "print help, the same as --help")
        .usage(&["[COMMAND]"])
        .words(Words::Many);

/// `completion`.
pub(crate) static COMPLETION: Command =
    Command::new("completion", Group::Inspect, "print a shell completion script")
        .aliases(&["completions"])
        .usage(&["bash|zsh|fish|powershell"])
        .examples(&[
            ("wippy completion bash > ~/.local/share/bash-completion/completions/wippy", "for bash"),
            ("wippy completion zsh > ~/.zfunc/_wippy", "for zsh, with ~/.zfunc in $fpath"),
            ("wippy completion fish > ~/.config/fish/completions/wippy.fish", "for fish"),
            ("wippy completion powershell >> $PROFILE", "for PowerShell"),
        ])
        .words(Words::One("SHELL"));

/// `--kind`.
pub(crate) static KIND: Flag = Flag::value("kind", "GLOB", "only entries of this kind").short('k');
/// `--ns`.
pub(crate) static REGISTRY_NS: Flag = Flag::value("ns", "GLOB", "only entries of this namespace").short('n');
/// `--name`.
pub(crate) static NAME: Flag = Flag::value("name", "GLOB", "only entries of this name");
/// `--meta`.
pub(crate) static META: Flag =
    Flag::value("meta", "COND", "condition on metadata: f=v f~re f*part f^start f$end").commas();
/// `--field`.
pub(crate) static FIELD: Flag = Flag::value("field", "NAME", "print only this field").short('f');
/// `--raw`.
pub(crate) static RAW: Flag = Flag::switch("raw", "no newline at the end");

/// `registry list`.
pub(crate) static REGISTRY_LIST: Command =
    Command::new("registry list", Group::Inspect, "list the linked entries")
        .flags(&[&KIND, &REGISTRY_NS, &NAME, &META, &JSON, &YAML, &LOCK_FILE])
        .application();
/// `registry show`.
pub(crate) static REGISTRY_SHOW: Command =
    Command::new("registry show", Group::Inspect, "print one linked entry")
        .usage(&["ID"])
        .flags(&[&JSON, &YAML, &FIELD, &RAW, &LOCK_FILE])
        .words(Words::One("ID"))
        .application();
static REGISTRY: Command =
    Command::new("registry", Group::Inspect, "inspect the linked entries without starting anything")
        .usage(&["list", "show ID"])
        .nested(&[&REGISTRY_LIST, &REGISTRY_SHOW])
        .application();

/// `--format`.
pub(crate) static FORMAT: Flag =
    Flag::value("format", "F", "output format").choices(&["text", "json", "markdown"]).default("text");
/// `types`.
pub(crate) static TYPES: Command =
    Command::new("types", Group::Inspect, "print the signatures of built-in modules")
        .usage(&["[MODULE]"])
        .examples(&[("wippy types", "the modules"), ("wippy types string", "the functions of one")])
        .flags(&[&FORMAT])
        .words(Words::Optional("MODULE"));
static SCHEMA: Command = Command::new("schema", Group::Inspect, "print the JSON Schema of a file format")
    .usage(&["index|config|lock|manifest"])
    .words(Words::One("FORMAT"))
    .later();

/// `--modules-dir`.
pub(crate) static MODULES_DIR_LONG: Flag = Flag::value("modules-dir", "DIR", "where modules are kept");
/// `--src-dir`.
pub(crate) static SRC_DIR_UPDATE: Flag = Flag::value("src-dir", "DIR", "where the sources are").short('d');
/// `init`.
pub(crate) static INIT: Command = Command::new("init", Group::Modules, "write wippy.lock")
    .flags(&[&SRC_DIR, &MODULES_DIR, &LOCK_FILE])
    .application();
/// `update`.
pub(crate) static UPDATE: Command =
    Command::new("update", Group::Modules, "rewrite the lock from the sources")
        .flags(&[&SRC_DIR_UPDATE, &MODULES_DIR_LONG, &LOCK_FILE])
        .application();
static REFRESH: Flag = Flag::switch("refresh", "look every module up again");
static FORCE: Flag = Flag::switch("force", "replace what is installed");
static REPAIR: Flag = Flag::switch("repair", "put back what is missing or damaged");
/// `install`.
pub(crate) static INSTALL: Command =
    Command::new("install", Group::Modules, "put the locked modules in place")
        .flags(&[&REFRESH, &FORCE, &REPAIR, &LOCK_FILE])
        .application();
static ADD: Command = Command::new("add", Group::Modules, "add a module")
    .usage(&["org/module[@RANGE] ..."])
    .words(Words::Many)
    .later();
/// `--template`.
pub(crate) static TEMPLATE: Flag =
    Flag::value("template", "NAME", "what to start from").choices(&["cli", "http", "service"]).default("cli");
/// `new`.
pub(crate) static NEW: Command = Command::new("new", Group::Modules, "create a runnable skeleton")
    .usage(&["DIR"])
    .flags(&[&TEMPLATE])
    .words(Words::One("DIR"))
    .application();

static TAGS: Flag = Flag::value("tags", "TAGS", "tags of the pack").short('t').commas();
static PACK_META: Flag = Flag::value("meta", "K=V", "metadata of the pack").list();
static EMBED: Flag = Flag::value("embed", "PATTERNS", "embed these file systems").commas();
static EMBED_ALL: Flag = Flag::switch("embed-all", "embed every file system");
static PACK_LIST: Flag = Flag::switch("list", "print what would be packed");
static EXCLUDE_NS: Flag = Flag::value("exclude-ns", "PATTERNS", "leave these namespaces out").commas();
static EXCLUDE: Flag = Flag::value("exclude", "PATTERNS", "leave these entries out").commas();
static BYTECODE: Flag = Flag::value("bytecode", "PATTERNS", "compile these entries").commas();
static PACK: Command = Command::new("pack", Group::Modules, "write the application into one file")
    .usage(&["OUT.wapp"])
    .flags(&[
        &LOCK_FILE,
        &DESCRIPTION,
        &TAGS,
        &PACK_META,
        &EMBED,
        &EMBED_ALL,
        &PACK_LIST,
        &EXCLUDE_NS,
        &EXCLUDE,
        &BYTECODE,
        &PROFILE,
    ])
    .words(Words::One("OUT.wapp"))
    .later();

static PUBLISH_VERSION: Flag = Flag::value("version", "V", "version to publish");
static DRY_RUN: Flag = Flag::switch("dry-run", "everything but the upload");
static LABEL: Flag = Flag::value("label", "NAME", "label of the version");
static RELEASE_NOTES: Flag = Flag::value("release-notes", "TEXT", "notes of the version");
static PROTECTED: Flag = Flag::switch("protected", "the version cannot be withdrawn");
static CREATE: Flag = Flag::switch("create", "create the module if it does not exist");
static MODULE_VISIBILITY: Flag = Flag::value("module-visibility", "V", "visibility of a created module");
static MODULE_TYPE: Flag = Flag::value("module-type", "T", "type of a created module");
static MODULE_DISPLAY_NAME: Flag =
    Flag::value("module-display-name", "TEXT", "display name of a created module");
static PUBLISH: Command = Command::new("publish", Group::Modules, "upload a module version")
    .flags(&[
        &PUBLISH_VERSION,
        &DRY_RUN,
        &LABEL,
        &RELEASE_NOTES,
        &PROTECTED,
        &EMBED,
        &REGISTRY_URL,
        &CREATE,
        &MODULE_VISIBILITY,
        &MODULE_TYPE,
        &MODULE_DISPLAY_NAME,
    ])
    .later();

static SEARCH_LIMIT: Flag = Flag::value("limit", "N", "most results").default("20");
static SEARCH: Command = Command::new("search", Group::Modules, "search the module hub")
    .usage(&["QUERY"])
    .flags(&[&JSON, &SEARCH_LIMIT, &REGISTRY_URL])
    .words(Words::One("QUERY"))
    .later();

static TOKEN: Flag = Flag::value("token", "TOKEN", "token to store");
static LOCAL: Flag = Flag::switch("local", "store it for this folder only");
static AUTH_LOGIN: Command = Command::new("auth login", Group::Modules, "store a token of the module hub")
    .flags(&[&TOKEN, &REGISTRY_URL, &LOCAL])
    .later();
static AUTH_LOGOUT: Command = Command::new("auth logout", Group::Modules, "forget the stored token").later();
static AUTH_STATUS: Command =
    Command::new("auth status", Group::Modules, "print who is logged in").flags(&[&JSON]).later();
static AUTH: Command = Command::new("auth", Group::Modules, "log in to the module hub")
    .usage(&["login", "logout", "status"])
    .nested(&[&AUTH_LOGIN, &AUTH_LOGOUT, &AUTH_STATUS])
    .later();
static README: Command = Command::new("readme", Group::Modules, "print the readme of a module")
    .usage(&["org/module[@VERSION]"])
    .flags(&[&JSON, &REGISTRY_URL])
    .words(Words::One("MODULE"))
    .later();

/// Every top-level command, in the order of help.
pub(crate) static COMMANDS: &[&Command] = &[
    &RUN,
    &TOP,
    &REPL,
    &EVAL,
    &LINT,
    &TEST,
    &FMT,
    &EXPLAIN,
    &REGISTRY,
    &TYPES,
    &SCHEMA,
    &VERSION_COMMAND,
    &HELP_COMMAND,
    &COMPLETION,
    &INIT,
    &UPDATE,
    &INSTALL,
    &ADD,
    &NEW,
    &PACK,
    &PUBLISH,
    &SEARCH,
    &AUTH,
    &README,
];

/// The command that starts programs; `wippy NAME.wapp` is short for it.
pub(crate) static RUN_COMMAND: &Command = &RUN;
