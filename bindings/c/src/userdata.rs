//! What a callback of C carries with it: a pointer, and the function that ends it.

use std::ffi::c_void;

/// Ends the life of a userdata; called exactly once, on any thread, after the last call of the function it came with, or
/// before the registering call returns when that fails.
pub type DropFn = Option<extern "C" fn(userdata: *mut c_void)>;

/// A userdata in the library's hands.
pub(crate) struct Userdata {
    pointer: *mut c_void,
    drop: DropFn,
}

// SAFETY: the header says that callbacks and drop functions are called on any thread; the pointer is only handed back.
unsafe impl Send for Userdata {}
// SAFETY: as above.
unsafe impl Sync for Userdata {}

impl Userdata {
    pub(crate) fn new(pointer: *mut c_void, drop: DropFn) -> Userdata {
        Userdata { pointer, drop }
    }

    /// The pointer, for handing it back to C.
    pub(crate) fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for Userdata {
    fn drop(&mut self) {
        if let Some(drop) = self.drop {
            drop(self.pointer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    extern "C" fn count(userdata: *mut c_void) {
        // SAFETY: the tests below pass a pointer to a `u32`.
        unsafe { *userdata.cast::<u32>() += 1 }
    }

    #[test]
    fn drop_runs_exactly_once() {
        let mut drops = 0u32;
        let userdata = Userdata::new((&raw mut drops).cast(), Some(count));
        let moved = userdata;
        assert_eq!(moved.pointer(), (&raw mut drops).cast());
        drop(moved);
        assert_eq!(drops, 1);
        drop(Userdata::new(std::ptr::null_mut(), None));
    }
}
