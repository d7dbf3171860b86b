//! From words to an [`Invocation`]: what the command line asks for.
//!
//! It decides nothing about the outside world but what [`Surroundings`] tells it, prints nothing and runs nothing.
//! Words are bytes from here on: a script gets its arguments unchanged, whether they are UTF-8 or not.

use wippy_parser::nearest::nearest;

use crate::commands::{self, Arity, Command, Flag, State, Words, table};

/// One word of the command line.
pub(crate) type Word = Vec<u8>;

/// Everything the command line says.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// The flags given, those of the command included.
    pub(crate) flags: Flags,
    /// What to do.
    pub(crate) action: Action,
}

/// What to do.
#[derive(Debug)]
pub(crate) enum Action {
    /// Print help, of one command or of all.
    Help { command: Option<&'static Command>, long: bool },
    /// Print the version line.
    Version,
    /// Run a program as `lua` would.
    Script(Script),
    /// Run a command with these words.
    Command { command: &'static Command, words: Vec<Word> },
}

/// A run of the plain interpreter.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// `-e` and `-l`, in the order given.
    pub(crate) before: Vec<Before>,
    /// The program itself.
    pub(crate) main: Main,
    /// What the program finds in `arg[1]` and on.
    pub(crate) arguments: Vec<Word>,
    /// Go on at the prompt afterwards.
    pub(crate) interactive: bool,
}

/// Something to do before the script.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// `-e CODE`.
    Evaluate(Word),
    /// `-l NAME`.
    Require(Word),
}

/// Where the program comes from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Main {
    /// There is none: only `-e`, `-l` or `-i`.
    #[default]
    None,
    /// Standard input, named by `-` or implied.
    Stdin,
    /// A file.
    File(Word),
}

/// The flags given, in order, each with its value (empty for a switch).
#[derive(Debug, Default)]
pub(crate) struct Flags(Vec<(&'static Flag, Word)>);

impl Flags {
    /// Whether `flag` was given.
    pub(crate) fn has(&self, flag: &'static Flag) -> bool {
        self.last(flag).is_some()
    }

    /// The last value given to `flag`.
    pub(crate) fn last(&self, flag: &'static Flag) -> Option<&[u8]> {
        self.0.iter().rev().find(|(given, _)| std::ptr::eq(*given, flag)).map(|(_, value)| value.as_slice())
    }

    /// All values given to `flag`.
    pub(crate) fn all(&self, flag: &'static Flag) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(move |(given, _)| std::ptr::eq(*given, flag)).map(|(_, value)| value.as_slice())
    }

    /// The first flag given that this release does not support.
    pub(crate) fn unsupported(&self) -> Option<&'static Flag> {
        self.0.iter().map(|(flag, _)| *flag).find(|flag| flag.later && !std::ptr::eq(*flag, &table::PROFILER))
    }
}

/// A command line that cannot be understood: one sentence, the nearest correct word, and where to look.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UsageError {
    /// What is wrong.
    pub(crate) message: String,
    /// What was probably meant.
    pub(crate) suggestion: Option<String>,
    /// The command whose help explains it.
    pub(crate) command: Option<&'static str>,
}

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "error: {}", self.message)?;
        if let Some(suggestion) = &self.suggestion {
            write!(f, "; did you mean \"{suggestion}\"?")?;
        }
        match self.command {
            Some(command) => write!(f, "\nRun 'wippy {command} --help' for usage."),
            None => f.write_str("\nRun 'wippy --help' for usage."),
        }
    }
}

/// What the first word may depend on.
pub(crate) trait Surroundings {
    /// What stands at `path`.
    fn look_at(&self, path: &[u8]) -> FileKind;
    /// Whether standard input is a terminal.
    fn stdin_is_terminal(&self) -> bool;
}

/// What a path names, as far as the command line cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// Nothing.
    Missing,
    /// A folder.
    Folder,
    /// Something that can be read.
    File,
    /// A file whose first two bytes are `#!`.
    Executable,
}

/// Understands the words after the program's name.
pub(crate) fn parse(words: Vec<Word>, around: &dyn Surroundings) -> Result<Invocation, UsageError> {
    if words.len() == 1 && words[0] == b"-v" {
        return Ok(Invocation { flags: Flags::default(), action: Action::Version });
    }
    let mut parser =
        Parser { rest: words.into_iter(), flags: Flags::default(), before: Vec::new(), interactive: false };
    let action = parser.root(around)?;
    Ok(Invocation { flags: parser.flags, action })
}

struct Parser {
    rest: std::vec::IntoIter<Word>,
    flags: Flags,
    before: Vec<Before>,
    interactive: bool,
}

impl Parser {
    /// Root flags, then whatever the first other word selects.
    fn root(&mut self, around: &dyn Surroundings) -> Result<Action, UsageError> {
        while let Some(word) = self.rest.next() {
            match word.as_slice() {
                b"-" => return Ok(self.script(Main::Stdin)),
                b"--" => {
                    return match self.rest.next() {
                        Some(file) if file == b"-" => Ok(self.script(Main::Stdin)),
                        Some(file) => Ok(self.script(Main::File(file))),
                        None => Ok(self.nothing(around)),
                    };
                }
                [b'-', ..] => {
                    let from = self.flags.0.len();
                    self.flag(&word, &Scope::Root)?;
                    if let Some(action) = self.root_flags_since(from, &word) {
                        return Ok(action);
                    }
                }
                _ => return self.first_word(word, around),
            }
        }
        Ok(self.nothing(around))
    }

    /// Acts on the root flags just read.
    fn root_flags_since(&mut self, from: usize, word: &[u8]) -> Option<Action> {
        for (flag, value) in &self.flags.0[from..] {
            if std::ptr::eq(*flag, &table::HELP) {
                return Some(Action::Help { command: None, long: word.starts_with(b"--") });
            } else if std::ptr::eq(*flag, &table::VERSION) {
                return Some(Action::Version);
            } else if std::ptr::eq(*flag, &table::EVALUATE) {
                self.before.push(Before::Evaluate(value.clone()));
            } else if std::ptr::eq(*flag, &table::REQUIRE) {
                self.before.push(Before::Require(value.clone()));
            } else if std::ptr::eq(*flag, &table::INTERACTIVE) {
                self.interactive = true;
            }
        }
        None
    }

    /// The end of the words without a script or command.
    fn nothing(&mut self, around: &dyn Surroundings) -> Action {
        if self.interactive || !self.before.is_empty() {
            self.script(Main::None)
        } else if around.stdin_is_terminal() {
            Action::Help { command: None, long: false }
        } else {
            self.script(Main::Stdin)
        }
    }

    fn script(&mut self, main: Main) -> Action {
        Action::Script(Script {
            before: std::mem::take(&mut self.before),
            main,
            arguments: self.rest.by_ref().collect(),
            interactive: self.interactive,
        })
    }

    /// The first word that is no flag: a command, a script, a pack, or a mistake.
    fn first_word(&mut self, word: Word, around: &dyn Surroundings) -> Result<Action, UsageError> {
        let text = String::from_utf8_lossy(&word).into_owned();
        if let Some(command) = commands::find(&text) {
            return self.command(command, around);
        }
        if is_script(&word, around) {
            return Ok(self.script(Main::File(word)));
        }
        if text.ends_with(".wapp") {
            return Ok(Action::Command { command: table::RUN_COMMAND, words: vec![word] });
        }
        let names = table::COMMANDS
            .iter()
            .flat_map(|command| std::iter::once(command.name()).chain(command.aliases.iter().copied()));
        let suggestion = match around.look_at(format!("{text}.lua").as_bytes()) {
            FileKind::File | FileKind::Executable => Some(format!("{text}.lua")),
            FileKind::Missing | FileKind::Folder => nearest(&text, names).map(String::from),
        };
        let reason = match around.look_at(&word) {
            FileKind::Folder => ": it is a folder",
            FileKind::Missing if has_script_name(&word) => ": no such file",
            FileKind::File | FileKind::Executable | FileKind::Missing => "",
        };
        let message = format!("unknown command or file \"{text}\"{reason}");
        Err(UsageError { message, suggestion, command: None })
    }

    /// The words after a command.
    fn command(
        &mut self,
        command: &'static Command,
        around: &dyn Surroundings,
    ) -> Result<Action, UsageError> {
        let mut words = Vec::new();
        let program = command.words == Words::Program;
        while let Some(word) = self.rest.next() {
            match word.as_slice() {
                b"--" => {
                    words.extend(self.rest.by_ref());
                    break;
                }
                [b'-', _, ..] => {
                    let named = !words.is_empty() || self.flags.0.iter().any(|(flag, _)| flag.long == "exec");
                    if program && named && !self.knows(&word, command) {
                        words.push(word);
                        continue;
                    }
                    self.flag(&word, &Scope::Command(command))?;
                    if self.flags.has(&table::HELP) {
                        return Ok(Action::Help { command: Some(command), long: word.starts_with(b"--") });
                    }
                }
                _ if !command.nested.is_empty() && words.is_empty() => {
                    let text = String::from_utf8_lossy(&word);
                    return match command.nested.iter().find(|nested| nested.answers_to(&text)) {
                        Some(nested) => self.command(nested, around),
                        None => Err(UsageError {
                            message: format!("unknown command \"{} {text}\"", command.path),
                            suggestion: nearest(&text, command.nested.iter().map(|n| n.name()))
                                .map(String::from),
                            command: Some(command.path),
                        }),
                    };
                }
                _ => {
                    let first = words.is_empty() && !self.flags.0.iter().any(|(flag, _)| flag.long == "exec");
                    if program && first && is_script(&word, around) {
                        return Ok(self.script(Main::File(word)));
                    }
                    words.push(word);
                }
            }
        }
        if std::ptr::eq(command, &table::HELP_COMMAND) {
            return help_topic(&words);
        }
        if command.state == State::Ready {
            check_count(command, &words)?;
        }
        Ok(Action::Command { command, words })
    }

    /// Whether `word` is a flag of `command`, well formed or not.
    fn knows(&self, word: &[u8], command: &'static Command) -> bool {
        match word.strip_prefix(b"--") {
            Some(long) => {
                let name = long.split(|&b| b == b'=').next().unwrap_or(long);
                command.all_flags().any(|flag| flag.long.as_bytes() == name)
            }
            None => command.all_flags().any(|flag| flag.short.is_some_and(|short| short as u8 == word[1])),
        }
    }

    /// Reads one word of flags: `--long`, `--long=value`, or a group of one-letter flags.
    fn flag(&mut self, word: &[u8], scope: &Scope) -> Result<(), UsageError> {
        if let Some(long) = word.strip_prefix(b"--") {
            let (name, value) = match long.iter().position(|&b| b == b'=') {
                Some(at) => (&long[..at], Some(long[at + 1..].to_vec())),
                None => (long, None),
            };
            let flag = scope
                .flags()
                .find(|flag| !flag.long.is_empty() && flag.long.as_bytes() == name)
                .ok_or_else(|| scope.unknown(&[b"--", name].concat()))?;
            return self.give(flag, value, scope);
        }
        let mut letters = &word[1..];
        while let [letter, rest @ ..] = letters {
            let flag = scope
                .flags()
                .find(|flag| flag.short.is_some_and(|short| short as u32 == u32::from(*letter)))
                .ok_or_else(|| scope.unknown(&[b"-", letters].concat()))?;
            if flag.value.is_some() {
                let value = (!rest.is_empty()).then(|| rest.to_vec());
                return self.give(flag, value, scope);
            }
            self.give(flag, None, scope)?;
            letters = rest;
        }
        Ok(())
    }

    /// Records one flag, taking its value from the next word if it stands apart.
    fn give(&mut self, flag: &'static Flag, value: Option<Word>, scope: &Scope) -> Result<(), UsageError> {
        let complain = |message: String| UsageError { message, suggestion: None, command: scope.path() };
        let Some(placeholder) = flag.value else {
            if value.is_some() {
                return Err(complain(format!("flag \"{}\" takes no value", flag.display())));
            }
            self.flags.0.push((flag, Word::new()));
            return Ok(());
        };
        let value = value
            .or_else(|| self.rest.next())
            .ok_or_else(|| complain(format!("flag \"{}\" needs a value: {placeholder}", flag.display())))?;
        if !flag.choices.is_empty() && !flag.choices.iter().any(|choice| choice.as_bytes() == value) {
            let text = String::from_utf8_lossy(&value);
            let choices = flag.choices.join(", ");
            return Err(UsageError {
                message: format!("flag \"{}\" cannot be \"{text}\" (it can be {choices})", flag.display()),
                suggestion: nearest(&text, flag.choices.iter().copied()).map(String::from),
                command: scope.path(),
            });
        }
        if flag.arity == Arity::Commas {
            self.flags.0.extend(value.split(|&b| b == b',').map(|part| (flag, part.to_vec())));
        } else {
            self.flags.0.push((flag, value));
        }
        Ok(())
    }
}

/// Which flags are known at this point of the line.
enum Scope {
    Root,
    Command(&'static Command),
}

impl Scope {
    fn flags(&self) -> Box<dyn Iterator<Item = &'static Flag>> {
        match self {
            Scope::Root => Box::new(table::ROOT.iter().chain(table::GLOBAL).copied()),
            Scope::Command(command) => {
                let command: &'static Command = command;
                Box::new(command.all_flags())
            }
        }
    }

    fn path(&self) -> Option<&'static str> {
        match self {
            Scope::Root => None,
            Scope::Command(command) => Some(command.path),
        }
    }

    fn unknown(&self, flag: &[u8]) -> UsageError {
        let text = String::from_utf8_lossy(flag).into_owned();
        let suggestion = text.strip_prefix("--").and_then(|name| {
            nearest(name, self.flags().map(|flag| flag.long).filter(|long| !long.is_empty()))
                .map(|long| format!("--{long}"))
        });
        let message = match self.path() {
            Some(path) => format!("unknown flag \"{text}\" for 'wippy {path}'"),
            None => format!("unknown flag \"{text}\""),
        };
        UsageError { message, suggestion, command: self.path() }
    }
}

/// `.lua` and `.luau` names are scripts without looking further.
fn has_script_name(path: &[u8]) -> bool {
    path.ends_with(b".lua") || path.ends_with(b".luau")
}

/// Whether `path` is an existing file that runs in script mode.
fn is_script(path: &[u8], around: &dyn Surroundings) -> bool {
    let named = has_script_name(path) || path.contains(&b'/') || (cfg!(windows) && path.contains(&b'\\'));
    match around.look_at(path) {
        FileKind::Executable => true,
        FileKind::File => named && !path.ends_with(b".wapp"),
        FileKind::Missing | FileKind::Folder => false,
    }
}

/// `wippy help [COMMAND [COMMAND]]`.
fn help_topic(words: &[Word]) -> Result<Action, UsageError> {
    let mut command = None;
    for word in words {
        let text = String::from_utf8_lossy(word);
        let candidates = command.map_or(table::COMMANDS, |command: &'static Command| command.nested);
        command =
            Some(*candidates.iter().find(|candidate| candidate.answers_to(&text)).ok_or_else(|| {
                UsageError {
                    message: format!("unknown command \"{text}\""),
                    suggestion: nearest(&text, candidates.iter().map(|candidate| candidate.name()))
                        .map(String::from),
                    command: None,
                }
            })?);
    }
    Ok(Action::Help { command, long: true })
}

fn check_count(command: &'static Command, words: &[Word]) -> Result<(), UsageError> {
    let most = match command.words {
        Words::None => 0,
        Words::Optional(_) | Words::One(_) => 1,
        Words::Many | Words::Program => return Ok(()),
    };
    let message = match (command.words, words.get(most)) {
        (_, Some(extra)) => {
            format!("unexpected argument \"{}\" for 'wippy {}'", String::from_utf8_lossy(extra), command.path)
        }
        (Words::One(name), None) if words.is_empty() => {
            format!("'wippy {}' needs an argument: {name}", command.path)
        }
        _ => return Ok(()),
    };
    Err(UsageError { message, suggestion: None, command: Some(command.path) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with `f.lua`, `tool` (which starts with `#!`), `blob` and the folder `dir`.
    struct Folder {
        terminal: bool,
    }

    impl Surroundings for Folder {
        fn look_at(&self, path: &[u8]) -> FileKind {
            match path {
                b"f.lua" | b"./test" | b"blob" | b"app.wapp" => FileKind::File,
                b"tool" => FileKind::Executable,
                b"dir" | b"./dir" => FileKind::Folder,
                _ => FileKind::Missing,
            }
        }

        fn stdin_is_terminal(&self) -> bool {
            self.terminal
        }
    }

    fn check(line: &str) -> Result<Invocation, UsageError> {
        let words = line.split_whitespace().map(|word| word.replace('_', " ").into_bytes()).collect();
        parse(words, &Folder { terminal: true })
    }

    fn script(line: &str) -> Script {
        match check(line).expect(line).action {
            Action::Script(script) => script,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn command(line: &str) -> (&'static str, Flags, Vec<String>) {
        let invocation = check(line).expect(line);
        match invocation.action {
            Action::Command { command, words } => {
                let words = words.into_iter().map(|word| String::from_utf8(word).unwrap()).collect();
                (command.path, invocation.flags, words)
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    fn error(line: &str) -> String {
        check(line).expect_err(line).to_string().lines().next().unwrap().to_owned()
    }

    #[test]
    fn first_word_selects_in_the_documented_order() {
        assert_eq!(script("f.lua").main, Main::File(b"f.lua".to_vec()));
        assert_eq!(script("tool").main, Main::File(b"tool".to_vec()));
        assert_eq!(script("./test").main, Main::File(b"./test".to_vec()));
        assert_eq!(script("-").main, Main::Stdin);
        assert_eq!(command("test").0, "test");
        assert_eq!(command("check f.lua").0, "lint");
        assert_eq!(command("app.wapp").0, "run");
        assert_eq!(error("blob"), "error: unknown command or file \"blob\"");
        assert_eq!(error("./dir"), "error: unknown command or file \"./dir\": it is a folder");
        assert_eq!(error("x.lua"), "error: unknown command or file \"x.lua\": no such file");
        assert_eq!(error("f"), "error: unknown command or file \"f\"; did you mean \"f.lua\"?");
    }

    #[test]
    fn nothing_means_help_on_a_terminal_and_a_script_from_a_pipe() {
        assert!(matches!(check("").unwrap().action, Action::Help { command: None, long: false }));
        let piped = parse(Vec::new(), &Folder { terminal: false }).unwrap();
        assert!(matches!(piped.action, Action::Script(Script { main: Main::Stdin, .. })));
    }

    #[test]
    fn evaluations_keep_their_order_and_do_not_read_standard_input() {
        let script = script("-e x=1 -l m -eprint(x)");
        assert_eq!(script.main, Main::None);
        assert_eq!(
            script.before,
            [
                Before::Evaluate(b"x=1".to_vec()),
                Before::Require(b"m".to_vec()),
                Before::Evaluate(b"print(x)".to_vec())
            ]
        );
    }

    #[test]
    fn everything_after_the_script_belongs_to_it() {
        assert_eq!(script("-i f.lua -v --x -e").arguments, [&b"-v"[..], b"--x", b"-e"]);
        assert!(script("-i f.lua").interactive);
        assert_eq!(script("run f.lua -x y").arguments, [&b"-x"[..], b"y"]);
        assert_eq!(script("- a b").arguments, [&b"a"[..], b"b"]);
        assert_eq!(script("-- f.lua -i").arguments, [&b"-i"[..]]);
    }

    #[test]
    fn a_lone_v_is_the_version_and_before_a_script_it_is_not() {
        assert!(matches!(check("-v").unwrap().action, Action::Version));
        assert!(matches!(check("-V").unwrap().action, Action::Version));
        assert!(matches!(check("--version").unwrap().action, Action::Version));
        assert_eq!(script("-v f.lua").main, Main::File(b"f.lua".to_vec()));
    }

    #[test]
    fn values_stand_apart_attached_or_behind_an_equals_sign() {
        let (_, flags, words) = command("lint --limit=3 --code P0001,W0001 --code=E0001 -l x.lock a b -- -c");
        assert_eq!(flags.last(&table::LIMIT), Some(&b"3"[..]));
        assert_eq!(flags.all(&table::CODE).collect::<Vec<_>>(), [&b"P0001"[..], b"W0001", b"E0001"]);
        assert_eq!(words, ["a", "b", "-c"]);
        let (_, flags, _) = command("repl -vcs");
        assert!(flags.has(&table::VERBOSE) && flags.has(&table::CONSOLE) && flags.has(&table::SILENT));
    }

    #[test]
    fn e_is_evaluate_before_a_command_and_event_streams_after_it() {
        assert!(command("repl -e").1.has(&table::EVENT_STREAMS));
    }

    #[test]
    fn mistakes_name_the_nearest_word() {
        assert_eq!(error("rnu"), "error: unknown command or file \"rnu\"; did you mean \"run\"?");
        assert_eq!(
            error("run --exce x"),
            "error: unknown flag \"--exce\" for 'wippy run'; did you mean \"--exec\"?"
        );
        assert_eq!(error("registry lst"), "error: unknown command \"registry lst\"; did you mean \"list\"?");
        assert_eq!(
            error("--colour always f.lua"),
            "error: unknown flag \"--colour\"; did you mean \"--color\"?"
        );
        assert_eq!(error("eval"), "error: 'wippy eval' needs an argument: EXPR");
        assert_eq!(error("eval 1 2"), "error: unexpected argument \"2\" for 'wippy eval'");
        assert_eq!(error("-e"), "error: flag \"-e\" needs a value: CODE");
        assert_eq!(error("version --json=1"), "error: flag \"--json\" takes no value");
        assert_eq!(
            error("--color alwys"),
            "error: flag \"--color\" cannot be \"alwys\" (it can be auto, always, never); did you mean \"always\"?"
        );
    }

    #[test]
    fn a_program_gets_the_flags_that_run_does_not_know() {
        assert_eq!(command("run hello -z --zz a -v").2, ["hello", "-z", "--zz", "a"]);
        assert_eq!(command("run -x app:cli a b_c -- -v").2, ["a", "b c", "-v"]);
    }

    #[test]
    fn help_finds_its_topic() {
        let topic = |line: &str| match check(line).expect(line).action {
            Action::Help { command, long } => (command.map(|command| command.path), long),
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(topic("-h"), (None, false));
        assert_eq!(topic("--help"), (None, true));
        assert_eq!(topic("run -h"), (Some("run"), false));
        assert_eq!(topic("help registry list"), (Some("registry list"), true));
        assert_eq!(topic("help check"), (Some("lint"), true));
        assert_eq!(error("help evl"), "error: unknown command \"evl\"; did you mean \"eval\"?");
    }
}
