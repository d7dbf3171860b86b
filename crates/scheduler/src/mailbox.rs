//! The mailbox: many senders, one receiver, and in the same word whether the receiver has to be woken.
//!
//! # Protocol
//!
//! One atomic pointer, the *head*, is the whole state:
//!
//! | head | meaning | who leaves it |
//! |---|---|---|
//! | null | closed: no process here; a push is refused | the next owner, by [`Mailbox::open`] |
//! | `PARKED` | nothing new, and the owner is not in any queue | the one push or visit that replaces it; whoever did that must enqueue the owner |
//! | `QUIET` | nothing new; the owner is queued or running | a push, or the owner by parking |
//! | a node | newest of the messages that the owner has not taken yet | the owner, by taking all |
//!
//! Exactly one thread can replace `PARKED`, so a process is in at most one queue, and no second word exists that
//! could disagree. Every access is to this one location, so coherence is enough: acquire and release on a
//! successful push, park, visit or close (the compare-and-swap chain is a release sequence), acquire on take; nothing
//! here needs sequential consistency. Nodes are freed by the receiver only, and a pusher never touches a node
//! after it is visible; a push compares the head but never follows it, so a recycled node does no harm.
//!
//! What it is not: it knows no slot, no queue and no signal; the content of a node is opaque.

#![expect(unsafe_code, reason = "an intrusive lock-free list: a mutex costs 14 to 16 ns more per message")]

use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::Mutex;

use crate::pid::Pid;
use crate::sync::{AtomicPtr, Ordering};

/// A message on its way. Owned by whoever holds the pointer: a [`Parcel`], a [`Chain`], a [`List`] or a mailbox.
struct Node<T> {
    next: *mut Node<T>,
    /// For whom it is meant: the receiver drops what was meant for an earlier owner of its slot.
    target: Pid,
    from: Pid,
    /// 1 if the sender counted it in the receiver's backlog.
    weight: u32,
    /// Initialised except while the node is in a [`Pool`].
    content: MaybeUninit<T>,
}

fn parked<T>() -> *mut Node<T> {
    ptr::without_provenance_mut(1)
}

fn quiet<T>() -> *mut Node<T> {
    ptr::without_provenance_mut(2)
}

/// Null, so that a mailbox in zeroed memory is closed.
fn closed<T>() -> *mut Node<T> {
    ptr::null_mut()
}

fn is_node<T>(head: *mut Node<T>) -> bool {
    head != closed() && head != parked() && head != quiet()
}

/// One message with its node, not yet (or no longer) in a mailbox.
pub(crate) struct Parcel<T>(NonNull<Node<T>>);

// SAFETY: a parcel owns its node alone; it is a box of a `T` and two pids.
unsafe impl<T: Send> Send for Parcel<T> {}

impl<T> Parcel<T> {
    pub(crate) fn new(target: Pid, from: Pid, content: T) -> Parcel<T> {
        let node =
            Node { next: ptr::null_mut(), target, from, weight: 0, content: MaybeUninit::new(content) };
        Parcel(NonNull::from(Box::leak(Box::new(node))))
    }

    pub(crate) fn target(&self) -> Pid {
        // SAFETY: the node is live and owned by this parcel.
        unsafe { self.0.as_ref().target }
    }

    /// 1 if this message was counted when it was sent.
    pub(crate) fn weight(&self) -> u32 {
        // SAFETY: as above.
        unsafe { self.0.as_ref().weight }
    }

    /// Takes the content out; the empty node goes to the pool.
    pub(crate) fn open(self, pool: &mut Pool<T>) -> (Pid, T) {
        let node = self.into_node();
        // SAFETY: the node is owned here; its content is initialised outside of pools and is not used again after
        // this read, because the pool regards it as empty.
        unsafe {
            let from = (*node).from;
            let content = (*node).content.assume_init_read();
            pool.put(node);
            (from, content)
        }
    }

    fn into_node(self) -> *mut Node<T> {
        let node = self.0.as_ptr();
        std::mem::forget(self);
        node
    }
}

impl<T> Drop for Parcel<T> {
    fn drop(&mut self) {
        // SAFETY: the parcel owns a node that came from a box and whose content is initialised.
        unsafe {
            let mut node = Box::from_raw(self.0.as_ptr());
            node.content.assume_init_drop();
        }
    }
}

/// Messages of one sender to one receiver, linked newest to oldest, to be pushed at once.
pub(crate) struct Chain<T> {
    newest: *mut Node<T>,
    oldest: *mut Node<T>,
    count: u32,
}

// SAFETY: a chain owns its nodes alone.
unsafe impl<T: Send> Send for Chain<T> {}

impl<T> Chain<T> {
    pub(crate) fn new(parcel: Parcel<T>) -> Chain<T> {
        let mut chain = Chain { newest: ptr::null_mut(), oldest: ptr::null_mut(), count: 0 };
        chain.append(parcel);
        chain
    }

    pub(crate) fn append(&mut self, parcel: Parcel<T>) {
        let node = parcel.into_node();
        // SAFETY: the node is owned by this chain from here on; nobody else sees it before the push.
        unsafe {
            (*node).next = self.newest;
            (*node).weight = 1;
        }
        if self.oldest.is_null() {
            self.oldest = node;
        }
        self.newest = node;
        self.count += 1;
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }
}

impl<T> Drop for Chain<T> {
    fn drop(&mut self) {
        // SAFETY: the chain owns the null-terminated list from its newest node on.
        unsafe { drop_nodes(self.newest) }
    }
}

/// Messages that their receiver has taken, oldest first.
pub(crate) struct List<T> {
    oldest: *mut Node<T>,
    newest: *mut Node<T>,
}

// SAFETY: a list owns its nodes alone.
unsafe impl<T: Send> Send for List<T> {}

impl<T> List<T> {
    pub(crate) const fn new() -> List<T> {
        List { oldest: ptr::null_mut(), newest: ptr::null_mut() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.oldest.is_null()
    }

    /// The first message: for whom it is meant, of whom, and what.
    #[inline]
    pub(crate) fn first(&self) -> Option<(Pid, Pid, &T)> {
        let node = NonNull::new(self.oldest)?;
        // SAFETY: the list owns its nodes, whose content is initialised.
        unsafe {
            let node = node.as_ref();
            Some((node.target, node.from, node.content.assume_init_ref()))
        }
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Parcel<T>> {
        let node = NonNull::new(self.oldest)?;
        // SAFETY: the list owns its nodes; this one leaves it.
        self.oldest = unsafe { node.as_ref().next };
        Some(Parcel(node))
    }

    /// Appends a taken stack, given by its newest node, after calling `look` with each of its messages, newest first.
    ///
    /// # Safety
    /// `newest` is null or begins a null-terminated list of nodes that the caller owns.
    #[inline]
    unsafe fn append_stack(&mut self, newest: *mut Node<T>, mut look: impl FnMut(Pid, Pid, &T)) {
        if self.oldest.is_null() && !newest.is_null() {
            // SAFETY: by contract the node is owned here, and its content initialised.
            let node = unsafe { &mut *newest };
            if node.next.is_null() {
                // The usual case: one message for somebody who has read all others.
                // SAFETY: as above.
                look(node.target, node.from, unsafe { node.content.assume_init_ref() });
                (self.oldest, self.newest) = (newest, newest);
                return;
            }
        }
        let (mut at, mut reversed) = (newest, ptr::null_mut::<Node<T>>());
        while !at.is_null() {
            // SAFETY: by contract the nodes are owned here, and their content is initialised.
            unsafe {
                look((*at).target, (*at).from, (*at).content.assume_init_ref());
                let next = (*at).next;
                (*at).next = reversed;
                reversed = at;
                at = next;
            }
        }
        if reversed.is_null() {
            return;
        }
        if self.oldest.is_null() {
            self.oldest = reversed;
        } else {
            // SAFETY: `newest` of a list that is not empty is its last node, owned here.
            unsafe { (*self.newest).next = reversed }
        }
        self.newest = newest;
    }
}

impl<T> Drop for List<T> {
    fn drop(&mut self) {
        // SAFETY: the list owns the null-terminated list from its oldest node on.
        unsafe { drop_nodes(self.oldest) }
    }
}

/// # Safety
/// `node` is null or begins a null-terminated list of initialised nodes that the caller owns.
unsafe fn drop_nodes<T>(mut node: *mut Node<T>) {
    while let Some(owned) = NonNull::new(node) {
        // SAFETY: by contract.
        node = unsafe { owned.as_ref().next };
        drop(Parcel(owned));
    }
}

/// What became of a push.
pub(crate) enum Pushed<L> {
    /// The receiver is queued or running and will see it.
    Queued,
    /// The receiver was parked: the caller, and only it, must enqueue it.
    Wake,
    /// Nobody is here any more; the messages are handed back.
    Closed(L),
}

/// See the protocol at the top of this file. A new one is closed.
pub(crate) struct Mailbox<T> {
    head: AtomicPtr<Node<T>>,
}

impl<T> Mailbox<T> {
    pub(crate) fn new() -> Mailbox<T> {
        Mailbox { head: AtomicPtr::new(closed()) }
    }

    /// Adds one message. Any thread; lock-free.
    pub(crate) fn push(&self, parcel: Parcel<T>) -> Pushed<Parcel<T>> {
        let node = parcel.into_node();
        // SAFETY: the node is owned here until the push succeeds.
        match unsafe { self.link(node, node) } {
            Some(true) => Pushed::Wake,
            Some(false) => Pushed::Queued,
            // SAFETY: a refused push leaves the node with the caller; it came from a parcel.
            None => Pushed::Closed(Parcel(unsafe { NonNull::new_unchecked(node) })),
        }
    }

    /// Adds all messages of a chain, in their order. Any thread; lock-free.
    pub(crate) fn push_chain(&self, chain: Chain<T>) -> Pushed<Chain<T>> {
        let (newest, oldest) = (chain.newest, chain.oldest);
        // SAFETY: the chain's nodes are owned here until the push succeeds.
        match unsafe { self.link(newest, oldest) } {
            None => {
                // SAFETY: the refused push may have written the link; the chain must stay null-terminated.
                unsafe { (*oldest).next = ptr::null_mut() }
                Pushed::Closed(chain)
            }
            Some(wake) => {
                std::mem::forget(chain);
                if wake { Pushed::Wake } else { Pushed::Queued }
            }
        }
    }

    /// `None` if closed, otherwise whether the owner was parked.
    ///
    /// # Safety
    /// The caller owns the nodes from `newest` to `oldest`, linked in this order.
    unsafe fn link(&self, newest: *mut Node<T>, oldest: *mut Node<T>) -> Option<bool> {
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            if head == closed() {
                return None;
            }
            let was_parked = head == parked();
            // SAFETY: not visible to anybody else before the exchange succeeds.
            unsafe { (*oldest).next = if is_node(head) { head } else { ptr::null_mut() } };
            match self.head.compare_exchange_weak(head, newest, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Some(was_parked),
                Err(found) => head = found,
            }
        }
    }

    /// Whether the owner waits. A hint: it may be woken at once.
    pub(crate) fn is_parked(&self) -> bool {
        self.head.load(Ordering::Relaxed) == parked()
    }

    /// Whether there is something to take. A hint for others, exact in the "no" for the owner.
    pub(crate) fn has_news(&self) -> bool {
        is_node(self.head.load(Ordering::Relaxed))
    }

    /// Owner only: goes to sleep unless something has arrived. After `true` the owner is whoever a push tells to wake it.
    pub(crate) fn park(&self) -> bool {
        self.head.compare_exchange(quiet(), parked(), Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Takes the right to run from an owner that sleeps, without a message. After `true` the caller is the owner.
    pub(crate) fn rouse(&self) -> bool {
        self.is_parked()
            && self.head.compare_exchange(parked(), quiet(), Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Owner only: moves what has arrived to the end of `list`, and lets `look` see it (target, sender, content; newest
    /// first). Whether there was anything.
    #[inline]
    pub(crate) fn take(&self, list: &mut List<T>, look: impl FnMut(Pid, Pid, &T)) -> bool {
        if !self.has_news() {
            return false;
        }
        let newest = self.head.swap(quiet(), Ordering::Acquire);
        debug_assert!(is_node(newest), "only the owner takes");
        // SAFETY: the swap made the whole stack ours; pushers only ever add in front of the head.
        unsafe { list.append_stack(newest, look) };
        true
    }

    /// Owner only: refuses everything from now on. What had arrived goes to the end of `list`.
    pub(crate) fn close(&self, list: &mut List<T>) {
        let newest = self.head.swap(closed(), Ordering::AcqRel);
        debug_assert!(newest != parked() && newest != closed(), "only the owner closes");
        if is_node(newest) {
            // SAFETY: as in `take`.
            unsafe { list.append_stack(newest, |_, _, _| {}) }
        }
    }

    /// Owner only: takes messages from now on, as one that is queued or running.
    pub(crate) fn open(&self) {
        self.head.store(quiet(), Ordering::Release);
    }
}

impl<T> Drop for Mailbox<T> {
    fn drop(&mut self) {
        if self.has_news() {
            self.close(&mut List::new());
        }
    }
}

/// Nodes kept by a worker before half of them go to the others. Measured: a receiver on another core frees what the
/// sender allocates, so without a way back the allocator is on the path of every message (+82 ns in fan-in).
const POOL_NODES: usize = 512;

/// Batches in the shared store; what comes beyond goes back to the allocator.
const STORED_BATCHES: usize = 64;

/// Empty nodes of one worker.
pub(crate) struct Pool<T> {
    first: *mut Node<T>,
    count: usize,
}

// SAFETY: a pool owns its nodes alone; they are empty.
unsafe impl<T: Send> Send for Pool<T> {}

impl<T> Pool<T> {
    pub(crate) const fn new() -> Pool<T> {
        Pool { first: ptr::null_mut(), count: 0 }
    }

    /// A parcel, in a used node if there is one.
    pub(crate) fn parcel(&mut self, target: Pid, from: Pid, content: T) -> Parcel<T> {
        let Some(node) = NonNull::new(self.first) else { return Parcel::new(target, from, content) };
        // SAFETY: the pool owns its nodes; this one leaves it. Writing all fields makes it initialised again.
        unsafe {
            let node = node.as_ptr();
            self.first = (*node).next;
            self.count -= 1;
            node.write(Node {
                next: ptr::null_mut(),
                target,
                from,
                weight: 0,
                content: MaybeUninit::new(content),
            });
            Parcel(NonNull::new_unchecked(node))
        }
    }

    /// # Safety
    /// The caller owns the node and has moved its content out.
    unsafe fn put(&mut self, node: *mut Node<T>) {
        // SAFETY: by contract.
        unsafe { (*node).next = self.first };
        self.first = node;
        self.count += 1;
    }

    /// Gives half away when there are many, takes a batch when there are none. To be called now and then.
    #[inline]
    pub(crate) fn balance(&mut self, store: &Store<T>) {
        if self.count > POOL_NODES || self.first.is_null() && store.batches.load(Relaxed) > 0 {
            self.exchange(store);
        }
    }

    #[cold]
    fn exchange(&mut self, store: &Store<T>) {
        while self.count > POOL_NODES {
            let mut batch = Pool { first: self.first, count: 0 };
            let mut last = self.first;
            while batch.count < POOL_NODES / 2 {
                batch.count += 1;
                // SAFETY: the pool holds more nodes than this loop walks over.
                unsafe {
                    if batch.count == POOL_NODES / 2 {
                        self.first = (*last).next;
                        (*last).next = ptr::null_mut();
                    } else {
                        last = (*last).next;
                    }
                }
            }
            self.count -= batch.count;
            let mut pools = store.pools.lock();
            if pools.len() < STORED_BATCHES {
                pools.push(batch);
                store.batches.store(pools.len(), Relaxed);
            }
        }
        if self.first.is_null()
            && let Some(mut pools) = store.pools.try_lock()
            && let Some(batch) = pools.pop()
        {
            store.batches.store(pools.len(), Relaxed);
            *self = batch;
        }
    }
}

impl<T> Drop for Pool<T> {
    fn drop(&mut self) {
        while let Some(node) = NonNull::new(self.first) {
            // SAFETY: the pool owns its nodes, which came from boxes and have no content to drop.
            unsafe {
                self.first = node.as_ref().next;
                drop(Box::from_raw(node.as_ptr()));
            }
        }
    }
}

/// Batches of empty nodes on their way from workers that mostly receive to workers that mostly send.
pub(crate) struct Store<T> {
    pools: Mutex<Vec<Pool<T>>>,
    /// How many there are, about; a hint, and no part of what is checked as a model.
    batches: AtomicUsize,
}

impl<T> Store<T> {
    pub(crate) fn new() -> Store<T> {
        Store { pools: Mutex::new(Vec::new()), batches: AtomicUsize::new(0) }
    }

    /// Gives all nodes back to the allocator.
    pub(crate) fn clear(&self) {
        let pools = std::mem::take(&mut *self.pools.lock());
        self.batches.store(0, Relaxed);
        drop(pools);
    }
}
