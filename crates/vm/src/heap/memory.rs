//! Cells: where they are placed, how they are found when dead, and how many bytes they take.
//!
//! A young heap bumps cells of all sizes into mixed blocks, the first of which may be the rest of the memory that its
//! interpreter is in, the others half as large as all so far, from 512 bytes to 16 KB; a class that has filled
//! half a block there gets uniform blocks of its own; cells above [`SMALL_BYTES`] have an allocation each. Knows
//! marks, but not how marking is done (`collect`) and not what is in a cell. Invariant: a cell is on a free list, or
//! its header says kind and extent; every cell below a block's `used` mark has a valid header.

mod sweep;

use std::ptr::null_mut;

use super::OutOfMemory;
use super::class::{CLASSES, MIN_BYTES, SMALL_BYTES, class_of, class_size, rounded};
use super::object::{Header, Kind, Node};
use super::{chunks, pool};
use crate::lazy::Lazy;

/// Size of a large block.
const BLOCK_BYTES: usize = 16 * 1024;

/// Size of a heap's first block.
const FIRST_BLOCK_BYTES: usize = 512;

/// Most bytes at the end of a block that are left to the first sweep, so that a heap of two blocks needs no free lists.
const LEFT_BYTES: usize = 256;

/// Bytes of a class in mixed blocks from which on it gets blocks of its own.
const UNIFORM_FROM_BYTES: usize = BLOCK_BYTES / 2;

/// Bytes of fresh memory that are cut into free cells at once.
const CARVE_BYTES: usize = 1024;

/// Allocations up to this size do not fail at the limit; the interpreter looks at safepoints.
const UNCHECKED_BYTES: usize = 256;

#[repr(C)]
struct FreeCell {
    header: Header,
    next: *mut FreeCell,
}

#[repr(C)]
struct Block {
    next: *mut Block,
    /// Of the whole block.
    bytes: u32,
    /// Distance from the block's start to the first byte that was never a cell.
    used: u32,
    /// Class of a uniform block; zero if mixed.
    class: u32,
    /// Part of the memory that the heap's owner is in, and not given back on its own.
    lent: bool,
}

const BLOCK_HEADER: usize = size_of::<Block>();

impl Block {
    fn cells(this: *mut Block) -> *mut u8 {
        this.cast::<u8>().wrapping_add(BLOCK_HEADER)
    }

    fn at(this: *mut Block, offset: u32) -> *mut u8 {
        this.cast::<u8>().wrapping_add(offset as usize)
    }
}

/// Prefix of a cell that has an allocation of its own.
#[repr(C)]
struct Own {
    /// Position in the list of such cells.
    index: usize,
    /// Of the allocation, this prefix included.
    bytes: usize,
}

pub(super) const OWN_PREFIX: usize = size_of::<Own>();

/// Free lists; behind a pointer because a heap of one block does not need them.
struct Classes {
    lists: [*mut FreeCell; CLASSES],
    /// Bytes that each class has taken from mixed blocks.
    mixed_bytes: [u16; CLASSES],
}

struct Shared(Classes);

// SAFETY: the one value of this type is never written.
unsafe impl Sync for Shared {}

static NO_CLASSES: Shared = Shared(Classes { lists: [null_mut(); CLASSES], mixed_bytes: [0; CLASSES] });

/// Uniform blocks of each class.
struct Uniform {
    swept: [*mut Block; CLASSES],
    unswept: [*mut Block; CLASSES],
    /// A swept block whose memory above `used` is still fresh.
    fresh: [*mut Block; CLASSES],
}

/// The cells of a heap.
pub(super) struct Memory {
    /// Bytes allocated beyond the threshold at which the collector wants to work.
    pub(super) debt: isize,
    classes: *mut Classes,
    bump: *mut u8,
    bump_end: *mut u8,
    /// Mark of live cells: 1 or 2.
    pub(super) epoch: u8,
    sweeping: bool,
    threshold: isize,
    limit: usize,
    bump_block: *mut Block,
    mixed: *mut Block,
    mixed_unswept: *mut Block,
    uniform: Option<Box<Uniform>>,
    class_cursor: u8,
    /// Kilobytes by which the threshold was put off since it was set.
    put_off: u8,
    own: Lazy<Vec<*mut Own>>,
    own_cursor: usize,
    spare: *mut Block,
    spare_count: u32,
    block_count: u32,
}

/// Extent of a small cell, from its header.
///
/// # Safety
/// `cell` is a cell in a mixed block.
unsafe fn extent(cell: *mut Header) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        match (*cell).kind {
            Kind::Nodes => size_of::<Header>() + (size_of::<Node>() << (*cell).small),
            _ => (*cell).size as usize,
        }
    }
}

/// In debug builds makes the contents of a dead cell recognisable.
///
/// # Safety
/// `cell` is dead and has `bytes`.
#[inline(always)]
unsafe fn poison(cell: *mut Header, bytes: usize) {
    if cfg!(debug_assertions) {
        // SAFETY: the caller's promise.
        unsafe { cell.cast::<u8>().add(8).write_bytes(0xdb, bytes - 8) }
    }
}

impl Memory {
    pub(super) fn new(limit: usize, threshold: usize) -> Memory {
        Memory {
            debt: -(threshold as isize),
            classes: (&raw const NO_CLASSES.0).cast_mut(),
            bump: null_mut(),
            bump_end: null_mut(),
            epoch: 1,
            sweeping: false,
            threshold: threshold as isize,
            limit,
            bump_block: null_mut(),
            mixed: null_mut(),
            mixed_unswept: null_mut(),
            uniform: None,
            class_cursor: 0,
            put_off: 0,
            own: Lazy::new(),
            own_cursor: 0,
            spare: null_mut(),
            spare_count: 0,
            block_count: 0,
        }
    }

    /// Bytes in live and not yet swept cells, and what was accounted besides.
    #[inline(always)]
    pub(super) fn bytes(&self) -> usize {
        self.threshold.wrapping_add(self.debt) as usize
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// The collector works at the limit at the latest. A limit that is set again and again does not put it off.
    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        if self.threshold.max(0) as usize > limit {
            self.set_threshold(limit);
        }
    }

    /// The collector wants to work when `bytes` passes this.
    pub(super) fn set_threshold(&mut self, threshold: usize) {
        let threshold = threshold.min(isize::MAX as usize / 2) as isize;
        self.debt = (self.bytes() as isize).wrapping_sub(threshold);
        self.threshold = threshold;
        self.put_off = 0;
    }

    /// Lets the program allocate so much more (or, if negative, less) before the collector works again.
    pub(super) fn postpone(&mut self, bytes: isize) {
        self.threshold = self.threshold.wrapping_add(bytes);
        self.debt -= bytes;
    }

    /// The same for what need not be collected soon, in kilobytes; as long as little was put off since the threshold was
    /// set, and not beyond the limit.
    pub(super) fn put_off(&mut self, bytes: usize) {
        /// Kilobytes: the heap is to stay small, and in the processor's caches.
        const MOST: u8 = 192;
        let more = (bytes / 1024).min(usize::from(MOST - self.put_off));
        let within = self.threshold.saturating_add(1024 * more as isize) as usize <= self.limit;
        if more > 0 && within {
            self.put_off += more as u8;
            self.postpone(1024 * more as isize);
        }
    }

    /// Discounts swept cells. What they free is no allowance: the program's allocation alone decides when the
    /// collector works.
    fn found_dead(&mut self, bytes: usize) {
        self.debt -= bytes as isize;
        self.postpone(-(bytes as isize));
    }

    /// Counts memory that is not in cells but belongs to one.
    pub(super) fn account(&mut self, bytes: isize) {
        self.debt += bytes;
    }

    /// Whether `more` bytes would pass the limit.
    #[inline]
    pub(super) fn refuses(&self, more: usize) -> bool {
        self.bytes().saturating_add(more) > self.limit
    }

    /// A cell of a size known to be a class's, at most 256 bytes; never fails.
    #[inline(always)]
    pub(super) fn small(&mut self, bytes: usize, header: Header) -> *mut Header {
        debug_assert!(bytes <= UNCHECKED_BYTES && bytes.is_multiple_of(8) && bytes >= MIN_BYTES);
        if bytes > SMALL_BYTES {
            return self.own_or_die(bytes, header);
        }
        self.listed(bytes, header)
    }

    /// A cell of a size that is a class's: a free one, or the first of a new block.
    #[inline(always)]
    fn listed(&mut self, bytes: usize, header: Header) -> *mut Header {
        let class = class_of(bytes);
        // SAFETY: `classes` points to this heap's lists or to the shared empty ones, and `class` is in range; a listed
        // cell is free memory of its class's size. The shared lists are null, so they are never written here.
        unsafe {
            let list = &raw mut (*self.classes).lists[class];
            let mut cell = *list;
            if cell.is_null() {
                cell = self.refill(class);
            } else {
                *list = (*cell).next;
            }
            self.debt += bytes as isize;
            let cell = cell.cast::<Header>();
            cell.write(header);
            cell
        }
    }

    /// A cell of any size; `size` of the header is filled in.
    pub(super) fn cell(&mut self, bytes: usize, mut header: Header) -> Result<*mut Header, OutOfMemory> {
        let bytes = rounded(bytes);
        header.size = u32::try_from(bytes).unwrap_or(u32::MAX);
        if bytes <= UNCHECKED_BYTES {
            return Ok(self.small(bytes, header));
        }
        if self.refuses(bytes) {
            return Err(OutOfMemory);
        }
        if bytes > SMALL_BYTES {
            return self.own_cell(bytes, header);
        }
        Ok(self.listed(bytes, header))
    }

    /// A cell of any size that is made whatever the limit says: the few kinds whose size is bounded.
    pub(super) fn unlimited(&mut self, bytes: usize, mut header: Header) -> *mut Header {
        let limit = std::mem::replace(&mut self.limit, usize::MAX);
        header.size = 0;
        let cell = self.cell(bytes, header);
        self.limit = limit;
        match cell {
            Ok(cell) => cell,
            Err(OutOfMemory) => std::alloc::handle_alloc_error(std::alloc::Layout::new::<[u64; 4]>()),
        }
    }

    fn own_cell(&mut self, bytes: usize, header: Header) -> Result<*mut Header, OutOfMemory> {
        let total = bytes + OWN_PREFIX;
        let own = pool::take(total);
        if own.is_null() {
            return Err(OutOfMemory);
        }
        // SAFETY: the memory is fresh, aligned, and large enough for the prefix and a header.
        unsafe { Ok(self.adopt(own, total, header)) }
    }

    /// Makes an allocation the cell of one object; what is behind its prefix and header is kept.
    ///
    /// # Safety
    /// `start` was taken from the pool with `total` bytes, enough for prefix and header, and belongs to nobody else.
    pub(super) unsafe fn adopt(&mut self, start: *mut u8, total: usize, mut header: Header) -> *mut Header {
        header.size = u32::try_from(total - OWN_PREFIX).unwrap_or(u32::MAX);
        let own = start.cast::<Own>();
        // SAFETY: the caller's promise; the pool aligns for both.
        unsafe {
            own.write(Own { index: self.own.len(), bytes: total });
            self.own.push(own);
            self.debt += total as isize;
            let cell = own.add(1).cast::<Header>();
            cell.write(header);
            cell
        }
    }

    #[cold]
    fn own_or_die(&mut self, bytes: usize, header: Header) -> *mut Header {
        match self.own_cell(bytes, header) {
            Ok(cell) => cell,
            Err(OutOfMemory) => std::alloc::handle_alloc_error(std::alloc::Layout::new::<[u64; 4]>()),
        }
    }

    /// Gives a cell back before the collector finds it dead.
    ///
    /// # Safety
    /// Nothing refers to the cell any more, and it was allocated with (rounded) `bytes`.
    pub(super) unsafe fn free(&mut self, cell: *mut Header, bytes: usize) {
        let bytes = rounded(bytes);
        // SAFETY: the caller's promise.
        unsafe {
            if bytes > SMALL_BYTES {
                self.free_own(cell.cast::<Own>().sub(1));
                return;
            }
            (*cell).mark = 0;
            // While blocks are swept, the sweep must find it; a heap without free lists waits for the collector.
            if self.sweeping || self.has_no_classes() {
                return;
            }
            poison(cell, bytes);
            self.list(cell.cast(), bytes, class_of(bytes));
            self.debt -= bytes as isize;
        }
    }

    unsafe fn free_own(&mut self, own: *mut Own) {
        // SAFETY: `own` is in the list at its index; after the swap the moved one knows its new place.
        unsafe {
            let index = (*own).index;
            let bytes = (*own).bytes;
            debug_assert!(self.own[index] == own);
            self.own.swap_remove(index);
            if let Some(&moved) = self.own.get(index) {
                (*moved).index = index;
            }
            self.debt -= bytes as isize;
            pool::give(own.cast(), bytes);
        }
    }

    /// Grows a cell that may move, keeping its first `old` bytes and its header (except `size`).
    ///
    /// # Safety
    /// The cell was allocated with `old` bytes; nothing else refers to it, or the caller corrects that. On failure it
    /// is as it was.
    pub(super) unsafe fn grow(
        &mut self,
        cell: *mut Header,
        old: usize,
        new: usize,
    ) -> Result<*mut Header, OutOfMemory> {
        let (old, new) = (rounded(old), rounded(new));
        debug_assert!(new >= old);
        // SAFETY: the caller's promise; both extents are those of the cells.
        unsafe {
            if old > SMALL_BYTES {
                if self.refuses(new - old) {
                    return Err(OutOfMemory);
                }
                let own = cell.cast::<Own>().sub(1);
                let (index, bytes) = ((*own).index, (*own).bytes);
                let total = new + OWN_PREFIX;
                let own = pool::resize(own.cast(), bytes, total).cast::<Own>();
                if own.is_null() {
                    return Err(OutOfMemory);
                }
                (*own).bytes = total;
                self.own[index] = own;
                self.debt += total as isize - bytes as isize;
                let cell = own.add(1).cast::<Header>();
                (*cell).size = u32::try_from(new).unwrap_or(u32::MAX);
                return Ok(cell);
            }
            let header = Header { size: 0, ..cell.read() };
            let moved = self.cell(new, header)?;
            std::ptr::copy_nonoverlapping(cell.cast::<u64>().add(1), moved.cast::<u64>().add(1), old / 8 - 1);
            self.free(cell, old);
            Ok(moved)
        }
    }

    #[inline(always)]
    fn has_no_classes(&self) -> bool {
        std::ptr::eq(self.classes, &raw const NO_CLASSES.0)
    }

    fn need_classes(&mut self) {
        if self.has_no_classes() {
            self.classes =
                Box::into_raw(Box::new(Classes { lists: [null_mut(); CLASSES], mixed_bytes: [0; CLASSES] }));
        }
    }

    /// Puts a cell on its free list.
    ///
    /// # Safety
    /// The cell is dead or fresh, on no list, has `bytes`, which are `class`'s; the lists are this heap's own.
    #[inline]
    unsafe fn list(&mut self, cell: *mut FreeCell, bytes: usize, class: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            let list = &raw mut (*self.classes).lists[class];
            cell.write(FreeCell { header: free_header(bytes), next: *list });
            *list = cell;
        }
    }

    /// Finds a cell of a class whose free list is empty.
    #[cold]
    #[inline(never)]
    fn refill(&mut self, class: usize) -> *mut FreeCell {
        let bytes = class_size(class);
        // SAFETY: blocks and lists are this heap's; fresh memory is inside its block.
        unsafe {
            if self.sweeping
                && let Some(cell) = self.sweep_for(class)
            {
                return cell;
            }
            if let Some(uniform) = &self.uniform
                && !uniform.fresh[class].is_null()
            {
                return self.carve(class);
            }
            if !self.has_no_classes() && (*self.classes).mixed_bytes[class] as usize >= UNIFORM_FROM_BYTES {
                self.add_uniform(class);
                return self.carve(class);
            }
            if (self.bump_end as usize) - (self.bump as usize) < bytes {
                // The rest of a block that is still to be swept would be listed twice.
                while !self.mixed_unswept.is_null() {
                    self.sweep_mixed();
                }
                let list = &raw mut (*self.classes).lists[class];
                let cell = *list;
                if !cell.is_null() {
                    *list = (*cell).next;
                    return cell;
                }
                if (self.bump_end as usize) - (self.bump as usize) < bytes {
                    self.add_mixed(bytes);
                }
            }
            let cell = self.bump.cast::<FreeCell>();
            self.bump = self.bump.add(bytes);
            if !self.has_no_classes() {
                (*self.classes).mixed_bytes[class] += bytes as u16;
            }
            cell
        }
    }

    /// Cuts the next cells from a class's fresh block; returns one and lists the others.
    unsafe fn carve(&mut self, class: usize) -> *mut FreeCell {
        let bytes = class_size(class);
        let uniform = self.uniform.as_mut().expect("the caller saw a fresh block");
        let block = uniform.fresh[class];
        // SAFETY: the block is this heap's, `used` is where its fresh memory begins, and every piece written here ends
        // at or before its end.
        unsafe {
            let room = ((*block).bytes - (*block).used) as usize / bytes;
            let count = (CARVE_BYTES / bytes).clamp(1, room);
            let first = Block::at(block, (*block).used);
            (*block).used += (count * bytes) as u32;
            if room == count {
                uniform.fresh[class] = null_mut();
            }
            let list = &raw mut (*self.classes).lists[class];
            for k in (1..count).rev() {
                let cell = first.add(k * bytes).cast::<FreeCell>();
                cell.write(FreeCell { header: free_header(bytes), next: *list });
                *list = cell;
            }
            first.cast()
        }
    }

    fn add_uniform(&mut self, class: usize) {
        let block = if self.spare.is_null() {
            self.block_count += 1;
            chunks::take(BLOCK_BYTES).cast::<Block>()
        } else {
            let block = self.spare;
            // SAFETY: spare blocks are linked through their headers.
            self.spare = unsafe { (*block).next };
            self.spare_count -= 1;
            block
        };
        let uniform = self.uniform.get_or_insert_with(|| {
            Box::new(Uniform {
                swept: [null_mut(); CLASSES],
                unswept: [null_mut(); CLASSES],
                fresh: [null_mut(); CLASSES],
            })
        });
        let header = Block {
            next: uniform.swept[class],
            bytes: BLOCK_BYTES as u32,
            used: BLOCK_HEADER as u32,
            class: class as u32,
            lent: false,
        };
        // SAFETY: the block is unused memory of this size.
        unsafe { block.write(header) };
        uniform.swept[class] = block;
        uniform.fresh[class] = block;
    }

    /// Makes memory that outlives the heap its first block.
    ///
    /// # Safety
    /// `place` is aligned to 8 bytes, has `bytes`, which are a few hundred, and is used by nobody else.
    pub(super) unsafe fn begin_in(&mut self, place: *mut u8, bytes: usize) {
        debug_assert!(self.bump_block.is_null() && bytes >= BLOCK_HEADER + MIN_BYTES);
        let block = place.cast::<Block>();
        // SAFETY: the caller's promise.
        unsafe {
            block.write(Block {
                next: null_mut(),
                bytes: bytes as u32,
                used: BLOCK_HEADER as u32,
                class: 0,
                lent: true,
            });
        }
        self.block_count += 1;
        self.mixed = block;
        self.bump_block = block;
        self.bump = Block::cells(block);
        self.bump_end = Block::at(block, bytes as u32);
    }

    /// Starts another mixed block with room for `need` bytes; what is left of the last one goes to the free lists.
    unsafe fn add_mixed(&mut self, need: usize) {
        let rest = self.bump_end as usize - self.bump as usize;
        if !self.bump_block.is_null() && self.has_no_classes() && rest <= LEFT_BYTES {
            // SAFETY: the rest of the block is fresh memory.
            unsafe {
                if rest >= MIN_BYTES {
                    self.bump.cast::<Header>().write(free_header(rest));
                    self.bump = self.bump_end;
                }
                (*self.bump_block).used = (self.bump as usize - self.bump_block as usize) as u32;
            }
        } else if !self.bump_block.is_null() {
            self.need_classes();
            // SAFETY: the rest of the block is fresh memory and cut into cells of existing classes.
            unsafe {
                let mut rest = self.bump_end as usize - self.bump as usize;
                while rest >= MIN_BYTES {
                    let mut bytes = class_size(class_of(rest.min(256)));
                    if rest - bytes < MIN_BYTES && rest - bytes > 0 {
                        bytes -= MIN_BYTES;
                    }
                    let cell = self.bump.cast::<FreeCell>();
                    self.list(cell, bytes, class_of(bytes));
                    self.bump = self.bump.add(bytes);
                    rest -= bytes;
                }
                (*self.bump_block).used = (self.bump as usize - self.bump_block as usize) as u32;
            }
        }
        // Half as much again: a heap that has just grown has not much that it does not use.
        let wanted = (self.bytes() / 2).max(need + BLOCK_HEADER).clamp(FIRST_BLOCK_BYTES, BLOCK_BYTES);
        let bytes = match 1 << wanted.ilog2() {
            bytes if bytes < need + BLOCK_HEADER => (bytes * 2).min(BLOCK_BYTES),
            bytes => bytes,
        };
        let block = chunks::take(bytes).cast::<Block>();
        self.block_count += 1;
        // SAFETY: fresh memory of this size.
        unsafe {
            block.write(Block {
                next: self.mixed,
                bytes: bytes as u32,
                used: BLOCK_HEADER as u32,
                class: 0,
                lent: false,
            });
        }
        self.mixed = block;
        self.bump_block = block;
        self.bump = Block::cells(block);
        self.bump_end = Block::at(block, bytes as u32);
    }

    unsafe fn give_blocks(list: *mut Block) {
        let mut block = list;
        while !block.is_null() {
            // SAFETY: the list's blocks are this heap's and not used any more.
            unsafe {
                let next = (*block).next;
                if !(*block).lent {
                    chunks::give(block.cast(), (*block).bytes as usize);
                }
                block = next;
            }
        }
    }
}

const fn free_header(bytes: usize) -> Header {
    Header { kind: Kind::Free, mark: 0, flags: 0, small: 0, size: bytes as u32 }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: nothing refers to the cells when the heap goes; each block is on exactly one list.
        unsafe {
            Self::give_blocks(self.mixed);
            Self::give_blocks(self.mixed_unswept);
            Self::give_blocks(self.spare);
            if let Some(uniform) = &self.uniform {
                for class in 0..CLASSES {
                    Self::give_blocks(uniform.swept[class]);
                    Self::give_blocks(uniform.unswept[class]);
                }
            }
            for &own in self.own.iter() {
                pool::give(own.cast(), (*own).bytes);
            }
            if !self.has_no_classes() {
                drop(Box::from_raw(self.classes));
            }
        }
    }
}

#[cfg(test)]
impl Memory {
    /// Prefixes of cells with an allocation of their own.
    pub(super) fn own_prefixes(&self) -> usize {
        self.own.len() * OWN_PREFIX
    }

    /// Bytes of all cells that are not free, found by walking.
    pub(super) fn walk(&self) -> usize {
        assert!(!self.sweeping);
        let mut total = 0;
        let mut lists = vec![self.mixed];
        if let Some(uniform) = &self.uniform {
            lists.extend(uniform.swept);
        }
        for mut block in lists {
            while !block.is_null() {
                // SAFETY: the lists hold this heap's blocks.
                unsafe {
                    let end =
                        if block == self.bump_block { self.bump } else { Block::at(block, (*block).used) };
                    let mut at = Block::cells(block);
                    while at < end {
                        let cell = at.cast::<Header>();
                        let bytes = match (*block).class {
                            0 => extent(cell),
                            class => class_size(class as usize),
                        };
                        if (*cell).kind != Kind::Free {
                            total += bytes;
                            let mark = (*cell).mark;
                            assert!(mark == self.epoch || mark == 0, "mark {mark} of a {:?}", (*cell).kind);
                        }
                        at = at.add(bytes);
                    }
                    block = (*block).next;
                }
            }
        }
        // SAFETY: as above.
        total + self.own.iter().map(|&own| unsafe { (*own).bytes } - OWN_PREFIX).sum::<usize>()
    }
}
