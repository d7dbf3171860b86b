//! A prototype as text, derived from the instruction table.
//!
//! For people and golden files; nothing parses it. Instructions are numbered from 1, and a jump shows the number it
//! goes to. Invariant: any prototype can be printed, also one that the verifier refuses.

use std::fmt::Write;

use super::chunk_id::chunk_id;
use super::instruction::{Format, Instruction, Op, Operand};
use super::prototype::{Constant, Function, Prototype};
use crate::number::{self, Number};

/// Longest string shown in a comment, in bytes.
const STRING_LIMIT: usize = 40;

/// The listing of a function and of all functions nested in it.
pub fn disassemble(prototype: &Prototype) -> String {
    let mut out = String::new();
    let mut waiting = vec![(prototype.main(), String::new())];
    while let Some((function, path)) = waiting.pop() {
        if !out.is_empty() {
            out.push('\n');
        }
        Listing { prototype, f: function }.write(&mut out, &path);
        for (index, nested) in function.functions.iter().enumerate().rev() {
            let separator = if path.is_empty() { "" } else { "." };
            waiting.push((prototype.function(*nested), format!("{path}{separator}{index}")));
        }
    }
    out
}

/// A function and the chunk that it belongs to.
#[derive(Clone, Copy)]
struct Listing<'p> {
    prototype: &'p Prototype,
    f: Function<'p>,
}

impl Listing<'_> {
    fn write(self, out: &mut String, path: &str) {
        let Self { prototype, f } = self;
        let chunk = String::from_utf8_lossy(&chunk_id(&prototype.source)).into_owned();
        let _ = match path {
            "" => writeln!(out, "main <{chunk}>"),
            _ => writeln!(
                out,
                "function {path} <{chunk}:{},{}>",
                f.head.line_defined, f.head.last_line_defined
            ),
        };
        let _ = writeln!(
            out,
            "; parameters {}{}, registers {}, upvalues {}, constants {}, functions {}",
            f.head.parameters,
            if f.head.is_vararg { "+" } else { "" },
            f.head.registers,
            f.upvalues.len(),
            f.constants.len(),
            f.functions.len(),
        );
        for pc in 0..f.code.len() {
            self.instruction(out, pc);
        }
        for (index, local) in f.locals.iter().enumerate() {
            let name = String::from_utf8_lossy(prototype.names.get(local.name));
            let _ = writeln!(out, "; local {index} {name} {} to {}", local.start_pc + 1, local.end_pc + 1);
        }
        for (index, upvalue) in f.upvalues.iter().enumerate() {
            let name = String::from_utf8_lossy(prototype.names.get(upvalue.name));
            let from = if upvalue.in_stack { 'R' } else { 'U' };
            let _ = writeln!(out, "; upvalue U{index} {name} = {from}{}", upvalue.index);
        }
    }

    fn instruction(self, out: &mut String, pc: usize) {
        let f = self.f;
        let i = f.code[pc];
        let position = f.positions.get(pc).copied().unwrap_or_default();
        let place = match (position.line, position.column) {
            (0, _) => "-".to_owned(),
            (line, 0) => line.to_string(),
            (line, column) => format!("{line}:{column}+{}", position.width),
        };
        let Some(op) = i.try_op() else {
            let _ = writeln!(out, "{:5} {place:10} ? {:#010x}", pc + 1, i.0);
            return;
        };
        let mut text = String::new();
        let mut comment = String::new();
        for (kind, value) in operands(i, op) {
            self.operand(&mut text, &mut comment, pc, kind, value);
        }
        if let (Op::LoadConstX, Some(extra)) = (op, f.code.get(pc + 1)) {
            remark(&mut comment, &self.constant(extra.to_ax()));
        }
        let mut line = format!("{:5} {place:10} {:20}{text}", pc + 1, op.name());
        if !comment.is_empty() {
            line = format!("{line:55} ;{comment}");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }

    fn operand(self, text: &mut String, comment: &mut String, pc: usize, kind: Operand, value: i64) {
        let index = usize::try_from(value).unwrap_or(usize::MAX);
        let _ = match kind {
            Operand::None => Ok(()),
            Operand::Register => write!(text, " R{value}"),
            Operand::Constant | Operand::StringConstant | Operand::NumberConstant => {
                remark(comment, &self.constant(index));
                write!(text, " K{value}")
            }
            Operand::Upvalue => {
                if let Some(upvalue) = self.f.upvalues.get(index) {
                    remark(comment, &String::from_utf8_lossy(self.prototype.names.get(upvalue.name)));
                }
                write!(text, " U{value}")
            }
            Operand::Prototype => write!(text, " P{value}"),
            Operand::Immediate => write!(text, " {value}"),
            Operand::Jump => {
                remark(comment, &format!("to {}", pc as i64 + 2 + value));
                write!(text, " {value}")
            }
        };
    }

    fn constant(self, index: usize) -> String {
        match self.f.constants.get(index) {
            None => "?".to_owned(),
            Some(Constant::Nil) => "nil".to_owned(),
            Some(Constant::Boolean(value)) => value.to_string(),
            Some(Constant::Integer(value)) => value.to_string(),
            Some(Constant::Float(value)) => {
                let mut text = Vec::new();
                number::write_number(&mut text, Number::Float(*value));
                String::from_utf8_lossy(&text).into_owned()
            }
            Some(Constant::String(text)) => quoted(self.prototype.strings.get(*text)),
            Some(Constant::Type(number)) => match self.prototype.types.get(*number as usize) {
                Some(ty) => format!("type {}", ty.brief()),
                None => "?".to_owned(),
            },
        }
    }
}

/// The operands in order, with their meaning.
fn operands(i: Instruction, op: Op) -> Vec<(Operand, i64)> {
    let kinds = op.operands();
    let values: Vec<i64> = match op.format() {
        Format::Abc => vec![i.a() as i64, i.b() as i64, i.c() as i64],
        Format::Abx => vec![i.a() as i64, i.bx() as i64],
        Format::Asbx => vec![i.a() as i64, i.sbx() as i64],
        Format::Sj => vec![i.to_sj() as i64],
        Format::Ax => vec![i.to_ax() as i64],
    };
    kinds.into_iter().zip(values).filter(|(kind, _)| *kind != Operand::None).collect()
}

fn remark(comment: &mut String, what: &str) {
    comment.push(' ');
    comment.push_str(what);
}

fn quoted(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(STRING_LIMIT)];
    let dots = if shown.len() < bytes.len() { "..." } else { "" };
    format!("\"{}\"{dots}", shown.escape_ascii())
}
