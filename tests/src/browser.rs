//! A headless Chromium, driven by its `DevTools` protocol through a pipe.

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long an answer, or something on a page, is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a page is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// A browser with one page. Killed when dropped.
#[derive(Debug)]
pub struct Browser {
    process: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    last: u64,
    session: Option<String>,
    _profile: TempDir,
}

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Look {
    /// A wide window.
    Desk,
    /// 360 pixels of a phone.
    Phone,
}

impl Browser {
    /// Whether there is one: `ZB_TEST_CHROMIUM`, or `chromium` among the programs.
    pub fn is_there() -> bool {
        let mut version = Command::new(program());
        version.arg("--version").stdout(Stdio::null());
        version
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// Starts it, with an empty page.
    pub fn start() -> Self {
        let profile = TempDir::with_prefix("zb-browser-").expect("a temporary directory");
        // It wants to be told what to do on 3, and answers on 4.
        let script = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;
        let mut process = Command::new("/bin/sh")
            .args(["-c", script])
            .arg(program())
            .args([
                "--headless=new",
                "--remote-debugging-pipe",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                // There is one page, of our own; root may start nothing else.
                "--no-sandbox",
                "--no-proxy-server",
                "--force-color-profile=srgb",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell can be started");
        let commands = process.stdin.take().expect("stdin is piped");
        let mut answers = BufReader::new(process.stdout.take().expect("stdout is piped"));
        let (sender, messages) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            while answers.read_until(0, &mut bytes).is_ok_and(|n| n > 0) {
                bytes.pop();
                let message = serde_json::from_slice(&bytes).expect("DevTools speak JSON");
                if sender.send(message).is_err() {
                    return;
                }
                bytes.clear();
            }
        });
        let mut browser = Self {
            process,
            commands,
            messages,
            last: 0,
            session: None,
            _profile: profile,
        };
        let page = browser.call("Target.createTarget", &json!({"url": "about:blank"}));
        let attach = json!({"targetId": page["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", &attach);
        let session = attached["sessionId"].as_str().expect("a session");
        browser.session = Some(session.to_owned());
        browser.look(Look::Desk);
        browser
    }

    /// Goes to a page, and waits until it is there.
    pub fn open(&mut self, url: &str) {
        let went = self.call("Page.navigate", &json!({ "url": url }));
        assert!(went.get("errorText").is_none(), "{went}");
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /// The value of a JavaScript expression, which must have one.
    pub fn eval(&mut self, expression: &str) -> Value {
        self.try_eval(expression)
            .unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    fn try_eval(&mut self, expression: &str) -> Result<Value, Value> {
        // On its way to another page there is nothing to ask.
        let mut evaluated = self.try_call(
            "Runtime.evaluate",
            &json!({"expression": expression, "awaitPromise": true, "returnByValue": true,
                    "userGesture": true}),
        )?;
        match evaluated.get_mut("exceptionDetails") {
            Some(exception) => Err(exception.take()),
            None => Ok(evaluated["result"]["value"].take()),
        }
    }

    /// Waits until an expression is true; on a page that is not there yet it is not.
    pub fn wait(&mut self, expression: &str) {
        let begun = Instant::now();
        while self.try_eval(expression) != Ok(true.into()) {
            if begun.elapsed() > PATIENCE {
                let text = self.eval("document.body.innerText");
                panic!("{expression} is never true of: {text}");
            }
            thread::sleep(GLANCE);
        }
    }

    /// The text that somebody sees.
    pub fn text(&mut self) -> String {
        let text = self.eval("document.body.innerText");
        text.as_str().expect("a text").to_owned()
    }

    /// Clicks what a selector finds.
    pub fn click(&mut self, selector: &str) {
        let selector = Value::from(selector);
        self.eval(&format!("document.querySelector({selector}).click()"));
    }

    /// Looks at the page from a desk or on a phone.
    pub fn look(&mut self, look: Look) {
        let (width, height, is_phone) = match look {
            Look::Desk => (1280, 900, false),
            Look::Phone => (360, 740, true),
        };
        self.call(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": width, "height": height, "deviceScaleFactor": 2, "mobile": is_phone}),
        );
    }

    /// Prefers the dark, or the light.
    pub fn dark(&mut self, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let feature = json!({"name": "prefers-color-scheme", "value": scheme});
        self.call(
            "Emulation.setEmulatedMedia",
            &json!({"features": [feature]}),
        );
    }

    /// Runs the scripts of pages, or does not.
    pub fn scripts(&mut self, run: bool) {
        self.call(
            "Emulation.setScriptExecutionDisabled",
            &json!({"value": !run}),
        );
    }

    /// A picture of the whole page, as PNG.
    pub fn picture(&mut self, file: &Path) {
        // What has just changed is drawn by then.
        self.eval("new Promise((drawn) => setTimeout(drawn, 300))");
        let all = json!({"format": "png", "captureBeyondViewport": true});
        let picture = self.call("Page.captureScreenshot", &all);
        let data = picture["data"].as_str().expect("a picture");
        let png = BASE64_STANDARD.decode(data).expect("a picture in base64");
        std::fs::write(file, png).expect("a picture can be written");
    }

    /// What Chromium answers to a command that it must carry out.
    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.try_call(method, params)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn try_call(&mut self, method: &str, params: &Value) -> Result<Value, Value> {
        self.last += 1;
        let mut command = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = &self.session {
            command["sessionId"] = session.as_str().into();
        }
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        self.commands
            .write_all(&bytes)
            .expect("Chromium takes commands");
        let begun = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let mut answer = self
                .messages
                .recv_timeout(left)
                .unwrap_or_else(|error| panic!("no answer of Chromium to {method}: {error}"));
            // What happened meanwhile is not asked for.
            if answer["id"] == self.last {
                return match answer.get_mut("error") {
                    Some(error) => Err(error.take()),
                    None => Ok(answer["result"].take()),
                };
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn program() -> std::ffi::OsString {
    env::var_os("ZB_TEST_CHROMIUM").unwrap_or_else(|| "chromium".into())
}
