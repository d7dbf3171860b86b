//! Tables that natives make again and again with the same fields: events, results, infos.
//!
//! The first one of a [`Shape`] is built field by field; the others are copies with other values. Invariant: a shape
//! holds names only, so it belongs to no interpreter.

use std::sync::OnceLock;

use super::context::Context;
use crate::error::Result;
use crate::heap::Heap;
use crate::heap::handle::{Table, Value};
use crate::heap::shared::Immortal;
use crate::heap::template::Template;

/// The fields of such tables; to be a `static`.
#[derive(Debug)]
pub struct Shape {
    names: &'static [&'static str],
    template: OnceLock<Option<Template>>,
}

impl Shape {
    /// Tables with these fields, which are different.
    pub const fn new(names: &'static [&'static str]) -> Shape {
        Shape { names, template: OnceLock::new() }
    }
}

impl<'gc> Context<'gc> {
    /// A table with the fields of a shape; `values` are theirs in the same order, and nil where one is to be absent.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn shaped(&mut self, shape: &'static Shape, values: &[Value<'gc>]) -> Result<Table<'gc>> {
        let template = match shape.template.get() {
            Some(template) => template,
            None => {
                // In a heap of its own: it must make no difference to a program whether it was the first to ask.
                let mut scratch = Heap::new(usize::MAX);
                let names = shape.names.iter().map(|name| Immortal::of(name.as_bytes()));
                let template = scratch.template(names)?;
                shape.template.get_or_init(|| template)
            }
        };
        let heap = &mut self.st().heap;
        let Some(template) = template else { return self.table(0, 0) };
        // SAFETY: the values are valid by their brand, and nothing is collected within a step.
        unsafe { Ok(Table::from_raw(heap.record_of(template, values.iter().map(|value| value.slot()))?)) }
    }
}
