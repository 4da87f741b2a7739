//! `kmsramcred exec`: runs a program that takes its AccessKey from the environment.
//!
//! In goes an order, and on success nothing comes out: the program takes this process's place (exec(2)), so that signals
//! and exit status are its own. It inherits no other identity. Its AccessKey stays as it is: a rotation that is announced
//! is told before.

use crate::access::{Fetched, NextRefresh, warn};
use crate::command_line::Exec;
use crate::exit_code::{CANNOT_RUN, NOT_FOUND};
use crate::failure::Failure;
use crate::identity_variables;
use kmsramcred::civil_time::format_utc;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Carries the order out; returns only where it could not.
pub(crate) fn run(order: &Exec) -> Result<(), Failure> {
    let [program, arguments @ ..] = order.command.as_slice() else {
        return Err(Failure::new(NOT_FOUND, "No program is named."));
    };
    let fetched = Fetched::new(&order.access)?;
    if let Some(next) = fetched.about()?.next_refresh {
        warn_of_the_end(&fetched, &next);
    }
    let mut command = Command::new(program);
    command.args(arguments);
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| identity_variables::names_an_identity(name)) {
        command.env_remove(name);
    }
    let credential = &fetched.credential;
    command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", credential.access_key_id());
    command.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", credential.access_key_secret());
    if let Some(token) = credential.security_token() {
        command.env("ALIBABA_CLOUD_SECURITY_TOKEN", token);
    }
    let error = command.exec();
    let code = if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { CANNOT_RUN };
    Err(Failure::new(code, format!("The program {} cannot be run: {error}.", program.display())))
}

/// The program cannot follow a rotation; whoever starts it should know when that will matter.
fn warn_of_the_end(fetched: &Fetched, next: &NextRefresh) {
    let name = fetched.secret.name();
    if let (Some(_), Some(end)) = (fetched.credential.security_token(), fetched.credential.not_after_unix_ms()) {
        warn(&format!("secret {name:?}: its key ends at {}; start the program again before.", format_utc(end)));
    } else if next.rotation_expected {
        warn(&format!(
            "secret {name:?}: a rotation is due; look for its new key in {:.0} s ({}), and start the program again then.",
            next.in_seconds.max(0.0),
            next.why
        ));
    }
}
