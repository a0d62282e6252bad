//! The methods of service `service`, with RoadRunner's names and shapes.

use std::{collections::BTreeMap, fs, time::Duration};

use prost::Message;
use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};

use super::{Config, Remote, ServiceError, Status};
use crate::rpc::{Fault, Methods};

/// Ticks of the clock by which the system counts processor time (`USER_HZ`).
const TICKS: f64 = 100.0;
/// Most processes of one service.
const MOST: i64 = 1000;

/// A service to be. Times are seconds.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
struct Create {
    #[prost(string, tag = "1")]
    name: String,
    /// Its command line, which is split as a shell splits it.
    #[prost(string, tag = "2")]
    command: String,
    #[prost(int64, tag = "3")]
    process_num: i64,
    #[prost(int64, tag = "4")]
    exec_timeout: i64,
    #[prost(bool, tag = "5")]
    remain_after_exit: bool,
    #[prost(btree_map = "string, string", tag = "6")]
    env: BTreeMap<String, String>,
    #[prost(uint64, tag = "7")]
    restart_sec: u64,
    #[prost(bool, tag = "8")]
    service_name_in_logs: bool,
    #[prost(uint64, tag = "9")]
    timeout_stop_sec: u64,
}

/// The name of a service.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
struct Name {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
struct Done {
    #[prost(string, tag = "1")]
    message: String,
    #[prost(bool, tag = "2")]
    ok: bool,
}

#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
struct List {
    #[prost(string, repeated, tag = "1")]
    services: Vec<String>,
}

#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
struct Shown {
    #[prost(message, repeated, tag = "1")]
    status: Vec<One>,
}

/// One process.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
struct One {
    /// Percent of one core over its life.
    #[prost(float, tag = "1")]
    cpu_percent: f32,
    /// 0: there is none at the moment.
    #[prost(int32, tag = "2")]
    pid: i32,
    /// Bytes that it has in memory.
    #[prost(uint64, tag = "3")]
    memory_usage: u64,
    #[prost(string, tag = "4")]
    command: String,
    /// Why there is nothing to tell, if there is not.
    #[prost(message, optional, tag = "5")]
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Problem>,
}

#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
struct Problem {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

// === impl Create ===

impl Create {
    fn config(self) -> Result<Config, Fault> {
        let name = self.name;
        let wrong = |what: &str| Fault::new(format!("service {name}: {what}"));
        if name.is_empty() {
            return Err(Fault::new("a service must have a name"));
        }
        let command = shlex::split(&self.command).filter(|words| !words.is_empty());
        let command = command.ok_or_else(|| wrong("its command must be words, as a shell has them"))?;
        if !(1..=MOST).contains(&self.process_num) {
            return Err(wrong(&format!("process_num must be 1 to {MOST}, {} given", self.process_num)));
        }
        let exec_timeout = u64::try_from(self.exec_timeout).map_err(|_| wrong("exec_timeout must not be negative"))?;
        if self.env.keys().any(|key| key.is_empty() || key.contains(['=', '\0'])) {
            return Err(wrong("a name in env must not be empty, nor have \"=\" in it"));
        }
        let seconds = |seconds: u64| (seconds > 0).then(|| Duration::from_secs(seconds));
        let mut config = Config::new(&name, &[]);
        config.command = command;
        config.processes = usize::try_from(self.process_num).unwrap_or(1);
        config.exec_timeout = seconds(exec_timeout);
        config.restart = self.remain_after_exit;
        config.restart_pause = seconds(self.restart_sec).unwrap_or(config.restart_pause);
        config.stop_timeout = seconds(self.timeout_stop_sec).unwrap_or(config.stop_timeout);
        config.name_in_log = self.service_name_in_logs;
        config.env = self.env.into_iter().map(|(key, value)| (key.to_uppercase(), value)).collect();
        Ok(config)
    }
}

// === impl One ===

impl From<Status> for One {
    fn from(status: Status) -> Self {
        let command = status.command.join(" ");
        let measured = status.pid.and_then(|pid| measure(pid).map(|measured| (pid, measured)));
        let Some((pid, (cpu_percent, memory_usage))) = measured else {
            let problem = Problem { code: 0, message: "process is not running".to_owned() };
            return Self { command, status: Some(problem), ..Self::default() };
        };
        Self { cpu_percent, pid: pid.cast_signed(), memory_usage, command, status: None }
    }
}

/// Percent of a core over the life of a process, and its bytes in memory.
fn measure(pid: u32) -> Option<(f32, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    // The name, in parentheses, may have spaces. The first field behind it is the third of all.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
    let life = (uptime - number(22)? / TICKS).max(0.01);
    let cpu = (number(14)? + number(15)?) / TICKS / life * 100.0;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes: u64 = memory.and_then(|memory| memory.split_whitespace().next()?.parse().ok()).unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, reason = "a percentage")]
    Some((cpu as f32, kibibytes * 1024))
}

impl From<ServiceError> for Fault {
    fn from(error: ServiceError) -> Self {
        Self::new(error.to_string())
    }
}

fn done((): ()) -> Done {
    Done { message: String::new(), ok: true }
}

// === impl Methods ===

/// An argument that does not matter.
#[derive(Clone, PartialEq, Message)]
struct Anything {}

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self {})
    }
}

impl Methods {
    /// Adds what acts on side processes.
    pub fn service(&mut self, services: &Remote) {
        let with = || services.clone();
        let services = with();
        self.register_message_waiting("service.Create", move |create: Create| {
            Ok(done(services.create(create.config()?)?))
        });
        let services = with();
        self.register_message_waiting("service.Terminate", move |Name { name }| Ok(done(services.terminate(&name)?)));
        let services = with();
        self.register_message_waiting("service.Restart", move |Name { name }| Ok(done(services.restart(&name)?)));
        let services = with();
        self.register_message_waiting("service.Statuses", move |Name { name }| {
            Ok(Shown { status: services.of(&name)?.into_iter().map(One::from).collect() })
        });
        let services = with();
        self.register_message_waiting("service.Status", move |Name { name }| {
            // The last one, as in RoadRunner.
            let one = services.of(&name)?.pop().map(One::from).unwrap_or_default();
            match one.status {
                Some(problem) => Err(Fault::new(problem.message)),
                None => Ok(one),
            }
        });
        let services = with();
        self.register_message("service.List", move |_: Anything| {
            let mut names: Vec<_> = services.list().into_iter().map(|status| status.service).collect();
            names.dedup();
            Ok(List { services: names })
        });
    }
}
