//! Function bodies and the main function of a chunk.
//!
//! Returns are emitted in their short forms and become long ones that close upvalues when the body turns out to have
//! captured locals. Invariant: the last instruction of every function is a return.

use wippy_parser::ast::{Expression, FunctionBody};
use wippy_parser::error::{FunctionPlace, SyntaxError};
use wippy_parser::interner::Symbol;
use wippy_parser::span::{Offset, Span};

use super::Compiler;
use super::declared::DeclaredTypes;
use super::descriptor::{Descriptor, Kind};
use crate::bytecode::instruction::{Instruction, MAX_BX, Op};
use crate::bytecode::prototype::{Function, Head};

impl<'a> Compiler<'_, 'a> {
    /// Begins the main function of a chunk: a vararg function whose only upvalue is `_ENV`.
    pub(super) fn open_main(&mut self) {
        self.open_environment();
        self.f.is_vararg = true;
        self.enter_block(false);
    }

    /// Ends the main function, and tells which types the chunk declares at its top.
    pub(super) fn close_main(&mut self) -> Result<DeclaredTypes, SyntaxError> {
        let declared = self.types_in_scope();
        self.close_function(0)?;
        Ok(declared)
    }

    /// Compiles a nested function and the instruction that creates it; it counts as defined at `defined`.
    pub(super) fn function(
        &mut self,
        body: &'a FunctionBody<'a>,
        defined: Offset,
    ) -> Result<Descriptor, SyntaxError> {
        let line_defined = self.source.line(defined);
        let place = FunctionPlace::Defined { at: defined };
        let mut function = self.spare.pop().unwrap_or_default();
        // The number that the block of its body will have.
        function.begin(self.block_count + 1, place, line_defined, self.variables.len());
        self.enclosing.push(std::mem::replace(&mut self.f, function));
        self.enter_block(false);
        self.pass(Offset(body.open.0 + 1));
        self.declare_generics(body.generics);
        self.parameters(body)?;
        self.block_statements(&body.block, false)?;
        self.pass(body.end.end);
        let last_line = self.source.line(body.end.start);
        let number = self.close_function(last_line)?;
        let index = self.f.functions.len();
        if index > MAX_BX {
            return Err(self.limit_error("functions", MAX_BX + 1, self.f.place));
        }
        self.f.functions.push(number);
        let closure = self.emit(Instruction::abx(Op::Closure, 0, index as u16), body.keyword);
        let mut closure = Descriptor::new(Kind::Relocatable(closure), body.keyword);
        // Always the topmost register: the collector, which may run now, takes everything above it for dead.
        self.next_register(&mut closure)?;
        Ok(closure)
    }

    fn parameters(&mut self, body: &'a FunctionBody<'a>) -> Result<(), SyntaxError> {
        if body.has_self {
            self.activate(Symbol::SELF);
        }
        for (index, parameter) in body.parameters.iter().enumerate() {
            self.pass(parameter.name.span.end);
            self.check_local_limit(index + 1)?;
        }
        for parameter in body.parameters {
            self.activate(parameter.name.symbol);
            self.annotate(parameter.ty, parameter.optional);
        }
        if let Some(vararg) = body.vararg {
            self.pass(vararg.span.end);
            self.f.is_vararg = true;
        }
        self.f.parameters = self.f.active;
        // The closing parenthesis comes right before the block, or before the annotation of the result.
        self.take_registers(usize::from(self.f.active))?;
        Ok(())
    }

    /// Ends the current function and returns to the one around it, if there is one. Gives its number in the chunk.
    fn close_function(&mut self, last_line_defined: u32) -> Result<u32, SyntaxError> {
        self.emit(Instruction::abc(Op::Return0, 0, 0, 0), Span::default());
        self.leave_body()?;
        if let Some(error) = self.deferred.take() {
            return Err(error);
        }
        let f = &mut *self.f;
        if f.captured {
            close_on_return(&mut f.code);
        }
        let number = self.out.push(Function {
            code: &f.code,
            constants: f.constants.values(),
            functions: &f.functions,
            upvalues: &f.upvalues,
            positions: &f.positions,
            locals: &f.locals,
            head: Head {
                parameters: f.parameters,
                is_vararg: f.is_vararg,
                registers: f.registers,
                line_defined: f.line_defined,
                last_line_defined,
            },
        });
        if let Some(outer) = self.enclosing.pop() {
            self.spare.push(std::mem::replace(&mut self.f, outer));
        }
        Ok(number)
    }

    /// `return values`
    pub(super) fn return_statement(&mut self, values: &'a [Expression<'a>]) -> Result<(), SyntaxError> {
        let first = self.f.active;
        let mut last = self.expression_list(values)?;
        let instruction = if values.is_empty() {
            Instruction::abc(Op::Return0, 0, 0, 0)
        } else if let (Kind::Call(pc), 1) = (last.kind, values.len())
            && self.f.code[pc as usize].op() == Op::Call
        {
            let call = self.f.code[pc as usize];
            self.f.code[pc as usize] = Instruction::abc(Op::TailCall, call.a() as u8, call.b() as u8, 0);
            Instruction::abc(Op::Return, first, 0, 0)
        } else if last.is_multiple() {
            self.set_results(&last, None)?;
            Instruction::abc(Op::Return, first, 0, 0)
        } else if values.len() == 1 {
            Instruction::abc(Op::Return1, self.any_register(&mut last)?, 0, 0)
        } else {
            self.next_register(&mut last)?;
            Instruction::abc(Op::Return, first, values.len() as u8 + 1, 0)
        };
        self.emit(instruction, Span::default());
        Ok(())
    }
}

/// Makes the returns of a function close its captured locals.
fn close_on_return(code: &mut [Instruction]) {
    for instruction in code {
        let (a, b) = (instruction.a() as u8, instruction.b() as u8);
        *instruction = match instruction.op() {
            Op::Return0 => Instruction::abc(Op::Return, 0, 1, 1),
            Op::Return1 => Instruction::abc(Op::Return, a, 2, 1),
            op @ (Op::Return | Op::TailCall) => Instruction::abc(op, a, b, 1),
            _ => continue,
        };
    }
}
