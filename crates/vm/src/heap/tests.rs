//! Tests of the heap as a whole.
use super::*;

#[test]
fn an_empty_heap_uses_nothing() {
    let heap = Heap::new(usize::MAX);
    assert_eq!(heap.bytes(), 0);
}
