//! Where lines go: a bounded queue and one thread that writes to standard error.
//!
//! Invariant: whoever logs never waits for the stream. When the queue is full, lines below `Warn` are dropped and
//! counted; a stream that fails is given up silently, for there is nowhere to complain.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::line::{Layout, Level, Line};
use super::thin::Thin;

/// Lines that may wait for the stream.
const QUEUE: usize = 8192;
/// Lines that are kept while something else is on the screen.
const KEPT: usize = 1000;

/// What is logged, and how.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How lines look.
    pub layout: Layout,
    /// The least important level.
    pub least: Level,
    /// Whether nothing is written at all.
    pub silent: bool,
    /// Whether repeated lines are thinned.
    pub thin: bool,
}

#[derive(Debug)]
struct Queue {
    lines: Vec<String>,
    closed: bool,
    busy: bool,
}

#[derive(Debug)]
struct Shared {
    options: Options,
    began: Instant,
    queue: Mutex<Queue>,
    filled: Condvar,
    emptied: Condvar,
    thin: Mutex<Thin>,
    hidden: AtomicBool,
    dropped: AtomicU64,
    /// The latest lines, while something else is on the screen.
    kept: Mutex<Option<VecDeque<String>>>,
}

/// A log; copies write to the same place.
#[derive(Debug, Clone)]
pub struct Log {
    shared: Arc<Shared>,
}

impl Log {
    /// Starts the writer.
    pub fn start(options: Options) -> Log {
        Log::to(options, Box::new(std::io::stderr()))
    }

    /// Starts the writer on another stream.
    pub fn to(options: Options, mut stream: Box<dyn Write + Send>) -> Log {
        let shared = Arc::new(Shared {
            options,
            began: Instant::now(),
            queue: Mutex::new(Queue { lines: Vec::new(), closed: false, busy: false }),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            thin: Mutex::default(),
            hidden: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
            kept: Mutex::new(None),
        });
        let log = Log { shared: Arc::clone(&shared) };
        if !options.silent {
            // Without a thread there are no log lines, which is better than no program.
            let started = std::thread::Builder::new()
                .name("log".to_owned())
                .spawn(move || write(&shared, &mut *stream));
            if started.is_err() {
                log.hide(true);
            }
        }
        log
    }

    /// Whether lines of this level are written.
    pub fn enabled(&self, level: Level) -> bool {
        !self.shared.options.silent
            && level >= self.shared.options.least
            && !self.shared.hidden.load(Ordering::Relaxed)
    }

    /// While hidden, lines are dropped.
    pub fn hide(&self, hidden: bool) {
        self.shared.hidden.store(hidden, Ordering::Relaxed);
    }

    /// From now on lines are kept instead of written, the latest of them.
    pub fn hold(&self) {
        *self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(VecDeque::new());
    }

    /// The latest lines that are kept, at most this many.
    pub fn held(&self, most: usize) -> Vec<String> {
        let kept = self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = kept.iter().flatten();
        lines.clone().skip(lines.count().saturating_sub(most)).cloned().collect()
    }

    /// Writes the lines that were kept, and what follows.
    pub fn release(&self) {
        let kept = self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner).take();
        kept.into_iter().flatten().for_each(|line| self.enqueue(line, Level::Error));
    }

    /// Writes a line.
    pub fn write(&self, line: &Line) {
        if !self.enabled(line.level) {
            return;
        }
        let elapsed = self.shared.began.elapsed();
        if self.shared.options.thin
            && !self.shared.thin.lock().unwrap_or_else(PoisonError::into_inner).passes(line, elapsed)
        {
            return;
        }
        let text = line.text(self.shared.options.layout, SystemTime::now(), elapsed);
        if let Some(kept) = &mut *self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner) {
            if kept.len() >= KEPT {
                kept.pop_front();
            }
            return kept.push_back(text);
        }
        self.enqueue(text, line.level);
    }

    fn enqueue(&self, text: String, level: Level) {
        let mut queue = self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.lines.len() >= QUEUE && level < Level::Warn || queue.lines.len() >= 2 * QUEUE {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        queue.lines.push(text);
        drop(queue);
        self.shared.filled.notify_one();
    }

    /// Shorthand for a line without a program behind it.
    pub fn say(&self, level: Level, name: &str, message: impl Into<String>) {
        if self.enabled(level) {
            self.write(&Line {
                level,
                name: name.to_owned(),
                message: message.into(),
                fields: Default::default(),
            });
        }
    }

    /// Lines that were dropped because the stream is too slow.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// Waits until everything so far is written, but not for ever: a stream may be stuck.
    pub fn flush(&self) {
        const PATIENCE: Duration = Duration::from_secs(1);
        let end = Instant::now() + PATIENCE;
        let mut queue = self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        while (!queue.lines.is_empty() || queue.busy) && !queue.closed && !self.shared.options.silent {
            let Some(left) = end.checked_duration_since(Instant::now()) else { return };
            queue = self.shared.emptied.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn write(shared: &Shared, stream: &mut dyn Write) {
    loop {
        let mut queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.busy = false;
        shared.emptied.notify_all();
        while queue.lines.is_empty() {
            queue = shared.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let lines = std::mem::take(&mut queue.lines);
        queue.busy = true;
        drop(queue);
        if stream.write_all(lines.concat().as_bytes()).and_then(|()| stream.flush()).is_err() {
            let mut queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.closed = true;
            shared.hidden.store(true, Ordering::Relaxed);
            shared.emptied.notify_all();
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    const OPTIONS: Options =
        Options { layout: Layout::Console { colour: false }, least: Level::Info, silent: false, thin: true };

    #[test]
    fn lines_arrive_and_levels_are_kept_out() {
        let buffer = Buffer::default();
        let log = Log::to(OPTIONS, Box::new(buffer.clone()));
        log.say(Level::Debug, "x", "no");
        log.say(Level::Info, "x", "yes");
        log.hide(true);
        log.say(Level::Error, "x", "hidden");
        log.flush();
        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("INFO  x            yes"));
    }

    #[test]
    fn lines_are_held_and_released() {
        let buffer = Buffer::default();
        let log = Log::to(OPTIONS, Box::new(buffer.clone()));
        log.hold();
        (1..=3).for_each(|n| log.say(Level::Info, "x", format!("line {n}")));
        assert_eq!(log.held(2).iter().filter(|line| line.contains("line 1")).count(), 0);
        assert_eq!(log.held(2).len(), 2);
        assert!(buffer.0.lock().unwrap().is_empty());
        log.release();
        log.flush();
        assert_eq!(String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap().lines().count(), 3);
    }

    #[test]
    fn a_stream_that_fails_is_given_up() {
        let log = Log::to(OPTIONS, Box::new(Full));
        for _ in 0..50 {
            log.say(Level::Info, "x", "y");
        }
        log.flush();
        log.say(Level::Info, "x", "y");
        log.flush();
    }
}
