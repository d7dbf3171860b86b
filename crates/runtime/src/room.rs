//! The mail room of one process: which channel gets which message, and what has to wait.
//!
//! Decided when a message can be delivered, not when it arrives: a subscription for its topic, else the inbox, else it
//! waits for one of them. A full channel holds up nobody but itself. Invariant: every queue is in order of arrival.

use std::collections::VecDeque;

use hashbrown::HashMap;
use wippy_scheduler::{HostId, Pid};
use wippy_vm::{Channel, Context, Kept, Result};

use crate::mail::{Event, Mail};
use crate::message;

/// A message that has arrived.
pub(crate) struct Letter {
    pub(crate) number: u64,
    pub(crate) from: Pid,
    pub(crate) mail: Mail,
}

/// A topic that somebody listens to.
struct Subscription {
    topic: Box<[u8]>,
    channel: Kept,
    /// Messages instead of bare payloads.
    whole: bool,
    waiting: VecDeque<Letter>,
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

/// See the module.
#[derive(Default)]
pub(crate) struct Room {
    inbox: Option<Kept>,
    events: Option<Kept>,
    topics: Vec<Subscription>,
    /// For the inbox, or for a subscription still to come.
    unclaimed: VecDeque<Letter>,
    happened: VecDeque<Event>,
    /// Most processes watch nobody.
    watched: Option<Box<HashMap<Pid, Watched>>>,
    arrived: u64,
}

impl Room {
    /// Whether anybody listens to anything.
    pub(crate) fn is_open(&self) -> bool {
        self.inbox.is_some() || self.events.is_some() || !self.topics.is_empty()
    }

    /// Whether events are listened to.
    pub(crate) fn hears_events(&self) -> bool {
        self.events.is_some()
    }

    /// Messages and events that wait.
    pub(crate) fn len(&self) -> usize {
        let waiting: usize = self.topics.iter().map(|topic| topic.waiting.len()).sum();
        self.unclaimed.len() + self.happened.len() + waiting
    }

    pub(crate) fn arrive(&mut self, from: Pid, mail: Mail) {
        self.arrived += 1;
        let letter = Letter { number: self.arrived, from, mail };
        match self.topics.iter_mut().find(|topic| *topic.topic == *letter.mail.topic()) {
            Some(topic) => topic.waiting.push_back(letter),
            None => self.unclaimed.push_back(letter),
        }
    }

    /// Remembers the host of a process that is watched.
    pub(crate) fn watch(&mut self, pid: Pid, host: HostId, tie: Tie) {
        let watched = self.watched.get_or_insert_default();
        let entry = watched.entry(pid).or_insert(Watched { host, monitored: false, linked: false });
        *entry.tie(tie) = true;
    }

    /// The host of a process that was watched: this tie to it is no more.
    pub(crate) fn unwatch(&mut self, pid: Pid, tie: Tie) -> Option<HostId> {
        let watched = self.watched.as_mut()?;
        let entry = watched.get_mut(&pid)?;
        let host = entry.host;
        *entry.tie(tie) = false;
        if !entry.monitored && !entry.linked {
            watched.remove(&pid);
            if watched.is_empty() {
                self.watched = None;
            }
        }
        Some(host)
    }

    pub(crate) fn happen(&mut self, event: Event) {
        self.happened.push_back(event);
    }

    /// There is newer code. One event tells of all changes that have not been heard of.
    pub(crate) fn outdate(&mut self, fresh: impl Iterator<Item = Vec<u8>>) {
        let known = self.happened.iter_mut().find_map(|event| match event {
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
            None => self.happened.push_back(Event::Outdated { sources: fresh.collect() }),
        }
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
        let subscription = self.topics.iter_mut().find(|subscription| *subscription.topic == *topic)?;
        subscription.whole |= whole;
        Some(subscription.channel)
    }

    /// Listens to a topic; takes over what has waited for it.
    pub(crate) fn open_topic(&mut self, topic: &[u8], channel: Kept, whole: bool) {
        let (waiting, rest) =
            std::mem::take(&mut self.unclaimed).into_iter().partition(|letter| letter.mail.topic() == topic);
        self.unclaimed = rest;
        self.topics.push(Subscription { topic: topic.into(), channel, whole, waiting });
    }

    /// The channels of all subscriptions.
    pub(crate) fn channels(&self) -> Vec<Kept> {
        self.topics.iter().map(|topic| topic.channel).chain(self.inbox).chain(self.events).collect()
    }

    /// Ends the subscription whose channel `is_it` knows; answers its channel. What waited for it is free again.
    pub(crate) fn close(&mut self, is_it: impl Fn(Kept) -> bool) -> Option<Kept> {
        if let Some(at) = self.topics.iter().position(|topic| is_it(topic.channel)) {
            let topic = self.topics.remove(at);
            self.unclaimed.extend(topic.waiting);
            self.unclaimed.make_contiguous().sort_by_key(|letter| letter.number);
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
        for topic in std::mem::take(&mut self.topics) {
            self.unclaimed.extend(topic.waiting);
        }
        self.unclaimed.make_contiguous().sort_by_key(|letter| letter.number);
        self.inbox = None;
        self.events = None;
    }

    /// Whether [`Room::deliver`] may have something to do.
    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        (!self.unclaimed.is_empty() && self.inbox.is_some())
            || (!self.happened.is_empty() && self.events.is_some())
            || self.topics.iter().any(|topic| !topic.waiting.is_empty())
    }

    /// Hands over what the channels take now.
    ///
    /// # Errors
    /// When the memory limit would be passed; what could not be built is lost then, and the process with it.
    pub(crate) fn deliver(&mut self, cx: &mut Context<'_>, classes: &mut message::Classes) -> Result<()> {
        if let Some(kept) = self.events {
            while let Some(channel) = accepts(cx, kept).filter(|_| !self.happened.is_empty()) {
                let Some(event) = self.happened.pop_front() else { break };
                let table = message::event(cx, event)?;
                cx.push_to(channel, table)?;
            }
        }
        for topic in &mut self.topics {
            while let Some(channel) = accepts(cx, topic.channel).filter(|_| !topic.waiting.is_empty()) {
                let Some(letter) = topic.waiting.pop_front() else { break };
                let value = if topic.whole {
                    classes.message(cx, letter)?.into()
                } else {
                    message::bare(cx, &letter.mail)?
                };
                cx.push_to(channel, value)?;
            }
        }
        if let Some(kept) = self.inbox {
            while let Some(channel) = accepts(cx, kept).filter(|_| !self.unclaimed.is_empty()) {
                let Some(letter) = self.unclaimed.pop_front() else { break };
                let message = classes.message(cx, letter)?;
                cx.push_to(channel, message)?;
            }
        }
        Ok(())
    }
}

/// The channel kept under a number, if it takes a value now.
fn accepts<'gc>(cx: &Context<'gc>, kept: Kept) -> Option<Channel<'gc>> {
    cx.kept(kept).as_channel().filter(|channel| channel.accepts())
}
