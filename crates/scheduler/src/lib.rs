//! What can be run in slices, and what a slice comes to.
//!
//! A scheduler sees a [`Process`] only through [`Process::step`]: it hands over an amount of fuel and is told whether
//! the process has ended, used the fuel up, or waits. It knows no Lua, no values and no bytecode. Workers, mailboxes
//! and timers are not here yet; [`run_to_end`] is the one driver, for a single process on the caller's thread.

use std::ops::ControlFlow;

/// Units of work that a process may do before it must give control back: about one per call or backward jump.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Fuel(pub u64);

/// What a slice came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step<O, E> {
    /// The process has ended.
    Finished(O),
    /// Its fuel is spent; it is ready to go on.
    OutOfFuel,
    /// It has nothing to do until something wakes it.
    Parked,
    /// It has ended with an error.
    Failed(E),
}

/// Something that runs in slices, one thread at a time.
pub trait Process: Send {
    /// What it leaves behind when it ends well.
    type Output;
    /// Why it ended otherwise.
    type Error;

    /// Runs until it ends, waits, or has done `fuel` units of work.
    ///
    /// Never blocks the thread. Must not be called again after `Finished` or `Failed`.
    fn step(&mut self, fuel: Fuel) -> Step<Self::Output, Self::Error>;
}

/// Why [`run_to_end`] stopped early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stopped<E> {
    /// The process ended with an error.
    Failed(E),
    /// The process waits, and on this thread there is nothing that could wake it.
    Parked,
    /// The caller's check said so.
    Interrupted,
}

/// Runs one process to its end on the calling thread, asking `check` between slices of `slice` units.
///
/// # Errors
/// When the process fails or waits, or when `check` breaks.
pub fn run_to_end<P: Process>(
    process: &mut P,
    slice: Fuel,
    mut check: impl FnMut() -> ControlFlow<()>,
) -> Result<P::Output, Stopped<P::Error>> {
    loop {
        if check().is_break() {
            return Err(Stopped::Interrupted);
        }
        match process.step(slice) {
            Step::Finished(output) => return Ok(output),
            Step::OutOfFuel => {}
            Step::Parked => return Err(Stopped::Parked),
            Step::Failed(error) => return Err(Stopped::Failed(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts down by the fuel it gets, then ends as told.
    struct Countdown {
        left: u64,
        end: Step<&'static str, &'static str>,
    }

    impl Process for Countdown {
        type Output = &'static str;
        type Error = &'static str;

        fn step(&mut self, fuel: Fuel) -> Step<&'static str, &'static str> {
            if self.left > fuel.0 {
                self.left -= fuel.0;
                return Step::OutOfFuel;
            }
            self.end
        }
    }

    #[test]
    fn a_process_is_given_slices_until_it_ends() {
        let mut slices = 0;
        let mut process = Countdown { left: 95, end: Step::Finished("done") };
        let result = run_to_end(&mut process, Fuel(10), || {
            slices += 1;
            ControlFlow::Continue(())
        });
        assert_eq!((result, slices), (Ok("done"), 10));
    }

    #[test]
    fn errors_and_waiting_are_reported() {
        let go_on = || ControlFlow::Continue(());
        let mut failing = Countdown { left: 0, end: Step::Failed("broken") };
        assert_eq!(run_to_end(&mut failing, Fuel(1), go_on), Err(Stopped::Failed("broken")));
        let mut waiting = Countdown { left: 0, end: Step::Parked };
        assert_eq!(run_to_end(&mut waiting, Fuel(1), go_on), Err(Stopped::Parked));
    }

    #[test]
    fn the_check_interrupts_between_slices() {
        let mut slices = 0;
        let mut process = Countdown { left: u64::MAX, end: Step::Finished("never") };
        let result = run_to_end(&mut process, Fuel(1), || {
            slices += 1;
            if slices > 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(result, Err(Stopped::Interrupted));
    }
}
