//! Size classes of small cells.
//!
//! Up to 264 bytes every multiple of eight is a class of its own; above that there are four classes per doubling, each
//! eight bytes larger than a round number, because array and node parts are a header and a power of two. Invariant:
//! `class_size(class_of(n)) >= n` with equality for everything the table code asks for.

/// Largest cell that lives in a block, in bytes; larger ones have an allocation of their own. With the feature
/// `check-heap` every cell has.
pub(super) const SMALL_BYTES: usize = if cfg!(feature = "check-heap") { 0 } else { 2056 };

/// Number of classes; the first two are never used.
pub(super) const CLASSES: usize = 46;

/// Smallest cell: a header and a free-list link.
pub(super) const MIN_BYTES: usize = 16;

/// Classes up to this one are exact.
const EXACT: usize = 33;

/// Class of a cell of `bytes` (16 to 2,056).
#[inline(always)]
pub(super) const fn class_of(bytes: usize) -> usize {
    if bytes <= EXACT * 8 {
        bytes.div_ceil(8)
    } else {
        let s = bytes - 9;
        let log = s.ilog2() as usize;
        EXACT + 1 + (log - 8) * 4 + (s >> (log - 2) & 3)
    }
}

/// Size of the cells of a class, in bytes.
#[inline(always)]
pub(super) const fn class_size(class: usize) -> usize {
    if class <= EXACT {
        class * 8
    } else {
        let k = class - EXACT - 1;
        let base = 256 << (k / 4);
        8 + base + base / 4 * (k % 4 + 1)
    }
}

/// What a cell of `bytes` really takes.
#[inline(always)]
pub(super) const fn rounded(bytes: usize) -> usize {
    if bytes <= SMALL_BYTES { class_size(class_of(bytes)) } else { (bytes + 7) & !7 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_fits_its_class_and_no_smaller_one() {
        for bytes in MIN_BYTES..=2056 {
            let class = class_of(bytes);
            assert!(class < CLASSES);
            assert!(class_size(class) >= bytes, "{bytes}");
            assert!(class_size(class - 1) < bytes, "{bytes}");
            assert_eq!(class_of(class_size(class)), class);
        }
    }

    #[test]
    fn array_and_node_parts_are_exact() {
        for log in 1..8 {
            assert_eq!(class_size(class_of(8 + (16 << log))), 8 + (16 << log));
        }
        for log in 0..7 {
            assert_eq!(class_size(class_of(8 + (24 << log))), 8 + (24 << log));
        }
    }
}
