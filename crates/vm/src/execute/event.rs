//! Metamethod events: their names, and which of them a metatable can be known not to have.
//!
//! Lookup is the table's business; this is the one list of names (Lua 5.3 manual, section 2.4).

use std::sync::OnceLock;

use crate::heap::object::{StringObject, absent};
use crate::heap::shared;

macro_rules! events {
    ($( $(#[doc = $doc:literal])* $name:ident = $text:literal, $absent:expr; )*) => {
        /// A metamethod event.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Event { $( $(#[doc = $doc])* $name, )* }

        impl Event {
            /// Every event, in order.
            pub const ALL: &'static [Event] = &[ $( Event::$name, )* ];

            /// Its key in a metatable.
            pub const fn name(self) -> &'static str {
                match self { $( Event::$name => $text, )* }
            }

            /// Flag of a metatable that is known to lack it; zero for events that are not cached.
            pub(crate) const fn absent_flag(self) -> u8 {
                match self { $( Event::$name => $absent, )* }
            }
        }
    };
}

events! {
    /// `t[k]` of an absent key or a non-table.
    Index = "__index", absent::INDEX;
    /// `t[k] = v` of an absent key or a non-table.
    NewIndex = "__newindex", absent::NEWINDEX;
    /// `a == b`.
    Eq = "__eq", absent::EQ;
    /// `#a`.
    Len = "__len", absent::LEN;
    /// `a(...)`.
    Call = "__call", absent::CALL;
    /// `a + b`.
    Add = "__add", 0;
    /// `a - b`.
    Sub = "__sub", 0;
    /// `a * b`.
    Mul = "__mul", 0;
    /// `a % b`.
    Mod = "__mod", 0;
    /// `a ^ b`.
    Pow = "__pow", 0;
    /// `a / b`.
    Div = "__div", 0;
    /// `a // b`.
    IDiv = "__idiv", 0;
    /// `a & b`.
    BAnd = "__band", 0;
    /// `a | b`.
    BOr = "__bor", 0;
    /// `a ~ b`.
    BXor = "__bxor", 0;
    /// `a << b`.
    Shl = "__shl", 0;
    /// `a >> b`.
    Shr = "__shr", 0;
    /// `-a`.
    Neg = "__unm", 0;
    /// `~a`.
    BNot = "__bnot", 0;
    /// `a < b`.
    Lt = "__lt", 0;
    /// `a <= b`.
    Le = "__le", 0;
    /// `a .. b`.
    Concat = "__concat", 0;
    /// Weakness of a table.
    Mode = "__mode", 0;
    /// Finalizer.
    Gc = "__gc", 0;
    /// `tostring(a)`.
    ToString = "__tostring", 0;
    /// Type name in messages and `tostring`.
    Name = "__name", 0;
    /// Answer of `getmetatable`.
    Metatable = "__metatable", 0;
    /// `pairs(a)`.
    Pairs = "__pairs", 0;
    /// `ipairs(a)`.
    Ipairs = "__ipairs", 0;
}

/// The immortal name strings, in the order of the events.
struct Names([*const StringObject; Event::ALL.len()]);

// SAFETY: the strings are immutable and are never freed (`heap::shared`).
unsafe impl Send for Names {}
// SAFETY: as above.
unsafe impl Sync for Names {}

static NAMES: OnceLock<Names> = OnceLock::new();

/// The event's name as a string value.
pub(crate) fn name_string(event: Event) -> *const StringObject {
    NAMES
        .get_or_init(|| {
            let mut names = [std::ptr::null(); Event::ALL.len()];
            for (slot, event) in names.iter_mut().zip(Event::ALL) {
                *slot = shared::intern(event.name().as_bytes());
            }
            Names(names)
        })
        .0[event as usize]
}

/// The same; null if nobody has asked for a name yet.
#[inline(always)]
pub(crate) fn known_name(event: Event) -> *const StringObject {
    NAMES.get().map_or(std::ptr::null(), |names| names.0[event as usize])
}
