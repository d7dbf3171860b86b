//! `ErrorValue`: the structured error that builtins answer with and scripts make, as a host object.
//!
//! It is immutable and knows no heap. Invariant: `message` is what scripts see; the newest context is kept beside it
//! and becomes part of the message only when the error is wrapped again.

use std::borrow::Cow;
use std::sync::Arc;

use wippy_vm::{Context, HostObject, Result, UserData};

use super::details::Details;
use super::stack::Stack;

/// What sort of failure an error is; the text is what `err:kind()` answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kind(Cow<'static, [u8]>);

macro_rules! kinds {
    ($( $(#[$doc:meta])* $name:ident = $text:literal; )*) => {
        impl Kind {
            $( $(#[$doc])* pub const $name: Kind = Kind(Cow::Borrowed($text.as_bytes())); )*

            /// The kinds that have a constant in `errors`: name and text.
            pub const CONSTANTS: &'static [(&'static str, &'static str)] = &[ $( (stringify!($name), $text), )* ];
        }
    };
}

kinds! {
    /// Nothing is known about it.
    UNKNOWN = "";
    /// What was asked for does not exist.
    NOT_FOUND = "NotFound";
    /// What was to be made exists.
    ALREADY_EXISTS = "AlreadyExists";
    /// The input is malformed.
    INVALID = "Invalid";
    /// The caller may not do this.
    PERMISSION_DENIED = "PermissionDenied";
    /// A service cannot be reached now.
    UNAVAILABLE = "Unavailable";
    /// Something else went wrong.
    INTERNAL = "Internal";
    /// The caller has gone away, or does not want it any more.
    CANCELED = "Canceled";
    /// Somebody else was faster.
    CONFLICT = "Conflict";
    /// A deadline has passed.
    TIMEOUT = "Timeout";
    /// Too many requests.
    RATE_LIMITED = "RateLimited";
}

impl Kind {
    /// A limit of a host was reached. Has no constant.
    pub const LIMIT_EXCEEDED: Kind = Kind(Cow::Borrowed(b"LimitExceeded"));
    /// The state does not allow it now. Has no constant.
    pub const INVALID_STATE: Kind = Kind(Cow::Borrowed(b"InvalidState"));

    /// A kind of the script's own.
    pub fn custom(text: &[u8]) -> Kind {
        Kind(Cow::Owned(text.to_vec()))
    }

    /// Its text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A structured error. See the module.
#[derive(Clone, Debug)]
pub struct ErrorValue {
    kind: Kind,
    message: Vec<u8>,
    retryable: Option<bool>,
    details: Option<Arc<Details>>,
    /// What was being done, newest first.
    contexts: Vec<Vec<u8>>,
    stack: Option<Arc<Stack>>,
}

impl ErrorValue {
    /// An error of a kind, with its message.
    pub fn new(kind: Kind, message: impl Into<Vec<u8>>) -> ErrorValue {
        ErrorValue {
            kind,
            message: message.into(),
            retryable: None,
            details: None,
            contexts: Vec::new(),
            stack: None,
        }
    }

    /// Malformed input: kind Invalid, and trying again does not help.
    pub fn invalid(message: impl Into<Vec<u8>>) -> ErrorValue {
        ErrorValue::new(Kind::INVALID, message).retryable(Some(false))
    }

    /// Something that went wrong inside: kind Internal, and trying again does not help.
    pub fn internal(message: impl Into<Vec<u8>>) -> ErrorValue {
        ErrorValue::new(Kind::INTERNAL, message).retryable(Some(false))
    }

    /// Says whether trying again may help; `None` if that is unknown.
    #[must_use]
    pub fn retryable(mut self, retryable: Option<bool>) -> ErrorValue {
        self.retryable = retryable;
        self
    }

    /// Adds facts about it.
    #[must_use]
    pub fn with_details(mut self, details: Details) -> ErrorValue {
        self.details = (!details.is_empty()).then(|| Arc::new(details));
        self
    }

    /// Adds what was being done, beside the message and invisible in it.
    #[must_use]
    pub fn in_context(mut self, context: impl Into<Vec<u8>>) -> ErrorValue {
        self.contexts.insert(0, context.into());
        self
    }

    /// Adds where it was made.
    #[must_use]
    pub fn with_stack(mut self, stack: Stack) -> ErrorValue {
        self.stack = Some(Arc::new(stack));
        self
    }

    /// A copy with one more context; what was the newest one so far becomes part of the message.
    #[must_use]
    pub fn wrap(&self, context: impl Into<Vec<u8>>) -> ErrorValue {
        let mut wrapped = self.clone();
        wrapped.message = self.full_text();
        wrapped.contexts.insert(0, context.into());
        wrapped
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// What `err:message()` answers.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// Whether trying again may help, if that is known.
    pub fn is_retryable(&self) -> Option<bool> {
        self.retryable
    }

    /// Facts about it; never empty.
    pub fn details(&self) -> Option<&Details> {
        self.details.as_deref()
    }

    /// What was being done, newest first.
    pub fn contexts(&self) -> &[Vec<u8>] {
        &self.contexts
    }

    /// Where it was made, unless it came from elsewhere.
    pub fn stack(&self) -> Option<&Stack> {
        self.stack.as_deref()
    }

    /// The message after its context: all that is known, outermost first.
    pub fn full_text(&self) -> Vec<u8> {
        match self.contexts.first() {
            Some(context) => [context, &b": "[..], &self.message].concat(),
            None => self.message.clone(),
        }
    }

    /// What the failure of a call or process looks like from outside: an unknown kind becomes Internal.
    #[must_use]
    pub fn into_failure(mut self) -> ErrorValue {
        if self.kind == Kind::UNKNOWN {
            self.kind = Kind::INTERNAL;
        }
        self
    }
}

impl ErrorValue {
    /// The same error in another process: stack and contexts stay at home.
    #[must_use]
    pub fn abroad(self: Arc<Self>) -> Arc<ErrorValue> {
        if self.stack.is_none() && self.contexts.is_empty() {
            return self;
        }
        Arc::new(ErrorValue {
            kind: self.kind.clone(),
            message: self.message.clone(),
            retryable: self.retryable,
            details: self.details.clone(),
            contexts: Vec::new(),
            stack: None,
        })
    }
}

impl HostObject for ErrorValue {
    fn text(&self) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(&self.message))
    }

    fn report(&self) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Owned(self.full_text()))
    }

    fn depart(self: Arc<Self>) -> Option<Arc<dyn HostObject>> {
        Some(self.abroad())
    }

    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        super::CLASS.object(cx, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_wrap_shows_the_first_context() {
        let error = ErrorValue::new(Kind::NOT_FOUND, "no row");
        let once = error.wrap("load user");
        assert_eq!((once.message(), once.full_text()), (&b"no row"[..], b"load user: no row".to_vec()));
        let twice = once.wrap("render page");
        assert_eq!(twice.message(), b"load user: no row");
        assert_eq!(twice.full_text(), b"render page: load user: no row");
        assert_eq!(twice.contexts(), [b"render page".to_vec(), b"load user".to_vec()]);
        assert_eq!(twice.kind(), &Kind::NOT_FOUND);
    }

    #[test]
    fn contexts_and_stack_stay_at_home() {
        let error = Arc::new(ErrorValue::invalid("m").in_context("c").with_stack(Stack::default()));
        let away = error.depart().expect("errors travel");
        let away: Arc<dyn std::any::Any + Send + Sync> = away;
        let away = away.downcast::<ErrorValue>().expect("an error is an error elsewhere");
        assert_eq!((away.message(), away.contexts().len(), away.stack().is_none()), (&b"m"[..], 0, true));
        assert_eq!((away.kind(), away.is_retryable()), (&Kind::INVALID, Some(false)));
    }

    #[test]
    fn a_failure_has_a_kind() {
        assert_eq!(ErrorValue::new(Kind::UNKNOWN, "m").into_failure().kind(), &Kind::INTERNAL);
        assert_eq!(ErrorValue::new(Kind::TIMEOUT, "m").into_failure().kind(), &Kind::TIMEOUT);
    }
}
