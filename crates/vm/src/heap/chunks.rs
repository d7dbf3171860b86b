//! Blocks from mapped chunks: what small heaps live in, shared by all heaps of the OS process.
//!
//! A chunk is 2 MiB from the system, cut into spans of 64 KiB; a span serves one size while it has used blocks. The
//! lowest free block of a span is handed out first, while it is still in the caches; a chunk whose spans are all unused
//! goes back to the system, except one. The books are in the chunk's first page, never in free blocks, so that pages of
//! free blocks can be given back as well ([`purge`]). Who has some chunks gets the pages of a new span at once: half of what
//! starting a process cost was the system's work to bring its memory page by page. Where memory cannot be mapped, and for
//! the checking heap, blocks come from the global allocator.
//! Invariant: a block given back carries the size that it was taken with.

/// Size of the block that an interpreter begins in, in bytes: its state and the first of its heap, which is all that a
/// process needs that waits on its inbox.
pub(crate) const INTERPRETER_BYTES: usize = 1664;

/// Sizes of blocks, in bytes.
const SIZES: [usize; 7] = [512, 1024, INTERPRETER_BYTES, 2048, 4096, 8192, 16384];

#[cfg(all(unix, not(miri), not(feature = "check-heap")))]
mod mapped {
    use std::ptr::null_mut;
    use std::sync::{Mutex, PoisonError};

    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

    use super::SIZES;

    const CHUNK_BYTES: usize = 2 << 20;

    const SPAN_BYTES: usize = 64 << 10;

    /// Spans of a chunk. The first one is shorter by the page that holds the books.
    const SPANS: usize = CHUNK_BYTES / SPAN_BYTES;

    const PAGE_BYTES: usize = 4096;

    /// Chunks from which on all memory of a span is asked for when it is begun.
    const EAGER: usize = 3;

    /// Bytes of free blocks that are worth giving back in a quiet moment.
    const WORTH_A_PURGE: usize = 64 << 10;

    /// A part of a chunk that is cut into blocks of one size.
    #[repr(C)]
    struct Span {
        /// Freed blocks, a bit each.
        freed: u128,
        /// Neighbours in the list of spans of this size that have free blocks.
        next: *mut Span,
        previous: *mut Span,
        /// Blocks from this one on were never used.
        fresh: u8,
        /// Size of the blocks, as a number of [`SIZES`].
        class: u8,
        /// How many blocks it has.
        count: u8,
        /// Blocks were freed since pages were given back last.
        freed_since: bool,
    }

    /// First page of a chunk.
    #[repr(C)]
    struct Chunk {
        spans: [Span; SPANS],
        /// Neighbours in the list of chunks that have unused spans.
        next: *mut Chunk,
        previous: *mut Chunk,
        /// Spans that have no blocks, a bit each.
        unused: u32,
        /// Those among them that may have memory.
        touched: u32,
    }

    const _: () = assert!(size_of::<Chunk>() <= PAGE_BYTES);
    const _: () = assert!(SPANS == 32 && SPAN_BYTES / 640 <= 128);

    /// `unused` of a chunk without blocks.
    const ALL: u32 = u32::MAX;

    /// All chunks, as far as something in them is free.
    struct Pool {
        /// Spans with free blocks, by size.
        spans: [*mut Span; SIZES.len()],
        /// Chunks with unused spans.
        chunks: *mut Chunk,
        /// A chunk without blocks, on no list.
        spare: *mut Chunk,
        /// How many chunks there are.
        mapped: usize,
        /// Bytes given back by heaps since the last purge and not taken again: about what the next one could do.
        loose: usize,
    }

    // SAFETY: chunks belong to the pool and are only reached under its lock.
    unsafe impl Send for Pool {}

    static POOL: Mutex<Pool> = Mutex::new(Pool {
        spans: [null_mut(); SIZES.len()],
        chunks: null_mut(),
        spare: null_mut(),
        mapped: 0,
        loose: 0,
    });

    /// Where a span's blocks begin, in bytes from its chunk's start.
    fn start(number: usize) -> usize {
        if number == 0 { PAGE_BYTES } else { number * SPAN_BYTES }
    }

    /// Bytes for the blocks of a span.
    fn length(number: usize) -> usize {
        (number + 1) * SPAN_BYTES - start(number)
    }

    /// The chunk that an address is in.
    fn chunk_of<T>(inside: *mut T) -> *mut Chunk {
        inside.wrapping_byte_sub(inside as usize % CHUNK_BYTES).cast()
    }

    /// The number of a span, from the address of its books.
    unsafe fn number_of(span: *mut Span) -> usize {
        let chunk = chunk_of(span);
        // SAFETY: the caller's span is an element of its chunk's array.
        unsafe { span.offset_from_unsigned((&raw mut (*chunk).spans).cast()) }
    }

    unsafe fn span_at(chunk: *mut Chunk, number: usize) -> *mut Span {
        // SAFETY: the caller's number is that of a span.
        unsafe { (&raw mut (*chunk).spans).cast::<Span>().add(number) }
    }

    /// The memory of a span.
    fn memory_of(chunk: *mut Chunk, number: usize) -> *mut u8 {
        chunk.cast::<u8>().wrapping_add(start(number))
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
            (*chunk).unused = ALL;
            (*chunk).touched = 0;
            chunk
        }
    }

    impl Pool {
        unsafe fn link_span(&mut self, span: *mut Span) {
            // SAFETY: the caller's span is this pool's and not listed.
            unsafe {
                let first = &mut self.spans[usize::from((*span).class)];
                (*span).previous = null_mut();
                (*span).next = *first;
                if !first.is_null() {
                    (**first).previous = span;
                }
                *first = span;
            }
        }

        unsafe fn unlink_span(&mut self, span: *mut Span) {
            // SAFETY: the caller's span is listed here.
            unsafe {
                let (next, previous) = ((*span).next, (*span).previous);
                if previous.is_null() {
                    self.spans[usize::from((*span).class)] = next;
                } else {
                    (*previous).next = next;
                }
                if !next.is_null() {
                    (*next).previous = previous;
                }
            }
        }

        unsafe fn link_chunk(&mut self, chunk: *mut Chunk) {
            // SAFETY: the caller's chunk is this pool's and not listed.
            unsafe {
                (*chunk).previous = null_mut();
                (*chunk).next = self.chunks;
                if !self.chunks.is_null() {
                    (*self.chunks).previous = chunk;
                }
                self.chunks = chunk;
            }
        }

        unsafe fn unlink_chunk(&mut self, chunk: *mut Chunk) {
            // SAFETY: the caller's chunk is listed here.
            unsafe {
                let (next, previous) = ((*chunk).next, (*chunk).previous);
                if previous.is_null() {
                    self.chunks = next;
                } else {
                    (*previous).next = next;
                }
                if !next.is_null() {
                    (*next).previous = previous;
                }
            }
        }

        /// A listed span of the size, all of whose blocks are free; null when the system has no memory.
        #[cold]
        unsafe fn add_span(&mut self, class: usize) -> *mut Span {
            // SAFETY: listed chunks are valid and have an unused span; the spare one has nothing else.
            unsafe {
                if self.chunks.is_null() {
                    let mut chunk = std::mem::replace(&mut self.spare, null_mut());
                    if chunk.is_null() {
                        chunk = map();
                        if chunk.is_null() {
                            return null_mut();
                        }
                        self.mapped += 1;
                    }
                    self.link_chunk(chunk);
                }
                let chunk = self.chunks;
                // One that has memory already, if there is one.
                let wanted = match (*chunk).unused & (*chunk).touched {
                    0 => (*chunk).unused,
                    touched => touched,
                };
                let number = wanted.trailing_zeros();
                #[cfg(target_os = "linux")]
                if self.mapped >= EAGER && (*chunk).touched >> number & 1 == 0 {
                    // One call instead of a fault for each page. A wish: what does not come now comes by itself.
                    let (memory, bytes) = (memory_of(chunk, number as usize), length(number as usize));
                    let _ = madvise(memory.cast(), bytes, Advice::LinuxPopulateWrite);
                }
                (*chunk).unused &= !(1 << number);
                (*chunk).touched &= !(1 << number);
                if (*chunk).unused == 0 {
                    self.unlink_chunk(chunk);
                }
                let span = span_at(chunk, number as usize);
                span.write(Span {
                    freed: 0,
                    next: null_mut(),
                    previous: null_mut(),
                    fresh: 0,
                    class: class as u8,
                    count: (length(number as usize) / SIZES[class]) as u8,
                    freed_since: false,
                });
                self.link_span(span);
                span
            }
        }

        /// Takes an unlisted span without used blocks back into its chunk.
        #[cold]
        unsafe fn remove_span(&mut self, span: *mut Span) {
            // SAFETY: the caller's span is this pool's.
            unsafe {
                let (chunk, number) = (chunk_of(span), number_of(span));
                if (*chunk).unused == 0 {
                    self.link_chunk(chunk);
                }
                (*chunk).unused |= 1 << number;
                (*chunk).touched |= 1 << number;
                if (*chunk).unused != ALL {
                    return;
                }
                self.unlink_chunk(chunk);
                if self.spare.is_null() {
                    self.spare = chunk;
                } else {
                    self.unmap(chunk);
                }
            }
        }

        fn take(&mut self, class: usize) -> *mut u8 {
            // SAFETY: listed spans are valid and have a free block.
            unsafe {
                let mut span = self.spans[class];
                if span.is_null() {
                    span = self.add_span(class);
                    if span.is_null() {
                        return null_mut();
                    }
                }
                let block = if (*span).freed == 0 {
                    (*span).fresh += 1;
                    (*span).fresh - 1
                } else {
                    let block = (*span).freed.trailing_zeros() as u8;
                    (*span).freed &= (*span).freed - 1;
                    block
                };
                if (*span).freed == 0 && (*span).fresh == (*span).count {
                    self.unlink_span(span);
                }
                self.loose = self.loose.saturating_sub(SIZES[class]);
                memory_of(chunk_of(span), number_of(span)).wrapping_add(usize::from(block) * SIZES[class])
            }
        }

        unsafe fn give(&mut self, piece: *mut u8, class: usize) {
            // SAFETY: the block came from `take`, so its span's books are at the beginning of its chunk.
            unsafe {
                let offset = piece as usize % CHUNK_BYTES;
                let number = offset / SPAN_BYTES;
                let span = span_at(chunk_of(piece), number);
                if (*span).freed == 0 && (*span).fresh == (*span).count {
                    self.link_span(span);
                }
                (*span).freed |= 1 << ((offset - start(number)) as u32 / SIZES[class] as u32);
                (*span).freed_since = true;
                self.loose += SIZES[class];
                // The last one with free blocks stays: who takes and gives one block over and over finds it at once.
                let is_last = (*span).next.is_null() && (*span).previous.is_null();
                if is_unused(span) && !is_last {
                    self.unlink_span(span);
                    self.remove_span(span);
                }
            }
        }

        /// Gives the pages of free blocks back.
        fn purge(&mut self) {
            self.loose = 0;
            // SAFETY: what is listed is this pool's; a page is given back when no used block reaches into it.
            unsafe {
                for first in self.spans {
                    let mut span = first;
                    while !span.is_null() {
                        let next = (*span).next;
                        if is_unused(span) {
                            self.unlink_span(span);
                            self.remove_span(span);
                        } else if (*span).freed_since {
                            (*span).freed_since = false;
                            purge_span(span);
                        }
                        span = next;
                    }
                }
                if !self.spare.is_null() {
                    let spare = std::mem::replace(&mut self.spare, null_mut());
                    self.unmap(spare);
                }
                let mut chunk = self.chunks;
                while !chunk.is_null() {
                    let mut touched = std::mem::replace(&mut (*chunk).touched, 0);
                    while touched != 0 {
                        let number = touched.trailing_zeros() as usize;
                        release(memory_of(chunk, number), length(number));
                        touched &= touched - 1;
                    }
                    chunk = (*chunk).next;
                }
            }
        }

        unsafe fn unmap(&mut self, chunk: *mut Chunk) {
            self.mapped -= 1;
            // SAFETY: the caller's chunk has no used block and is on no list.
            let result = unsafe { munmap(chunk.cast(), CHUNK_BYTES) };
            debug_assert!(result.is_ok());
        }
    }

    /// Whether all blocks of a span that were ever used are free.
    unsafe fn is_unused(span: *mut Span) -> bool {
        // SAFETY: the caller's span is valid and under the pool's lock.
        unsafe { (*span).freed.count_ones() == u32::from((*span).fresh) }
    }

    /// Gives the pages of a span back that no used block reaches into.
    unsafe fn purge_span(span: *mut Span) {
        // SAFETY: the caller's span is valid and under the pool's lock.
        unsafe {
            let bytes = SIZES[usize::from((*span).class)];
            let mut used = [false; SPAN_BYTES / PAGE_BYTES];
            for block in (0..usize::from((*span).fresh)).filter(|block| (*span).freed >> block & 1 == 0) {
                let pages = block * bytes / PAGE_BYTES..((block + 1) * bytes).div_ceil(PAGE_BYTES);
                used[pages].fill(true);
            }
            let memory = memory_of(chunk_of(span), number_of(span));
            let pages = length(number_of(span)) / PAGE_BYTES;
            let mut page = 0;
            while page < pages {
                let first = page;
                while page < pages && !used[page] {
                    page += 1;
                }
                if page > first {
                    release(memory.wrapping_add(first * PAGE_BYTES), (page - first) * PAGE_BYTES);
                }
                page += 1;
            }
        }
    }

    /// Gives the memory of whole pages back; the addresses stay.
    unsafe fn release(pages: *mut u8, bytes: usize) {
        // SAFETY: the caller's pages belong to a chunk and hold nothing. What the system does not take stays ours.
        let _ = unsafe { madvise(pages.cast(), bytes, Advice::LinuxDontNeed) };
    }

    pub(super) fn take(class: usize) -> *mut u8 {
        POOL.lock().unwrap_or_else(PoisonError::into_inner).take(class)
    }

    pub(super) unsafe fn give(piece: *mut u8, class: usize) {
        // SAFETY: the caller's promise.
        unsafe { POOL.lock().unwrap_or_else(PoisonError::into_inner).give(piece, class) }
    }

    pub(super) fn purge() {
        POOL.lock().unwrap_or_else(PoisonError::into_inner).purge();
    }

    pub(super) fn is_worth_purging() -> bool {
        POOL.lock().unwrap_or_else(PoisonError::into_inner).loose >= WORTH_A_PURGE
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

    pub(super) fn is_worth_purging() -> bool {
        false
    }
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

/// Gives memory that ended interpreters have left back to the system, as far as whole pages of it are free: their blocks,
/// and what they had from the C library's allocator, where there is that. For a quiet moment after many have ended; it
/// takes microseconds per megabyte.
pub fn purge() {
    mapped::purge();
    super::pool::release_pages();
}

/// Whether ended interpreters, and heaps that have become smaller, have left so much since the last [`purge`] that another
/// one is worth its while.
pub fn is_worth_purging() -> bool {
    mapped::is_worth_purging()
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
