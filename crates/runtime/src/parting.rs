//! A message that still lies in its sender's slots.
//!
//! A receiver that sleeps takes it from there ([`crate::process::LuaProcess::meet`]); for anybody else it becomes a [`Mail`].
//! Invariant: it lives within one step of a native of the sender, so nothing of it moves.

use wippy_scheduler::{HostId, Pid};
use wippy_vm::{Context, Result, Value};

use crate::mail::{Mail, Note};
use crate::message;

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

    /// Whether its payload is exactly one value.
    #[inline]
    pub(crate) fn is_single(&self) -> bool {
        self.cx.len() == self.topic + 1
    }

    /// Its object in the receiver's heap, if it is small or has one value, and there is room for it.
    #[inline]
    pub(crate) fn message<'gc>(&mut self, cx: &mut Context<'gc>) -> Option<Value<'gc>> {
        if !self.is_single() {
            let (values, topic_bytes) = self.cx.morsel(self.topic, self.cx.len())?;
            let note = Note::new(self.from, self.host, values, topic_bytes);
            return message::noted(cx, note).ok().map(Value::UserData);
        }
        let topic = self.cx.text_morsel(self.topic)?;
        let value = self.cx.get(self.topic + 1);
        let value = cx.copy_of(self.cx, value).ok()?;
        let note = Note::new(self.from, self.host, topic, topic.size()).holding();
        let message = message::noted(cx, note).ok()?;
        cx.set_user_value(message, value);
        Some(Value::UserData(message))
    }
}
