//! Handles: how C owns and borrows a Rust value.

use crate::boundary::{Argument, Failure};
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

/// A type that C sees as an opaque handle.
pub trait Handle: Sized {
    /// [`Boxed`] or [`Shared`].
    type Ownership: Ownership<Self>;
}

/// C owns the value alone.
pub enum Boxed {}

/// C owns one counted reference.
pub enum Shared {}

/// How the ownership that C holds comes to its end.
pub trait Ownership<T> {
    /// Ends it.
    ///
    /// # Safety
    /// `pointer` came from an [`Owned`] of the same ownership, and this is its last use.
    unsafe fn end(pointer: NonNull<T>);
}

impl<T> Ownership<T> for Boxed {
    unsafe fn end(pointer: NonNull<T>) {
        // SAFETY: `Owned::boxed` is the only maker of a pointer of this ownership.
        drop(unsafe { Box::from_raw(pointer.as_ptr()) });
    }
}

impl<T> Ownership<T> for Shared {
    unsafe fn end(pointer: NonNull<T>) {
        // SAFETY: `Owned::shared` and `Owned::another` are the only makers of a pointer of this ownership.
        drop(unsafe { Arc::from_raw(pointer.as_ptr()) });
    }
}

/// A pointer that owns what it points to, or NULL. Given to C it is C's; coming back from C it ends here.
///
/// The way a handle is owned belongs to its type, so that it can be made and ended in one way only:
///
/// ```compile_fail
/// use kmsramcred_c::{Owned, credential::Credential};
/// fn wrong(credential: Credential) -> Owned<Credential> {
///     Owned::boxed(credential)
/// }
/// ```
#[repr(transparent)]
pub struct Owned<T: Handle>(Option<NonNull<T>>);

impl<T: Handle> Owned<T> {
    /// NULL.
    pub(crate) fn null() -> Owned<T> {
        Owned(None)
    }

    fn counted(pointer: NonNull<T>) -> Owned<T> {
        #[cfg(feature = "testing")]
        crate::testing::handle_made();
        Owned(Some(pointer))
    }
}

impl<T: Handle<Ownership = Boxed>> Owned<T> {
    /// Hands over a value.
    pub fn boxed(value: T) -> Owned<T> {
        Owned::counted(NonNull::from(Box::leak(Box::new(value))))
    }
}

impl<T: Handle<Ownership = Shared>> Owned<T> {
    /// Hands over a counted reference.
    pub fn shared(value: Arc<T>) -> Owned<T> {
        // SAFETY: `Arc::into_raw` never gives NULL.
        Owned::counted(unsafe { NonNull::new_unchecked(Arc::into_raw(value).cast_mut()) })
    }

    /// Hands over one more counted reference to what C lent.
    pub fn another(lent: Lent<'_, T>) -> Owned<T> {
        // SAFETY: C lends what an `Owned` of this ownership gave it, so the count is at least one.
        unsafe { Arc::increment_strong_count(lent.0.as_ptr()) };
        Owned::counted(lent.0)
    }
}

impl<T: Handle> Drop for Owned<T> {
    fn drop(&mut self) {
        if let Some(pointer) = self.0 {
            #[cfg(feature = "testing")]
            crate::testing::handle_ended();
            // SAFETY: the pointer came from `counted`, directly or through C, which gives it back once.
            unsafe { T::Ownership::end(pointer) }
        }
    }
}

impl<T: Handle> Argument for Owned<T> {
    type Inside = Owned<T>;
    fn accept(self, _name: &'static str) -> Result<Owned<T>, Failure> {
        Ok(self)
    }
}

/// A handle that C lends for the time of the call: `const T *`.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct In<'a, T: Handle>(Option<NonNull<T>>, PhantomData<&'a T>);

/// A handle that C has lent and that is not NULL.
pub struct Lent<'a, T: Handle>(NonNull<T>, PhantomData<&'a T>);

impl<T: Handle> Deref for Lent<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the header asks for a live handle of this type, shared for the time of the call.
        unsafe { self.0.as_ref() }
    }
}

impl<'a, T: Handle> Argument for In<'a, T> {
    type Inside = Lent<'a, T>;
    fn accept(self, name: &'static str) -> Result<Lent<'a, T>, Failure> {
        self.0.map(|pointer| Lent(pointer, PhantomData)).ok_or(Failure::NullArgument(name))
    }
}

/// A handle that C lends for the time of the call and that the call changes: `T *`.
#[repr(transparent)]
pub struct Unique<'a, T: Handle>(Option<NonNull<T>>, PhantomData<&'a mut T>);

impl<'a, T: Handle> Argument for Unique<'a, T> {
    type Inside = &'a mut T;
    fn accept(self, name: &'static str) -> Result<&'a mut T, Failure> {
        // SAFETY: the header asks for a live handle of this type, used by one thread at a time.
        self.0.map(|mut pointer| unsafe { pointer.as_mut() }).ok_or(Failure::NullArgument(name))
    }
}
