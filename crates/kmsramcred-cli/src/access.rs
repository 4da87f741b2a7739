//! From an order to a secret's credential.
//!
//! In go a name, a configuration file and a time limit, out comes the credential, fetched once, with what the library
//! knows of it. What the configuration says in vain or at a risk goes to standard error. Prints no secret.

use crate::command_line::{Access, Way};
use crate::exit_code;
use crate::failure::Failure;
use kmsramcred::{Client, Config, Credential, Secret};
use serde::Deserialize;
use std::io::{self, Write};

/// A secret, and the credential that was fetched for this order.
pub(crate) struct Fetched {
    pub(crate) secret: Secret,
    pub(crate) credential: Credential,
}

impl Fetched {
    /// Fetches.
    pub(crate) fn new(access: &Access) -> Result<Fetched, Failure> {
        let client = Client::new(config(&access.way)?)?;
        tell_notices(&client)?;
        let secret = client.secret(&access.name)?;
        let credential = secret.credential(client.fetch_budget())?;
        Ok(Fetched { secret, credential })
    }

    /// What the library says about the secret.
    pub(crate) fn about(&self) -> Result<About, Failure> {
        read(&self.secret.explain())
    }
}

/// The part of a secret's `explain` that is told on.
#[derive(Debug, Deserialize)]
pub(crate) struct About {
    pub(crate) current: Option<Current>,
    pub(crate) next_refresh: Option<NextRefresh>,
}

/// The value in use.
#[derive(Debug, Deserialize)]
pub(crate) struct Current {
    pub(crate) access_key_id: String,
    pub(crate) user_name: Option<String>,
}

/// When a program that went on running would look for a new value.
#[derive(Debug, Deserialize)]
pub(crate) struct NextRefresh {
    pub(crate) in_seconds: f64,
    pub(crate) why: String,
    pub(crate) rotation_expected: bool,
}

/// The configuration, as the library reads it, for one fetch.
pub(crate) fn config(way: &Way) -> Result<Config, Failure> {
    Ok(Config::from_file(way.config.as_deref())?.for_one_fetch(way.timeout))
}

/// Says on standard error what the configuration says in vain or at a risk.
fn tell_notices(client: &Client) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Noticed {
        notices: Vec<String>,
    }
    let noticed: Noticed = read(&client.explain())?;
    for notice in noticed.notices {
        warn(&format!("configuration: {notice}"));
    }
    Ok(())
}

/// Tells the user what does not stop the order. Where standard error is closed there is nobody to tell.
pub(crate) fn warn(what: &str) {
    let _ = writeln!(io::stderr(), "kmsramcred: warning: {what}");
}

fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Failure> {
    serde_json::from_str(json).map_err(|error| {
        Failure::new(exit_code::INTERNAL, format!("The library's explanation cannot be read: {error}."))
    })
}
