//! No builtin keeps control for long: over huge arguments, each gives it back after a bounded piece of work, and pays
//! for all of it.
//!
//! Measured in units of fuel, not in time: how far a run overdraws what it was given, and what the whole costs.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::time::{Duration, Instant};

use wippy_vm::{LoadMode, Step, Vm};

/// Fuel of one run.
const SLICE: u64 = 1_000;

/// Most that a run may overdraw: the work of 10 ms, which is about a million units. What comes near is the collector: its
/// largest step is 131,072 units, and some allocations in a row may each ask for one.
const LONGEST_PIECE: u64 = 1_000_000;

/// A vm with the library that has run `setup`.
fn vm_after(setup: &str) -> Vm {
    let mut vm = Vm::default();
    vm.enter(wippy_stdlib::open).unwrap();
    let (longest, _) = spent(&mut vm, setup);
    assert!(longest <= LONGEST_PIECE, "{longest} units at once in {setup}");
    vm
}

/// Runs a chunk; the longest piece and the whole cost, in units of fuel.
fn spent(vm: &mut Vm, source: &str) -> (u64, u64) {
    vm.start(|cx| {
        let chunk = cx.load(source.as_bytes(), b"=pieces", LoadMode::ANY)?;
        cx.push(chunk);
        Ok(())
    })
    .unwrap();
    let (mut longest, mut total) = (0, 0);
    loop {
        let step = vm.run(SLICE);
        longest = longest.max(vm.overspent());
        total += SLICE - vm.fuel_left() + vm.overspent();
        match step {
            Step::OutOfFuel => {}
            Step::Finished => return (longest, total),
            Step::Failed(failure) => panic!("{source}: {failure}\n{}", failure.traceback),
            Step::Parked => panic!("{source}: {}", vm.deadlock()),
        }
    }
}

/// Each expression has to cost at least `least` units, none of its pieces more than [`LONGEST_PIECE`].
fn check(setup: &str, least: u64, chunks: &[&str]) {
    let mut vm = vm_after(setup);
    for chunk in chunks {
        let (longest, total) = spent(&mut vm, chunk);
        assert!(longest <= LONGEST_PIECE, "{longest} units at once: {chunk}");
        assert!(total >= least, "paid only {total} units: {chunk}");
    }
}

#[test]
fn texts_of_megabytes() {
    const BYTES: u64 = 16 << 20;
    let setup = format!("N = {BYTES} s = ('x'):rep(N) t = ('x'):rep(N)");
    check(
        &setup,
        BYTES / 64,
        &[
            "assert(#('ab'):rep(N / 2) == N)",
            "assert(#(s):rep(2, ', ') == 2 * N + 2)",
            "assert(#s:upper() == N)",
            "assert(s:lower() == s)",
            "assert(#s:reverse() == N)",
            "assert(#s:sub(2) == N - 1)",
            "assert(s == t)",
            "assert(rawequal(s, t))",
            "assert(s <= t)",
            "assert(not (s < t))",
            "assert(#(s .. t) == 2 * N)",
            "assert(#(s .. 1 .. t .. 2.5 .. s) == 3 * N + 4)",
            "assert(not s:find('y', 1, true))",
            "assert(not s:find('xy', 1, true))",
            "assert(not s:find('y'))",
            "assert(not s:find('[yz]+'))",
            "assert(s:match('^x*$') == s)",
            "assert(#s:match('^(x*)x$') == N - 1)",
            "assert(s:gsub('y', 'z') == s)",
            "assert(#s:gsub('^x', 'yy') == N + 1)",
            "assert(#('a'):gsub('a', function() return s end) == N)",
            "assert(#('abab'):gsub('a', {a = s}) == 2 * N + 2)",
            "assert(#('ab'):gsub('a', s) == N + 1)",
            "assert(#s:gsub('^x*$', '<%0>') == N + 2)",
            "assert(#('%s|%s'):format(s, t) == 2 * N + 1)",
            "assert(#('%q'):format(s) == N + 2)",
            "assert(#s:format() == N)",
            "assert(#table.concat({s, 1, t}, ', ') == 2 * N + 5)",
            "assert(utf8.len(s) == N)",
            "assert(utf8.offset(s, N) == N)",
            "assert(utf8.offset(s, -N) == 1)",
            "assert(tonumber(('1'):rep(N), 3) ~= nil)",
        ],
    );
}

#[test]
fn arrays_of_many_items() {
    let setup = "N = 400000 t = {} for i = 1, N do t[i] = i * 7919 % 1000003 end";
    check(
        setup,
        400_000 / 8,
        &[
            "for i = 1, 4 do table.insert(t, 1, 0) end for i = 1, 4 do table.remove(t, 1) end assert(#t == N)",
            "table.move(t, 1, N - 1, 2)",
            "table.move(t, 2, N, 1)",
            "assert(#table.move(t, 1, N, 1, {}) == N)",
            "assert(select('#', table.unpack(t)) == N)",
            "assert(#table.concat(t) > N)",
            "table.sort(t) for i = 2, N do assert(t[i - 1] <= t[i]) end",
            "table.sort(t)",
            "for i = 1, N do t[i] = N - i end table.sort(t) assert(t[1] == 0 and t[N] == N - 1)",
            "for i = 1, N do t[i] = i % 3 end table.sort(t) assert(t[1] == 0 and t[N] == 2)",
            "for i = 1, N do t[i] = i % 1009 + 0.5 end table.sort(t) assert(t[1] == 0.5 and t[N] == 1008.5)",
            "for i = 1, N do t[i] = tostring(i * 7919 % 10007) end table.sort(t) \
             for i = 2, N do assert(t[i - 1] <= t[i]) end",
            "table.sort(t, function(a, b) return a > b end) assert(t[1] >= t[N])",
            "for i = 1, N do t[i] = i % 2 == 0 and i or i + 0.5 end t[1] = 1e9 table.sort(t) assert(t[N] == 1e9)",
        ],
    );
}

#[test]
fn tables_of_many_entries_grow() {
    check(
        "N = 200000",
        8 * 200_000,
        &[
            "local t = {} for i = 1, N do t[i + 0.5] = i end for i = 1, N do assert(t[i + 0.5] == i) end",
            "local t = {} for i = N, 1, -1 do t[i] = i end for i = 1, N do assert(t[i] == i) end assert(#t == N)",
            "local t = setmetatable({}, {}) for i = 1, N do t['k' .. i] = i end assert(t.k1 == 1 and t['k' .. N] == N)",
        ],
    );
}

#[test]
fn a_complete_collection() {
    let setup = "t = {} for i = 1, 300000 do t[i] = {i} end";
    check(setup, 100_000, &["collectgarbage()"]);
    // What is dead is given back by the block.
    check(setup, 1, &["t = nil collectgarbage() assert(collectgarbage('count') < 30000)"]);
}

#[test]
fn bytes_become_many_values() {
    let setup = "s = ('x'):rep(200000)";
    check(
        setup,
        200_000,
        &["assert(select('#', s:byte(1, -1)) == #s)", "assert(string.char(s:byte(1, -1)) == s)"],
    );
}

/// How long each run of a chunk takes; `setup` comes first and does not count.
fn times(setup: &str, source: &str) -> Vec<Duration> {
    let mut vm = Vm::default();
    vm.enter(wippy_stdlib::open).unwrap();
    let mut times = Vec::new();
    for (counts, source) in [(false, setup), (true, source)] {
        vm.start(|cx| {
            let chunk = cx.load(source.as_bytes(), b"=pieces", LoadMode::ANY)?;
            cx.push(chunk);
            Ok(())
        })
        .unwrap();
        // What never ends by itself is looked at for a while.
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(if counts { 3 } else { 60 }) {
            let start = Instant::now();
            let step = vm.run(if counts { SLICE * 10 } else { SLICE * 1000 });
            if counts {
                times.push(start.elapsed());
            }
            match step {
                Step::OutOfFuel => {}
                Step::Finished => break,
                Step::Failed(failure) => panic!("{source}: {failure}\n{}", failure.traceback),
                Step::Parked => panic!("{source}: {}", vm.deadlock()),
            }
        }
        vm.cancel();
    }
    times
}

/// The longest run of a chunk. Every run does the same work each time the chunk is started, so the least time of some
/// is what the work takes: whatever else the machine does only adds.
fn longest_time(setup: &str, source: &str, rounds: usize) -> Duration {
    let mut least = times(setup, source);
    for _ in 1..rounds {
        for (least, time) in least.iter_mut().zip(times(setup, source)) {
            *least = time.min(*least);
        }
    }
    least.into_iter().max().unwrap_or_default()
}

/// Says how long the longest piece of each takes, to be judged by a person:
/// `cargo test --profile fast -p wippy-stdlib --test pieces -- --ignored --nocapture`; with `PIECES=concat` only those
/// whose source contains that.
#[test]
#[ignore = "measures time"]
fn pieces_in_time() {
    let chosen = std::env::var("PIECES").unwrap_or_default();
    let text = "N = 10000000 s = ('x'):rep(N)";
    let digits = "N = 10000000 s = ('7'):rep(N)";
    for (setup, source) in [
        ("", "while true do end"),
        ("", "repeat local t = {} until false"),
        ("", "local s = '' for i = 1, 20000 do s = s .. 'xxxxxxxxxx' end"),
        ("s = ('a'):rep(40) p = ('a-'):rep(20) .. ('a*'):rep(10) .. 'b'", "s:find(p)"),
        ("s = ('a'):rep(100000)", "s:find('.-.-.-b')"),
        ("s = ('('):rep(100000)", "s:find('%b()')"),
        ("t = {} for i = 1, 1e7 do t[i] = 'x' end", "table.concat(t)"),
        ("t = {} for i = 1, 1e7 do t[i] = i end", "table.concat(t, ', ')"),
        ("t = {} for i = 1, 1e6 do t[i] = i end", "pcall(table.sort, t, function(a, b) return true end)"),
        (
            "t = {} for i = 1, 1e6 do t[i] = i end r = math.random",
            "pcall(table.sort, t, function() return r() < 0.5 end)",
        ),
        ("t = {} for i = 1, 1e6 do t[i] = 'k' .. i % 1000 end", "table.sort(t)"),
        ("", "t = {} for i = 1, 1e7 do t[i] = i end"),
        ("", "t = {} for i = 1, 5e6 do t[i + 0.5] = i end"),
        ("t = {} for i = 1, 4e6 do t[i + 0.5] = i end for k in pairs(t) do t[k] = nil end", "return next(t)"),
        (
            "t = {} for i = 1, 4e6 do t[i + 0.5] = i end for k in pairs(t) do t[k] = nil end",
            "for k in pairs(t) do end",
        ),
        (
            "t = {} for i = 1, 8e6 do t[i] = i end for i = 1, 8e6 do t[i] = nil end",
            "for k in pairs(t) do end",
        ),
        ("t = {} for i = 1, 8e6 do t[i] = i end for i = 1, 8e6 do t[i] = nil end", "return #t"),
        ("t = {} for i = 1, 1e6 do t[i] = i end", "local u = {table.unpack(t, 1, 900000)}"),
        ("t = {} for i = 1, 1e6 do t[i] = i end", "local u = table.pack(table.unpack(t, 1, 900000))"),
        ("t = {} for i = 1, 1e6 do t[i] = i end", "math.max(table.unpack(t, 1, 900000))"),
        (text, "t = {} t[s] = 1"),
        (text, "t = {[s] = 1} u = ('x'):rep(N) return t[u]"),
        (digits, "return tonumber(s)"),
        (digits, "return s + 0"),
        (digits, "return tonumber('0x' .. s)"),
        (digits, "return tonumber(s, 10)"),
        (digits, "return tonumber((' '):rep(N) .. '1')"),
        (digits, "return math.tointeger(s)"),
        (digits, "return pcall(string.format, '%d', s)"),
        (digits, "for i = 1, 1 do local x = #s | 0 end return pcall(function() return s | 0 end)"),
        (text, "return #string.pack('s', s)"),
        (text, "return #string.pack('z', s)"),
        (text, "return #string.pack('c20000000', s)"),
        (text, "return #string.pack(('i1'):rep(200000), s:byte(1, 200000))"),
        (text, "return #string.unpack('c10000000', s)"),
        (text, "return #string.unpack('z', s .. '\\0')"),
        (text, "p = string.pack('s', s) return #string.unpack('s', p)"),
        (text, "for a in s:gmatch('x*') do end"),
        (text, "for a, b, c in s:gmatch('(x*)()(x*)') do end"),
        (text, "return s:gsub('.', {})"),
        (text, "return s:find(('[' .. s):sub(1, 5000000) .. ']')"),
        (text, "return pcall(string.find, s, '[' .. s)"),
        (text, "return pcall(string.format, ('%%'):rep(5000000))"),
        (text, "return pcall(error, s)"),
        (text, "return pcall(error, s, 1)"),
        (text, "return pcall(require, s)"),
        (text, "return tostring(setmetatable({}, {__name = s}))"),
        (text, "return pcall(function() return {} .. s end)"),
        (text, "return pcall(function() return s + 1 end)"),
        (text, "return pcall(load, s, s)"),
        (text, "return load('return \"' .. s .. '\"')"),
        (text, "return load('--' .. s)"),
        (text, "return load(s .. ' = 1')"),
        ("s = ('x = 1 + y * z '):rep(700000)", "return load(s)"),
        ("s = 'return ' .. ('a + '):rep(2000000) .. '1'", "return load(s)"),
        ("s = 'return {' .. ('1, '):rep(3000000) .. '1}'", "return load(s)"),
        (
            "s = 'return {' .. ('{1, \"a\"}, '):rep(900000) .. '1}' f = load(s) d = string.dump(f)",
            "return load(d)",
        ),
        ("s = 'return {' .. ('{1, \"a\"}, '):rep(900000) .. '1}' f = load(s)", "return string.dump(f)"),
        ("", "local n = 0 return load(function() n = n + 1 if n < 1e6 then return 'x = 1 ' end end)"),
        (text, "return utf8.len(s), utf8.codepoint(s, 1, 100000)"),
        (text, "return #utf8.char(s:byte(1, 900000))"),
        (text, "return s:byte(1, 900000)"),
        (text, "return s:rep(10):upper():lower():reverse()"),
        ("t = {} for i = 1, 2e6 do t[i] = {i} end", "collectgarbage('step', 1e9)"),
        ("t = {} for i = 1, 2e6 do t[i] = {i} end", "collectgarbage()"),
        ("t = setmetatable({}, {__mode = 'k'}) for i = 1, 3e5 do t[{}] = i end", "collectgarbage()"),
        ("t = setmetatable({}, {__mode = 'v'}) for i = 1, 1e6 do t[i] = {} end", "collectgarbage()"),
        (
            "",
            "local function f(n) if n == 0 then error('x') end return 1 + f(n - 1) end for i = 1, 5 do pcall(f, 150000) end",
        ),
        ("", "local function f(n) local a, b, c, d return 1 + f(n + 1) end pcall(f, 1)"),
        ("", "local function f() local co = coroutine.wrap(f) return co() end pcall(f)"),
        (text, "return os.date('!' .. s:sub(1, 1000000))"),
        (text, "return #(s:sub(1, 5000000) .. '%'):gsub('%%', '%%%%')"),
        (text, "return table.concat({s, s}, s)"),
        (text, "return s:find(s, 2, true), s:find('xxxxxxxxxxxxxxxxxxxxxxxxxy', 1, true)"),
        (text, "return s < s .. 'y', s == s .. 'y', s .. s == s .. s"),
    ] {
        if !source.contains(&chosen) {
            continue;
        }
        let time = longest_time(setup, source, 5);
        let mark = if time > Duration::from_millis(10) { "LONG" } else { "" };
        eprintln!("{:8.2} ms {mark:4}  {source}", time.as_secs_f64() * 1e3);
    }
}
