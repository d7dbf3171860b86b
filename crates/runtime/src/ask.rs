//! What natives ask of the process that they run in, and who answers.
//!
//! A native knows its interpreter only; the scheduler's turn and the mail room are with the process. Questions are
//! answered at once ([`wippy_vm::Outside`]); what takes time is an operation, see [`Demand`].

use std::any::Any;
use std::sync::Arc;

use wippy_scheduler::{HostId, MonitorError, NameError, Pid, Signal, Spawn, SpawnError, Turn};
use wippy_stdlib::system::Seek;
use wippy_vm::{Channel, Context, Kept, Outside, Parcel, Result, Value, Vm};

use crate::census::Watcher;
use crate::mail::Mail;
use crate::parting::Parting;
use crate::pid::PidText;
use crate::process::LuaProcess;
use crate::programs::Entry;
use crate::room::{Room, Taker, Tie};

/// A question; whoever asks reads the answer in it.
pub(crate) enum Ask {
    Text { pid: Pid, host: Option<HostId>, text: String },
    Lookup { name: Vec<u8>, pid: Option<Pid> },
    Register { name: Vec<u8>, pid: Option<Pid>, answer: Option<NameError> },
    Unregister { name: Vec<u8>, had: bool },
    KnowsHost { name: String, known: bool },
    Kill { pid: Pid, found: bool },
    Cancel { pid: Pid, reason: Arc<str>, found: bool },
    Monitor { pid: Pid, answer: Option<MonitorError> },
    Unmonitor { pid: Pid },
    Link { pid: Pid, found: bool },
    Unlink { pid: Pid },
    TrapLinks(bool),
    Spawn(Spawning),
    Inbox { channel: Option<Kept> },
    OpenInbox(Kept),
    Events { channel: Option<Kept> },
    OpenEvents(Kept),
    Topic { topic: Vec<u8>, whole: bool, channel: Option<Kept> },
    OpenTopic { topic: Vec<u8>, whole: bool, channel: Kept },
    Channels { all: Vec<Kept>, close: Option<Kept>, closed: bool },
}

/// A process that is ready to be started.
pub(crate) struct Spawning {
    pub(crate) process: Option<LuaProcess>,
    pub(crate) host: Arc<str>,
    /// The host's number, known when it was started.
    pub(crate) place: HostId,
    pub(crate) monitored: bool,
    pub(crate) linked: bool,
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) messages: Vec<Mail>,
    pub(crate) answer: Option<std::result::Result<Pid, SpawnError>>,
}

/// What natives leave for their process to do between two runs.
pub(crate) enum Demand {
    /// Wait for the end of this process instead of hearing of it as an event.
    Await(Pid),
    /// Run something else from now on.
    Upgrade(Arc<Entry>, Parcel),
}

/// Answers while a process runs.
pub(crate) struct Answers<'a, 'b> {
    pub(crate) turn: &'a mut Turn<'b, LuaProcess>,
    pub(crate) room: &'a mut Room,
}

impl Outside for Answers<'_, '_> {
    fn ask(&mut self, question: &mut dyn Any) {
        let turn = &mut *self.turn;
        let Some(question) = question.downcast_mut::<Ask>() else {
            if let Some(Seek(found)) = question.downcast_mut() {
                *found = Some(Arc::new(Watcher { handle: turn.handle() }));
            }
            return;
        };
        match question {
            Ask::Text { pid, host, text } => *text = pid_text(turn, *pid, *host).into(),
            Ask::Lookup { name, pid } => *pid = turn.lookup(name),
            Ask::Register { name, pid, answer } => {
                let pid = pid.unwrap_or(turn.pid());
                *answer = turn.register(name, pid).err();
            }
            Ask::Unregister { name, had } => *had = turn.unregister(name).is_some(),
            Ask::KnowsHost { name, known } => *known = turn.hosts().find(name).is_some(),
            Ask::Kill { pid, found } => *found = turn.kill(*pid).is_ok(),
            Ask::Cancel { pid, reason, found } => {
                *found = turn.cancel(*pid, Arc::clone(reason), None).is_ok()
            }
            Ask::Monitor { pid, answer } => {
                *answer = turn.monitor(*pid).err();
                if let (None, Some(host)) = (&answer, turn.host_of(*pid)) {
                    self.room.watch(*pid, host, Tie::Monitor);
                }
            }
            Ask::Unmonitor { pid } => {
                turn.unmonitor(*pid);
                self.room.unwatch(*pid, Tie::Monitor);
            }
            Ask::Link { pid, found } => {
                *found = turn.link(*pid).is_ok();
                if let Some(host) = turn.host_of(*pid) {
                    self.room.watch(*pid, host, Tie::Link);
                }
            }
            Ask::Unlink { pid } => {
                turn.unlink(*pid);
                self.room.unwatch(*pid, Tie::Link);
            }
            Ask::TrapLinks(trap) => turn.trap_links(*trap),
            Ask::Spawn(spawning) => {
                start(turn, spawning);
                let ties = [(spawning.monitored, Tie::Monitor), (spawning.linked, Tie::Link)];
                if let Some(Ok(pid)) = &spawning.answer {
                    for (_, tie) in ties.into_iter().filter(|(tied, _)| *tied) {
                        self.room.watch(*pid, spawning.place, tie);
                    }
                }
            }
            Ask::Inbox { channel } => *channel = self.room.inbox(),
            Ask::OpenInbox(channel) => self.room.open_inbox(*channel),
            Ask::Events { channel } => *channel = self.room.events(),
            Ask::OpenEvents(channel) => self.room.open_events(*channel),
            Ask::Topic { topic, whole, channel } => *channel = self.room.topic(topic, *whole),
            Ask::OpenTopic { topic, whole, channel } => self.room.open_topic(topic, *channel, *whole),
            Ask::Channels { all, close, closed } => {
                *all = self.room.channels();
                if let Some(close) = close {
                    *closed = self.room.close(|channel| channel == *close).is_some();
                }
            }
        }
    }

    /// The topic is the first value.
    fn send(&mut self, cx: &mut Context<'_>, to: u64, first: usize) -> Result<bool> {
        let turn = &mut *self.turn;
        let (target, from, host) = (Pid::from_raw(to), turn.pid(), turn.host());
        if let Some(met) =
            turn.visit(target, |process| process.meet(Parting { cx, topic: first, from, host }))
        {
            return met.map(|()| true);
        }
        let mail = Parting { cx, topic: first, from, host }.mail()?;
        Ok(turn.send(target, mail).is_ok())
    }

    fn feed<'gc>(
        &mut self,
        cx: &mut Context<'gc>,
        channel: Channel<'gc>,
        alone: bool,
    ) -> Result<Option<Value<'gc>>> {
        if self.room.is_bare() && !self.turn.has_signals() {
            return Ok(None);
        }
        self.look_for(cx, Taker { channel, alone })
    }
}

impl Answers<'_, '_> {
    /// What has arrived for somebody who is about to wait.
    #[inline(never)]
    fn look_for<'gc>(&mut self, cx: &mut Context<'gc>, taker: Taker<'gc>) -> Result<Option<Value<'gc>>> {
        let Answers { turn, room } = self;
        if let Some(value) = room.next_for(cx, taker, &|pid, host| pid_text(turn, pid, host))? {
            return Ok(Some(value));
        }
        loop {
            match turn.next_signal() {
                None => return Ok(None),
                Some(Signal::Message { from, message }) if from != Pid::SYSTEM => {
                    if let Some(value) = room.arrive(cx, Some(taker), from, message)? {
                        return Ok(Some(value));
                    }
                }
                Some(other) => room.put_aside(other),
            }
        }
    }
}

/// The text of a pid; its host is looked up unless it is known.
pub(crate) fn pid_text(turn: &Turn<'_, LuaProcess>, pid: Pid, host: Option<HostId>) -> PidText {
    let host = host.or_else(|| turn.host_of(pid)).unwrap_or(turn.host());
    PidText::new(&turn.hosts().name(host), pid)
}

fn start(turn: &mut Turn<'_, LuaProcess>, spawning: &mut Spawning) {
    let Some(process) = spawning.process.take() else { return };
    let me = turn.pid();
    spawning.place = turn.hosts().intern(&spawning.host).unwrap_or_default();
    let mut spawn = Spawn::new(process).host(spawning.place);
    if spawning.monitored {
        spawn = spawn.monitored_by(me);
    }
    if spawning.linked {
        spawn = spawn.linked_to(me);
    }
    if let Some(name) = &spawning.name {
        spawn = spawn.name(name);
    }
    for mail in spawning.messages.drain(..) {
        spawn = spawn.message(Pid::SYSTEM, mail);
    }
    spawning.answer = Some(match turn.spawn(spawn) {
        Ok(pid) => Ok(pid),
        Err(refused) => {
            if let SpawnError::NameTaken(owner) = refused.reason {
                for (_, mail) in refused.spawn.into_messages() {
                    // Whoever has just ended gets no messages any more.
                    let _ = turn.send_as(Pid::SYSTEM, owner, mail);
                }
            }
            Err(refused.reason)
        }
    });
}

/// Runs `f` in an interpreter while its process answers.
pub(crate) fn enter<R>(
    vm: &mut Vm,
    turn: &mut Turn<'_, LuaProcess>,
    room: &mut Room,
    f: impl for<'gc> FnOnce(&mut wippy_vm::Context<'gc>) -> R,
) -> R {
    vm.enter_with(&mut Answers { turn, room }, f)
}
