//! Arguments as one text: what `print` and its like make of theirs.
//!
//! A native of several steps, since `__tostring` may have to be called for any of them.

use wippy_vm::{Context, Error, Outcome, Result};

use crate::steps::{self, Next, Steps};

/// Joins the texts of all arguments, then does with the whole what `finish` says.
pub(crate) fn join(
    cx: &mut Context<'_>,
    separator: &'static [u8],
    finish: impl FnMut(&mut Context<'_>, Vec<u8>) -> Result<Next> + Send + 'static,
) -> Result<Outcome> {
    let count = cx.len();
    steps::run(Joining { next: 1, count, text: Vec::new(), separator, finish }, cx)
}

struct Joining<F> {
    next: usize,
    count: usize,
    text: Vec<u8>,
    separator: &'static [u8],
    finish: F,
}

impl<F> Steps for Joining<F>
where
    F: FnMut(&mut Context<'_>, Vec<u8>) -> Result<Next> + Send + 'static,
{
    fn step(&mut self, cx: &mut Context<'_>, called: bool) -> Result<Next> {
        if called {
            let result = cx.take_result();
            match cx.coerce_string(result)? {
                Some(text) => self.text.extend_from_slice(text.as_bytes()),
                None => return Err(Error::message("'__tostring' must return a string")),
            }
            self.next += 1;
        }
        while self.next <= self.count {
            if self.next > 1 {
                self.text.extend_from_slice(self.separator);
            }
            match cx.display(cx.get(self.next))? {
                Some(text) => self.text.extend_from_slice(text.as_bytes()),
                None => return Ok(Next::Call(1)),
            }
            self.next += 1;
        }
        (self.finish)(cx, std::mem::take(&mut self.text))
    }
}
