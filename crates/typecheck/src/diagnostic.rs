//! What the checker and the style rules can say: THE table of codes, and [`Diagnostic`], one finding.
//!
//! Rendering is not here. Invariant: a code is declared once; severity, help, explanation and documentation all derive
//! from its row.

use wippy_parser::Span;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The program is wrong.
    Error,
    /// Probably a mistake.
    Warning,
    /// Could be better.
    Hint,
}

impl Severity {
    /// As it is written in front of a message.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// What is declared about a code.
#[derive(Debug)]
pub struct CodeRow {
    /// As it is shown and searched for: `E0004`.
    pub code: &'static str,
    /// Its name in words.
    pub name: &'static str,
    /// How bad a finding of this kind is.
    pub severity: Severity,
    /// A line of advice shown with each finding; may be empty.
    pub help: &'static str,
    /// What it means, for `wippy explain`.
    pub meaning: &'static str,
    /// A program that has it; may be empty.
    pub wrong: &'static str,
    /// The same program without it.
    pub right: &'static str,
}

/// Declares the codes: variant, severity, name, help, meaning, wrong and right example.
macro_rules! codes {
    ($($variant:ident $severity:ident $name:literal, help: $help:literal, meaning: $meaning:literal,
       wrong: $wrong:literal, right: $right:literal;)*) => {
        /// A kind of finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $name] $variant,)*
        }

        impl Code {
            /// All of them, in the order of their codes.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// What is declared about it.
            pub const fn row(self) -> &'static CodeRow {
                match self {
                    $(Self::$variant => &CodeRow {
                        code: stringify!($variant), name: $name, severity: Severity::$severity, help: $help,
                        meaning: $meaning, wrong: $wrong, right: $right,
                    },)*
                }
            }
        }
    };
}

codes! {
    P0001 Error "syntax error", help: "",
        meaning: "The text is not a Lua program. The message says what was expected and names the word at which reading\nstopped; the mistake is there or a little before it. When a block is not closed, the line that opened it is\nshown too.",
        wrong: "if x == nil then\n    print(\"missing\")\n", right: "if x == nil then\n    print(\"missing\")\nend\n";
    E0000 Error "type mismatch", help: "change the value, or the type it is declared to have",
        meaning: "A value of one type stands where another type is declared: in an assignment, a return, an argument or a\ncast. The message names both types and, inside tables, the field that does not fit.",
        wrong: "local port: number = \"8080\"\n", right: "local port: number = 8080\n";
    E0001 Error "undefined variable", help: "",
        meaning: "A name is read that is neither a local variable nor a global that the environment or this file defines.\nMostly it is misspelt, or the `local` that declares it stands in another block.",
        wrong: "local count: integer = 1\nprint(cuont)\n", right: "local count: integer = 1\nprint(count)\n";
    E0002 Error "not callable", help: "",
        meaning: "Something is called that is not a function and has no `__call` metamethod.",
        wrong: "local size: number = 42\nsize()\n", right: "local size: () -> number = function() return 42 end\nsize()\n";
    E0003 Error "wrong number of arguments", help: "",
        meaning: "A function with declared parameters is called with too few or too many arguments. Parameters whose type\nincludes nil may be left out; functions without annotations accept any number.",
        wrong: "local function add(a: number, b: number): number return a + b end\nadd(1)\n",
        right: "local function add(a: number, b: number): number return a + b end\nadd(1, 2)\n";
    E0004 Error "field not found", help: "",
        meaning: "A field is read or written that the type of the table does not have.",
        wrong: "type Point = {x: number, y: number}\nlocal p: Point = {x = 1, y = 2}\nprint(p.z)\n",
        right: "type Point = {x: number, y: number}\nlocal p: Point = {x = 1, y = 2}\nprint(p.y)\n";
    E0005 Error "not indexable", help: "",
        meaning: "Values of this type have no fields: numbers, booleans, nil and functions cannot be indexed.",
        wrong: "local n: number = 1\nprint(n.size)\n", right: "local n: {size: number} = {size = 1}\nprint(n.size)\n";
    E0008 Error "readonly violation", help: "",
        meaning: "A field, an element or a type that is declared read-only is assigned to.",
        wrong: "local r: {readonly id: integer} = {id = 1}\nr.id = 2\n", right: "local r: {id: integer} = {id = 1}\nr.id = 2\n";
    E0009 Hint "unreachable code", help: "",
        meaning: "The statement never runs: every path before it returns, breaks or raises an error.",
        wrong: "local function f(): number\n    error(\"stop\")\n    return 1\nend\n", right: "local function f(): number\n    return 1\nend\n";
    E0010 Error "missing return", help: "return a value on every path, or declare the result as optional",
        meaning: "A function is declared to return values, and a path through it returns fewer or reaches the end.",
        wrong: "local function f(x: number): number\n    if x > 0 then return x end\nend\n",
        right: "local function f(x: number): number\n    if x > 0 then return x end\n    return 0\nend\n";
    E0011 Warning "depth limit", help: "",
        meaning: "A type is too deep or too large to be analysed; it is treated as `any`, so nothing is checked about it.",
        wrong: "", right: "";
    E0012 Error "unresolved type", help: "",
        meaning: "A type name is used that nothing declares: no alias, no interface, no generic parameter.",
        wrong: "local p: Pointt = nil\n", right: "type Point = {x: number}\nlocal p: Point? = nil\n";
    E0013 Error "circular alias", help: "",
        meaning: "A type refers only to itself, so it has no structure. Recursion through a field or an element is fine.",
        wrong: "type T = T?\n", right: "type T = {next: T?}\n";
    E0014 Warning "non-exhaustive match", help: "handle the missing cases, or add an else",
        meaning: "A chain of comparisons over a closed set of literals leaves some of them out and has no else.",
        wrong: "local function f(s: \"on\" | \"off\" | \"auto\")\n    if s == \"on\" then print(1) elseif s == \"off\" then print(2) end\nend\n",
        right: "local function f(s: \"on\" | \"off\" | \"auto\")\n    if s == \"on\" then print(1) elseif s == \"off\" then print(2) else print(3) end\nend\n";
    E0015 Error "use before assignment", help: "",
        meaning: "A variable is declared with a type that excludes nil, without a value, and is read on a path on which\nnothing was assigned to it.",
        wrong: "local x: number\nprint(x)\n", right: "local x: number\nx = 1\nprint(x)\n";
    E0016 Error "precondition violation", help: "",
        meaning: "Reserved for declared contracts.", wrong: "", right: "";
    E0017 Error "duplicate declaration", help: "",
        meaning: "One block declares the same type or the same label twice, or one list of names the same local.",
        wrong: "type Id = number\ntype Id = string\n", right: "type Id = number | string\n";
    E0018 Error "invalid index type", help: "",
        meaning: "A table is indexed with a key that its type does not allow.",
        wrong: "local xs: {number} = {1}\nprint(xs[\"one\"])\n", right: "local xs: {number} = {1}\nprint(xs[1])\n";
    E0019 Error "invalid operand", help: "",
        meaning: "An operator is applied to a value it is not defined for. Arithmetic on strings is refused although Lua\nwould convert them.",
        wrong: "local total = \"a\" + \"b\"\n", right: "local total = \"a\" .. \"b\"\n";
    E0020 Error "unsatisfiable constraint", help: "",
        meaning: "A generic argument is not a subtype of the bound that its parameter declares.",
        wrong: "type Named<T: {name: string}> = {item: T}\nlocal n: Named<number>? = nil\n",
        right: "type Named<T: {name: string}> = {item: T}\nlocal n: Named<{name: string}>? = nil\n";
    E0021 Error "optional call", help: "test the value before calling: `if x then ... end`, or assert it with `x!`",
        meaning: "A function or a method is called on a value that may be nil.",
        wrong: "local function up(s: string?): string return s:upper() end\n",
        right: "local function up(s: string?): string return s and s:upper() or \"\" end\n";
    E0022 Error "method not found", help: "",
        meaning: "A method is called that the type of the receiver does not have.",
        wrong: "local s: string = \"a\"\nprint(s:uper())\n", right: "local s: string = \"a\"\nprint(s:upper())\n";
    E0023 Error "optional index", help: "test the value before indexing: `if x then ... end`, or assert it with `x!`",
        meaning: "A value that may be nil is indexed.",
        wrong: "local function get(p: {x: number}?): number return p.x end\n",
        right: "local function get(p: {x: number}?): number return p and p.x or 0 end\n";
    E0024 Error "validator misuse", help: "",
        meaning: "An annotation such as `@min(0)` is unknown, has an argument of the wrong kind, or is violated by a\nconstant.",
        wrong: "type Score = number @mni(0)\n", right: "type Score = number @min(0)\n";
    E0025 Error "type argument count", help: "",
        meaning: "A generic type is given too few or too many arguments.",
        wrong: "type Box<T> = {value: T}\nlocal b: Box<number, string>? = nil\n",
        right: "type Box<T> = {value: T}\nlocal b: Box<number>? = nil\n";
    E0026 Error "undeclared require", help: "",
        meaning: "`require` names a module that the entry does not declare among its imports or modules.",
        wrong: "", right: "";
    E9999 Error "internal", help: "",
        meaning: "The checker failed on this file and skipped it. Please report it.", wrong: "", right: "";
    W0001 Warning "no-empty-blocks", help: "",
        meaning: "A block without statements does nothing. Often the body was forgotten, or the condition should be turned\naround.",
        wrong: "local ready = true\nif ready then\nelse\n    print(1)\nend\n", right: "local ready = true\nif not ready then\n    print(1)\nend\n";
    W0002 Warning "no-global-assign", help: "",
        meaning: "Assigning to a name that is not declared creates a global, which every function of the program sees and\nmay overwrite. Mostly `local` was forgotten or the name is misspelt.",
        wrong: "count = 0\n", right: "local count = 0\nprint(count)\n";
    W0003 Error "no-self-compare", help: "",
        meaning: "Comparing a value with itself gives the same answer every time, unless it is a float that is not a number.\nMostly one side was meant to be something else.",
        wrong: "local a, b = { id = 1 }, { id = 2 }\nprint(a.id == a.id, b)\n", right: "local a, b = { id = 1 }, { id = 2 }\nprint(a.id == b.id)\n";
    W0004 Warning "no-unused-vars", help: "",
        meaning: "A local variable is given a value that nothing reads. Remove it, or start its name with an underscore if it\nmust be there.",
        wrong: "local name, size = \"a\", 1\nprint(name)\n", right: "local name, _size = \"a\", 1\nprint(name)\n";
    W0005 Hint "no-unused-params", help: "",
        meaning: "A parameter is never read. Remove it if all callers can follow, or start its name with an underscore if the\ncaller decides how many arguments there are.",
        wrong: "local list = {}\ntable.sort(list, function(a, b) return a.rank > 0 end)\n",
        right: "local list = {}\ntable.sort(list, function(a, b) return a.rank < b.rank end)\n";
    W0006 Warning "no-unused-imports", help: "",
        meaning: "The result of `require` is stored and never used. Loading a module takes time and memory; remove the line,\nor call `require` without storing its result if only the effect of loading is wanted.",
        wrong: "local json = require(\"json\")\nprint(\"ready\")\n", right: "local json = require(\"json\")\nprint(json.encode({ ready = true }))\n";
    W0007 Hint "no-shadowed-vars", help: "",
        meaning: "A local has the name of another one that is visible at the same place and cannot be reached any more.\nReaders easily take one for the other; give it a name of its own.",
        wrong: "local total = 0\nfor _, total in ipairs({}) do\n    print(total)\nend\nprint(total)\n",
        right: "local total = 0\nfor _, part in ipairs({}) do\n    total = total + part\nend\nprint(total)\n";
    W0008 Warning "unknown-type-name", help: "",
        meaning: "The result of `type()` is compared with a word that it never returns.",
        wrong: "local function f(x: unknown) if type(x) == \"strnig\" then print(1) end end\n",
        right: "local function f(x: unknown) if type(x) == \"string\" then print(1) end end\n";
    W0009 Warning "unused-suppression", help: "",
        meaning: "A suppression comment hides nothing. Remove it, so that it does not hide something later.",
        wrong: "local x = 1 -- lint: ignore E0004\nprint(x)\n", right: "local x = 1\nprint(x)\n";
    W0010 Hint "redundant-nonnil", help: "",
        meaning: "`!` stands after a value that is never nil.",
        wrong: "local s: string = \"a\"\nprint(s!)\n", right: "local s: string = \"a\"\nprint(s)\n";
    W0011 Hint "implicit-any", help: "",
        meaning: "With `--!strict`, a value of type `any` flows into a declared type, which is then not checked.",
        wrong: "--!strict\nlocal a: any = 1\nlocal n: number = a\nprint(n)\n", right: "--!strict\nlocal a: any = 1\nlocal n: number = a :: number\nprint(n)\n";
    W0012 Hint "impossible-compare", help: "",
        meaning: "Values of two types that have nothing in common are compared; the result never changes.",
        wrong: "local n: number, s: string = 1, \"a\"\nprint(n == s)\n", right: "local n: number, s: string = 1, \"a\"\nprint(tostring(n) == s)\n";
}

impl Code {
    /// As it is shown: `E0004`.
    pub const fn text(self) -> &'static str {
        self.row().code
    }

    /// The code of this text, in any case of letters.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.text().eq_ignore_ascii_case(text))
    }

    /// How bad a finding of this kind is.
    pub const fn severity(self) -> Severity {
        self.row().severity
    }

    /// Whether it is one of the style rules, which run only on demand.
    pub const fn is_style_rule(self) -> bool {
        matches!(
            self,
            Self::W0001
                | Self::W0002
                | Self::W0003
                | Self::W0004
                | Self::W0005
                | Self::W0006
                | Self::W0007
                | Self::W0012
        )
    }

    /// Whether a comment may hide it.
    pub const fn is_suppressible(self) -> bool {
        !matches!(self, Self::P0001 | Self::E0026 | Self::E9999)
    }
}

/// One finding in one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// Where, in bytes of the text.
    pub span: Span,
    /// The sentence.
    pub message: String,
    /// Advice for this very case, such as "did you mean"; without it the advice of the code stands.
    pub help: Option<String>,
}

impl Diagnostic {
    /// The advice to show.
    pub fn help(&self) -> Option<&str> {
        match &self.help {
            Some(help) => Some(help),
            None => Some(self.code.row().help).filter(|help| !help.is_empty()),
        }
    }
}

/// The page of all codes, in Markdown.
pub fn reference() -> String {
    use std::fmt::Write as _;

    let mut page = String::from(
        "# Diagnostic codes\n\n\
         What `wippy check` reports. This page is generated from the declarations of the codes; `wippy explain CODE` \
         prints the same\ntexts. `P` is syntax, `E` types, `W` style and suspicion: W0001 to W0007 and W0012 need \
         `--rules`. How to suppress a finding\nis told in [types.md](types.md#strictness-and-suppression).\n\n\
         | code | name | severity |\n|---|---|---|\n",
    );
    for code in Code::ALL {
        let row = code.row();
        let (text, name) = (row.code, row.name);
        let _ = writeln!(page, "| [{text}](#{}) | {name} | {} |", text.to_lowercase(), row.severity.word());
    }
    for code in Code::ALL {
        let row = code.row();
        let _ = write!(
            page,
            "\n## {}\n\n**{}** ({})\n\n{}\n",
            row.code,
            row.name,
            row.severity.word(),
            row.meaning
        );
        for (title, example) in [("Wrong", row.wrong), ("Right", row.right)] {
            if !example.is_empty() {
                let _ = write!(page, "\n{title}:\n\n```lua\n{example}```\n");
            }
        }
        if !row.help.is_empty() {
            let _ = write!(page, "\nHelp: {}.\n", row.help);
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_found_by_text() {
        for pair in Code::ALL.windows(2) {
            let rank = |code: Code| (code != Code::P0001, code.text());
            assert!(rank(pair[0]) < rank(pair[1]), "{pair:?}");
        }
        for &code in Code::ALL {
            assert_eq!(Code::from_text(&code.text().to_lowercase()), Some(code));
            assert!(!code.row().meaning.is_empty());
        }
    }
}
