//! Images: what many heaps have in common at birth. Base globals and library tables, built once and never written.
//!
//! An image is plain data: nodes whose values are builtins, numbers, immortal strings, references to other parts of the
//! image, or, in a read-only image, immortal tables. How a heap uses it, and pays for what it changes, is told in
//! [`super::libraries`]. Invariant: no pointer in an image leads into a heap, and nothing in it is written after
//! [`Image::snapshot`], so any number of heaps on any threads may read it.

use std::any::Any;
use std::collections::HashMap;
use std::ptr::null_mut;

use foldhash::fast::FixedState;

use super::coroutine::cell_of;
use super::object::{Header, IMMORTAL, NativeClosure, Node, TABLE_FROZEN, Table, UserData};
use super::rehash::node_bytes;
use super::slot::{Slot, tag};
use super::table::{self, empty_nodes};
use super::{BASIC_TYPES, Heap};
use super::{shared, string};
use crate::execute::event::{self, Event};
use crate::native::Native;
use crate::types::KeptType;

/// Makes a heap's own host object; gets the address of its metatable, if it has one.
pub type MakeUserData = fn(metatable: Option<usize>) -> Box<dyn Any + Send>;

/// Part of an image that every heap has its own of.
pub(super) enum Template {
    Table(TableTemplate),
    UserData {
        make: MakeUserData,
        metatable: Option<u32>,
    },
    /// A builtin with upvalues; those with the tag [`tag::LAZY`] are parts of the image.
    Closure {
        native: &'static Native,
        upvalues: Box<[Slot]>,
    },
}

/// A table of an image.
pub(super) struct TableTemplate {
    /// The shared nodes behind their header; the shared empty part if there are no entries.
    pub(super) nodes: *mut Node,
    /// log2 of their number.
    pub(super) log: u8,
    pub(super) metatable: Option<u32>,
    /// Writing to it is an error.
    pub(super) read_only: bool,
}

/// Number of the global environment among the parts.
pub(super) const GLOBALS: u32 = 0;

/// Number of the registry among the parts.
pub(super) const REGISTRY: u32 = 1;

/// Base globals and libraries, shared by all interpreters that are made with them.
///
/// Made by [`Image::build`](crate::Image::build) or [`Image::build_read_only`](crate::Image::build_read_only).
pub struct Image {
    pub(super) templates: Box<[Template]>,
    /// Metatables of types that have one for all their values.
    pub(super) metatables: [Option<u32>; BASIC_TYPES],
    /// Metatables of host objects that no heap can change.
    pub(super) classes: Classes,
    /// Storage of nodes; the templates point into it.
    _nodes: Vec<Box<[u64]>>,
    /// Storage of immortal tables; nodes point to them.
    _tables: Box<[Table]>,
    /// The types among the values.
    _types: Vec<KeptType>,
}

/// Immortal metatables by the address of the class that they belong to: open addressing, at most half full.
pub(super) struct Classes(Box<[(usize, *mut Table)]>);

impl Classes {
    fn new(known: &[(usize, *mut Table)]) -> Classes {
        let size = (known.len() * 2).next_power_of_two().max(2);
        let mut places = vec![(0, null_mut()); size].into_boxed_slice();
        for &(key, table) in known {
            let mut at = Classes::first(key, size);
            while places[at].0 != 0 {
                at = (at + 1) % size;
            }
            places[at] = (key, table);
        }
        Classes(places)
    }

    #[inline]
    fn first(key: usize, size: usize) -> usize {
        (key >> 4) & (size - 1)
    }

    /// The metatable of a class; null if there is none.
    #[inline]
    pub(super) fn get(&self, key: usize) -> *mut Table {
        let mut at = Classes::first(key, self.0.len());
        loop {
            let (known, table) = self.0[at];
            if known == key || known == 0 {
                return table;
            }
            at = (at + 1) & (self.0.len() - 1);
        }
    }
}

// SAFETY: nothing in an image is written after it was made; its pointers lead to its own storage, to immortal strings
// and to static rows.
unsafe impl Send for Image {}
// SAFETY: as above.
unsafe impl Sync for Image {}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Image").field("parts", &self.templates.len()).finish_non_exhaustive()
    }
}

/// Why a heap's contents cannot be an image: they have a value that belongs to one interpreter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Unshareable(pub(crate) &'static str);

/// The objects found in a template heap, numbered in the order of being found.
struct Census {
    numbers: HashMap<usize, u32, FixedState>,
    objects: Vec<Slot>,
}

impl Census {
    fn add(&mut self, object: Slot) -> u32 {
        let next = self.objects.len() as u32;
        let objects = &mut self.objects;
        *self.numbers.entry(object.payload as usize).or_insert_with(|| {
            objects.push(object);
            next
        })
    }

    fn add_value(&mut self, value: Slot) -> Result<(), Unshareable> {
        match value.tag {
            tag::TABLE | tag::USERDATA | tag::NATIVE_CLOSURE => {
                self.add(value);
                Ok(())
            }
            tag::CLOSURE => Err(Unshareable("an image cannot hold a Lua function")),
            tag::COROUTINE => Err(Unshareable("an image cannot hold a coroutine")),
            _ => Ok(()),
        }
    }
}

/// All entries of a table, in order; of the registry without the places of main coroutine and globals, which every
/// heap fills itself.
///
/// # Safety
/// The table is alive and unchanged until the last entry was taken, and its heap has no image.
unsafe fn entries<'a>(t: *const Table, is_registry: bool) -> impl Iterator<Item = (Slot, Slot)> + 'a {
    // SAFETY: the caller's promise.
    let (items, nodes) = unsafe { (table::items(t), table::nodes(t)) };
    let items = items.iter().zip(1..).map(|(&item, i)| (Slot::integer(i), Slot { aux: 0, ..item }));
    let nodes = nodes.iter().filter(|node| !node.is_empty()).map(|node| (node.key(), node.value()));
    items
        .filter(|(_, value)| !value.is_nil())
        .chain(nodes)
        .filter(move |(key, _)| !(is_registry && key.tag == tag::INTEGER))
}

/// A string that outlives every heap.
///
/// # Safety
/// The value is alive.
unsafe fn immortal(value: Slot) -> Slot {
    if value.tag != tag::STRING {
        return Slot { aux: 0, ..value };
    }
    let known = value.as_string();
    // SAFETY: the caller's promise.
    unsafe {
        let is_immortal = (*known).header.mark == IMMORTAL;
        Slot::string(if is_immortal { known } else { shared::intern(string::bytes(known)) })
    }
}

impl Image {
    /// The contents of a heap that was filled to be an image: what its roots reach. `make` knows how host objects are
    /// made anew; `classes` are the addresses of classes and of their metatables. With `read_only`, all tables but the globals and the registry refuse to be written.
    ///
    /// # Safety
    /// The heap is consistent and has no image itself.
    pub(crate) unsafe fn snapshot(
        heap: &mut Heap,
        make: &dyn Fn(*mut UserData) -> Option<MakeUserData>,
        classes: &[(usize, usize)],
        read_only: bool,
    ) -> Result<Image, Unshareable> {
        let mut census = Census { numbers: HashMap::default(), objects: Vec::new() };
        census.add(Slot::table(heap.roots.globals));
        census.add(Slot::table(heap.roots.registry));
        let metatables = heap
            .roots
            .metatables
            .all()
            .map(|metatable| (!metatable.is_null()).then(|| census.add(Slot::table(metatable))));
        // SAFETY: everything found is reachable from the roots.
        unsafe {
            let mut at = 0;
            while let Some(&object) = census.objects.get(at) {
                match object.tag {
                    tag::TABLE => {
                        entries(object.as_table(), at as u32 == REGISTRY).try_for_each(|(key, value)| {
                            if key.is_collectable() && key.tag != tag::STRING {
                                return Err(Unshareable("a key in an image must be a plain value"));
                            }
                            census.add_value(value)
                        })?;
                        let metatable = (*object.as_table()).metatable;
                        if !metatable.is_null() {
                            census.add(Slot::table(metatable));
                        }
                    }
                    tag::USERDATA => {
                        let metatable = (*object.as_userdata()).metatable;
                        if !metatable.is_null() {
                            census.add(Slot::table(metatable));
                        }
                    }
                    _ => {
                        let closure = object.as_native_closure();
                        for n in 0..usize::from((*closure).header.small) {
                            census.add_value(*NativeClosure::upvalues(closure).add(n))?;
                        }
                    }
                }
                at += 1;
            }
            let shared = shareable(&census, read_only);
            let mut image = assemble(heap, &census, &shared, metatables, make, read_only)?;
            let known = classes.iter().filter_map(|&(key, table)| {
                let number = *census.numbers.get(&table)? as usize;
                shared[number].then(|| (key, (&raw const image._tables[number]).cast_mut()))
            });
            image.classes = Classes::new(&known.collect::<Vec<_>>());
            Ok(image)
        }
    }
}

/// The address of the object that a value is, unless it is a string.
fn object_of(value: Slot) -> Option<u64> {
    (value.is_collectable() && value.tag != tag::STRING).then_some(value.payload)
}

/// Which objects can be immortal: frozen tables from which no object is reached that every heap has its own of.
unsafe fn shareable(census: &Census, read_only: bool) -> Vec<bool> {
    // SAFETY: the objects of the census are alive.
    let is_frozen = |t: *mut Table| read_only || unsafe { (*t).header.flags } & TABLE_FROZEN != 0;
    let mut shared: Vec<bool> = census
        .objects
        .iter()
        .map(|object| object.tag == tag::TABLE && is_frozen(object.as_table()))
        .collect();
    shared[GLOBALS as usize] = false;
    shared[REGISTRY as usize] = false;
    loop {
        let mut changed = false;
        for (n, object) in census.objects.iter().enumerate() {
            if !shared[n] {
                continue;
            }
            let own = |payload: u64| {
                census.numbers.get(&(payload as usize)).is_some_and(|&number| !shared[number as usize])
            };
            // SAFETY: the shared ones are tables, alive.
            let reaches_own = unsafe {
                let metatable = (*object.as_table()).metatable;
                let mut objects = entries(object.as_table(), false).filter_map(|(_, value)| object_of(value));
                own(metatable as u64) || objects.any(own)
            };
            if reaches_own {
                shared[n] = false;
                changed = true;
            }
        }
        if !changed {
            return shared;
        }
    }
}

unsafe fn assemble(
    heap: &mut Heap,
    census: &Census,
    shared: &[bool],
    metatables: [Option<u32>; BASIC_TYPES],
    make: &dyn Fn(*mut UserData) -> Option<MakeUserData>,
    read_only: bool,
) -> Result<Image, Unshareable> {
    // The storage must not move once nodes point into it.
    let mut tables: Box<[Table]> = (0..census.objects.len()).map(|_| Table::immortal()).collect();
    let tables_at = tables.as_mut_ptr();
    let number = |cell: *mut Header| census.numbers.get(&(cell as usize)).copied();
    let value_of = |value: Slot| {
        match object_of(value).and_then(|_| number(value.as_header())) {
            Some(n) if shared[n as usize] => Slot::table(tables_at.wrapping_add(n as usize)),
            Some(n) => Slot { payload: u64::from(n), tag: tag::LAZY, aux: 0 },
            // SAFETY: strings of the census are alive.
            None => unsafe { immortal(value) },
        }
    };
    let mut storage = Vec::new();
    let mut templates = Vec::with_capacity(census.objects.len());
    // SAFETY: the census names live objects; storage is as large as the parts copied into it.
    unsafe {
        for (n, &object) in census.objects.iter().enumerate() {
            templates.push(match object.tag {
                tag::TABLE => {
                    let t = object.as_table();
                    let (nodes, log) = share_nodes(heap, t, n as u32 == REGISTRY, &value_of, &mut storage)?;
                    let metatable = number((*t).metatable.cast());
                    if shared[n] {
                        let immortal = tables_at.add(n);
                        (*immortal).nodes = nodes;
                        (*immortal).header.small = log;
                        (*immortal).header.flags = TABLE_FROZEN;
                        (*immortal).metatable =
                            metatable.map_or(null_mut(), |number| tables_at.add(number as usize));
                        // It never changes, so what it lacks as a metatable is known for good.
                        note_absent_events(immortal);
                    }
                    let own = n as u32 == GLOBALS || n as u32 == REGISTRY;
                    let frozen = (*t).header.flags & TABLE_FROZEN != 0;
                    Template::Table(TableTemplate {
                        nodes,
                        log,
                        metatable,
                        read_only: frozen || read_only && !own,
                    })
                }
                tag::USERDATA => {
                    let userdata = object.as_userdata();
                    let Some(make) = make(userdata) else {
                        return Err(Unshareable(
                            "an image cannot hold a host object that is not made on demand",
                        ));
                    };
                    Template::UserData { make, metatable: number((*userdata).metatable.cast()) }
                }
                _ => {
                    let closure = object.as_native_closure();
                    let count = usize::from((*closure).header.small);
                    let upvalues = NativeClosure::upvalues(closure);
                    Template::Closure {
                        native: (*closure).native,
                        upvalues: (0..count).map(|n| value_of(*upvalues.add(n))).collect(),
                    }
                }
            });
        }
    }
    let types = heap.kept_types();
    let classes = Classes::new(&[]);
    Ok(Image {
        templates: templates.into(),
        metatables,
        classes,
        _nodes: storage,
        _tables: tables,
        _types: types,
    })
}

/// Notes in an immortal table which events it does not have as a metatable.
///
/// # Safety
/// The table is whole, and nobody else uses it yet.
unsafe fn note_absent_events(t: *mut Table) {
    for &event in Event::ALL {
        let flag = event.absent_flag();
        // SAFETY: the caller's promise.
        unsafe {
            if flag != 0 && table::get_string(t, event::name_string(event)).is_nil() {
                (*t).header.flags |= flag;
            }
        }
    }
}

/// The shared nodes of a table, and log2 of their number: its own nodes, if they are what a heap would make for its
/// entries; else those of a table with the same entries.
///
/// # Safety
/// The table is alive.
unsafe fn share_nodes(
    heap: &mut Heap,
    t: *mut Table,
    is_registry: bool,
    value_of: &dyn Fn(Slot) -> Slot,
    storage: &mut Vec<Box<[u64]>>,
) -> Result<(*mut Node, u8), Unshareable> {
    let failed = || Unshareable("not enough memory for an image");
    // SAFETY: the caller's promise; the scratch table is this heap's, and all its entries go to nodes because it has no
    // array part and room for all of them.
    unsafe {
        let count = entries(t, is_registry).count();
        if count == 0 {
            return Ok((empty_nodes(), 0));
        }
        let nodes = if !is_registry && is_copied_as_it_is(t, count) {
            copy_nodes(t, storage)
        } else {
            let scratch = heap.table(0, count).map_err(|_| failed())?;
            for (key, value) in entries(t, is_registry) {
                let key = immortal(key);
                if !heap.insert_node(scratch, key, value) {
                    return Err(failed());
                }
            }
            copy_nodes(scratch, storage)
        };
        let log = (*cell_of(nodes)).small;
        for i in 0..1 << log {
            let node = nodes.add(i);
            if !(*node).is_empty() {
                (*node).set_value(value_of((*node).value()));
            }
        }
        Ok((nodes, log))
    }
}

/// Whether the nodes of a table are all it has, as few as they can be, and have keys that outlive every heap.
unsafe fn is_copied_as_it_is(t: *const Table, entries: usize) -> bool {
    // SAFETY: the caller's table is alive, and so are its keys.
    unsafe {
        let outlives = |node: &Node| {
            let key = node.key();
            !key.is_collectable() || key.tag == tag::STRING && (*key.as_string()).header.mark == IMMORTAL
        };
        (*t).len == 0
            && (*t).node_count() == entries.next_power_of_two()
            && table::nodes(t).iter().all(outlives)
    }
}

/// A copy of a table's nodes, and of the header before them, that belongs to no heap.
unsafe fn copy_nodes(t: *const Table, storage: &mut Vec<Box<[u64]>>) -> *mut Node {
    // SAFETY: the caller's table is alive and has nodes.
    unsafe {
        let log = (*t).header.small;
        let cell = cell_of((*t).nodes).cast::<u64>();
        let mut words: Box<[u64]> = std::slice::from_raw_parts(cell, node_bytes(log) / 8).into();
        let cell = words.as_mut_ptr().cast::<Header>();
        (*cell).mark = IMMORTAL;
        (*cell).small = log;
        storage.push(words);
        cell.add(1).cast()
    }
}
