//! Libraries as data: rows of name, function and signature.
//!
//! Registration, the checker and the reference manual all read the same rows; there is no other list of builtins.

use crate::error::Result;
use crate::execute::context::Context;
use crate::heap::handle::Table;
use crate::native::Native;

/// The builtins of one library.
pub struct Library {
    /// Name of the global that holds the library; `_G` for the basic functions.
    pub name: &'static str,
    /// The functions.
    pub functions: &'static [Native],
    /// What each of them does; empty in builds without the feature `manual`.
    pub meanings: &'static [&'static str],
}

impl Library {
    /// Puts every function into `table`.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn install<'gc>(&'static self, cx: &mut Context<'gc>, table: Table<'gc>) -> Result<()> {
        cx.set_all(table, self.functions.iter().map(|native| (native.name, native.into())))
    }

    /// The functions with what each of them does.
    pub fn rows(&self) -> impl Iterator<Item = (&'static Native, &'static str)> {
        let meanings = self.meanings.iter().map(|meaning| meaning.trim()).chain(std::iter::repeat(""));
        self.functions.iter().zip(meanings)
    }
}

/// Declares a [`Library`]: its name, then rows of name, function and signature. The comment of a row says what the
/// function does; the reference manual and `wippy types` show it.
///
/// ```ignore
/// pub static LIBRARY: Library = library!("string", [
///     /// The number of bytes.
///     ("len", len, "(s: string) -> integer"),
/// ]);
/// ```
#[macro_export]
macro_rules! library {
    ($name:literal, [
        $( $( #[doc = $meaning:literal] )* ($row:literal, $function:path, $signature:literal) ),* $(,)?
    ]) => {
        $crate::Library {
            name: $name,
            functions: &[ $( $crate::Native { name: $row, function: $function, signature: $signature } ),* ],
            meanings: $crate::meanings!( $( concat!("" $(, $meaning)*) ),* ),
        }
    };
}

/// The comments of rows, kept.
#[cfg(feature = "manual")]
#[doc(hidden)]
#[macro_export]
macro_rules! meanings {
    ($($meaning:expr),*) => { &[$($meaning),*] };
}

/// The comments of rows, dropped.
#[cfg(not(feature = "manual"))]
#[doc(hidden)]
#[macro_export]
macro_rules! meanings {
    ($($meaning:expr),*) => {
        &[]
    };
}
