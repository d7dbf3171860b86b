//! [`TypeValue`]: one type as a value of the language.
//!
//! Two values are equal when their [`Canon`] is; they may still differ in how they were written, which is what printing
//! and iteration show. Invariant: of two alive values with the same identity and the same text there is only one, so a
//! heap that keeps every value it has seen does not grow when a chunk is loaded again and again.

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, Weak};

use wippy_typecheck::{Basic, Canon, Type, TypeKind};

use super::compiler;
use super::program::Program;

/// A type as a value.
pub struct TypeValue {
    /// The predeclared type that it is.
    basic: Option<Basic>,
    /// Of a predeclared type found out when first asked for: every program has those, most ask nothing of them.
    facts: OnceLock<Facts>,
    program: OnceLock<Program>,
}

/// What is known of a type.
struct Facts {
    ty: Type,
    canon: Canon,
    text: String,
}

impl Facts {
    fn of(ty: Type, canon: Canon) -> Facts {
        let text = ty.brief().to_string();
        Facts { ty, canon, text }
    }
}

type Known = HashMap<(u64, String), Vec<Weak<TypeValue>>>;

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

/// The predeclared types, in the order of [`Basic::ALL`].
static BASIC: [TypeValue; Basic::ALL.len()] = {
    let mut all = [const { TypeValue { basic: None, facts: OnceLock::new(), program: OnceLock::new() } };
        Basic::ALL.len()];
    let mut n = 0;
    while n < all.len() {
        all[n].basic = Some(Basic::ALL[n]);
        n += 1;
    }
    all
};

/// A type value, kept alive: a predeclared one lives for good, the others are counted.
#[derive(Clone)]
pub enum KeptType {
    /// A predeclared type.
    Basic(&'static TypeValue),
    /// Any other.
    Counted(Arc<TypeValue>),
}

impl Deref for KeptType {
    type Target = TypeValue;

    #[inline]
    fn deref(&self) -> &TypeValue {
        match self {
            KeptType::Basic(ty) => ty,
            KeptType::Counted(ty) => ty,
        }
    }
}

impl TypeValue {
    /// The value of a predeclared type.
    pub fn basic(basic: Basic) -> &'static TypeValue {
        &BASIC[basic as usize]
    }

    /// The predeclared type that it is.
    #[inline]
    pub(crate) fn as_basic(&self) -> Option<Basic> {
        self.basic
    }

    /// The value of a type.
    pub fn of(ty: &Type) -> KeptType {
        if let TypeKind::Basic(basic) = ty.kind() {
            return KeptType::Basic(TypeValue::basic(*basic));
        }
        let canon = Canon::of(ty);
        let written = written(ty);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let values = known.entry((canon.fingerprint(), written)).or_default();
        values.retain(|value| value.strong_count() > 0);
        let found = values.iter().filter_map(Weak::upgrade).find(|value| *value.canon() == canon);
        let value = found.unwrap_or_else(|| {
            let facts = OnceLock::from(Facts::of(ty.clone(), canon));
            let value = Arc::new(TypeValue { basic: None, facts, program: OnceLock::new() });
            values.push(Arc::downgrade(&value));
            value
        });
        if known.len() > 64 && known.len().is_power_of_two() {
            known.retain(|_, values| values.iter().any(|value| value.strong_count() > 0));
        }
        KeptType::Counted(value)
    }

    #[inline]
    fn facts(&self) -> &Facts {
        self.facts.get_or_init(|| {
            let ty = Type::basic(self.basic.unwrap_or(Basic::Unknown));
            let canon = Canon::of(&ty);
            Facts::of(ty, canon)
        })
    }

    /// The type as it was declared.
    pub fn ty(&self) -> &Type {
        &self.facts().ty
    }

    /// What decides equality.
    pub fn canon(&self) -> &Canon {
        &self.facts().canon
    }

    /// What `tostring` answers: the name, else the structure, shortened.
    pub fn text(&self) -> &str {
        &self.facts().text
    }

    /// The validator, compiled when it is first needed.
    pub(crate) fn program(&self) -> &Program {
        self.program.get_or_init(|| compiler::compile(self.ty()))
    }
}

/// What tells apart values of one identity: the name, and one level of what it stands for.
fn written(ty: &Type) -> String {
    match ty.kind() {
        TypeKind::Named(_) => format!("{ty} = {}", ty.shape()),
        TypeKind::Generic(declaration) => format!("{ty}@{:p}", Arc::as_ptr(&declaration.0)),
        _ => ty.to_string(),
    }
}

impl fmt::Debug for TypeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TypeValue({})", self.text())
    }
}

impl PartialEq for TypeValue {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.canon() == other.canon()
    }
}

impl Eq for TypeValue {}
