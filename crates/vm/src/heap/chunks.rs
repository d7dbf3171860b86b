//! Blocks from mapped chunks: what small heaps live in, shared by all heaps of the OS process.
//!
//! A chunk is 2 MiB from the system and serves one size. Freed blocks are handed out again last in, first out, while
//! they are still in the caches; a chunk whose blocks are all free goes back to the system, except one per size. Links
//! are kept in the chunk's first pages, never in free blocks, so that pages of free blocks can be given back as well
//! ([`purge`]). Where memory cannot be mapped, and for the checking heap, blocks come from the global allocator.
//! Invariant: a block given back carries the size that it was taken with.

/// Sizes of blocks, in bytes.
const SIZES: [usize; 6] = [640, 1024, 2048, 4096, 8192, 16384];

#[cfg(all(unix, not(miri), not(feature = "check-heap")))]
mod mapped {
    use std::ptr::null_mut;
    use std::sync::{Mutex, PoisonError};

    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

    use super::SIZES;

    const CHUNK_BYTES: usize = 2 << 20;

    /// The part of a chunk that is no block.
    const HEADER_BYTES: usize = 8192;

    const PAGE_BYTES: usize = 4096;

    const MOST_BLOCKS: usize = (CHUNK_BYTES - HEADER_BYTES) / SIZES[0];

    /// First pages of a chunk.
    #[repr(C)]
    struct Chunk {
        /// Neighbours in the list of chunks that have free blocks.
        next: *mut Chunk,
        previous: *mut Chunk,
        /// Entries of `free`.
        freed: u32,
        /// Blocks from this one on were never used.
        fresh: u32,
        /// Blocks freed since pages were given back last.
        since_purge: u32,
        /// Numbers of freed blocks, last freed last.
        free: [u16; MOST_BLOCKS],
    }

    const _: () = assert!(size_of::<Chunk>() <= HEADER_BYTES);

    /// Chunks of one size.
    struct Pool {
        /// Those with free blocks.
        first: *mut Chunk,
        /// One without used blocks.
        spare: *mut Chunk,
    }

    // SAFETY: chunks belong to the pool and are only reached under its lock.
    unsafe impl Send for Pool {}

    static POOLS: [Mutex<Pool>; SIZES.len()] =
        [const { Mutex::new(Pool { first: null_mut(), spare: null_mut() }) }; SIZES.len()];

    fn count(class: usize) -> u32 {
        ((CHUNK_BYTES - HEADER_BYTES) / SIZES[class]) as u32
    }

    fn block(chunk: *mut Chunk, class: usize, number: u32) -> *mut u8 {
        chunk.cast::<u8>().wrapping_add(HEADER_BYTES + number as usize * SIZES[class])
    }

    /// Maps a chunk, aligned to its size; null when the system has no memory.
    fn map() -> *mut Chunk {
        // SAFETY: a fresh mapping of which the parts outside the aligned chunk are given back at once; they are whole
        // pages, for the system aligns mappings to pages.
        unsafe {
            let access = ProtFlags::READ | ProtFlags::WRITE;
            let Ok(start) = mmap_anonymous(null_mut(), 2 * CHUNK_BYTES, access, MapFlags::PRIVATE) else {
                return null_mut();
            };
            let chunk = start.wrapping_byte_add(start.cast::<u8>().align_offset(CHUNK_BYTES));
            let before = chunk as usize - start as usize;
            let results = [
                if before > 0 { munmap(start, before) } else { Ok(()) },
                munmap(chunk.wrapping_byte_add(CHUNK_BYTES), CHUNK_BYTES - before),
            ];
            // What could not be given back is address space without memory.
            debug_assert!(results.iter().all(Result::is_ok));
            let chunk = chunk.cast::<Chunk>();
            (*chunk).next = null_mut();
            (*chunk).previous = null_mut();
            (*chunk).freed = 0;
            (*chunk).fresh = 0;
            (*chunk).since_purge = 0;
            chunk
        }
    }

    impl Pool {
        unsafe fn link(&mut self, chunk: *mut Chunk) {
            // SAFETY: the caller's chunk is this pool's and not listed.
            unsafe {
                (*chunk).previous = null_mut();
                (*chunk).next = self.first;
                if !self.first.is_null() {
                    (*self.first).previous = chunk;
                }
                self.first = chunk;
            }
        }

        unsafe fn unlink(&mut self, chunk: *mut Chunk) {
            // SAFETY: the caller's chunk is listed here.
            unsafe {
                let (next, previous) = ((*chunk).next, (*chunk).previous);
                if previous.is_null() {
                    self.first = next;
                } else {
                    (*previous).next = next;
                }
                if !next.is_null() {
                    (*next).previous = previous;
                }
            }
        }

        fn take(&mut self, class: usize) -> *mut u8 {
            // SAFETY: listed chunks are valid and have a free block; the spare one has nothing else.
            unsafe {
                if self.first.is_null() {
                    let chunk = match std::mem::replace(&mut self.spare, null_mut()) {
                        spare if spare.is_null() => map(),
                        spare => spare,
                    };
                    if chunk.is_null() {
                        return null_mut();
                    }
                    self.link(chunk);
                }
                let chunk = self.first;
                let number = if (*chunk).freed > 0 {
                    (*chunk).freed -= 1;
                    u32::from((*chunk).free[(*chunk).freed as usize])
                } else {
                    (*chunk).fresh += 1;
                    (*chunk).fresh - 1
                };
                if (*chunk).freed == 0 && (*chunk).fresh == count(class) {
                    self.unlink(chunk);
                }
                block(chunk, class, number)
            }
        }

        unsafe fn give(&mut self, piece: *mut u8, class: usize) {
            // SAFETY: the block came from `take`, so a chunk begins at the multiple of the chunk size below it.
            unsafe {
                let offset = piece as usize % CHUNK_BYTES;
                let chunk = piece.wrapping_sub(offset).cast::<Chunk>();
                if (*chunk).freed == 0 && (*chunk).fresh == count(class) {
                    self.link(chunk);
                }
                (*chunk).free[(*chunk).freed as usize] = ((offset - HEADER_BYTES) / SIZES[class]) as u16;
                (*chunk).freed += 1;
                (*chunk).since_purge += 1;
                if (*chunk).freed == (*chunk).fresh {
                    self.unlink(chunk);
                    if self.spare.is_null() {
                        self.spare = chunk;
                    } else {
                        unmap(chunk);
                    }
                }
            }
        }

        /// Gives the pages of free blocks back.
        unsafe fn purge(&mut self, class: usize) {
            // SAFETY: chunks are this pool's; a page is given back when no used block reaches into it.
            unsafe {
                if !self.spare.is_null() {
                    unmap(std::mem::replace(&mut self.spare, null_mut()));
                }
                let mut chunk = self.first;
                while !chunk.is_null() {
                    if (*chunk).since_purge > 0 {
                        (*chunk).since_purge = 0;
                        purge_chunk(chunk, class);
                    }
                    chunk = (*chunk).next;
                }
            }
        }
    }

    unsafe fn purge_chunk(chunk: *mut Chunk, class: usize) {
        const PAGES: usize = CHUNK_BYTES / PAGE_BYTES;
        let mut used = [false; PAGES];
        // SAFETY: the caller's chunk is valid and under its pool's lock.
        unsafe {
            let mut is_free = vec![false; (*chunk).fresh as usize];
            let free: &[u16; MOST_BLOCKS] = &(*chunk).free;
            for &number in &free[..(*chunk).freed as usize] {
                is_free[usize::from(number)] = true;
            }
            for (number, _) in is_free.iter().enumerate().filter(|(_, free)| !**free) {
                let start = HEADER_BYTES + number * SIZES[class];
                for page in &mut used[start / PAGE_BYTES..(start + SIZES[class]).div_ceil(PAGE_BYTES)] {
                    *page = true;
                }
            }
            let end = (HEADER_BYTES + is_free.len() * SIZES[class]).div_ceil(PAGE_BYTES);
            let mut page = HEADER_BYTES / PAGE_BYTES;
            while page < end {
                let first = page;
                while page < end && !used[page] {
                    page += 1;
                }
                if page > first {
                    let at = chunk.cast::<u8>().add(first * PAGE_BYTES);
                    // What the system does not take stays ours.
                    let _ = madvise(at.cast(), (page - first) * PAGE_BYTES, Advice::LinuxDontNeed);
                }
                page += 1;
            }
        }
    }

    unsafe fn unmap(chunk: *mut Chunk) {
        // SAFETY: the caller's chunk has no used block and is on no list.
        let result = unsafe { munmap(chunk.cast(), CHUNK_BYTES) };
        debug_assert!(result.is_ok());
    }

    pub(super) fn take(class: usize) -> *mut u8 {
        POOLS[class].lock().unwrap_or_else(PoisonError::into_inner).take(class)
    }

    pub(super) unsafe fn give(piece: *mut u8, class: usize) {
        // SAFETY: the caller's promise.
        unsafe { POOLS[class].lock().unwrap_or_else(PoisonError::into_inner).give(piece, class) }
    }

    pub(super) fn purge() {
        for (class, pool) in POOLS.iter().enumerate() {
            // SAFETY: the pool's own chunks.
            unsafe { pool.lock().unwrap_or_else(PoisonError::into_inner).purge(class) };
        }
    }
}

#[cfg(not(all(unix, not(miri), not(feature = "check-heap"))))]
mod mapped {
    use super::super::pool;
    use super::SIZES;

    pub(super) fn take(class: usize) -> *mut u8 {
        pool::take(SIZES[class])
    }

    pub(super) unsafe fn give(piece: *mut u8, class: usize) {
        // SAFETY: the caller's promise.
        unsafe { pool::give(piece, SIZES[class]) }
    }

    pub(super) fn purge() {}
}

/// The class of blocks of a size; there must be one.
fn class_of(bytes: usize) -> usize {
    debug_assert!(SIZES.contains(&bytes));
    SIZES.iter().position(|&size| size >= bytes).unwrap_or(SIZES.len() - 1)
}

/// Takes a block of one of the sizes; ends the program when there is no memory, as small allocations have nobody to tell.
pub(crate) fn take(bytes: usize) -> *mut u8 {
    let piece = mapped::take(class_of(bytes));
    if piece.is_null() {
        std::alloc::handle_alloc_error(std::alloc::Layout::new::<[u64; 128]>());
    }
    #[cfg(all(test, unix, not(miri), not(feature = "check-heap")))]
    super::pool::outstanding::change(bytes as isize);
    piece
}

/// Gives a block back.
///
/// # Safety
/// `piece` was taken with this size and is not used any more.
pub(crate) unsafe fn give(piece: *mut u8, bytes: usize) {
    #[cfg(all(test, unix, not(miri), not(feature = "check-heap")))]
    super::pool::outstanding::change(-(bytes as isize));
    // SAFETY: the caller's promise.
    unsafe { mapped::give(piece, class_of(bytes)) }
}

/// Gives memory that ended interpreters have left back to the system, as far as whole pages of it are free. For a quiet
/// moment after many have ended; it takes microseconds per megabyte.
pub fn purge() {
    mapped::purge();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_do_not_overlap_and_keep_their_contents() {
        for size in SIZES {
            let blocks: Vec<*mut u8> = (0..5000).map(|_| take(size)).collect();
            for (n, &block) in blocks.iter().enumerate() {
                // SAFETY: a block of this size, used by nobody else.
                unsafe { block.write_bytes(n as u8, size) };
            }
            for (n, &block) in blocks.iter().enumerate() {
                // SAFETY: as above.
                let (first, last) = unsafe { (*block, *block.add(size - 1)) };
                assert_eq!((first, last), (n as u8, n as u8));
                if n % 100 != 0 {
                    // SAFETY: taken above, used no more.
                    unsafe { give(block, size) };
                }
            }
            purge();
            for (n, &block) in blocks.iter().enumerate().step_by(100) {
                // SAFETY: still ours.
                let (first, last) = unsafe { (*block, *block.add(size - 1)) };
                assert_eq!((first, last), (n as u8, n as u8));
                // SAFETY: taken above, used no more.
                unsafe { give(block, size) };
            }
        }
    }
}
