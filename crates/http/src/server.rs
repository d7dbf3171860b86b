//! A server: an address that is listened on, and a thread that serves the connections.
//!
//! The thread has a runtime of its own for its sockets and timers, and nothing else runs on it. Invariant: its owner
//! hears exactly once that it listens, if it does, and exactly once that it has ended.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};

use crate::connection;
use crate::site::Site;

/// Between two tries to reach the own address.
const PROBE: Duration = Duration::from_millis(100);
/// How long that is tried.
const PROBES: Duration = Duration::from_secs(30);
/// Rest after the operating system gave no connection.
const BREATH: Duration = Duration::from_millis(50);

/// What a server's owner hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It takes connections at this address.
    Listening(SocketAddr),
    /// It has ended; perhaps with a reason that its owner has not given.
    Ended(Option<String>),
}

/// What a server is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Serve.
    Open,
    /// Take no more connections, finish requests until this moment.
    Draining(Instant),
    /// End now.
    Cut,
}

/// A running server. Dropping it cuts it off.
pub struct Server {
    stage: watch::Sender<Stage>,
}

impl Server {
    /// Starts a thread that listens; what comes of it is told to `hear`, on that thread.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(address: String, site: Arc<Site>, hear: Box<dyn Fn(Event) + Send>) -> io::Result<Server> {
        let (stage, seen) = watch::channel(Stage::Open);
        let run = move || {
            let ended = run(&address, &site, seen, &*hear);
            hear(Event::Ended(ended.err().map(|error| format!("cannot listen on {address}: {error}"))));
        };
        std::thread::Builder::new().name("http".to_owned()).spawn(run)?;
        Ok(Server { stage })
    }

    /// Takes no more connections, and ends when no request is in work, or after this long.
    pub fn stop(&self, within: Duration) {
        self.stage.send_replace(Stage::Draining(Instant::now() + within));
    }

    /// Ends it now.
    pub fn cut(&self) {
        self.stage.send_replace(Stage::Cut);
    }
}

fn run(
    address: &str,
    site: &Arc<Site>,
    stage: watch::Receiver<Stage>,
    hear: &dyn Fn(Event),
) -> io::Result<()> {
    let listener = bind(address)?;
    listener.set_nonblocking(true)?;
    let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let tasks = LocalSet::new();
    tasks.block_on(&runtime, async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        serve(listener, site, stage, hear).await
    })
}

/// Listens on an address; `:8080` means all of this machine's.
fn bind(address: &str) -> io::Result<TcpListener> {
    if let Some(port) = address.strip_prefix(':') {
        let port: u16 =
            port.parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "invalid port"))?;
        let every: [SocketAddr; 2] =
            [(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()];
        return match TcpListener::bind(every[0]) {
            // A machine without the newer protocol.
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => TcpListener::bind(every[1]),
            bound => bound,
        };
    }
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "invalid address");
    for address in address.to_socket_addrs()? {
        match TcpListener::bind(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn serve(
    listener: tokio::net::TcpListener,
    site: &Arc<Site>,
    mut stage: watch::Receiver<Stage>,
    hear: &dyn Fn(Event),
) -> io::Result<()> {
    let address = listener.local_addr()?;
    // Each connection holds a sender until it ends.
    let (alive, mut all_gone) = mpsc::channel::<()>(1);
    let mut probe = pin!(probe(address));
    let mut probed = false;
    let mut orders = stage.clone();
    let mut changed = pin!(orders.changed());
    loop {
        let accepted = poll_fn(|cx| {
            if changed.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(None));
            }
            if !probed && let Poll::Ready(reached) = probe.as_mut().poll(cx) {
                probed = true;
                match reached {
                    Ok(()) => hear(Event::Listening(address)),
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
            listener.poll_accept(cx).map(|accepted| Ok(Some(accepted)))
        })
        .await?;
        match accepted {
            None => break,
            // A connection that has gone already, or a want of resources: the listener is fine.
            Some(Err(_)) => sleep(BREATH).await,
            Some(Ok((stream, peer))) => spawn(stream, peer, site, stage.clone(), alive.clone()),
        }
    }
    drop((listener, alive));
    let mut gone = pin!(all_gone.recv());
    loop {
        let Stage::Draining(end) = *stage.borrow_and_update() else { return Ok(()) };
        let (mut late, mut changed) = (pin!(tokio::time::sleep_until(end)), pin!(stage.changed()));
        let over = poll_fn(|cx| {
            if gone.as_mut().poll(cx).is_ready() || late.as_mut().poll(cx).is_ready() {
                return Poll::Ready(true);
            }
            changed.as_mut().poll(cx).map(|changed| changed.is_err())
        })
        .await;
        if over {
            return Ok(());
        }
    }
}

fn spawn(
    stream: TcpStream,
    peer: SocketAddr,
    site: &Arc<Site>,
    stage: watch::Receiver<Stage>,
    alive: mpsc::Sender<()>,
) {
    let site = Arc::clone(site);
    tokio::task::spawn_local(async move {
        connection::serve(stream, peer, site, stage).await;
        drop(alive);
    });
}

/// Waits until the own address can be reached.
async fn probe(mut address: SocketAddr) -> io::Result<()> {
    if address.ip().is_unspecified() {
        let this: IpAddr = match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        address.set_ip(this);
    }
    let end = Instant::now() + PROBES;
    loop {
        match TcpStream::connect(address).await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() >= end => return Err(error),
            Err(_) => sleep(PROBE).await,
        }
    }
}
