//! Table constructors.
//!
//! Items without a key are collected in registers and stored in batches; an item is loaded when the separator after
//! it has been passed. Invariant: sizes are exact, except that a final call or `...` counts as nothing.

use wippy_parser::ast::{Expression, TableItem};
use wippy_parser::error::SyntaxError;
use wippy_parser::span::{Offset, Span};

use super::Compiler;
use super::descriptor::{Descriptor, Kind};
use crate::bytecode::instruction::{Instruction, MAX_AX, MAX_BYTE, Op};
use crate::bytecode::verify::MAX_HASH_OPERAND;

/// Items stored by one `SetList`, as in the reference implementation.
const BATCH: u32 = 50;

impl<'a> Compiler<'_, 'a> {
    /// `{ items }`
    pub(super) fn table(
        &mut self,
        items: &'a [TableItem<'a>],
        span: Span,
    ) -> Result<Descriptor, SyntaxError> {
        self.new_table(items, span)?;
        let table = self.f.free - 1;
        self.pass_token(span.start);
        let mut stored = 0;
        let mut waiting: Option<(Descriptor, Offset)> = None;
        let mut in_registers = 0;
        for item in items {
            if let Some((mut d, end)) = waiting.take() {
                self.pass_token(end);
                self.next_register(&mut d)?;
                in_registers += 1;
                if in_registers == BATCH {
                    self.set_list(table, in_registers, stored);
                    stored += in_registers;
                    in_registers = 0;
                }
            }
            let free = self.f.free;
            match item {
                TableItem::Item(value) => waiting = Some((self.expression(value)?, value.span.end)),
                TableItem::Named { name, value } => {
                    self.pass(name.span.end);
                    let key = Descriptor::new(Kind::String(name.symbol), name.span);
                    self.pair(table, key, name.span.end, value, span)?;
                    self.f.free = free;
                }
                TableItem::Keyed(keyed) => {
                    self.pass_token(self.next_offset());
                    let mut key = self.expression(&keyed.key)?;
                    self.settle(&mut key)?;
                    let bracket = self.pass_token(keyed.key.span.end);
                    self.pair(table, key, Offset(bracket.0 + 1), &keyed.value, span)?;
                    self.f.free = free;
                }
            }
        }
        self.pass(span.end);
        if let Some((mut d, _)) = waiting {
            if d.is_multiple() {
                self.set_results(&d, None)?;
                self.set_list(table, 0, stored);
            } else {
                self.next_register(&mut d)?;
                self.set_list(table, in_registers + 1, stored);
            }
        } else if in_registers > 0 {
            self.set_list(table, in_registers, stored);
        }
        Ok(Descriptor::new(Kind::Register(table), span))
    }

    fn new_table(&mut self, items: &[TableItem<'_>], span: Span) -> Result<(), SyntaxError> {
        let listed = items.iter().filter(|item| matches!(item, TableItem::Item(_))).count();
        let keyed = items.len() - listed;
        let open = matches!(items.last(), Some(TableItem::Item(value)) if value.is_multiple());
        let listed = listed - usize::from(open);
        // Zero, or one more than the binary logarithm of the size, rounded up.
        let hash = if keyed == 0 { 0 } else { keyed.next_power_of_two().trailing_zeros() as usize + 1 };
        let hash = hash.min(MAX_HASH_OPERAND) as u8;
        let table = self.take_registers(1)?;
        if listed <= MAX_BYTE {
            self.emit(Instruction::abc(Op::NewTable, table, hash, listed as u8), span);
        } else {
            self.emit(Instruction::abc(Op::NewTableX, table, hash, 0), span);
            // A size is only advice.
            self.emit_extra(listed.min(MAX_AX) as u32, span);
        }
        Ok(())
    }

    /// `key = value`; `=` is the token at or after `equals`.
    fn pair(
        &mut self,
        table: u8,
        key: Descriptor,
        equals: Offset,
        value: &'a Expression<'a>,
        span: Span,
    ) -> Result<(), SyntaxError> {
        self.pass_token(equals);
        let mut target = Descriptor::new(Kind::Register(table), span);
        self.index(&mut target, key)?;
        let mut value = self.expression(value)?;
        self.store(target.kind, &mut value, key.caret)
    }

    /// Stores `count` values above `table` under the keys after `stored`; 0 means up to the top.
    fn set_list(&mut self, table: u8, count: u32, stored: u32) {
        let caret = Span::default();
        let high = (stored >> 24) as u8;
        self.emit(Instruction::abc(Op::SetList, table, count as u8, high), caret);
        self.emit_extra(stored & MAX_AX as u32, caret);
        self.f.free = table + 1;
    }
}
