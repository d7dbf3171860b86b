//! The two homes of one relation, held against each other.
//!
//! [`crate::assignable`] relates types as values of a program do at run time; the checker relates its own numbers, which
//! are faster to compare and know inferred tables. Invariant, tested on random pairs: what the first allows, the second
//! allows; what only the second allows is one of the liberties listed here, which spare programs that run.

use wippy_random::Random;

use super::environment::Environment;
use super::session::{Options, Session};
use crate::{Type, TypeKind, assignable, parse_type};

/// Types at random.
struct Types(Random);

impl Types {
    fn ty(&mut self, depth: u32) -> String {
        const PLAIN: &[&str] = &[
            "nil", "boolean", "integer", "number", "string", "table", "thread", "unknown", "never", "true",
            "1", "2.5", "\"a\"", "\"b\"",
        ];
        if depth == 0 {
            return self.0.pick(PLAIN).to_owned();
        }
        let depth = depth - 1;
        match self.0.below(10) {
            0 | 1 => self.0.pick(PLAIN).to_owned(),
            2 => format!("{{{}}}", self.ty(depth)),
            3 => format!("readonly {{{}}}", self.ty(depth)),
            4 => format!("{{[{}]: {}}}", self.0.pick(&["string", "integer", "number"]), self.ty(depth)),
            5 | 6 => {
                let mut fields = Vec::new();
                for name in ["x", "y"] {
                    let mark = self.0.pick(&["", "", "readonly "]);
                    let optional = self.0.pick(&["", "", "?"]);
                    if self.0.below(4) > 0 {
                        fields.push(format!("{mark}{name}{optional}: {}", self.ty(depth)));
                    }
                }
                if fields.is_empty() {
                    fields.push("z: number".to_owned());
                }
                format!("{{{}}}", fields.join(", "))
            }
            7 => format!("({} | {})", self.ty(depth), self.ty(depth)),
            8 => format!("({})?", self.ty(depth)),
            _ => format!("(({}) -> {})", self.ty(depth), self.ty(depth)),
        }
    }
}

/// Whether a part of a type is something with which the checker is more liberal than the relation of values.
fn liberal(ty: &Type) -> bool {
    match ty.kind() {
        // Maps and lists may stand for records that ask for nothing, and for each other.
        TypeKind::Map { .. } | TypeKind::Array { .. } => true,
        // Fields with functions are covariant, unnamed results unknown.
        TypeKind::Function(_) => true,
        TypeKind::Record { fields, .. } => fields.iter().any(|field| liberal(&field.ty)),
        _ => {
            let members = ty.members();
            members.len() > 1 && members.iter().any(liberal)
        }
    }
}

#[test]
fn both_relations_agree() {
    const SEED: u64 = 0x2545_F491_4F6C_DD1D;
    let mut types = Types(Random::new(SEED));
    let mut faults = Vec::new();
    for round in 0..40 {
        let mut session = Session::new(&Environment::new(), Options::default());
        let texts: Vec<String> = (0..60).map(|_| types.ty(3)).collect();
        let rows: Vec<(&str, &str)> = texts.iter().map(|text| ("row", text.as_str())).collect();
        let numbers = session.row_types("", &rows);
        let trees: Vec<Type> = texts.iter().map(|text| parse_type(text).expect(text)).collect();
        for (at, a) in trees.iter().enumerate() {
            for (other, b) in trees.iter().enumerate() {
                let by_tree = assignable(a, b);
                let by_number = session.types_mut().assignable(numbers[at], numbers[other]);
                let excused = by_number && !by_tree && (liberal(a) || liberal(b));
                if by_tree != by_number && !excused {
                    faults.push(format!(
                        "seed {SEED:#x}, round {round}: {} to {}: {by_tree}, the checker says {by_number}",
                        texts[at], texts[other]
                    ));
                }
            }
        }
    }
    faults.sort_by_key(String::len);
    let count = faults.len();
    faults.truncate(20);
    assert!(faults.is_empty(), "{count} disagreements, the shortest:\n{}", faults.join("\n"));
}
