//! The page of `zb serve --ui`, in a browser.

use std::{
    env, fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use zb_tests::{Browser, Look, Serve, data, python, table_dir};

use crate::{Scratch, TABLE};

/// A server with a page, and a browser that looks at it; nothing, where there is no browser.
struct Seen {
    server: Serve,
    browser: Browser,
    scratch: Scratch,
}

impl Seen {
    fn start(sql: Option<&str>, more: &[&str]) -> Option<Self> {
        if !Browser::is_there() {
            println!("skipped: chromium is not installed");
            return None;
        }
        let scratch = Scratch::new();
        let columns = match sql {
            None => data::sample(),
            Some(sql) => {
                let file = scratch.path().join("table.sql");
                fs::write(&file, sql).unwrap();
                file
            }
        };
        let create = format!("{TABLE}={}", columns.display());
        let arguments = ["--ui", "--create", &create];
        let server = Serve::start(&scratch.lake(), arguments.iter().chain(more));
        let mut browser = Browser::start();
        browser.open(server.address.ui.as_deref().unwrap());
        Some(Self {
            server,
            browser,
            scratch,
        })
    }

    fn send(&self, file: &Path) -> zb_tests::Report {
        self.server.send(file, TABLE).run().exits(0).report()
    }

    /// Sends these objects.
    fn send_rows(&self, rows: &[Value]) -> zb_tests::Report {
        let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
        let file = self.scratch.path().join("rows.ndjson");
        fs::write(&file, lines.join("\n")).unwrap();
        self.send(&file)
    }

    /// For people who want to see what the test sees: `ZB_TEST_PICTURES` is a directory.
    fn picture(&mut self, name: &str) {
        if let Some(directory) = env::var_os("ZB_TEST_PICTURES") {
            let file = Path::new(&directory).join(format!("{name}.png"));
            self.browser.picture(&file);
        }
    }
}

#[test]
fn rows_are_seen_as_they_come() {
    let Some(mut seen) = Seen::start(None, &[]) else {
        return;
    };
    assert!(seen.browser.text().contains("No row came yet."));
    seen.send(&data::sample()).all_durable(data::SAMPLE_ROWS);
    // Nobody has touched the page.
    seen.browser
        .wait("document.querySelector('#tables').innerText.includes('21,049')");
    seen.browser
        .wait("document.querySelectorAll('#rows tbody tr').length === 20");
    seen.browser
        .wait("document.querySelector('#figures').innerText.includes('21,049 landed')");
    let text = seen.browser.text();
    assert!(!text.contains(&seen.server.address.client_secret), "{text}");
    seen.picture("rows");
    seen.server.stop();
}

#[test]
fn a_switch_of_the_page_is_felt_by_a_sender() {
    let script = "[[fault]]\non = \"ack\"\nnth = 1000\ndo = \"cut\"\nname = \"of the script\"\n";
    let scratch = Scratch::new();
    let file = scratch.path().join("faults.toml");
    fs::write(&file, script).unwrap();
    let Some(mut seen) = Seen::start(None, &["--faults", file.to_str().unwrap()]) else {
        return;
    };
    seen.browser
        .wait("document.querySelector('#pulse').innerText === 'live'");
    let name = "UNAVAILABLE at the next request";
    let switch = format!("button[aria-label=\"{name}\"]");
    let is = |state: bool| {
        format!("document.querySelector('{switch}').getAttribute('aria-checked') === '{state}'")
    };
    seen.browser.wait(&is(false));
    seen.browser.click(&switch);
    seen.browser.wait(&is(true));
    let report = seen.send(&data::sample());
    report.adds_up();
    assert_eq!(report.durable, data::SAMPLE_ROWS);
    assert!(report.attempts > 1, "{report:?}");
    // It was for once, and the page says what came of it.
    seen.browser.wait(&is(false));
    seen.browser
        .wait("document.querySelector('#refusals').innerText.includes('Unavailable')");
    let again = seen.send(&data::sample());
    assert_eq!(again.attempts, 1, "{again:?}");

    // What is of the script is on already.
    let of_the_script = "document.querySelector('#fault-0').getAttribute('aria-checked')";
    assert_eq!(seen.browser.eval(of_the_script), "true");
    seen.browser.click("#fault-0");
    seen.browser.wait(&format!("{of_the_script} === 'false'"));
    seen.server.stop();
}

/// The page works by links and forms where no script runs.
#[test]
fn a_page_without_scripts_switches_too() {
    let Some(mut seen) = Seen::start(None, &[]) else {
        return;
    };
    let url = seen.server.address.ui.clone().unwrap();
    seen.browser.scripts(false);
    seen.browser.open(&url);
    assert!(seen.browser.text().contains("reload for newer figures"));
    let token = "button[aria-label='500 from the token endpoint']";
    let state = format!("document.querySelector(\"{token}\").getAttribute('aria-checked')");
    assert_eq!(seen.browser.eval(&state), "false");
    seen.browser.click(token);
    seen.browser.wait(&format!("{state} === 'true'"));
    let sending = seen.server.send(&data::sample(), TABLE).start();
    let begun = Instant::now();
    while !seen.browser.text().contains("a fault answered") {
        assert!(
            begun.elapsed() < Duration::from_mins(1),
            "no token was refused"
        );
        seen.browser.open(&url);
    }
    seen.browser.click(token);
    seen.browser.wait(&format!("{state} === 'false'"));
    let report = sending.finish().exits(0).report();
    report.all_durable(data::SAMPLE_ROWS);
    seen.server.stop();
}

/// What columns, values and clients' words must not become.
const HOSTILE: &str = "<img src=x onerror=\"document.title='owned'\">";

/// A table that another writer has made, with a name of a column that none of ours would be given.
const FOREIGN: &str = "import sys, deltalake, pyarrow as pa
deltalake.write_deltalake(sys.argv[1], pa.table({sys.argv[2]: [1]}))";

#[test]
fn hostile_names_and_values_are_text() {
    let sql = format!("CREATE TABLE {TABLE} (id BIGINT, text STRING, more STRING)");
    let Some(mut seen) = Seen::start(Some(&sql), &[]) else {
        return;
    };
    let more = "</td></table><script>document.title='owned'</script>";
    let row = json!({"id": 1, "text": HOSTILE, "more": more});
    seen.send_rows(&[row]).all_durable(1);
    let rows = "document.querySelector('#rows')";
    seen.browser
        .wait(&format!("{rows}.querySelectorAll('tbody tr').length === 1"));
    for shown in [HOSTILE, more] {
        let text = seen.browser.text();
        assert!(text.contains(shown), "{shown} is not in: {text}");
    }

    let name = "<script>document.title='owned'</script>";
    let directory = table_dir(&seen.scratch.lake(), "main.nyc.foreign");
    let made = Command::new(python::interpreter())
        .args(["-c", FOREIGN])
        .arg(&directory)
        .arg(name)
        .status();
    assert!(made.unwrap().success());
    // Nobody can send to it; trying is enough to have it shown.
    let table = seen
        .server
        .send(&data::file("flights-500.arrow"), "main.nyc.foreign");
    assert_ne!(table.run().code(), 0);
    let page = seen.server.address.ui.clone().unwrap();
    seen.browser.open(&format!("{page}?table=main.nyc.foreign"));
    let text = seen.browser.text();
    assert!(text.contains(name), "{name} is not in: {text}");

    assert_eq!(seen.browser.eval("document.title"), "zb serve");
    let strangers = "document.querySelectorAll('main img, main script').length";
    assert_eq!(seen.browser.eval(strangers), 0);
    seen.server.stop();
}

/// Elements whose text does not stand out from what is behind it, 4.5 to 1 (WCAG AA).
const FAINT: &str = r"(() => {
    const channels = (color) => color.match(/[\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const behind = (element) => {
        for (; element; element = element.parentElement) {
            const color = channels(getComputedStyle(element).backgroundColor);
            if (color.length === 3 || color[3] === 1) return color;
        }
    };
    const faint = [];
    for (const element of document.body.querySelectorAll('*')) {
        const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!says || element.closest('noscript')) continue;
        const [ink, ground] = [channels(getComputedStyle(element).color), behind(element)].map(luminance);
        const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
        if (ratio < 4.5) faint.push(`${element.tagName} ${element.textContent}: ${ratio.toFixed(2)}`);
    }
    return faint;
})()";

/// Controls that say nothing to those who cannot see.
const NAMELESS: &str = "[...document.querySelectorAll('a, button, [role=region], section')]
    .filter((e) => !(e.getAttribute('aria-label') || e.innerText
        || document.getElementById(e.getAttribute('aria-labelledby'))?.innerText))
    .map((e) => e.outerHTML)";

/// What is wider than the window.
const WIDE: &str = "[Math.max(0, document.documentElement.scrollWidth - innerWidth),
    [...document.body.querySelectorAll('*')]
        .filter((e) => !e.closest('.scroll, .hidden, thead, svg') && e.getBoundingClientRect().right > innerWidth + 0.5)
        .map((e) => e.outerHTML.slice(0, 200))]";

#[test]
fn it_can_be_read_in_the_dark_and_on_a_phone() {
    let Some(mut seen) = Seen::start(None, &[]) else {
        return;
    };
    // Something of everything: rows, a refusal, a fault that is on, a stream that is open.
    seen.browser
        .click("button[aria-label='UNAVAILABLE at the next request']");
    seen.browser
        .wait("document.querySelector('#faults h2').innerText.includes('1 on')");
    seen.send(&data::sample());
    seen.browser
        .click("button[aria-label='Withhold acknowledgements']");
    seen.browser
        .wait("document.querySelector('#faults h2').innerText.includes('1 on')");
    let endless = seen.server.send(&data::sample(), TABLE).start();
    seen.browser
        .wait("document.querySelector('#streams h2').innerText.includes('1 open')");
    seen.browser
        .wait("document.querySelector('#tables').innerText.includes('42,098')");
    for (look, width) in [(Look::Desk, "desk"), (Look::Phone, "phone")] {
        for (dark, colours) in [(false, "light"), (true, "dark")] {
            seen.browser.look(look);
            seen.browser.dark(dark);
            let name = format!("{width}-{colours}");
            seen.picture(&name);
            assert_eq!(seen.browser.eval(WIDE), json!([0, []]), "{name}");
            assert_eq!(seen.browser.eval(FAINT), json!([]), "{name}");
            assert_eq!(seen.browser.eval(NAMELESS), json!([]), "{name}");
        }
    }
    drop(endless);
    seen.server.stop();
}
