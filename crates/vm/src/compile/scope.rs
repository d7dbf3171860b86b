//! What names mean: locals, upvalues, blocks, labels, `goto` and `break`.
//!
//! A symbol leads to its innermost variable in one step, however many are in scope. A jump out of a block whose
//! variables are captured goes through a *landing* at the end of that block, which closes them; whether they are
//! captured is only known there. Invariant: `variables` holds, per function, exactly the active locals, so the n-th
//! lives in register n.

use wippy_parser::ast::Name;
use wippy_parser::error::{SyntaxError, SyntaxErrorKind};
use wippy_parser::interner::Symbol;
use wippy_parser::span::{Offset, Span};

use super::descriptor::Kind;
use super::jumps::{JumpList, Targets};
use super::{Compiler, Function};
use crate::bytecode::instruction::{Instruction, Op};
use crate::bytecode::prototype::{LocalDescription, Text, UpvalueDescription};

/// Most local variables of a function, as in the reference implementation.
const MAX_LOCALS: usize = 200;
/// Most upvalues of a function: what a byte operand can name, as in the reference implementation.
const MAX_UPVALUES: usize = 255;
/// The symbol of variables without a name in the source; no name has it.
const HIDDEN: Symbol = Symbol(u32::MAX);
/// The function depth of `_ENV`, a local of no function.
const OUTSIDE: u32 = u32::MAX;

/// A variable in scope.
pub(super) struct Variable {
    symbol: Symbol,
    /// How many functions enclose the one it belongs to.
    depth: u32,
    register: u8,
    /// What `innermost` held for its symbol before.
    shadowed: u32,
    /// Index of its debug information.
    description: u32,
}

/// A block being compiled.
pub(super) struct Block {
    /// Number of this block, never used again.
    serial: u32,
    /// Active locals where it began.
    first_local: u8,
    /// Whether `break` leaves it.
    is_loop: bool,
    /// Whether a closure captures one of its locals.
    pub(super) captured: bool,
    /// Gotos pending where it began.
    first_goto: u32,
    /// Type names in scope where it began.
    first_type: u32,
}

/// Where a label stands.
#[derive(Clone, Copy)]
pub(super) struct Label {
    pc: u32,
    /// Active locals there.
    active: u8,
    at: Offset,
}

/// What a pending jump looks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The end of the loop.
    Break,
    Label(Symbol),
}

/// A `goto` or `break` whose target is not known yet.
pub(super) struct PendingGoto {
    wanted: Wanted,
    span: Span,
    jump: JumpList,
    /// Active locals at the jump, or at the end of the blocks it has left since.
    active: u8,
    /// Upvalues at and above this register are closed before the jump.
    closed: u8,
    /// Whether its target was found.
    done: bool,
}

impl Function {
    /// The upvalue that stands for `variable`.
    fn upvalue_of(&self, variable: u32) -> Option<u8> {
        self.upvalue_variables.iter().position(|&known| known == variable).map(|index| index as u8)
    }

    /// Notes that a closure captures the local in `register`.
    fn mark_captured(&mut self, register: u8) {
        self.captured = true;
        if let Some(block) = self.blocks.iter_mut().rev().find(|block| block.first_local <= register) {
            block.captured = true;
        }
    }

    fn block(&self) -> &Block {
        self.blocks.last().expect("a function body is a block")
    }

    /// The first local of the innermost block.
    pub(super) fn first_of_block(&self) -> u8 {
        self.block().first_local
    }

    /// Whether the innermost block's variables are captured.
    pub(super) fn is_block_captured(&self) -> bool {
        self.block().captured
    }
}

// ---- variables ----

impl Compiler<'_, '_> {
    /// Enters `_ENV`, the upvalue of the main function.
    pub(super) fn open_environment(&mut self) {
        self.variables.push(Variable {
            symbol: Symbol::ENV,
            depth: OUTSIDE,
            register: 0,
            shadowed: 0,
            description: 0,
        });
        self.innermost[Symbol::ENV.0 as usize] = 1;
        self.f.upvalue_variables.push(0);
        let name = self.name_text(Symbol::ENV);
        self.f.upvalues.push(UpvalueDescription { name, in_stack: true, index: 0 });
        self.f.first_variable = 1;
    }

    /// Checks that `declared` more locals can be declared; the cursor stands at the name of the last.
    pub(super) fn check_local_limit(&mut self, declared: usize) -> Result<(), SyntaxError> {
        if usize::from(self.f.active) + declared > MAX_LOCALS {
            return Err(self.limit_error("local variables", MAX_LOCALS, self.f.place));
        }
        Ok(())
    }

    /// Brings a local into scope; its value is in the register after those of the other active locals.
    pub(super) fn activate(&mut self, symbol: Symbol) {
        let name = self.name_text(symbol);
        self.activate_named(symbol, name);
        let variable = self.variables.len() as u32;
        self.innermost[symbol.0 as usize] = variable;
    }

    /// Brings a local into scope that no name in the source can mean.
    pub(super) fn activate_hidden(&mut self, name: &'static str) {
        let name = self.hidden_name(name);
        self.activate_named(HIDDEN, name);
    }

    fn activate_named(&mut self, symbol: Symbol, name: Text) {
        let shadowed = self.innermost.get(symbol.0 as usize).copied().unwrap_or(0);
        let pc = self.f.pc();
        self.variables.push(Variable {
            symbol,
            depth: self.enclosing.len() as u32,
            register: self.f.active,
            shadowed,
            description: self.f.locals.len() as u32,
        });
        self.f.active += 1;
        self.f.locals.push(LocalDescription { name, start_pc: pc, end_pc: pc });
    }

    /// Lets the debug information of the newest local begin at the next instruction.
    pub(super) fn restart_newest_local(&mut self) {
        let pc = self.f.pc();
        if let Some(local) = self.f.locals.last_mut() {
            local.start_pc = pc;
        }
    }

    /// Takes all locals but the first `count` of the current function out of scope.
    pub(super) fn deactivate_to(&mut self, count: u8) {
        let pc = self.f.pc();
        while self.f.active > count {
            self.f.active -= 1;
            let Some(variable) = self.variables.pop() else { return };
            if variable.symbol != HIDDEN {
                self.innermost[variable.symbol.0 as usize] = variable.shadowed;
            }
            self.f.locals[variable.description as usize].end_pc = pc;
        }
        self.forget_descriptions();
    }

    /// Where the variable of this name lives; `None` for a global.
    pub(super) fn resolve(&mut self, symbol: Symbol) -> Result<Option<Kind>, SyntaxError> {
        let Some(variable) = self.innermost[symbol.0 as usize].checked_sub(1) else { return Ok(None) };
        let Variable { depth, register, .. } = self.variables[variable as usize];
        if depth == self.enclosing.len() as u32 {
            return Ok(Some(Kind::Local(register)));
        }
        if let Some(upvalue) = self.f.upvalue_of(variable) {
            return Ok(Some(Kind::Upvalue(upvalue)));
        }
        self.capture(variable).map(|upvalue| Some(Kind::Upvalue(upvalue)))
    }

    /// Makes a variable of an enclosing function an upvalue of the current one and of those between.
    fn capture(&mut self, variable: u32) -> Result<u8, SyntaxError> {
        let Variable { symbol, depth: owner, register, .. } = self.variables[variable as usize];
        let mut depth = self.enclosing.len();
        let (mut in_stack, mut index) = loop {
            depth = depth.checked_sub(1).expect("the main function knows every variable outside it");
            let function = &mut self.enclosing[depth];
            if owner == depth as u32 {
                function.mark_captured(register);
                break (true, register);
            }
            if let Some(upvalue) = function.upvalue_of(variable) {
                break (false, upvalue);
            }
        };
        for depth in depth + 1..=self.enclosing.len() {
            let name = self.name_text(symbol);
            let function = self.enclosing.get_mut(depth).unwrap_or(&mut self.f);
            if function.upvalues.len() >= MAX_UPVALUES {
                let place = function.place;
                return Err(self.limit_error("upvalues", MAX_UPVALUES, place));
            }
            function.upvalues.push(UpvalueDescription { name, in_stack, index });
            function.upvalue_variables.push(variable);
            (in_stack, index) = (false, (function.upvalues.len() - 1) as u8);
        }
        Ok(index)
    }
}

// ---- blocks ----

impl Compiler<'_, '_> {
    pub(super) fn enter_block(&mut self, is_loop: bool) {
        self.block_count += 1;
        let block = Block {
            serial: self.block_count,
            first_local: self.f.active,
            is_loop,
            captured: false,
            first_goto: self.f.gotos.len() as u32,
            first_type: self.type_count(),
        };
        self.f.blocks.push(block);
    }

    /// Leaves a block: closes its captured variables, lets jumps out of it land, ends the scope of its locals.
    pub(super) fn leave_block(&mut self) -> Result<(), SyntaxError> {
        let block = self.f.blocks.pop().expect("every block left was entered");
        if block.captured {
            self.emit(Instruction::abc(Op::Close, block.first_local, 0, 0), Span::default());
            self.add_landings(&block);
        }
        if block.is_loop {
            self.resolve_breaks(&block);
        }
        self.deactivate_to(block.first_local);
        self.forget_types(block.first_type);
        self.f.free = self.f.active;
        self.move_gotos_out(&block);
        self.forget_done_gotos(block.first_goto);
        Ok(())
    }

    /// Leaves the outermost block of a function, whose variables the final `return` closes.
    pub(super) fn leave_body(&mut self) -> Result<(), SyntaxError> {
        let types = self.f.blocks.pop().map_or(0, |block| block.first_type);
        self.deactivate_to(0);
        self.forget_types(types);
        let Some(pending) = self.f.gotos.iter().find(|pending| !pending.done) else { return Ok(()) };
        let at = pending.span.start;
        Err(self.error_here(match pending.wanted {
            Wanted::Break => SyntaxErrorKind::BreakOutsideLoop { at },
            Wanted::Label(name) => {
                SyntaxErrorKind::NoVisibleLabel { label: self.interner.resolve(name).to_vec(), at }
            }
        }))
    }

    /// Sends each pending jump that leaves the scope of captured variables through code that closes them.
    fn add_landings(&mut self, block: &Block) {
        let first = block.first_local;
        let crossing =
            |pending: &PendingGoto| !pending.done && pending.active > first && pending.closed > first;
        let all = block.first_goto as usize..self.f.gotos.len();
        if !self.f.gotos[all.clone()].iter().any(crossing) {
            return;
        }
        let over = self.plain_jump();
        for index in all {
            if crossing(&self.f.gotos[index]) {
                let jump = self.landing(index, first);
                let pending = &mut self.f.gotos[index];
                pending.jump = jump;
                pending.closed = first;
            }
        }
        self.patch_here(over);
    }

    /// Lets the pending jump `index` arrive at the next instruction, a `Close`, and returns the jump after that.
    fn landing(&mut self, index: usize, first: u8) -> JumpList {
        let PendingGoto { jump, span, .. } = self.f.gotos[index];
        self.patch_here(jump);
        self.emit_at(Instruction::abc(Op::Close, first, 0, 0), span.start, Span::default());
        JumpList::one(self.emit_at(Instruction::sj(Op::Jump, 0), span.start, Span::default()))
    }

    fn resolve_breaks(&mut self, block: &Block) {
        for index in block.first_goto as usize..self.f.gotos.len() {
            let pending = &mut self.f.gotos[index];
            if !pending.done && pending.wanted == Wanted::Break {
                pending.done = true;
                let jump = pending.jump;
                self.patch_here(jump);
            }
        }
    }

    /// Looks for the targets of jumps that leave a block among the labels of the block around it.
    fn move_gotos_out(&mut self, inner: &Block) {
        let Some(outer) = self.f.blocks.last().map(|block| block.serial) else { return };
        for index in inner.first_goto as usize..self.f.gotos.len() {
            let pending = &mut self.f.gotos[index];
            if pending.done {
                continue;
            }
            pending.active = pending.active.min(inner.first_local);
            let (jump, span, active, closed) = (pending.jump, pending.span, pending.active, pending.closed);
            let Wanted::Label(name) = pending.wanted else { continue };
            let Some(&label) = self.f.labels.get(&(outer, name)) else { continue };
            self.f.gotos[index].done = true;
            if active > label.active && closed > label.active {
                let over = self.plain_jump();
                self.patch_here(jump);
                self.emit_at(Instruction::abc(Op::Close, label.active, 0, 0), span.start, Span::default());
                self.loop_to(label.pc);
                self.move_last(span.start, Span::default());
                self.patch_here(over);
            } else {
                self.patch_backward(jump, label.pc);
            }
        }
    }

    /// Drops finished gotos from the end of the list, so that later blocks need not look at them.
    fn forget_done_gotos(&mut self, first: u32) {
        while self.f.gotos.len() > first as usize && self.f.gotos.last().is_some_and(|pending| pending.done) {
            self.f.gotos.pop();
        }
    }
}

// ---- labels ----

impl Compiler<'_, '_> {
    /// Emits a jump to `wanted` that leaves the scope of what it must; `span` is the statement.
    pub(super) fn jump_to(&mut self, wanted: Wanted, span: Span) {
        let mut closed = u8::MAX;
        match wanted {
            Wanted::Label(name) => {
                if let Some(&label) = self.f.labels.get(&(self.f.block().serial, name)) {
                    if self.f.active > label.active {
                        // Whether a variable is captured further down is not known yet.
                        self.emit(Instruction::abc(Op::Close, label.active, 0, 0), Span::default());
                    }
                    self.loop_to(label.pc);
                    return;
                }
            }
            Wanted::Break => {
                if let Some(first) = self.captured_in_loop() {
                    self.emit(Instruction::abc(Op::Close, first, 0, 0), Span::default());
                    closed = first;
                }
            }
        }
        let jump = self.plain_jump();
        self.add_pending(wanted, span, jump, closed);
    }

    /// Whether a jump to `wanted` may be any waiting forward jump: nothing to close is known, no target lies behind.
    pub(super) fn is_plain_forward(&self, wanted: Wanted) -> bool {
        match wanted {
            Wanted::Break => self.captured_in_loop().is_none(),
            Wanted::Label(name) => {
                !self.f.blocks.iter().any(|block| self.f.labels.contains_key(&(block.serial, name)))
            }
        }
    }

    /// Lets the jumps of `jump` go to `wanted`.
    pub(super) fn send_to(&mut self, wanted: Wanted, span: Span, jump: JumpList) {
        self.add_pending(wanted, span, jump, u8::MAX);
    }

    fn add_pending(&mut self, wanted: Wanted, span: Span, jump: JumpList, closed: u8) {
        if let Wanted::Label(name) = wanted {
            let index = self.f.gotos.len() as u32;
            self.f.gotos_by_name.entry(name).or_default().push(index);
        }
        let active = self.f.active;
        self.f.gotos.push(PendingGoto { wanted, span, jump, active, closed, done: false });
    }

    /// The first local of the outermost block inside the loop whose variables are known to be captured.
    fn captured_in_loop(&self) -> Option<u8> {
        let inside = self.f.blocks.iter().rev().take_while(|block| !block.is_loop);
        inside.filter(|block| block.captured).last().map(|block| block.first_local)
    }

    /// Declares a label at the next instruction; `is_last` if only labels and `;` follow it in its block. Errors of
    /// gotos that meet it are reported after `resolved_at`.
    pub(super) fn declare_label(
        &mut self,
        name: Name,
        is_last: bool,
        resolved_at: Offset,
    ) -> Result<(), SyntaxError> {
        let key = (self.f.block().serial, name.symbol);
        if let Some(earlier) = self.f.labels.get(&key) {
            let label = self.interner.resolve(name.symbol).to_vec();
            let kind = SyntaxErrorKind::DuplicateLabel { label, at: earlier.at };
            // The reference implementation notices it with the closing colons.
            let closing = Offset(name.span.end.0 - 1);
            return Err(SyntaxError::without_token(kind, self.source.bytes(), closing));
        }
        let pc = self.label();
        // At the end of a block its locals count as out of scope (Lua 5.3 manual, section 3.3.4).
        let active = if is_last { self.f.block().first_local } else { self.f.active };
        let label = Label { pc, active, at: name.span.start };
        self.f.labels.insert(key, label);
        let cursor = std::mem::replace(&mut self.cursor, Offset(resolved_at.0.saturating_sub(1)));
        self.resolve_gotos(name, label)?;
        self.cursor = cursor;
        Ok(())
    }

    /// Sends the pending gotos of the current block that want `name` to its label.
    fn resolve_gotos(&mut self, name: Name, label: Label) -> Result<(), SyntaxError> {
        let first = self.f.block().first_goto;
        loop {
            let Some(waiting) = self.f.gotos_by_name.get_mut(&name.symbol) else { return Ok(()) };
            let Some(&index) = waiting.last().filter(|&&index| index >= first) else { return Ok(()) };
            waiting.pop();
            let wanted = Wanted::Label(name.symbol);
            let current = self.f.gotos.get_mut(index as usize);
            let Some(pending) = current.filter(|pending| !pending.done && pending.wanted == wanted) else {
                continue;
            };
            if pending.active < label.active {
                let (span, active) = (pending.span, pending.active);
                return Err(self.jumps_into_scope(span, name.symbol, active));
            }
            pending.done = true;
            let (jump, target) = (pending.jump, label.pc);
            self.patch(jump, Targets { with_value: target, register: None, without_value: target });
        }
    }

    #[cold]
    fn jumps_into_scope(&self, span: Span, name: Symbol, active: u8) -> SyntaxError {
        let local = &self.variables[self.f.first_variable + usize::from(active)];
        self.error_here(SyntaxErrorKind::JumpIntoScope {
            label: self.interner.resolve(name).to_vec(),
            at: span.start,
            local: self.out.names.get(self.f.locals[local.description as usize].name).to_vec(),
        })
    }
}
