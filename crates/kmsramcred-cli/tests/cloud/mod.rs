//! A cloud for one test: the emulator, a configuration file for it, and the tool that reads the file.
#![allow(dead_code, reason = "each test file uses its part of it")]

use kms_emulator::{Emulator, Options};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// The AccessKey that a secret holds in these tests.
pub const ID: &str = "LTAI5tRobotInTheTestWXYZ";
pub const SECRET: &str = "robot0Secret1Of2Thirty3Letters";

pub struct Cloud {
    pub emulator: Emulator,
    folder: PathBuf,
}

impl Cloud {
    /// With a secret of this name.
    pub fn with(name: &str) -> Cloud {
        let cloud = Cloud::start();
        cloud.secret(name, json!({}));
        cloud
    }

    /// Makes a secret that holds [`ID`] and [`SECRET`], and `more`.
    pub fn secret(&self, name: &str, more: Value) {
        let mut order = json!({ "name": name, "access_key_id": ID, "access_key_secret": SECRET });
        order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post("/secrets", order);
    }

    pub fn start() -> Cloud {
        static CLOUDS: AtomicU32 = AtomicU32::new(0);
        let number = CLOUDS.fetch_add(1, Ordering::SeqCst);
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("cloud-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let cloud = Cloud { emulator: Emulator::start(Options::default()), folder };
        let ready = cloud.emulator.ready();
        cloud.configure(&[
            ("credentials_access_key_id", &ready.access_key_id),
            ("credentials_access_secret", &ready.access_key_secret),
        ]);
        cloud
    }

    /// Does one thing on the control API; a refusal fails the test.
    pub fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.emulator.control("POST", path, body);
        assert!(answer.get("error").is_none(), "{path}: {answer}");
        answer
    }

    /// Writes the configuration: this cloud's, but for `settings`.
    pub fn configure(&self, settings: &[(&str, &str)]) {
        let ready = self.emulator.ready();
        let region = json!([{ "regionId": "cn-hangzhou", "endpoint": ready.kms_host, "caFilePath": ready.ca_path }]);
        let mut lines = vec![format!("cache_client_region_id={region}"), "credentials_type=ak".to_owned()];
        lines.extend(settings.iter().map(|(key, value)| format!("{key}={value}")));
        std::fs::write(self.config_path(), lines.join("\n") + "\n").unwrap();
    }

    /// The same with lines added to the configuration.
    pub fn configure_also(&self, settings: &[(&str, &str)]) {
        let ready = self.emulator.ready();
        let identity = [
            ("credentials_access_key_id", ready.access_key_id.as_str()),
            ("credentials_access_secret", ready.access_key_secret.as_str()),
        ];
        self.configure(&[&identity, settings].concat());
    }

    pub fn config_path(&self) -> PathBuf {
        self.folder.join("kms.properties")
    }

    /// A path in this cloud's own folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn kms_requests(&self) -> u64 {
        self.emulator.control("GET", "/counters", Value::Null)["kms"]["get_secret_value"].as_u64().expect("a counter")
    }

    /// The tool, with this cloud's configuration and nothing else in its environment.
    pub fn tool(&self, arguments: &[&str]) -> Command {
        let mut command = tool(arguments);
        command.env("KMSRAMCRED_CONFIG", self.config_path());
        command
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The tool with an empty environment, in a working directory without a configuration.
pub fn tool(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kmsramcred"));
    command.args(arguments).env_clear().env("PATH", "/usr/bin:/bin").current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

/// What a run left behind.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    pub fn of(command: &mut Command) -> Run {
        let Output { status, stdout, stderr } = command.output().expect("the tool starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Run { code: status.code(), out: text(stdout), err: text(stderr) }
    }

    /// The JSON of a run that went well.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
