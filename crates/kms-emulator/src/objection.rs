//! What the control API says when an order cannot be carried out.

use serde_json::{Value, json};

/// An error of the control API: what was found, and what is allowed.
#[derive(Debug)]
pub(crate) struct Objection {
    pub(crate) status: u16,
    error: String,
    allowed: Option<Value>,
}

impl Objection {
    /// A bad order.
    pub(crate) fn new(error: impl Into<String>) -> Self {
        Self { status: 400, error: error.into(), allowed: None }
    }

    /// A field with a value that is not allowed.
    pub(crate) fn invalid(field: &str, found: &str, allowed: &str) -> Self {
        Self::new(format!("{field} is {found:?}, which is not allowed")).allowing(allowed.into())
    }

    /// A name that leads nowhere, with the names that would.
    pub(crate) fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a String>) -> Self {
        let known = known.map(|name| name.as_str().into()).collect::<Vec<Value>>();
        Self { status: 404, ..Self::new(format!("there is no {what} {name:?}")) }.allowing(known.into())
    }

    /// Something of that name exists.
    pub(crate) fn taken(what: &str, name: &str) -> Self {
        Self { status: 409, ..Self::new(format!("there is a {what} {name:?} already")) }
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn allowing(mut self, allowed: Value) -> Self {
        self.allowed = Some(allowed);
        self
    }

    pub(crate) fn document(&self) -> Value {
        match &self.allowed {
            Some(allowed) => json!({"error": self.error, "allowed": allowed}),
            None => json!({"error": self.error}),
        }
    }
}
