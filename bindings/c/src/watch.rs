//! Being told instead of asking.

use crate::boundary::{Argument, Failure, Unchecked};
use crate::handle::{Boxed, Handle, In, Owned};
use crate::out::{ErrorOut, HandleOut};
use crate::secret::Secret;
use crate::status::{KMSRAMCRED_OK, Status};
use crate::userdata::{DropFn, Userdata};
use kmsramcred::ErrorKind;
use std::ffi::c_void;

/// A registered watch of a secret.
///
/// Threads: any thread, any time; `kmsramcred_watch_free` must be the last use. A forked child inherits the handle, to be freed,
/// but not the watch: there neither its function nor its `drop` is called.
pub struct Watch {
    _registered: kmsramcred::Watch,
}

impl Handle for Watch {
    type Ownership = Boxed;
}

/// Told of a new value (`status` KMSRAMCRED_OK) and of a failed fetch (`status` says why). `generation` is the secret's
/// generation after the event. Runs on a thread of the library with no lock held; it must not block for long, throw or jump
/// out; it may call any function except `close` and `free` of the client and the secret it watches.
pub type WatchFn = Option<extern "C" fn(userdata: *mut c_void, generation: u64, status: Status)>;

impl Argument for WatchFn {
    type Inside = WatchFn;
    fn accept(self, _name: &'static str) -> Result<WatchFn, Failure> {
        Ok(self)
    }
}

export!(
    /// Calls `watch` on every new value and every failed fetch of the secret, until the watch is freed. A secret may have any
    /// number of watches.
    ///
    /// NULL: `secret`, `watch` and `watch_out` must not be NULL; `userdata`, `drop` and `error_out` may be.
    /// Ownership: `userdata` goes to the library whatever the outcome; `drop` ends it exactly once. `*watch_out` is the
    /// caller's, to be ended with `kmsramcred_watch_free`; NULL after a failure. `*error_out` is NULL on success, else the
    /// caller's.
    /// Threads: any.
    #[must_use]
    fn kmsramcred_secret_watch(
        secret: Unchecked<In<Secret>>,
        watch: WatchFn,
        userdata: *mut c_void,
        drop: DropFn,
        watch_out: Unchecked<HandleOut<Watch>>,
        error_out: ErrorOut,
    ) -> Status {
        let userdata = Userdata::new(userdata, drop);
        let secret = secret.check("secret")?;
        let function = watch.ok_or(Failure::NullArgument("watch"))?;
        let watch_out = watch_out.check("watch_out")?;
        if secret.0.client().is_closed() {
            return Err(kmsramcred::Error::new(ErrorKind::Closed, "The client was closed.").into());
        }
        let watch = secret.0.watch(move |event| {
            let status = event.error.as_ref().map_or(KMSRAMCRED_OK, |error| error.kind().status());
            function(userdata.pointer(), event.generation, Status(status));
        });
        watch_out.give(Owned::boxed(Watch { _registered: watch }));
        Ok(())
    }
);

export!(
    /// Ends a watch. When this has returned its function neither runs nor starts again, and its `drop` has run; called from
    /// inside that function, it returns at once and `drop` runs after the function has returned.
    ///
    /// NULL: does nothing.
    /// Threads: any; no other use of `watch` at the same time or later.
    fn kmsramcred_watch_free(watch: Owned<Watch>) {
        drop(watch);
        Ok(())
    }
);
