//! Random statements: declarations, assignments, control structures, functions, errors and coroutines.
//!
//! Every loop and every function body ticks, and the harness raises after a fixed number of ticks: that, not
//! luck, is why programs end.

use super::expression::FIELDS;
use super::{DEEPEST_BLOCK, Kind, Program};

impl Program {
    /// One statement of any sort.
    pub(super) fn statement(&mut self) {
        self.budget = self.budget.saturating_sub(1);
        let room = self.depth < DEEPEST_BLOCK && self.budget > 0;
        match self.random.below(100) {
            0..=13 => self.declaration(),
            14..=27 => self.assignment(),
            28..=37 => self.showing(),
            38..=43 => self.table_statement(),
            44..=50 => self.object_statement(),
            51..=54 => self.call_statement(),
            55..=60 if room => self.conditional(),
            61..=72 if room => self.any_loop(),
            73..=80 if room => self.function(),
            81..=86 if room => self.protected(),
            87..=91 if room => self.coroutine(),
            92..=93 if room => self.closures_in_loop(),
            94..=95 if room => self.backward_goto(),
            96..=97 if room => {
                self.line("do");
                self.block(|program| program.statements(3));
                self.line("end");
            }
            98 if self.yields => {
                let values = self.arguments(1);
                self.line(&format!("show('resumed', coroutine.yield({values}))"));
            }
            _ => self.failing(),
        }
    }

    fn declaration(&mut self) {
        let count = if self.random.chance(70) { 1 } else { self.random.range(2, 3) };
        let mut declared = Vec::new();
        let mut values = Vec::new();
        for _ in 0..count {
            let kind = if self.random.chance(10) { Kind::Any } else { self.any_kind() };
            values.push(self.value(kind, 2));
            declared.push((self.fresh("v"), kind));
        }
        if count > 1 && self.random.chance(25) {
            // The last expression may give several values or too few: then nothing is known of the kinds.
            let last = if self.varargs && self.random.chance(30) { "...".to_owned() } else { self.call(1) };
            values.truncate(self.random.below(count));
            values.push(last);
            for variable in &mut declared {
                variable.1 = Kind::Any;
            }
        }
        let names: Vec<_> = declared.iter().map(|(name, _)| name.as_str()).collect();
        let local = if self.random.chance(88) { "local " } else { "" };
        self.line(&format!("{local}{} = {}", names.join(", "), values.join(", ")));
        for (name, kind) in declared {
            self.declare(name, kind, true);
        }
    }

    fn assignment(&mut self) {
        let count = if self.random.chance(75) { 1 } else { 2 };
        let (mut targets, mut values) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let kind = self.any_kind();
            let (target, kind) = match self.random.below(10) {
                0..=6 => match self.assignable(kind) {
                    Some(name) => (name, kind),
                    None => continue,
                },
                7..=8 => {
                    let value = if kind == Kind::Array { Kind::Number } else { kind };
                    (format!("{}.{}", self.record_variable(), self.random.pick(&FIELDS)), value)
                }
                _ => (format!("{}[{}]", self.record_variable(), self.key()), kind),
            };
            if targets.contains(&target) || target.starts_with('(') {
                continue;
            }
            targets.push(target);
            values.push(self.value(kind, 3));
        }
        if !targets.is_empty() {
            self.line(&format!("{} = {}", targets.join(", "), values.join(", ")));
        }
    }

    /// A key of a record: never an integer from 1, because `#` of records is not asked.
    fn key(&mut self) -> String {
        match self.random.below(30) {
            0..=3 => "1.5".to_owned(),
            4..=7 => "true".to_owned(),
            8 => "nil".to_owned(),
            9 => "0/0".to_owned(),
            _ => self.text_value(1),
        }
    }

    fn showing(&mut self) {
        let arguments = self.arguments(3);
        let text = match self.random.below(6) {
            0 => format!("show({})", self.call(1)),
            1 => format!("print(str({}))", self.value(Kind::Text, 2)),
            2 => format!("show(({}))", self.call(1)),
            _ => format!("show({arguments})"),
        };
        if self.random.chance(75) { self.guarded(&text) } else { self.line(&text) }
    }

    fn call_statement(&mut self) {
        let call = self.call(2);
        self.guarded(&call);
    }

    fn table_statement(&mut self) {
        let array = self.array_variable();
        if array.starts_with('(') {
            return;
        }
        let value = if self.random.chance(70) {
            self.value(Kind::Number, 1)
        } else {
            format!("cut({})", self.value(Kind::Text, 1))
        };
        let text = match self.random.below(10) {
            0..=1 => format!("{array}[#{array} + 1] = {value}"),
            2 => format!("table.insert({array}, {value})"),
            // Nil in the middle would be a hole.
            3 => format!("table.insert({array}, {}, ({value}) or 0)", self.random.below(4)),
            4 => format!("show(table.remove({array}))"),
            5 => format!("show(table.remove({array}, 1))"),
            // Equal elements and failing comparisons have no determined order: numbers that differ, or texts.
            6 => "local t = {3, -1, 2.5, 1e10, 0, 7} table.sort(t) show(t)".to_owned(),
            7 => format!("if not getmetatable({array}) then table.sort({array}, order) end"),
            8 => format!("show(table.unpack({array}))"),
            _ => format!("show(#{array}, {array}[1], {array}[#{array}])"),
        };
        self.guarded(&text);
    }

    fn conditional(&mut self) {
        let condition = self.truth(3);
        self.line(&format!("if {condition} then"));
        self.block(|program| program.statements(3));
        if self.random.chance(25) {
            let condition = self.truth(2);
            self.line(&format!("elseif {condition} then"));
            self.block(|program| program.statements(2));
        }
        if self.random.chance(50) {
            self.line("else");
            self.block(|program| program.statements(2));
        }
        self.line("end");
    }

    fn any_loop(&mut self) {
        match self.random.below(8) {
            0..=2 => self.numeric_loop(),
            3..=5 => self.generic_loop(),
            6 => self.counting_loop(true),
            _ => self.counting_loop(false),
        }
    }

    fn loop_body(&mut self) {
        self.loops += 1;
        self.line("tick()");
        let label = self.random.chance(25).then(|| self.fresh("continue"));
        if let Some(label) = &label {
            let condition = self.truth(2);
            self.line(&format!("if {condition} then goto {label} end"));
            // Locals declared after the jump must not reach the label: they get a block of their own.
            self.line("do");
            self.block(|program| program.statements(3));
            self.line("end");
        } else {
            self.statements(3);
        }
        if self.random.chance(15) {
            let condition = self.truth(2);
            self.line(&format!("if {condition} then break end"));
        }
        if let Some(label) = label {
            self.line(&format!("::{label}::"));
        }
        self.loops -= 1;
    }

    fn numeric_loop(&mut self) {
        let name = self.fresh("i");
        let header = match self.random.below(12) {
            0..=4 => format!("1, {}", self.random.below(5)),
            5 => format!(
                "{}, {}, {}",
                self.random.below(6),
                self.random.below(4),
                self.random.pick(&["-1", "2", "-2"])
            ),
            6 => format!(
                "{}, {}, {}",
                self.random.pick(&["0", "0.5", "1"]),
                self.random.below(3),
                self.random.pick(&["0.5", "0.75", "1.0"])
            ),
            // Up to the very last integer the reference implementation wraps around and never ends.
            7 => "math.maxinteger - 2, math.maxinteger - 1".to_owned(),
            8 => "math.mininteger, math.mininteger + 2".to_owned(),
            9 => format!("1, {}, {}", self.number_or_wrong(), self.random.pick(&["1", "2", "0", "-1"])),
            10 => format!("{}, 3", self.number_or_wrong()),
            _ => format!("3, 1, {}", self.random.pick(&["-1", "-0.5", "-1.0", "1"])),
        };
        // A loop without end is cut by the ticks, but then everything after it raises: keep it protected.
        let wrapped = !self.yields && self.random.chance(60);
        if wrapped {
            self.line(if self.varargs { "show(pcall(function(...)" } else { "show(pcall(function()" });
        }
        self.line(&format!("for {name} = {header} do"));
        self.block(|program| {
            program.declare(name.clone(), Kind::Number, false);
            program.line(&format!("if count('{name}') then break end"));
            program.loop_body();
        });
        self.line("end");
        if wrapped {
            self.line(if self.varargs { "end, ...))" } else { "end))" });
        }
    }

    fn number_or_wrong(&mut self) -> String {
        if self.random.chance(60) { self.value(Kind::Number, 1) } else { self.any(0) }
    }

    fn generic_loop(&mut self) {
        let (a, b) = (self.fresh("k"), self.fresh("e"));
        let (list, kinds) = match self.random.below(7) {
            0..=1 => (format!("ipairs({})", self.array_variable()), (Kind::Number, Kind::Any)),
            2 => (format!("sorted({})", self.record_variable()), (Kind::Text, Kind::Any)),
            3 => (
                format!(
                    "string.gmatch({}, {})",
                    self.value(Kind::Text, 1),
                    self.random.pick(&["'%a+'", "'(%w)(%w?)'", "'.'", "'%s*'"])
                ),
                (Kind::Text, Kind::Any),
            ),
            4 => (format!("upto({})", self.random.below(5)), (Kind::Number, Kind::Any)),
            5 => (
                format!(
                    "coroutine.wrap(function() for i = 1, {} do coroutine.yield(i, str(i)) end end)",
                    self.random.below(4)
                ),
                (Kind::Number, Kind::Text),
            ),
            _ => {
                let text = format!("for {a} in {} do tick() break end", self.any(1));
                return self.unnamed(&text);
            }
        };
        self.line(&format!("for {a}, {b} in {list} do"));
        self.block(|program| {
            program.declare(a.clone(), kinds.0, true);
            program.declare(b.clone(), kinds.1, true);
            program.loop_body();
        });
        self.line("end");
    }

    fn counting_loop(&mut self, repeat: bool) {
        let counter = self.fresh("n");
        let limit = self.random.range(1, 4);
        self.line(&format!("local {counter} = 0"));
        self.line(
            if repeat { "repeat".to_owned() } else { format!("while {counter} < {limit} do") }.as_str(),
        );
        self.block(|program| {
            program.line(&format!("{counter} = {counter} + 1"));
            program.declare(counter.clone(), Kind::Number, false);
            // `until` sees the body's locals, so nothing may jump over them: the body is a block of its own.
            program.line("do");
            program.block(Self::loop_body);
            program.line("end");
        });
        self.line(if repeat { format!("until {counter} >= {limit}") } else { "end".to_owned() }.as_str());
    }

    fn backward_goto(&mut self) {
        let (label, counter) = (self.fresh("again"), self.fresh("n"));
        self.line("do");
        self.block(|program| {
            program.line(&format!("local {counter} = 0"));
            program.line(&format!("::{label}:: tick()"));
            program.line(&format!("{counter} = {counter} + 1"));
            program.line("do");
            program.block(|program| program.statements(2));
            program.line("end");
            let limit = program.random.range(1, 3);
            program.line(&format!("if {counter} < {limit} then goto {label} end"));
        });
        self.line("end");
    }

    fn function(&mut self) {
        let name = self.fresh("f");
        let parameters: Vec<_> = (0..self.random.below(4)).map(|_| self.fresh("p")).collect();
        let varargs = self.random.chance(30);
        let mut list = parameters.join(", ");
        if varargs {
            list.push_str(if parameters.is_empty() { "..." } else { ", ..." });
        }
        match self.random.below(4) {
            0 => self.line(&format!("function {name}({list})")),
            1 => self.line(&format!("local {name} = function({list})")),
            _ => self.line(&format!("local function {name}({list})")),
        }
        let kinds: Vec<_> = parameters
            .iter()
            .map(|_| if self.random.chance(50) { Kind::Any } else { Kind::Number })
            .collect();
        self.function_body(varargs, false, |program| {
            for (parameter, kind) in parameters.iter().zip(kinds) {
                program.declare(parameter.clone(), kind, true);
            }
            program.statements(4);
            program.returning();
        });
        self.line("end");
        self.declare(name, Kind::Function, false);
    }

    fn returning(&mut self) {
        match self.random.below(6) {
            0 => {}
            1 => {
                let call = self.call(1);
                self.line(&format!("return {call}"));
            }
            _ => {
                let values = self.arguments(2);
                self.line(&format!("return {values}"));
            }
        }
    }

    /// pcall or xpcall around a block; what it gives is shown.
    fn protected(&mut self) {
        let handler = self.random.chance(30);
        self.line(if handler { "show(xpcall(function()" } else { "show(pcall(function()" });
        let yields = self.yields;
        self.function_body(false, yields, |program| {
            program.statements(3);
            if program.random.chance(50) {
                program.failing();
            }
            program.returning();
        });
        if handler {
            let body = self.random.pick(&[
                "return 'handled: ' .. str(m)",
                "return m, 'dropped'",
                "return type(m)",
                "error('in handler', 0)",
                "return (select(2, pcall(error, m)))",
            ]);
            if body.starts_with("error") {
                // A handler that fails again and again: only the fact is determined, not the message.
                self.line("end, function(m) return 'gone' end))");
            } else {
                self.line(&format!("end, function(m) {body} end))"));
            }
        } else {
            self.line("end))");
        }
    }

    /// Something that raises, for its message.
    fn failing(&mut self) {
        let (record, array) = (self.record_variable(), self.array_variable());
        let field = self.random.pick(&FIELDS);
        let any = self.any(1);
        let text = match self.random.below(26) {
            0 => format!("error({any})"),
            1 => format!("error('message', {})", self.random.below(3)),
            2 => format!("error({{code = {}}})", self.value(Kind::Number, 0)),
            3 => format!("local t = {record} show(t.{field}.y)"),
            4 => format!("show({record}.{field}.{field}.z)"),
            5 => format!("local t = {record} t.{field}.y = 1"),
            6 => format!("{record}.{field}()"),
            7 => format!("local t = {record} t:{field}({any})"),
            8 => format!("show({any} + {})", self.any(0)),
            9 => format!("show({any} < {})", self.any(0)),
            10 => format!("show({any} .. {})", self.any(0)),
            11 => format!("show(#{})", self.variable(Kind::Any).unwrap_or_else(|| "nil".to_owned())),
            12 => format!("show(-{record}.{field})"),
            13 => format!("show({array}[{}] + 1)", self.random.range(5, 9)),
            14 => format!("undefined{}()", self.random.below(2)),
            15 => format!("show(undefined.{field})"),
            16 => format!("local s = {} show(s.{field}.y)", self.value(Kind::Text, 0)),
            17 => format!("show(({}):{field}())", self.value(Kind::Text, 0)),
            18 => format!(
                "string.{}({any})",
                self.random.pick(&["rep", "sub", "byte", "format", "upper", "gsub", "char"])
            ),
            19 => format!(
                "table.{}({any})",
                self.random.pick(&["concat", "insert", "remove", "unpack", "sort"])
            ),
            20 => format!(
                "math.{}({any})",
                self.random.pick(&["floor", "max", "sqrt", "tointeger", "abs", "fmod"])
            ),
            21 => format!("setmetatable({any}, {})", self.any(0)),
            22 => format!("show({} // {})", self.value(Kind::Number, 1), self.random.pick(&["0", "0.0"])),
            23 => format!("show({} % {})", self.value(Kind::Number, 1), self.random.pick(&["0", "0.0"])),
            24 => format!("show(assert({any}, {}))", self.any(0)),
            _ => format!("local up = {any} local function inner() return up.{field}.y end show(inner())"),
        };
        self.guarded(&text);
    }

    fn coroutine(&mut self) {
        let name = self.fresh("co");
        let wrap = self.random.chance(40);
        self.line(&format!(
            "local {name} = coroutine.{}(function(...)",
            if wrap { "wrap" } else { "create" }
        ));
        self.function_body(true, true, |program| {
            for _ in 0..program.random.range(1, 3) {
                let values = program.arguments(1);
                match program.random.below(4) {
                    0 => program.line(&format!("show('got', coroutine.yield({values}))")),
                    1 => {
                        program.line(&format!("show(pcall(coroutine.yield, {}))", program_argument(&values)))
                    }
                    2 => {
                        let last = program.random.below(4);
                        program.line(&format!("for i = 1, {last} do"));
                        program.block(|program| {
                            program.line("tick()");
                            program.line("coroutine.yield(i)");
                            program.statements(1);
                        });
                        program.line("end");
                    }
                    _ => program.statements(2),
                }
            }
            program.returning();
        });
        self.line("end)");
        for _ in 0..self.random.range(1, 4) {
            let arguments = self.arguments(1);
            let separator = if arguments.is_empty() { "" } else { ", " };
            if wrap {
                self.line(&format!("show(pcall({name}{separator}{arguments}))"));
            } else {
                self.line(&format!("show(coroutine.resume({name}{separator}{arguments}))"));
                if self.random.chance(30) {
                    self.line(&format!("show(coroutine.status({name}))"));
                }
            }
        }
    }

    /// Closures made in a loop, called after it: each has its own variables.
    fn closures_in_loop(&mut self) {
        let (list, step) = (self.fresh("fs"), self.value(Kind::Number, 1));
        let count = self.random.range(2, 4);
        self.line(&format!("local {list} = {{}}"));
        self.line(&format!("for i = 1, {count} do"));
        self.block(|program| {
            program.line(&format!("local own = {step}"));
            program.line(&format!(
                "{list}[i] = function(d) tick() own = own + (d or 1) i = i + 1 return own, i end"
            ));
            if program.random.chance(30) {
                let condition = program.truth(1);
                program.line(&format!("if {condition} then break end"));
            }
        });
        self.line("end");
        for _ in 0..self.random.range(1, 3) {
            let (at, argument) = (self.random.range(1, count), self.any(0));
            self.line(&format!("show(pcall({list}[{at}], {argument}))"));
        }
    }
}

/// An argument list that is never empty, so that a comma may stand before it.
fn program_argument(values: &str) -> &str {
    if values.is_empty() { "nil" } else { values }
}
