//! What a real browser makes of the page, led by Chromium's protocol over two pipes.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use serde_json::{Value, json};

use super::{page, start};
use crate::support::{Client, Gate, PATIENCE, until};

/// A browser with one page, gone with this value.
struct Browser {
    process: Child,
    folder: PathBuf,
    to: File,
    from: File,
    /// The beginning of the next message.
    rest: Vec<u8>,
    number: u64,
    session: Option<String>,
    /// What the page, or the browser of it, has complained of.
    complaints: Vec<Value>,
}

impl Browser {
    /// `None`: there is none on this machine.
    fn open(url: &str) -> Option<Self> {
        let chromium = Command::new("chromium").arg("--version").output();
        if !chromium.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let folder = std::env::temp_dir().join(format!("rr-it-dashboard-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let pipe = |name: &str| {
            let path = folder.join(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            path
        };
        let (to, from) = (pipe("to"), pipe("from"));
        let process = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<>to 4<>from", "sh", "--headless", "--no-sandbox", "--disable-gpu"])
            .args(["--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--remote-debugging-pipe", "--window-size=1280,900"])
            .arg(format!("--user-data-dir={}", folder.join("profile").display()))
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Both ways, so that nobody waits for the other one to open its end.
        let open = |path| OpenOptions::new().read(true).write(true).open(path).unwrap();
        let (to, from) = (open(to), open(from));
        let (rest, session, complaints) = (Vec::new(), None, Vec::new());
        let mut browser = Self { process, folder, to, from, rest, number: 0, session, complaints };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", attach);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Log", "Runtime"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.call("Page.navigate", json!({"url": url}));
        Some(browser)
    }

    /// Reads one message.
    fn hear(&mut self) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.rest.iter().position(|byte| *byte == 0) {
                let message: Vec<_> = self.rest.drain(..=at).take(at).collect();
                return serde_json::from_slice(&message).unwrap();
            }
            assert!(Instant::now() < end, "the browser says nothing");
            let mut buffer = [0; 65536];
            let length = self.from.read(&mut buffer).unwrap();
            self.rest.extend_from_slice(&buffer[..length]);
        }
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.number += 1;
        let mut message = json!({"id": self.number, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let mut message = self.hear();
            if message["id"] == self.number {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].take();
            }
            if ["Log.entryAdded", "Runtime.exceptionThrown"].contains(&message["method"].as_str().unwrap_or_default()) {
                self.complaints.push(message["params"].take());
            }
        }
    }

    /// The value of an expression in the page.
    fn value(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true});
        self.call("Runtime.evaluate", asked)["result"]["value"].take()
    }

    /// Waits until an expression is true in the page.
    #[track_caller]
    fn wait(&mut self, expression: &str) {
        let end = Instant::now() + PATIENCE;
        while self.value(expression) != json!(true) {
            assert!(Instant::now() < end, "in vain waited for {expression}: {}", self.value("document.body.innerText"));
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Presses a key, as a person does.
    fn press(&mut self, key: &str, code: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.call("Input.dispatchKeyEvent", event);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_browser_shows_the_server_and_reloads_it_by_keyboard() {
    let (gate, runs) = (Arc::new(Gate::default()), Arc::new(AtomicUsize::new(0)));
    let server = start(&gate, &runs, false);
    let Some(mut browser) = Browser::open(&format!("http://{}/", page(&server))) else {
        server.stop();
        return eprintln!("skipped: there is no chromium (Debian package chromium)");
    };
    let id = |id: &str| format!("document.getElementById('{id}')");
    browser.wait(&format!("{} && {0}.textContent === 'running'", id("stage")));
    browser.wait(&format!("{}.tBodies[0].rows.length === 2", id("workers")));
    let mut busy = Client::connect(server.address);
    busy.send("GET /slow?%3Cb%3Ex HTTP/1.1\r\nHost: test\r\n\r\n");
    gate.wait_for(1);
    browser.wait(&format!("{}.textContent.includes('GET /slow?%3Cb%3Ex')", id("workers")));
    browser.wait(&format!("{}.textContent === '1'", id("busy")));
    gate.open();
    assert_eq!(busy.response().status, 200);
    browser.wait(&format!("{}.textContent === '0'", id("busy")));
    browser.wait(&format!("{}.getAttribute('aria-label').includes('median')", id("heat")));
    // The heat map is read by keyboard.
    browser.value(&format!("{}.focus()", id("heat")));
    browser.press("ArrowUp", 38, "");
    browser.wait(&format!("/requests\\. Median/.test({}.textContent)", id("heat-cell")));
    // On a phone nothing is wider than the screen.
    let phone = json!({"width": 360, "height": 800, "deviceScaleFactor": 2, "mobile": true});
    browser.call("Emulation.setDeviceMetricsOverride", phone);
    browser.wait("innerWidth === 360 && document.documentElement.scrollWidth <= 360");
    // Escape is no; the first choice is no, too.
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    browser.value(&format!("{}.focus()", id("reload")));
    browser.press("Enter", 13, "\r");
    browser.wait(&format!("{}.open", id("ask")));
    browser.press("Escape", 27, "");
    browser.wait(&format!("!{}.open", id("ask")));
    browser.press("Enter", 13, "\r");
    browser.wait(&format!("{}.open && document.activeElement.value === 'no'", id("ask")));
    browser.press("Tab", 9, "");
    browser.wait("document.activeElement.value === 'yes'");
    assert_eq!(runs.load(Ordering::SeqCst), 2, "nothing was reloaded so far");
    browser.press("Enter", 13, "\r");
    browser.wait(&format!("{}.textContent === 'Reloaded.'", id("said")));
    assert_eq!(runs.load(Ordering::SeqCst), 4, "each worker was replaced");
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
    server.shut_down();
    until("the page has noticed", || browser.value(&format!("{}.textContent", id("stage"))) == json!("no connection"));
    drop(browser);
    assert!(matches!(server.outcome(), roadrunner::server::Outcome::Clean));
}
