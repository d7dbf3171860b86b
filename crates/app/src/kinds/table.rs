//! THE table of kinds.
//!
//! Names, keys, defaults and one sentence each; nothing else in the tree repeats them. A later kind is one row here and
//! one place that carries its role out.

use super::{Key, Kind, Role, Shape, Support};
use Shape::{
    Any, Duration, Id, Ids, Imports, List, Map, Mode, Name, Names, Number, Rows, Scalar, Switch, Table, Text,
    Whole, Word,
};

const MANY: i64 = 1_000_000;

const RESTART: &[Key] = &[
    Key::new("initial_delay", Duration, "1s", "wait before the first restart"),
    Key::new("max_delay", Duration, "90s", "longest wait"),
    Key::new("backoff_factor", Number, "2.0", "each wait is this many times the one before"),
    Key::new("jitter", Number, "0.1", "part by which a wait is moved at random"),
    Key::new("max_attempts", Whole(0, MANY), "0", "failures in a row after which it is given up; 0: never"),
];
const ACTOR: &[Key] = &[
    Key::new("id", Text, "", "name of the actor"),
    Key::new("meta", Map, "", "what is known about the actor"),
];
const SECURITY: &[Key] = &[
    Key::new("actor", Table(ACTOR), "", "who the service acts as"),
    Key::new("groups", Ids, "[]", "policy groups of its scope"),
    Key::new("policies", Ids, "[]", "policies of its scope"),
];
/// Keys of `lifecycle`.
pub const LIFECYCLE: &[Key] = &[
    Key::new("auto_start", Switch, "false", "start during boot"),
    Key::new(
        "startup",
        Word(&["required", "optional"]),
        "required",
        "`optional`: a requirement that does not exist is a warning only",
    ),
    Key::new("requires", Ids, "[]", "services that must be running first"),
    Key::new("depends_on", Ids, "[]", "the older name of `requires`; both lists are merged"),
    Key::new("start_timeout", Duration, "10s", "a start that takes longer is a failure"),
    Key::new("stop_timeout", Duration, "10s", "a stop that takes longer is forced"),
    Key::new(
        "stable_threshold",
        Duration,
        "5s",
        "after running this long, failures are counted from one again",
    ),
    Key::new("restart", Table(RESTART), "", "what happens after a failure"),
    Key::new("security", Table(SECURITY), "", "actor and scope of the service"),
];
const LIFECYCLE_KEY: Key = Key::new("lifecycle", Table(LIFECYCLE), "", "see [lifecycle](#lifecycle)");

const SOURCE: Key = Key::required("source", Name, "the program, usually `file://name.lua`");
const MODULES: Key = Key::new("modules", Names, "[]", "built-in modules the program may use");
const IMPORTS: Key = Key::new("imports", Imports, "{}", "alias to library, function or process entry");
const METHOD: Key = Key::required("method", Name, "the function of the returned table that is called");
const METHOD_MAIN: Key =
    Key::new("method", Name, "main", "the function of the returned table that is called");

const POOL: &[Key] = &[
    Key::new(
        "type",
        Word(&["inline", "lazy", "static", "adaptive"]),
        "",
        "by the other keys: `static` with workers, else `lazy`",
    ),
    Key::new("workers", Whole(0, 10_000), "", "fixed number of workers; selects `static`"),
    Key::new("size", Whole(0, 10_000), "8", "workers of a static pool without `workers`"),
    Key::new("buffer", Whole(0, MANY), "workers x 64", "accepted; calls beyond it wait all the same"),
    Key::new(
        "max_size",
        Whole(0, 10_000),
        "16, or 100 without a type",
        "most workers of a lazy or adaptive pool",
    ),
    Key::new("warm_start", Switch, "false", "make the first worker before the first call"),
];
const HOST: &[Key] = &[
    Key::new("workers", Whole(1, 10_000), "CPUs", "threads; hosts share them, and the largest number counts"),
    Key::new("queue_size", Whole(1, MANY), "1024", "size hint of the global queue"),
    Key::new("local_queue_size", Whole(1, MANY), "256", "size hint of a worker's queue"),
];
const COMMAND: &[Key] = &[
    Key::new("name", Name, "", "`wippy run NAME` starts this process"),
    Key::new("short", Text, "", "one line for `wippy run list`"),
    Key::new("use_case", Name, "", "`test`: `wippy test` runs this process"),
];
const TARGET: &[Key] = &[
    Key::required("entry", Id, "the entry to write into"),
    Key::required("path", Name, "`.meta.x`, `.data.x` or `.x`; with `+=` behind it: add to a list"),
];
const PARAMETER: &[Key] =
    &[Key::required("name", Name, "the requirement"), Key::required("value", Any, "its value")];
const TIMEOUTS: &[Key] = &[
    Key::new("read", Duration, "none", "longest time to read a request, its body included; 0: none"),
    Key::new(
        "write",
        Duration,
        "none",
        "longest time from the end of a request's head to the end of the response; 0: none",
    ),
    Key::new("idle", Duration, "none", "longest pause of a kept connection; 0: that for reading"),
];
const SQL_POOL: &[Key] = &[
    Key::new("max_open", Whole(0, MANY), "0", "most connections; 0: no limit"),
    Key::new("max_idle", Whole(0, MANY), "0", "most idle connections"),
    Key::new("max_lifetime", Duration, "1h", "longest life of a connection"),
];
const SERVER: &[Key] = &[
    Key::required("host", Name, "server"),
    Key::required("port", Scalar, "port"),
    Key::required("database", Name, "database"),
    Key::required("username", Text, "user"),
    Key::required("password", Text, "password"),
    Key::new("options", Map, "{}", "options of the driver"),
    Key::new("pool", Table(SQL_POOL), "", "connections"),
    LIFECYCLE_KEY,
];
const POLICY: &[Key] = &[
    Key::new("actions", Names, "", "actions it is about"),
    Key::new("resources", Names, "", "resources it is about"),
    Key::required("effect", Word(&["allow", "deny"]), "what it says"),
    Key::new("conditions", List, "[]", "all must hold"),
    Key::new("expression", Text, "", "a condition as an expression"),
];
const ANYTHING: &[Key] = &[Key::new("*", Any, "", "any keys")];

const fn kind(
    name: &'static str,
    role: Role,
    support: Support,
    summary: &'static str,
    keys: &'static [Key],
) -> Kind {
    Kind { name, role, support, summary, keys, meta: &[] }
}

const fn with_meta(mut kind: Kind, meta: &'static [Key]) -> Kind {
    kind.meta = meta;
    kind
}

use Support::{Later, Stored, Yes};

/// Of what belongs to web servers.
const WEB: Support = if cfg!(feature = "http") { Yes } else { Later };

/// Every kind, by name.
pub static KINDS: &[Kind] = &[
    kind("cloudstorage.s3", Role::Data, Later, "object storage", ANYTHING),
    kind("config.aws", Role::Data, Later, "credentials for cloud services", ANYTHING),
    kind(
        "contract.binding",
        Role::Data,
        Yes,
        "functions that carry a contract out",
        &[Key::required("contracts", List, "contracts and their methods")],
    ),
    kind(
        "contract.definition",
        Role::Data,
        Yes,
        "a named set of methods",
        &[Key::required("methods", List, "the methods")],
    ),
    kind("db.cdc.postgres", Role::Data, Later, "changes of a database", ANYTHING),
    kind("db.sql.mysql", Role::Data, Later, "a MySQL database", SERVER),
    kind("db.sql.postgres", Role::Data, Later, "a Postgres database", SERVER),
    kind(
        "db.sql.sqlite",
        Role::Data,
        Later,
        "an SQLite database",
        &[
            Key::required("file", Name, "the file, or `:memory:`"),
            Key::new("pool", Table(SQL_POOL), "", "connections"),
            Key::new("options", Map, "{}", "accepted, no effect"),
            LIFECYCLE_KEY,
        ],
    ),
    kind(
        "env.storage.file",
        Role::Storage,
        Yes,
        "variables in a file of `KEY=VALUE` lines",
        &[
            Key::required("file_path", Name, "the file, relative to the folder the program was started in"),
            Key::new("auto_create", Switch, "false", "make the file when it is missing"),
            Key::new("file_mode", Mode, "0644", "permissions of a new file"),
            Key::new("dir_mode", Mode, "0755", "permissions of a new folder"),
        ],
    ),
    kind("env.storage.memory", Role::Storage, Yes, "variables that are gone when the program ends", &[]),
    kind("env.storage.os", Role::Storage, Yes, "the environment of the program, read-only", &[]),
    kind(
        "env.storage.router",
        Role::Storage,
        Yes,
        "several storages as one",
        &[Key::required("storages", Ids, "read in this order; writes go to the first")],
    ),
    kind(
        "env.storage.static",
        Role::Storage,
        Yes,
        "variables with fixed values, read-only",
        &[Key::new("values", Map, "{}", "the variables")],
    ),
    kind(
        "env.variable",
        Role::Variable,
        Yes,
        "a variable that entries and programs may read",
        &[
            Key::required("storage", Id, "where its value is kept"),
            Key::new(
                "variable",
                Name,
                "",
                "its public name: letters, digits and `_`, unique; without it, the entry ID",
            ),
            Key::new("default", Scalar, "", "its value when the storage has none"),
            Key::new("readonly", Switch, "false", "programs cannot change it"),
            Key::new("read_only", Switch, "false", "an old spelling of `readonly`"),
        ],
    ),
    kind("exec.docker", Role::Data, Later, "commands in containers", ANYTHING),
    kind(
        "exec.native",
        Role::Data,
        Later,
        "commands of the operating system",
        &[
            Key::new("default_work_dir", Text, "", "folder of the children"),
            Key::new("default_env", Map, "{}", "environment of the children"),
            Key::new("command_whitelist", Names, "", "commands that may be run"),
            LIFECYCLE_KEY,
        ],
    ),
    kind(
        "fs.directory",
        Role::Data,
        Later,
        "a folder that programs may use",
        &[
            Key::required("directory", Name, "the folder"),
            Key::new("auto_init", Switch, "false", "make it when it is missing"),
            Key::new("mode", Mode, "0755", "permissions of a new folder"),
            Key::new("base", Word(&["project", "module"]), "project", "what the folder is relative to"),
        ],
    ),
    kind("fs.embed", Role::Data, Later, "files inside of a pack", ANYTHING),
    with_meta(
        kind(
            "function.lua",
            Role::Function,
            Yes,
            "a function that others call by its ID",
            &[
                SOURCE,
                METHOD,
                MODULES,
                IMPORTS,
                Key::new("pool", Table(POOL), "", "how many calls run at a time"),
            ],
        ),
        &[
            Key::new("type", Name, "", "`test`: the built-in test runner calls it"),
            Key::new("suite", Text, "", "group of a test"),
            Key::new("order", Whole(i64::MIN, i64::MAX), "0", "order of a test within its group"),
        ],
    ),
    kind("function.lua.bc", Role::Data, Later, "a compiled function", ANYTHING),
    kind("function.wasm", Role::Data, Later, "a function in WebAssembly", ANYTHING),
    kind("function.wat", Role::Data, Later, "a function in the text form of WebAssembly", ANYTHING),
    with_meta(
        kind(
            "http.endpoint",
            Role::Data,
            WEB,
            "a route and the function that answers it",
            &[
                Key::required(
                    "method",
                    Word(&["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"]),
                    "method of the request",
                ),
                Key::required(
                    "path",
                    Name,
                    "path behind the prefix: text, `{name}`, and at the end `{name...}`, `/` or `{$}`",
                ),
                Key::required("func", Id, "the function"),
            ],
        ),
        &[Key::required("router", Id, "the router it belongs to")],
    ),
    with_meta(
        kind(
            "http.router",
            Role::Data,
            WEB,
            "routes with a common prefix",
            &[
                Key::new("prefix", Text, "", "prefix of all paths"),
                Key::new("middleware", Names, "[]", "what stands around handlers, outermost first"),
                Key::new("options", Map, "{}", "options of the middleware"),
                Key::new("post_middleware", Names, "[]", "what stands between these and the handlers"),
                Key::new("post_options", Map, "{}", "options of the post middleware"),
            ],
        ),
        &[Key::required("server", Id, "the server it belongs to")],
    ),
    kind(
        "http.service",
        Role::Server,
        WEB,
        "a web server",
        &[
            Key::required("addr", Name, "address, such as `:8080`"),
            Key::new("timeouts", Table(TIMEOUTS), "", "limits of time"),
            Key::new("host", Map, "", "accepted, no effect"),
            Key::new("network", Id, "", "not in this release"),
            Key::new("tls", Map, "", "not in this release"),
            LIFECYCLE_KEY,
        ],
    ),
    with_meta(
        kind(
            "http.static",
            Role::Data,
            Later,
            "files served as they are",
            &[
                Key::required("path", Name, "where"),
                Key::required("fs", Id, "the files"),
                Key::new("static_options", Map, "{}", "spa, index, cache"),
                Key::new("middleware", Names, "[]", "run before"),
                Key::new("options", Map, "{}", "options of the middleware"),
            ],
        ),
        &[Key::required("server", Id, "the server it belongs to")],
    ),
    kind(
        "library.lua",
        Role::Library,
        Yes,
        "code that other entries import",
        &[SOURCE, Key::new("method", Text, "", "not used"), MODULES, IMPORTS],
    ),
    kind("library.lua.bc", Role::Data, Later, "a compiled library", ANYTHING),
    kind("module.lua", Role::Data, Later, "reserved for the surfaces of modules", ANYTHING),
    kind("network.overlay", Role::Data, Later, "a private network", ANYTHING),
    kind(
        "ns.definition",
        Role::Data,
        Yes,
        "words about a namespace, no effect",
        &[
            Key::new("module", Text, "", "the module"),
            Key::new("readme", Text, "", "a page about it"),
            Key::new("wiki", Any, "", "more pages"),
        ],
    ),
    kind(
        "ns.dependency",
        Role::Data,
        Yes,
        "a module the application uses",
        &[
            Key::required("component", Name, "the module, `org/module`"),
            Key::new("version", Scalar, "", "range of versions"),
            Key::new("parameters", Rows(PARAMETER), "[]", "values of its requirements"),
        ],
    ),
    kind(
        "ns.requirement",
        Role::Data,
        Yes,
        "a value a module asks for",
        &[
            Key::new("default", Any, "", "its value when no dependency gives one; without it, one must"),
            Key::required("targets", Rows(TARGET), "where the value is written"),
        ],
    ),
    kind("pg.scope", Role::Data, Later, "a namespace of process groups", ANYTHING),
    kind(
        "process.host",
        Role::Host,
        Yes,
        "runs processes",
        &[Key::new("host", Table(HOST), "", "sizes"), LIFECYCLE_KEY],
    ),
    with_meta(
        kind(
            "process.lua",
            Role::Process,
            Yes,
            "an actor, spawned on a host",
            &[SOURCE, METHOD_MAIN, MODULES, IMPORTS],
        ),
        &[Key::new("command", Table(COMMAND), "", "makes it a command of the application")],
    ),
    kind("process.lua.bc", Role::Data, Later, "a compiled process", ANYTHING),
    kind(
        "process.service",
        Role::Service,
        Yes,
        "a supervised process",
        &[
            Key::required("process", Id, "the process entry"),
            Key::required("host", Id, "the host it runs on"),
            Key::new("input", List, "[]", "arguments of its function"),
            LIFECYCLE_KEY,
        ],
    ),
    kind("process.wasm", Role::Data, Later, "a process in WebAssembly", ANYTHING),
    kind(
        "queue.consumer",
        Role::Data,
        Later,
        "a function called for the messages of a queue",
        &[
            Key::required("queue", Id, "the queue"),
            Key::required("func", Id, "the function"),
            Key::new("concurrency", Whole(1, 1000), "1", "calls at a time"),
            Key::new("prefetch", Whole(0, 10_000), "10", "messages taken ahead"),
            Key::new("auto_ack", Switch, "false", "acknowledge before the call"),
            Key::new("driver_options", Map, "{}", "options of the driver"),
            LIFECYCLE_KEY,
        ],
    ),
    kind("queue.driver.amqp", Role::Data, Later, "queues on a broker", ANYTHING),
    kind("queue.driver.memory", Role::Data, Later, "queues in memory", &[LIFECYCLE_KEY]),
    kind("queue.driver.sqs", Role::Data, Later, "queues of a cloud", ANYTHING),
    kind(
        "queue.queue",
        Role::Data,
        Later,
        "a queue",
        &[
            Key::required("driver", Id, "the driver"),
            Key::new("queue_name", Text, "the entry's name", "its name"),
            Key::new("codec", Text, "json/plain", "form of the bodies"),
            Key::new("driver_options", Map, "{}", "options of the driver"),
            Key::new("dead_letter", Map, "", "accepted, no effect"),
        ],
    ),
    kind("registry.entry", Role::Data, Yes, "any data", ANYTHING),
    kind(
        "security.policy",
        Role::Data,
        Yes,
        "what actors may do",
        &[
            Key::required("policy", Table(POLICY), "the policy"),
            Key::new("groups", Names, "[]", "groups it belongs to"),
        ],
    ),
    kind(
        "security.policy.expr",
        Role::Data,
        Stored,
        "what actors may do, as an expression",
        &[
            Key::required("policy", Table(POLICY), "the policy"),
            Key::new("groups", Names, "[]", "groups it belongs to"),
        ],
    ),
    kind("security.token_store", Role::Data, Later, "tokens of actors", ANYTHING),
    kind("store.kv.crdt", Role::Data, Later, "a store of a cluster", ANYTHING),
    kind("store.kv.raft", Role::Data, Later, "a store of a cluster", ANYTHING),
    kind(
        "store.memory",
        Role::Data,
        Later,
        "a store in memory",
        &[
            Key::new("max_size", Whole(0, i64::MAX), "10000", "most keys"),
            Key::new("cleanup_interval", Duration, "5m", "how often expired keys are removed"),
            LIFECYCLE_KEY,
        ],
    ),
    kind("store.sql", Role::Data, Later, "a store in a database", ANYTHING),
    kind(
        "template.jet",
        Role::Data,
        Later,
        "a template",
        &[Key::required("set", Id, "its set"), Key::required("source", Text, "its text")],
    ),
    kind(
        "template.set",
        Role::Data,
        Later,
        "a set of templates",
        &[Key::new("engine", Map, "{}", "options")],
    ),
    kind("temporal.client", Role::Data, Later, "a connection to a workflow engine", ANYTHING),
    kind("temporal.worker", Role::Data, Later, "a worker of a workflow engine", ANYTHING),
    kind(
        "terminal.host",
        Role::Terminal,
        Yes,
        "runs one process that has the terminal",
        &[
            Key::new("hide_logs", Switch, "false", "no log lines on the terminal while the process runs"),
            LIFECYCLE_KEY,
        ],
    ),
    kind("workflow.lua", Role::Data, Later, "a workflow", ANYTHING),
    kind("workflow.lua.bc", Role::Data, Later, "a compiled workflow", ANYTHING),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_unique() {
        for pair in KINDS.windows(2) {
            assert!(pair[0].name < pair[1].name, "{} before {}", pair[0].name, pair[1].name);
        }
    }
}
