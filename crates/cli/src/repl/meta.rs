//! The prompt's own commands: lines that begin with a colon.
//!
//! Understanding only; the session carries them out.

use wippy_parser::nearest::nearest;

/// One of the prompt's own commands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Meta<'a> {
    /// `:help`.
    Help,
    /// `:quit`.
    Quit,
    /// `:type EXPR`.
    Type(&'a str),
    /// `:load FILE`.
    Load(&'a str),
    /// `:reset`.
    Reset,
    /// `:time EXPR`.
    Time(&'a str),
}

/// What `:help` prints.
pub(crate) const HELP: &str = "\
Type an expression to see its value, or any statement. Locals persist; the last value is in _.
An unfinished statement goes on on the next line, after '.. '.

  :help         this text
  :quit         leave (so do Ctrl+D and os.exit())
  :type EXPR    the type of each value of an expression
  :load FILE    run a file
  :reset        start again with a fresh state
  :time EXPR    run something and print how long it took

Tab completes names, Ctrl+C clears the line or interrupts what runs.
";

const NAMES: [&str; 6] = ["help", "quit", "type", "load", "reset", "time"];

/// The command in `line`, if it is one; a sentence if it is a wrong one.
pub(crate) fn parse(line: &str) -> Option<Result<Meta<'_>, String>> {
    let rest = line.trim().strip_prefix(':')?;
    if rest.starts_with(':') {
        // A label: Lua's own syntax.
        return None;
    }
    let (name, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let argument = argument.trim();
    let needs = |what: &str| Err(format!("':{name}' needs {what}"));
    Some(match name {
        "help" | "h" | "?" => Ok(Meta::Help),
        "quit" | "q" | "exit" => Ok(Meta::Quit),
        "type" if argument.is_empty() => needs("an expression"),
        "type" => Ok(Meta::Type(argument)),
        "load" if argument.is_empty() => needs("a file"),
        "load" => Ok(Meta::Load(argument)),
        "reset" => Ok(Meta::Reset),
        "time" if argument.is_empty() => needs("an expression"),
        "time" => Ok(Meta::Time(argument)),
        _ => Err(match nearest(name, NAMES) {
            Some(near) => format!("unknown command ':{name}'; did you mean ':{near}'?"),
            None => format!("unknown command ':{name}' (':help' lists them)"),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_start_with_one_colon() {
        assert_eq!(parse("print(1)"), None);
        assert_eq!(parse("::label::"), None);
        assert_eq!(parse("  :help "), Some(Ok(Meta::Help)));
        assert_eq!(parse(":type  1 + 1"), Some(Ok(Meta::Type("1 + 1"))));
        assert_eq!(parse(":load a b.lua"), Some(Ok(Meta::Load("a b.lua"))));
        assert_eq!(parse(":load"), Some(Err("':load' needs a file".into())));
        assert_eq!(parse(":rest"), Some(Err("unknown command ':rest'; did you mean ':reset'?".into())));
        assert_eq!(parse(":zzzz"), Some(Err("unknown command ':zzzz' (':help' lists them)".into())));
    }
}
