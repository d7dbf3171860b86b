//! The heap's figures and settings, as `collectgarbage` shows them.

use super::state::State;

/// Figures and settings of the heap.
pub struct Memory<'a> {
    pub(super) state: &'a mut State,
}

impl Memory<'_> {
    /// Bytes in use, garbage that was not swept yet included.
    pub fn bytes(&self) -> usize {
        self.state.heap.bytes()
    }

    /// Stops automatic collection.
    pub fn stop(&mut self) {
        self.state.heap.stop();
    }

    /// Resumes automatic collection.
    pub fn restart(&mut self) {
        self.state.heap.restart();
    }

    /// Whether automatic collection is on.
    pub fn is_running(&self) -> bool {
        self.state.heap.is_running()
    }

    /// Sets how long to wait between cycles, in percent of the live size; returns the old value.
    pub fn set_pause(&mut self, percent: i64) -> i64 {
        self.state.heap.set_pause(percent)
    }

    /// Sets the speed of the collector relative to allocation, in percent; returns the old value.
    pub fn set_step_multiplier(&mut self, percent: i64) -> i64 {
        self.state.heap.set_step_multiplier(percent)
    }
}
