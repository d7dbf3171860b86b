//! Values that the host lends to natives, found by their type.
//!
//! There are few. The first one, which is asked for most, lies in here if it is small: an interpreter that is one of a
//! million then needs no allocation for it. Invariant: a value that lies in here is there until it is removed, and what
//! holds one does not move ([`super::state::OwnedState`]).

use std::any::{Any, TypeId};
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use crate::heap::object::HostData;
use crate::lazy::Lazy;

/// Bytes of the first value that need no allocation.
const ROOM_BYTES: usize = 64;

/// See the module.
#[repr(C)]
pub(crate) struct HostValues {
    first: HostData,
    /// Right behind `first`, which says whether something is in here.
    room: MaybeUninit<[u64; ROOM_BYTES / 8]>,
    others: Lazy<Vec<Box<dyn Any + Send>>>,
}

impl HostValues {
    pub(crate) const fn new() -> HostValues {
        HostValues { first: HostData::NONE, room: MaybeUninit::uninit(), others: Lazy::new() }
    }

    /// The value of a type.
    #[inline]
    pub(crate) fn get<T: Any>(&mut self) -> Option<&mut T> {
        if let Some(first) = self.first.pointer() {
            // SAFETY: what is held is valid as long as it is held, and lent out for no longer than this is.
            unsafe {
                if first.as_ref().type_id() == TypeId::of::<T>() {
                    return Some(first.cast::<T>().as_mut());
                }
            }
        }
        self.others.used()?.iter_mut().find_map(|value| value.downcast_mut())
    }

    /// Sets the value of a type.
    ///
    /// # Safety
    /// This does not move any more.
    pub(crate) unsafe fn set<T: Any + Send>(&mut self, value: T) {
        self.remove::<T>();
        if self.first.get().is_some() {
            self.others.push(Box::new(value));
        } else if size_of::<T>() <= ROOM_BYTES && align_of::<T>() <= 8 {
            let place = (&raw mut self.room).cast::<T>();
            // SAFETY: the room is large enough and aligned, right behind `first`, and nothing is in it; nobody else drops
            // what is written, and it does not move by the caller's promise. `first` holds nothing, so overwriting it
            // forgets nothing.
            unsafe {
                place.write(value);
                let data: *mut (dyn Any + Send) = place;
                HostData::write_in_cell(&raw mut self.first, NonNull::new_unchecked(data));
            }
        } else {
            self.first = HostData::boxed(Box::new(value));
        }
    }

    /// Forgets the value of a type.
    pub(crate) fn remove<T: Any>(&mut self) {
        if self.first.get().is_some_and(|value| value.is::<T>()) {
            self.first = HostData::NONE;
        }
        if let Some(others) = self.others.used() {
            others.retain(|value| (**value).type_id() != TypeId::of::<T>());
        }
    }

    /// Where the first value is.
    pub(crate) fn first_address(&self) -> Option<usize> {
        self.first.get().map(|value| std::ptr::from_ref(value).addr())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    struct Large([u64; 20]);

    #[test]
    fn values_are_found_by_type_wherever_they_lie_and_dropped_once() {
        let shared = Arc::new(());
        for large_first in [false, true] {
            let mut values = Box::new(HostValues::new());
            assert!(values.get::<Large>().is_none());
            // SAFETY: the box's content does not move.
            unsafe {
                if large_first {
                    values.set(Large([7; 20]));
                }
                values.set((1_u8, Arc::clone(&shared)));
                values.set((2_u16, Arc::clone(&shared)));
                values.set(Large([8; 20]));
                values.set((1_u8, Arc::clone(&shared)));
            }
            assert_eq!(Arc::strong_count(&shared), 3);
            assert_eq!(values.get::<Large>().map(|large| large.0[19]), Some(8));
            assert_eq!(values.get::<(u16, Arc<()>)>().map(|value| value.0), Some(2));
            assert!(values.first_address().is_some());
            values.remove::<(u8, Arc<()>)>();
            assert!(values.get::<(u8, Arc<()>)>().is_none());
            assert_eq!(Arc::strong_count(&shared), 2);
            drop(values);
            assert_eq!(Arc::strong_count(&shared), 1);
        }
    }
}
