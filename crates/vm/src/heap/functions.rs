//! The functions of a chunk as they run: one block of memory with all that they consist of.
//!
//! Made of a [`Prototype`], and made one again for `string.dump`; which cells keep the block alive is the business of
//! `code` and `program`. Invariant: a block is written while it is made and never afterwards, but for what a function
//! remembers in a cell; nothing in it needs to be dropped.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::{NonNull, null_mut};

use hashbrown::HashTable;

use super::code::{Code, Unit};
use super::slot::{Slot, tag};
use super::string;
use crate::bytecode::prototype::{
    Constant, Function, LocalDescription, Prototype, Sizes, Text, UpvalueDescription,
};
use crate::bytecode::texts;

/// A list within the block of its functions.
pub(crate) struct Run<T> {
    start: NonNull<T>,
    len: usize,
}

impl<T> Run<T> {
    const EMPTY: Self = Self { start: NonNull::dangling(), len: 0 };

    /// The part of the list that ends before the item `end`, and that begins where `from` points, which moves there.
    fn part(&self, from: &mut usize, len: usize) -> Self {
        let start = *from;
        *from += len;
        debug_assert!(*from <= self.len);
        // SAFETY: lists of a prototype consist of the parts of its functions.
        Self { start: unsafe { self.start.add(start) }, len }
    }
}

impl<T> std::ops::Deref for Run<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        // SAFETY: runs are made here only, of initialised items of a block, and stay in that block or with its owner.
        unsafe { NonNull::slice_from_raw_parts(self.start, self.len).as_ref() }
    }
}

/// What the functions of a chunk have in common.
pub(super) struct Common {
    source: Run<u8>,
    names: Run<u8>,
    name_ends: Run<u32>,
}

/// Owner of a block.
pub(super) struct Functions {
    start: NonNull<u8>,
    layout: Layout,
    /// The functions, nested ones before those that contain them.
    pub(super) codes: Run<Code>,
    /// The constants of all of them.
    pub(super) constants: Run<Slot>,
}

impl Drop for Functions {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout, and nothing in it needs to be dropped.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

/// Where the next list of a block begins.
struct Rest(NonNull<u8>);

impl Rest {
    /// Room for so many items. Lists are cut in the order of their alignment, so that none needs padding.
    ///
    /// # Safety
    /// The block has room, and no list before asked for a smaller alignment.
    unsafe fn cut<T>(&mut self, len: usize) -> NonNull<T> {
        let start = self.0.cast::<T>();
        debug_assert!(start.is_aligned());
        // SAFETY: the caller's promise.
        self.0 = unsafe { start.add(len).cast() };
        start
    }

    /// A copy of a list.
    ///
    /// # Safety
    /// As for [`Self::cut`].
    unsafe fn copy<T: Copy>(&mut self, list: &[T]) -> Run<T> {
        // SAFETY: the caller's promise; the block is new, so nothing overlaps.
        unsafe {
            let start = self.cut::<T>(list.len());
            start.copy_from_nonoverlapping(NonNull::from(list).cast(), list.len());
            Run { start, len: list.len() }
        }
    }
}

impl Functions {
    /// How large a block the functions of a prototype need, in bytes.
    pub(super) fn bytes(prototype: &Prototype) -> usize {
        let lists = prototype.lists();
        let (names, name_ends) = prototype.names.parts();
        size_of::<Common>()
            + prototype.len() * size_of::<Code>()
            + lists.constants.len() * size_of::<Slot>()
            + lists.functions.len() * size_of::<*const Code>()
            + size_of_val(lists.positions)
            + size_of_val(lists.code)
            + size_of_val(lists.locals)
            + size_of_val(lists.upvalues)
            + size_of_val(name_ends)
            + names.len()
            + prototype.source.len()
    }

    /// Makes the functions of a prototype, with constants as `constant` makes them. They belong to `unit`.
    pub(super) fn link<E>(
        prototype: &Prototype,
        unit: *mut Unit,
        constant: &mut dyn FnMut(Constant) -> Result<Slot, E>,
    ) -> Result<Functions, E> {
        let bytes = Self::bytes(prototype);
        let layout = Layout::from_size_align(bytes, align_of::<Code>()).expect("lists in memory fit into it");
        let lists = prototype.lists();
        // SAFETY: the size is not zero; the lists are as long as counted above, and cut from those that are aligned to
        // eight bytes to those of bytes. What is cut is written before it becomes a run.
        unsafe {
            let Some(start) = NonNull::new(alloc(layout)) else { handle_alloc_error(layout) };
            let mut functions = Functions { start, layout, codes: Run::EMPTY, constants: Run::EMPTY };
            let mut rest = Rest(start);
            let common = rest.cut::<Common>(1);
            let codes = rest.cut::<Code>(prototype.len());
            let constants = rest.cut::<Slot>(lists.constants.len());
            for (at, &value) in lists.constants.iter().enumerate() {
                // On failure the block goes with its owner.
                constants.add(at).write(constant(value)?);
            }
            functions.constants = Run { start: constants, len: lists.constants.len() };
            let children = rest.cut::<*const Code>(lists.functions.len());
            for (at, &number) in lists.functions.iter().enumerate() {
                children.add(at).write(codes.add(number as usize).as_ptr());
            }
            let children = Run { start: children, len: lists.functions.len() };
            let positions = rest.copy(lists.positions);
            let instructions = rest.copy(lists.code);
            let locals = rest.copy(lists.locals);
            let upvalues = rest.copy(lists.upvalues);
            let (names, name_ends) = prototype.names.parts();
            common.write(Common {
                name_ends: rest.copy(name_ends),
                names: rest.copy(names),
                source: rest.copy(&prototype.source),
            });
            debug_assert_eq!(rest.0, start.add(bytes));
            let mut from = Starts::default();
            for (
                at,
                Function { code, constants, functions: nested, upvalues: u, positions: p, locals: l, head },
            ) in prototype.functions().enumerate()
            {
                codes.add(at).write(Code {
                    instructions: instructions.part(&mut from.code, code.len()),
                    constants: functions.constants.part(&mut from.constants, constants.len()),
                    children: children.part(&mut from.functions, nested.len()),
                    upvalues: upvalues.part(&mut from.upvalues, u.len()),
                    parameters: head.parameters,
                    is_vararg: head.is_vararg,
                    registers: head.registers,
                    unit,
                    last_closure: Cell::new(null_mut()),
                    line_defined: head.line_defined,
                    last_line_defined: head.last_line_defined,
                    positions: positions.part(&mut from.positions, p.len()),
                    locals: locals.part(&mut from.locals, l.len()),
                    common: common.as_ptr(),
                });
            }
            functions.codes = Run { start: codes, len: prototype.len() };
            Ok(functions)
        }
    }

    /// The main function.
    pub(super) fn main(&self) -> &Code {
        self.codes.last().expect("a chunk has a main function")
    }

    /// How many bytes the block has.
    pub(super) fn size(&self) -> usize {
        self.layout.size()
    }
}

/// Where the parts of the next function begin.
#[derive(Default)]
struct Starts {
    code: usize,
    constants: usize,
    functions: usize,
    upvalues: usize,
    positions: usize,
    locals: usize,
}

impl Code {
    /// Chunk name as given to `load`: `@file`, `=name` or the source itself.
    pub(crate) fn source(&self) -> &[u8] {
        &self.common().source
    }

    /// The name of a variable; empty if it has none.
    pub(crate) fn name(&self, text: Text) -> &[u8] {
        let common = self.common();
        texts::slice(&common.names, &common.name_ends, text)
    }

    /// The name of an upvalue; empty if it has none, or does not exist.
    pub(crate) fn upvalue_name(&self, index: usize) -> &[u8] {
        self.upvalues.get(index).map_or(&[], |description| self.name(description.name))
    }

    fn common(&self) -> &Common {
        // SAFETY: it stands in the block that this function stands in.
        unsafe { &*self.common }
    }

    /// The function as plain data again, for `string.dump`.
    ///
    /// # Safety
    /// The code is alive.
    pub(crate) unsafe fn to_prototype(&self) -> Prototype {
        let mut unlinking = Unlinking::default();
        let mut sizes = Sizes::default();
        // SAFETY: the caller's promise.
        let functions = unsafe { measure(self, &mut sizes) };
        unlinking.prototype.reserve(functions, &sizes);
        unlinking.prototype.source.extend_from_slice(self.source());
        // SAFETY: as above.
        unsafe { unlinking.function(self) };
        unlinking.prototype
    }
}

/// Adds up what a function and those nested in it consist of; how many they are.
///
/// # Safety
/// The code is alive.
unsafe fn measure(code: &Code, sizes: &mut Sizes) -> usize {
    sizes.code += code.instructions.len();
    sizes.constants += code.constants.len();
    sizes.upvalues += code.upvalues.len();
    sizes.positions += code.positions.len();
    sizes.locals += code.locals.len();
    // SAFETY: children live as long as the code.
    1 + code.children.iter().map(|&child| unsafe { measure(&*child, sizes) }).sum::<usize>()
}

/// A prototype that is being made of linked functions.
#[derive(Default)]
struct Unlinking {
    prototype: Prototype,
    /// Its strings with the hash of their bytes.
    strings: HashTable<(u32, Text)>,
    /// Names of the linked functions and those of the prototype, by the former.
    names: HashTable<(Text, Text)>,
}

impl Unlinking {
    /// # Safety
    /// The code is alive.
    unsafe fn function(&mut self, code: &Code) -> u32 {
        // Nesting is limited, by the parser and by the reader of binary chunks.
        let functions: Vec<u32> = code
            .children
            .iter()
            // SAFETY: children live as long as the code.
            .map(|&child| unsafe { self.function(&*child) })
            .collect();
        let constants: Vec<Constant> = code
            .constants
            .iter()
            // SAFETY: constants live as long as the code.
            .map(|&constant| unsafe { self.constant(constant) })
            .collect();
        let named = |&description: &UpvalueDescription| UpvalueDescription {
            name: self.name(code, description.name),
            ..description
        };
        let upvalues: Vec<UpvalueDescription> = code.upvalues.iter().map(named).collect();
        let named =
            |&local: &LocalDescription| LocalDescription { name: self.name(code, local.name), ..local };
        let locals: Vec<LocalDescription> = code.locals.iter().map(named).collect();
        self.prototype.push(Function {
            code: &code.instructions,
            constants: &constants,
            functions: &functions,
            upvalues: &upvalues,
            positions: &code.positions,
            locals: &locals,
            head: code.head(),
        })
    }

    /// A constant as plain data.
    ///
    /// # Safety
    /// It is alive.
    unsafe fn constant(&mut self, constant: Slot) -> Constant {
        match constant.tag {
            tag::INTEGER => Constant::Integer(constant.as_integer()),
            tag::FLOAT => Constant::Float(constant.as_float()),
            tag::TRUE => Constant::Boolean(true),
            tag::FALSE => Constant::Boolean(false),
            tag::TYPE => {
                let number = self.prototype.types.len() as u32;
                // SAFETY: the caller's promise.
                self.prototype.types.push(unsafe { (*constant.as_type()).ty().clone() });
                Constant::Type(number)
            }
            tag::STRING => {
                // SAFETY: as above.
                let bytes = unsafe { string::bytes(constant.as_string()) };
                Constant::String(self.string(constant.aux, bytes))
            }
            _ => Constant::Nil,
        }
    }

    fn string(&mut self, hash: u32, bytes: &[u8]) -> Text {
        let strings = &mut self.prototype.strings;
        let is_it = |&(known, text): &(u32, Text)| known == hash && strings.get(text) == bytes;
        if let Some(&(_, text)) = self.strings.find(spread(hash), is_it) {
            return text;
        }
        let text = strings.push(bytes);
        self.strings.insert_unique(spread(hash), (hash, text), |(known, _)| spread(*known));
        text
    }

    fn name(&mut self, code: &Code, text: Text) -> Text {
        if text == Text::NONE {
            return text;
        }
        if let Some((_, known)) = self.names.find(spread(text.0), |(known, _)| *known == text) {
            return *known;
        }
        let name = self.prototype.names.push(code.name(text));
        self.names.insert_unique(spread(text.0), (text, name), |(known, _)| spread(known.0));
        name
    }
}

/// Brings what differs into the bits that the hash table looks at.
fn spread(number: u32) -> u64 {
    u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
