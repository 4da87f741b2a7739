//! Outputs: variables of the caller, and texts that a handle lends.

use crate::boundary::{Answer, Argument, Failure};
use crate::client::Stats;
use crate::error::Error;
use crate::handle::{Boxed, Handle, Owned};
use std::ffi::{CStr, c_char};
use std::marker::PhantomData;
use std::ptr::NonNull;

/// A variable of the caller for a plain value. NULL is refused; a failed call leaves it untouched.
#[repr(transparent)]
pub struct Out<'a, T>(Option<NonNull<T>>, PhantomData<&'a T>);

/// A variable of the caller that is there.
pub struct Variable<T>(NonNull<T>);

impl<T: Copy> Variable<T> {
    /// Writes it.
    pub(crate) fn set(&self, value: T) {
        // SAFETY: the header asks for a variable of this type; it may be uninitialised, so it is not read.
        unsafe { self.0.write(value) }
    }
}

impl Variable<Stats> {
    /// Reads the size that the caller has put into the first field; the rest may be uninitialised.
    pub(crate) fn struct_size(&self) -> usize {
        // SAFETY: the header asks the caller to set `struct_size`, the first field, before the call.
        unsafe { self.0.cast::<usize>().read() }
    }
}

impl<T> Argument for Out<'_, T> {
    type Inside = Variable<T>;
    fn accept(self, name: &'static str) -> Result<Variable<T>, Failure> {
        self.0.map(Variable).ok_or(Failure::NullArgument(name))
    }
}

/// A variable of the caller for a handle. NULL is refused; a failed call leaves NULL in it.
#[repr(transparent)]
pub struct HandleOut<'a, T: Handle>(Option<NonNull<Owned<T>>>, PhantomData<&'a T>);

/// A variable for a handle that is there.
pub struct HandleVariable<T: Handle>(NonNull<Owned<T>>);

impl<T: Handle> HandleVariable<T> {
    /// Hands the handle to the caller.
    pub(crate) fn give(&self, handle: Owned<T>) {
        // SAFETY: as in `Out`; what was in the variable is not dropped, it was the caller's.
        unsafe { self.0.write(handle) }
    }
}

impl<T: Handle> Argument for HandleOut<'_, T> {
    type Inside = HandleVariable<T>;
    fn reset(&self) {
        if let Some(variable) = self.0 {
            HandleVariable(variable).give(Owned::null());
        }
    }
    fn accept(self, name: &'static str) -> Result<HandleVariable<T>, Failure> {
        self.0.map(HandleVariable).ok_or(Failure::NullArgument(name))
    }
}

/// A variable of the caller for an error object, or NULL when the caller does not want one.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct ErrorOut(Option<NonNull<Owned<Error>>>);

impl ErrorOut {
    /// Hands an error to the caller, if it wants one.
    pub(crate) fn give(self, error: Error)
    where
        Error: Handle<Ownership = Boxed>,
    {
        if let Some(variable) = self.0 {
            HandleVariable(variable).give(Owned::boxed(error));
        }
    }
}

impl Argument for ErrorOut {
    type Inside = ErrorOut;
    fn reset(&self) {
        if let Some(variable) = self.0 {
            HandleVariable(variable).give(Owned::null());
        }
    }
    fn errors(&self) -> Option<ErrorOut> {
        Some(*self)
    }
    fn accept(self, _name: &'static str) -> Result<ErrorOut, Failure> {
        Ok(self)
    }
}

/// A variable of the caller for the length of a text, or NULL. It is 0 when the text is absent.
#[repr(transparent)]
pub struct LengthOut<'a>(Option<NonNull<usize>>, PhantomData<&'a usize>);

impl LengthOut<'_> {
    /// Writes it, if the caller wants it.
    pub(crate) fn set(&self, length: usize) {
        if let Some(variable) = self.0 {
            Variable(variable).set(length);
        }
    }
}

impl<'a> Argument for LengthOut<'a> {
    type Inside = LengthOut<'a>;
    fn reset(&self) {
        self.set(0);
    }
    fn accept(self, _name: &'static str) -> Result<LengthOut<'a>, Failure> {
        Ok(self)
    }
}

/// A buffer of the caller for a text; the capacity is the parameter after it.
#[repr(transparent)]
pub struct Buffer<'a>(*mut c_char, PhantomData<&'a mut [u8]>);

impl Buffer<'_> {
    /// A buffer with its capacity. `names` are those of the two parameters.
    ///
    /// # Safety
    /// Not NULL: points to `capacity` writable bytes.
    pub(crate) unsafe fn room(self, capacity: usize, names: [&'static str; 2]) -> Result<Room, Failure> {
        if self.0.is_null() && capacity > 0 {
            return Err(Failure::NullArgument(names[0]));
        }
        Ok(Room { start: self.0.cast(), capacity, name: names[1] })
    }

    /// Writes `json` and a NUL, and the length of the text to `length`; with capacity 0 the length only.
    ///
    /// # Safety
    /// As [`Buffer::room`].
    pub(crate) unsafe fn fill(self, capacity: usize, json: &str, length: &Variable<usize>) -> Result<(), Failure> {
        // SAFETY: passed on.
        let room = unsafe { self.room(capacity, ["json_out", "json_cap"]) }?;
        length.set(json.len());
        if capacity > 0 {
            room.check(json.len())?;
            room.write(json.as_bytes());
        }
        Ok(())
    }
}

/// A buffer of the caller and how much it holds; without capacity there need not be one.
pub struct Room {
    start: *mut u8,
    capacity: usize,
    name: &'static str,
}

impl Room {
    /// Whether a text of this length and a NUL have room.
    pub(crate) fn fits(&self, length: usize) -> bool {
        self.capacity > length
    }

    /// Says what is missing where they have no room.
    pub(crate) fn check(&self, length: usize) -> Result<(), Failure> {
        if self.fits(length) {
            return Ok(());
        }
        let wanted = format!("{} is {}; at least {} is needed", self.name, self.capacity, length + 1);
        Err(Failure::InvalidArgument(wanted))
    }

    /// Writes `text` and a NUL, where they have room.
    pub(crate) fn write(&self, text: &[u8]) {
        if self.fits(text.len()) {
            // SAFETY: `Buffer::room` was given `capacity` writable bytes, and the text and its NUL are no more.
            unsafe {
                self.start.copy_from_nonoverlapping(text.as_ptr(), text.len());
                self.start.add(text.len()).write(0);
            }
        }
    }
}

impl<'a> Argument for Buffer<'a> {
    type Inside = Buffer<'a>;
    fn accept(self, _name: &'static str) -> Result<Buffer<'a>, Failure> {
        Ok(self)
    }
}

/// A NUL-terminated text that a handle lends to the caller; never NULL, an absent text is empty.
#[repr(transparent)]
pub struct TextAnswer(*const c_char);

impl TextAnswer {
    /// Lends `text`, which lives in the handle that the getter was called with, and says its length.
    pub(crate) fn lend(text: &CStr, length: &LengthOut<'_>) -> TextAnswer {
        length.set(text.count_bytes());
        TextAnswer(text.as_ptr())
    }

    /// A text that lives as long as the process.
    pub(crate) fn constant(text: &'static CStr) -> TextAnswer {
        TextAnswer(text.as_ptr())
    }
}

impl Answer for TextAnswer {
    type Inside = TextAnswer;
    fn done(inside: TextAnswer) -> TextAnswer {
        inside
    }
    fn failed(_failure: &Failure) -> TextAnswer {
        TextAnswer::constant(c"")
    }
}
