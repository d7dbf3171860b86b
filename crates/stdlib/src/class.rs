//! Classes of host objects: the methods and metamethods that userdata of one kind share.
//!
//! A class is data, like a library. Its metatable is part of the image that an interpreter was made with, or is made
//! the first time the interpreter needs it and kept in the registry under the name of the class; scripts cannot reach
//! it. Invariant: metatables and method tables are frozen.

use std::sync::Arc;

use wippy_vm::{Context, Error, HostObject, Library, Result, Table, UserData, Value};

/// A kind of userdata.
pub struct Class {
    /// The methods; the library's name is that of the class, as messages show it and the registry knows it.
    pub methods: &'static Library,
    /// The metamethods (`__tostring`, `__concat`).
    pub metamethods: &'static Library,
}

impl Class {
    /// Name of the class.
    pub fn name(&self) -> &'static str {
        self.methods.name
    }

    /// The metatable in this interpreter.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    #[inline]
    pub fn metatable<'gc>(&'static self, cx: &mut Context<'gc>) -> Result<Table<'gc>> {
        match cx.class_metatable(self.address()) {
            Some(metatable) => Ok(metatable),
            None => self.own_metatable(cx),
        }
    }

    fn address(&'static self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    #[cold]
    fn own_metatable<'gc>(&'static self, cx: &mut Context<'gc>) -> Result<Table<'gc>> {
        let registry = cx.registry();
        let key = cx.name(self.name());
        if let Value::Table(metatable) = registry.get(key.into()) {
            return Ok(metatable);
        }
        let methods = cx.table(0, self.methods.functions.len())?;
        self.methods.install(cx, methods)?;
        methods.freeze();
        let metatable = cx.table(0, self.metamethods.functions.len() + 3)?;
        // Looked up with every method call, so it comes first: nothing can have its place.
        cx.set_field(metatable, "__index", methods)?;
        self.metamethods.install(cx, metatable)?;
        cx.set_field(metatable, "__name", key)?;
        cx.set_field(metatable, "__metatable", false)?;
        metatable.freeze();
        cx.raw_set(registry, key, metatable)?;
        cx.note_class(self.address(), metatable);
        Ok(metatable)
    }

    /// Makes the userdata of a host object of this class.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn object<'gc>(
        &'static self,
        cx: &mut Context<'gc>,
        object: Arc<dyn HostObject>,
    ) -> Result<UserData<'gc>> {
        let metatable = self.metatable(cx)?;
        Ok(cx.host_object(object, Some(metatable)))
    }

    /// Argument 1 of a method: the host object, which must be of this class.
    ///
    /// # Errors
    /// When it is not.
    pub fn this<'gc, T: HostObject>(&self, cx: &Context<'gc>) -> Result<&'gc T> {
        self.argument(cx, 1)
    }

    /// An argument that must be a host object of this class.
    ///
    /// # Errors
    /// When it is not.
    pub fn argument<'gc, T: HostObject>(&self, cx: &Context<'gc>, index: usize) -> Result<&'gc T> {
        cx.get(index).host_object_as::<T>().ok_or_else(|| self.refuse(cx, index))
    }

    #[cold]
    fn refuse(&self, cx: &Context<'_>, index: usize) -> Error {
        cx.type_error(index, self.name())
    }
}
