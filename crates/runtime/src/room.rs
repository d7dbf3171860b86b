//! The mail room of one process: which channel gets which message, and what has to wait.
//!
//! Decided when a message can be delivered, not when it arrives: a subscription for its topic, else the inbox, else it
//! waits for one of them. A full channel holds up nobody but itself. Who waits at a channel when a message arrives gets
//! it at once; who comes later takes it from here ([`Room::next_for`]). Invariant: every queue is in order of arrival.

use std::collections::VecDeque;

use wippy_scheduler::{HostId, Pid, Signal};
use wippy_vm::{Channel, Context, Fate, Kept, Result, Value};

use crate::few::Few;
use crate::mail::{Event, Mail};
use crate::message;
use crate::parting::Parting;
use crate::pid::PidText;
use crate::process::LuaProcess;

/// A topic that somebody listens to.
struct Subscription {
    topic: Box<[u8]>,
    channel: Kept,
    /// Messages instead of bare payloads.
    whole: bool,
    waiting: VecDeque<Mail>,
}

impl Subscription {
    fn value<'gc>(&self, cx: &mut Context<'gc>, mail: Mail) -> Result<Value<'gc>> {
        if self.whole { message::object(cx, mail) } else { message::bare(cx, &mail) }
    }
}

/// Why a process hears of the end of another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tie {
    Monitor,
    Link,
}

/// A process whose end is heard of: by which ties, and its host, which is part of its name also after its end.
#[derive(Clone, Copy)]
struct Watched {
    host: HostId,
    monitored: bool,
    linked: bool,
}

impl Watched {
    fn tie(&mut self, tie: Tie) -> &mut bool {
        match tie {
            Tie::Monitor => &mut self.monitored,
            Tie::Link => &mut self.linked,
        }
    }
}

/// A native that is about to wait at a channel unless there is something for it.
#[derive(Clone, Copy)]
pub(crate) struct Taker<'gc> {
    pub(crate) channel: Channel<'gc>,
    /// What it takes becomes its first result.
    pub(crate) alone: bool,
}

impl<'gc> Taker<'gc> {
    /// Whether its channel is the one kept under this number.
    fn has(&self, cx: &Context<'gc>, kept: Kept) -> bool {
        cx.kept(kept).as_channel().is_some_and(|channel| channel.is(self.channel))
    }

    /// What becomes of a message that it takes.
    fn fate(self, cx: &Context<'gc>) -> Fate<'gc> {
        if self.alone { cx.fate(&message::WAY) } else { Fate::Kept }
    }
}

/// Finds the text of a pid, whose host may be known.
pub(crate) type Names<'a> = &'a dyn Fn(Pid, Option<HostId>) -> PidText;

/// See the module.
#[derive(Default)]
pub(crate) struct Room {
    inbox: Option<Kept>,
    events: Option<Kept>,
    /// What most processes have none of while they wait.
    shelves: Option<Box<Shelves>>,
}

#[derive(Default)]
struct Shelves {
    topics: Vec<Subscription>,
    /// For the inbox, or for a subscription still to come.
    unclaimed: VecDeque<Mail>,
    happened: VecDeque<Event>,
    watched: Few<Pid, Watched>,
    /// What came between messages while a native looked for those; the process has still to hear of it.
    aside: VecDeque<Signal<LuaProcess>>,
    arrived: u64,
}

impl Room {
    fn shelves(&mut self) -> &mut Shelves {
        self.shelves.get_or_insert_default()
    }

    /// Whether nothing can wait here.
    #[inline]
    pub(crate) fn is_bare(&self) -> bool {
        self.shelves.is_none()
    }

    /// Everything waits: gives back what is not used.
    #[inline]
    pub(crate) fn rest(&mut self) {
        if self.shelves.as_deref().is_some_and(Shelves::is_empty) {
            self.shelves = None;
        }
    }

    /// Whether anybody listens to anything.
    pub(crate) fn is_open(&self) -> bool {
        let topics = self.shelves.as_ref().is_some_and(|shelves| !shelves.topics.is_empty());
        self.inbox.is_some() || self.events.is_some() || topics
    }

    /// Whether events are listened to.
    pub(crate) fn hears_events(&self) -> bool {
        self.events.is_some()
    }

    /// Messages and events that wait.
    pub(crate) fn len(&self) -> usize {
        self.shelves.as_ref().map_or(0, |shelves| {
            let waiting: usize = shelves.topics.iter().map(|topic| topic.waiting.len()).sum();
            shelves.unclaimed.len() + shelves.happened.len() + waiting
        })
    }

    /// A message has arrived: whoever waits for it gets it; the answer is what the taker gets, for whom nothing waited.
    ///
    /// # Errors
    /// As for [`Room::deliver`].
    #[inline]
    pub(crate) fn arrive<'gc>(
        &mut self,
        cx: &mut Context<'gc>,
        taker: Option<Taker<'gc>>,
        from: Pid,
        mut mail: Mail,
    ) -> Result<Option<Value<'gc>>> {
        mail.letter().from = from;
        if let Some(shelves) = &mut self.shelves {
            shelves.arrived += 1;
            mail.letter().number = shelves.arrived;
            if let Some(topic) = shelves.topics.iter_mut().find(|topic| *topic.topic == *mail.topic()) {
                if taker.is_some_and(|taker| taker.has(cx, topic.channel)) {
                    return topic.value(cx, mail).map(Some);
                }
                if topic.waiting.is_empty()
                    && let Some(channel) = accepts(cx, topic.channel)
                {
                    let value = topic.value(cx, mail)?;
                    cx.push_to(channel, value)?;
                } else {
                    topic.waiting.push_back(mail);
                }
                return Ok(None);
            }
        }
        if let Some(inbox) = self.inbox
            && self.shelves.as_ref().is_none_or(|shelves| shelves.unclaimed.is_empty())
            && let Some(channel) = cx.kept(inbox).as_channel()
        {
            if let Some(taker) = taker
                && taker.channel.is(channel)
            {
                return message::fresh(cx, mail, taker.fate(cx)).map(Some);
            }
            if let Some(fate) = cx.fate_at(channel, &message::WAY) {
                let value = message::fresh(cx, mail, fate)?;
                cx.push_to(channel, value)?;
                return Ok(None);
            }
        }
        self.shelves().unclaimed.push_back(mail);
        Ok(None)
    }

    /// A message comes right from its sender: whether one who waits for it has got what is wanted of it.
    #[inline(always)]
    pub(crate) fn greet(&self, cx: &mut Context<'_>, parting: &mut Parting<'_, '_>) -> bool {
        let is_simple = |shelves: &Shelves| shelves.topics.is_empty() && shelves.unclaimed.is_empty();
        let Some(channel) = self
            .inbox
            .filter(|_| self.shelves.as_deref().is_none_or(is_simple))
            .and_then(|inbox| cx.kept(inbox).as_channel())
        else {
            return false;
        };
        match cx.fate_at(channel, &message::WAY) {
            Some(Fate::Dropped) => cx.push_to(channel, Value::Nil).is_ok(),
            Some(Fate::Chained(chain)) => {
                parting.is_single() && cx.push_copied(channel, chain, parting.cx, parting.topic + 1)
            }
            Some(Fate::Kept) => match parting.message(cx) {
                Some(message) => cx.push_to(channel, message).is_ok(),
                None => false,
            },
            None => false,
        }
    }

    /// Remembers the host of a process that is watched.
    pub(crate) fn watch(&mut self, pid: Pid, host: HostId, tie: Tie) {
        let watched = &mut self.shelves().watched;
        if let Some(known) = watched.get_mut(&pid) {
            *known.tie(tie) = true;
            return;
        }
        let mut fresh = Watched { host, monitored: false, linked: false };
        *fresh.tie(tie) = true;
        watched.insert(pid, fresh);
    }

    /// The host of a process that was watched: this tie to it is no more.
    pub(crate) fn unwatch(&mut self, pid: Pid, tie: Tie) -> Option<HostId> {
        let watched = &mut self.shelves.as_mut()?.watched;
        let entry = watched.get_mut(&pid)?;
        let host = entry.host;
        *entry.tie(tie) = false;
        if !entry.monitored && !entry.linked {
            watched.remove(&pid);
        }
        Some(host)
    }

    pub(crate) fn happen(&mut self, event: Event) {
        self.shelves().happened.push_back(event);
    }

    /// There is newer code. One event tells of all changes that have not been heard of.
    pub(crate) fn outdate(&mut self, fresh: impl Iterator<Item = Vec<u8>>) {
        let happened = &mut self.shelves().happened;
        let known = happened.iter_mut().find_map(|event| match event {
            Event::Outdated { sources } => Some(sources),
            _ => None,
        });
        match known {
            Some(sources) => {
                for source in fresh {
                    if !sources.contains(&source) {
                        sources.push(source);
                    }
                }
            }
            None => happened.push_back(Event::Outdated { sources: fresh.collect() }),
        }
    }

    /// A signal that a native has come upon and that is not for it.
    pub(crate) fn put_aside(&mut self, signal: Signal<LuaProcess>) {
        self.shelves().aside.push_back(signal);
    }

    /// Whether a signal was put aside.
    #[inline]
    pub(crate) fn has_aside(&self) -> bool {
        self.shelves.as_ref().is_some_and(|shelves| !shelves.aside.is_empty())
    }

    /// The first signal that was put aside.
    pub(crate) fn take_aside(&mut self) -> Option<Signal<LuaProcess>> {
        self.shelves.as_mut()?.aside.pop_front()
    }

    pub(crate) fn inbox(&self) -> Option<Kept> {
        self.inbox
    }

    pub(crate) fn open_inbox(&mut self, channel: Kept) {
        self.inbox = Some(channel);
    }

    pub(crate) fn events(&self) -> Option<Kept> {
        self.events
    }

    pub(crate) fn open_events(&mut self, channel: Kept) {
        self.events = Some(channel);
    }

    /// The channel of a topic; asking for whole messages makes it deliver those from now on.
    pub(crate) fn topic(&mut self, topic: &[u8], whole: bool) -> Option<Kept> {
        let topics = &mut self.shelves.as_mut()?.topics;
        let subscription = topics.iter_mut().find(|subscription| *subscription.topic == *topic)?;
        subscription.whole |= whole;
        Some(subscription.channel)
    }

    /// Listens to a topic; takes over what has waited for it.
    pub(crate) fn open_topic(&mut self, topic: &[u8], channel: Kept, whole: bool) {
        let shelves = self.shelves();
        let (waiting, rest) =
            std::mem::take(&mut shelves.unclaimed).into_iter().partition(|mail| mail.topic() == topic);
        shelves.unclaimed = rest;
        shelves.topics.push(Subscription { topic: topic.into(), channel, whole, waiting });
    }

    /// The channels of all subscriptions.
    pub(crate) fn channels(&self) -> Vec<Kept> {
        let topics = self.shelves.iter().flat_map(|shelves| &shelves.topics);
        topics.map(|topic| topic.channel).chain(self.inbox).chain(self.events).collect()
    }

    /// Ends the subscription whose channel `is_it` knows; answers its channel. What waited for it is free again.
    pub(crate) fn close(&mut self, is_it: impl Fn(Kept) -> bool) -> Option<Kept> {
        if let Some(shelves) = &mut self.shelves
            && let Some(at) = shelves.topics.iter().position(|topic| is_it(topic.channel))
        {
            let topic = shelves.topics.remove(at);
            shelves.free(topic.waiting);
            return Some(topic.channel);
        }
        for one in [&mut self.inbox, &mut self.events] {
            if one.is_some_and(&is_it) {
                return one.take();
            }
        }
        None
    }

    /// Forgets all subscriptions; the messages stay.
    pub(crate) fn close_all(&mut self) {
        if let Some(shelves) = &mut self.shelves {
            for topic in std::mem::take(&mut shelves.topics) {
                shelves.free(topic.waiting);
            }
        }
        self.inbox = None;
        self.events = None;
    }

    /// Whether [`Room::deliver`] may have something to do.
    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        self.shelves.as_ref().is_some_and(|shelves| {
            (!shelves.unclaimed.is_empty() && self.inbox.is_some())
                || (!shelves.happened.is_empty() && self.events.is_some())
                || shelves.topics.iter().any(|topic| !topic.waiting.is_empty())
        })
    }

    /// Hands over what the channels take now.
    ///
    /// # Errors
    /// When the memory limit would be passed; what could not be built is lost then, and the process with it.
    pub(crate) fn deliver(&mut self, cx: &mut Context<'_>, names: Names<'_>) -> Result<()> {
        let Some(shelves) = &mut self.shelves else { return Ok(()) };
        if let Some(kept) = self.events {
            while let Some(channel) = accepts(cx, kept).filter(|_| !shelves.happened.is_empty()) {
                let Some(event) = shelves.happened.pop_front() else { break };
                let table = message::event(cx, event, names)?;
                cx.push_to(channel, table)?;
            }
        }
        for topic in &mut shelves.topics {
            while let Some(channel) = accepts(cx, topic.channel).filter(|_| !topic.waiting.is_empty()) {
                let Some(mail) = topic.waiting.pop_front() else { break };
                let value = topic.value(cx, mail)?;
                cx.push_to(channel, value)?;
            }
        }
        if let Some(kept) = self.inbox {
            while let Some(channel) = accepts(cx, kept).filter(|_| !shelves.unclaimed.is_empty()) {
                let Some(mail) = shelves.unclaimed.pop_front() else { break };
                let fate = cx.fate_at(channel, &message::WAY).unwrap_or(Fate::Kept);
                let value = message::fresh(cx, mail, fate)?;
                cx.push_to(channel, value)?;
            }
        }
        Ok(())
    }

    /// What has waited for somebody who is about to wait at a channel.
    ///
    /// # Errors
    /// As for [`Room::deliver`].
    pub(crate) fn next_for<'gc>(
        &mut self,
        cx: &mut Context<'gc>,
        taker: Taker<'gc>,
        names: Names<'_>,
    ) -> Result<Option<Value<'gc>>> {
        let Some(shelves) = &mut self.shelves else { return Ok(None) };
        let is_it = |kept: Kept| taker.has(cx, kept);
        if !shelves.unclaimed.is_empty() && self.inbox.is_some_and(is_it) {
            let Some(mail) = shelves.unclaimed.pop_front() else { return Ok(None) };
            return message::fresh(cx, mail, taker.fate(cx)).map(Some);
        }
        if !shelves.happened.is_empty() && self.events.is_some_and(is_it) {
            let Some(event) = shelves.happened.pop_front() else { return Ok(None) };
            return message::event(cx, event, names).map(|table| Some(table.into()));
        }
        let mut topics = shelves.topics.iter_mut();
        let Some(topic) = topics.find(|topic| !topic.waiting.is_empty() && is_it(topic.channel)) else {
            return Ok(None);
        };
        let Some(mail) = topic.waiting.pop_front() else { return Ok(None) };
        topic.value(cx, mail).map(Some)
    }
}

impl Shelves {
    fn is_empty(&self) -> bool {
        self.topics.is_empty()
            && self.unclaimed.is_empty()
            && self.happened.is_empty()
            && self.watched.is_empty()
            && self.aside.is_empty()
    }

    /// Messages that waited for a subscription wait for the inbox again.
    fn free(&mut self, waiting: VecDeque<Mail>) {
        self.unclaimed.extend(waiting);
        self.unclaimed.make_contiguous().sort_by_key(Mail::number);
    }
}

/// The channel kept under a number, if it takes a value now.
fn accepts<'gc>(cx: &Context<'gc>, kept: Kept) -> Option<Channel<'gc>> {
    cx.kept(kept).as_channel().filter(|channel| channel.accepts())
}
