//! What the actions of the grammar call: scratch stacks for lists and operators, and the few judgements that the
//! grammar leaves open.
//!
//! No tokens and no text here. Invariant: the scratch stacks are used strictly last in, first out, as the grammar
//! reduces inner lists before outer ones; each list begins at the base it remembered.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use crate::MAX_DEPTH;
use crate::ast::*;
use crate::filter::{Refusal, Shared};
use crate::interner::Symbol;
use crate::numeral::Value;
use crate::span::{Offset, Span};

/// A list under construction, on top of the lists around it.
pub(crate) struct Stack<'a, T>(ArenaVec<'a, T>);

/// Where a list begins on its stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base(u32);

impl Base {
    /// Below all lists.
    pub(crate) const BOTTOM: Self = Self(0);
}

impl<'a, T: Copy> Stack<'a, T> {
    fn new(arena: &'a Bump) -> Self {
        Self(ArenaVec::new_in(arena))
    }

    /// Begins a list with its first item.
    pub(crate) fn begin(&mut self, item: T) -> Base {
        let base = Base(self.0.len() as u32);
        self.0.push(item);
        base
    }

    pub(crate) fn push(&mut self, base: Base, item: T) -> Base {
        self.0.push(item);
        base
    }

    /// Ends the list: copies it to the arena.
    pub(crate) fn end(&mut self, base: Base, arena: &'a Bump) -> &'a [T] {
        let list = arena.alloc_slice_copy(&self.0[base.0 as usize..]);
        self.0.truncate(base.0 as usize);
        list
    }
}

/// An operator that waits for its right operand.
#[derive(Clone, Copy)]
enum Pending<'a> {
    Unary { operator: UnaryOperator, at: Offset },
    Binary { operator: BinaryOperator, at: Offset, left: Expression<'a> },
}

/// How tightly a prefix operator binds to its operand; see [`BinaryOperator::priority`].
const UNARY_PRIORITY: u8 = 12;

/// A type, or several types in parentheses that only a return type may be.
#[derive(Clone, Copy)]
pub(crate) enum ParsedType<'a> {
    Type(TypeExpression<'a>),
    Pack(&'a TypePack<'a>),
}

/// Members of a union or an intersection.
pub(crate) enum Members<'a> {
    One(ParsedType<'a>),
    Many(Vec<TypeExpression<'a>>),
}

/// What stands between the parentheses of a function type.
#[derive(Clone, Copy)]
pub(crate) struct FunctionArguments<'a> {
    pub(crate) parameters: &'a [FunctionTypeParameter<'a>],
    pub(crate) vararg: Option<Vararg<'a>>,
}

/// What stands between the parentheses of a function declaration.
#[derive(Clone, Copy)]
pub(crate) struct Parameters<'a> {
    pub(crate) bindings: &'a [Binding<'a>],
    pub(crate) vararg: Option<Vararg<'a>>,
}

/// The state of the actions of one parse.
pub(crate) struct Builder<'a, 's> {
    pub(crate) arena: &'a Bump,
    shared: &'s Shared,
    /// How many bytes of the arena make a piece of a chunk.
    enough: usize,
    operators: ArenaVec<'a, Pending<'a>>,
    pub(crate) expressions: Stack<'a, Expression<'a>>,
    pub(crate) statements: Stack<'a, Statement<'a>>,
    pub(crate) items: Stack<'a, TableItem<'a>>,
    pub(crate) arms: Stack<'a, IfArm<'a>>,
    pub(crate) bindings: Stack<'a, Binding<'a>>,
    pub(crate) names: Stack<'a, Name>,
    pub(crate) generics: Stack<'a, GenericParameter<'a>>,
    pub(crate) arguments: Stack<'a, FunctionTypeParameter<'a>>,
    pub(crate) record_items: Stack<'a, RecordItem<'a>>,
    pub(crate) interface_items: Stack<'a, InterfaceItem<'a>>,
    pub(crate) types: Stack<'a, ParsedType<'a>>,
}

impl<'a, 's> Builder<'a, 's> {
    pub(crate) fn new(arena: &'a Bump, shared: &'s Shared, enough: usize) -> Self {
        Self {
            arena,
            shared,
            enough,
            operators: ArenaVec::new_in(arena),
            expressions: Stack::new(arena),
            statements: Stack::new(arena),
            items: Stack::new(arena),
            arms: Stack::new(arena),
            bindings: Stack::new(arena),
            names: Stack::new(arena),
            generics: Stack::new(arena),
            arguments: Stack::new(arena),
            record_items: Stack::new(arena),
            interface_items: Stack::new(arena),
            types: Stack::new(arena),
        }
    }

    // ---- pieces ----

    /// Whether the statements read so far make a piece. What may be the end of a block is left to the next one, and so
    /// is what may be refused; and with types in it a chunk has no pieces.
    pub(crate) fn is_full(&self) -> bool {
        let used = self.arena.allocated_bytes() - self.arena.chunk_capacity();
        used >= self.enough
            && self.statements.0.last().is_some_and(|last| !last.kind.is_void())
            && self.refused().is_none()
            && !self.shared.typed.get()
    }

    /// What was refused first.
    pub(crate) fn refused(&self) -> Option<(Refusal, Span)> {
        self.shared.refused.get()
    }

    // ---- depth ----

    /// Enters something that nests without a bracket; [`Self::leave`] goes with it.
    pub(crate) fn enter(&mut self) {
        let pending = self.shared.pending_depth.get() + 1;
        self.shared.pending_depth.set(pending);
        // 3: the chunk, the statement, and its expression.
        if 3 + self.shared.open_depth.get() + pending > MAX_DEPTH {
            self.shared.refuse(Refusal::TooDeep, self.shared.lookahead.get());
        }
    }

    pub(crate) fn leave(&mut self) {
        self.shared.pending_depth.set(self.shared.pending_depth.get() - 1);
    }

    // ---- operators ----

    /// Where the operators of a new expression begin.
    pub(crate) fn base(&self) -> Base {
        Base(self.operators.len() as u32)
    }

    /// A prefix operator.
    pub(crate) fn unary(&mut self, base: Base, at: Offset, operator: UnaryOperator) -> Base {
        self.operators.push(Pending::Unary { operator, at });
        self.enter();
        base
    }

    /// An infix operator and the operand before it.
    pub(crate) fn binary(
        &mut self,
        base: Base,
        operand: Expression<'a>,
        at: Offset,
        operator: BinaryOperator,
    ) -> Base {
        let (priority, _) = operator.priority();
        let left = self.reduce(base, operand, priority);
        self.operators.push(Pending::Binary { operator, at, left });
        self.enter();
        base
    }

    /// The last operand of an expression.
    pub(crate) fn finish(&mut self, base: Base, operand: Expression<'a>) -> Expression<'a> {
        self.reduce(base, operand, 0)
    }

    /// Gives `operand` to all waiting operators that bind it at least as tightly as `priority`.
    fn reduce(&mut self, base: Base, mut operand: Expression<'a>, priority: u8) -> Expression<'a> {
        while self.operators.len() > base.0 as usize {
            let Some(&pending) = self.operators.last() else { break };
            operand = match pending {
                Pending::Unary { operator, at } if UNARY_PRIORITY >= priority => Expression {
                    span: Span::new(at, operand.span.end),
                    kind: ExpressionKind::Unary { operator, operand: self.arena.alloc(operand) },
                },
                Pending::Binary { operator, at, left } if operator.priority().1 >= priority => Expression {
                    span: left.span.to(operand.span),
                    kind: ExpressionKind::Binary(Binary {
                        operator,
                        at,
                        operands: self.arena.alloc([left, operand]),
                    }),
                },
                Pending::Unary { .. } | Pending::Binary { .. } => break,
            };
            self.operators.pop();
            self.leave();
        }
        operand
    }

    // ---- numerals ----

    pub(crate) fn integer(&self, value: Value) -> i64 {
        self.shared.values.integer(value)
    }

    pub(crate) fn float(&self, value: Value) -> f64 {
        self.shared.values.float(value)
    }

    // ---- expressions and statements ----

    pub(crate) fn alloc<T>(&self, node: T) -> &'a mut T {
        self.arena.alloc(node)
    }

    pub(crate) fn one_expression(&self, expression: Expression<'a>) -> &'a [Expression<'a>] {
        std::slice::from_ref(self.arena.alloc(expression))
    }

    /// One more target of an assignment; the reference implementation nests in them.
    pub(crate) fn target(&mut self, base: Base, target: Expression<'a>) -> Base {
        let before = self.expressions.0.len() as u32 - base.0;
        if BASE_DEPTH + self.shared.open_depth.get() + before > MAX_DEPTH {
            self.shared.refuse(Refusal::TooDeep, self.shared.lookahead.get());
        }
        self.expressions.push(base, target)
    }

    /// The block of the last arm ends where the next word stands.
    pub(crate) fn end_arm(&mut self, end: Offset) {
        if let Some(arm) = self.arms.0.last_mut() {
            arm.block.end = end;
        }
    }

    pub(crate) fn arms(&mut self, arms: Base, end: Offset) -> &'a [IfArm<'a>] {
        self.end_arm(end);
        self.arms.end(arms, self.arena)
    }

    pub(crate) fn function_statement(
        &mut self,
        keyword: Span,
        path: Base,
        method: Option<Name>,
        body: &'a mut FunctionBody<'a>,
    ) -> StatementKind<'a> {
        let path = self.names.end(path, self.arena);
        let (&base, fields) = path.split_first().expect("a path begins with a name");
        let body = with_keyword(body, keyword, method.is_some());
        StatementKind::Function(self.alloc(FunctionStatement { base, fields, method, body }))
    }

    // ---- types ----

    /// A type where exactly one is needed.
    pub(crate) fn single(&mut self, parsed: ParsedType<'a>) -> TypeExpression<'a> {
        self.shared.typed.set(true);
        match parsed {
            ParsedType::Type(ty) => ty,
            ParsedType::Pack(pack) => {
                self.shared.refuse(Refusal::PackOutsideReturn, pack.span);
                TypeExpression { span: pack.span, kind: TypeKind::Nil }
            }
        }
    }

    pub(crate) fn single_ref(&mut self, parsed: ParsedType<'a>) -> &'a TypeExpression<'a> {
        let ty = self.single(parsed);
        self.alloc(ty)
    }

    /// The list `base` of types where each must be exactly one.
    pub(crate) fn single_list(&mut self, base: Base) -> &'a [TypeExpression<'a>] {
        self.shared.typed.set(true);
        let from = base.0 as usize;
        for at in from..self.types.0.len() {
            if let ParsedType::Pack(pack) = self.types.0[at] {
                self.shared.refuse(Refusal::PackOutsideReturn, pack.span);
            }
        }
        let singles = self.types.0[from..].iter().filter_map(|parsed| match parsed {
            ParsedType::Type(ty) => Some(*ty),
            ParsedType::Pack(_) => None,
        });
        let list: &[TypeExpression<'a>] = self.arena.alloc_slice_fill_iter(singles.collect::<Vec<_>>());
        self.types.0.truncate(from);
        list
    }

    /// A type where values are returned.
    pub(crate) fn pack(&mut self, parsed: ParsedType<'a>) -> &'a TypePack<'a> {
        self.shared.typed.set(true);
        match parsed {
            ParsedType::Pack(pack) => pack,
            ParsedType::Type(ty) => {
                let span = ty.span;
                let items = std::slice::from_ref(self.alloc(ty));
                self.alloc(TypePack { span, items, tail: None })
            }
        }
    }

    /// `: A, B` after a parameter list.
    pub(crate) fn return_types(&mut self, base: Base) -> ReturnAnnotation<'a> {
        if let [parsed] = self.types.0[base.0 as usize..] {
            self.types.0.truncate(base.0 as usize);
            return ReturnAnnotation::Types(self.pack(parsed));
        }
        let items = self.single_list(base);
        let span = match (items.first(), items.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => Span::default(),
        };
        ReturnAnnotation::Types(self.alloc(TypePack { span, items, tail: None }))
    }

    /// `( … )` that no `->` follows: parentheses around one type, or a pack.
    pub(crate) fn parenthesised(&mut self, span: Span, arguments: FunctionArguments<'a>) -> ParsedType<'a> {
        if let ([FunctionTypeParameter { name: None, ty, .. }], None) =
            (arguments.parameters, arguments.vararg)
        {
            return ParsedType::Type(TypeExpression { span, kind: TypeKind::Paren(ty) });
        }
        if let Some(name) = arguments.parameters.iter().find_map(|parameter| parameter.name) {
            self.shared.refuse(Refusal::UnexpectedSymbol, name.span);
        }
        let items =
            self.arena.alloc_slice_fill_iter(arguments.parameters.iter().map(|parameter| *parameter.ty));
        ParsedType::Pack(self.alloc(TypePack { span, items, tail: arguments.vararg }))
    }

    pub(crate) fn member(&mut self, members: Members<'a>, next: ParsedType<'a>) -> Members<'a> {
        let mut list = match members {
            Members::One(first) => vec![self.single(first)],
            Members::Many(list) => list,
        };
        list.push(self.single(next));
        Members::Many(list)
    }

    pub(crate) fn union(&mut self, members: Members<'a>) -> ParsedType<'a> {
        self.combine(members, TypeKind::Union)
    }

    pub(crate) fn intersection(&mut self, members: Members<'a>) -> ParsedType<'a> {
        self.combine(members, TypeKind::Intersection)
    }

    fn combine(
        &mut self,
        members: Members<'a>,
        kind: fn(&'a [TypeExpression<'a>]) -> TypeKind<'a>,
    ) -> ParsedType<'a> {
        match members {
            Members::One(parsed) => parsed,
            Members::Many(list) => {
                let list: &[TypeExpression<'a>] = self.arena.alloc_slice_copy(&list);
                let span = list[0].span.to(list[list.len() - 1].span);
                ParsedType::Type(TypeExpression { span, kind: kind(list) })
            }
        }
    }

    /// A type that begins with a separator: `| A | B`.
    pub(crate) fn led(&mut self, start: Offset, parsed: ParsedType<'a>) -> ParsedType<'a> {
        match parsed {
            ParsedType::Type(ty) => {
                ParsedType::Type(TypeExpression { span: Span::new(start, ty.span.end), kind: ty.kind })
            }
            ParsedType::Pack(_) => {
                let ty = self.single(parsed);
                ParsedType::Type(ty)
            }
        }
    }

    /// A type with one more suffix. Suffixes nest to the left; a type with as many as nothing sensible has is refused,
    /// so that types can be walked recursively.
    pub(crate) fn suffixed(
        &mut self,
        end: Offset,
        ty: TypeExpression<'a>,
        kind: TypeKind<'a>,
    ) -> ParsedType<'a> {
        let mut depth = 0;
        let mut left = Some(ty);
        while let Some(ty) = left {
            depth += 1;
            left = match ty.kind {
                TypeKind::Optional(inner)
                | TypeKind::Array { element: inner, .. }
                | TypeKind::Access { object: inner, .. }
                | TypeKind::Annotated { ty: inner, .. } => Some(*inner),
                _ => None,
            };
        }
        if depth >= MAX_DEPTH {
            self.shared.refuse(Refusal::TooDeep, self.shared.lookahead.get());
        }
        ParsedType::Type(TypeExpression { span: Span::new(ty.span.start, end), kind })
    }

    /// `word {…}`: only two words may stand before a table type.
    pub(crate) fn prefixed(&mut self, word: Name, table: TypeExpression<'a>) -> ParsedType<'a> {
        let kind = match (word.symbol, table.kind) {
            (Symbol::READONLY, TypeKind::Array { element, .. }) => {
                TypeKind::Array { element, readonly: true }
            }
            (Symbol::READONLY, TypeKind::Record(record)) => {
                TypeKind::Record(self.alloc(RecordType { readonly: true, ..*record }))
            }
            (Symbol::INTERFACE, kind) => kind,
            (_, kind) => {
                let brace = Span::new(table.span.start, Offset(table.span.start.0 + 1));
                self.shared.refuse(Refusal::UnexpectedSymbol, brace);
                kind
            }
        };
        ParsedType::Type(TypeExpression { span: word.span.to(table.span), kind })
    }

    /// The word before a field name must be `readonly`.
    pub(crate) fn check_readonly(&mut self, word: Name, name: Name) {
        if word.symbol != Symbol::READONLY {
            self.shared.refuse(Refusal::UnexpectedSymbol, name.span);
        }
    }

    /// `[K]: V`, which is a field if `K` is a string.
    pub(crate) fn indexer(&mut self, key: ParsedType<'a>, value: ParsedType<'a>) -> RecordItem<'a> {
        let key = self.single(key);
        let value = self.single_ref(value);
        match key.kind {
            TypeKind::String(symbol) => {
                let name = Name { symbol, span: key.span };
                RecordItem::Field(RecordField { name, optional: false, readonly: false, ty: value })
            }
            _ => RecordItem::Indexer { key: self.alloc(key), value },
        }
    }

    pub(crate) fn record(&mut self, base: Base) -> TypeKind<'a> {
        let items = self.record_items.end(base, self.arena);
        let mut indexers = items.iter().filter_map(|item| match item {
            RecordItem::Indexer { key, .. } => Some(key.span),
            RecordItem::Field(_) => None,
        });
        if let (Some(_), Some(second)) = (indexers.next(), indexers.next()) {
            self.shared.refuse(Refusal::SecondIndexer, second);
        }
        TypeKind::Record(self.alloc(RecordType { items, readonly: false }))
    }
}

/// Completes a function body with what stands before its parameters.
pub(crate) fn with_keyword<'a>(
    body: &'a mut FunctionBody<'a>,
    keyword: Span,
    has_self: bool,
) -> &'a FunctionBody<'a> {
    body.keyword = keyword;
    body.span = keyword.to(body.end);
    body.has_self = has_self;
    body
}

/// The base of the reference implementation's count of levels: the chunk and the statement.
const BASE_DEPTH: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_on_the_parser_stack_is_larger_than_a_node() {
        assert_eq!(size_of::<Expression<'_>>(), 32);
        assert_eq!(size_of::<Statement<'_>>(), 32);
        assert_eq!(size_of::<TypeExpression<'_>>(), 32);
        assert!(size_of::<ParsedType<'_>>() <= 32);
        assert!(size_of::<Members<'_>>() <= 32);
        assert!(size_of::<FunctionArguments<'_>>() <= 40);
        assert!(size_of::<RecordItem<'_>>() <= 40);
    }
}
