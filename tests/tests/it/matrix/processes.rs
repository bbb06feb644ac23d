//! Servers in processes of their own, which are killed, stopped and started again.

use std::time::Duration;

use super::{
    case::{Case, case},
    host::Where,
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case(
            "a server that is killed and started again gets every row",
            "",
        )
        .at(Where::Process)
        .during(|stage| {
            Box::pin(async move {
                stage.acknowledged(200).await;
                let listen = stage.kill().await;
                stage.attempts(3).await;
                stage.start_again(&listen).await;
                let more = stage.witness.seen().acknowledged + 200;
                stage.acknowledged(more).await;
            })
        }),
        case("a server that is killed again and again gets every row", "")
            .at(Where::Process)
            .during(|stage| {
                Box::pin(async move {
                    for _ in 0..3 {
                        let more = stage.witness.seen().acknowledged + 150;
                        stage.acknowledged(more).await;
                        let listen = stage.kill().await;
                        stage.start_again(&listen).await;
                    }
                    let more = stage.witness.seen().acknowledged + 150;
                    stage.acknowledged(more).await;
                })
            }),
        case("a server that is frozen and goes on keeps its streams", "")
            .at(Where::Process)
            .during(|stage| {
                Box::pin(async move {
                    stage.acknowledged(200).await;
                    stage.with_process(zb_tests::Serve::pause).await;
                    // As long as a fault lasts: there is nothing to wait for.
                    tokio::time::sleep(Duration::from_millis(800)).await;
                    stage.with_process(zb_tests::Serve::resume).await;
                    let more = stage.witness.seen().acknowledged + 200;
                    stage.acknowledged(more).await;
                })
            })
            .once(),
        case(
            "a server that is frozen for too long is given up and found again",
            "",
        )
        .at(Where::Process)
        .options(|options| {
            let soon = Duration::from_millis(300);
            options.ack_timeout(soon).connect_timeout(soon)
        })
        .during(|stage| {
            Box::pin(async move {
                stage.acknowledged(200).await;
                stage.with_process(zb_tests::Serve::pause).await;
                stage.attempts(2).await;
                stage.with_process(zb_tests::Serve::resume).await;
                let more = stage.witness.seen().acknowledged + 200;
                stage.acknowledged(more).await;
            })
        }),
    ]
}
