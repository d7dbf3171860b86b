//! Host objects that are values in their own right: they have a text, and they may cross to another interpreter.
//!
//! A host object is shared and immutable, and knows no heap: what crosses is the object itself or a part of it, and
//! the other side makes a userdata of its own for it. Objects that belong to one interpreter (files, channels) are
//! plain userdata ([`Context::userdata`]) and have none of this.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

use crate::error::Result;
use crate::execute::context::Context;
use crate::heap::handle::{Str, Table, UserData, Value};

/// What a host object answers when the machine asks it. See the module.
pub trait HostObject: Any + Send + Sync {
    /// The text that stands for it where a builtin wants a string; most objects have none.
    fn text(&self) -> Option<Cow<'_, [u8]>> {
        None
    }

    /// The text that people are shown when it ends a program as an error; more than [`HostObject::text`] if it knows
    /// more.
    fn report(&self) -> Option<Cow<'_, [u8]>> {
        self.text()
    }

    /// What of it goes to another interpreter; `None` if it stays at home. An error, for instance, leaves its stack.
    fn depart(self: Arc<Self>) -> Option<Arc<dyn HostObject>> {
        None
    }

    /// Makes the userdata of an object that has arrived in an interpreter.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>>;
}

/// How a userdata holds a host object.
struct Shared(Arc<dyn HostObject>);

impl<'gc> Context<'gc> {
    /// Makes a userdata of a host object.
    pub fn host_object(
        &mut self,
        object: Arc<dyn HostObject>,
        metatable: Option<Table<'gc>>,
    ) -> UserData<'gc> {
        self.userdata(Box::new(Shared(object)), metatable)
    }

    /// What a maker for [`Context::userdata_on_demand`] answers to make the userdata of a host object.
    pub fn host_object_data(object: Arc<dyn HostObject>) -> Box<dyn Any + Send> {
        Box::new(Shared(object))
    }

    /// The text that a value has for builtins that want a string: strings, numbers, and host objects with a text.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn text_of(&mut self, value: Value<'gc>) -> Result<Option<Str<'gc>>> {
        match value {
            Value::UserData(_) => match value.host_object().and_then(|object| object.text()) {
                Some(text) => Ok(Some(self.string(&text)?)),
                None => Ok(None),
            },
            other => self.coerce_string(other),
        }
    }
}

impl<'gc> Value<'gc> {
    /// The host object that it is, if it is one.
    pub fn host_object(self) -> Option<&'gc Arc<dyn HostObject>> {
        match self {
            Value::UserData(userdata) => userdata.get::<Shared>().map(|shared| &shared.0),
            _ => None,
        }
    }

    /// The host object that it is, if it is a `T`.
    pub fn host_object_as<T: HostObject>(self) -> Option<&'gc T> {
        let object: &dyn Any = &**self.host_object()?;
        object.downcast_ref::<T>()
    }
}
