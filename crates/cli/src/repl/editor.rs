//! Where the prompt's lines come from: a terminal with editing, history and completion, or a plain stream.
//!
//! A plain stream gets no prompt and leaves no history. Input that is not UTF-8 is passed on as it is from a stream; a
//! terminal gives only text.

use std::io::{self, BufRead, IsTerminal, StdinLock};
use std::rc::Rc;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::{History as _, MemHistory};
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, Helper};

use super::complete::{self, Names};
use super::history::History;

/// One answer of [`Lines::next`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line without its end.
    Text(Vec<u8>),
    /// Ctrl+C: forget what was typed so far.
    Interrupted,
    /// Ctrl+D or the end of the stream.
    End,
}

/// A source of lines.
pub(crate) enum Lines {
    /// Someone types.
    Terminal(Box<Terminal>),
    /// A file or a pipe.
    Stream(StdinLock<'static>),
}

/// A terminal and what it remembers.
pub(crate) struct Terminal {
    editor: Editor<Completion, MemHistory>,
    history: History,
}

impl Lines {
    /// Standard input, edited if it is a terminal.
    ///
    /// # Errors
    /// The terminal cannot be set up.
    pub(crate) fn open(names: Rc<dyn Names>) -> io::Result<Lines> {
        if !io::stdin().is_terminal() {
            return Ok(Lines::Stream(io::stdin().lock()));
        }
        let failed = |error: ReadlineError| io::Error::other(error.to_string());
        let config = Config::builder()
            .completion_type(rustyline::CompletionType::List)
            .auto_add_history(false)
            .tab_stop(4)
            .max_history_size(1000)
            .map_err(failed)?
            .build();
        let memory = MemHistory::with_config(&config);
        let mut editor = Editor::with_history(config, memory).map_err(failed)?;
        editor.set_helper(Some(Completion(names)));
        let history = History::of_user();
        for entry in history.entries() {
            editor.add_history_entry(entry).map_err(failed)?;
        }
        Ok(Lines::Terminal(Box::new(Terminal { editor, history })))
    }

    /// Whether someone sees prompts and help.
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self, Lines::Terminal(_))
    }

    /// The next line, after `prompt` on a terminal.
    ///
    /// # Errors
    /// The terminal or the stream fails.
    pub(crate) fn next(&mut self, prompt: &str) -> io::Result<Line> {
        match self {
            Lines::Terminal(terminal) => match terminal.editor.readline(prompt) {
                Ok(line) => Ok(Line::Text(line.into_bytes())),
                Err(ReadlineError::Interrupted) => Ok(Line::Interrupted),
                Err(ReadlineError::Eof) => Ok(Line::End),
                Err(ReadlineError::Io(error)) => Err(error),
                Err(error) => Err(io::Error::other(error.to_string())),
            },
            Lines::Stream(stream) => {
                let mut line = Vec::new();
                if stream.read_until(b'\n', &mut line)? == 0 {
                    return Ok(Line::End);
                }
                while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
                    line.pop();
                }
                Ok(Line::Text(line))
            }
        }
    }

    /// Remembers a whole entry, of one or several lines.
    pub(crate) fn remember(&mut self, entry: &str) {
        if let Lines::Terminal(terminal) = self {
            terminal.history.add(entry);
            // Memory only; there is nothing to fail but a full history, which makes room itself.
            let _ = terminal.editor.history_mut().add(entry);
        }
    }
}

/// Names from the running session, as the editor wants them.
struct Completion(Rc<dyn Names>);

impl Completer for Completion {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(complete::complete(line, cursor, &*self.0))
    }
}

impl Hinter for Completion {
    type Hint = String;
}

impl Highlighter for Completion {}
impl Validator for Completion {}
impl Helper for Completion {}
