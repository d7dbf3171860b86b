//! Where the memory of single large cells comes from: the global allocator.
//!
//! Blocks of small cells are in `chunks`. Invariant: what was taken with a size is given back with the same size.

use std::alloc::{Layout, alloc, dealloc, realloc};

/// Alignment of everything handed out, in bytes.
const ALIGN: usize = 8;

/// Largest single piece, in bytes; leaves room for rounding below what a layout may say.
pub(super) const MAX_BYTES: usize = isize::MAX as usize / 2;

fn layout(bytes: usize) -> Layout {
    debug_assert!(bytes > 0 && bytes <= MAX_BYTES);
    // SAFETY: the alignment is a power of two, and the size is far below the limit for a layout.
    unsafe { Layout::from_size_align_unchecked(bytes, ALIGN) }
}

/// Gives free pages of the global allocator back to the system, where that is the C library's and needs to be told.
pub(super) fn release_pages() {
    #[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
    {
        unsafe extern "C" {
            fn malloc_trim(pad: usize) -> i32;
            fn mallopt(parameter: i32, value: i32) -> i32;
        }
        /// glibc's numbers of its parameters.
        const TRIM_THRESHOLD: i32 = -1;
        const TOP_PAD: i32 = -2;
        const MMAP_THRESHOLD: i32 = -3;
        /// Larger pieces are mapped one by one. Set, because glibc stops to adapt it when the other is set.
        const MAPPED_FROM: i32 = 1 << 20;
        /// What glibc would come to by itself at most: pages are not given back while a program is busy.
        const LAZY: i32 = 32 << 20;
        const EAGER: i32 = 64 << 10;
        /// What glibc keeps at the end by itself.
        const PAD: i32 = 128 << 10;
        // SAFETY: glibc's functions, to be called at any time; they move nothing that is in use.
        unsafe { mallopt(MMAP_THRESHOLD, MAPPED_FROM) };
        // SAFETY: as above.
        unsafe { mallopt(TRIM_THRESHOLD, EAGER) };
        // SAFETY: as above.
        unsafe { mallopt(TOP_PAD, 0) };
        // The free end of this thread's own memory is given back by a free of some size only. Taken and given back at once, a
        // piece would be optimised away.
        let bytes = EAGER as usize + (16 << 10);
        let piece = std::hint::black_box(take(bytes));
        if !piece.is_null() {
            // SAFETY: just taken.
            unsafe { give(piece, bytes) };
        }
        // SAFETY: as above.
        unsafe { malloc_trim(0) };
        // SAFETY: as above.
        unsafe { mallopt(TRIM_THRESHOLD, LAZY) };
        // SAFETY: as above.
        unsafe { mallopt(TOP_PAD, PAD) };
    }
}

/// Takes `bytes` (not zero) of uninitialised memory; null when there is none.
pub(super) fn take(bytes: usize) -> *mut u8 {
    if bytes > MAX_BYTES {
        return std::ptr::null_mut();
    }
    // SAFETY: the size is not zero.
    let piece = unsafe { alloc(layout(bytes)) };
    #[cfg(test)]
    if !piece.is_null() {
        outstanding::change(bytes as isize);
    }
    piece
}

/// Gives a piece back.
///
/// # Safety
/// `piece` was taken with this size and is not used any more.
pub(super) unsafe fn give(piece: *mut u8, bytes: usize) {
    #[cfg(test)]
    outstanding::change(-(bytes as isize));
    // SAFETY: the caller's promise.
    unsafe { dealloc(piece, layout(bytes)) }
}

/// Changes the size of a piece, which may move; null when there is no memory, and then the piece is as it was.
///
/// # Safety
/// `piece` was taken with `old` bytes; `new` is not zero.
pub(super) unsafe fn resize(piece: *mut u8, old: usize, new: usize) -> *mut u8 {
    if new > MAX_BYTES {
        return std::ptr::null_mut();
    }
    // SAFETY: the caller's promise.
    let moved = unsafe { realloc(piece, layout(old), new) };
    #[cfg(test)]
    if !moved.is_null() {
        outstanding::change(new as isize - old as isize);
    }
    moved
}

/// Bytes taken and not yet given back by this thread, for leak tests.
#[cfg(test)]
pub(super) mod outstanding {
    use std::cell::Cell;

    thread_local! {
        static BYTES: Cell<isize> = const { Cell::new(0) };
    }

    pub(in super::super) fn change(by: isize) {
        BYTES.with(|bytes| bytes.set(bytes.get() + by));
    }

    pub(in super::super) fn bytes() -> isize {
        BYTES.with(Cell::get)
    }
}
