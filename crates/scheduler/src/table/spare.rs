//! Memory of slots that nobody uses: after a peak, segments whose slots are all free give it back to the system.
//!
//! Their addresses stay, and read as zero from then on. That is a vacant slot: no pid, a closed mailbox, nothing noted.
//! So whoever comes too late, with a pid of before, finds nobody there, as in any slot that was vacated; what such a one
//! may write, a count of messages, is set anew when the slot is used again, as what is private is. Only the generations
//! would be lost: the highest of a segment is kept, and all its slots go on from there. Invariant: the indices of a
//! spare segment are in no free list.

use super::{FRESH, GROUP, Growth, SEGMENT, Slot, Table};
use crate::process::Process;
use crate::sync::{AtomicUsize, Ordering};

/// Indices that must have become free before it is worth to look for free segments: 1.5 MB of slots.
const WORTH_A_LOOK: usize = 8 * SEGMENT;

/// Free segments that are kept as they are, unless it is really quiet.
const KEPT: usize = FRESH as usize / SEGMENT;

/// A segment without memory.
pub(super) struct Spare {
    segment: usize,
    /// The next generation of all its slots.
    generation: u64,
}

/// Counts indices that have become free since the last look.
pub(super) struct Returned(AtomicUsize);

impl Returned {
    pub(super) fn new() -> Returned {
        Returned(AtomicUsize::new(0))
    }

    pub(super) fn add(&self, indices: usize) {
        self.0.fetch_add(indices, Ordering::Relaxed);
    }
}

impl<P: Process> Table<P> {
    /// Before a worker sleeps: gives the memory of free segments back if many may be free. Whether it did.
    #[inline]
    pub(crate) fn trim(&self, free: &mut super::Free) -> bool {
        self.returned.0.load(Ordering::Relaxed) >= WORTH_A_LOOK && self.give_back(free, KEPT)
    }

    /// In a quiet moment: gives the memory of all free segments back.
    pub(crate) fn trim_all(&self, free: &mut super::Free) {
        self.give_back(free, 0);
    }

    #[cold]
    fn give_back(&self, free: &mut super::Free, kept: usize) -> bool {
        if !cfg!(target_os = "linux") {
            return false;
        }
        let mut growth = self.growth.lock();
        self.returned.0.store(0, Ordering::Relaxed);
        growth.free.extend(free.0.drain(..));
        if kept == 0 && growth.fresh >= FRESH {
            // What was never used of the last segment is as good as free.
            let unused = growth.fresh..growth.fresh.next_multiple_of(SEGMENT as u32);
            growth.fresh = unused.end;
            growth.free.extend(unused);
        }
        let mut counts = vec![0; growth.fresh as usize / SEGMENT + 1];
        growth.free.iter().for_each(|&index| counts[index as usize / SEGMENT] += 1);
        let whole = |segment: &usize| counts[*segment] == SEGMENT;
        let chosen: Vec<usize> = (0..counts.len()).filter(whole).skip(kept).collect();
        if chosen.is_empty() {
            growth.free.shrink_to_fit();
            return false;
        }
        chosen.iter().for_each(|&segment| counts[segment] = 0);
        growth.free.retain(|&index| counts[index as usize / SEGMENT] > 0);
        growth.free.shrink_to_fit();
        drop(growth);
        for segment in chosen {
            let first = self.first_of(segment);
            let mut generation = 0;
            for at in 0..SEGMENT {
                // SAFETY: the indices were in the free list, so the segment was made. The shared part is atomics.
                let labels = unsafe { &(*first.add(at)).labels };
                generation = generation.max(labels.load(Ordering::Relaxed) >> 24);
            }
            // SAFETY: the indices are in no list, so nobody uses the slots; a zeroed one is as good as vacant to those
            // who come too late, and what is private is made anew before somebody uses it.
            unsafe { zero(first.cast(), SEGMENT * size_of::<Slot<P>>()) };
            self.growth.lock().spare.push(Spare { segment, generation });
        }
        true
    }

    /// The first slot of a segment that was made.
    fn first_of(&self, segment: usize) -> *mut Slot<P> {
        let index = segment * SEGMENT;
        self.groups[index / GROUP].load(Ordering::Acquire).wrapping_add(index % GROUP)
    }

    /// Makes a spare segment's slots usable again; their indices.
    pub(super) fn revive(&self, growth: &mut Growth) -> Option<std::ops::Range<u32>> {
        let Spare { segment, generation } = growth.spare.pop()?;
        let first = self.first_of(segment);
        for at in 0..SEGMENT {
            // SAFETY: the segment was made; the shared part of its slots is atomics.
            unsafe { (*first.add(at)).labels.store(generation << 24, Ordering::Relaxed) };
        }
        let start = (segment * SEGMENT) as u32;
        Some(start..start + SEGMENT as u32)
    }
}

/// Gives the memory of whole pages back; they read as zero afterwards.
///
/// # Safety
/// The pages are the caller's, from an allocation of its own, and zero is fine for whoever may read them.
#[cfg(target_os = "linux")]
unsafe fn zero(pages: *mut u8, bytes: usize) {
    // SAFETY: the caller's promise.
    let result = unsafe { rustix::mm::madvise(pages.cast(), bytes, rustix::mm::Advice::LinuxDontNeed) };
    // What the system does not take stays as it was: vacant.
    debug_assert!(result.is_ok());
}

#[cfg(not(target_os = "linux"))]
unsafe fn zero(_: *mut u8, _: usize) {}

#[cfg(all(test, target_os = "linux", not(loom)))]
mod tests {
    use std::collections::HashSet;

    use super::super::Free;
    use super::*;
    use crate::letter::Letter;
    use crate::mailbox::Parcel;
    use crate::pid::{HostId, Pid};
    use crate::process::Step;
    use crate::turn::Turn;

    struct Nobody;

    impl Process for Nobody {
        type Message = u64;
        type Completion = ();
        type Output = ();
        type Error = String;

        fn step(&mut self, _: &mut Turn<'_, Nobody>) -> Step<(), String> {
            Step::Finished(())
        }
    }

    #[test]
    fn after_a_peak_slots_have_no_memory_and_their_pids_name_nobody() {
        let (table, mut free) = (Table::<Nobody>::new(), Free::default());
        let mut seen = HashSet::new();
        for _ in 0..3 {
            let mut peak: Vec<_> =
                (0..20_000).filter_map(|_| table.allocate(&mut free, HostId::default(), false)).collect();
            assert!(peak.iter().all(|(pid, _)| seen.insert(pid.raw())), "a pid was given out again");
            assert_eq!(table.growth.lock().spare.len(), 0);
            let pids: Vec<Pid> = peak.iter().map(|(pid, _)| *pid).collect();
            for (pid, mut runnable) in peak.drain(..) {
                assert!(table.slot(&runnable).relations(pid).is_some());
                assert!(table.retire(&mut runnable).is_none());
                table.vacate(&mut free, pid, runnable);
            }
            assert!(table.trim(&mut free));
            assert!(table.growth.lock().spare.len() > 10);
            for pid in pids {
                assert!(table.find(pid).is_none());
                let late = table.at(pid.index()).expect("its address stays");
                assert!(late.relations(pid).is_none());
                let letter = Letter::Message(1);
                assert!(late.push(Parcel::new(pid, Pid::SYSTEM, letter)).is_err());
            }
        }
    }

    #[test]
    fn in_a_quiet_moment_no_segment_keeps_memory_and_numbers_stay_unique() {
        let (table, mut free) = (Table::<Nobody>::new(), Free::default());
        let mut seen = HashSet::new();
        for count in [40_000, 5_000, 40_000, 1] {
            let all: Vec<_> =
                (0..count).filter_map(|_| table.allocate(&mut free, HostId::default(), false)).collect();
            assert_eq!(all.len(), count);
            assert!(all.iter().all(|(pid, _)| seen.insert(pid.raw())), "a pid was given out again");
            for (pid, mut runnable) in all {
                assert!(table.retire(&mut runnable).is_none());
                table.vacate(&mut free, pid, runnable);
            }
            table.trim_all(&mut free);
            let growth = table.growth.lock();
            // The first segment lacks the slot that is nobody's.
            assert!(growth.free.len() < SEGMENT, "{} indices have memory", growth.free.len());
            assert_eq!(growth.free.len() + growth.spare.len() * SEGMENT + 1, growth.fresh as usize);
        }
    }
}
