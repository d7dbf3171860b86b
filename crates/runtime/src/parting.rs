//! A message that still lies in its sender's slots.
//!
//! A receiver that sleeps takes it from there ([`crate::process::LuaProcess::meet`]); for anybody else it becomes a [`Mail`].
//! Invariant: it lives within one step of a native of the sender, so nothing of it moves.

use wippy_scheduler::{HostId, Pid};
use wippy_vm::{Context, Result, Value};

use crate::mail::{Mail, Note};

/// See the module.
pub(crate) struct Parting<'a, 's> {
    pub(crate) cx: &'a mut Context<'s>,
    /// The slot of the topic; all that follow are the payload.
    pub(crate) topic: usize,
    pub(crate) from: Pid,
    pub(crate) host: HostId,
}

impl Parting<'_, '_> {
    /// On its way.
    ///
    /// # Errors
    /// When the sender's memory limit would be passed.
    pub(crate) fn mail(&mut self) -> Result<Mail> {
        let topic = match self.cx.get(self.topic) {
            Value::String(topic) => topic.as_bytes(),
            _ => b"",
        };
        let mut mail = Mail::new(topic, self.host);
        for slot in self.topic + 1..=self.cx.len() {
            let value = self.cx.get(slot);
            self.cx.pack_value(mail.payload_mut(), value)?;
        }
        Ok(mail)
    }

    /// All of it as a note, if it is small.
    #[inline]
    pub(crate) fn note(&mut self) -> Option<Note> {
        let (values, topic_bytes) = self.cx.morsel(self.topic)?;
        Some(Note::new(self.from, self.host, values, topic_bytes))
    }

    /// A copy of its value in the receiver's heap, if there is exactly one, and room for it.
    #[inline]
    pub(crate) fn value<'gc>(&mut self, cx: &mut Context<'gc>) -> Option<Value<'gc>> {
        if self.cx.len() != self.topic + 1 {
            return None;
        }
        let value = self.cx.get(self.topic + 1);
        cx.copy_of(self.cx, value).ok()
    }
}
