//! Libraries: a heap's own view of its [`Image`].
//!
//! A library table of a heap is a 40-byte header of its own over nodes that it shares with every other heap: identity
//! and metatable are the heap's, reading costs what reading any table costs. The header is made when the table is first
//! reached, so a heap has none of the libraries that it does not use. The first write copies the nodes
//! ([`Heap::thaw`]), in their order, so that a traversal goes on where it was.
//!
//! Shared nodes name other parts of the image by number ([`tag::LAZY`]); readers that meet one ask here. That is why
//! the otherwise unused `array` of such a table leads to the heap's libraries. Invariant: cells made here are immortal
//! for the collector, which treats them as roots, and go when the heap goes. Everything here is reached by raw pointer
//! alone, because natives that hold the interpreter's state read tables.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::null_mut;
use std::sync::Arc;

use super::coroutine::cell_of;
use super::image::{GLOBALS, Image, REGISTRY, TableTemplate, Template};
use super::object::{Header, HostData, IMMORTAL, Kind, NativeClosure, Node, TABLE_FROZEN, Table, UserData};
use super::rehash::node_bytes;
use super::slot::{Slot, tag};
use super::table::{TableError, empty_nodes};
use super::{Heap, OutOfMemory};

/// Look-ups through a number in a shared table after which the heap takes a copy of its own, where they cost nothing.
const PATIENCE: u32 = 256;

/// So many of them are forgiven whenever the program has rested. Who looks up no more than that between two rests may be
/// one of many that take turns, and what they share stays in the processor's caches where copies would not.
const FORGIVEN: u32 = 8;

/// A part of one node is copied when its header is made: a metatable with `__index` is read all the time.
const SMALL_LOG: u8 = 0;

/// Bytes of the place that a heap gives its libraries: they, and behind them the first parts that are made, which for
/// most processes is one table.
pub(crate) const PLACE_BYTES: usize = size_of::<Libraries>() + 64;

/// See the module.
pub(crate) struct Libraries {
    image: Arc<Image>,
    /// What was made, latest first.
    made: *mut Entry,
    /// Of what was made outside of the place.
    bytes: u32,
    lookups: u32,
    /// Types whose metatable was not asked for yet, as bits.
    unmade_metatables: u16,
    /// Where in the place what is left of it begins.
    free: u16,
    /// The globals may not be written.
    frozen: bool,
    globals: Table,
}

/// A part of the image that the heap has made; the cell follows.
#[repr(C)]
struct Entry {
    next: *mut Entry,
    number: u32,
    bytes: u16,
    /// A table that may not be written.
    frozen: bool,
    /// It has an allocation of its own.
    allocated: bool,
}

impl Entry {
    fn cell(this: *mut Entry) -> *mut Header {
        this.wrapping_add(1).cast()
    }

    fn layout(bytes: usize) -> Layout {
        Layout::from_size_align(bytes, 8).expect("a few dozen bytes")
    }
}

impl Libraries {
    /// # Safety
    /// `place` is aligned to 8 bytes, has [`PLACE_BYTES`], and is used by nobody else until [`Libraries::free`].
    unsafe fn new(image: Arc<Image>, place: *mut u8) -> *mut Libraries {
        let unmade_metatables =
            image.metatables.iter().enumerate().filter(|(_, m)| m.is_some()).map(|(n, _)| 1 << n).sum();
        let this = place.cast::<Libraries>();
        // SAFETY: the caller's promise.
        unsafe {
            this.write(Libraries {
                image,
                made: null_mut(),
                bytes: 0,
                lookups: 0,
                frozen: false,
                unmade_metatables,
                free: size_of::<Libraries>() as u16,
                globals: Table::immortal(),
            });
        }
        // SAFETY: just made; the first part of every image is the table of globals.
        unsafe {
            if let Template::Table(template) = &Self::image(this).templates[GLOBALS as usize] {
                Self::fill(this, &raw mut (*this).globals, template);
            }
        }
        this
    }

    unsafe fn image<'a>(this: *mut Libraries) -> &'a Image {
        // SAFETY: the caller's libraries are valid, and keep the image for as long as they are.
        unsafe { &*Arc::as_ptr(&(*this).image) }
    }

    pub(super) unsafe fn globals(this: *mut Libraries) -> *mut Table {
        // SAFETY: the caller's libraries are valid.
        unsafe { &raw mut (*this).globals }
    }

    pub(super) unsafe fn registry(this: *mut Libraries) -> *mut Table {
        // SAFETY: the caller's libraries are valid; the second part of every image is a table.
        unsafe { Self::cell(this, REGISTRY).cast() }
    }

    pub(super) unsafe fn bytes(this: *mut Libraries) -> usize {
        // SAFETY: the caller's libraries are valid.
        unsafe { (*this).bytes as usize }
    }

    /// The metatable of a basic type that was not asked for yet; null if there is none.
    pub(super) unsafe fn take_metatable(this: *mut Libraries, basic_type: usize) -> *mut Table {
        // SAFETY: the caller's libraries are valid; metatables are tables.
        unsafe {
            if (*this).unmade_metatables & 1 << basic_type == 0 {
                return null_mut();
            }
            (*this).unmade_metatables &= !(1 << basic_type);
            match Self::image(this).metatables[basic_type] {
                Some(number) => Self::cell(this, number).cast(),
                None => null_mut(),
            }
        }
    }

    /// The shared metatable of a class; null if the image has none that all heaps can share.
    unsafe fn class(this: *mut Libraries, key: usize) -> *mut Table {
        // SAFETY: the caller's libraries are valid.
        unsafe { Self::image(this).classes.get(key) }
    }

    /// Counts a look-up through a number; true if the table should get nodes of its own.
    #[inline(always)]
    pub(super) unsafe fn is_worn(this: *mut Libraries) -> bool {
        // SAFETY: the caller's libraries are valid.
        unsafe {
            (*this).lookups += 1;
            (*this).lookups >= PATIENCE
        }
    }

    /// Who comes now and then will not be worth a copy.
    pub(super) unsafe fn forget_wear(this: *mut Libraries) {
        // SAFETY: the caller's libraries are valid.
        unsafe { (*this).lookups = 0 }
    }

    #[inline(always)]
    unsafe fn forgive(this: *mut Libraries) {
        // SAFETY: the caller's libraries are valid.
        unsafe { (*this).lookups = (*this).lookups.saturating_sub(FORGIVEN) }
    }

    /// The value that a number stands for.
    #[inline]
    pub(super) unsafe fn value(this: *mut Libraries, number: u32) -> Slot {
        // SAFETY: the caller's libraries are valid, and numbers come from their image; a cell's kind says what it is.
        unsafe {
            let cell = Self::cell(this, number);
            let tag = match (*cell).kind {
                Kind::Table => tag::TABLE,
                Kind::UserData => tag::USERDATA,
                _ => tag::NATIVE_CLOSURE,
            };
            Slot { payload: cell as u64, tag, aux: 0 }
        }
    }

    /// The cell of a part, made if need be.
    #[inline]
    unsafe fn cell(this: *mut Libraries, number: u32) -> *mut Header {
        // SAFETY: the caller's libraries are valid; entries are never removed.
        unsafe {
            if number == GLOBALS {
                return (&raw mut (*this).globals).cast();
            }
            let mut entry = (*this).made;
            while !entry.is_null() {
                if (*entry).number == number {
                    return Entry::cell(entry);
                }
                entry = (*entry).next;
            }
            Self::make(this, number)
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn make(this: *mut Libraries, number: u32) -> *mut Header {
        // SAFETY: the image outlives this call and is not written; the new entry has room for its cell.
        unsafe {
            let template = &Self::image(this).templates[number as usize];
            let size = match template {
                Template::Table(TableTemplate { log, nodes, .. }) => {
                    let inline = *log == SMALL_LOG && *nodes != empty_nodes();
                    size_of::<Table>() + if inline { node_bytes(*log) } else { 0 }
                }
                Template::UserData { .. } => size_of::<UserData>(),
                Template::Closure { upvalues, .. } => {
                    size_of::<NativeClosure>() + upvalues.len() * size_of::<Slot>()
                }
            };
            let bytes = size_of::<Entry>() + size;
            let free = usize::from((*this).free);
            let allocated = PLACE_BYTES - free < bytes;
            let entry = if allocated {
                let layout = Entry::layout(bytes);
                let entry = alloc(layout);
                if entry.is_null() {
                    handle_alloc_error(layout);
                }
                (*this).bytes += bytes as u32;
                entry
            } else {
                (*this).free += bytes as u16;
                this.cast::<u8>().add(free)
            };
            let entry = entry.cast::<Entry>();
            entry.write(Entry { next: (*this).made, number, bytes: bytes as u16, frozen: false, allocated });
            let cell = Entry::cell(entry);
            let header = |kind, small| Header { kind, mark: IMMORTAL, flags: 0, small, size: size as u32 };
            // The entry is listed only when its cell is whole, but before it asks for others, which may refer to it.
            match template {
                Template::Table(template) => {
                    (*entry).frozen = template.read_only;
                    let t = cell.cast::<Table>();
                    t.write(Table::immortal());
                    (*this).made = entry;
                    Self::fill(this, t, template);
                }
                Template::UserData { make, metatable } => {
                    let userdata = cell.cast::<UserData>();
                    userdata.write(UserData {
                        header: header(Kind::UserData, 0),
                        metatable: null_mut(),
                        user_value: Slot::NIL,
                        data: HostData::NONE,
                    });
                    (*this).made = entry;
                    if let Some(metatable) = metatable {
                        (*userdata).metatable = Self::cell(this, *metatable).cast();
                    }
                    let made = make(metatable.map(|_| (*userdata).metatable as usize));
                    (*userdata).data = HostData::boxed(made);
                }
                Template::Closure { native, upvalues } => {
                    let closure = cell.cast::<NativeClosure>();
                    closure.write(NativeClosure {
                        header: header(Kind::NativeClosure, upvalues.len() as u8),
                        native,
                    });
                    let slots = NativeClosure::upvalues(closure);
                    for (n, _) in upvalues.iter().enumerate() {
                        slots.add(n).write(Slot::NIL);
                    }
                    (*this).made = entry;
                    for (n, &value) in upvalues.iter().enumerate() {
                        let value = match value.tag {
                            tag::LAZY => Self::value(this, value.payload as u32),
                            _ => value,
                        };
                        slots.add(n).write(value);
                    }
                }
            }
            cell
        }
    }

    /// Makes a blank header one over a template's nodes.
    unsafe fn fill(this: *mut Libraries, t: *mut Table, template: &TableTemplate) {
        // SAFETY: the caller's header is valid; a small part's copy has room right behind it.
        unsafe {
            if let Some(metatable) = template.metatable {
                (*t).metatable = Self::cell(this, metatable).cast();
            }
            if template.nodes == empty_nodes() {
                if template.read_only {
                    (*t).header.flags |= TABLE_FROZEN;
                }
                // It has no way to the libraries and needs none.
                return;
            }
            (*t).header.flags |= TABLE_FROZEN;
            (*t).header.small = template.log;
            (*t).array = this.cast();
            (*t).nodes = template.nodes;
            let globals = t == &raw mut (*this).globals;
            if template.log == SMALL_LOG && !globals {
                let copy = t.add(1).cast::<u64>();
                let words = node_bytes(template.log) / 8;
                copy.copy_from_nonoverlapping(cell_of(template.nodes).cast(), words);
                (*t).nodes = copy.cast::<Header>().add(1).cast();
            }
        }
    }

    /// Where it is kept that a table may not be written.
    unsafe fn frozen(this: *mut Libraries, t: *mut Table) -> *mut bool {
        // SAFETY: the table is the globals or was made here, and then an entry is in front of it.
        unsafe {
            if t == &raw mut (*this).globals {
                return &raw mut (*this).frozen;
            }
            &raw mut (*t.cast::<Entry>().sub(1)).frozen
        }
    }

    /// Frees everything that was made.
    pub(super) unsafe fn free(this: *mut Libraries) {
        // SAFETY: the heap is going, so nothing refers to the cells; each entry was allocated with its layout.
        unsafe {
            let mut entry = (*this).made;
            while !entry.is_null() {
                let next = (*entry).next;
                let cell = Entry::cell(entry);
                if (*cell).kind == Kind::UserData {
                    (*cell.cast::<UserData>()).data = HostData::NONE;
                }
                if (*entry).allocated {
                    dealloc(entry.cast(), Entry::layout((*entry).bytes as usize));
                }
                entry = next;
            }
            this.drop_in_place();
        }
    }
}

/// The value of a node that names a part of the image. Nodes that no other heap has are told, so that the next reader
/// finds the value itself.
///
/// # Safety
/// The table is valid and has libraries; the node is one of its own and has the tag [`tag::LAZY`].
#[inline]
pub(crate) unsafe fn lazy_value(t: *const Table, node: *mut Node) -> Slot {
    // SAFETY: the caller's promise.
    unsafe {
        let value = Libraries::value(libraries_of(t), (*node).payload as u32);
        let is_inline = std::ptr::eq((*t).nodes.cast::<Header>().sub(1), t.add(1).cast());
        if (*t).header.flags & TABLE_FROZEN == 0 || is_inline {
            (*node).set_value(value);
        }
        value
    }
}

impl Heap {
    /// Gives the heap the parts of an image: globals now, the rest when it is asked for.
    ///
    /// # Safety
    /// `place` is aligned to 8 bytes, has [`PLACE_BYTES`], is used by nobody else, and outlives the heap.
    pub(crate) unsafe fn set_image(&mut self, image: Arc<Image>, place: *mut u8) {
        debug_assert!(self.libraries.is_null());
        // SAFETY: the caller's promise.
        self.libraries = unsafe { Libraries::new(image, place) };
        // SAFETY: just made.
        self.roots.globals = unsafe { Libraries::globals(self.libraries) };
    }

    /// The registry.
    pub(crate) fn registry(&self) -> *mut Table {
        if self.roots.registry.is_null() && !self.libraries.is_null() {
            // SAFETY: a heap's libraries live as long as the heap.
            return unsafe { Libraries::registry(self.libraries) };
        }
        self.roots.registry
    }

    /// The metatable of a class of host objects that all heaps with the image share; null if there is none.
    #[inline]
    pub(crate) fn class_metatable(&self, key: usize) -> *mut Table {
        // SAFETY: a heap's libraries live as long as the heap.
        if self.libraries.is_null() { null_mut() } else { unsafe { Libraries::class(self.libraries, key) } }
    }

    /// The metatable that all values of a basic type share; null if they have none.
    #[inline]
    pub(crate) fn basic_metatable(&self, basic_type: usize) -> *mut Table {
        let known = self.roots.metatables.get(basic_type);
        if !known.is_null() || self.libraries.is_null() { known } else { self.lazy_metatable(basic_type) }
    }

    #[cold]
    fn lazy_metatable(&self, basic_type: usize) -> *mut Table {
        // SAFETY: a heap's libraries live as long as the heap.
        let found = unsafe { Libraries::take_metatable(self.libraries, basic_type) };
        self.roots.metatables.set(basic_type, found);
        found
    }

    /// Sets that metatable.
    pub(crate) fn set_basic_metatable(&mut self, basic_type: usize, metatable: *mut Table) {
        if !self.libraries.is_null() {
            // SAFETY: as above. From now on there is none to be made.
            unsafe { Libraries::take_metatable(self.libraries, basic_type) };
        }
        self.roots.metatables.set(basic_type, metatable);
        if !metatable.is_null() {
            self.barrier_cell(metatable.cast());
        }
    }

    /// Makes a frozen table writable: it gets nodes of its own.
    ///
    /// # Errors
    /// When the table is read-only, or memory is short; then nothing has changed.
    ///
    /// # Safety
    /// The table is valid and frozen.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn thaw(&mut self, t: *mut Table) -> Result<(), TableError> {
        // SAFETY: the caller's promise; both parts have the same number of nodes.
        unsafe {
            if self.abandon_growth_of(t) {
                return Ok(());
            }
            if is_read_only(t) {
                return Err(TableError::Frozen);
            }
            let log = (*t).header.small;
            let fresh = self.node_part(log).map_err(|OutOfMemory| TableError::OutOfMemory)?;
            let shared = (*t).nodes;
            fresh.copy_from_nonoverlapping(shared, 1 << log);
            (*cell_of(fresh)).size = (*cell_of(shared)).size;
            (*t).nodes = fresh;
            (*t).header.flags &= !TABLE_FROZEN;
            Ok(())
        }
    }

    /// To be called when a shared table was read through a number: after many such reads it gets nodes of its own.
    ///
    /// # Safety
    /// The table is valid and has libraries.
    #[inline(always)]
    pub(crate) unsafe fn wear(&mut self, t: *mut Table) {
        // SAFETY: the caller's promise.
        unsafe {
            let libraries = libraries_of(t);
            if (*t).header.flags & TABLE_FROZEN != 0 && !libraries.is_null() && Libraries::is_worn(libraries)
            {
                self.replace_worn(t);
            }
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn replace_worn(&mut self, t: *mut Table) {
        // Without memory it stays shared, and so does a read-only one.
        // SAFETY: the caller's table is valid and has libraries.
        let _ = unsafe { self.thaw(t) };
    }

    /// The program has rested and goes on.
    #[inline(always)]
    pub(crate) fn forgive_wear(&mut self) {
        if !self.libraries.is_null() {
            // SAFETY: a heap's libraries live as long as the heap.
            unsafe { Libraries::forgive(self.libraries) }
        }
    }

    /// The program rests: look-ups through a number are counted anew.
    pub(crate) fn forget_wear(&mut self) {
        if !self.libraries.is_null() {
            // SAFETY: a heap's libraries live as long as the heap.
            unsafe { Libraries::forget_wear(self.libraries) }
        }
    }

    /// Before a table gets an array part, which takes the place of the way to the libraries.
    pub(super) unsafe fn settle_values(&mut self, t: *mut Table) {
        // SAFETY: the caller's table is valid and not frozen, without array part.
        unsafe {
            if (*t).array.is_null() {
                return;
            }
            for i in 0..(*t).node_count() {
                let node = (*t).nodes.add(i);
                if u32::from((*node).tag) == tag::LAZY {
                    lazy_value(t, node);
                }
            }
            (*t).array = null_mut();
        }
    }

    /// Bytes of what was made from the image.
    pub(super) fn library_bytes(&self) -> usize {
        // SAFETY: a heap's libraries live as long as the heap.
        if self.libraries.is_null() { 0 } else { unsafe { Libraries::bytes(self.libraries) } }
    }

    /// Marks what the heap's own parts of the image refer to.
    pub(super) unsafe fn mark_libraries(&mut self) {
        if self.libraries.is_null() {
            return;
        }
        // SAFETY: a heap's libraries live as long as the heap; what they refer to is alive.
        unsafe {
            self.trace_part(Libraries::globals(self.libraries).cast());
            let mut entry = (*self.libraries).made;
            while !entry.is_null() {
                self.trace_part(Entry::cell(entry));
                entry = (*entry).next;
            }
        }
    }
}

/// A table's way to its heap's libraries; null if it was not made from an image, or has got an array part.
unsafe fn libraries_of(t: *const Table) -> *mut Libraries {
    // SAFETY: the caller's table is valid.
    unsafe { if (*t).capacity == 0 { (*t).array.cast() } else { null_mut() } }
}

/// Whether writing to a frozen table is an error.
///
/// # Safety
/// The table is valid and frozen.
pub(crate) unsafe fn is_read_only(t: *mut Table) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let libraries = libraries_of(t);
        libraries.is_null() || *Libraries::frozen(libraries, t)
    }
}

/// Makes writing to a table an error if it is one that would get its own nodes by the first write.
///
/// # Safety
/// The table is valid.
pub(super) unsafe fn freeze(t: *mut Table) {
    // SAFETY: the caller's promise.
    unsafe {
        let libraries = libraries_of(t);
        if !libraries.is_null() {
            *Libraries::frozen(libraries, t) = true;
        }
    }
}

/// Whether a table's entries are an image's.
///
/// # Safety
/// The table is valid.
pub(super) unsafe fn shares_nodes(t: *const Table) -> bool {
    // SAFETY: all nodes but the shared empty one are preceded by their cell's header.
    unsafe { !(*t).has_no_nodes() && (*cell_of((*t).nodes)).mark == IMMORTAL }
}
