//! The programs on stage: where they are, how they are started and what they report.

use crate::act::LENGTH;
use crate::emulator::Emulator;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::json;
use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Threads of each program.
pub(crate) const THREADS: usize = 32;

/// Loopback needs no proxy, and the programs shall have no other configuration than ours.
const UNWANTED: [&str; 7] =
    ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "KMSRAMCRED_CONFIG"];

/// Fails unless every package is there; prints which ones.
const PACKAGES: &str = "
import aliyunsdkcore, aliyunsdkecs, kmsramcred.acs
from importlib.metadata import version
print(', '.join(f'{name} {version(name)}' for name in ('kmsramcred', 'aliyun-python-sdk-core', 'aliyun-python-sdk-ecs')))
";

/// The path that `variable` names, else the one below the target directory.
pub(crate) fn beside_target(variable: &str, below: &str) -> Result<PathBuf> {
    let path = env::var_os(variable).map_or_else(|| repository().join("target").join(below), PathBuf::from);
    if !path.is_file() {
        bail!("there is no {} ({variable}); `make demo` builds it", path.display());
    }
    Ok(path)
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A program that calls a service from many threads.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    path: PathBuf,
    script: Option<PathBuf>,
    /// What it is made of, for the heading.
    pub(crate) parts: String,
}

impl Program {
    pub(crate) fn c() -> Result<Program> {
        let path = beside_target("KMSRAMCRED_DEMO_C", "c/examples/c/rotation_demo")?;
        Ok(Program { name: "C", path, script: None, parts: "libkmsramcred".to_owned() })
    }

    pub(crate) fn python() -> Result<Program> {
        let path = beside_target("KMSRAMCRED_DEMO_PYTHON", "venv/bin/python")?;
        let script = repository().join("examples/python/rotation_demo.py");
        let tried = Command::new(&path).args(["-c", PACKAGES]).output();
        let tried = tried.with_context(|| format!("{} cannot be started; `make demo` makes it", path.display()))?;
        if !tried.status.success() {
            let why = String::from_utf8_lossy(&tried.stderr);
            let why = why.lines().last().unwrap_or("no reason given");
            bail!("{} lacks a package ({why}); `make demo` installs them", path.display());
        }
        let parts = String::from_utf8_lossy(&tried.stdout).trim().to_owned();
        Ok(Program { name: "Python", path, script: Some(script), parts })
    }

    /// Starts it for one act; `name` is that of its secret and `host` that of its service.
    pub(crate) fn start(&self, stage: &Stage, name: &str, host: &str) -> Result<Run> {
        let complaints = stage.directory.join(format!("{name}.log"));
        let mut command = Command::new(&self.path);
        for variable in UNWANTED {
            command.env_remove(variable);
        }
        let process = command
            .args(&self.script)
            .arg(&stage.config)
            .args([name, host, &THREADS.to_string(), &LENGTH.as_secs().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&complaints)?)
            .spawn()
            .with_context(|| format!("{} cannot be started; `make demo` builds it", self.path.display()))?;
        Ok(Run { process, complaints })
    }
}

/// What the programs of all acts share. It lies in the emulator's own directory, which goes with the emulator.
pub(crate) struct Stage {
    directory: PathBuf,
    config: PathBuf,
}

impl Stage {
    /// Writes the configuration, for its owner only.
    pub(crate) fn prepare(emulator: &Emulator) -> Result<Stage> {
        let ready = &emulator.ready;
        let directory = ready.ca_path.parent().context("the CA file is in no directory")?.to_owned();
        let config = directory.join("managed_credentials_providers.properties");
        let region = json!([{"regionId": "cn-hangzhou", "endpoint": ready.kms_host, "caFilePath": ready.ca_path}]);
        let (id, secret) = (&ready.access_key_id, &ready.access_key_secret);
        let text = format!(
            "credentials_type=ak\ncredentials_access_key_id={id}\ncredentials_access_secret={secret}\n\
             cache_client_region_id={region}\n"
        );
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&config)?.write_all(text.as_bytes())?;
        Ok(Stage { directory, config })
    }
}

/// What a program counted.
#[derive(Debug, Default, Clone, Deserialize)]
pub(crate) struct Report {
    pub(crate) calls: u64,
    pub(crate) failed: u64,
    pub(crate) healed: u64,
    pub(crate) slowest_ms: u64,
    pub(crate) slowest_at_rotation_ms: u64,
}

/// A program that runs. It is killed if the demo loses interest.
pub(crate) struct Run {
    process: Child,
    complaints: PathBuf,
}

impl Run {
    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.process.try_wait()?.is_some())
    }

    /// Ends it if need be, and reads what it reported; `Err` says why there is nothing to read.
    pub(crate) fn report(&mut self) -> Result<Report, String> {
        let _ = self.process.kill();
        let status = self.process.wait().map_err(|error| error.to_string())?;
        let mut line = String::new();
        if let Some(output) = &mut self.process.stdout {
            let _ = output.read_to_string(&mut line);
        }
        serde_json::from_str(&line).map_err(|_| match self.complaint() {
            Some(complaint) => format!("ended with {status}: {complaint}"),
            None => format!("ended with {status} and no report"),
        })
    }

    /// The last thing that it wrote to standard error.
    pub(crate) fn complaint(&self) -> Option<String> {
        let text = fs::read_to_string(&self.complaints).ok()?;
        text.lines().rfind(|line| !line.trim().is_empty()).map(str::to_owned)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
