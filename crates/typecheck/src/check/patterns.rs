//! What a pattern that is written out tells about the results of `string.find`, `match` and `gmatch`.
//!
//! Only captures are counted; whether the pattern is well formed is for the library to say. Invariant: a pattern that is
//! not understood leaves the results as the row declares them.

use wippy_parser::ast::{Expression, ExpressionKind};

use super::Checker;
use super::types::{Builtin, Function, Node, Pack, Returns, Ty};

/// What a pattern captures.
#[derive(Debug, PartialEq, Eq)]
struct Captures {
    /// In order, a position or a piece of text each.
    types: Vec<Ty>,
    /// Whether there are texts that it does not match.
    may_fail: bool,
}

/// Reads a pattern; none if its brackets do not match.
fn captures(pattern: &[u8]) -> Option<Captures> {
    let mut types = Vec::new();
    let mut may_fail = false;
    let mut open = 0_u32;
    let mut at = 0;
    while let Some(&byte) = pattern.get(at) {
        at += 1;
        match byte {
            b'^' if at == 1 => continue,
            b'(' if pattern.get(at) == Some(&b')') => {
                types.push(Ty::INTEGER);
                at += 1;
                continue;
            }
            b'(' => {
                types.push(Ty::STRING);
                open += 1;
                continue;
            }
            b')' => {
                open = open.checked_sub(1)?;
                continue;
            }
            b'%' => {
                let class = *pattern.get(at)?;
                at += 1;
                if matches!(class, b'b' | b'f' | b'0'..=b'9') {
                    // Brackets, frontiers and what was captured before take no repetition.
                    at += if class == b'b' { 2 } else { 0 };
                    may_fail = true;
                    continue;
                }
            }
            b'[' => {
                // A bracket right after the start of a set belongs to it.
                at += usize::from(pattern.get(at) == Some(&b'^'));
                at += usize::from(pattern.get(at) == Some(&b']'));
                while *pattern.get(at)? != b']' {
                    at += if pattern[at] == b'%' { 2 } else { 1 };
                }
                at += 1;
            }
            _ => {}
        }
        match pattern.get(at) {
            Some(b'*' | b'?' | b'-') => at += 1,
            Some(b'+') => {
                may_fail = true;
                at += 1;
            }
            _ => may_fail = true,
        }
    }
    (open == 0).then_some(Captures { types, may_fail })
}

impl<'a> Checker<'_, 'a> {
    /// Makes the results of a search more exact.
    pub(super) fn found_by_pattern(
        &mut self,
        builtin: Builtin,
        pattern: Option<&Expression<'a>>,
        pack: &mut Pack,
    ) {
        let known = match pattern.map(|it| it.kind) {
            Some(ExpressionKind::String(symbol)) => captures(self.interner.resolve(symbol)),
            _ => None,
        };
        let mut values = if builtin == Builtin::StringFind { vec![Ty::INTEGER; 2] } else { Vec::new() };
        let may_fail;
        match known {
            Some(known) => {
                may_fail = known.may_fail;
                if known.types.is_empty() && builtin != Builtin::StringFind {
                    values.push(Ty::STRING);
                }
                values.extend(known.types);
            }
            None if builtin == Builtin::StringFind => {
                pack.rows = Some(vec![values, vec![Ty::NIL; 2]].into());
                return;
            }
            None => return,
        }
        if builtin == Builtin::StringGmatch {
            // The iterator gives them until it gives nil, which ends the loop.
            let step = Function {
                generics: Vec::new(),
                parameters: Vec::new(),
                vararg: None,
                result: Returns::Declared(Pack { items: values, tail: None, rows: None }),
                annotated: true,
                method: false,
                asserts: None,
                builtin: Builtin::Row,
                source: 0,
            };
            *pack = Pack::one(self.types.add(Node::Function(step.into())));
            return;
        }
        if !may_fail && builtin == Builtin::StringMatch {
            *pack = Pack { items: values, tail: None, rows: None };
            return;
        }
        // All of them or none.
        let items = values.iter().map(|&ty| self.types.optional(ty)).collect();
        let rows = vec![values.clone(), vec![Ty::NIL; values.len()]];
        *pack = Pack { items, tail: None, rows: (values.len() > 1).then(|| rows.into()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_are_counted() {
        let text = Ty::STRING;
        let check = |pattern: &[u8], types: Vec<Ty>, may_fail: bool| {
            assert_eq!(captures(pattern), Some(Captures { types, may_fail }), "{}", pattern.escape_ascii());
        };
        check(b"%d+", vec![], true);
        check(b"(%d+)-(%a*)", vec![text, text], true);
        check(b"()x(%()", vec![Ty::INTEGER, text], true);
        check(b"[()](a)[^%]]", vec![text], true);
        check(b"[]()](a)", vec![text], true);
        check(b"((a)b)", vec![text, text], true);
        check(b"^%s*()", vec![Ty::INTEGER], false);
        check(b"^%s*(.-)x?", vec![text], false);
        check(b"^%s*$", vec![], true);
        check(b"%b()", vec![], true);
        check(b"(a*)%1", vec![text], true);
        for broken in [&b"(a"[..], b"a)", b"[a", b"[", b"[%", b"%"] {
            assert_eq!(captures(broken), None);
        }
    }
}
