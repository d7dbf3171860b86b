//! What type values can do beyond being compared: the natives that calling them and their methods lead to.
//!
//! The machine only finds them; whoever provides the standard library says what they are. Invariant: set once.

use std::sync::OnceLock;

use crate::native::Native;

/// The natives behind type values.
pub struct TypeLibrary {
    /// `T(…)`: argument 1 is the type.
    pub call: Native,
    /// `T.is(…)`: upvalue 1 is the type.
    pub bound_is: Native,
    /// `T:method(…)`: argument 1 is the type. Sorted by name.
    pub methods: &'static [Native],
}

static INSTALLED: OnceLock<&'static TypeLibrary> = OnceLock::new();

impl TypeLibrary {
    /// Makes these the natives of type values of all interpreters; the first library stands.
    pub fn install(&'static self) {
        INSTALLED.get_or_init(|| self);
    }

    /// The library, if there is one.
    pub(crate) fn installed() -> Option<&'static TypeLibrary> {
        INSTALLED.get().copied()
    }

    /// The method of this name.
    pub fn method(&'static self, name: &[u8]) -> Option<&'static Native> {
        let found = self.methods.binary_search_by(|native| native.name.as_bytes().cmp(name));
        found.ok().map(|at| &self.methods[at])
    }
}
