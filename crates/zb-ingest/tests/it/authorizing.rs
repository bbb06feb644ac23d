//! Tokens that the service does not accept.

use std::sync::Arc;

use zb_ingest::ErrorKind;

use crate::{
    flights::flights,
    ground::{Ground, prompt},
    partition::{assert_durable, settled},
    tokens::Expiring,
    witness::Witness,
};

#[tokio::test]
async fn a_refused_token_is_reported_and_the_next_one_is_tried() {
    let ground = Ground::new().await;
    let tokens = Expiring::once(ground.tokens());
    let sender = ground.open(tokens.clone(), ground.options()).await.unwrap();
    assert_eq!(tokens.refused(), [Expiring::TOKEN]);
    assert_durable(sender.submit(flights(0..10)).await.unwrap()).await;
    assert_eq!(ground.landed(), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn tokens_that_are_refused_again_end_the_opening() {
    let ground = Ground::new().await;
    let witness = Witness::new();
    let tokens = Expiring::forever(ground.tokens());
    let options = ground.options().observer(witness.clone());
    let error = ground.open(tokens.clone(), options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error:?}");
    assert_eq!(tokens.refused(), [Expiring::TOKEN, Expiring::TOKEN]);
    assert_eq!(witness.attempts(), [1, 2]);
    assert_eq!(ground.server.stats().streams_opened, 0);
}

#[tokio::test]
async fn a_policy_of_one_attempt_still_tells_a_refusal() {
    let ground = Ground::new().await;
    let tokens = Expiring::forever(ground.tokens());
    let options = ground.options().retry(zb_retry::Policy::once());
    let error = ground.open(tokens.clone(), options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error:?}");
    assert_eq!(tokens.refused(), [Expiring::TOKEN]);
}

#[tokio::test]
async fn a_token_that_is_refused_at_a_reconnect_is_replaced_and_nothing_is_lost() {
    let ground = Ground::with(|builder| prompt(builder).commit_rows(1)).await;
    let tokens = Expiring::for_a_while(ground.tokens());
    let sender = ground.open(tokens.clone(), ground.options()).await.unwrap();
    assert_durable(sender.submit(flights(0..10)).await.unwrap()).await;

    let ruin = ground.crash();
    tokens.turn_stale();
    let ticket = sender.submit(flights(10..20)).await.unwrap();
    let ground = ruin.rebuild(prompt).await;
    assert_durable(ticket).await;
    assert_eq!(tokens.refused(), [Expiring::TOKEN]);
    assert_eq!(ground.landed(), (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn tokens_that_are_refused_at_every_reconnect_end_the_sender() {
    let ground = Ground::with(|builder| prompt(builder).commit_rows(1)).await;
    let tokens = Expiring::later(ground.tokens());
    let sender = ground.open(tokens.clone(), ground.options()).await.unwrap();
    assert_durable(sender.submit(flights(0..10)).await.unwrap()).await;

    let ruin = ground.crash();
    tokens.turn_stale();
    let ticket = sender.submit(flights(10..20)).await.unwrap();
    let ground = ruin.rebuild(prompt).await;
    let receipt = settled(ticket).await;
    assert!(!receipt.is_all_durable());
    assert_eq!(receipt.error().unwrap().kind(), ErrorKind::Authentication);
    assert_eq!(tokens.refused().len(), 2);

    let error = sender.submit(flights(20..30)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error:?}");
    assert_eq!(ground.landed(), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn senders_share_a_token() {
    let ground = Ground::new().await;
    let tokens = ground.tokens();
    for _ in 0..3 {
        let tokens = Arc::clone(&tokens);
        drop(ground.open(tokens, ground.options()).await.unwrap());
    }
    assert_eq!(tokens.served().len(), 3);
    assert_eq!(ground.server.stats().tokens_issued, 1);
}
