//! What the collector takes for dead at a safepoint: no register above what an instruction leaves behind keeps an object.
//!
//! With a collection at every safepoint each step of these programs is decided; without, such a register would keep
//! what it refers to only if every cycle happened to end there.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use support::printed;

#[test]
fn an_argument_of_a_call_in_a_constructor_is_dead_after_it() {
    let source = br#"
        local dead = false
        local function forget(_) return 1 end
        local list = {(forget(setmetatable({}, {__gc = function() dead = true end})))}
        print(#list, dead)
    "#;
    assert_eq!(printed("constructor", source, u64::MAX, true), "1\ttrue\n");
}

#[test]
fn what_a_constructor_holds_is_alive() {
    let source = br#"
        local dead = 0
        local function object() return setmetatable({}, {__gc = function() dead = dead + 1 end}) end
        local list
        local above = object()
        for _ = 1, 10 do
            list = {object(), {object()}, above, object(), table.unpack({object(), object()})}
        end
        print(dead, #list)
        list = nil
        collectgarbage()
        print(dead)
        above = nil
        collectgarbage()
        print(dead)
    "#;
    assert_eq!(printed("constructor", source, u64::MAX, true), "40\t6\n50\n51\n");
}
