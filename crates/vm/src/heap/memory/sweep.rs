//! Finding dead cells, block by block, when the collector steps or an allocation needs them.
//!
//! A block without live cells is kept for reuse or given back; in others the dead cells go to the free lists. Cells
//! with an allocation of their own are freed one by one. Invariant: while a sweep is under way the free lists hold
//! cells of swept blocks only.

use std::ptr::null_mut;

use super::super::chunks;
use super::super::class::{CLASSES, class_of, class_size};
use super::super::object::{Header, Kind};
use super::{BLOCK_BYTES, Block, FreeCell, Memory, extent, free_header, poison};

/// Unswept blocks that one allocation looks through before it takes fresh memory.
const SWEEP_PER_ALLOCATION: usize = 8;

impl Memory {
    /// Everything unmarked is dead from now on; finding it is the work of [`Memory::sweep`] and of allocation.
    pub(in super::super) fn begin_sweep(&mut self) {
        debug_assert!(!self.sweeping);
        self.sweeping = true;
        if !self.has_no_classes() {
            // SAFETY: these lists are this heap's own.
            unsafe { (*self.classes).lists = [null_mut(); CLASSES] };
        }
        if let Some(uniform) = &mut self.uniform {
            uniform.unswept = std::mem::replace(&mut uniform.swept, [null_mut(); CLASSES]);
            uniform.fresh = [null_mut(); CLASSES];
        }
        self.class_cursor = 0;
        self.mixed_unswept = std::mem::replace(&mut self.mixed, null_mut());
        self.own_cursor = self.own.len();
    }

    /// Sweeps until `budget` (in bytes looked over, weighted) is spent; true when everything is swept.
    pub(in super::super) fn sweep(&mut self, budget: &mut isize) -> bool {
        debug_assert!(self.sweeping);
        // SAFETY: the lists hold this heap's blocks and cells.
        unsafe {
            while *budget > 0 {
                if !self.mixed_unswept.is_null() {
                    *budget -= 512 + (*self.mixed_unswept).bytes as isize / 8;
                    self.sweep_mixed();
                } else if usize::from(self.class_cursor) < CLASSES {
                    let class = usize::from(self.class_cursor);
                    match &self.uniform {
                        Some(uniform) if !uniform.unswept[class].is_null() => {
                            *budget -= 512 + BLOCK_BYTES as isize / 8;
                            self.sweep_uniform(class);
                        }
                        Some(_) => self.class_cursor += 1,
                        None => self.class_cursor = CLASSES as u8,
                    }
                } else if self.own_cursor > 0 {
                    *budget -= 64;
                    self.own_cursor = (self.own_cursor - 1).min(self.own.len());
                    if let Some(&own) = self.own.get(self.own_cursor) {
                        let cell = own.add(1).cast::<Header>();
                        if (*cell).mark & self.epoch == 0 {
                            // Returning memory to the system is dear.
                            let bytes = (*own).bytes;
                            *budget -= bytes as isize / 16;
                            self.free_own(own);
                            self.postpone(-(bytes as isize));
                        }
                    }
                } else {
                    self.sweeping = false;
                    self.trim();
                    return true;
                }
            }
            false
        }
    }

    /// Sweeps some blocks for one class; a free cell if that gave one.
    pub(super) unsafe fn sweep_for(&mut self, class: usize) -> Option<*mut FreeCell> {
        // SAFETY: as in `sweep`.
        unsafe {
            for _ in 0..SWEEP_PER_ALLOCATION {
                match &self.uniform {
                    Some(uniform) if !uniform.unswept[class].is_null() => self.sweep_uniform(class),
                    _ if !self.mixed_unswept.is_null() => self.sweep_mixed(),
                    _ => return None,
                }
                if !self.has_no_classes() {
                    let list = &raw mut (*self.classes).lists[class];
                    let cell = *list;
                    if !cell.is_null() {
                        *list = (*cell).next;
                        return Some(cell);
                    }
                }
            }
            None
        }
    }

    unsafe fn sweep_uniform(&mut self, class: usize) {
        let epoch = self.epoch;
        // SAFETY: between its header and `used` the block consists of cells of the class's size.
        unsafe {
            let uniform = self.uniform.as_mut().expect("the caller saw an unswept block");
            let block = uniform.unswept[class];
            uniform.unswept[class] = (*block).next;
            let bytes = class_size(class);
            let first = Block::cells(block);
            let list = (*self.classes).lists[class];
            let mut head = list;
            let mut free = 0;
            let mut dead = 0;
            let mut at = Block::at(block, (*block).used);
            let cells = (at as usize - first as usize) / bytes;
            while at > first {
                at = at.sub(bytes);
                let cell = at.cast::<FreeCell>();
                if (*cell).header.mark & epoch == 0 {
                    free += 1;
                    if (*cell).header.kind != Kind::Free {
                        dead += 1;
                        poison(at.cast(), bytes);
                    }
                    cell.write(FreeCell { header: free_header(bytes), next: head });
                    head = cell;
                }
            }
            self.found_dead(dead * bytes);
            if free == cells {
                (*block).next = self.spare;
                self.spare = block;
                self.spare_count += 1;
                return;
            }
            (*self.classes).lists[class] = head;
            let uniform = self.uniform.as_mut().expect("as above");
            (*block).next = uniform.swept[class];
            uniform.swept[class] = block;
            let room = ((*block).bytes - (*block).used) as usize;
            if room >= bytes {
                if uniform.fresh[class].is_null() {
                    uniform.fresh[class] = block;
                } else {
                    let count = room / bytes;
                    let first = Block::at(block, (*block).used);
                    (*block).used += (count * bytes) as u32;
                    for k in (0..count).rev() {
                        self.list(first.add(k * bytes).cast(), bytes, class);
                    }
                }
            }
        }
    }

    pub(super) unsafe fn sweep_mixed(&mut self) {
        let epoch = self.epoch;
        // SAFETY: between its header and its end of use the block consists of cells whose headers say their extent.
        unsafe {
            let block = self.mixed_unswept;
            self.mixed_unswept = (*block).next;
            let bumping = block == self.bump_block;
            let end = if bumping { self.bump } else { Block::at(block, (*block).used) };
            let first = Block::cells(block);
            let mut at = first;
            while at < end && (*at.cast::<Header>()).mark & epoch == 0 {
                at = at.add(extent(at.cast()));
            }
            let keep = at < end || (*block).lent && !bumping;
            if keep {
                self.need_classes();
            }
            let mut dead = 0;
            at = first;
            while at < end {
                let cell = at.cast::<Header>();
                let bytes = extent(cell);
                if (*cell).mark & epoch == 0 {
                    if (*cell).kind != Kind::Free {
                        dead += bytes;
                        poison(cell, bytes);
                    }
                    if keep {
                        self.list(cell.cast(), bytes, class_of(bytes));
                    }
                }
                at = at.add(bytes);
            }
            self.found_dead(dead);
            if !keep && !(*block).lent {
                if bumping {
                    // The free lists of other blocks come first; another block of the right size is quickly had.
                    (self.bump, self.bump_end, self.bump_block) = (null_mut(), null_mut(), null_mut());
                }
                chunks::give(block.cast(), (*block).bytes as usize);
                self.block_count -= 1;
                return;
            }
            (*block).next = self.mixed;
            self.mixed = block;
            if !keep {
                self.bump = first;
            }
        }
    }

    /// Gives spare blocks back, except some for the next garbage.
    fn trim(&mut self) {
        let keep = 2 + (self.block_count - self.spare_count) / 4;
        while self.spare_count > keep {
            let block = self.spare;
            // SAFETY: spare blocks are unused, linked, and of this size.
            unsafe {
                self.spare = (*block).next;
                chunks::give(block.cast(), BLOCK_BYTES);
            }
            self.spare_count -= 1;
            self.block_count -= 1;
        }
    }
}
