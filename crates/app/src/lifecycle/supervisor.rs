//! The supervisor: what runs, what is started next, and what is stopped first.
//!
//! Each service has a state, a wish (up or down) and at most one deadline. After every event, `settle` looks for
//! services whose wish and state differ and whose neighbours allow a step. Invariant: a service is started only when
//! everything it needs is running, and stopped only when nothing that needs it is up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use wippy_random::Random;

use super::backoff;
use super::policy::Policy;
use crate::id::Id;
use crate::registry::order::Graph;

/// The state of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not started yet.
    Unknown,
    /// Being started.
    Starting,
    /// Up.
    Running,
    /// Being stopped.
    Stopping,
    /// Stopped because somebody wanted it.
    Stopped,
    /// Ended by itself, and not restarted.
    Exited,
    /// Failed; perhaps a restart is pending.
    Failed,
}

impl State {
    /// As logs and programs see it.
    pub fn name(self) -> &'static str {
        match self {
            State::Unknown => "Unknown",
            State::Starting => "Starting",
            State::Running => "Running",
            State::Stopping => "Stopping",
            State::Stopped => "Stopped",
            State::Exited => "Exited",
            State::Failed => "Failed",
        }
    }

    fn up(self) -> bool {
        matches!(self, State::Starting | State::Running | State::Stopping)
    }
}

/// How a service ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// By itself, without an error.
    Normal,
    /// With an error worth another try.
    Failed(String),
    /// With an error that another try would meet again.
    Hopeless(String),
}

/// Something to be done.
#[allow(missing_docs, reason = "each variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Start it; report `started` or `ended` with this run's number.
    Start { id: Id, run: u64 },
    /// Ask it to stop within its stop time-out; report `ended`.
    Stop { id: Id, run: u64, within: Duration },
    /// End it now; no report is needed.
    Kill { id: Id, run: u64 },
    /// A service changed its state.
    Changed { id: Id, state: State },
    /// A service failed; the wait before the next attempt if there will be one.
    Failure { id: Id, message: String, retry: Option<Duration> },
    /// A service is held up for good by something that does not exist.
    Blocked { id: Id, missing: Vec<Id>, optional: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Start,
    Stop,
    Retry,
}

#[derive(Debug)]
struct Service {
    policy: Policy,
    needs: BTreeSet<Id>,
    missing: Vec<Id>,
    state: State,
    wanted: bool,
    run: u64,
    failures: u32,
    since: Duration,
    started_at: Option<Duration>,
    due: Option<(Duration, Due)>,
    details: Option<String>,
    told_blocked: bool,
    /// What it becomes after its current run.
    renewed: Option<(Policy, BTreeSet<Id>, Vec<Id>)>,
    removed: bool,
}

/// What programs may ask about a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Which.
    pub id: Id,
    /// Its state.
    pub state: State,
    /// Whether it should be up.
    pub wanted: bool,
    /// Failures in a row.
    pub failures: u32,
    /// When its state changed last.
    pub since: Duration,
    /// When its current run began.
    pub started_at: Option<Duration>,
    /// The last error.
    pub details: Option<String>,
}

/// All services.
#[derive(Debug)]
pub struct Supervisor {
    services: BTreeMap<Id, Service>,
    runs: u64,
    random: Random,
    stopping: bool,
}

impl Supervisor {
    /// Without services; `seed` decides the jitter.
    pub fn new(seed: u64) -> Supervisor {
        Supervisor { services: BTreeMap::new(), runs: 0, random: Random::new(seed), stopping: false }
    }

    /// One more service; `needs` are services, `missing` are required entries that do not exist.
    pub fn add(&mut self, id: Id, policy: Policy, needs: BTreeSet<Id>, missing: Vec<Id>) {
        if let Some(old) = self.services.get_mut(&id) {
            old.removed = false;
            if old.state.up() {
                old.renewed = Some((policy, needs, missing));
            } else {
                let wanted = old.wanted || policy.auto_start;
                (old.policy, old.needs, old.missing) = (policy, needs, missing);
                (old.state, old.wanted, old.due, old.failures, old.told_blocked) =
                    (State::Unknown, wanted, None, 0, false);
            }
            return;
        }
        let service = Service {
            wanted: false,
            policy,
            needs,
            missing,
            state: State::Unknown,
            run: 0,
            failures: 0,
            since: Duration::ZERO,
            started_at: None,
            due: None,
            details: None,
            told_blocked: false,
            renewed: None,
            removed: false,
        };
        self.services.insert(id, service);
    }

    /// Other rules for a service that goes on as it is.
    pub fn adjust(&mut self, id: &Id, policy: Policy, needs: BTreeSet<Id>, missing: Vec<Id>) {
        if let Some(service) = self.services.get_mut(id) {
            (service.policy, service.needs, service.missing, service.removed) =
                (policy, needs, missing, false);
        }
    }

    /// One service less; it is stopped first.
    pub fn remove(&mut self, id: &Id) {
        if let Some(service) = self.services.get_mut(id) {
            service.wanted = false;
            service.removed = true;
            service.renewed = None;
        }
    }

    /// Wants every `auto_start` service up.
    ///
    /// # Errors
    /// A circle among the services that would be started.
    pub fn boot(&mut self) -> Result<(), Vec<Id>> {
        let roots: Vec<Id> = self
            .services
            .iter()
            .filter(|(_, service)| service.policy.auto_start)
            .map(|(id, _)| id.clone())
            .collect();
        self.want(&roots)
    }

    /// Wants services up, and everything they need.
    ///
    /// # Errors
    /// A circle among them; nothing is wanted then.
    pub fn want(&mut self, roots: &[Id]) -> Result<(), Vec<Id>> {
        let mut graph = Graph::default();
        let mut all: BTreeSet<Id> = BTreeSet::new();
        let mut todo = roots.to_vec();
        while let Some(id) = todo.pop() {
            let Some(service) = self.services.get(&id) else { continue };
            if all.insert(id.clone()) {
                graph.add(id, service.needs.clone());
                todo.extend(service.needs.iter().cloned());
            }
        }
        if let Some(circle) = graph.circle() {
            return Err(circle);
        }
        for id in &all {
            if let Some(service) = self.services.get_mut(id)
                && !service.wanted
            {
                service.wanted = true;
                service.failures = 0;
                if matches!(service.state, State::Exited | State::Failed | State::Stopped) {
                    service.state = State::Unknown;
                }
            }
        }
        Ok(())
    }

    /// Wants a service down, and what needs it.
    pub fn unwant(&mut self, id: &Id) {
        let mut todo = vec![id.clone()];
        while let Some(id) = todo.pop() {
            let Some(service) = self.services.get_mut(&id) else { continue };
            if !std::mem::replace(&mut service.wanted, false) && !service.state.up() {
                continue;
            }
            todo.extend(
                self.services
                    .iter()
                    .filter(|(_, user)| user.wanted && user.needs.contains(&id))
                    .map(|(user, _)| user.clone()),
            );
        }
    }

    /// Wants everything down, for good.
    pub fn shut_down(&mut self) {
        self.stopping = true;
        for service in self.services.values_mut() {
            service.wanted = false;
            service.renewed = None;
        }
    }

    /// A start succeeded.
    pub fn started(&mut self, id: &Id, run: u64, now: Duration, out: &mut Vec<Action>) {
        if let Some(service) =
            self.services.get_mut(id).filter(|service| service.run == run && service.state == State::Starting)
        {
            service.due = None;
            service.started_at = Some(now);
            change(id, service, State::Running, now, out);
        }
        self.settle(now, out);
    }

    /// A run ended, or could not be started.
    pub fn ended(&mut self, id: &Id, run: u64, ending: Ending, now: Duration, out: &mut Vec<Action>) {
        let chance = self.random.fraction();
        if let Some(service) =
            self.services.get_mut(id).filter(|service| service.run == run && service.state.up())
        {
            service.due = None;
            if service.state == State::Stopping {
                change(id, service, State::Stopped, now, out);
            } else {
                match ending {
                    Ending::Normal => {
                        service.wanted = false;
                        change(id, service, State::Exited, now, out);
                    }
                    Ending::Hopeless(message) => {
                        service.wanted = false;
                        out.push(Action::Failure { id: id.clone(), message: message.clone(), retry: None });
                        service.details = Some(message);
                        change(id, service, State::Exited, now, out);
                    }
                    Ending::Failed(message) => fail(id, service, message, chance, now, out),
                }
            }
        }
        self.settle(now, out);
    }

    /// The next moment at which something is due.
    pub fn next(&self) -> Option<Duration> {
        self.services.values().filter_map(|service| service.due.map(|(at, _)| at)).min()
    }

    /// Carries on: what is due, and what the wishes demand.
    pub fn tick(&mut self, now: Duration, out: &mut Vec<Action>) {
        let due: Vec<Id> = self
            .services
            .iter()
            .filter(|(_, s)| s.due.is_some_and(|(at, _)| at <= now))
            .map(|(id, _)| id.clone())
            .collect();
        for id in due {
            let chance = self.random.fraction();
            let Some(service) = self.services.get_mut(&id) else { continue };
            match service.due.take() {
                Some((_, Due::Start)) => {
                    out.push(Action::Kill { id: id.clone(), run: service.run });
                    let message = format!(
                        "did not start within {}",
                        crate::duration::show(service.policy.start_timeout)
                    );
                    fail(&id, service, message, chance, now, out);
                }
                Some((_, Due::Stop)) => {
                    out.push(Action::Kill { id: id.clone(), run: service.run });
                    let message =
                        format!("did not stop within {}", crate::duration::show(service.policy.stop_timeout));
                    out.push(Action::Failure { id: id.clone(), message: message.clone(), retry: None });
                    service.details = Some(message);
                    change(&id, service, State::Failed, now, out);
                }
                Some((_, Due::Retry)) => service.state = State::Unknown,
                None => {}
            }
        }
        self.settle(now, out);
    }

    /// Whether nothing is up any more.
    pub fn is_down(&self) -> bool {
        self.services.values().all(|service| !service.state.up())
    }

    /// Whether no service is wanted.
    pub fn is_idle(&self) -> bool {
        self.services.values().all(|service| !service.wanted)
    }

    /// A service, as programs may see it.
    pub fn report(&self, id: &Id) -> Option<Report> {
        self.services.get(id).map(|service| report(id, service))
    }

    /// All services.
    pub fn reports(&self) -> Vec<Report> {
        self.services.iter().map(|(id, service)| report(id, service)).collect()
    }

    /// Starts and stops whatever may be started and stopped now, until nothing more can be.
    fn settle(&mut self, now: Duration, out: &mut Vec<Action>) {
        loop {
            let stops = self.stops();
            let starts = if self.stopping { Vec::new() } else { self.starts(out) };
            if stops.is_empty() && starts.is_empty() {
                break;
            }
            for id in stops {
                let Some(service) = self.services.get_mut(&id) else { continue };
                if service.state == State::Failed || service.state == State::Unknown {
                    // A pending retry, or never started.
                    service.due = None;
                    change(&id, service, State::Stopped, now, out);
                } else {
                    service.due = Some((now + service.policy.stop_timeout, Due::Stop));
                    change(&id, service, State::Stopping, now, out);
                    out.push(Action::Stop { id, run: service.run, within: service.policy.stop_timeout });
                }
            }
            for id in starts {
                self.runs += 1;
                let run = self.runs;
                let Some(service) = self.services.get_mut(&id) else { continue };
                service.run = run;
                service.due = Some((now + service.policy.start_timeout, Due::Start));
                change(&id, service, State::Starting, now, out);
                out.push(Action::Start { id, run });
            }
        }
        self.services.retain(|_, service| !service.removed || service.state.up());
        for service in self.services.values_mut().filter(|service| !service.state.up()) {
            if let Some((policy, needs, missing)) = service.renewed.take() {
                (service.policy, service.needs, service.missing) = (policy, needs, missing);
                (service.state, service.due, service.failures, service.told_blocked) =
                    (State::Unknown, None, 0, false);
                service.wanted = true;
            }
        }
        if !self.stopping
            && self.services.values().any(|service| service.wanted && service.state == State::Unknown)
        {
            let more = self.starts(&mut Vec::new());
            if !more.is_empty() {
                self.settle(now, out);
            }
        }
    }

    fn stops(&self) -> Vec<Id> {
        let candidates = self.services.iter().filter(|(_, service)| match service.state {
            State::Running | State::Starting => !service.wanted || service.renewed.is_some(),
            State::Failed => !service.wanted && service.due.is_some(),
            _ => false,
        });
        let free = |id: &Id| {
            // A service that is replaced does not wait for those that need it.
            !self.services.iter().any(|(user, service)| {
                user != id && service.state.up() && service.needs.contains(id) && !service.wanted
            }) || self.services[id].renewed.is_some()
        };
        candidates.map(|(id, _)| id.clone()).filter(|id| free(id)).collect()
    }

    fn starts(&mut self, out: &mut Vec<Action>) -> Vec<Id> {
        let mut found = Vec::new();
        let mut blocked = Vec::new();
        for (id, service) in &self.services {
            if !service.wanted || service.state != State::Unknown {
                continue;
            }
            if !service.missing.is_empty() {
                if !service.told_blocked {
                    blocked.push(id.clone());
                }
                continue;
            }
            let running =
                |need: &Id| self.services.get(need).is_some_and(|service| service.state == State::Running);
            if service.needs.iter().all(running) {
                found.push(id.clone());
            }
        }
        for id in blocked {
            if let Some(service) = self.services.get_mut(&id) {
                service.told_blocked = true;
                out.push(Action::Blocked {
                    id,
                    missing: service.missing.clone(),
                    optional: service.policy.optional,
                });
            }
        }
        found
    }
}

fn change(id: &Id, service: &mut Service, state: State, now: Duration, out: &mut Vec<Action>) {
    service.state = state;
    service.since = now;
    if !state.up() {
        service.started_at = None;
    }
    out.push(Action::Changed { id: id.clone(), state });
}

fn fail(id: &Id, service: &mut Service, message: String, chance: f64, now: Duration, out: &mut Vec<Action>) {
    let stable =
        service.started_at.is_some_and(|at| now.saturating_sub(at) >= service.policy.stable_threshold);
    service.failures = if stable { 1 } else { service.failures.saturating_add(1) };
    let most = service.policy.restart.max_attempts;
    let retry = (service.wanted && (most == 0 || service.failures < most))
        .then(|| backoff::delay(&service.policy.restart, service.failures, chance));
    service.due = retry.map(|delay| (now + delay, Due::Retry));
    if retry.is_none() {
        service.wanted = false;
    }
    service.details = Some(message.clone());
    out.push(Action::Failure { id: id.clone(), message, retry });
    change(id, service, State::Failed, now, out);
}

fn report(id: &Id, service: &Service) -> Report {
    Report {
        id: id.clone(),
        state: service.state,
        wanted: service.wanted,
        failures: service.failures,
        since: service.since,
        started_at: service.started_at,
        details: service.details.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A world in which starts succeed at once and stops do what `stubborn` says.
    struct World {
        supervisor: Supervisor,
        now: Duration,
        log: Vec<String>,
        runs: BTreeMap<Id, u64>,
        stubborn: BTreeSet<Id>,
        starts: Vec<(Id, Duration)>,
    }

    fn id(name: &str) -> Id {
        Id::new("a", name)
    }

    fn policy(edit: impl Fn(&mut Policy)) -> Policy {
        let mut policy = Policy { auto_start: true, ..Policy::default() };
        policy.restart.jitter = 0.0;
        edit(&mut policy);
        policy
    }

    impl World {
        fn new() -> World {
            World {
                supervisor: Supervisor::new(7),
                now: Duration::ZERO,
                log: Vec::new(),
                runs: BTreeMap::new(),
                stubborn: BTreeSet::new(),
                starts: Vec::new(),
            }
        }

        fn add(&mut self, name: &str, needs: &[&str], policy: Policy) {
            self.supervisor.add(id(name), policy, needs.iter().map(|need| id(need)).collect(), Vec::new());
        }

        fn boot(&mut self) {
            self.supervisor.boot().unwrap();
            self.run_until(self.now);
        }

        fn run_until(&mut self, end: Duration) {
            loop {
                let mut out = Vec::new();
                self.supervisor.tick(self.now, &mut out);
                self.carry_out(out);
                match self.supervisor.next().filter(|next| *next <= end) {
                    Some(next) => self.now = next.max(self.now),
                    None => break,
                }
            }
            self.now = end;
        }

        fn carry_out(&mut self, actions: Vec<Action>) {
            for action in actions {
                let mut more = Vec::new();
                match action {
                    Action::Start { id, run } => {
                        self.runs.insert(id.clone(), run);
                        self.starts.push((id.clone(), self.now));
                        self.supervisor.started(&id, run, self.now, &mut more);
                    }
                    Action::Stop { id, run, .. } if !self.stubborn.contains(&id) => {
                        self.supervisor.ended(&id, run, Ending::Normal, self.now, &mut more);
                    }
                    Action::Stop { .. } => {}
                    Action::Kill { id, .. } => self.log.push(format!("kill {}", id.name())),
                    Action::Changed { id, state } => self.log.push(format!("{} {}", id.name(), state.name())),
                    Action::Failure { id, retry, .. } => {
                        self.log.push(format!("{} failed, {:?}", id.name(), retry))
                    }
                    Action::Blocked { id, missing, .. } => {
                        self.log.push(format!("{} blocked by {}", id.name(), missing[0]))
                    }
                }
                self.carry_out(more);
            }
        }

        fn end(&mut self, name: &str, ending: Ending) {
            let mut out = Vec::new();
            let run = self.runs[&id(name)];
            self.supervisor.ended(&id(name), run, ending, self.now, &mut out);
            self.carry_out(out);
        }

        fn state(&self, name: &str) -> State {
            self.supervisor.report(&id(name)).unwrap().state
        }

        fn finals(&self) -> Vec<&str> {
            self.log
                .iter()
                .map(String::as_str)
                .filter(|line| line.ends_with("Running") || line.ends_with("Stopped"))
                .collect()
        }
    }

    #[test]
    fn needs_start_first_and_stop_last() {
        let mut world = World::new();
        world.add("a", &["b"], policy(|_| {}));
        world.add("b", &["c"], policy(|p| p.auto_start = false));
        world.add("c", &[], policy(|p| p.auto_start = false));
        world.add("other", &[], policy(|p| p.auto_start = false));
        world.boot();
        assert_eq!(world.finals(), ["c Running", "b Running", "a Running"]);
        assert_eq!(world.state("other"), State::Unknown);
        world.log.clear();
        world.supervisor.shut_down();
        world.run_until(world.now + MS);
        assert_eq!(world.finals(), ["a Stopped", "b Stopped", "c Stopped"]);
        assert!(world.supervisor.is_down());
    }

    #[test]
    fn a_failing_service_is_tried_a_number_of_times() {
        let mut world = World::new();
        world.add(
            "a",
            &[],
            policy(|p| {
                p.restart.initial_delay = 100 * MS;
                p.restart.max_attempts = 3;
            }),
        );
        world.boot();
        for _ in 0..3 {
            world.end("a", Ending::Failed("boom".into()));
            world.run_until(world.now + 1000 * MS);
        }
        let at: Vec<Duration> = world.starts.iter().map(|(_, at)| *at).collect();
        assert_eq!(at, [Duration::ZERO, 100 * MS, 1200 * MS]);
        assert_eq!(world.state("a"), State::Failed);
        assert_eq!(world.supervisor.next(), None);
    }

    #[test]
    fn a_normal_end_is_not_restarted() {
        let mut world = World::new();
        world.add("a", &[], policy(|_| {}));
        world.boot();
        world.end("a", Ending::Normal);
        world.run_until(1000 * 1000 * MS);
        assert_eq!((world.state("a"), world.starts.len()), (State::Exited, 1));
        let mut world = World::new();
        world.add("a", &[], policy(|_| {}));
        world.boot();
        world.end("a", Ending::Hopeless("no such host".into()));
        world.run_until(1000 * 1000 * MS);
        assert_eq!((world.state("a"), world.starts.len()), (State::Exited, 1));
    }

    #[test]
    fn a_stable_run_forgets_failures() {
        let mut world = World::new();
        world.add("a", &[], policy(|p| p.restart.max_attempts = 2));
        world.boot();
        for _ in 0..5 {
            world.end("a", Ending::Failed("x".into()));
            world.run_until(world.now + Duration::from_secs(10));
            assert_eq!(world.state("a"), State::Running);
        }
        world.end("a", Ending::Failed("x".into()));
        world.run_until(world.now + Duration::from_secs(2));
        world.end("a", Ending::Failed("x".into()));
        world.run_until(world.now + Duration::from_secs(60));
        assert_eq!(world.state("a"), State::Failed);
    }

    #[test]
    fn who_does_not_stop_is_killed() {
        let mut world = World::new();
        world.add("a", &[], policy(|p| p.stop_timeout = Duration::from_secs(1)));
        world.add("b", &["a"], policy(|_| {}));
        world.stubborn.insert(id("b"));
        world.boot();
        world.supervisor.shut_down();
        world.run_until(world.now + Duration::from_secs(9));
        assert_eq!((world.state("b"), world.state("a")), (State::Stopping, State::Running));
        world.run_until(world.now + Duration::from_secs(2));
        assert_eq!((world.state("b"), world.state("a")), (State::Failed, State::Stopped));
        assert!(world.log.contains(&"kill b".to_owned()));
    }

    #[test]
    fn a_start_that_takes_too_long_is_a_failure() {
        let mut supervisor = Supervisor::new(1);
        supervisor.add(id("a"), policy(|_| {}), BTreeSet::new(), Vec::new());
        supervisor.boot().unwrap();
        let mut out = Vec::new();
        supervisor.tick(Duration::ZERO, &mut out);
        assert!(matches!(out.last(), Some(Action::Start { .. })));
        out.clear();
        supervisor.tick(Duration::from_secs(10), &mut out);
        assert!(matches!(out.first(), Some(Action::Kill { .. })), "{out:?}");
        assert_eq!(supervisor.report(&id("a")).unwrap().state, State::Failed);
        out.clear();
        // A late report of the first run changes nothing.
        supervisor.started(&id("a"), 1, Duration::from_secs(10), &mut out);
        assert_eq!(supervisor.report(&id("a")).unwrap().state, State::Failed);
    }

    #[test]
    fn circles_and_missing_entries() {
        let mut supervisor = Supervisor::new(1);
        supervisor.add(id("a"), policy(|_| {}), [id("b")].into(), Vec::new());
        supervisor.add(id("b"), policy(|p| p.auto_start = false), [id("a")].into(), Vec::new());
        assert_eq!(supervisor.boot(), Err(vec![id("a"), id("b")]));
        let mut world = World::new();
        world.supervisor.add(id("a"), policy(|_| {}), BTreeSet::new(), vec![id("nope")]);
        world.add("b", &[], policy(|_| {}));
        world.boot();
        world.run_until(100 * MS);
        assert_eq!(world.log.iter().filter(|line| line.contains("blocked")).count(), 1);
        assert_eq!(world.state("b"), State::Running);
    }

    #[test]
    fn an_explicit_stop_cancels_a_retry_and_takes_dependants_along() {
        let mut world = World::new();
        world.add("a", &[], policy(|_| {}));
        world.add("b", &["a"], policy(|_| {}));
        world.boot();
        world.end("b", Ending::Failed("x".into()));
        world.supervisor.unwant(&id("a"));
        world.run_until(world.now + Duration::from_secs(100));
        assert_eq!(
            (world.state("a"), world.state("b"), world.starts.len()),
            (State::Stopped, State::Stopped, 2)
        );
    }

    #[test]
    fn changed_services_are_started_anew_and_removed_ones_are_gone() {
        let mut world = World::new();
        world.add("a", &[], policy(|_| {}));
        world.boot();
        world.add("a", &[], policy(|p| p.stop_timeout = MS));
        world.run_until(world.now + MS);
        assert_eq!((world.state("a"), world.starts.len()), (State::Running, 2));
        world.supervisor.remove(&id("a"));
        world.run_until(world.now + MS);
        assert!(world.supervisor.report(&id("a")).is_none());
        assert!(world.supervisor.is_down());
    }
}
