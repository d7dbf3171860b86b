//! Random changes of the registry while functions are called: no call sees half of one, none is lost, and what was
//! replaced goes away.
//!
//! `WIPPY_CHANGES=10000` makes it longer, `WIPPY_SEED` repeats a run.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use wippy_app::entry::Entry;
use wippy_app::id::Id;
use wippy_app::log::{Layout, Level, Log, Options};
use wippy_app::registry::Operation;
use wippy_app::runtime::engine::Engine;
use wippy_app::runtime::order::{Order, Task};
use wippy_app::runtime::unit::Bundle;
use wippy_app::runtime::{App, Arguments, convert, functions};
use wippy_app::value::{Map, Value};
use wippy_random::Random;

const WITHIN: Duration = Duration::from_secs(30);

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn entry(id: &str, kind: &str, source: &str, imports: &[&str]) -> Entry {
    let mut data = Value::Map(Map::new());
    data.set(&["source"], Value::text(source));
    data.set(&["method"], Value::text("run"));
    for import in imports {
        data.set(&["imports", import], Value::text(format!("app:{import}")));
    }
    Entry::new(Id::parse(id).expect("an ID"), kind, Map::new(), data)
}

fn library(name: &str, version: u64) -> Operation {
    let source = format!("return {{version = {version}}}");
    Operation::Update(Arc::new(entry(&format!("app:{name}"), "library.lua", &source, &[])))
}

/// Versions of the function and of the two libraries that it imports, one of them through a third.
const PAIR: &str = "return {run = function() return {a.version, through.version()} end}";
const THROUGH: &str = "return {version = function() return b.version end}";

fn application(keep_history: bool) -> Arc<App> {
    let log = Log::start(Options { layout: Layout::Plain, least: Level::Error, silent: true, thin: false });
    let app = App::new(log, keep_history);
    let entries = vec![
        entry("app:a", "library.lua", "return {version = 0}", &[]),
        entry("app:b", "library.lua", "return {version = 0}", &[]),
        entry("app:through", "library.lua", THROUGH, &["b"]),
        entry("app:pair", "function.lua", PAIR, &["a", "through"]),
    ];
    app.baseline(entries).expect("the entries are right");
    Arc::new(app)
}

/// What `app:pair` sees.
fn pair(app: &Arc<App>) -> (i64, i64) {
    let id = Id::new("app", "pair");
    let parcel = functions::call_and_wait(app, &id, Arguments::new(), WITHIN).expect("the call succeeds");
    match convert::unpack(&mut parcel.tokens()) {
        Some(Value::List(list)) => match list[..] {
            [Value::Integer(a), Value::Integer(b)] => (a, b),
            _ => panic!("{list:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn change_at_random(keep_history: bool, changes: u64) {
    let seed = number("WIPPY_SEED", 0x9E37_79B9_7F4A_7C15);
    eprintln!("WIPPY_SEED={seed} WIPPY_CHANGES={changes}");
    let app = application(keep_history);
    let task = Task { shutdown_within: Duration::from_secs(5), ..Task::default() };
    let engine = Engine::new(Arc::clone(&app), task).expect("threads");
    let orders = engine.orders();
    let running = std::thread::spawn(move || engine.run().map_err(|problem| problem.to_string()));
    let (over, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..3)
        .map(|_| {
            let (app, over, calls) = (Arc::clone(&app), Arc::clone(&over), Arc::clone(&calls));
            std::thread::spawn(move || {
                let mut last = 0;
                while !over.load(Ordering::SeqCst) {
                    let (a, b) = pair(&app);
                    assert_eq!(a, b, "half a change");
                    assert!(a >= last, "{a} after {last}: back to older code");
                    last = a;
                    calls.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    let mut random = Random::new(seed);
    let mut old: Vec<Weak<Bundle>> = Vec::new();
    let (mut version, mut accepted) = (0, 0);
    for _ in 0..changes {
        let extra = Id::new("app", &format!("extra{}", random.below(20)));
        let there = app.registry.snapshot().get(&extra).is_some();
        let (operations, good) = match random.below(10) {
            0..=3 => {
                version += 1;
                (vec![library("a", version), library("b", version)], true)
            }
            4..=5 if there => (vec![Operation::Delete(extra)], true),
            4..=5 => {
                let entry = entry(extra.as_str(), "function.lua", PAIR, &["a", "through"]);
                (vec![Operation::Create(Arc::new(entry))], true)
            }
            6 => {
                let again =
                    entry("app:pair", "function.lua", &format!("-- {version}\n{PAIR}"), &["a", "through"]);
                (vec![Operation::Update(Arc::new(again))], true)
            }
            7 => {
                let broken = entry("app:b", "library.lua", "return {", &[]);
                (vec![library("a", version + 1000), Operation::Update(Arc::new(broken))], false)
            }
            8 => (vec![library("a", version + 1000), Operation::Delete(Id::new("app", "through"))], false),
            _ => {
                let circle = entry("app:b", "library.lua", "return {version = 0}", &["through"]);
                (vec![Operation::Update(Arc::new(circle))], false)
            }
        };
        let before = app.registry.snapshot();
        let result = app.apply(&operations);
        assert_eq!(result.is_ok(), good, "{:?}", result.err().map(|why| why.to_string()));
        let after = app.registry.snapshot();
        accepted += u64::from(good);
        assert_eq!(after.version, accepted);
        if good {
            old.extend(operations.iter().filter_map(|it| app.bundle(it.id())).map(|it| Arc::downgrade(&it)));
            old.extend(app.bundle(&Id::new("app", "pair")).map(|it| Arc::downgrade(&it)));
        } else {
            assert!(before.iter().eq(after.iter()), "a rejected change has changed something");
        }
        if random.below(50) == 0 {
            let seen = pair(&app);
            assert_eq!(seen, (version as i64, version as i64), "a call after a change sees it");
        }
    }
    over.store(true, Ordering::SeqCst);
    callers.into_iter().for_each(|caller| caller.join().expect("no caller fails"));
    assert!(calls.load(Ordering::SeqCst) > 0);
    if keep_history {
        let ids: Vec<u64> = app.registry.versions().iter().map(|version| version.id).collect();
        assert_eq!(ids, (1..=accepted).collect::<Vec<u64>>(), "a version is missing");
    } else {
        // Only what is in force is left; interpreters that had just ended their last call may take a moment.
        let in_force = app.registry.snapshot().len();
        let alive = || {
            let mut bundles: Vec<*const Bundle> =
                old.iter().filter(|it| it.strong_count() > 0).map(Weak::as_ptr).collect();
            bundles.sort();
            bundles.dedup();
            bundles.len()
        };
        let end = Instant::now() + WITHIN;
        while alive() > in_force && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(alive() <= in_force, "{} programs for {in_force} entries", alive());
    }
    eprintln!("{accepted} changes accepted, {} calls", calls.load(Ordering::SeqCst));
    orders.send(Order::Exit(0)).expect("the engine listens");
    assert_eq!(running.join().expect("the engine ends").map(|outcome| outcome.code), Ok(0));
}

#[test]
fn no_call_sees_half_a_change_and_no_version_is_lost() {
    change_at_random(true, number("WIPPY_CHANGES", 400));
}

#[test]
fn what_was_replaced_goes_away() {
    change_at_random(false, number("WIPPY_CHANGES", 400));
}
