//! Making an image: an interpreter is filled as if it were to run, and what it then holds is written down.
//!
//! What an image is and how it is used: `heap::image`, `heap::libraries`.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::heap::handle::{Table, UserData};
use crate::heap::image::{Image, MakeUserData, Unshareable};
use crate::heap::object;

use super::context::Context;
use super::vm::{Limits, Vm};

/// Globals that images have, about.
const GLOBALS: usize = 64;

/// What an interpreter that is to become an image notes for it.
#[derive(Default)]
struct Notes {
    /// How its host objects are made anew, by address.
    makers: HashMap<usize, MakeUserData>,
    /// Addresses of classes and of their metatables.
    classes: Vec<(usize, usize)>,
}

impl Image {
    /// An image of what `open` puts into the globals, the registry and the shared metatables of a fresh interpreter.
    ///
    /// An interpreter with the image has its own copy of a table from its first write to it on. Tables that `open` has
    /// frozen stay as they are for good and take no memory of the interpreter. Host values that `open` sets are lost.
    ///
    /// # Errors
    /// What `open` raises, and when it left a value that belongs to one interpreter: a Lua function, a coroutine, or a
    /// host object that was not made by [`Context::userdata_on_demand`].
    pub fn build(open: impl for<'gc> FnOnce(&mut Context<'gc>) -> Result<()>) -> Result<Arc<Image>> {
        Self::make(open, false)
    }

    /// The same, but all tables except the globals are read-only: writing to them is an error.
    ///
    /// # Errors
    /// As for [`Image::build`].
    pub fn build_read_only(
        open: impl for<'gc> FnOnce(&mut Context<'gc>) -> Result<()>,
    ) -> Result<Arc<Image>> {
        Self::make(open, true)
    }

    fn make(
        open: impl for<'gc> FnOnce(&mut Context<'gc>) -> Result<()>,
        read_only: bool,
    ) -> Result<Arc<Image>> {
        let mut vm = Vm::new(Limits::default());
        vm.set_host(Notes::default());
        vm.enter(|cx| {
            // Room for all globals at once.
            cx.st().heap.roots.globals = cx.table(0, GLOBALS)?.raw();
            open(cx)?;
            let notes = cx.host::<Notes>().map(std::mem::take).unwrap_or_default();
            let make = |object: *mut object::UserData| notes.makers.get(&(object as usize)).copied();
            // SAFETY: between steps the heap is consistent, and an interpreter from `Vm::new` has no image.
            let image = unsafe { Image::snapshot(&mut cx.st().heap, &make, &notes.classes, read_only) };
            image.map(Arc::new).map_err(|Unshareable(why)| Error::message(why))
        })
    }
}

impl<'gc> Context<'gc> {
    /// Makes a host object that every interpreter has its own of when this one becomes an image: there it is made when
    /// it is first reached. `make` gets the address of its metatable.
    pub fn userdata_on_demand(&mut self, make: MakeUserData, metatable: Option<Table<'gc>>) -> UserData<'gc> {
        let userdata = self.userdata(make(metatable.map(Table::address)), metatable);
        if let Some(notes) = self.host::<Notes>() {
            notes.makers.insert(userdata.address(), make);
        }
        userdata
    }

    /// Whether this interpreter is to become an image, and what it has costs its users nothing.
    pub fn is_for_image(&mut self) -> bool {
        self.host::<Notes>().is_some()
    }

    /// The metatable that an image has for a class of host objects, named by the address of something static.
    #[inline]
    pub fn class_metatable(&self, class: usize) -> Option<Table<'gc>> {
        let found = self.st().heap.class_metatable(class);
        // SAFETY: tables of the image live as long as the heap.
        (!found.is_null()).then(|| unsafe { Table::from_raw(found) })
    }

    /// Notes that a class has this metatable. When this interpreter becomes an image and the metatable is frozen,
    /// [`Context::class_metatable`] answers it at once, the same for all interpreters.
    pub fn note_class(&mut self, class: usize, metatable: Table<'gc>) {
        if let Some(notes) = self.host::<Notes>() {
            notes.classes.push((class, metatable.address()));
        }
    }
}
