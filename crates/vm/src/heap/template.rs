//! Hash parts that are made once and copied: what the tables of one record begin as.
//!
//! All keys are there, without values; such nodes are no entries, but each key has its place in its chain already.
//! Invariant: the keys are immortal strings, so a template belongs to no heap.

use std::fmt;

use super::coroutine::cell_of;
use super::object::{Node, Table};
use super::shared::Immortal;
use super::slot::Slot;
use super::table::{self, TableError};
use super::{Heap, OutOfMemory};

/// See the module.
pub(crate) struct Template {
    nodes: Box<[Node]>,
    /// As in the header of a hash part: nodes from this one on are taken.
    free: u32,
    /// The node of each name, in the order of the names.
    places: Box<[u32]>,
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({} nodes)", self.nodes.len())
    }
}

impl Heap {
    /// The template of these names, which are different; none without names.
    pub(crate) fn template(
        &mut self,
        names: impl ExactSizeIterator<Item = Immortal>,
    ) -> Result<Option<Template>, TableError> {
        if names.len() == 0 {
            return Ok(None);
        }
        let t = self.table(0, names.len())?;
        // SAFETY: the table is fresh, and nothing is collected meanwhile; the names are immortal.
        unsafe {
            let names: Vec<Immortal> = names.collect();
            for name in &names {
                self.set_string(t, name.raw(), Slot::TRUE)?;
            }
            let place =
                |name: &Immortal| table::find_string(t, name.raw()).offset_from_unsigned((*t).nodes) as u32;
            let places = names.iter().map(place).collect();
            let nodes = std::slice::from_raw_parts((*t).nodes, (*t).node_count());
            let keys_only = |node: &Node| {
                let Slot { payload, tag, .. } = Slot::NIL;
                Node { payload, tag: tag as u8, ..*node }
            };
            let free = (*cell_of((*t).nodes)).size;
            Ok(Some(Template { nodes: nodes.iter().map(keys_only).collect(), free, places }))
        }
    }

    /// A table that begins as the template says.
    pub(crate) fn table_of(&mut self, template: &Template) -> Result<*mut Table, OutOfMemory> {
        let t = self.table(0, 0)?;
        let log = template.nodes.len().ilog2() as u8;
        // SAFETY: the table is fresh; its new hash part has as many nodes as the template, and a header before them.
        unsafe {
            let nodes = self.node_part(log)?;
            nodes.copy_from_nonoverlapping(template.nodes.as_ptr(), template.nodes.len());
            (*cell_of(nodes)).size = template.free;
            (*t).nodes = nodes;
            (*t).header.small = log;
        }
        Ok(t)
    }

    /// A table with these values under the template's names, in their order; nil is none.
    ///
    /// # Safety
    /// The values are valid in this heap.
    pub(crate) unsafe fn record_of(
        &mut self,
        template: &Template,
        values: impl Iterator<Item = Slot>,
    ) -> Result<*mut Table, OutOfMemory> {
        let t = self.table_of(template)?;
        for (&place, value) in template.places.iter().zip(values) {
            // SAFETY: the places are nodes of the template, and the table has as many.
            unsafe { (*(*t).nodes.add(place as usize)).set_value(value) };
            self.barrier(value);
        }
        Ok(t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_a_template_are_empty_and_take_other_keys() {
        let mut heap = Heap::new(usize::MAX);
        let names: Vec<Immortal> = (0..10).map(|at| Immortal::of(format!("name {at}").as_bytes())).collect();
        let template = heap.template(names.iter().copied()).expect("enough memory").expect("there are names");
        let t = heap.table_of(&template).expect("enough memory");
        // SAFETY: nothing is collected here.
        unsafe {
            assert!(table::next_at(t, 0).is_none());
            let more: Vec<Immortal> =
                (0..50).map(|at| Immortal::of(format!("more {at}").as_bytes())).collect();
            for (value, name) in (0..).zip(names.iter().chain(&more).rev()) {
                heap.set_string(t, name.raw(), Slot::integer(value)).expect("enough memory");
            }
            for (value, name) in (0..).zip(names.iter().chain(&more).rev()) {
                assert_eq!(table::get_string(t, name.raw()).as_integer(), value);
            }
        }
        let values = (0..10).map(|at| if at == 3 { Slot::NIL } else { Slot::integer(at) });
        // SAFETY: integers are valid everywhere, and nothing is collected here.
        unsafe {
            let t = heap.record_of(&template, values.clone()).expect("enough memory");
            for (value, name) in values.zip(&names) {
                let found = table::get_string(t, name.raw());
                assert_eq!((found.tag, found.payload), (value.tag, value.payload));
            }
        }
        assert!(heap.template(std::iter::empty()).expect("enough memory").is_none());
    }
}
