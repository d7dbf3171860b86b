//! Classes with metamethods for every event, and objects of them.
//!
//! Metamethods read and write only their own objects, so the moment at which they run cannot be seen.

use super::{Kind, Program};

impl Program {
    /// A metatable with a random choice of events, two objects of it, and perhaps a method.
    pub(super) fn class(&mut self) {
        let class = self.fresh("C");
        self.line(&format!("local {class} = {{}}"));
        self.index_event(&class);
        for event in
            ["add", "sub", "mul", "div", "mod", "idiv", "pow", "unm", "band", "shl", "bor", "bnot", "concat"]
        {
            if self.random.chance(45) {
                let body = match self.random.below(4) {
                    0 => format!("return '{event}'"),
                    1 => "return type(a) .. type(b)".to_owned(),
                    2 => "return (type(a) == 'table' and rawget(a, 'x') or 1)".to_owned(),
                    _ => format!("return setmetatable({{x = '{event}'}}, {class})"),
                };
                self.line(&format!("{class}.__{event} = function(a, b) handler() {body} end"));
            }
        }
        for event in ["eq", "lt", "le"] {
            if self.random.chance(50) {
                let body = match self.random.below(3) {
                    0 => "return str(rawget(a, 'x')) < str(rawget(b, 'x'))",
                    1 => "return nil",
                    _ => "return 'truthy'",
                };
                self.line(&format!("{class}.__{event} = function(a, b) handler() {body} end"));
            }
        }
        if self.random.chance(40) {
            let length = self.random.below(9);
            self.line(&format!("{class}.__len = function(o) handler() return {length} end"));
        }
        if self.random.chance(40) {
            self.line(&format!(
                "{class}.__call = function(self, ...) handler() return select('#', ...), ... end"
            ));
        }
        if self.random.chance(30) {
            self.line(&format!(
                "{class}.__tostring = function(o) handler() return '<' .. str(rawget(o, 'x')) .. '>' end"
            ));
        }
        if self.random.chance(25) {
            self.line(&format!("{class}.__metatable = 'locked'"));
        }
        if self.random.chance(20) {
            let count = self.random.below(4);
            self.line(&format!("{class}.__pairs = function(o) return function(_, k) k = (k or 0) + 1 if k <= {count} then return k, k * k end end, o end"));
        }
        self.line(&format!("function {class}:method(a) handler() return self.x, a end"));
        for _ in 0..2 {
            let (name, value) = (self.fresh("o"), self.value(Kind::Number, 0));
            self.line(&format!("local {name} = setmetatable({{x = {value}}}, {class})"));
            self.declare(name, Kind::Object, true);
        }
    }

    fn index_event(&mut self, class: &str) {
        match self.random.below(4) {
            0 => self.line(&format!("{class}.__index = {class}")),
            1 => self.line(&format!(
                "{class}.__index = function(o, k) handler() return rawget({class}, k) or k end"
            )),
            2 => self
                .line(&format!("{class}.__index = setmetatable({{y = 'inherited'}}, {{__index = {class}}})")),
            _ => {}
        }
        match self.random.below(4) {
            0 => self.line(&format!("{class}.__newindex = function(o, k, v) handler() rawset(o, k, v) end")),
            1 => self.line(&format!("{class}.__newindex = {{}}")),
            2 => self.line(&format!(
                "{class}.__newindex = function(o, k, v) handler() error('no field ' .. str(k)) end"
            )),
            _ => {}
        }
    }

    /// A statement about an object: an operation of each kind has its turn.
    pub(super) fn object_statement(&mut self) {
        let Some(object) = self.variable(Kind::Object) else { return self.class() };
        let other = if self.random.chance(40) { self.variable(Kind::Object) } else { None };
        let other = other.unwrap_or_else(|| self.any(0));
        let field = self.random.pick(&["x", "y", "absent", "method"]);
        let text = match self.random.below(14) {
            0..=2 => {
                let operator =
                    self.random.pick(&["+", "-", "*", "/", "%", "//", "^", "&", "|", "<<", "..", "~", ">>"]);
                if self.random.chance(50) {
                    format!("show({object} {operator} {other})")
                } else {
                    format!("show({other} {operator} {object})")
                }
            }
            3 => format!("show({object} {} {other})", self.random.pick(&["<", "<=", ">", ">=", "==", "~="])),
            4 => format!("show(-{object})"),
            5 => format!("show(#{object})"),
            6 => format!("show(~{object})"),
            7 => format!("show({object}.{field})"),
            8 => format!("{object}.{field} = {}", self.any(1)),
            9 => format!("show({object}({}))", self.arguments(1)),
            10 => format!(
                "show({object}:{}({}))",
                self.random.pick(&["method", "method", "absent", "x"]),
                self.any(0)
            ),
            11 => format!(
                "show(getmetatable({object}) == 'locked', rawget({object}, 'x'), rawequal({object}, {other}))"
            ),
            // How many there are does not depend on their order; which comes first does.
            12 => format!("local n = 0 for k in pairs({object}) do tick() n = n + 1 end show(n)"),
            _ => format!("show({object}.x.{field})"),
        };
        self.guarded(&text);
    }

    /// A statement that probably raises: protected most of the time.
    pub(super) fn guarded(&mut self, text: &str) {
        if self.random.chance(94) {
            let call = self.protected_call(text);
            self.line(&format!("show({call})"));
        } else {
            self.line(text);
        }
    }

    /// A statement that raises while a register still holds something old, which the reference implementation may
    /// name as the culprit: protected always, and compared without that name.
    pub(super) fn unnamed(&mut self, text: &str) {
        let call = self.protected_call(text);
        self.line(&format!("show(unnamed({call}))"));
    }

    fn protected_call(&self, text: &str) -> String {
        let rest = if self.varargs && text.contains("...") { ("...", ", ...") } else { ("", "") };
        format!("pcall(function({}) {text} end{})", rest.0, rest.1)
    }
}
