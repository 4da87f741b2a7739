//! Texts from C: pointer and length, no NUL needed.

use crate::boundary::{Argument, Failure};
use std::ffi::c_char;
use std::marker::PhantomData;

/// No text that anybody means is longer; a length beyond it is a mistake of the caller.
pub(crate) const LONGEST: usize = 1 << 20;

/// The pointer half of a text; the length is the parameter after it.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Text<'a>(*const c_char, PhantomData<&'a [u8]>);

impl<'a> Text<'a> {
    /// A text that is no parameter of its own.
    pub(crate) fn at(pointer: *const c_char) -> Text<'a> {
        Text(pointer, PhantomData)
    }

    /// Whether the caller passed no text at all.
    pub(crate) fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// The bytes. NULL stands for an empty text when the length is 0; a NUL inside is refused.
    ///
    /// # Safety
    /// Not NULL: points to `length` readable bytes that stay unchanged during the call.
    pub(crate) unsafe fn bytes(self, length: usize, name: &'static str) -> Result<&'a [u8], Failure> {
        if length == 0 {
            return Ok(&[]);
        }
        if self.0.is_null() {
            return Err(Failure::NullArgument(name));
        }
        if length > LONGEST {
            let limit = format!("{name} has a length of {length} bytes; at most {LONGEST} are allowed");
            return Err(Failure::InvalidArgument(limit));
        }
        // SAFETY: not NULL, and the caller of this function vouches for the bytes.
        let bytes = unsafe { std::slice::from_raw_parts(self.0.cast::<u8>(), length) };
        match bytes.iter().position(|byte| *byte == 0) {
            Some(at) => Err(Failure::InvalidArgument(format!("{name} holds a NUL at byte {at}"))),
            None => Ok(bytes),
        }
    }

    /// The same, as UTF-8.
    ///
    /// # Safety
    /// As [`Text::bytes`].
    pub(crate) unsafe fn utf8(self, length: usize, name: &'static str) -> Result<&'a str, Failure> {
        // SAFETY: passed on.
        let bytes = unsafe { self.bytes(length, name) }?;
        std::str::from_utf8(bytes).map_err(|_| Failure::InvalidUtf8(name))
    }

    /// The same; NULL is refused even with length 0.
    ///
    /// # Safety
    /// As [`Text::bytes`].
    pub(crate) unsafe fn required(self, length: usize, name: &'static str) -> Result<&'a str, Failure> {
        if self.is_null() {
            return Err(Failure::NullArgument(name));
        }
        // SAFETY: passed on.
        unsafe { self.utf8(length, name) }
    }

    /// The same; `None` when the caller passed no text at all.
    ///
    /// # Safety
    /// As [`Text::bytes`].
    pub(crate) unsafe fn optional(self, length: usize, name: &'static str) -> Result<Option<&'a str>, Failure> {
        if self.is_null() && length == 0 {
            return Ok(None);
        }
        // SAFETY: passed on.
        unsafe { self.utf8(length, name) }.map(Some)
    }
}

impl<'a> Argument for Text<'a> {
    type Inside = Text<'a>;
    fn accept(self, _name: &'static str) -> Result<Text<'a>, Failure> {
        Ok(self)
    }
}
