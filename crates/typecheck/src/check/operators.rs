//! Operators: which operands they take and what they give.
//!
//! Strings are no numbers here, although Lua would convert them. Invariant: in code without annotations an operand is
//! blamed only if it is a literal that can never do.

use wippy_parser::Symbol;
use wippy_parser::ast::{Binary, BinaryOperator, Expression, ExpressionKind, UnaryOperator};

use super::Checker;
use super::relate::known;
use super::types::{Node, Ty};
use crate::diagnostic::Code;

impl<'a> Checker<'_, 'a> {
    pub(super) fn unary(
        &mut self,
        operator: UnaryOperator,
        operand: &Expression<'a>,
        whole: &Expression<'a>,
    ) -> Ty {
        if operator == UnaryOperator::Not {
            self.probe = true;
            let ty = self.value(operand, Ty::NONE);
            self.probe = false;
            return match (self.types.truthy(ty), self.types.falsy(ty)) {
                _ if ty.is_any() || ty == Ty::UNKNOWN => Ty::BOOLEAN,
                (Ty::NEVER, Ty::NEVER) => Ty::BOOLEAN,
                (Ty::NEVER, _) => Ty::TRUE,
                (_, Ty::NEVER) => Ty::FALSE,
                _ => Ty::BOOLEAN,
            };
        }
        let ty = self.value(operand, Ty::NONE);
        match operator {
            UnaryOperator::Negate => {
                if let Node::Integer(value) = *self.types.node(ty) {
                    return self.types.add(Node::Integer(value.wrapping_neg()));
                }
                if let Node::Float(bits) = *self.types.node(ty) {
                    return self.types.add(Node::Float((-f64::from_bits(bits)).to_bits()));
                }
                match self.arithmetic_operand(ty, known::UNM) {
                    Some(ty) => ty,
                    None => {
                        if self.is_blamed(ty, operand) {
                            let shown = self.show(ty);
                            self.report(
                                Code::E0019,
                                operand.span,
                                format!("cannot apply unary - to {shown}, expected number"),
                            );
                        }
                        Ty::DYN
                    }
                }
            }
            UnaryOperator::BitNot => match self.arithmetic_operand(ty, known::BNOT) {
                Some(Ty::DYN) => Ty::DYN,
                Some(_) => Ty::INTEGER,
                None => {
                    if self.is_blamed(ty, operand) {
                        let shown = self.show(ty);
                        self.report(
                            Code::E0019,
                            operand.span,
                            format!("cannot apply unary ~ to {shown}, expected number"),
                        );
                    }
                    Ty::DYN
                }
            },
            UnaryOperator::Length => self.length(ty, operand),
            UnaryOperator::Not => {
                let _ = whole;
                Ty::BOOLEAN
            }
        }
    }

    pub(super) fn length(&mut self, ty: Ty, operand: &Expression<'a>) -> Ty {
        let expanded = self.types.expand(ty);
        let members = self.types.members(expanded);
        let mut result = Ty::INTEGER;
        for &member in members.iter() {
            let member = self.types.expand(member);
            let fits = match self.types.node(member) {
                Node::String(_) | Node::Array { .. } | Node::Map { .. } | Node::Record(_) => true,
                Node::Shape(_) => {
                    if self.types.metamethod(member, known::LEN).is_some() {
                        result = Ty::DYN;
                    }
                    true
                }
                Node::Basic if member.is_any() || member == Ty::UNKNOWN || member == Ty::USERDATA => true,
                Node::Basic => matches!(member, Ty::STRING | Ty::TABLE | Ty::NEVER),
                Node::Parameter(number) => match self.types.parameters[*number as usize].bound {
                    Some(bound) => matches!(self.types.lua_kind(bound), Some("table" | "string") | None),
                    None => false,
                },
                Node::Intersection(_) | Node::Named(..) | Node::Union(_) => true,
                _ => false,
            };
            if member.is_any() {
                result = Ty::DYN;
            }
            if !fits {
                if self.is_blamed(ty, operand) {
                    let shown = self.show(ty);
                    self.report(
                        Code::E0019,
                        operand.span,
                        format!("cannot apply length operator to {shown}, expected string or table"),
                    );
                }
                return Ty::INTEGER;
            }
        }
        result
    }

    pub(super) fn binary(&mut self, binary: &Binary<'a>, left: Ty, expected: Ty) -> Ty {
        use BinaryOperator as B;
        match binary.operator {
            B::And | B::Or => {
                let is_and = binary.operator == B::And;
                let kept = if is_and { self.types.falsy(left) } else { self.types.truthy(left) };
                let mark = self.flow.mark();
                let reachable = self.reachable;
                self.narrow(binary.left(), is_and);
                let dead = !self.reachable;
                let right = if dead {
                    self.quietly(|checker| checker.value(binary.right(), expected))
                } else {
                    self.value(binary.right(), expected)
                };
                self.flow.undo(mark);
                self.reachable = reachable;
                if is_and && self.types.truthy(left) == Ty::NEVER && !left.is_any() {
                    return kept;
                }
                if !is_and
                    && kept == left
                    && !left.is_any()
                    && left != Ty::UNKNOWN
                    && !self.types.is_shaped(left)
                {
                    // The right side is never used, but code may say otherwise about its own values.
                    return if self.frame.strict { left } else { self.soft_join(left, right) };
                }
                if left.is_any() {
                    return if is_and { Ty::DYN } else { self.any_or(right) };
                }
                self.soft_join(kept, right)
            }
            B::Equal | B::NotEqual => {
                self.probe = matches!(binary.left().kind, ExpressionKind::Nil);
                let right = self.value(binary.right(), Ty::NONE);
                self.probe = false;
                self.note_impossible(binary, left, right);
                Ty::BOOLEAN
            }
            _ => {
                let right = self.value(binary.right(), Ty::NONE);
                match binary.operator {
                    B::Less | B::LessEqual | B::Greater | B::GreaterEqual => {
                        self.comparison(binary, left, right);
                        Ty::BOOLEAN
                    }
                    B::Concat => self.concatenation(binary, left, right),
                    _ => self.arithmetic(binary, left, right),
                }
            }
        }
    }

    /// `any or x`: mostly a default, but nothing is known.
    pub(super) fn any_or(&mut self, _right: Ty) -> Ty {
        Ty::DYN
    }

    /// Where values meet in code without annotations, a mixture is not analysed further.
    pub(super) fn soft_join(&mut self, a: Ty, b: Ty) -> Ty {
        let joined = self.types.join(a, b);
        if self.frame.strict || joined == a || joined == b || !self.types.is_union(joined) {
            joined
        } else {
            Ty::DYN
        }
    }

    pub(super) fn note_impossible(&mut self, binary: &Binary<'a>, left: Ty, right: Ty) {
        if !self.frame.strict || !self.style || left == Ty::NEVER || right == Ty::NEVER {
            return;
        }
        // An absent value is a question, not a mistake.
        if left == Ty::NIL || right == Ty::NIL || self.types.is_shaped(left) || self.types.is_shaped(right) {
            return;
        }
        if !self.types.overlaps(left, right) {
            let (a, b) = (self.show(left), self.show(right));
            let span = binary.left().span.to(binary.right().span);
            self.report(Code::W0012, span, format!("{a} and {b} never compare equal"));
        }
    }

    /// The number type an operand gives; none if it is no number.
    pub(super) fn arithmetic_operand(&mut self, ty: Ty, event: Symbol) -> Option<Ty> {
        match ty {
            Ty::INTEGER | Ty::NUMBER | Ty::DYN => return Some(ty),
            Ty::ANY => return Some(Ty::DYN),
            _ => {}
        }
        let expanded = self.types.expand(ty);
        let members = self.types.members(expanded);
        let mut result = Ty::NEVER;
        for &member in members.iter() {
            let member = self.types.expand(member);
            let one = match self.types.node(member) {
                Node::Integer(_) => Ty::INTEGER,
                Node::Float(_) => Ty::NUMBER,
                Node::Shape(_) | Node::Record(_) => {
                    self.types.metamethod(member, event)?;
                    return Some(Ty::DYN);
                }
                Node::Parameter(number) => {
                    let bound = self.types.parameters[*number as usize].bound?;
                    self.arithmetic_operand(bound, event)?
                }
                Node::Intersection(_) | Node::TypeValue(_) => return Some(Ty::DYN),
                Node::Basic if member.is_any() => return Some(Ty::DYN),
                Node::Basic => match member {
                    Ty::INTEGER | Ty::NUMBER | Ty::NEVER => member,
                    Ty::TABLE | Ty::USERDATA | Ty::SELF => return Some(Ty::DYN),
                    _ => return None,
                },
                _ => return None,
            };
            result = self.types.join(result, one);
        }
        Some(if result == Ty::NEVER { Ty::DYN } else { result })
    }

    pub(super) fn arithmetic(&mut self, binary: &Binary<'a>, left: Ty, right: Ty) -> Ty {
        use BinaryOperator as B;
        let event = match binary.operator {
            B::Add => known::ADD,
            B::Subtract => known::SUB,
            B::Multiply => known::MUL,
            B::Divide => known::DIV,
            B::FloorDivide => known::IDIV,
            B::Modulo => known::MOD,
            B::Power => known::POW,
            B::BitAnd => known::BAND,
            B::BitOr => known::BOR,
            B::BitXor => known::BXOR,
            B::ShiftLeft => known::SHL,
            _ => known::SHR,
        };
        let (a, b) = (self.arithmetic_operand(left, event), self.arithmetic_operand(right, event));
        let (a, b) = match (a, b) {
            (Some(a), Some(b)) => (a, b),
            // The other operand may have the metamethod.
            (Some(Ty::DYN), None) | (None, Some(Ty::DYN))
                if !self.frame.strict || left != Ty::ANY && right != Ty::ANY =>
            {
                let (bad, operand) =
                    if a.is_none() { (left, binary.left()) } else { (right, binary.right()) };
                if self.frame.strict && self.lacks_arithmetic(bad) {
                    self.blame_arithmetic(bad, operand);
                }
                return Ty::DYN;
            }
            (None, _) => {
                self.blame_arithmetic(left, binary.left());
                return Ty::DYN;
            }
            (_, None) => {
                self.blame_arithmetic(right, binary.right());
                return Ty::DYN;
            }
        };
        if a == Ty::DYN || b == Ty::DYN {
            return Ty::DYN;
        }
        match binary.operator {
            B::Divide | B::Power => Ty::NUMBER,
            B::BitAnd | B::BitOr | B::BitXor | B::ShiftLeft | B::ShiftRight => Ty::INTEGER,
            _ if a == Ty::INTEGER && b == Ty::INTEGER => Ty::INTEGER,
            _ => Ty::NUMBER,
        }
    }

    /// Values that have no arithmetic whatever the other operand is: nil in particular.
    pub(super) fn lacks_arithmetic(&mut self, ty: Ty) -> bool {
        ty == Ty::NIL || ty == Ty::UNKNOWN || self.types.is_optional(ty) || ty == Ty::STRING
    }

    pub(super) fn blame_arithmetic(&mut self, ty: Ty, operand: &Expression<'a>) {
        if self.is_blamed(ty, operand) && !self.may_be_numeral(ty) {
            let shown = self.show(ty);
            self.report(
                Code::E0019,
                operand.span,
                format!("cannot perform arithmetic on {shown}, expected number"),
            );
        }
    }

    /// A string that Lua would convert, in code without annotations.
    pub(super) fn may_be_numeral(&self, ty: Ty) -> bool {
        if self.frame.strict {
            return false;
        }
        match *self.types.node(ty) {
            Node::String(symbol) => {
                let text = String::from_utf8_lossy(self.interner.resolve(symbol)).trim().to_lowercase();
                text.parse::<f64>().is_ok() || text.trim_start_matches('-').starts_with("0x")
            }
            _ => false,
        }
    }

    pub(super) fn comparison(&mut self, binary: &Binary<'a>, left: Ty, right: Ty) {
        let (a, b) = (self.order_kind(left), self.order_kind(right));
        let fits = a != Order::None && b != Order::None && (a == b || a == Order::Free || b == Order::Free);
        if !fits && (self.is_blamed(left, binary.left()) && self.is_blamed(right, binary.right())) {
            let (a, b) = (self.show(left), self.show(right));
            self.report(
                Code::E0019,
                binary.left().span.to(binary.right().span),
                format!("cannot compare {a} with {b}, expected both operands to be numbers or both strings"),
            );
        }
    }

    fn order_kind(&mut self, ty: Ty) -> Order {
        match ty {
            Ty::INTEGER | Ty::NUMBER => return Order::Number,
            Ty::STRING => return Order::String,
            Ty::DYN | Ty::ANY | Ty::UNKNOWN | Ty::NEVER => return Order::Free,
            _ => {}
        }
        let expanded = self.types.expand(ty);
        let members = self.types.members(expanded);
        let mut result = None;
        for &member in members.iter() {
            let member = self.types.expand(member);
            let one = match self.types.node(member) {
                Node::Integer(_) | Node::Float(_) => Order::Number,
                Node::String(_) => Order::String,
                Node::Shape(_) | Node::Record(_) => {
                    let lt = self.types.metamethod(member, known::LT);
                    let le = self.types.metamethod(member, known::LE);
                    if lt.or(le).is_some() { Order::Free } else { Order::None }
                }
                Node::Parameter(number) => match self.types.parameters[*number as usize].bound {
                    Some(bound) => self.order_kind(bound),
                    None => Order::None,
                },
                Node::Intersection(_) | Node::TypeValue(_) => Order::Free,
                Node::Basic => match member {
                    Ty::INTEGER | Ty::NUMBER => Order::Number,
                    Ty::STRING => Order::String,
                    Ty::TABLE | Ty::USERDATA | Ty::SELF | Ty::UNKNOWN | Ty::ANY | Ty::DYN => Order::Free,
                    _ => Order::None,
                },
                _ => Order::None,
            };
            result = Some(match result {
                None => one,
                Some(known) if known == one => one,
                Some(Order::Free) if one != Order::None => one,
                Some(known) if one == Order::Free => known,
                Some(_) => Order::None,
            });
        }
        result.unwrap_or(Order::Free)
    }

    pub(super) fn concatenation(&mut self, binary: &Binary<'a>, left: Ty, right: Ty) -> Ty {
        let (a, b) = (self.concatenates(left), self.concatenates(right));
        let mut blamed = None;
        if a == Order::None && b != Order::Free {
            blamed = Some((left, binary.left()));
        } else if b == Order::None && a != Order::Free {
            blamed = Some((right, binary.right()));
        } else if a == Order::None && self.frame.strict {
            blamed = Some((left, binary.left()));
        } else if b == Order::None && self.frame.strict {
            blamed = Some((right, binary.right()));
        }
        if let Some((ty, operand)) = blamed
            && self.is_blamed(ty, operand)
        {
            let shown = self.show(ty);
            self.report(
                Code::E0019,
                operand.span,
                format!("cannot concatenate {shown}, expected string or number"),
            );
        }
        match (a, b) {
            (Order::Free, _) | (_, Order::Free) if !self.plain_text(left) || !self.plain_text(right) => {
                if self.frame.strict
                    && (left.is_any() || self.plain_text(left))
                    && (right.is_any() || self.plain_text(right))
                {
                    Ty::STRING
                } else {
                    Ty::DYN
                }
            }
            _ => Ty::STRING,
        }
    }

    pub(super) fn plain_text(&mut self, ty: Ty) -> bool {
        self.types.assignable(ty, Ty::STRING) && !ty.is_any()
            || self.types.assignable(ty, Ty::NUMBER) && !ty.is_any()
    }

    /// `Number` stands for "string or number", `Free` for "may have the metamethod or be anything".
    fn concatenates(&mut self, ty: Ty) -> Order {
        match ty {
            Ty::INTEGER | Ty::NUMBER | Ty::STRING => return Order::Number,
            Ty::DYN | Ty::ANY | Ty::UNKNOWN | Ty::NEVER | Ty::ERROR => return Order::Free,
            _ => {}
        }
        let expanded = self.types.expand(ty);
        let members = self.types.members(expanded);
        let mut result = Order::Number;
        for &member in members.iter() {
            let member = self.types.expand(member);
            match self.types.node(member) {
                Node::Integer(_) | Node::Float(_) | Node::String(_) => {}
                Node::Shape(_) | Node::Record(_) => match self.types.metamethod(member, known::CONCAT) {
                    Some(_) => result = Order::Free,
                    None => return Order::None,
                },
                Node::Parameter(number) => {
                    let bound = self.types.parameters[*number as usize].bound;
                    if bound.is_none_or(|bound| self.concatenates(bound) != Order::Number) {
                        return Order::None;
                    }
                }
                Node::Intersection(_) => result = Order::Free,
                Node::Basic => match member {
                    Ty::INTEGER | Ty::NUMBER | Ty::STRING | Ty::NEVER => {}
                    Ty::ERROR | Ty::UNKNOWN | Ty::TABLE | Ty::USERDATA | Ty::SELF | Ty::ANY | Ty::DYN => {
                        result = Order::Free;
                    }
                    _ => return Order::None,
                },
                _ => return Order::None,
            }
        }
        result
    }

    /// Whether a wrong operand is reported: in annotated code always, elsewhere only where it is plain to see.
    pub(super) fn is_blamed(&mut self, ty: Ty, operand: &Expression<'a>) -> bool {
        if ty.is_any() {
            return false;
        }
        if self.frame.strict {
            return true;
        }
        self.frame.main
            && !self.names.tricky
            && !self.may_be_numeral(ty)
            && matches!(
                operand.kind,
                ExpressionKind::String(_)
                    | ExpressionKind::Integer(_)
                    | ExpressionKind::Float(_)
                    | ExpressionKind::Table(_)
                    | ExpressionKind::True
                    | ExpressionKind::False
                    | ExpressionKind::Nil
            )
    }

    /// The type of a literal expression.
    pub(super) fn literal_type(&mut self, expression: &Expression<'_>) -> Option<Ty> {
        Some(match expression.kind {
            ExpressionKind::Nil => Ty::NIL,
            ExpressionKind::True => Ty::TRUE,
            ExpressionKind::False => Ty::FALSE,
            ExpressionKind::Integer(value) => self.types.add(Node::Integer(value)),
            ExpressionKind::Float(value) => self.types.add(Node::Float(value.to_bits())),
            ExpressionKind::String(symbol) => self.types.string(symbol),
            ExpressionKind::Unary { operator: UnaryOperator::Negate, operand } => match operand.kind {
                ExpressionKind::Integer(value) => self.types.add(Node::Integer(value.wrapping_neg())),
                ExpressionKind::Float(value) => self.types.add(Node::Float((-value).to_bits())),
                _ => return None,
            },
            _ => return None,
        })
    }
}

/// What an operand is to an ordering or concatenation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Number,
    String,
    Free,
    None,
}
