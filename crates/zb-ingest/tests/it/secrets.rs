//! Secrets and tokens, which are shown nowhere.

use std::time::Duration;

use tracing::Level;
use zb_types::{ExposeSecret as _, Secret};

use crate::{
    flights::flights,
    ground::Ground,
    journal::Journal,
    opening::told,
    partition::settled,
    tokens::{Expiring, Tokens},
};

const WRONG: &str = "not-the-secret-of-anybody";

#[tokio::test]
async fn no_log_line_no_error_and_no_debug_text_shows_one() {
    let (journal, _guard) = Journal::begin(Level::TRACE);
    let ground = Ground::new().await;
    let mut shown = Vec::new();

    let wrong = Tokens::with_secret(&ground.server, Secret::from(WRONG));
    let refused = Expiring::forever(ground.tokens());
    let error = ground.open(wrong, ground.options()).await.unwrap_err();
    shown.push(format!("{} {error:?}", told(&error)));
    let error = ground.open(refused, ground.options()).await.unwrap_err();
    shown.push(format!("{} {error:?}", told(&error)));

    let tokens = ground.tokens();
    let options = ground.options();
    shown.push(format!("{options:?}"));
    let sender = ground.open(tokens.clone(), options).await.unwrap();
    shown.push(format!("{sender:?}"));
    let ticket = sender.submit(flights(0..3)).await.unwrap();
    shown.push(format!("{ticket:?}"));
    shown.push(format!("{:?}", settled(ticket).await));
    shown.push(format!("{:?}", sender.close(Duration::from_secs(5)).await));
    shown.extend([journal.text(), ground.machine.journal().text()]);

    let secret = ground.server.client_secret().expose_secret().to_owned();
    let mut secrets = tokens.served();
    assert_eq!(secrets.len(), 1);
    secrets.extend([secret, WRONG.to_owned(), Expiring::TOKEN.to_owned()]);
    for text in shown {
        for secret in &secrets {
            let line = text.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret} is shown");
        }
    }
}
