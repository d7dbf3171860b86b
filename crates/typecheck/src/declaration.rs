//! [`Declaration`]: what `type Name<T> = …` and `interface Name … end` bind, and [`Named`]: a use of one.
//!
//! A declaration exists before its definition, so that a group of them can refer to one another; whoever lowers the
//! group defines each of them once. Invariant: a definition never changes.
//!
//! Recursive declarations keep themselves alive. Whoever makes them from programs that come and go enters them through
//! [`crate::Canon`], which gives equal declarations one identity.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use crate::ty::{Type, TypeParameter};

/// A named type, generic or not.
pub struct Declaration {
    name: Arc<str>,
    line: u32,
    definition: OnceLock<Definition>,
}

struct Definition {
    parameters: Vec<TypeParameter>,
    body: Type,
}

impl Declaration {
    /// A declaration that is still to be defined; `line` is where it stands in its source, from 1, or 0.
    pub fn new(name: impl Into<Arc<str>>, line: u32) -> Arc<Self> {
        Arc::new(Self { name: name.into(), line, definition: OnceLock::new() })
    }

    /// Gives it its meaning: the type parameters, and a body in which they stand as
    /// [`crate::TypeKind::Parameter`]. A second definition is ignored.
    pub fn define(&self, parameters: Vec<TypeParameter>, body: Type) {
        // The first definition stands.
        let _ = self.definition.set(Definition { parameters, body });
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The line that declares it, from 1; 0 if there is none.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The type parameters; none before it is defined.
    pub fn parameters(&self) -> &[TypeParameter] {
        self.definition.get().map_or(&[], |definition| &definition.parameters)
    }

    /// What it stands for, in terms of its parameters; absent before it is defined.
    pub fn body(&self) -> Option<&Type> {
        self.definition.get().map(|definition| &definition.body)
    }

    /// How many type arguments it needs at least.
    pub fn required(&self) -> usize {
        let parameters = self.parameters();
        parameters.iter().rposition(|parameter| parameter.default.is_none()).map_or(0, |last| last + 1)
    }
}

impl fmt::Debug for Declaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Declaration({}@{})", self.name, self.line)
    }
}

/// A use of a declaration, with type arguments where it is generic.
#[derive(Clone, Debug)]
pub struct Named {
    /// What is named.
    pub declaration: Arc<Declaration>,
    /// The arguments that were written; missing ones are the defaults of the parameters.
    pub arguments: Vec<Type>,
}

impl Named {
    /// What it stands for, one step: the body with arguments in place of parameters. Absent if arguments are missing
    /// or the declaration is not defined.
    pub fn expand(&self) -> Option<Type> {
        let body = self.declaration.body()?;
        if self.declaration.parameters().is_empty() {
            return Some(body.clone());
        }
        let arguments = self.all_arguments()?;
        let parameters = self.declaration.parameters();
        let environment: Vec<_> =
            parameters.iter().map(|parameter| parameter.name.clone()).zip(arguments).collect();
        Some(body.substitute(&environment))
    }

    /// The arguments with defaults for missing ones; absent if one is missing that has no default.
    pub fn all_arguments(&self) -> Option<Vec<Type>> {
        let mut environment: Vec<(Arc<str>, Type)> = Vec::new();
        for (at, parameter) in self.declaration.parameters().iter().enumerate() {
            let argument = match self.arguments.get(at) {
                Some(argument) => argument.clone(),
                None => parameter.default.as_ref()?.substitute(&environment),
            };
            environment.push((parameter.name.clone(), argument));
        }
        Some(environment.into_iter().map(|(_, argument)| argument).collect())
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.declaration, &other.declaration) && self.arguments == other.arguments
    }
}

impl Eq for Named {}

impl Hash for Named {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.declaration).hash(state);
        self.arguments.hash(state);
    }
}
