//! A browser that has the page open, and what that costs.

use std::time::{Duration, Instant};

use crate::{
    data::Set,
    ground::{Ground, Setting},
};

/// How often the page is asked for to see what it costs.
const TIMES: u32 = 500;

/// What one look at the page costs.
pub(crate) struct Cost {
    pub(crate) time: Duration,
    pub(crate) bytes: usize,
}

/// Looks once a second, as the script of the page does.
pub(crate) async fn look(url: String) {
    let browser = browser();
    loop {
        ask(&browser, &url).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The page with the last rows of a wide table, from asking for it to having it, one after another.
pub(crate) fn cost(set: &Set) -> Cost {
    let ground = Ground::new(set, Setting::Watched);
    ground.send(set);
    let url = ground.server.ui_url().unwrap();
    ground.client.block_on(async {
        let browser = browser();
        let bytes = ask(&browser, &url).await;
        let started = Instant::now();
        for _ in 0..TIMES {
            ask(&browser, &url).await;
        }
        let time = started.elapsed() / TIMES;
        Cost { time, bytes }
    })
}

fn browser() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn ask(browser: &reqwest::Client, url: &str) -> usize {
    let answer = browser.get(url).send().await.unwrap();
    answer
        .error_for_status()
        .unwrap()
        .bytes()
        .await
        .unwrap()
        .len()
}
