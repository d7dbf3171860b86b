//! Long texts for diagnostic codes: `wippy explain CODE`.
//!
//! One row per code. A code is listed once a part of `wippy` reports it or its meaning is settled; the texts are
//! about the language, not about how the check works.

/// What a code means, with a wrong and a right example.
struct Explanation {
    code: &'static str,
    name: &'static str,
    meaning: &'static str,
    wrong: &'static str,
    right: &'static str,
}

/// The text for `code`, in any case of letters.
pub(crate) fn text(code: &str) -> Option<String> {
    let found = TABLE.iter().find(|explanation| explanation.code.eq_ignore_ascii_case(code))?;
    let Explanation { code, name, meaning, wrong, right } = found;
    Some(format!(
        "{code}: {name}\n\n{meaning}\n\nWrong:\n\n{}\nRight:\n\n{}",
        indented(wrong),
        indented(right)
    ))
}

/// All codes.
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|explanation| explanation.code)
}

fn indented(code: &str) -> String {
    code.lines().map(|line| format!("    {line}\n")).collect()
}

static TABLE: &[Explanation] = &[
    Explanation {
        code: "P0001",
        name: "syntax error",
        meaning: "The text is not a Lua program. The message says what was expected and names the word at which\n\
                  reading stopped; the mistake is there or a little before it. When a block is not closed, the line\n\
                  that opened it is shown too.",
        wrong: "if x == nil then\n    print(\"missing\")\n",
        right: "if x == nil then\n    print(\"missing\")\nend\n",
    },
    Explanation {
        code: "W0001",
        name: "no-empty-blocks",
        meaning: "A block without statements does nothing. Often the body was forgotten, or the condition should be\n\
                  turned around.",
        wrong: "if ready then\nelse\n    wait()\nend\n",
        right: "if not ready then\n    wait()\nend\n",
    },
    Explanation {
        code: "W0002",
        name: "no-global-assign",
        meaning: "Assigning to a name that is not declared creates a global, which every function of the program\n\
                  sees and may overwrite. Mostly `local` was forgotten or the name is misspelt.",
        wrong: "count = 0\n",
        right: "local count = 0\n",
    },
    Explanation {
        code: "W0003",
        name: "no-self-compare",
        meaning: "Comparing a value with itself gives the same answer every time, unless it is a float that is not\n\
                  a number. Mostly one side was meant to be something else.",
        wrong: "if a.id == a.id then merge(a, b) end\n",
        right: "if a.id == b.id then merge(a, b) end\n",
    },
    Explanation {
        code: "W0004",
        name: "no-unused-vars",
        meaning: "A local variable is given a value that nothing reads. Remove it, or start its name with an\n\
                  underscore if it must be there.",
        wrong: "local name, size = stat(path)\nprint(name)\n",
        right: "local name, _size = stat(path)\nprint(name)\n",
    },
    Explanation {
        code: "W0005",
        name: "no-unused-params",
        meaning: "A parameter is never read. Remove it if all callers can follow, or start its name with an\n\
                  underscore if the caller decides how many arguments there are.",
        wrong: "table.sort(list, function(a, b) return a.rank > 0 end)\n",
        right: "table.sort(list, function(a, b) return a.rank < b.rank end)\n",
    },
    Explanation {
        code: "W0006",
        name: "no-unused-imports",
        meaning: "The result of `require` is stored and never used. Loading a module takes time and memory; remove\n\
                  the line, or call `require` without storing its result if only the effect of loading is wanted.",
        wrong: "local json = require(\"json\")\nprint(\"ready\")\n",
        right: "local json = require(\"json\")\nprint(json.encode({ ready = true }))\n",
    },
    Explanation {
        code: "W0007",
        name: "no-shadowed-vars",
        meaning: "A local has the name of another one that is visible at the same place and cannot be reached any\n\
                  more. Readers easily take one for the other; give it a name of its own.",
        wrong: "local total = 0\nfor _, total in ipairs(parts) do\n    print(total)\nend\n",
        right: "local total = 0\nfor _, part in ipairs(parts) do\n    total = total + part\nend\n",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_in_any_case() {
        assert!(text("w0004").expect("listed").starts_with("W0004: no-unused-vars\n\n"));
        assert_eq!(text("W9999"), None);
    }
}
