//! Records: tables with the same few fields that a native makes again and again.
//!
//! The first one is made field by field, and a model beside it; those that follow are likenesses of the model. Invariant:
//! nobody but this file sees a model, so nobody changes one.

use smallvec::SmallVec;

use crate::error::Result;
use crate::heap::Heap;
use crate::heap::handle::{Table, Value};
use crate::heap::shared;

use super::context::Context;
use super::park::Kept;

/// Most fields of a record.
const MOST: usize = 8;

/// A model and where its fields are.
#[derive(Clone, Copy)]
struct Model {
    /// Address of the list of names.
    names: usize,
    table: Kept,
    places: [u8; MOST],
}

/// The models of an interpreter, as a value of its host.
#[derive(Default)]
struct Models(SmallVec<[Model; 1]>);

impl<'gc> Context<'gc> {
    /// A table with these fields; one that is `nil` is absent.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn record<const N: usize>(
        &mut self,
        names: &'static [&'static str; N],
        values: [Value<'gc>; N],
    ) -> Result<Table<'gc>> {
        const { assert!(N > 0 && N <= MOST) };
        let address = names.as_ptr().addr();
        let known = |models: &mut Models| models.0.iter().find(|model| model.names == address).copied();
        let model = match self.host::<Models>().and_then(known) {
            Some(model) => model,
            None => self.make_model(address, names)?,
        };
        let Value::Table(table) = self.kept(model.table) else { return self.table(0, 0) };
        self.check_room(1)?;
        let heap = &mut self.st().heap;
        // SAFETY: the model was made here and nobody has changed it; the places are those of its fields.
        unsafe {
            let record = heap.likeness(table.raw())?;
            for (place, value) in model.places.into_iter().zip(values) {
                heap.set_place(record, u32::from(place), value.slot());
            }
            Ok(Table::from_raw(record))
        }
    }

    #[cold]
    fn make_model(&mut self, address: usize, names: &[&'static str]) -> Result<Model> {
        let table = self.table(0, names.len())?;
        let mut places = [0; MOST];
        for &name in names {
            self.set_field(table, name, true)?;
        }
        for (place, &name) in places.iter_mut().zip(names) {
            // SAFETY: the table is alive, and the word is immortal.
            let found = unsafe { Heap::place_of(table.raw(), shared::word(name)) };
            *place = found.expect("the field was just set, under this very string") as u8;
        }
        let model = Model { names: address, table: self.keep(table), places };
        if self.host::<Models>().is_none() {
            self.set_host(Models::default());
        }
        if let Some(models) = self.host::<Models>() {
            models.0.push(model);
        }
        Ok(model)
    }
}
