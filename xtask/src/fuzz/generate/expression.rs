//! Random expressions of an expected kind.
//!
//! Calls of the program's own functions stand only where the manual fixes what is evaluated first: in
//! argument lists, constructors, concatenations and on the right of assignments (see `statement.rs`).

use super::{Kind, Program};

/// Integers at the edges of what operations do.
const INTEGERS: [&str; 22] = [
    "0",
    "1",
    "-1",
    "2",
    "3",
    "5",
    "7",
    "-3",
    "10",
    "16",
    "63",
    "64",
    "255",
    "1000",
    "-128",
    "0x7fffffff",
    "1 << 62",
    "math.maxinteger",
    "math.mininteger",
    "9007199254740993",
    "0xff",
    "-7",
];

/// Floats at the edges.
const FLOATS: [&str; 18] = [
    "0.0", "-0.0", "0.5", "1.5", "-2.5", "3.0", "1e15", "1e16", "2^53", "2^63", "-2^63", "1e308", "1e-310",
    "1/0", "-1/0", "0.1", "100.0", "3.7",
];

/// Strings: numerals, odd bytes, words, pattern characters.
const TEXTS: [&str; 20] = [
    "''",
    "'a'",
    "'abc'",
    "'10'",
    "'0x1F'",
    "' 7 '",
    "'1e2'",
    "'-3'",
    "'x y z'",
    "'hello world'",
    "'a,b,,c'",
    "'%d'",
    "'tab\\tnew\\n'",
    "'\\0zero'",
    "'\\xff\\xfe'",
    "'3.5'",
    "'Zebra'",
    "'key=value'",
    "'(par)en'",
    "'long text to cut somewhere'",
];

/// Names of fields that programs share.
pub(super) const FIELDS: [&str; 6] = ["x", "y", "name", "next", "count", "list"];

impl Program {
    /// An expression that should give a value of this kind.
    pub(super) fn value(&mut self, kind: Kind, depth: usize) -> String {
        match kind {
            Kind::Number => self.number(depth),
            Kind::Text => self.text_value(depth),
            Kind::Truth => self.truth(depth),
            Kind::Array => self.array(depth),
            Kind::Record => self.record(depth),
            Kind::Object => self.variable(Kind::Object).unwrap_or_else(|| self.record(depth)),
            Kind::Function => self.variable(Kind::Function).unwrap_or_else(|| "print".to_owned()),
            Kind::Any => self.any(depth),
        }
    }

    pub(super) fn any(&mut self, depth: usize) -> String {
        if self.random.chance(15) {
            return "nil".to_owned();
        }
        if self.varargs && self.random.chance(6) {
            return "(...)".to_owned();
        }
        if let Some(name) = self.variable(Kind::Any).filter(|_| self.random.chance(25)) {
            return name;
        }
        let kind = self.any_kind();
        self.value(kind, depth)
    }

    fn constant_number(&mut self) -> String {
        let text =
            if self.random.chance(65) { self.random.pick(&INTEGERS) } else { self.random.pick(&FLOATS) };
        if text.contains(['^', '/', '<']) { format!("({text})") } else { text.to_owned() }
    }

    fn number(&mut self, depth: usize) -> String {
        if depth == 0 || self.random.chance(20) {
            if let Some(name) = self.variable(Kind::Number).filter(|_| self.random.chance(70)) {
                return name;
            }
            return self.constant_number();
        }
        let d = depth - 1;
        match self.random.below(24) {
            0..=7 => {
                let operator = self.random.pick(&["+", "-", "*", "+", "-", "*", "/", "//", "%", "^"]);
                format!("({} {operator} {})", self.number(d), self.number(d))
            }
            8..=9 => {
                let operator = self.random.pick(&["&", "|", "~", "<<", ">>"]);
                format!("({} {operator} {})", self.integer(d), self.integer(d))
            }
            10 => format!("-{}", self.operand(d)),
            11 => format!("~{}", self.integer(0)),
            12 => format!("#{}", self.text_operand(d)),
            13 => self.variable(Kind::Array).map_or_else(|| "1".to_owned(), |name| format!("#{name}")),
            14 => {
                let operator = self.random.pick(&["+", "*", "-", "//", "%"]);
                let numeral = self.random.pick(&["'10'", "'0x10'", "'1.5'", "' 3 '", "'-2'", "'1e1'"]);
                format!("({numeral} {operator} {})", self.number(d))
            }
            15 => {
                let function = self.random.pick(&["floor", "ceil", "abs", "sqrt"]);
                format!("math.{function}({})", self.number(d))
            }
            16 => {
                let function = self.random.pick(&["max", "min", "fmod", "ult"]);
                let (a, b) = (self.number(d), self.number(d));
                if function == "ult" {
                    format!("(math.ult({a} // 1 | 0, 3) and {b} or 1)")
                } else {
                    format!("math.{function}({a}, {b})")
                }
            }
            17 => format!("(tonumber({}) or {})", self.text_value(d), self.number(d)),
            18 => format!("({} and {} or {})", self.truth(d), self.number(d), self.number(d)),
            19 => {
                let (name, index) = (self.array_variable(), self.number(0));
                format!("({name}[{index}] or {})", self.number(d))
            }
            20 => format!("({}.{} or {})", self.record_variable(), self.random.pick(&FIELDS), self.number(0)),
            21 => format!("({}:byte({}) or 0)", self.text_operand(0), self.index()),
            22 if self.varargs => "select('#', ...)".to_owned(),
            _ => match self.variable(Kind::Object).filter(|_| self.random.chance(25)) {
                Some(object) => format!(
                    "({object} {} {})",
                    self.random.pick(&["+", "-", "*", "//", "%", "..", "&", "<<"]),
                    self.number(0)
                ),
                None => self.constant_number(),
            },
        }
    }

    /// A position in a string: a small integer, rarely anything else.
    fn index(&mut self) -> String {
        if self.random.chance(92) {
            self.random.pick(&["1", "2", "3", "-1", "-2", "0", "5", "2.0", "'2'", "100"]).to_owned()
        } else {
            self.number(0)
        }
    }

    /// A number that is usually an integer; floats without integer value raise.
    fn integer(&mut self, depth: usize) -> String {
        if self.random.chance(85) {
            let value = self.random.pick(&INTEGERS);
            return if value.contains('<') { format!("({value})") } else { value.to_owned() };
        }
        self.number(depth)
    }

    /// A number that may follow a minus sign without making a comment.
    fn operand(&mut self, depth: usize) -> String {
        let value = self.number(depth);
        if value.starts_with('-') { format!("({value})") } else { value }
    }

    pub(super) fn text_value(&mut self, depth: usize) -> String {
        if depth == 0 || self.random.chance(25) {
            if let Some(name) = self.variable(Kind::Text).filter(|_| self.random.chance(65)) {
                return name;
            }
            return self.random.pick(&TEXTS).to_owned();
        }
        let d = depth - 1;
        match self.random.below(14) {
            0..=3 => format!("cut({} .. {})", self.text_value(d), self.piece(d)),
            4 => format!("cut({} .. {} .. {})", self.piece(d), self.text_value(d), self.piece(d)),
            5 => {
                let method = self.random.pick(&["upper()", "lower()", "reverse()", "len()"]);
                format!("str({}:{method})", self.text_operand(d))
            }
            6 => format!("{}:sub({}, {})", self.text_operand(d), self.index(), self.index()),
            7 => format!("cut({}:rep({}))", self.text_operand(0), self.random.below(4)),
            8 => self.formatted(d),
            9 => {
                let pattern = self.random.pick(&[
                    "'%a'",
                    "'[%w]+'",
                    "'.'",
                    "'(%w)(%w)'",
                    "'%s*'",
                    "'^.'",
                    "'x*'",
                    "'%d+'",
                ]);
                let replacement = self.random.pick(&[
                    "'<%0>'",
                    "''",
                    "'%1'",
                    "{a = 'A', b = false}",
                    "string.upper",
                    "'%%'",
                ]);
                format!("(cut(({}:gsub({pattern}, {replacement}))))", self.text_operand(0))
            }
            10 => format!(
                "({}:match({}) or 'none')",
                self.text_operand(0),
                self.random.pick(&["'%a+'", "'(.-),'", "'^%s*(.*)$'", "'%d'", "'()'"])
            ),
            11 => format!("str({})", self.any(d)),
            12 => format!("({} or {})", self.truth(d), self.text_value(d)),
            _ => format!(
                "cut(table.concat({}, {}))",
                self.array_variable(),
                self.random.pick(&["','", "''", "' '"])
            ),
        }
    }

    /// What stands beside a string in a concatenation.
    fn piece(&mut self, depth: usize) -> String {
        match self.random.below(20) {
            0..=9 => self.text_value(depth),
            10..=18 => {
                let value = self.number(depth.min(1));
                if value.starts_with('-') || value.starts_with('.') {
                    format!("({value})")
                } else {
                    format!("{value} ")
                }
            }
            _ => self.any(0),
        }
    }

    /// A string that a method may be called on.
    fn text_operand(&mut self, depth: usize) -> String {
        let value = self.text_value(depth);
        let name = value.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if name && !value.starts_with(|first: char| first.is_ascii_digit()) {
            value
        } else {
            format!("({value})")
        }
    }

    fn formatted(&mut self, depth: usize) -> String {
        match self.random.below(6) {
            0 => format!("string.format('%d|%5d', {}, {})", self.integer(depth), self.integer(depth)),
            1 => format!(
                "string.format('%s-%-5s', str({}), str({}))",
                self.text_value(depth),
                self.text_value(0)
            ),
            2 => format!("string.format('%.3f|%g', {}, {})", self.number(depth), self.number(0)),
            3 => format!("cut(string.format('%q', {}))", self.text_value(0)),
            4 => format!("string.format('%x %X', {}, {})", self.integer(0), self.integer(0)),
            _ => format!("string.format('%5.1f%%', {})", self.number(0)),
        }
    }

    pub(super) fn truth(&mut self, depth: usize) -> String {
        if depth == 0 || self.random.chance(15) {
            if let Some(name) = self.variable(Kind::Truth).filter(|_| self.random.chance(60)) {
                return name;
            }
            return self.random.pick(&["true", "false"]).to_owned();
        }
        let d = depth - 1;
        match self.random.below(12) {
            0..=3 => {
                let operator = self.random.pick(&["<", "<=", ">", ">=", "==", "~="]);
                format!("({} {operator} {})", self.number(d), self.number(d))
            }
            4..=5 => {
                let operator = self.random.pick(&["<", "<=", ">", ">=", "==", "~="]);
                format!("({} {operator} {})", self.text_value(d), self.text_value(d))
            }
            6 => format!("({} {} {})", self.any(d), self.random.pick(&["==", "~="]), self.any(d)),
            7 => format!("not {}", self.truth(d)),
            8 => format!("({} and {})", self.truth(d), self.truth(d)),
            9 => format!("({} or {})", self.truth(d), self.truth(d)),
            10 if self.random.chance(25) => {
                match (self.variable(Kind::Object), self.variable(Kind::Object)) {
                    (Some(a), Some(b)) => {
                        format!("({a} {} {b})", self.random.pick(&["<", "<=", "==", "~=", ">"]))
                    }
                    _ => format!("({} < {})", self.number(d), self.number(0)),
                }
            }
            _ => format!(
                "(type({}) == {})",
                self.any(0),
                self.random.pick(&["'number'", "'string'", "'nil'", "'table'"])
            ),
        }
    }

    fn array(&mut self, depth: usize) -> String {
        let count = self.random.below(5);
        let kind = if self.random.chance(60) { Kind::Number } else { Kind::Text };
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(match kind {
                Kind::Number => self.constant_number(),
                _ => self.value(kind, depth.saturating_sub(1)),
            });
        }
        format!("{{{}}}", items.join(", "))
    }

    fn record(&mut self, depth: usize) -> String {
        let mut items = Vec::new();
        for field in FIELDS {
            if self.random.chance(35) {
                let value = match field {
                    "list" if depth > 0 => self.array(0),
                    "next" if depth > 0 => self.record(depth - 1),
                    "name" => self.text_value(0),
                    _ => self.number(0),
                };
                items.push(match self.random.below(4) {
                    0 => format!("['{field}'] = {value}"),
                    _ => format!("{field} = {value}"),
                });
            }
        }
        format!("{{{}}}", items.join(", "))
    }

    pub(super) fn array_variable(&mut self) -> String {
        self.variable(Kind::Array).unwrap_or_else(|| "({1, 2, 3})".to_owned())
    }

    pub(super) fn record_variable(&mut self) -> String {
        self.variable(Kind::Record).unwrap_or_else(|| "({x = 1})".to_owned())
    }

    /// A call of one of the program's functions, or of something that is none.
    pub(super) fn call(&mut self, depth: usize) -> String {
        let callee = match self.random.below(20) {
            0 => {
                return format!(
                    "{}:{}({})",
                    self.record_variable(),
                    self.random.pick(&FIELDS),
                    self.arguments(depth)
                );
            }
            1 => format!("{}.{}", self.record_variable(), self.random.pick(&FIELDS)),
            2 => {
                self.random.pick(&["undefined", "math.nothing", "string.none", "undefined.field"]).to_owned()
            }
            _ => match self.find(|variable| variable.kind == Kind::Function) {
                Some(name) => name,
                None => "str".to_owned(),
            },
        };
        format!("{callee}({})", self.arguments(depth))
    }

    pub(super) fn arguments(&mut self, depth: usize) -> String {
        let mut items = Vec::new();
        for _ in 0..self.random.below(4) {
            let item =
                if self.random.chance(10) && depth > 0 { self.call(depth - 1) } else { self.any(depth) };
            items.push(item);
        }
        if self.varargs && self.random.chance(8) {
            items.push("...".to_owned());
        }
        items.join(", ")
    }
}
