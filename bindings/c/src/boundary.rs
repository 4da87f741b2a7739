//! The one macro that defines an export, and what every export does before and after its own work.
//!
//! In this order: outputs that own something are set to NULL and lengths to 0; arguments are checked; the body runs
//! inside an unwind guard; a failure becomes the answer of its type and, where the caller asked, an error object.

use crate::error::Error;
use crate::handle::{Handle, Owned};
use crate::out::ErrorOut;
use crate::status;
use crate::status::Status;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// Why a call could not be answered.
pub enum Failure {
    /// The named argument was NULL.
    NullArgument(&'static str),
    /// The named argument is not UTF-8.
    InvalidUtf8(&'static str),
    /// An argument cannot be used; the text says which and why.
    InvalidArgument(String),
    /// The library panicked.
    Panic,
    /// The core said so.
    Core(kmsramcred::Error),
}

impl Failure {
    /// The number of this failure.
    pub fn status(&self) -> i32 {
        match self {
            Failure::NullArgument(_) => status::KMSRAMCRED_ERR_NULL_ARGUMENT,
            Failure::InvalidUtf8(_) => status::KMSRAMCRED_ERR_INVALID_UTF8,
            Failure::InvalidArgument(_) => status::KMSRAMCRED_ERR_INVALID_ARGUMENT,
            Failure::Panic => status::KMSRAMCRED_ERR_INTERNAL,
            Failure::Core(error) => error.kind().status(),
        }
    }
}

impl From<kmsramcred::Error> for Failure {
    fn from(error: kmsramcred::Error) -> Failure {
        Failure::Core(error)
    }
}

/// A parameter of an export.
pub trait Argument: Sized {
    /// What the body gets.
    type Inside;
    /// Prepares an output, before anything can fail.
    fn reset(&self) {}
    /// Where an error object goes, if this is the parameter for it.
    fn errors(&self) -> Option<ErrorOut> {
        None
    }
    /// Checks it; `name` is the parameter's name in the header.
    fn accept(self, name: &'static str) -> Result<Self::Inside, Failure>;
}

/// A parameter that the body checks itself, because it must first look after another one.
#[repr(transparent)]
pub struct Unchecked<A>(A);

impl<A: Argument> Unchecked<A> {
    /// Checks it.
    pub(crate) fn check(self, name: &'static str) -> Result<A::Inside, Failure> {
        self.0.accept(name)
    }
}

impl<A: Argument> Argument for Unchecked<A> {
    type Inside = Unchecked<A>;
    fn reset(&self) {
        self.0.reset();
    }
    fn accept(self, _name: &'static str) -> Result<Unchecked<A>, Failure> {
        Ok(self)
    }
}

/// Parameters that are taken as they are.
macro_rules! plain_argument {
    ($($kind:ty),*) => {$(
        impl Argument for $kind {
            type Inside = $kind;
            fn accept(self, _name: &'static str) -> Result<$kind, Failure> {
                Ok(self)
            }
        }
    )*};
}
plain_argument!(i32, u32, u64, usize, Status, *mut std::ffi::c_void, crate::userdata::DropFn);

/// What an export gives back.
pub trait Answer {
    /// What the body gives back.
    type Inside;
    /// The answer of a call that went well.
    fn done(inside: Self::Inside) -> Self;
    /// The answer of a call that failed.
    fn failed(failure: &Failure) -> Self;
}

impl Answer for Status {
    type Inside = ();
    fn done((): ()) -> Status {
        Status(status::KMSRAMCRED_OK)
    }
    fn failed(failure: &Failure) -> Status {
        Status(failure.status())
    }
}

impl<T: Handle> Answer for Owned<T> {
    type Inside = Owned<T>;
    fn done(inside: Owned<T>) -> Owned<T> {
        inside
    }
    fn failed(_failure: &Failure) -> Owned<T> {
        Owned::null()
    }
}

/// Answers that are taken as they are; their default stands for a failure.
macro_rules! plain_answer {
    ($($kind:ty),*) => {$(
        impl Answer for $kind {
            type Inside = $kind;
            fn done(inside: $kind) -> $kind {
                inside
            }
            fn failed(_failure: &Failure) -> $kind {
                Default::default()
            }
        }
    )*};
}
plain_answer!((), bool, i32, u32, u64, i64, usize);

/// Defines an export. Inside the body every parameter is what `Argument::accept` made of it.
///
/// Written with round brackets, because rustfmt formats an item inside those.
macro_rules! export {
    ($(#[$attribute:meta])* fn $name:ident($($argument:ident: $kind:ty),* $(,)?) $body:block) => {
        export!($(#[$attribute])* fn $name($($argument: $kind),*) -> () $body);
    };
    ($(#[$attribute:meta])* fn $name:ident($($argument:ident: $kind:ty),* $(,)?) -> $answer:ty $body:block) => {
        $(#[$attribute])*
        #[unsafe(no_mangle)]
        #[allow(clippy::unused_unit)]
        pub extern "C" fn $name($($argument: $kind),*) -> $answer {
            $($crate::boundary::Argument::reset(&$argument);)*
            let errors = None$(.or($crate::boundary::Argument::errors(&$argument)))*;
            $crate::boundary::enter(errors, move || {
                $(#[allow(unused_variables)] let $argument = $crate::boundary::Argument::accept($argument, stringify!($argument))?;)*
                $body
            })
        }
    };
}

/// Runs the body of an export.
pub(crate) fn enter<A: Answer>(
    errors: Option<ErrorOut>,
    body: impl FnOnce() -> Result<<A as Answer>::Inside, Failure>,
) -> A {
    let body = || {
        #[cfg(feature = "testing")]
        crate::testing::panic_if_asked();
        body()
    };
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(inside)) => A::done(inside),
        Ok(Err(failure)) => refuse(errors, failure),
        Err(payload) => {
            // The payload is somebody's value: its own drop could panic, and that would unwind into C.
            std::mem::forget(payload);
            refuse(errors, Failure::Panic)
        }
    }
}

#[cold]
fn refuse<A: Answer>(errors: Option<ErrorOut>, failure: Failure) -> A {
    let answer = A::failed(&failure);
    if let Some(errors) = errors {
        errors.give(Error::from(failure));
    }
    answer
}

/// Keeps what a panic says off standard error: its message may quote the text it stumbled over.
///
/// The hook belongs to this library's own copy of the Rust runtime, not to the host's.
pub(crate) fn silence_panics() {
    static ONCE: Once = Once::new();
    if !cfg!(feature = "testing") {
        ONCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    }
}
