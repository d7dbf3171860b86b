//! Shell completion scripts, written from the command table.
//!
//! The scripts know commands, flags and the fixed values of flags; for everything else they offer file names.
//! They never start `wippy`.

use std::fmt::Write as _;

use crate::commands::{Command, Flag, table};

/// The shells there is a script for.
pub(crate) const SHELLS: [&str; 4] = ["bash", "zsh", "fish", "powershell"];

/// The script for `shell`, which is one of [`SHELLS`].
pub(crate) fn script(shell: &str) -> Option<String> {
    match shell {
        "bash" => Some(bash()),
        "zsh" => Some(zsh()),
        "fish" => Some(fish()),
        "powershell" => Some(powershell()),
        _ => None,
    }
}

/// Flags that stand before any command.
fn root_flags() -> impl Iterator<Item = &'static Flag> {
    table::ROOT.iter().chain(table::GLOBAL).copied()
}

/// Words that may follow `command` besides its flags.
fn words_after(command: &Command) -> Vec<&'static str> {
    let mut words: Vec<&'static str> = command.nested.iter().map(|nested| nested.name()).collect();
    if std::ptr::eq(command, &table::COMPLETION) {
        words.extend(SHELLS);
    }
    if std::ptr::eq(command, &table::HELP_COMMAND) {
        words.extend(table::COMMANDS.iter().map(|command| command.name()));
    }
    words
}

/// All spellings of some flags.
fn spellings(flags: impl Iterator<Item = &'static Flag>) -> Vec<String> {
    let mut spellings = Vec::new();
    for flag in flags {
        if !flag.long.is_empty() {
            spellings.push(format!("--{}", flag.long));
        }
        spellings.extend(flag.short.map(|short| format!("-{short}")));
    }
    spellings
}

/// `command|alias`, the pattern that matches any of its names.
fn pattern(command: &Command) -> String {
    std::iter::once(command.name()).chain(command.aliases.iter().copied()).collect::<Vec<_>>().join("|")
}

/// The flags with a fixed set of values, each once.
fn choice_flags() -> Vec<&'static Flag> {
    let mut found: Vec<&'static Flag> = Vec::new();
    for flag in root_flags().chain(table::COMMANDS.iter().flat_map(|command| command.flags.iter().copied())) {
        if !flag.choices.is_empty() && !found.iter().any(|other| other.long == flag.long) {
            found.push(flag);
        }
    }
    found
}

fn bash() -> String {
    let mut out = String::from(
        "# bash completion for wippy\n\
         _wippy() {\n\
         \x20   local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= nested= words= i\n\
         \x20   for ((i = 1; i < COMP_CWORD; i++)); do\n\
         \x20       case ${COMP_WORDS[i]} in\n\
         \x20           -*) ;;\n\
         \x20           *) if [[ -z $command ]]; then command=${COMP_WORDS[i]}; else nested=${COMP_WORDS[i]}; break; fi ;;\n\
         \x20       esac\n\
         \x20   done\n\
         \x20   case $previous in\n",
    );
    for flag in choice_flags() {
        let choices = flag.choices.join(" ");
        let _ = writeln!(
            out,
            "        --{}) COMPREPLY=($(compgen -W '{choices}' -- \"$current\")); return ;;",
            flag.long
        );
    }
    out.push_str("    esac\n    case \"$command $nested\" in\n");
    let mut names: Vec<String> = table::COMMANDS.iter().map(|command| command.name().to_owned()).collect();
    names.extend(spellings(root_flags()));
    let _ = writeln!(out, "        ' ') words='{}' ;;", names.join(" "));
    for command in table::COMMANDS {
        for nested in command.nested {
            let words = spellings(nested.all_flags()).join(" ");
            let _ = writeln!(out, "        '{} {}') words='{words}' ;;", command.name(), nested.name());
        }
        let mut words: Vec<String> = words_after(command).into_iter().map(String::from).collect();
        words.extend(spellings(command.all_flags()));
        for name in pattern(command).split('|') {
            let _ = writeln!(out, "        '{name} '*) words='{}' ;;", words.join(" "));
        }
    }
    out.push_str(
        "    esac\n\
         \x20   COMPREPLY=($(compgen -W \"$words\" -- \"$current\") $(compgen -f -- \"$current\"))\n\
         }\n\
         complete -o filenames -F _wippy wippy\n",
    );
    out
}

/// Text inside single quotes, for bash, zsh and fish alike where a quote ends it.
fn quoted(text: &str) -> String {
    text.replace('\'', "'\\''")
}

/// Text inside a `[description]` of zsh's `_arguments`.
fn described(text: &str) -> String {
    quoted(&text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]").replace(':', "\\:"))
}

fn zsh_flags(out: &mut String, indent: &str, flags: impl Iterator<Item = &'static Flag>) {
    for flag in flags {
        let doc = described(flag.doc);
        let value = match (flag.value, flag.choices) {
            (None, _) => String::new(),
            (Some(name), []) => format!(":{name}:_files"),
            (Some(name), choices) => format!(":{name}:({})", choices.join(" ")),
        };
        for spelling in spellings(std::iter::once(flag)) {
            let _ = writeln!(out, "{indent}'*{spelling}[{doc}]{value}' \\");
        }
    }
}

fn zsh() -> String {
    let mut out = String::from(
        "#compdef wippy\n\
         # zsh completion for wippy\n\
         _wippy() {\n\
         \x20   local context state state_descr line\n\
         \x20   typeset -A opt_args\n\
         \x20   _arguments -C -S \\\n",
    );
    zsh_flags(&mut out, "        ", root_flags());
    out.push_str(
        "        '1: :->first' \\\n\
         \x20       '*:: :->rest'\n\
         \x20   case $state in\n\
         \x20       first)\n\
         \x20           local -a commands=(\n",
    );
    for command in table::COMMANDS {
        let _ = writeln!(out, "                '{}:{}'", command.name(), quoted(command.summary));
    }
    out.push_str(
        "            )\n\
         \x20           _describe command commands\n\
         \x20           _files\n\
         \x20           ;;\n\
         \x20       rest)\n\
         \x20           case $line[1] in\n",
    );
    for command in table::COMMANDS {
        let _ = writeln!(out, "                {})\n                    _arguments -S \\", pattern(command));
        zsh_flags(&mut out, "                        ", command.all_flags());
        let words = words_after(command);
        if words.is_empty() {
            out.push_str("                        '*:file:_files'\n");
        } else {
            let _ = writeln!(out, "                        '1:command:({})'", words.join(" "));
        }
        out.push_str("                    ;;\n");
    }
    out.push_str(
        "                *) _files ;;\n\
         \x20           esac\n\
         \x20           ;;\n\
         \x20   esac\n\
         }\n\
         if [ \"$funcstack[1]\" = \"_wippy\" ]; then _wippy \"$@\"; else compdef _wippy wippy; fi\n",
    );
    out
}

fn fish_flag(out: &mut String, condition: &str, flag: &Flag) {
    let _ = write!(out, "complete -c wippy -n '{condition}'");
    if !flag.long.is_empty() {
        let _ = write!(out, " -l {}", flag.long);
    }
    if let Some(short) = flag.short {
        let _ = write!(out, " -s {short}");
    }
    if flag.value.is_some() {
        out.push_str(" -r");
    }
    if !flag.choices.is_empty() {
        let _ = write!(out, " -f -a '{}'", flag.choices.join(" "));
    }
    let _ = writeln!(out, " -d '{}'", flag.doc.replace('\\', "\\\\").replace('\'', "\\'"));
}

fn fish() -> String {
    let mut out = String::from("# fish completion for wippy\n");
    for flag in root_flags() {
        fish_flag(&mut out, "__fish_use_subcommand", flag);
    }
    for command in table::COMMANDS {
        let summary = command.summary.replace('\'', "\\'");
        let _ =
            writeln!(out, "complete -c wippy -n __fish_use_subcommand -a {} -d '{summary}'", command.name());
        let condition = format!("__fish_seen_subcommand_from {}", pattern(command).replace('|', " "));
        let words = words_after(command);
        if !words.is_empty() {
            let _ = writeln!(out, "complete -c wippy -n '{condition}' -f -a '{}'", words.join(" "));
        }
        for flag in command.all_flags() {
            fish_flag(&mut out, &condition, flag);
        }
    }
    out
}

fn powershell() -> String {
    let list = |words: &[String]| {
        words.iter().map(|word| format!("'{}'", word.replace('\'', "''"))).collect::<Vec<_>>().join(", ")
    };
    let mut out = String::from(
        "# PowerShell completion for wippy\n\
         Register-ArgumentCompleter -Native -CommandName wippy -ScriptBlock {\n\
         \x20   param($wordToComplete, $commandAst, $cursorPosition)\n\
         \x20   $typed = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { \"$_\" } |\n\
         \x20       Where-Object { $_ -notlike '-*' -and $_ -ne $wordToComplete })\n\
         \x20   $words = switch ($typed[0]) {\n",
    );
    for command in table::COMMANDS {
        let mut words: Vec<String> = words_after(command).into_iter().map(String::from).collect();
        words.extend(spellings(command.all_flags()));
        for name in pattern(command).split('|') {
            let _ = writeln!(out, "        '{name}' {{ @({}) }}", list(&words));
        }
    }
    let mut words: Vec<String> = table::COMMANDS.iter().map(|command| command.name().to_owned()).collect();
    words.extend(spellings(root_flags()));
    let _ = writeln!(out, "        default {{ @({}) }}", list(&words));
    out.push_str(
        "    }\n\
         \x20   $words | Where-Object { $_ -like \"$wordToComplete*\" } | ForEach-Object {\n\
         \x20       [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)\n\
         \x20   }\n\
         }\n",
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_has_a_script_with_every_command() {
        for shell in SHELLS {
            let script = script(shell).expect(shell);
            for command in table::COMMANDS {
                assert!(script.contains(command.name()), "{shell}: {}", command.path);
            }
            assert!(script.contains("error-format"), "{shell}");
        }
        assert_eq!(script("tcsh"), None);
    }
}
