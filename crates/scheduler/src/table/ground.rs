//! Where slots lie: memory that reads as zero, asked for in groups of segments.
//!
//! A zeroed slot is a vacant one that nobody has used yet ([`super::spare`]), so new ones need not be written. Invariant:
//! a group is never given back while the table lives.

use std::ptr;

use super::{SEGMENT, Slot};
use crate::process::Process;

/// Segments of one group: 3 MiB.
pub(super) const GROUP: usize = 16;

fn bytes<P: Process>() -> usize {
    GROUP * SEGMENT * size_of::<Slot<P>>()
}

#[cfg(all(target_os = "linux", not(loom), not(miri)))]
mod system {
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

    use super::*;

    /// Memory for a group of slots; ends the program when there is none.
    pub(crate) fn take<P: Process>() -> *mut Slot<P> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a fresh mapping, which disturbs no other.
        let group = unsafe { mmap_anonymous(ptr::null_mut(), bytes::<P>(), access, MapFlags::PRIVATE) };
        match group {
            Ok(group) => group.cast(),
            Err(_) => std::alloc::handle_alloc_error(std::alloc::Layout::new::<[Slot<P>; SEGMENT]>()),
        }
    }

    /// # Safety
    /// The group came from [`take`] and is not used any more.
    pub(crate) unsafe fn give<P: Process>(group: *mut Slot<P>) {
        // SAFETY: the caller's promise.
        let result = unsafe { munmap(group.cast(), bytes::<P>()) };
        debug_assert!(result.is_ok());
    }
}

#[cfg(not(all(target_os = "linux", not(loom), not(miri))))]
mod system {
    use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};

    use super::*;

    fn layout<P: Process>() -> Layout {
        let slots = Layout::array::<Slot<P>>(GROUP * SEGMENT).and_then(|slots| slots.align_to(4096));
        slots.expect("some megabytes fit into the address space")
    }

    pub(crate) fn take<P: Process>() -> *mut Slot<P> {
        // SAFETY: the layout is not empty, and all slots are written.
        unsafe {
            let group = alloc(layout::<P>()).cast::<Slot<P>>();
            if group.is_null() {
                handle_alloc_error(layout::<P>());
            }
            for at in 0..GROUP * SEGMENT {
                group.add(at).write(Slot::vacant());
            }
            group
        }
    }

    /// # Safety
    /// The group came from [`take`] and is not used any more.
    pub(crate) unsafe fn give<P: Process>(group: *mut Slot<P>) {
        // SAFETY: the caller's promise.
        unsafe { dealloc(group.cast(), layout::<P>()) }
    }
}

pub(super) use system::{give, take};
