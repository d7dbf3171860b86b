//! What the command line consists of: commands and flags as data.
//!
//! Every name, default and sentence is declared once, in [`table`]; parsing, `--help`, suggestions and shell
//! completion only read it. Nothing here looks at the arguments or does any work.

pub(crate) mod table;

/// One flag, `--long` and perhaps `-s`, a switch unless it names a value.
#[derive(Debug)]
pub(crate) struct Flag {
    /// Name without the dashes; empty for a flag that is short only.
    pub(crate) long: &'static str,
    /// The one-letter form.
    pub(crate) short: Option<char>,
    /// Placeholder of the value in help texts; a switch has none.
    pub(crate) value: Option<&'static str>,
    /// The only values allowed; empty when any text is.
    pub(crate) choices: &'static [&'static str],
    /// What is used when the flag is absent, as help shows it.
    pub(crate) default: Option<&'static str>,
    /// How often the flag may be given.
    pub(crate) arity: Arity,
    /// Declared for completeness; using it says so and fails.
    pub(crate) later: bool,
    /// One line for help.
    pub(crate) doc: &'static str,
}

/// How a flag that is given more than once is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arity {
    /// The last one wins.
    Once,
    /// Each one adds a value.
    List,
    /// Each one adds a value, and commas separate several.
    Commas,
}

impl Flag {
    const fn new(long: &'static str, doc: &'static str) -> Flag {
        Flag {
            long,
            short: None,
            value: None,
            choices: &[],
            default: None,
            arity: Arity::Once,
            later: false,
            doc,
        }
    }

    /// A flag without a value.
    pub(crate) const fn switch(long: &'static str, doc: &'static str) -> Flag {
        Flag::new(long, doc)
    }

    /// A flag followed by a value.
    pub(crate) const fn value(long: &'static str, value: &'static str, doc: &'static str) -> Flag {
        let mut flag = Flag::new(long, doc);
        flag.value = Some(value);
        flag
    }

    /// With a one-letter form.
    pub(crate) const fn short(mut self, short: char) -> Flag {
        self.short = Some(short);
        self
    }

    /// With a default for help to show.
    pub(crate) const fn default(mut self, default: &'static str) -> Flag {
        self.default = Some(default);
        self
    }

    /// With a closed set of values.
    pub(crate) const fn choices(mut self, choices: &'static [&'static str]) -> Flag {
        self.choices = choices;
        self
    }

    /// May be given several times.
    pub(crate) const fn list(mut self) -> Flag {
        self.arity = Arity::List;
        self
    }

    /// May be given several times, and splits at commas.
    pub(crate) const fn commas(mut self) -> Flag {
        self.arity = Arity::Commas;
        self
    }

    /// Not supported by this release.
    pub(crate) const fn later(mut self) -> Flag {
        self.later = true;
        self
    }

    /// The flag as a user types it: `--long`, or `-s` when there is no long form.
    pub(crate) fn display(&self) -> String {
        match self.short {
            Some(short) if self.long.is_empty() => format!("-{short}"),
            _ => format!("--{}", self.long),
        }
    }
}

/// One command word, or a word below one (`registry list`).
#[derive(Debug)]
pub(crate) struct Command {
    /// The words that select it, `registry list` for a nested one.
    pub(crate) path: &'static str,
    /// Other names of the last word.
    pub(crate) aliases: &'static [&'static str],
    /// The heading help lists it under.
    pub(crate) group: Group,
    /// Whether it can be used.
    pub(crate) state: State,
    /// One line for the list of commands.
    pub(crate) summary: &'static str,
    /// The argument part of each usage line.
    pub(crate) usage: &'static [&'static str],
    /// Command line and what it does.
    pub(crate) examples: &'static [(&'static str, &'static str)],
    /// Paragraphs that only the long help shows.
    pub(crate) about: &'static str,
    /// Flags beside the ones every command accepts.
    pub(crate) flags: &'static [&'static Flag],
    /// How many words it takes.
    pub(crate) words: Words,
    /// Commands below this one.
    pub(crate) nested: &'static [&'static Command],
}

/// Whether a command can be used. All are declared; using one that cannot be used says so and fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It can.
    Ready,
    /// Not supported by this release.
    Later,
    /// Left out of this build.
    Absent,
}

impl State {
    /// What there is to say about it, after "is"; `None` if it can be used.
    pub(crate) fn excuse(self) -> Option<&'static str> {
        match self {
            State::Ready => None,
            State::Later => Some("not supported yet"),
            State::Absent => Some("not part of this build"),
        }
    }
}

/// The positional arguments a command accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// None at all.
    None,
    /// At most one, with its name.
    Optional(&'static str),
    /// Exactly one, with its name.
    One(&'static str),
    /// Any number.
    Many,
    /// A program name and its arguments: from the name on, unknown flags belong to the program.
    Program,
}

/// Headings of the command list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// Programs are started.
    Run,
    /// Programs are examined without being started.
    Check,
    /// Something is printed.
    Inspect,
    /// Dependencies and packages.
    Modules,
}

impl Group {
    /// In the order of help.
    pub(crate) const ALL: [Group; 4] = [Group::Run, Group::Check, Group::Inspect, Group::Modules];

    /// The heading.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Group::Run => "Run",
            Group::Check => "Check",
            Group::Inspect => "Inspect",
            Group::Modules => "Modules",
        }
    }
}

impl Command {
    const fn new(path: &'static str, group: Group, summary: &'static str) -> Command {
        Command {
            path,
            aliases: &[],
            group,
            state: State::Ready,
            summary,
            usage: &[""],
            examples: &[],
            about: "",
            flags: &[],
            words: Words::None,
            nested: &[],
        }
    }

    const fn aliases(mut self, aliases: &'static [&'static str]) -> Command {
        self.aliases = aliases;
        self
    }

    const fn later(mut self) -> Command {
        self.state = State::Later;
        self
    }

    /// About applications: part of a build with the feature `app` only.
    const fn application(mut self) -> Command {
        if !cfg!(feature = "app") {
            self.state = State::Absent;
        }
        self
    }

    const fn usage(mut self, usage: &'static [&'static str]) -> Command {
        self.usage = usage;
        self
    }

    const fn examples(mut self, examples: &'static [(&'static str, &'static str)]) -> Command {
        self.examples = examples;
        self
    }

    const fn about(mut self, about: &'static str) -> Command {
        self.about = about;
        self
    }

    const fn flags(mut self, flags: &'static [&'static Flag]) -> Command {
        self.flags = flags;
        self
    }

    const fn words(mut self, words: Words) -> Command {
        self.words = words;
        self
    }

    const fn nested(mut self, nested: &'static [&'static Command]) -> Command {
        self.nested = nested;
        self
    }

    /// The word that selects this command below its parent.
    pub(crate) fn name(&self) -> &'static str {
        self.path.rsplit(' ').next().unwrap_or(self.path)
    }

    /// Whether `word` selects this command.
    pub(crate) fn answers_to(&self, word: &str) -> bool {
        self.name() == word || self.aliases.contains(&word)
    }

    /// Its own flags, then the ones every command accepts unless it has one of the same name.
    pub(crate) fn all_flags(&self) -> impl Iterator<Item = &'static Flag> + use<'_> {
        let own = self.flags;
        own.iter()
            .copied()
            .chain(table::GLOBAL.iter().copied().filter(|flag| own.iter().all(|f| f.long != flag.long)))
            .chain(std::iter::once(&table::HELP))
    }
}

/// The command `word` names, at the top level.
pub(crate) fn find(word: &str) -> Option<&'static Command> {
    table::COMMANDS.iter().copied().find(|command| command.answers_to(word))
}
