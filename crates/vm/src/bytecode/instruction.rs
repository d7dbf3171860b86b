//! The instruction set: one table, from which the enum, the mnemonics, the operand formats and the verifier's
//! rules derive.
//!
//! An instruction is one 32-bit word: the opcode in the low byte, operands above it. What is *not* here: what an
//! instruction does when executed (`execute/`) and how the compiler chooses one (`compile/`). Invariant: every word
//! of a prototype's code is a valid instruction of this table, `Extra` words included.
//!
//! Operand letters: `a`, `b`, `c` are bytes; `bx` is an unsigned and `sbx` a signed 16-bit number in the place of
//! `b` and `c`; `sj` is a signed 24-bit number in the place of `a`, `b` and `c`; `ax` the same, unsigned.
//! Jump distances count words from the instruction *after* the jump. `R[x]` is a register of the frame, `K[x]` a
//! constant, `U[x]` an upvalue, `P[x]` a nested prototype.

/// One encoded instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Instruction(pub u32);

/// What an operand field means; the disassembler prints it and the verifier bounds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// The field is not used and must be zero.
    None,
    /// A register that is read or written.
    Register,
    /// Index of a constant of any kind.
    Constant,
    /// Index of a constant that is a string.
    StringConstant,
    /// Index of a constant that is an integer or a float.
    NumberConstant,
    /// Index of an upvalue of the running closure.
    Upvalue,
    /// Index of a nested prototype.
    Prototype,
    /// A number without a bound of its own: count, flag, immediate.
    Immediate,
    /// A relative jump.
    Jump,
}

/// How the operand bits are divided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Three bytes.
    Abc,
    /// A byte and an unsigned 16-bit number.
    Abx,
    /// A byte and a signed 16-bit number.
    Asbx,
    /// A signed 24-bit number.
    Sj,
    /// An unsigned 24-bit number.
    Ax,
}

macro_rules! instructions {
    ($( $(#[doc = $doc:literal])* $name:ident $format:ident ( $a:ident, $b:ident, $c:ident ); )*) => {
        /// Operation codes, dense from zero.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[repr(u8)]
        pub enum Op {
            $( $(#[doc = $doc])* $name, )*
        }

        impl Op {
            /// Every operation, in the order of its code.
            pub const ALL: &'static [Op] = &[ $( Op::$name, )* ];

            /// The operation with this code, if there is one.
            pub const fn from_code(code: u8) -> Option<Op> {
                if (code as usize) < Self::ALL.len() { Some(Self::ALL[code as usize]) } else { None }
            }

            /// Name as the disassembler prints it.
            pub const fn name(self) -> &'static str {
                match self { $( Op::$name => stringify!($name), )* }
            }

            /// Division of the operand bits.
            pub const fn format(self) -> Format {
                match self { $( Op::$name => Format::$format, )* }
            }

            /// Meaning of the operands; for `Abx` and `Asbx` the second entry describes the 16-bit operand, for
            /// `Sj` and `Ax` the first entry describes the 24-bit one.
            pub const fn operands(self) -> [Operand; 3] {
                match self { $( Op::$name => [Operand::$a, Operand::$b, Operand::$c], )* }
            }

            /// Whether it is a test that takes or skips the `Jump` after it.
            pub const fn is_conditional(self) -> bool {
                use Op::*;
                matches!(
                    self,
                    Test | TestSet | Eq | EqConst | Lt | LtConst | GtConst | Le | LeConst | GeConst
                )
            }

            /// The effect, as register equations.
            pub const fn effect(self) -> &'static str {
                match self { $( Op::$name => concat!($( $doc ),*), )* }
            }
        }
    };
}

instructions! {
    /// `R[a] = R[b]`
    Move Abc (Register, Register, None);
    /// `R[a] = sbx` as an integer
    LoadInt Asbx (Register, Immediate, None);
    /// `R[a] = sbx` as a float
    LoadFloat Asbx (Register, Immediate, None);
    /// `R[a] = K[bx]`
    LoadConst Abx (Register, Constant, None);
    /// `R[a] = K[ax of the Extra that follows]`
    LoadConstX Abc (Register, None, None);
    /// `R[a], ..., R[a + b] = nil`
    LoadNil Abc (Register, Immediate, None);
    /// `R[a] = true`
    LoadTrue Abc (Register, None, None);
    /// `R[a] = false`
    LoadFalse Abc (Register, None, None);
    /// `R[a] = false; pc += 1`
    LoadFalseSkip Abc (Register, None, None);

    /// `R[a] = U[b]`
    GetUpvalue Abc (Register, Upvalue, None);
    /// `U[b] = R[a]`
    SetUpvalue Abc (Register, Upvalue, None);
    /// `R[a] = U[b][K[c]]`
    GetUpvalueField Abc (Register, Upvalue, StringConstant);
    /// `U[a][K[b]] = R[c]`
    SetUpvalueField Abc (Upvalue, StringConstant, Register);
    /// `U[a][K[b]] = K[c]`
    SetUpvalueFieldConst Abc (Upvalue, StringConstant, Constant);

    /// `R[a] = {}` with room for `c` array items and, if `b > 0`, `2^(b-1)` hash nodes
    NewTable Abc (Register, Immediate, Immediate);
    /// `R[a] = {}` with room for `ax of the Extra that follows` array items and, if `b > 0`, `2^(b-1)` hash nodes
    NewTableX Abc (Register, Immediate, None);
    /// `R[a] = R[b][R[c]]`
    GetTable Abc (Register, Register, Register);
    /// `R[a] = R[b][K[c]]`
    GetField Abc (Register, Register, StringConstant);
    /// `R[a] = R[b][c]` with the integer `c`
    GetIndex Abc (Register, Register, Immediate);
    /// `R[a][R[b]] = R[c]`
    SetTable Abc (Register, Register, Register);
    /// `R[a][R[b]] = K[c]`
    SetTableConst Abc (Register, Register, Constant);
    /// `R[a][K[b]] = R[c]`
    SetField Abc (Register, StringConstant, Register);
    /// `R[a][K[b]] = K[c]`
    SetFieldConst Abc (Register, StringConstant, Constant);
    /// `R[a][b] = R[c]` with the integer `b`
    SetIndex Abc (Register, Immediate, Register);
    /// `R[a][b] = K[c]` with the integer `b`
    SetIndexConst Abc (Register, Immediate, Constant);
    /// `R[a][s + i] = R[a + i]` for `1 <= i <= b`, `s = (c << 24) + ax of the Extra that follows`; `b == 0`: up to the top
    SetList Abc (Register, Immediate, Immediate);
    /// `R[a + 1] = R[b]; R[a] = R[b][K[c]]`
    Method Abc (Register, Register, StringConstant);

    /// `R[a] = R[b] + R[c]`
    Add Abc (Register, Register, Register);
    /// `R[a] = R[b] + K[c]`
    AddRK Abc (Register, Register, NumberConstant);
    /// `R[a] = K[b] + R[c]`
    AddKR Abc (Register, NumberConstant, Register);
    /// `R[a] = R[b] - R[c]`
    Sub Abc (Register, Register, Register);
    /// `R[a] = R[b] - K[c]`
    SubRK Abc (Register, Register, NumberConstant);
    /// `R[a] = K[b] - R[c]`
    SubKR Abc (Register, NumberConstant, Register);
    /// `R[a] = R[b] * R[c]`
    Mul Abc (Register, Register, Register);
    /// `R[a] = R[b] * K[c]`
    MulRK Abc (Register, Register, NumberConstant);
    /// `R[a] = K[b] * R[c]`
    MulKR Abc (Register, NumberConstant, Register);
    /// `R[a] = R[b] / R[c]`
    Div Abc (Register, Register, Register);
    /// `R[a] = R[b] / K[c]`
    DivRK Abc (Register, Register, NumberConstant);
    /// `R[a] = K[b] / R[c]`
    DivKR Abc (Register, NumberConstant, Register);
    /// `R[a] = R[b] % R[c]`
    Mod Abc (Register, Register, Register);
    /// `R[a] = R[b] % K[c]`
    ModRK Abc (Register, Register, NumberConstant);
    /// `R[a] = K[b] % R[c]`
    ModKR Abc (Register, NumberConstant, Register);
    /// `R[a] = R[b] ^ R[c]`
    Pow Abc (Register, Register, Register);
    /// `R[a] = R[b] ^ K[c]`
    PowRK Abc (Register, Register, NumberConstant);
    /// `R[a] = K[b] ^ R[c]`
    PowKR Abc (Register, NumberConstant, Register);
    /// `R[a] = R[b] // R[c]`
    IDiv Abc (Register, Register, Register);
    /// `R[a] = R[b] // K[c]`
    IDivRK Abc (Register, Register, NumberConstant);
    /// `R[a] = K[b] // R[c]`
    IDivKR Abc (Register, NumberConstant, Register);
    /// `R[a] = R[b] & R[c]`
    BAnd Abc (Register, Register, Register);
    /// `R[a] = R[b] & K[c]`
    BAndRK Abc (Register, Register, NumberConstant);
    /// `R[a] = K[b] & R[c]`
    BAndKR Abc (Register, NumberConstant, Register);
    /// `R[a] = R[b] | R[c]`
    BOr Abc (Register, Register, Register);
    /// `R[a] = R[b] | K[c]`
    BOrRK Abc (Register, Register, NumberConstant);
    /// `R[a] = K[b] | R[c]`
    BOrKR Abc (Register, NumberConstant, Register);
    /// `R[a] = R[b] ~ R[c]`
    BXor Abc (Register, Register, Register);
    /// `R[a] = R[b] ~ K[c]`
    BXorRK Abc (Register, Register, NumberConstant);
    /// `R[a] = K[b] ~ R[c]`
    BXorKR Abc (Register, NumberConstant, Register);
    /// `R[a] = R[b] << R[c]`
    Shl Abc (Register, Register, Register);
    /// `R[a] = R[b] << K[c]`
    ShlRK Abc (Register, Register, NumberConstant);
    /// `R[a] = K[b] << R[c]`
    ShlKR Abc (Register, NumberConstant, Register);
    /// `R[a] = R[b] >> R[c]`
    Shr Abc (Register, Register, Register);
    /// `R[a] = R[b] >> K[c]`
    ShrRK Abc (Register, Register, NumberConstant);
    /// `R[a] = K[b] >> R[c]`
    ShrKR Abc (Register, NumberConstant, Register);

    /// `R[a] = -R[b]`
    Neg Abc (Register, Register, None);
    /// `R[a] = ~R[b]`
    BNot Abc (Register, Register, None);
    /// `R[a] = not R[b]`
    Not Abc (Register, Register, None);
    /// `R[a] = #R[b]`
    Len Abc (Register, Register, None);
    /// `R[a] = R[b] .. ... .. R[c]`
    Concat Abc (Register, Register, Register);

    /// `pc += sj`; forwards only
    Jump Sj (Jump, None, None);
    /// `pc += sj`; charges fuel, so every backward jump that is not a `for` is one of these
    Loop Sj (Jump, None, None);
    /// closes all upvalues at and above `R[a]`
    Close Abc (Register, None, None);
    /// if truth of `R[a]` is `c`, takes the `Jump` that follows, else skips it
    Test Abc (Register, None, Immediate);
    /// if truth of `R[b]` is `c`, `R[a] = R[b]` and takes the `Jump` that follows, else skips it
    TestSet Abc (Register, Register, Immediate);
    /// if `(R[a] == R[b]) == c`, takes the `Jump` that follows, else skips it
    Eq Abc (Register, Register, Immediate);
    /// if `(R[a] == K[b]) == c`, takes the `Jump` that follows, else skips it
    EqConst Abc (Register, Constant, Immediate);
    /// if `(R[a] < R[b]) == c`, takes the `Jump` that follows, else skips it
    Lt Abc (Register, Register, Immediate);
    /// if `(R[a] < K[b]) == c`, takes the `Jump` that follows, else skips it
    LtConst Abc (Register, NumberConstant, Immediate);
    /// if `(R[a] > K[b]) == c`, takes the `Jump` that follows, else skips it
    GtConst Abc (Register, NumberConstant, Immediate);
    /// if `(R[a] <= R[b]) == c`, takes the `Jump` that follows, else skips it
    Le Abc (Register, Register, Immediate);
    /// if `(R[a] <= K[b]) == c`, takes the `Jump` that follows, else skips it
    LeConst Abc (Register, NumberConstant, Immediate);
    /// if `(R[a] >= K[b]) == c`, takes the `Jump` that follows, else skips it
    GeConst Abc (Register, NumberConstant, Immediate);

    /// `R[a], ... = R[a](R[a + 1], ...)` with `b - 1` arguments (`b == 0`: up to the top) and `c - 1` results (`c == 0`: all, sets the top)
    Call Abc (Register, Immediate, Immediate);
    /// `return R[a](R[a + 1], ...)` with `b - 1` arguments (`b == 0`: up to the top); `c != 0` closes upvalues first. A `Return a 0` follows it
    TailCall Abc (Register, Immediate, Immediate);
    /// `Call` with one argument, `b == 2`, where `R[a]` is a type
    CallType Abc (Register, Immediate, Immediate);
    /// `Call` with two arguments, `b == 3`, where `R[a]` would be the method `is` of the type `R[a + 1]`
    IsType Abc (Register, Immediate, Immediate);
    /// `return R[a], ...` with `b - 1` values (`b == 0`: up to the top); `c != 0` closes upvalues first
    Return Abc (Register, Immediate, Immediate);
    /// `return` without values from a function none of whose locals is an upvalue
    Return0 Abc (None, None, None);
    /// `return R[a]` from a function none of whose locals is an upvalue
    Return1 Abc (Register, None, None);
    /// `R[a], ... = ...` with `c - 1` values (`c == 0`: all, sets the top)
    Vararg Abc (Register, None, Immediate);
    /// `R[a] = closure of P[bx]`
    Closure Abx (Register, Prototype, None);

    /// prepares the numeric loop `R[a]` = start, `R[a + 1]` = limit, `R[a + 2]` = step, variable `R[a + 3]`; if it does not run at all, `pc += sbx`
    ForPrep Asbx (Register, Jump, None);
    /// advances the loop at `R[a]`; if it goes on, `R[a + 3]` = value and `pc += sbx`
    ForLoop Asbx (Register, Jump, None);
    /// `ForPrep` where the start is known to be an integer and the step to be the integer 1
    ForPrepInt Asbx (Register, Jump, None);
    /// `ForLoop` after `ForPrepInt`
    ForLoopInt Asbx (Register, Jump, None);
    /// prepares the generic loop with iterator `R[a]`, state `R[a + 1]`, control `R[a + 2]`; jumps to its `ForCall`: `pc += sbx`
    ForIn Asbx (Register, Jump, None);
    /// `R[a + 3], ..., R[a + 2 + c] = R[a](R[a + 1], R[a + 2])`; the `ForNext` that follows belongs to it
    ForCall Abc (Register, None, Immediate);
    /// if `R[a + 3] ~= nil`, `R[a + 2] = R[a + 3]` and `pc += sbx`
    ForNext Asbx (Register, Jump, None);

    /// an operand of the instruction before it; never executed
    Extra Ax (Immediate, None, None);
}

/// Largest value of an unsigned byte operand.
pub const MAX_BYTE: usize = 0xff;
/// Largest value of a `bx` operand.
pub const MAX_BX: usize = 0xffff;
/// Largest value of an `ax` operand.
pub const MAX_AX: usize = 0xff_ffff;
/// Largest distance of an `sj` jump, either way.
pub const MAX_SJ: i32 = 0x7f_ffff;

impl Instruction {
    /// Encodes three byte operands.
    pub const fn abc(op: Op, a: u8, b: u8, c: u8) -> Self {
        Instruction(op as u32 | (a as u32) << 8 | (b as u32) << 16 | (c as u32) << 24)
    }

    /// Encodes a byte and an unsigned 16-bit operand.
    pub const fn abx(op: Op, a: u8, bx: u16) -> Self {
        Instruction(op as u32 | (a as u32) << 8 | (bx as u32) << 16)
    }

    /// Encodes a byte and a signed 16-bit operand.
    pub const fn asbx(op: Op, a: u8, sbx: i16) -> Self {
        Self::abx(op, a, sbx as u16)
    }

    /// Encodes a signed 24-bit operand; the value must be within ±[`MAX_SJ`].
    pub const fn sj(op: Op, sj: i32) -> Self {
        Instruction(op as u32 | (sj as u32) << 8)
    }

    /// Encodes an unsigned 24-bit operand; the value must be at most [`MAX_AX`].
    pub const fn ax(op: Op, ax: u32) -> Self {
        Instruction(op as u32 | ax << 8)
    }

    /// The operation, if the code byte is one.
    pub const fn try_op(self) -> Option<Op> {
        Op::from_code(self.0 as u8)
    }

    /// The operation of an instruction that is known to be valid.
    ///
    /// # Panics
    /// If the code byte is no operation.
    pub const fn op(self) -> Op {
        Op::ALL[self.0 as u8 as usize]
    }

    /// First byte operand.
    #[inline(always)]
    pub const fn a(self) -> usize {
        (self.0 >> 8 & 0xff) as usize
    }

    /// Second byte operand.
    #[inline(always)]
    pub const fn b(self) -> usize {
        (self.0 >> 16 & 0xff) as usize
    }

    /// Third byte operand.
    #[inline(always)]
    pub const fn c(self) -> usize {
        (self.0 >> 24) as usize
    }

    /// Unsigned 16-bit operand.
    #[inline(always)]
    pub const fn bx(self) -> usize {
        (self.0 >> 16) as usize
    }

    /// Signed 16-bit operand.
    #[inline(always)]
    pub const fn sbx(self) -> isize {
        (self.0 as i32 >> 16) as isize
    }

    /// Signed 24-bit operand.
    #[inline(always)]
    pub const fn to_sj(self) -> isize {
        (self.0 as i32 >> 8) as isize
    }

    /// Unsigned 24-bit operand.
    #[inline(always)]
    pub const fn to_ax(self) -> usize {
        (self.0 >> 8) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_survive_encoding() {
        let i = Instruction::abc(Op::GetField, 1, 2, 255);
        assert_eq!((i.op(), i.a(), i.b(), i.c()), (Op::GetField, 1, 2, 255));
        let i = Instruction::asbx(Op::ForLoop, 200, -32768);
        assert_eq!((i.op(), i.a(), i.sbx()), (Op::ForLoop, 200, -32768));
        let i = Instruction::sj(Op::Loop, -MAX_SJ);
        assert_eq!((i.op(), i.to_sj()), (Op::Loop, -MAX_SJ as isize));
        let i = Instruction::ax(Op::Extra, MAX_AX as u32);
        assert_eq!((i.op(), i.to_ax()), (Op::Extra, MAX_AX));
    }

    #[test]
    fn codes_are_dense() {
        for (code, op) in Op::ALL.iter().enumerate() {
            assert_eq!(*op as usize, code);
        }
    }
}
