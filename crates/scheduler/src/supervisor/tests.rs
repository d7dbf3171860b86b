//! The cases of OTP's supervisor, on virtual time, and a random walk that keeps the invariants.

use super::*;

/// Children that do as told, and a record of what happened.
struct World {
    supervisor: Supervisor,
    now: Duration,
    next_pid: u64,
    /// Running processes and the ids they were started as.
    running: Vec<(Pid, String)>,
    /// Ids that cannot be started at the moment, and how often that is to fail.
    broken: HashMap<String, u32>,
    /// Ids that do not end when asked.
    stubborn: Vec<&'static str>,
    deadlines: Vec<(Duration, Pid)>,
    log: Vec<String>,
    outcome: Option<Outcome>,
    pending: VecDeque<Action>,
    performing: bool,
}

fn spec(id: &str, restart: Restart) -> ChildSpec {
    ChildSpec { id: id.to_owned(), restart, grace: Grace::default() }
}

impl World {
    fn new(strategy: Strategy, restarts: u32, specs: Vec<ChildSpec>) -> World {
        let mut world = World::empty(strategy, restarts);
        world.begin(specs);
        world
    }

    fn empty(strategy: Strategy, restarts: u32) -> World {
        let intensity = Intensity { restarts, period: Duration::from_secs(5) };
        World {
            supervisor: Supervisor::new(strategy, intensity),
            now: Duration::ZERO,
            next_pid: 100,
            running: Vec::new(),
            broken: HashMap::new(),
            stubborn: Vec::new(),
            deadlines: Vec::new(),
            log: Vec::new(),
            outcome: None,
            pending: VecDeque::new(),
            performing: false,
        }
    }

    fn begin(&mut self, specs: Vec<ChildSpec>) {
        let mut actions = Vec::new();
        self.supervisor.begin(specs, &mut actions).expect("the specs are fine");
        self.perform(actions);
    }

    fn permanent(strategy: Strategy, ids: &[&str]) -> World {
        let mut world =
            World::new(strategy, 100, ids.iter().map(|id| spec(id, Restart::Permanent)).collect());
        world.log.clear();
        world
    }

    fn perform(&mut self, actions: Vec<Action>) {
        self.pending.extend(actions);
        if std::mem::replace(&mut self.performing, true) {
            return;
        }
        while let Some(action) = self.pending.pop_front() {
            match action {
                Action::Start(key) => {
                    let id = self.supervisor.child(key).expect("it is known").spec.id.clone();
                    let failures = self.broken.entry(id.clone()).or_default();
                    if *failures > 0 {
                        *failures -= 1;
                        self.log.push(format!("!{id}"));
                        self.event(Event::NotStarted { child: key });
                    } else {
                        let pid = Pid::from_raw(self.next_pid);
                        self.next_pid += 1;
                        self.log.push(format!("+{id}"));
                        self.running.push((pid, id));
                        self.event(Event::Started { child: key, pid });
                    }
                }
                Action::Cancel { pid, grace } => {
                    let id = self.id(pid);
                    if self.stubborn.contains(&id.as_str()) {
                        self.log.push(format!("?{id}"));
                        self.deadlines.extend(grace.map(|grace| (self.now + grace, pid)));
                    } else {
                        self.gone(pid, "-", false);
                    }
                }
                Action::Kill(pid) => self.gone(pid, "x", true),
                Action::End(outcome) => {
                    assert!(self.running.is_empty(), "no child outlives its supervisor");
                    self.outcome = Some(outcome);
                }
            }
        }
        self.performing = false;
    }

    fn id(&self, pid: Pid) -> String {
        self.running.iter().find(|running| running.0 == pid).expect("it runs").1.clone()
    }

    fn pid(&self, id: &str) -> Pid {
        self.running.iter().find(|running| running.1 == id).expect("it runs").0
    }

    fn gone(&mut self, pid: Pid, mark: &str, failed: bool) {
        self.log.push(format!("{mark}{}", self.id(pid)));
        self.running.retain(|running| running.0 != pid);
        self.event(Event::Ended { pid, failed });
    }

    fn event(&mut self, event: Event) {
        let mut actions = Vec::new();
        self.supervisor.handle(event, self.now, &mut actions);
        self.perform(actions);
    }

    fn fail(&mut self, id: &str) {
        self.gone(self.pid(id), "*", true);
    }

    fn finish(&mut self, id: &str) {
        self.gone(self.pid(id), ".", false);
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        for (at, pid) in std::mem::take(&mut self.deadlines) {
            if at <= self.now {
                self.event(Event::Deadline { pid });
            } else {
                self.deadlines.push((at, pid));
            }
        }
    }

    fn take_log(&mut self) -> String {
        std::mem::take(&mut self.log).join(" ")
    }
}

#[test]
fn children_start_in_order_and_stop_in_reverse() {
    let specs = ["a", "b", "c"].map(|id| spec(id, Restart::Permanent)).to_vec();
    let mut world = World::new(Strategy::OneForOne, 1, specs);
    assert_eq!(world.take_log(), "+a +b +c");
    world.event(Event::Stop);
    assert_eq!(world.take_log(), "-c -b -a");
    assert_eq!(world.outcome, Some(Outcome::Stopped));
}

#[test]
fn one_for_one_restarts_the_one() {
    let mut world = World::permanent(Strategy::OneForOne, &["a", "b", "c"]);
    world.fail("b");
    assert_eq!(world.take_log(), "*b +b");
}

#[test]
fn one_for_all_restarts_all_in_order() {
    let mut world = World::permanent(Strategy::OneForAll, &["a", "b", "c"]);
    world.fail("b");
    assert_eq!(world.take_log(), "*b -c -a +a +b +c");
}

#[test]
fn rest_for_one_restarts_the_later_ones() {
    let mut world = World::permanent(Strategy::RestForOne, &["a", "b", "c", "d"]);
    world.fail("b");
    assert_eq!(world.take_log(), "*b -d -c +b +c +d");
}

#[test]
fn permanent_children_are_restarted_after_a_good_end_too() {
    let mut world = World::permanent(Strategy::OneForOne, &["a"]);
    world.finish("a");
    assert_eq!(world.take_log(), ".a +a");
}

#[test]
fn transient_children_are_restarted_after_failure_only() {
    let specs = vec![spec("t", Restart::Transient), spec("u", Restart::Transient)];
    let mut world = World::new(Strategy::OneForOne, 100, specs);
    world.take_log();
    world.fail("t");
    world.finish("u");
    assert_eq!(world.take_log(), "*t +t .u");
    assert_eq!(world.supervisor.children().count(), 2, "one that ended well stays known");
}

#[test]
fn a_finished_transient_child_comes_back_with_all_others() {
    let specs = vec![spec("t", Restart::Transient), spec("p", Restart::Permanent)];
    let mut world = World::new(Strategy::OneForAll, 100, specs);
    world.take_log();
    world.finish("t");
    world.fail("p");
    assert_eq!(world.take_log(), ".t *p +t +p");
}

#[test]
fn temporary_children_are_forgotten_even_when_others_pull_them_down() {
    let specs =
        vec![spec("t", Restart::Temporary), spec("p", Restart::Permanent), spec("u", Restart::Temporary)];
    let mut world = World::new(Strategy::OneForAll, 100, specs);
    world.take_log();
    world.fail("u");
    assert_eq!(world.take_log(), "*u");
    assert_eq!(world.supervisor.children().count(), 2);
    world.fail("p");
    assert_eq!(world.take_log(), "*p -t +p");
    assert_eq!(world.supervisor.children().count(), 1);
}

#[test]
fn too_many_restarts_end_the_supervisor() {
    let specs = vec![spec("a", Restart::Permanent), spec("b", Restart::Permanent)];
    let mut world = World::new(Strategy::OneForOne, 2, specs);
    world.take_log();
    world.fail("a");
    world.pass(4);
    world.fail("b");
    world.pass(1);
    world.fail("a");
    assert_eq!(world.take_log(), "*a +a *b +b *a -b");
    assert_eq!(world.outcome, Some(Outcome::TooManyRestarts { id: "a".to_owned() }));
    assert!(world.supervisor.has_ended());
}

#[test]
fn restarts_that_are_far_apart_do_not_add_up() {
    let mut world = World::new(Strategy::OneForOne, 1, vec![spec("a", Restart::Permanent)]);
    for _ in 0..10 {
        world.fail("a");
        world.pass(6);
    }
    assert_eq!(world.outcome, None);
    assert_eq!(world.supervisor.children().next().map(|child| child.restarts), Some(10));
}

#[test]
fn no_restart_at_all_is_a_choice() {
    let mut world = World::new(Strategy::OneForOne, 0, vec![spec("a", Restart::Permanent)]);
    world.fail("a");
    assert_eq!(world.outcome, Some(Outcome::TooManyRestarts { id: "a".to_owned() }));
}

#[test]
fn a_child_that_cannot_start_at_first_ends_everything() {
    let mut world = World::empty(Strategy::OneForOne, 100);
    world.broken.insert("c".to_owned(), 1);
    world.begin(["a", "b", "c", "d"].map(|id| spec(id, Restart::Permanent)).to_vec());
    assert_eq!(world.take_log(), "+a +b !c -b -a");
    assert_eq!(world.outcome, Some(Outcome::NotStarted { id: "c".to_owned() }));
}

#[test]
fn a_restart_that_fails_is_tried_again_and_counts() {
    let mut world = World::new(Strategy::OneForOne, 3, vec![spec("a", Restart::Permanent)]);
    world.take_log();
    world.broken.insert("a".to_owned(), 2);
    world.fail("a");
    assert_eq!(world.take_log(), "*a !a !a +a");
    world.broken.insert("a".to_owned(), 1);
    world.fail("a");
    assert_eq!(world.outcome, Some(Outcome::TooManyRestarts { id: "a".to_owned() }));
}

#[test]
fn a_failed_start_in_the_middle_of_a_restart_begins_there_again() {
    let mut world = World::permanent(Strategy::RestForOne, &["a", "b", "c"]);
    world.broken.insert("b".to_owned(), 1);
    world.fail("a");
    assert_eq!(world.take_log(), "*a -c -b +a !b +b +c");
    let mut world = World::permanent(Strategy::OneForAll, &["a", "b", "c"]);
    world.broken.insert("b".to_owned(), 1);
    world.fail("c");
    assert_eq!(world.take_log(), "*c -b -a +a !b -a +a +b +c");
}

#[test]
fn who_does_not_end_in_time_is_killed() {
    let specs = ["a", "b", "c"].map(|id| spec(id, Restart::Permanent)).to_vec();
    let mut world = World::new(Strategy::OneForOne, 1, specs);
    world.take_log();
    world.stubborn.push("b");
    world.event(Event::Stop);
    assert_eq!(world.take_log(), "-c ?b", "the one before waits");
    world.pass(4);
    assert_eq!(world.take_log(), "");
    world.pass(1);
    assert_eq!(world.take_log(), "xb -a");
    assert_eq!(world.outcome, Some(Outcome::Stopped));
}

#[test]
fn brutal_and_unlimited_graces() {
    let mut specs = ["a", "b"].map(|id| spec(id, Restart::Permanent)).to_vec();
    specs[0].grace = Grace::Unlimited;
    specs[1].grace = Grace::Brutal;
    let mut world = World::new(Strategy::OneForOne, 1, specs);
    world.take_log();
    world.stubborn.push("a");
    world.event(Event::Stop);
    world.pass(1_000_000);
    assert_eq!(world.take_log(), "xb ?a", "a supervisor below is waited for");
    let below = world.pid("a");
    world.gone(below, ".", false);
    assert_eq!(world.outcome, Some(Outcome::Stopped));
}

#[test]
fn a_child_that_fails_while_others_are_stopped_is_handled_afterwards() {
    let mut world = World::permanent(Strategy::RestForOne, &["a", "b", "c"]);
    world.stubborn.push("c");
    world.fail("b");
    world.fail("a");
    assert_eq!(world.take_log(), "*b ?c *a", "nothing more happens until c has ended");
    world.stubborn.clear();
    world.pass(5);
    assert_eq!(world.take_log(), "xc +b +c -c -b +a +b +c");
}

#[test]
fn a_child_that_ends_before_it_is_asked_is_not_asked() {
    let mut world = World::permanent(Strategy::OneForAll, &["a", "b", "c"]);
    world.stubborn.push("c");
    world.fail("b");
    world.fail("a");
    world.stubborn.clear();
    world.pass(5);
    assert_eq!(world.take_log(), "*b ?c *a xc +a +b +c");
}

#[test]
fn a_stop_in_the_middle_of_a_restart_starts_nobody() {
    let mut world = World::permanent(Strategy::OneForAll, &["a", "b", "c"]);
    world.stubborn.push("c");
    world.fail("b");
    world.event(Event::Stop);
    world.event(Event::Stop);
    world.stubborn.clear();
    world.pass(5);
    assert_eq!(world.take_log(), "*b ?c xc -a");
    assert_eq!(world.outcome, Some(Outcome::Stopped));
}

#[test]
fn children_come_and_go() {
    let mut world = World::permanent(Strategy::RestForOne, &["a"]);
    let mut actions = Vec::new();
    let now = world.now;
    world.supervisor.add(spec("b", Restart::Permanent), now, &mut actions).expect("it is new");
    assert_eq!(world.supervisor.add(spec("b", Restart::Permanent), now, &mut actions), Err(Refusal::Busy));
    world.perform(std::mem::take(&mut actions));
    assert_eq!(world.supervisor.add(spec("b", Restart::Permanent), now, &mut actions), Err(Refusal::Present));
    assert_eq!(world.supervisor.start_child("b", now, &mut actions), Err(Refusal::Running));
    assert_eq!(world.supervisor.forget_child("b"), Err(Refusal::Running));
    assert_eq!(world.supervisor.stop_child("z", now, &mut actions), Err(Refusal::Absent));
    world.supervisor.stop_child("b", now, &mut actions).expect("it runs");
    world.perform(std::mem::take(&mut actions));
    assert_eq!(world.supervisor.stop_child("b", now, &mut actions), Err(Refusal::NotRunning));
    world.supervisor.start_child("b", now, &mut actions).expect("it is known");
    world.perform(std::mem::take(&mut actions));
    world.supervisor.stop_child("b", now, &mut actions).expect("it runs");
    world.perform(std::mem::take(&mut actions));
    world.supervisor.forget_child("b").expect("it does not run");
    assert_eq!(world.take_log(), "+b -b +b -b");
    world.broken.insert("c".to_owned(), 1);
    world.supervisor.add(spec("c", Restart::Permanent), now, &mut actions).expect("it is new");
    world.perform(actions);
    assert_eq!(world.take_log(), "!c");
    assert_eq!(world.supervisor.children().count(), 1, "one that did not start is not kept");
}

#[test]
fn trouble_climbs_a_tree() {
    // The inner supervisor is a child of the outer one; its end is reported as a failure.
    let mut outer = World::permanent(Strategy::OneForOne, &["inner"]);
    let mut inner = World::new(Strategy::OneForOne, 1, vec![spec("worker", Restart::Permanent)]);
    inner.fail("worker");
    assert_eq!((inner.outcome.clone(), outer.take_log().as_str()), (None, ""));
    inner.fail("worker");
    assert!(matches!(inner.outcome, Some(Outcome::TooManyRestarts { .. })));
    outer.fail("inner");
    assert_eq!(outer.take_log(), "*inner +inner");
}

#[test]
fn many_children_end_at_once() {
    let specs = (0..2000).map(|n| spec(&n.to_string(), Restart::Temporary)).collect();
    let mut world = World::new(Strategy::OneForOne, 1, specs);
    world.stubborn.push("7");
    let mut actions = Vec::new();
    world.supervisor.stop_child("7", Duration::ZERO, &mut actions).expect("it runs");
    world.perform(actions);
    let running: Vec<Pid> = world.running.iter().map(|running| running.0).collect();
    for pid in running.into_iter().filter(|&pid| world.id(pid) != "7").collect::<Vec<_>>() {
        world.running.retain(|running| running.0 != pid);
        world.event(Event::Ended { pid, failed: true });
    }
    world.pass(5);
    assert_eq!(world.supervisor.children().count(), 0);
}

#[test]
fn a_random_walk_keeps_order_and_ends_clean() {
    for seed in 1..2000_u64 {
        let mut random = wippy_random::Random::new(seed);
        let mut roll = move |n: u64| random.bits() % n;
        let strategy = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne][roll(3) as usize];
        let kinds = [Restart::Permanent, Restart::Transient, Restart::Temporary];
        let specs = (0..roll(6)).map(|n| spec(&n.to_string(), kinds[roll(3) as usize])).collect();
        let mut world = World::new(strategy, 5, specs);
        for _ in 0..40 {
            if world.outcome.is_some() {
                break;
            }
            world.stubborn = if roll(2) == 0 { vec!["1", "3"] } else { Vec::new() };
            match roll(6) {
                0..=2 if !world.running.is_empty() => {
                    let pid = world.running[roll(world.running.len() as u64) as usize].0;
                    world.gone(pid, "*", roll(3) > 0);
                }
                3 => {
                    let failures = roll(2) as u32;
                    world.broken.insert(roll(6).to_string(), failures);
                }
                4 if roll(10) == 0 => world.event(Event::Stop),
                _ => world.pass(roll(4)),
            }
            let known = world.supervisor.children();
            let alive: Vec<Pid> = known.filter_map(|child| child.pid).collect();
            assert!(alive.len() >= world.running.len(), "seed {seed}: {:?}", world.log);
            if !world.supervisor.is_busy() && world.outcome.is_none() {
                assert_eq!(alive.len(), world.running.len(), "seed {seed}: {:?}", world.log);
                for child in world.supervisor.children() {
                    let must_run = child.spec.restart == Restart::Permanent;
                    assert!(child.pid.is_some() || !must_run, "seed {seed}: {:?}", world.log);
                }
                let mut ordered = alive.clone();
                ordered.sort_unstable();
                assert!(strategy == Strategy::OneForOne || ordered == alive, "seed {seed}: {:?}", world.log);
            }
        }
        world.event(Event::Stop);
        for _ in 0..10 {
            world.pass(5);
        }
        assert!(world.outcome.is_some() && world.running.is_empty(), "seed {seed}: {:?}", world.log);
    }
}
