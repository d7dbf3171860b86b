//! No builtin keeps control for long: over huge arguments, each gives it back after a bounded piece of work, and pays
//! for all of it.
//!
//! Measured in units of fuel, not in time: how far a run overdraws what it was given, and what the whole costs.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

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
