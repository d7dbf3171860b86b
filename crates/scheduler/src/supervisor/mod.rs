//! Supervision as a pure state machine: events in, actions out, with the semantics of Erlang/OTP's `supervisor`.
//!
//! It starts no process, sends nothing and reads no clock; whoever drives it carries out each [`Action`] and reports what
//! came of it as an [`Event`]. So it serves any kind of process, and its tests need neither threads nor time.
//!
//! Children are started in order and stopped in reverse order, one at a time: each has been reported as started or
//! ended before the next is touched. What happens meanwhile waits and is handled in order, as a process that is busy
//! stopping a child would leave it in its mailbox.
//!
//! Invariant: at most one start and at most one stop are under way, never both.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::time::Duration;

use hashbrown::{HashMap, HashSet};

use crate::pid::Pid;

/// Who else is restarted when a child has to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Strategy {
    /// Nobody.
    #[default]
    OneForOne,
    /// All of them.
    OneForAll,
    /// Those started after it.
    RestForOne,
}

/// When a child that has ended is started again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Restart {
    /// Always.
    #[default]
    Permanent,
    /// If it failed. One that has ended well stays known and is started again together with others.
    Transient,
    /// Never; it is forgotten when it ends.
    Temporary,
}

/// How a child is stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grace {
    /// Killed at once.
    Brutal,
    /// Asked to end, and killed if it has not after this long.
    For(Duration),
    /// Asked to end, and waited for. For children that are supervisors themselves.
    Unlimited,
}

impl Default for Grace {
    /// Five seconds, as OTP has it for workers.
    fn default() -> Grace {
        Grace::For(Duration::from_secs(5))
    }
}

/// How many restarts are too many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Intensity {
    /// More restarts than this...
    pub restarts: u32,
    /// ...within this time end the supervisor.
    pub period: Duration,
}

impl Default for Intensity {
    /// One restart in five seconds, as OTP has it.
    fn default() -> Intensity {
        Intensity { restarts: 1, period: Duration::from_secs(5) }
    }
}

/// A child to be supervised.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChildSpec {
    /// Its name among its siblings.
    pub id: String,
    /// When it is started again.
    pub restart: Restart,
    /// How it is stopped.
    pub grace: Grace,
}

/// Names a child for as long as its supervisor lives. Greater ones were added later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ChildKey(u32);

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// An [`Action::Start`] succeeded.
    Started {
        /// The child.
        child: ChildKey,
        /// Its process.
        pid: Pid,
    },
    /// An [`Action::Start`] failed; there is no process.
    NotStarted {
        /// The child.
        child: ChildKey,
    },
    /// A process has ended, for whatever reason, asked or not.
    Ended {
        /// The process.
        pid: Pid,
        /// Whether it failed.
        failed: bool,
    },
    /// The grace of an [`Action::Cancel`] is over.
    Deadline {
        /// The process that was asked to end.
        pid: Pid,
    },
    /// The supervisor itself is asked to end.
    Stop,
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Start this child and report [`Event::Started`] or [`Event::NotStarted`].
    Start(ChildKey),
    /// Ask the process to end. With a grace, report [`Event::Deadline`] when it is over.
    Cancel {
        /// The process.
        pid: Pid,
        /// How long it may take.
        grace: Option<Duration>,
    },
    /// Kill the process.
    Kill(Pid),
    /// The supervisor ends now; no child runs any more.
    End(Outcome),
}

/// Why a supervisor ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It was asked to.
    Stopped,
    /// A child could not be started in the first place.
    NotStarted {
        /// The id of that child.
        id: String,
    },
    /// Too many restarts. To its own supervisor this is a failure, which is how trouble climbs a tree.
    TooManyRestarts {
        /// The id of the child that was to be started once more.
        id: String,
    },
}

/// Why a request about a child was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// There is a child of that id already.
    Present,
    /// There is no child of that id.
    Absent,
    /// That child runs, or is about to.
    Running,
    /// That child does not run.
    NotRunning,
    /// The supervisor is starting, restarting or ending; ask again later.
    Busy,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Refusal::Present => "child already present",
            Refusal::Absent => "no such child",
            Refusal::Running => "child is running",
            Refusal::NotRunning => "child is not running",
            Refusal::Busy => "supervisor is busy",
        })
    }
}

impl std::error::Error for Refusal {}

/// A child as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Child {
    /// What it was added as.
    pub spec: ChildSpec,
    /// Its process, if it runs.
    pub pid: Option<Pid>,
    /// Times it was started again.
    pub restarts: u64,
    key: ChildKey,
}

impl Child {
    /// Its key.
    pub fn key(&self) -> ChildKey {
        self.key
    }
}

/// What the work under way is for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Aim {
    /// The first start of all children.
    Begin,
    /// A restart, of one child or several.
    Restart,
    /// One child more.
    Add,
    /// One child less for now.
    Remove,
    /// The end.
    End(Outcome),
}

/// Children to stop, then children to start, one at a time.
#[derive(Debug)]
struct Work {
    aim: Aim,
    stop: VecDeque<ChildKey>,
    start: VecDeque<ChildKey>,
    waits_for: Option<Wait>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wait {
    Start(ChildKey),
    Stop(Pid),
}

/// See the module documentation.
#[derive(Debug)]
pub struct Supervisor {
    strategy: Strategy,
    intensity: Intensity,
    /// In the order of starting, which is the order of keys.
    children: BTreeMap<ChildKey, Child>,
    by_id: HashMap<String, ChildKey>,
    by_pid: HashMap<Pid, ChildKey>,
    next_key: u32,
    /// When children were restarted lately.
    restarts: VecDeque<Duration>,
    work: Option<Work>,
    /// Ends that nobody asked for while work was under way.
    later: VecDeque<(Pid, bool)>,
    ended: bool,
}

impl Supervisor {
    /// A supervisor without children that does nothing yet.
    pub fn new(strategy: Strategy, intensity: Intensity) -> Supervisor {
        Supervisor {
            strategy,
            intensity,
            children: BTreeMap::new(),
            by_id: HashMap::new(),
            by_pid: HashMap::new(),
            next_key: 0,
            restarts: VecDeque::new(),
            work: None,
            later: VecDeque::new(),
            ended: false,
        }
    }

    /// Starts all these children, in order. If one cannot be started, the others are stopped and the supervisor ends.
    ///
    /// # Errors
    /// If two have the same id, or it was begun before; nothing is done then.
    pub fn begin(&mut self, specs: Vec<ChildSpec>, actions: &mut Vec<Action>) -> Result<(), Refusal> {
        if self.ended || self.work.is_some() || !self.children.is_empty() {
            return Err(Refusal::Busy);
        }
        let different = specs.iter().map(|spec| spec.id.as_str()).collect::<HashSet<_>>().len();
        if different < specs.len() {
            return Err(Refusal::Present);
        }
        let start = specs.into_iter().map(|spec| self.insert(spec)).collect();
        self.work = Some(Work { aim: Aim::Begin, stop: VecDeque::new(), start, waits_for: None });
        self.go_on(Duration::ZERO, actions);
        Ok(())
    }

    /// Adds a child behind the others and starts it. If it cannot be started it is forgotten again.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn add(
        &mut self,
        spec: ChildSpec,
        now: Duration,
        actions: &mut Vec<Action>,
    ) -> Result<ChildKey, Refusal> {
        self.must_be_idle()?;
        if self.find(&spec.id).is_some() {
            return Err(Refusal::Present);
        }
        let key = self.insert(spec);
        self.set_to_work(Aim::Add, VecDeque::new(), VecDeque::from([key]), now, actions);
        Ok(key)
    }

    /// Stops a child. It stays known, unless it is temporary.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn stop_child(&mut self, id: &str, now: Duration, actions: &mut Vec<Action>) -> Result<(), Refusal> {
        self.must_be_idle()?;
        let child = self.find(id).ok_or(Refusal::Absent)?;
        if child.pid.is_none() {
            return Err(Refusal::NotRunning);
        }
        let stop = VecDeque::from([child.key]);
        self.set_to_work(Aim::Remove, stop, VecDeque::new(), now, actions);
        Ok(())
    }

    /// Starts a known child that does not run. Not counted as a restart.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn start_child(&mut self, id: &str, now: Duration, actions: &mut Vec<Action>) -> Result<(), Refusal> {
        self.must_be_idle()?;
        let child = self.find(id).ok_or(Refusal::Absent)?;
        if child.pid.is_some() {
            return Err(Refusal::Running);
        }
        let start = VecDeque::from([child.key]);
        self.set_to_work(Aim::Remove, VecDeque::new(), start, now, actions);
        Ok(())
    }

    /// Forgets a child that does not run.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn forget_child(&mut self, id: &str) -> Result<(), Refusal> {
        self.must_be_idle()?;
        let child = self.find(id).ok_or(Refusal::Absent)?;
        if child.pid.is_some() {
            return Err(Refusal::Running);
        }
        let key = child.key;
        self.remove(key);
        Ok(())
    }

    /// The children, in the order of starting.
    pub fn children(&self) -> impl DoubleEndedIterator<Item = &Child> {
        self.children.values()
    }

    /// The child behind a key.
    pub fn child(&self, key: ChildKey) -> Option<&Child> {
        self.children.get(&key)
    }

    /// Whether children are being started or stopped at the moment.
    pub fn is_busy(&self) -> bool {
        self.work.is_some()
    }

    /// Whether it has ended; all events are ignored then.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Takes notice of an event. `now` is any clock that does not go back.
    pub fn handle(&mut self, event: Event, now: Duration, actions: &mut Vec<Action>) {
        if self.ended {
            return;
        }
        match event {
            Event::Started { child, pid } => self.started(child, pid, now, actions),
            Event::NotStarted { child } => self.not_started(child, now, actions),
            Event::Ended { pid, failed } => self.child_ended(pid, failed, now, actions),
            Event::Deadline { pid } => {
                if self.work.as_ref().is_some_and(|work| work.waits_for == Some(Wait::Stop(pid))) {
                    actions.push(Action::Kill(pid));
                }
            }
            Event::Stop => self.end(Outcome::Stopped, now, actions),
        }
    }

    fn must_be_idle(&self) -> Result<(), Refusal> {
        if self.ended || self.work.is_some() { Err(Refusal::Busy) } else { Ok(()) }
    }

    fn find(&self, id: &str) -> Option<&Child> {
        self.by_id.get(id).and_then(|key| self.children.get(key))
    }

    fn insert(&mut self, spec: ChildSpec) -> ChildKey {
        let key = ChildKey(self.next_key);
        self.next_key += 1;
        self.by_id.insert(spec.id.clone(), key);
        self.children.insert(key, Child { spec, pid: None, restarts: 0, key });
        key
    }

    fn remove(&mut self, key: ChildKey) {
        if let Some(child) = self.children.remove(&key) {
            self.by_id.remove(&child.spec.id);
        }
    }

    /// The process of a child is gone; temporary children go with it.
    fn note_end(&mut self, key: ChildKey) {
        let Some(child) = self.children.get_mut(&key) else { return };
        child.pid = None;
        if child.spec.restart == Restart::Temporary {
            self.remove(key);
        }
    }

    fn started(&mut self, key: ChildKey, pid: Pid, now: Duration, actions: &mut Vec<Action>) {
        let Some(work) = &mut self.work else { return };
        if work.waits_for != Some(Wait::Start(key)) {
            return;
        }
        work.waits_for = None;
        let ending = matches!(work.aim, Aim::End(_));
        if ending {
            // It was started too late: it is stopped before those that were started earlier.
            work.stop.push_front(key);
        }
        if let Some(child) = self.children.get_mut(&key) {
            child.pid = Some(pid);
            self.by_pid.insert(pid, key);
        }
        self.go_on(now, actions);
    }

    fn not_started(&mut self, key: ChildKey, now: Duration, actions: &mut Vec<Action>) {
        let Some(work) = &mut self.work else { return };
        if work.waits_for != Some(Wait::Start(key)) {
            return;
        }
        work.waits_for = None;
        match work.aim {
            Aim::Begin => {
                let id = self.child(key).map(|child| child.spec.id.clone()).unwrap_or_default();
                self.end(Outcome::NotStarted { id }, now, actions);
            }
            Aim::Restart => {
                // As OTP: the child is tried again, and each try counts.
                self.work = None;
                self.restart(key, now, actions);
            }
            Aim::Add => {
                self.remove(key);
                self.go_on(now, actions);
            }
            Aim::Remove | Aim::End(_) => self.go_on(now, actions),
        }
    }

    fn child_ended(&mut self, pid: Pid, failed: bool, now: Duration, actions: &mut Vec<Action>) {
        let Some(&key) = self.by_pid.get(&pid) else { return };
        let Some(work) = &mut self.work else {
            self.by_pid.remove(&pid);
            return self.react(key, failed, now, actions);
        };
        if work.waits_for == Some(Wait::Stop(pid)) {
            work.waits_for = None;
        } else if let Some(at) = work.stop.iter().position(|&other| other == key) {
            // It would have been stopped anyway, and did not wait to be asked.
            work.stop.remove(at);
        } else {
            self.later.push_back((pid, failed));
            return;
        }
        self.by_pid.remove(&pid);
        self.note_end(key);
        self.go_on(now, actions);
    }

    /// A child has ended that nobody wanted to end.
    fn react(&mut self, key: ChildKey, failed: bool, now: Duration, actions: &mut Vec<Action>) {
        let Some(child) = self.child(key) else { return };
        let again = match child.spec.restart {
            Restart::Permanent => true,
            Restart::Transient => failed,
            Restart::Temporary => false,
        };
        self.note_end(key);
        if again {
            self.restart(key, now, actions);
        }
    }

    /// Starts a child again, and whom the strategy says with it, unless that happens too often.
    fn restart(&mut self, key: ChildKey, now: Duration, actions: &mut Vec<Action>) {
        let Some(child) = self.children.get_mut(&key) else { return };
        child.restarts += 1;
        let id = child.spec.id.clone();
        self.restarts.push_back(now);
        while self.restarts.front().is_some_and(|&at| now.saturating_sub(at) > self.intensity.period) {
            self.restarts.pop_front();
        }
        if self.restarts.len() > self.intensity.restarts as usize {
            return self.end(Outcome::TooManyRestarts { id }, now, actions);
        }
        let affected = match self.strategy {
            Strategy::OneForOne => (Bound::Included(key), Bound::Included(key)),
            Strategy::OneForAll => (Bound::Unbounded, Bound::Unbounded),
            Strategy::RestForOne => (Bound::Included(key), Bound::Unbounded),
        };
        let affected = self.children.range(affected);
        let stop =
            affected.clone().rev().filter(|(_, child)| child.pid.is_some()).map(|(&key, _)| key).collect();
        // Temporary children that are stopped here are forgotten, so they are not started again.
        let start = affected.filter(|(_, child)| child.spec.restart != Restart::Temporary);
        let start = start.map(|(&key, _)| key).collect();
        self.set_to_work(Aim::Restart, stop, start, now, actions);
    }

    /// Stops all children, the last one first, and ends.
    fn end(&mut self, outcome: Outcome, now: Duration, actions: &mut Vec<Action>) {
        let waits_for = self.work.as_ref().and_then(|work| work.waits_for);
        if let Some(work) = &self.work
            && matches!(work.aim, Aim::End(_))
        {
            return;
        }
        let being_stopped = |child: &Child| waits_for == child.pid.map(Wait::Stop);
        let stop = self.children.values().rev().filter(|child| child.pid.is_some() && !being_stopped(child));
        let stop = stop.map(|child| child.key).collect();
        self.work = Some(Work { aim: Aim::End(outcome), stop, start: VecDeque::new(), waits_for });
        for (pid, _) in std::mem::take(&mut self.later) {
            self.forget_ended(pid);
        }
        self.go_on(now, actions);
    }

    /// One that ended while others were being stopped is not stopped once more.
    fn forget_ended(&mut self, pid: Pid) {
        let Some(key) = self.by_pid.remove(&pid) else { return };
        if let Some(work) = &mut self.work {
            work.stop.retain(|&other| other != key);
        }
        self.note_end(key);
    }

    fn set_to_work(
        &mut self,
        aim: Aim,
        stop: VecDeque<ChildKey>,
        start: VecDeque<ChildKey>,
        now: Duration,
        actions: &mut Vec<Action>,
    ) {
        self.work = Some(Work { aim, stop, start, waits_for: None });
        // Of those to be stopped some may have ended already.
        let ended: Vec<_> = self.later.iter().map(|ended| ended.0).collect();
        for pid in ended {
            let stopped = |work: &Work| self.by_pid.get(&pid).is_some_and(|key| work.stop.contains(key));
            if self.work.as_ref().is_some_and(stopped) {
                self.later.retain(|ended| ended.0 != pid);
                self.forget_ended(pid);
            }
        }
        self.go_on(now, actions);
    }

    /// The next piece of the work, or of what waited for its end.
    fn go_on(&mut self, now: Duration, actions: &mut Vec<Action>) {
        while !self.ended {
            let Some(work) = &mut self.work else {
                let Some((pid, failed)) = self.later.pop_front() else { return };
                self.child_ended(pid, failed, now, actions);
                continue;
            };
            if work.waits_for.is_some() {
                return;
            }
            if let Some(key) = work.stop.pop_front() {
                let Some((pid, grace)) =
                    self.child(key).and_then(|child| Some((child.pid?, child.spec.grace)))
                else {
                    continue;
                };
                actions.push(match grace {
                    Grace::Brutal => Action::Kill(pid),
                    Grace::For(grace) => Action::Cancel { pid, grace: Some(grace) },
                    Grace::Unlimited => Action::Cancel { pid, grace: None },
                });
                self.wait_for(Wait::Stop(pid));
            } else if let Some(key) = work.start.pop_front() {
                if self.child(key).is_some_and(|child| child.pid.is_none()) {
                    actions.push(Action::Start(key));
                    self.wait_for(Wait::Start(key));
                }
            } else {
                if let Aim::End(outcome) = &work.aim {
                    actions.push(Action::End(outcome.clone()));
                    self.ended = true;
                }
                self.work = None;
            }
        }
    }

    fn wait_for(&mut self, wait: Wait) {
        if let Some(work) = &mut self.work {
            work.waits_for = Some(wait);
        }
    }
}
