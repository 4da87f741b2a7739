//! Stage 1 of 8: one object in a list of gateways, member by member.
//!
//! In goes a JSON object, out come its members as texts, flags and files, or the one error that names the member. Knows no
//! sockets.

use super::endpoint::{self, Endpoint, is_label};
use super::named_file;
use super::process::Process;
use super::setting::{self, Setting};
use super::{json_value, shown, spelling};
use crate::error::Error;
use serde_json::{Map, Value};
use std::fs::File;
use std::path::{Path, PathBuf};

/// One element of a list.
pub(super) struct Element<'a> {
    pub(super) setting: &'a Setting,
    pub(super) index: usize,
    members: &'a Map<String, Value>,
}

/// The elements of a list; `allowed` is what the list may look like.
pub(super) fn each<T>(
    setting: &Setting,
    allowed: &str,
    mut read: impl FnMut(Element<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let value =
        json_value::read(setting.raw()).map_err(|error| setting.wrong(format!("no JSON ({error})"), allowed))?;
    let Value::Array(elements) = &*value else {
        return Err(setting.wrong(json_value::kind_of(&value), allowed));
    };
    if elements.is_empty() {
        return Err(setting.wrong("an empty list", allowed));
    }
    let element = |(index, element): (usize, &Value)| match element {
        Value::Object(members) => read(Element { setting, index, members }),
        other => Err(setting.wrong_member(&format!("[{index}]"), json_value::kind_of(other), "an object")),
    };
    elements.iter().enumerate().map(element).collect()
}

impl<'a> Element<'a> {
    fn place(&self, member: &str) -> String {
        format!("[{}].{member}", self.index)
    }

    /// Where a member stands, for errors about it that come later.
    pub(super) fn whole_place(&self, member: &str) -> String {
        format!("{}{} ({})", self.setting.key.name, self.place(member), self.setting.origin)
    }

    /// The error for a member.
    pub(super) fn wrong(&self, member: &str, found: impl std::fmt::Display, allowed: &str) -> Error {
        self.setting.wrong_member(&self.place(member), found, allowed)
    }

    /// A text; an empty one and `null` count as not set.
    pub(super) fn text(&self, member: &str, allowed: &str) -> Result<Option<&'a str>, Error> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(other) => Err(self.wrong(member, json_value::kind_of(other), allowed)),
        }
    }

    /// `true` or `false`, or a text that says so; nothing where it is not set.
    pub(super) fn flag(&self, member: &str) -> Result<Option<bool>, Error> {
        if let Some(Value::Bool(flag)) = self.members.get(member) {
            return Ok(Some(*flag));
        }
        let text = self.text(member, "true or false")?;
        let read = |text| setting::flag(text).ok_or_else(|| self.wrong(member, shown::value(text), "true or false"));
        text.map(read).transpose()
    }

    /// The region, which can be part of a host name.
    pub(super) fn region(&self) -> Result<&'a str, Error> {
        const REGION: &str = "a region such as cn-hangzhou: letters in lower case, digits and `-`";
        let region_id = self.text("regionId", REGION)?.ok_or_else(|| self.wrong("regionId", "nothing", REGION))?;
        if is_label(region_id) { Ok(region_id) } else { Err(self.wrong("regionId", shown::value(region_id), REGION)) }
    }

    /// The endpoint in a text.
    pub(super) fn endpoint(&self, host: &str) -> Result<Endpoint, Error> {
        Endpoint::gateway(host).ok_or_else(|| self.wrong("endpoint", shown::value(host), endpoint::GATEWAY))
    }

    /// Opens the file at a path, relative to the working directory; answers its absolute path too.
    pub(super) fn open(&self, member: &str, text: &str, process: &Process) -> Result<(PathBuf, File), Error> {
        named_file::open(Path::new(text), process, |found, allowed| self.wrong(member, found, allowed))
    }

    /// Tells of a gateway whose certificate is not checked.
    pub(super) fn notice_unchecked(&self, member: &str, endpoint: &Endpoint, notices: &mut Vec<String>) {
        notices.push(format!(
            "{}: the certificate of {} is not checked; whoever sits on the network can read and change what it says.",
            self.whole_place(member),
            endpoint.authority
        ));
    }

    /// Tells of members that mean nothing.
    pub(super) fn notice_members(&self, known: &[&str], without_effect: &[&str], notices: &mut Vec<String>) {
        for member in self.members.keys().map(String::as_str).filter(|member| !known.contains(member)) {
            if without_effect.contains(&member) {
                notices.push(format!("{} is accepted and has no effect.", self.whole_place(member)));
                continue;
            }
            let place = format!("{}[{}] ({})", self.setting.key.name, self.index, self.setting.origin);
            let name = shown::name(member).map(|name| format!(" `{name}`")).unwrap_or_default();
            let meant = spelling::nearest(member, known.iter().copied());
            let hint = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_else(|| ".".to_owned());
            notices.push(format!("{place}: unknown member{name}, ignored{hint}"));
        }
    }
}
