//! The hash of strings: seeded, so that nobody can prepare colliding keys, and fast for short ones.
//!
//! Not a general hasher. Invariant: every string of this OS process is hashed with the same seed.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

static SEED: OnceLock<u64> = OnceLock::new();

/// Seed of this OS process.
#[inline]
pub(super) fn seed() -> u64 {
    *SEED.get_or_init(|| spread(RandomState::new().build_hasher().finish()))
}

fn spread(seed: u64) -> u64 {
    fold(seed ^ 0x9e37_79b9_7f4a_7c15, 0xd6e8_feb8_6659_fd93) | 1
}

/// Both halves of the product, mixed.
#[inline(always)]
const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

#[inline(always)]
fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[..8]);
    u64::from_le_bytes(word)
}

const K: u64 = 0xa076_1d64_78bd_642f;

/// Hash of the string of one byte, or of the empty one. Without a seed, so that these strings can be constants: there
/// are too few of them for harm.
pub(super) const fn hash_of_tiny(byte: Option<u8>) -> u32 {
    let state = match byte {
        Some(byte) => byte as u64 + 1,
        None => 0,
    };
    end(fold(state ^ K, 0xd6e8_feb8_6659_fd93))
}

#[inline(always)]
const fn end(state: u64) -> u32 {
    let mixed = fold(state, K);
    let short = (mixed ^ mixed >> 32) as u32;
    if short == 0 { 1 } else { short }
}

/// Hash of `bytes`; never zero.
#[inline]
pub(super) fn hash(seed: u64, bytes: &[u8]) -> u32 {
    let len = bytes.len();
    let mut state = seed ^ (len as u64).wrapping_mul(K);
    if len >= 8 {
        // Whole words, two at a time, and the last one overlapping.
        let mut rest = bytes;
        while rest.len() > 16 {
            state = fold(state ^ word(rest), seed ^ K ^ word(&rest[8..]));
            rest = &rest[16..];
        }
        let first = if rest.len() >= 8 { word(rest) } else { 0 };
        state = fold(state ^ first, K ^ seed ^ word(&bytes[len - 8..]));
    } else if len >= 4 {
        let low = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let high = u32::from_le_bytes([bytes[len - 4], bytes[len - 3], bytes[len - 2], bytes[len - 1]]);
        state = fold(state ^ (u64::from(low) << 32 | u64::from(high)), K ^ seed);
    } else if len < 2 {
        return hash_of_tiny(bytes.first().copied());
    } else {
        let packed = u64::from(bytes[0]) << 16 | u64::from(bytes[len / 2]) << 8 | u64::from(bytes[len - 1]);
        state = fold(state ^ packed, K ^ seed);
    }
    end(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_and_the_length_count() {
        for len in 0..100_usize {
            let bytes = vec![7_u8; len];
            let whole = hash(1, &bytes);
            assert_ne!(whole, hash(1, &vec![7_u8; len + 1]), "length {len}");
            for i in 0..len {
                let mut other = bytes.clone();
                other[i] ^= 1;
                assert_ne!(whole, hash(1, &other), "byte {i} of {len}");
            }
        }
    }

    #[test]
    fn tiny_strings_differ_and_are_spread() {
        let all: Vec<u32> = (0..=255).map(Some).chain([None]).map(hash_of_tiny).collect();
        assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), 257);
        let letters: std::collections::HashSet<u32> =
            (b'a'..=b'z').map(|c| all[usize::from(c)] & 31).collect();
        assert!(letters.len() >= 15, "{letters:?}");
    }

    #[test]
    fn low_bits_are_spread() {
        let mut buckets = [0_u32; 64];
        for i in 0..6400 {
            buckets[(hash(99, format!("key{i}").as_bytes()) & 63) as usize] += 1;
        }
        assert!(buckets.iter().all(|&n| (50..170).contains(&n)), "{buckets:?}");
    }
}
