//! Memory for compiling, kept by each thread from one compilation to the next.
//!
//! Programs that load many small chunks would otherwise spend more time on getting and giving back memory than on
//! compiling. Invariant: what is kept is empty, and no more than some hundred kilobytes.

use std::cell::Cell;

use wippy_parser::Bump;
use wippy_parser::interner::Interner;

use super::Room;

/// What is on the desk.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) arena: Bump,
    pub(super) interner: Interner,
    pub(super) room: Room,
}

/// An arena or a prototype larger than this is given back.
const KEPT_BYTES: usize = 128 * 1024;

/// The same for the entries of any list of [`Room`].
const KEPT_ENTRIES: usize = 4096;

/// The same for functions.
const KEPT_FUNCTIONS: usize = 16;

thread_local! {
    static DESK: Cell<Option<Box<Desk>>> = const { Cell::new(None) };
}

/// Lends the thread's desk, or a new one.
pub(super) fn with<R>(work: impl FnOnce(&mut Desk) -> R) -> R {
    let mut desk = DESK.take().unwrap_or_default();
    let result = work(&mut desk);
    desk.tidy();
    DESK.set(Some(desk));
    result
}

impl Desk {
    fn tidy(&mut self) {
        if self.arena.allocated_bytes() > KEPT_BYTES {
            self.arena = Bump::new();
        } else {
            self.arena.reset();
        }
        self.interner.clear();
        let room = &mut self.room;
        let largest = room.texts.capacity().max(room.variables.capacity()).max(room.lines.capacity());
        if largest > KEPT_ENTRIES
            || room.out.capacity() > KEPT_BYTES
            || room.spare.iter().any(|function| function.code.capacity() > KEPT_ENTRIES)
        {
            *room = Room::default();
        }
        room.spare.truncate(KEPT_FUNCTIONS);
        room.out.clear();
    }
}
