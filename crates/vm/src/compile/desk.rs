//! Memory for compiling, kept by each thread from one compilation to the next.
//!
//! Programs that load many small chunks would otherwise spend more time on getting and giving back memory than on
//! compiling. Invariant: what is kept is empty, and no more than some hundred kilobytes.

use std::cell::Cell;

use wippy_parser::Bump;
use wippy_parser::error::SyntaxError;
use wippy_parser::interner::Interner;

use super::{Compiler, DeclaredTypes, ModuleNames, Room};

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
    /// Parses and compiles a chunk; it is in the room then. Answers which types it declares at its top.
    ///
    /// # Errors
    /// The first syntax, scope or limit error.
    pub(super) fn compile(
        &mut self,
        source: &[u8],
        chunk_name: &[u8],
        modules: Option<ModuleNames<'_>>,
    ) -> Result<DeclaredTypes, SyntaxError> {
        let Self { arena, interner, room } = self;
        let mut declared = DeclaredTypes::new();
        let mut is_first = true;
        let is_done = wippy_parser::parse_in_pieces(source, arena, interner, |block, is_last, interner| {
            if is_first {
                room.begin(chunk_name);
            }
            let mut compiler = Compiler::new(interner, source, modules, std::mem::take(room));
            if std::mem::take(&mut is_first) {
                compiler.open_main();
            }
            let done = compiler.block_statements(block, false).and_then(|()| {
                if is_last {
                    declared = compiler.close_main()?;
                }
                Ok(())
            });
            *room = compiler.into_room();
            done
        })?;
        if !is_done {
            // Types were found late.
            arena.reset();
            let chunk = wippy_parser::parse(source, arena, interner)?;
            room.begin(chunk_name);
            let mut compiler = Compiler::new(interner, source, modules, std::mem::take(room));
            compiler.open_main();
            let done = compiler.block_statements(&chunk.block, false).and_then(|()| compiler.close_main());
            *room = compiler.into_room();
            return done;
        }
        Ok(declared)
    }

    fn tidy(&mut self) {
        if self.arena.allocated_bytes() > KEPT_BYTES {
            self.arena = Bump::new();
        } else {
            self.arena.reset();
        }
        self.interner.clear();
        let room = &mut self.room;
        room.clear();
        let largest = room.texts.capacity().max(room.variables.capacity()).max(room.lines.capacity());
        if largest > KEPT_ENTRIES
            || room.out.capacity() > KEPT_BYTES
            || room.spare.iter().any(|function| function.code.capacity() > KEPT_ENTRIES)
        {
            *room = Room::default();
        }
        room.spare.truncate(KEPT_FUNCTIONS);
    }
}
