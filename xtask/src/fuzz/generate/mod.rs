//! Random Lua programs that always end and whose output the manual determines.
//!
//! Kept out on purpose: the order of `pairs`, addresses, times, borders of tables with holes, and operands
//! whose evaluation order matters. Invariant: a seed gives the same program for ever, as long as this module
//! is not changed.

mod expression;
mod object;
mod statement;

use wippy_random::Random;

/// What a variable is expected to hold; errors come from breaking the expectation now and then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// An integer or a float.
    Number,
    /// A string.
    Text,
    /// A boolean.
    Truth,
    /// Anything, nil included.
    Any,
    /// A table without holes, so that `#` is determined.
    Array,
    /// A table with named fields.
    Record,
    /// A table with a metatable.
    Object,
    /// A function.
    Function,
}

/// A variable in scope.
#[derive(Clone)]
pub(super) struct Variable {
    name: String,
    kind: Kind,
    /// Loop variables and functions are read only.
    assignable: bool,
}

/// Longest chain of nested blocks and functions.
const DEEPEST_BLOCK: usize = 5;

/// Statements of one program, nested ones included.
const STATEMENTS: usize = 45;

/// A program under construction.
pub(super) struct Program {
    random: Random,
    text: String,
    indent: usize,
    scopes: Vec<Vec<Variable>>,
    names: usize,
    budget: usize,
    depth: usize,
    /// How many loops of the current function surround this place.
    loops: usize,
    /// Whether `...` may be used here.
    varargs: bool,
    /// Whether this place is inside a function that may yield.
    yields: bool,
}

/// The text of the program that belongs to `seed`.
pub(crate) fn program(seed: u64) -> String {
    let mut program = Program {
        random: Random::new(seed),
        text: String::new(),
        indent: 0,
        scopes: vec![Vec::new()],
        names: 0,
        budget: STATEMENTS,
        depth: 0,
        loops: 0,
        varargs: true,
        yields: false,
    };
    program.opening();
    while program.budget > 0 {
        program.statement();
    }
    program.closing();
    program.text
}

impl Program {
    /// A few variables of each kind, so that the first statements have something to work on.
    fn opening(&mut self) {
        for kind in
            [Kind::Number, Kind::Number, Kind::Text, Kind::Truth, Kind::Array, Kind::Record, Kind::Any]
        {
            let name = self.fresh("v");
            let value = self.value(kind, 1);
            let global = self.random.chance(25);
            self.line(&format!("{}{name} = {value}", if global { "" } else { "local " }));
            self.declare(name, kind, true);
        }
        if self.random.chance(60) {
            self.class();
        }
    }

    /// Shows what is left in the outermost scope.
    fn closing(&mut self) {
        let names: Vec<_> = self.scopes[0].iter().map(|variable| variable.name.clone()).collect();
        for name in names {
            self.line(&format!("show('{name}', {name})"));
        }
    }

    fn line(&mut self, text: &str) {
        for _ in 0..self.indent {
            self.text.push_str("  ");
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    fn declare(&mut self, name: String, kind: Kind, assignable: bool) {
        self.scopes.last_mut().expect("the outermost scope stays").push(Variable { name, kind, assignable });
    }

    /// A visible variable that satisfies the test; later ones are likelier.
    fn find(&mut self, test: impl Fn(&Variable) -> bool) -> Option<String> {
        let found: Vec<_> = self.scopes.iter().flatten().filter(|variable| test(variable)).collect();
        if found.is_empty() {
            return None;
        }
        let recent = found.len().saturating_sub(4);
        let at = if self.random.chance(50) {
            recent + self.random.below(found.len() - recent)
        } else {
            self.random.below(found.len())
        };
        Some(found[at].name.clone())
    }

    fn variable(&mut self, kind: Kind) -> Option<String> {
        // Now and then the wrong kind: that is where error messages come from.
        if self.random.chance(2) {
            return self.find(|variable| variable.kind != Kind::Function);
        }
        self.find(|variable| variable.kind == kind)
    }

    fn assignable(&mut self, kind: Kind) -> Option<String> {
        self.find(|variable| variable.kind == kind && variable.assignable)
    }

    fn any_kind(&mut self) -> Kind {
        const KINDS: [Kind; 8] = [
            Kind::Number,
            Kind::Number,
            Kind::Number,
            Kind::Text,
            Kind::Text,
            Kind::Truth,
            Kind::Array,
            Kind::Record,
        ];
        KINDS[self.random.below(KINDS.len())]
    }

    /// Runs `body` in a new scope, one level deeper.
    fn block(&mut self, body: impl FnOnce(&mut Self)) {
        self.scopes.push(Vec::new());
        self.indent += 1;
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.indent -= 1;
        self.scopes.pop();
    }

    /// Runs `body` as the inside of a function: loops and varargs of the outside are out of reach.
    fn function_body(&mut self, varargs: bool, yields: bool, body: impl FnOnce(&mut Self)) {
        let outside = (self.loops, self.varargs, self.yields);
        (self.loops, self.varargs, self.yields) = (0, varargs, yields);
        self.block(|program| {
            program.line("tick()");
            body(program);
        });
        (self.loops, self.varargs, self.yields) = outside;
    }

    /// One to `most` statements, fewer when the budget runs out.
    fn statements(&mut self, most: usize) {
        for _ in 0..self.random.range(1, most) {
            self.statement();
        }
    }
}
