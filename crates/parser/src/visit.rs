//! One walk over the tree, in source order, parents before children.
//!
//! A visitor says what it wants to see; it cannot steer the walk. Invariant: left chains are walked with a loop, and
//! all other nesting is limited by the parser, so the walk never overflows the stack.

use crate::annotation::*;
use crate::ast::*;

/// What is told about each node. Every method does nothing unless it is written.
pub trait Visitor<'a> {
    /// A block begins.
    fn block(&mut self, _block: &Block<'a>) {}
    /// The block that began last, and did not end yet, ends.
    fn end_block(&mut self, _block: &Block<'a>) {}
    /// A statement, before its parts.
    fn statement(&mut self, _statement: &Statement<'a>) {}
    /// An expression, before its parts.
    fn expression(&mut self, _expression: &Expression<'a>) {}
    /// A function, before its parts.
    fn function(&mut self, _body: &FunctionBody<'a>) {}
    /// The function that began last, and did not end yet, ends.
    fn end_function(&mut self, _body: &FunctionBody<'a>) {}
    /// The declaration of a local variable or a parameter, before its type.
    fn binding(&mut self, _binding: &Binding<'a>) {}
    /// A type, before its parts.
    fn ty(&mut self, _ty: &TypeExpression<'a>) {}
}

/// Tells `visitor` about every node of `chunk`.
pub fn walk<'a>(chunk: &Chunk<'a>, visitor: &mut impl Visitor<'a>) {
    block(&chunk.block, visitor);
}

fn block<'a>(node: &Block<'a>, visitor: &mut impl Visitor<'a>) {
    visitor.block(node);
    for statement in node.statements {
        self::statement(statement, visitor);
    }
    visitor.end_block(node);
}

fn statement<'a>(node: &Statement<'a>, visitor: &mut impl Visitor<'a>) {
    visitor.statement(node);
    match node.kind {
        StatementKind::Empty | StatementKind::Break | StatementKind::Goto(_) | StatementKind::Label(_) => {}
        StatementKind::Call(call) => expression(call, visitor),
        StatementKind::Assign(assign) => {
            expressions(assign.targets, visitor);
            expressions(assign.values, visitor);
        }
        StatementKind::Local(local) => {
            bindings(local.names, visitor);
            expressions(local.values, visitor);
        }
        StatementKind::LocalFunction(local) => function(local.body, visitor),
        StatementKind::Function(statement) => function(statement.body, visitor),
        StatementKind::Do(inner) => block(inner, visitor),
        StatementKind::While(node) => {
            expression(&node.condition, visitor);
            block(&node.block, visitor);
        }
        StatementKind::Repeat(node) => {
            block(&node.block, visitor);
            expression(&node.condition, visitor);
        }
        StatementKind::If(node) => {
            for arm in node.arms {
                expression(&arm.condition, visitor);
                block(&arm.block, visitor);
            }
            node.otherwise.iter().for_each(|otherwise| block(otherwise, visitor));
        }
        StatementKind::NumericFor(node) => {
            binding(&node.variable, visitor);
            expression(&node.start, visitor);
            expression(&node.limit, visitor);
            node.step.iter().for_each(|step| expression(step, visitor));
            block(&node.block, visitor);
        }
        StatementKind::GenericFor(node) => {
            bindings(node.names, visitor);
            expressions(node.values, visitor);
            block(&node.block, visitor);
        }
        StatementKind::Return(values) => expressions(values, visitor),
        StatementKind::TypeAlias(alias) => {
            generics(alias.generics, visitor);
            ty(&alias.ty, visitor);
        }
        StatementKind::Interface(interface) => {
            generics(interface.generics, visitor);
            types(interface.parents, visitor);
            for item in interface.items {
                match item {
                    InterfaceItem::Field(field) => ty(field.ty, visitor),
                    InterfaceItem::Method(method) => {
                        generics(method.generics, visitor);
                        bindings(method.parameters, visitor);
                        vararg(method.vararg, visitor);
                        result(method.result, visitor);
                    }
                }
            }
        }
    }
}

fn expressions<'a>(nodes: &[Expression<'a>], visitor: &mut impl Visitor<'a>) {
    nodes.iter().for_each(|node| expression(node, visitor));
}

fn expression<'a>(node: &Expression<'a>, visitor: &mut impl Visitor<'a>) {
    visitor.expression(node);
    let Some(mut left) = node.left() else { return right_parts(node, visitor) };
    let mut chain: Vec<&Expression<'a>> = vec![node];
    loop {
        visitor.expression(left);
        match left.left() {
            Some(next) => {
                chain.push(left);
                left = next;
            }
            None => break right_parts(left, visitor),
        }
    }
    chain.iter().rev().for_each(|node| right_parts(node, visitor));
}

/// All parts of an expression except [`Expression::left`].
fn right_parts<'a>(node: &Expression<'a>, visitor: &mut impl Visitor<'a>) {
    match node.kind {
        ExpressionKind::Nil
        | ExpressionKind::True
        | ExpressionKind::False
        | ExpressionKind::Vararg
        | ExpressionKind::Integer(_)
        | ExpressionKind::Float(_)
        | ExpressionKind::String(_)
        | ExpressionKind::Name(_)
        | ExpressionKind::Field { .. }
        | ExpressionKind::NonNil(_) => {}
        ExpressionKind::Function(body) => function(body, visitor),
        ExpressionKind::Table(items) => {
            for item in items {
                match item {
                    TableItem::Item(value) => expression(value, visitor),
                    TableItem::Named { value, .. } => expression(value, visitor),
                    TableItem::Keyed(item) => {
                        expression(&item.key, visitor);
                        expression(&item.value, visitor);
                    }
                }
            }
        }
        ExpressionKind::Index { key, .. } => expression(key, visitor),
        ExpressionKind::Call(call) => expressions(call.arguments, visitor),
        ExpressionKind::MethodCall(call) => expressions(call.arguments, visitor),
        ExpressionKind::Binary(binary) => expression(binary.right(), visitor),
        ExpressionKind::Unary { operand, .. } => expression(operand, visitor),
        ExpressionKind::Paren(inner) => expression(inner, visitor),
        ExpressionKind::Cast(cast) => ty(&cast.ty, visitor),
    }
}

fn function<'a>(body: &FunctionBody<'a>, visitor: &mut impl Visitor<'a>) {
    visitor.function(body);
    generics(body.generics, visitor);
    bindings(body.parameters, visitor);
    vararg(body.vararg, visitor);
    result(body.result, visitor);
    block(&body.block, visitor);
    visitor.end_function(body);
}

fn bindings<'a>(nodes: &[Binding<'a>], visitor: &mut impl Visitor<'a>) {
    nodes.iter().for_each(|node| binding(node, visitor));
}

fn binding<'a>(node: &Binding<'a>, visitor: &mut impl Visitor<'a>) {
    visitor.binding(node);
    node.ty.iter().for_each(|node| ty(node, visitor));
}

fn vararg<'a>(node: Option<Vararg<'a>>, visitor: &mut impl Visitor<'a>) {
    if let Some(Vararg { ty: Some(node), .. }) = node {
        ty(node, visitor);
    }
}

fn result<'a>(node: Option<ReturnAnnotation<'a>>, visitor: &mut impl Visitor<'a>) {
    match node {
        Some(ReturnAnnotation::Types(node)) => pack(node, visitor),
        Some(ReturnAnnotation::Asserts(asserts)) => asserts.ty.iter().for_each(|node| ty(node, visitor)),
        None => {}
    }
}

fn pack<'a>(node: &TypePack<'a>, visitor: &mut impl Visitor<'a>) {
    types(node.items, visitor);
    vararg(node.tail, visitor);
}

fn generics<'a>(nodes: &[GenericParameter<'a>], visitor: &mut impl Visitor<'a>) {
    for generic in nodes {
        generic.bound.iter().for_each(|node| ty(node, visitor));
        generic.default.iter().for_each(|node| ty(node, visitor));
    }
}

fn types<'a>(nodes: &[TypeExpression<'a>], visitor: &mut impl Visitor<'a>) {
    nodes.iter().for_each(|node| ty(node, visitor));
}

fn ty<'a>(node: &TypeExpression<'a>, visitor: &mut impl Visitor<'a>) {
    visitor.ty(node);
    match node.kind {
        TypeKind::Nil
        | TypeKind::True
        | TypeKind::False
        | TypeKind::Integer(_)
        | TypeKind::Float(_)
        | TypeKind::String(_) => {}
        TypeKind::Reference(reference) => types(reference.arguments, visitor),
        TypeKind::Record(record) => {
            for item in record.items {
                match item {
                    RecordItem::Field(field) => ty(field.ty, visitor),
                    RecordItem::Indexer { key, value } => {
                        ty(key, visitor);
                        ty(value, visitor);
                    }
                }
            }
        }
        TypeKind::Array { element: inner, .. }
        | TypeKind::Optional(inner)
        | TypeKind::Paren(inner)
        | TypeKind::Keyof(inner) => ty(inner, visitor),
        TypeKind::Access { object, key } => {
            ty(object, visitor);
            ty(key, visitor);
        }
        TypeKind::Annotated { ty: inner, annotation } => {
            ty(inner, visitor);
            expressions(annotation.arguments.unwrap_or_default(), visitor);
        }
        TypeKind::Union(members) | TypeKind::Intersection(members) => types(members, visitor),
        TypeKind::Function(function) => {
            generics(function.generics, visitor);
            function.parameters.iter().for_each(|parameter| ty(parameter.ty, visitor));
            vararg(function.vararg, visitor);
            function.result.iter().for_each(|result| pack(result, visitor));
        }
        TypeKind::Typeof(value) => expression(value, visitor),
    }
}
