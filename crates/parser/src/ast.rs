//! The syntax tree of a chunk: expressions, statements, blocks, function bodies.
//!
//! Syntax only: nothing here is resolved, folded or checked. Types stand in [`crate::annotation`].
//! Invariant: every node lives in the arena given to [`crate::parse`], is `Copy`, owns no heap memory, and carries the
//! span of exactly the text it was made from.
//!
//! **Depth.** Nesting that a reader would call nesting (brackets, blocks, functions, prefix operators, `^`, `..`) is
//! limited by the parser ([`crate::MAX_DEPTH`]), so a walk may recurse on it. *Left* chains are not limited: `a + b + c`
//! nests in [`Binary::left`], `a.b.c()` in `object` and `function`, `x :: T :: U` and `x!!` in `value`. Walk those with
//! a loop; [`Expression::left`] gives the next node of such a chain.
//!
//! **Lines.** What the reference implementation uses as the line of an instruction:
//! a call: the first token of the call expression (`expression.span.start`); a binary operator: [`Binary::at`];
//! a `for` loop's own instructions: `statement.span.start`; the implicit `return` of a function: [`FunctionBody::end`];
//! "defined at" of a function: [`FunctionBody::open`] for local and anonymous functions, [`FunctionBody::keyword`] for
//! `function name`; anything else: the line of the last token consumed so far, that is, some `span.end`.

pub use crate::annotation::{
    Annotation, AssertsAnnotation, FunctionType, FunctionTypeParameter, GenericParameter, Interface,
    InterfaceItem, InterfaceMethod, RecordField, RecordItem, RecordType, ReturnAnnotation, TypeAlias,
    TypeExpression, TypeKind, TypePack, TypeReference,
};
use crate::interner::Symbol;
use crate::span::{Offset, Span};

/// A whole source text.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// The statements; `block.end` is the end of the text.
    pub block: Block<'a>,
    /// The whole text.
    pub span: Span,
}

/// A list of statements; `return` can only be the last one.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// In source order.
    pub statements: &'a [Statement<'a>],
    /// Where the word that closes the block begins: `end`, `else`, `elseif`, `until` or the end of the text.
    pub end: Offset,
}

/// An identifier at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// Its text.
    pub symbol: Symbol,
    /// Where it stands.
    pub span: Span,
}

// ---- statements ----

/// One statement. `span` runs from its first to its last token, so `span.start` is the position of its keyword
/// (`if`, `while`, `for`, `repeat`, `local`, `function`, `do`, `return`, `goto`, `break`).
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// From the first to the last token, a final `;` of `return` included.
    pub span: Span,
    /// Which statement it is.
    pub kind: StatementKind<'a>,
}

/// The kinds of statement (Lua 5.3 manual, section 3.3, and the two type statements).
#[derive(Clone, Copy, Debug)]
pub enum StatementKind<'a> {
    /// `;`
    Empty,
    /// A call used as a statement; the expression is a [`ExpressionKind::Call`] or [`ExpressionKind::MethodCall`].
    Call(&'a Expression<'a>),
    /// `a, b.c = 1, 2`
    Assign(&'a Assign<'a>),
    /// `local a, b = 1, 2`
    Local(&'a Local<'a>),
    /// `local function f() end`
    LocalFunction(&'a LocalFunction<'a>),
    /// `function a.b:c() end`
    Function(&'a FunctionStatement<'a>),
    /// `do … end`
    Do(&'a Block<'a>),
    /// `while … do … end`
    While(&'a While<'a>),
    /// `repeat … until …`
    Repeat(&'a Repeat<'a>),
    /// `if … then … elseif … else … end`
    If(&'a If<'a>),
    /// `for i = 1, 2, 3 do … end`
    NumericFor(&'a NumericFor<'a>),
    /// `for k, v in … do … end`
    GenericFor(&'a GenericFor<'a>),
    /// `return a, b`
    Return(&'a [Expression<'a>]),
    /// `break`
    Break,
    /// `goto name`
    Goto(Name),
    /// `::name::`
    Label(Name),
    /// `type Name<T> = …`
    TypeAlias(&'a TypeAlias<'a>),
    /// `interface Name … end`
    Interface(&'a Interface<'a>),
}

impl StatementKind<'_> {
    /// Whether it does nothing, so that a label before it may end its block.
    pub fn is_void(&self) -> bool {
        matches!(self, Self::Empty | Self::Label(_))
    }
}

/// `targets = values`
#[derive(Clone, Copy, Debug)]
pub struct Assign<'a> {
    /// At least one; each is a `Name`, `Index` or `Field` expression.
    pub targets: &'a [Expression<'a>],
    /// At least one.
    pub values: &'a [Expression<'a>],
    /// Where `=` stands.
    pub equals: Offset,
}

/// `local names = values`
#[derive(Clone, Copy, Debug)]
pub struct Local<'a> {
    /// At least one.
    pub names: &'a [Binding<'a>],
    /// Empty if there is no `=`.
    pub values: &'a [Expression<'a>],
}

/// `local function name body`
#[derive(Clone, Copy, Debug)]
pub struct LocalFunction<'a> {
    /// The local variable, visible inside the body.
    pub name: Name,
    /// The function.
    pub body: &'a FunctionBody<'a>,
}

/// `function base.field.field:method body`
#[derive(Clone, Copy, Debug)]
pub struct FunctionStatement<'a> {
    /// The variable the path starts at.
    pub base: Name,
    /// The names after dots.
    pub fields: &'a [Name],
    /// The name after the colon; then [`FunctionBody::has_self`] is set.
    pub method: Option<Name>,
    /// The function.
    pub body: &'a FunctionBody<'a>,
}

/// `while condition do block end`
#[derive(Clone, Copy, Debug)]
pub struct While<'a> {
    /// Tested before every round.
    pub condition: Expression<'a>,
    /// `block.end` is the position of `end`.
    pub block: Block<'a>,
}

/// `repeat block until condition`
#[derive(Clone, Copy, Debug)]
pub struct Repeat<'a> {
    /// `block.end` is the position of `until`.
    pub block: Block<'a>,
    /// Tested after every round; sees the locals of the block.
    pub condition: Expression<'a>,
}

/// `if … end`
#[derive(Clone, Copy, Debug)]
pub struct If<'a> {
    /// `if` and every `elseif`, at least one.
    pub arms: &'a [IfArm<'a>],
    /// The block after `else`.
    pub otherwise: Option<Block<'a>>,
    /// Where the closing `end` stands.
    pub end: Offset,
}

/// One `if` or `elseif` of an [`If`].
#[derive(Clone, Copy, Debug)]
pub struct IfArm<'a> {
    /// Where `if` or `elseif` stands.
    pub keyword: Offset,
    /// Decides whether the block runs.
    pub condition: Expression<'a>,
    /// `block.end` is the position of the next `elseif`, `else` or `end`.
    pub block: Block<'a>,
}

/// `for variable = start, limit, step do block end`
#[derive(Clone, Copy, Debug)]
pub struct NumericFor<'a> {
    /// The control variable; never optional (`?:`).
    pub variable: Binding<'a>,
    /// First value.
    pub start: Expression<'a>,
    /// Last value.
    pub limit: Expression<'a>,
    /// Increment; 1 if absent.
    pub step: Option<Expression<'a>>,
    /// `block.end` is the position of `end`.
    pub block: Block<'a>,
}

/// `for names in values do block end`
#[derive(Clone, Copy, Debug)]
pub struct GenericFor<'a> {
    /// At least one; never optional (`?:`).
    pub names: &'a [Binding<'a>],
    /// At least one.
    pub values: &'a [Expression<'a>],
    /// `block.end` is the position of `end`.
    pub block: Block<'a>,
}

/// A variable being declared: a local, a loop variable or a parameter, with its annotation.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The variable.
    pub name: Name,
    /// Declared with `?:`; parameters only.
    pub optional: bool,
    /// The type after the colon.
    pub ty: Option<&'a TypeExpression<'a>>,
}

/// Parameters and block of a function.
#[derive(Clone, Copy, Debug)]
pub struct FunctionBody<'a> {
    /// From the word `function` to the final `end`.
    pub span: Span,
    /// The word `function`.
    pub keyword: Span,
    /// The `(` before the parameters.
    pub open: Offset,
    /// The final `end`; `block.end == end.start`.
    pub end: Span,
    /// Declared with a colon: there is a parameter `self` before the written ones.
    pub has_self: bool,
    /// `<T, U: Bound>`
    pub generics: &'a [GenericParameter<'a>],
    /// The written parameters, without `self` and `...`.
    pub parameters: &'a [Binding<'a>],
    /// `...` as the last parameter.
    pub vararg: Option<Vararg<'a>>,
    /// The annotation after the parameters.
    pub result: Option<ReturnAnnotation<'a>>,
    /// The statements.
    pub block: Block<'a>,
}

/// `...` in a parameter list or at the end of a pack, with its annotation.
#[derive(Clone, Copy, Debug)]
pub struct Vararg<'a> {
    /// From the dots to the end of the annotation.
    pub span: Span,
    /// The type of each extra value.
    pub ty: Option<&'a TypeExpression<'a>>,
}

// ---- expressions ----

/// One expression.
#[derive(Clone, Copy, Debug)]
pub struct Expression<'a> {
    /// From the first to the last token.
    pub span: Span,
    /// Which expression it is.
    pub kind: ExpressionKind<'a>,
}

/// The kinds of expression (Lua 5.3 manual, section 3.4, with casts and `!`).
#[derive(Clone, Copy, Debug)]
pub enum ExpressionKind<'a> {
    /// `nil`
    Nil,
    /// `true`
    True,
    /// `false`
    False,
    /// `...`
    Vararg,
    /// A numeral with an integer value; never negative in decimal, hexadecimal ones wrap around.
    Integer(i64),
    /// A numeral with a float value; may be infinite (`1e999`), is never NaN.
    Float(f64),
    /// A string literal, escapes decoded.
    String(Symbol),
    /// A variable, local or global.
    Name(Symbol),
    /// `function … end`
    Function(&'a FunctionBody<'a>),
    /// `{ … }`
    Table(&'a [TableItem<'a>]),
    /// `object[key]`
    Index {
        /// What is indexed.
        object: &'a Expression<'a>,
        /// The key.
        key: &'a Expression<'a>,
    },
    /// `object.name`
    Field {
        /// What is indexed.
        object: &'a Expression<'a>,
        /// The key.
        name: Name,
    },
    /// `function(arguments)`
    Call(&'a Call<'a>),
    /// `object:name(arguments)`
    MethodCall(&'a MethodCall<'a>),
    /// `left operator right`, `and` and `or` included
    Binary(Binary<'a>),
    /// `operator operand`
    Unary {
        /// The operator; it stands at `span.start` of the expression.
        operator: UnaryOperator,
        /// What it is applied to.
        operand: &'a Expression<'a>,
    },
    /// `(value)`: keeps exactly one value of a call or `...`, and is not assignable.
    Paren(&'a Expression<'a>),
    /// `value :: type`, `value as type`
    Cast(&'a Cast<'a>),
    /// `value!`
    NonNil(&'a Expression<'a>),
}

/// An entry of a table constructor.
#[derive(Clone, Copy, Debug)]
pub enum TableItem<'a> {
    /// `value`
    Item(Expression<'a>),
    /// `name = value`
    Named {
        /// The key.
        name: Name,
        /// The value.
        value: &'a Expression<'a>,
    },
    /// `[key] = value`
    Keyed(&'a KeyedItem<'a>),
}

/// `[key] = value`
#[derive(Clone, Copy, Debug)]
pub struct KeyedItem<'a> {
    /// The key.
    pub key: Expression<'a>,
    /// The value.
    pub value: Expression<'a>,
}

/// A function call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// What is called.
    pub function: Expression<'a>,
    /// The arguments; exactly one for the forms `f"text"` and `f{…}`.
    pub arguments: &'a [Expression<'a>],
    /// Where the `(`, the string or the table begins.
    pub open: Offset,
}

/// A method call.
#[derive(Clone, Copy, Debug)]
pub struct MethodCall<'a> {
    /// What the method is looked up in, and the first argument.
    pub object: Expression<'a>,
    /// The method.
    pub name: Name,
    /// The written arguments; exactly one for the forms `o:f"text"` and `o:f{…}`.
    pub arguments: &'a [Expression<'a>],
    /// Where the `(`, the string or the table begins.
    pub open: Offset,
}

/// A binary operation.
#[derive(Clone, Copy, Debug)]
pub struct Binary<'a> {
    /// The operator.
    pub operator: BinaryOperator,
    /// Where the operator stands.
    pub at: Offset,
    /// Left and right; [`Self::left`], [`Self::right`].
    pub operands: &'a [Expression<'a>; 2],
}

impl<'a> Binary<'a> {
    /// The left operand: chains of left-associative operators nest here, without limit.
    pub fn left(&self) -> &'a Expression<'a> {
        &self.operands[0]
    }

    /// The right operand.
    pub fn right(&self) -> &'a Expression<'a> {
        &self.operands[1]
    }
}

/// A type assertion; at run time it is its value, or a check, as the type demands.
#[derive(Clone, Copy, Debug)]
pub struct Cast<'a> {
    /// What is cast.
    pub value: Expression<'a>,
    /// The asserted type.
    pub ty: TypeExpression<'a>,
    /// How it was written.
    pub style: CastStyle,
}

/// The two spellings of a cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CastStyle {
    /// `value :: type`
    Colons,
    /// `value as type`
    As,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOperator {
    /// `-`
    Negate,
    /// `not`
    Not,
    /// `#`
    Length,
    /// `~`
    BitNot,
}

/// Infix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `//`
    FloorDivide,
    /// `%`
    Modulo,
    /// `^`
    Power,
    /// `..`
    Concat,
    /// `&`
    BitAnd,
    /// `|`
    BitOr,
    /// `~`
    BitXor,
    /// `<<`
    ShiftLeft,
    /// `>>`
    ShiftRight,
    /// `==`
    Equal,
    /// `~=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `and`
    And,
    /// `or`
    Or,
}

impl<'a> Expression<'a> {
    /// The operand that this expression continues to the right, if it has one: the next node of a left chain.
    ///
    /// `a.b(c) + d` gives `a.b(c)`, which gives `a.b`, which gives `a`, which gives nothing.
    pub fn left(&self) -> Option<&'a Expression<'a>> {
        match self.kind {
            ExpressionKind::Index { object, .. } | ExpressionKind::Field { object, .. } => Some(object),
            ExpressionKind::Call(call) => Some(&call.function),
            ExpressionKind::MethodCall(call) => Some(&call.object),
            ExpressionKind::Binary(binary) => Some(binary.left()),
            ExpressionKind::Cast(cast) => Some(&cast.value),
            ExpressionKind::NonNil(value) => Some(value),
            ExpressionKind::Nil
            | ExpressionKind::True
            | ExpressionKind::False
            | ExpressionKind::Vararg
            | ExpressionKind::Integer(_)
            | ExpressionKind::Float(_)
            | ExpressionKind::String(_)
            | ExpressionKind::Name(_)
            | ExpressionKind::Function(_)
            | ExpressionKind::Table(_)
            | ExpressionKind::Unary { .. }
            | ExpressionKind::Paren(_) => None,
        }
    }

    /// Whether this can yield any number of values: a call, a method call or `...`, not in parentheses.
    pub fn is_multiple(&self) -> bool {
        matches!(self.kind, ExpressionKind::Call(_) | ExpressionKind::MethodCall(_) | ExpressionKind::Vararg)
    }
}

impl UnaryOperator {
    /// As it is written.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Negate => "-",
            Self::Not => "not",
            Self::Length => "#",
            Self::BitNot => "~",
        }
    }
}

impl BinaryOperator {
    /// As it is written.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::FloorDivide => "//",
            Self::Modulo => "%",
            Self::Power => "^",
            Self::Concat => "..",
            Self::BitAnd => "&",
            Self::BitOr => "|",
            Self::BitXor => "~",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
            Self::Equal => "==",
            Self::NotEqual => "~=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::And => "and",
            Self::Or => "or",
        }
    }

    /// How tightly the operator binds to its left and to its right; higher is tighter, and a right-associative
    /// operator binds less tightly to its right. Prefix operators are at 12 (Lua 5.3 manual, section 3.4.8).
    pub const fn priority(self) -> (u8, u8) {
        match self {
            Self::Or => (1, 1),
            Self::And => (2, 2),
            Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessEqual
            | Self::Greater
            | Self::GreaterEqual => (3, 3),
            Self::BitOr => (4, 4),
            Self::BitXor => (5, 5),
            Self::BitAnd => (6, 6),
            Self::ShiftLeft | Self::ShiftRight => (7, 7),
            Self::Concat => (9, 8),
            Self::Add | Self::Subtract => (10, 10),
            Self::Multiply | Self::Divide | Self::FloorDivide | Self::Modulo => (11, 11),
            Self::Power => (14, 13),
        }
    }
}
