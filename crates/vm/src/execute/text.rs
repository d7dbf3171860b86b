//! Writing strings piece by piece: room within the memory limit, and fuel for what is copied.

use crate::error::{ErrorKind, Result};
use crate::heap::handle::Str;
use crate::heap::text::Text;

use super::context::Context;

/// Bytes copied between two looks at the fuel.
const PIECE: usize = 1 << 16;

impl Text {
    /// Bytes handled for one unit of fuel by plain copying (chosen: about the price of one instruction).
    pub const BYTES_PER_FUEL: usize = 64;

    /// Makes room for exactly `more` bytes.
    ///
    /// # Errors
    /// "not enough memory".
    pub fn reserve_exact(&mut self, cx: &Context<'_>, more: usize) -> Result<()> {
        if more > self.room() {
            let capacity = self.len().saturating_add(more);
            cx.check_room(capacity)?;
            self.resize(capacity)?;
        }
        Ok(())
    }

    /// Appends bytes at once; for few of them.
    ///
    /// # Errors
    /// "not enough memory".
    #[inline]
    pub fn append(&mut self, cx: &Context<'_>, bytes: &[u8]) -> Result<()> {
        if bytes.len() > self.room() {
            self.make_room(cx, bytes.len())?;
        }
        self.write(bytes);
        Ok(())
    }

    #[cold]
    fn make_room(&mut self, cx: &Context<'_>, more: usize) -> Result<()> {
        let grown = self.grown(more);
        if cx.check_room(grown).is_ok() && self.resize(grown).is_ok() {
            return Ok(());
        }
        // Perhaps there is room for what is needed now, if not for more.
        self.reserve_exact(cx, more)
    }

    /// Appends what the fuel allows of `bytes` from `done` on. True when all are appended; `done` is zero again then.
    ///
    /// # Errors
    /// "not enough memory".
    #[inline]
    pub fn append_some(&mut self, cx: &mut Context<'_>, bytes: &[u8], done: &mut usize) -> Result<bool> {
        self.append_mapped(cx, bytes, done, |_| ())
    }

    /// The same with bytes that `map` changes in place, some thousand at a time.
    ///
    /// # Errors
    /// "not enough memory".
    #[inline]
    pub fn append_mapped(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        done: &mut usize,
        map: impl Fn(&mut [u8]),
    ) -> Result<bool> {
        loop {
            let rest = bytes.get(*done..).unwrap_or(&[]);
            let piece = &rest[..rest.len().min(PIECE)];
            if rest.len() > self.room() {
                self.make_room(cx, rest.len())?;
            }
            let start = self.len();
            self.write(piece);
            map(&mut self.as_mut_bytes()[start..]);
            let fuel_left = cx.charge(piece.len() / Text::BYTES_PER_FUEL);
            if piece.len() == rest.len() {
                *done = 0;
                return Ok(true);
            }
            *done += piece.len();
            if !fuel_left {
                return Ok(false);
            }
        }
    }
}

impl<'gc> Context<'gc> {
    /// Makes a string of what was written.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn finish(&mut self, text: Text) -> Result<Str<'gc>> {
        let made = self.st().heap.finish_text(text).map_err(|_| ErrorKind::Memory)?;
        // SAFETY: a fresh object of this heap.
        Ok(unsafe { Str::from_raw(made) })
    }
}
