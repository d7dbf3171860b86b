//! `Slot`: a Lua value as the heap and the interpreter store it, 16 bytes, tag beside payload.
//!
//! Not the face that natives see (that is [`super::handle::Value`]). Invariant: a slot whose tag is a collectable one
//! holds a pointer to a live cell of that kind in the heap that owns the slot, or to an immortal one.

use super::object::{Closure, Coroutine, Header, NativeClosure, StringObject, Table, UserData};
use crate::native::Native;
use crate::types::TypeValue;

/// Kind of a value. Integers are zero so that "both are integers" is one `or`; `FALSE` and `NIL` are the highest so
/// that falsity is one comparison; collectable kinds are contiguous.
pub(crate) mod tag {
    pub(crate) const INTEGER: u32 = 0;
    pub(crate) const FLOAT: u32 = 1;
    pub(crate) const STRING: u32 = 2;
    pub(crate) const TABLE: u32 = 3;
    pub(crate) const CLOSURE: u32 = 4;
    pub(crate) const NATIVE_CLOSURE: u32 = 5;
    pub(crate) const USERDATA: u32 = 6;
    pub(crate) const COROUTINE: u32 = 7;
    /// A builtin without upvalues: a pointer to its static row.
    pub(crate) const NATIVE: u32 = 8;
    /// An opaque host word.
    pub(crate) const LIGHT_USERDATA: u32 = 9;
    /// A type: a pointer to a [`crate::types::TypeValue`] that the heap, or the program, keeps.
    pub(crate) const TYPE: u32 = 10;
    pub(crate) const TRUE: u32 = 11;
    pub(crate) const FALSE: u32 = 12;
    pub(crate) const NIL: u32 = 13;
    /// Key of a node whose entry was removed and whose key was collected; never a value.
    pub(crate) const DEAD_KEY: u32 = 14;
    /// Value of a node that names a part of the image, made when it is first read; never in a slot that Lua sees.
    /// Above `NIL`, so that "neither absent nor to be made" is one comparison.
    pub(crate) const LAZY: u32 = 15;

    pub(crate) const FIRST_COLLECTABLE: u32 = STRING;
    pub(crate) const COLLECTABLE_COUNT: u32 = COROUTINE - STRING + 1;
}

/// A value in a register, an array or an upvalue.
///
/// Hot code never copies it whole: a 16-byte load after two narrower stores stalls (see [`copy`]).
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    /// Integer, float bits, or pointer.
    pub(crate) payload: u64,
    /// One of [`tag`].
    pub(crate) tag: u32,
    /// In a string constant the string's hash; in the control slot of a generic loop the position to go on from;
    /// elsewhere meaningless.
    pub(crate) aux: u32,
}

const _: () = assert!(size_of::<Slot>() == 16);

/// Copies a value as two scalars.
///
/// # Safety
/// Both pointers must be valid for their access.
#[inline(always)]
pub(crate) unsafe fn copy(to: *mut Slot, from: *const Slot) {
    // SAFETY: the caller's promise.
    unsafe {
        let (payload, tag) = ((*from).payload, (*from).tag);
        (*to).payload = payload;
        (*to).tag = tag;
    }
}

/// A value read as two scalars. A slot is written as two, and reading both with one load would wait until the writes
/// have left the processor.
///
/// # Safety
/// The pointer must be valid.
#[inline(always)]
pub(crate) unsafe fn read(from: *const Slot) -> Slot {
    // SAFETY: the caller's promise.
    unsafe { Slot { payload: (*from).payload, tag: (*from).tag, aux: 0 } }
}

/// Writes a value as two scalars.
///
/// # Safety
/// The pointer must be valid.
#[inline(always)]
pub(crate) unsafe fn write(to: *mut Slot, value: Slot) {
    // SAFETY: the caller's promise.
    unsafe {
        (*to).payload = value.payload;
        (*to).tag = value.tag;
    }
}

/// Copies `count` values, mostly few; `to` is not inside the source range except at its start.
///
/// # Safety
/// Both ranges must be valid.
#[inline(always)]
pub(crate) unsafe fn copy_down(to: *mut Slot, from: *const Slot, count: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        if count > 8 {
            std::ptr::copy(from, to, count);
            return;
        }
        for n in 0..count {
            copy(to.add(n), from.add(n));
        }
    }
}

impl Slot {
    pub(crate) const NIL: Slot = Slot { payload: 0, tag: tag::NIL, aux: 0 };
    pub(crate) const TRUE: Slot = Slot { payload: 0, tag: tag::TRUE, aux: 0 };
    pub(crate) const FALSE: Slot = Slot { payload: 0, tag: tag::FALSE, aux: 0 };

    #[inline(always)]
    pub(crate) const fn integer(i: i64) -> Slot {
        Slot { payload: i as u64, tag: tag::INTEGER, aux: 0 }
    }

    #[inline(always)]
    pub(crate) const fn float(f: f64) -> Slot {
        Slot { payload: f.to_bits(), tag: tag::FLOAT, aux: 0 }
    }

    #[inline(always)]
    pub(crate) const fn boolean(b: bool) -> Slot {
        if b { Slot::TRUE } else { Slot::FALSE }
    }

    #[inline(always)]
    pub(crate) fn string(s: *const StringObject) -> Slot {
        Slot { payload: s as u64, tag: tag::STRING, aux: 0 }
    }

    #[inline(always)]
    pub(crate) fn table(t: *const Table) -> Slot {
        Slot { payload: t as u64, tag: tag::TABLE, aux: 0 }
    }

    #[inline(always)]
    pub(crate) fn closure(c: *const Closure) -> Slot {
        Slot { payload: c as u64, tag: tag::CLOSURE, aux: 0 }
    }

    #[inline(always)]
    pub(crate) fn native_closure(c: *const NativeClosure) -> Slot {
        Slot { payload: c as u64, tag: tag::NATIVE_CLOSURE, aux: 0 }
    }

    #[inline(always)]
    pub(crate) fn native(n: &'static Native) -> Slot {
        Slot { payload: n as *const Native as u64, tag: tag::NATIVE, aux: 0 }
    }

    #[inline(always)]
    pub(crate) fn userdata(u: *const UserData) -> Slot {
        Slot { payload: u as u64, tag: tag::USERDATA, aux: 0 }
    }

    #[inline(always)]
    pub(crate) fn coroutine(c: *const Coroutine) -> Slot {
        Slot { payload: c as u64, tag: tag::COROUTINE, aux: 0 }
    }

    /// A type, which whoever asks keeps alive.
    #[inline(always)]
    pub(crate) fn ty(ty: *const TypeValue) -> Slot {
        Slot { payload: ty as u64, tag: tag::TYPE, aux: 0 }
    }

    #[inline(always)]
    pub(crate) const fn as_type(self) -> *const TypeValue {
        self.payload as *const TypeValue
    }

    #[inline(always)]
    pub(crate) const fn is_nil(self) -> bool {
        self.tag == tag::NIL
    }

    #[inline(always)]
    pub(crate) const fn is_falsy(self) -> bool {
        self.tag >= tag::FALSE
    }

    #[inline(always)]
    pub(crate) const fn as_integer(self) -> i64 {
        self.payload as i64
    }

    #[inline(always)]
    pub(crate) const fn as_float(self) -> f64 {
        f64::from_bits(self.payload)
    }

    /// Whether the payload points to a cell (which may be immortal).
    #[inline(always)]
    pub(crate) const fn is_collectable(self) -> bool {
        self.tag.wrapping_sub(tag::FIRST_COLLECTABLE) < tag::COLLECTABLE_COUNT
    }

    #[inline(always)]
    pub(crate) const fn as_header(self) -> *mut Header {
        self.payload as *mut Header
    }

    #[inline(always)]
    pub(crate) const fn as_string(self) -> *mut StringObject {
        self.payload as *mut StringObject
    }

    #[inline(always)]
    pub(crate) const fn as_table(self) -> *mut Table {
        self.payload as *mut Table
    }

    #[inline(always)]
    pub(crate) const fn as_closure(self) -> *mut Closure {
        self.payload as *mut Closure
    }

    #[inline(always)]
    pub(crate) const fn as_native_closure(self) -> *mut NativeClosure {
        self.payload as *mut NativeClosure
    }

    #[inline(always)]
    pub(crate) const fn as_userdata(self) -> *mut UserData {
        self.payload as *mut UserData
    }

    #[inline(always)]
    pub(crate) const fn as_coroutine(self) -> *mut Coroutine {
        self.payload as *mut Coroutine
    }

    /// The row of a builtin.
    ///
    /// # Safety
    /// The tag must be [`tag::NATIVE`].
    #[inline(always)]
    pub(crate) unsafe fn as_native(self) -> &'static Native {
        // SAFETY: `Slot::native` is the only maker of this tag and takes a static reference.
        unsafe { &*(self.payload as *const Native) }
    }

    /// Primitive equality of values that are not both strings (manual 3.4.4, without metamethods): pointers by
    /// identity, numbers by mathematical value.
    #[inline(always)]
    pub(crate) fn same(self, other: Slot) -> bool {
        if self.tag == other.tag {
            if self.tag == tag::FLOAT {
                self.as_float() == other.as_float()
            } else {
                self.payload == other.payload || self.tag >= tag::TRUE
            }
        } else {
            false
        }
    }
}
