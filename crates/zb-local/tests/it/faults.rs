//! What goes wrong on purpose, seen by a client that takes everything as it comes.

use std::time::{Duration, Instant};

use tonic::Code as Grpc;
use zb_local::{
    Server,
    faults::{Code, Fault, FaultScript},
};

use crate::{
    client::{Said, Stream, batch, create, encoder, refusal, rows},
    lake::{flights, ids, ids_in, schema, server, table_name, version},
};

const MS: Duration = Duration::from_millis(1);
/// Longer than any test.
const NEVER: Duration = Duration::MAX;

async fn faulty(script: impl Into<FaultScript>) -> (Server, tempfile::TempDir) {
    server(|builder| builder.commit_every(MS).faults(script)).await
}

/// A stream, and the batches of ten rows that are sent on it.
struct Sending {
    stream: Stream,
    next: i64,
}

impl Sending {
    async fn open(server: &Server) -> Self {
        let stream = Stream::open(server, &table_name(), &encoder(&schema())).await;
        Self { stream, next: 0 }
    }

    /// Sends the rows `10 * offset .. 10 * offset + 10` with the next offset.
    async fn send(&mut self) -> i64 {
        let offset = self.next;
        self.next += 1;
        let ten = flights(offset * 10..offset * 10 + 10);
        let ten = rows(&encoder(&schema()), &ten);
        self.stream.send(batch(offset, ten)).await;
        offset
    }

    /// Sends batches, and waits for each to be acknowledged.
    async fn send_acked(&mut self, batches: usize) {
        for _ in 0..batches {
            let offset = self.send().await;
            self.stream.acked(offset).await;
        }
    }

    async fn next(&mut self) -> Said {
        self.stream.next().await
    }

    async fn end(&mut self) -> (Option<i64>, Said) {
        self.stream.end().await
    }
}

fn failed(code: Grpc, message: &str) -> Said {
    Said::Failed(code, message.to_owned())
}

/// A connection that broke: whatever gRPC makes of it, no server has said it.
fn is_broken(said: &Said) -> bool {
    let Said::Failed(_, message) = said else {
        return false;
    };
    [
        "transport",
        "h2 protocol error",
        "error reading a body",
        "stream closed",
    ]
    .iter()
    .any(|words| message.contains(words))
}

fn ten_each(batches: i64) -> Vec<i64> {
    (0..batches * 10).collect()
}

/// Waits for what has no message of its own.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "never: {what}");
        tokio::time::sleep(MS).await;
    }
}

#[tokio::test]
async fn every_code_can_be_said_when_a_stream_is_opened() {
    let script: FaultScript = Code::ALL
        .into_iter()
        .zip(1..)
        .map(|(code, nth)| Fault::on_open().nth(nth).status(code, format!("{code:?}")))
        .collect();
    let (server, _dir) = faulty(script).await;
    for code in Code::ALL {
        let mut stream = Stream::authorized(&server, &table_name()).await;
        stream
            .send(create(table_name().as_str(), &encoder(&schema())))
            .await;
        let expected = (Grpc::from_i32(code.number()), format!("{code:?}"));
        assert_eq!(refusal(&mut stream).await, expected);
    }
    Sending::open(&server).await.send_acked(1).await;
    let stats = server.stats();
    assert_eq!((stats.opens, stats.streams_opened), (17, 1));
    assert_eq!(stats.faults_fired, 16);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_stream_can_end_before_it_is_created() {
    let (server, _dir) =
        faulty([Fault::on_open().nth(1).end(), Fault::on_open().nth(2).cut()]).await;
    let mut said = Vec::new();
    for _ in 0..2 {
        let mut stream = Stream::authorized(&server, &table_name()).await;
        stream
            .send(create(table_name().as_str(), &encoder(&schema())))
            .await;
        said.push(stream.next().await);
    }
    assert_eq!(said[0], Said::End);
    assert!(is_broken(&said[1]), "{said:?}");
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_slow_opening_does_not_hold_up_a_shutdown() {
    let (server, _dir) = faulty(Fault::on_open().delay(NEVER)).await;
    let mut stream = Stream::authorized(&server, &table_name()).await;
    stream
        .send(create(table_name().as_str(), &encoder(&schema())))
        .await;
    until("the stream is being opened", async || {
        server.faults()[0].fired == 1
    })
    .await;
    let stopped = tokio::spawn(server.shutdown());
    let (code, _) = refusal(&mut stream).await;
    assert_eq!(code, Grpc::Unavailable);
    drop(stream);
    stopped.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_status_in_mid_stream_comes_after_what_was_before_it() {
    let fault = Fault::on_request()
        .offset(2)
        .status(Code::Aborted, "enough");
    let (server, _dir) = faulty(fault).await;
    let mut sending = Sending::open(&server).await;
    for _ in 0..4 {
        sending.send().await;
    }
    assert_eq!(
        sending.end().await,
        (Some(1), failed(Grpc::Aborted, "enough"))
    );
    assert_eq!(ids(&server).await, ten_each(2));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_request_can_be_cut_off_before_it_is_stored() {
    let (server, _dir) = faulty(Fault::on_request().nth(3).cut()).await;
    let mut sending = Sending::open(&server).await;
    sending.send_acked(2).await;
    sending.send().await;
    let said = sending.next().await;
    assert!(is_broken(&said), "{said:?}");
    Sending::open(&server).await.send_acked(1).await;
    let mut expected = [ten_each(2), ten_each(1)].concat();
    expected.sort_unstable();
    assert_eq!(ids(&server).await, expected);
    let stats = server.stats();
    assert_eq!((stats.requests, stats.highest_offset), (4, Some(2)));
    assert_eq!((stats.rows_received, stats.rows), (40, 30));
    assert_eq!((stats.acks_sent, stats.commits), (3, 3));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_acknowledgement_can_be_lost_after_the_commit() {
    let (server, _dir) = faulty(Fault::on_ack().offset(1).cut()).await;
    let mut sending = Sending::open(&server).await;
    sending.send_acked(1).await;
    sending.send().await;
    let said = sending.next().await;
    assert!(is_broken(&said), "{said:?}");
    assert_eq!(ids(&server).await, ten_each(2));
    assert_eq!(server.stats().acks_sent, 1);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_connection_can_break_within_an_acknowledgement() {
    let (server, _dir) = faulty(Fault::on_ack().offset(1).cut_mid_message()).await;
    let mut sending = Sending::open(&server).await;
    sending.send_acked(1).await;
    sending.send().await;
    let said = sending.next().await;
    assert!(is_broken(&said), "{said:?}");
    assert_eq!(ids(&server).await, ten_each(2));
    // It was sent, and did not arrive.
    assert_eq!(server.stats().acks_sent, 2);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_connection_can_break_within_a_request() {
    let (server, _dir) = faulty(Fault::on_open().nth(1).cut_after(200)).await;
    let mut sending = Sending::open(&server).await;
    let large = rows(&encoder(&schema()), &flights(0..1000));
    sending.stream.send(batch(0, large)).await;
    let said = sending.next().await;
    assert!(is_broken(&said), "{said:?}");
    assert_eq!(server.stats().requests, 0);
    Sending::open(&server).await.send_acked(1).await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_connection_can_break_before_it_says_anything() {
    let (server, _dir) = faulty(Fault::on_connect().nth(2).cut()).await;
    // The first one asks for the token.
    let form = crate::client::token_form(&table_name());
    let bearer = format!("Bearer {}", crate::client::token(&server, &form).await);
    let headers = [
        ("authorization", &*bearer),
        (crate::client::TABLE_HEADER, "main.nyc.flights"),
    ];
    let endpoint = tonic::transport::Endpoint::from_shared(server.endpoint().to_owned()).unwrap();
    let channel = endpoint.connect_lazy();
    let refused = Stream::call_on(channel.clone(), &headers)
        .await
        .err()
        .unwrap();
    assert_eq!(server.faults()[0].fired, 1, "{refused:?}");
    assert_eq!(server.stats().opens, 0);
    // The same channel connects again.
    let mut stream = Stream::call_on(channel, &headers).await.unwrap();
    stream
        .send(create("main.nyc.flights", &encoder(&schema())))
        .await;
    assert_eq!(stream.next().await, Said::Created);
    drop(stream);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn acknowledgements_can_stay_away() {
    let (server, _dir) = faulty(Fault::on_ack().from_offset(1).withhold()).await;
    let mut sending = Sending::open(&server).await;
    sending.send_acked(1).await;
    sending.send().await;
    sending.send().await;
    until("everything is stored", async || server.stats().rows == 30).await;
    sending.stream.half_close();
    assert_eq!(sending.end().await, (None, Said::End));
    assert_eq!(ids(&server).await, ten_each(3));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_withheld_acknowledgement_is_covered_by_the_next_one() {
    let (server, _dir) = faulty(Fault::on_ack().nth(1).withhold()).await;
    let mut sending = Sending::open(&server).await;
    sending.send().await;
    until("the first batch is stored", async || {
        server.stats().rows == 10
    })
    .await;
    sending.send().await;
    assert_eq!(sending.next().await, Said::Ack(1));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn late_acknowledgements_hold_up_no_reading() {
    let (server, _dir) = faulty(Fault::on_ack().nth(1).delay(NEVER)).await;
    let mut sending = Sending::open(&server).await;
    for rows in [10, 20, 30] {
        sending.send().await;
        until("it is stored", async || server.stats().rows == rows).await;
    }
    assert_eq!(server.stats().acks_sent, 0);
    drop(sending);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn late_acknowledgements_come_in_order_and_before_the_end() {
    let late = MS * 300;
    let (server, _dir) = faulty(Fault::on_ack().nth(1).delay(late)).await;
    let mut sending = Sending::open(&server).await;
    let begun = Instant::now();
    sending.send().await;
    until("it is stored", async || server.stats().rows == 10).await;
    sending.send().await;
    sending.stream.half_close();
    assert_eq!(sending.next().await, Said::Ack(0));
    assert!(begun.elapsed() >= late);
    assert_eq!(sending.end().await, (Some(1), Said::End));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_late_acknowledgements() {
    let (server, _dir) = faulty(Fault::on_ack().delay(NEVER)).await;
    let path = server.table_path(&table_name());
    let mut sending = Sending::open(&server).await;
    sending.send().await;
    until("it is stored", async || server.stats().rows == 10).await;
    let stopped = tokio::spawn(server.shutdown());
    let (acked, end) = sending.end().await;
    assert_eq!(acked, Some(0));
    assert!(matches!(end, Said::Failed(Grpc::Unavailable, _)), "{end:?}");
    drop(sending);
    stopped.await.unwrap().unwrap();
    assert_eq!(ids_in(&path).await, ten_each(1));
}

#[tokio::test]
async fn acknowledgements_can_lie() {
    let on = || Fault::on_ack().offset(2);
    for (fault, said) in [
        (on().saying(-7), vec![-7]),
        (on().saying(i64::MAX), vec![i64::MAX]),
        (on().behind(1), vec![1]),
        (on().behind(2), vec![0]),
        (on().beyond(5), vec![7]),
        (on().twice(), vec![2, 2]),
        (on().backwards(2), vec![2, 0]),
        (on().without_offset(), vec![Said::NO_OFFSET]),
    ] {
        let (server, _dir) = faulty(fault.clone()).await;
        let mut sending = Sending::open(&server).await;
        sending.send_acked(2).await;
        sending.send().await;
        for offset in said {
            assert_eq!(sending.next().await, Said::Ack(offset), "{fault:?}");
        }
        // And then the truth again.
        sending.send().await;
        assert_eq!(sending.next().await, Said::Ack(3), "{fault:?}");
        assert_eq!(ids(&server).await, ten_each(4));
        server.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_status_can_come_instead_of_an_acknowledgement() {
    let script = [
        Fault::on_ack().nth(2).status(Code::Internal, "oops"),
        Fault::on_ack().nth(3).end(),
    ];
    let (server, _dir) = faulty(script).await;
    let mut sending = Sending::open(&server).await;
    sending.send_acked(1).await;
    sending.send().await;
    assert_eq!(sending.end().await, (None, failed(Grpc::Internal, "oops")));
    let mut sending = Sending::open(&server).await;
    sending.send().await;
    assert_eq!(sending.end().await, (None, Said::End));
    assert_eq!(server.stats().rows, 30);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_close_signal_can_come_anywhere() {
    let grace = Duration::from_secs(1);
    for fault in [
        Fault::on_open().close_signal(grace),
        Fault::on_request().offset(0).close_signal(grace),
        Fault::on_ack().offset(0).close_signal(grace),
    ] {
        let (server, _dir) = faulty(fault.clone()).await;
        let mut sending = Sending::open(&server).await;
        sending.send().await;
        let mut said = vec![sending.next().await, sending.next().await];
        said.sort_by_key(|said| matches!(said, Said::Close(_)));
        assert_eq!(said, [Said::Ack(0), Said::Close(grace)], "{fault:?}");
        let (_, end) = sending.end().await;
        let Said::Failed(Grpc::Unavailable, message) = end else {
            panic!("{end:?}")
        };
        assert!(message.starts_with("Stream timeout reached."), "{message}");
        server.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_close_signal_can_say_anything() {
    let said = |said| Fault::on_open().close_signal_saying(said, NEVER);
    for (fault, expected) in [
        (said(None), None),
        (said(Some((-1, 0))), Some((-1, 0))),
        (said(Some((i64::MAX, i32::MIN))), Some((i64::MAX, i32::MIN))),
    ] {
        let (server, _dir) = faulty(fault).await;
        let mut sending = Sending::open(&server).await;
        assert_eq!(sending.stream.close_signal().await, expected);
        sending.send_acked(1).await;
        server.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_token_can_expire_in_mid_stream() {
    let (server, _dir) = faulty(Fault::on_request().nth(2).expire_token()).await;
    let table = table_name();
    let form = crate::client::token_form(&table);
    let bearer = format!("Bearer {}", crate::client::token(&server, &form).await);
    let headers = [
        ("authorization", &*bearer),
        (crate::client::TABLE_HEADER, table.as_str()),
    ];
    let expired = failed(Grpc::Unauthenticated, "the token has expired");
    let stream = Stream::call(&server, &headers).await;
    stream
        .send(create(table.as_str(), &encoder(&schema())))
        .await;
    let mut sending = Sending { stream, next: 0 };
    assert_eq!(sending.next().await, Said::Created);
    sending.send_acked(1).await;
    sending.send().await;
    assert_eq!(sending.next().await, expired);

    // It stays so, and another token is as good as ever.
    let mut again = Stream::call(&server, &headers).await;
    again
        .send(create(table.as_str(), &encoder(&schema())))
        .await;
    assert_eq!(again.next().await, expired);
    Sending::open(&server).await.send_acked(1).await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_token_can_be_refused_at_the_second_opening() {
    let (server, _dir) = faulty(Fault::on_open().nth(2).expire_token()).await;
    Sending::open(&server).await.send_acked(1).await;
    let mut stream = Stream::authorized(&server, &table_name()).await;
    stream
        .send(create(table_name().as_str(), &encoder(&schema())))
        .await;
    let (code, _) = refusal(&mut stream).await;
    assert_eq!(code, Grpc::Unauthenticated);
    Sending::open(&server).await.send_acked(1).await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_record_is_refused_by_its_number() {
    let (server, _dir) = faulty(Fault::on_record().nth(15).refuse()).await;
    let mut sending = Sending::open(&server).await;
    sending.send().await;
    sending.send().await;
    let text = "Record cannot be ingested: refused by the fault script.";
    assert_eq!(
        sending.end().await,
        (Some(0), failed(Grpc::InvalidArgument, text))
    );
    assert_eq!(ids(&server).await, ten_each(1));
    // Sent again, it is another one.
    Sending::open(&server).await.send_acked(2).await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_poison_row_is_refused_each_time() {
    let (server, _dir) = faulty(Fault::on_record().column("name", "flight 15").refuse()).await;
    for _ in 0..3 {
        let mut sending = Sending::open(&server).await;
        sending.send_acked(1).await;
        sending.send().await;
        let (acked, end) = sending.end().await;
        assert_eq!(acked, None);
        assert!(
            matches!(end, Said::Failed(Grpc::InvalidArgument, _)),
            "{end:?}"
        );
    }
    // One row at a time, all but one get through.
    let encoder = encoder(&schema());
    let mut through = Vec::new();
    for id in 10..20 {
        let mut stream = Stream::open(&server, &table_name(), &encoder).await;
        stream
            .send(batch(0, rows(&encoder, &flights(id..id + 1))))
            .await;
        if stream.next().await == Said::Ack(0) {
            through.push(id);
        }
    }
    assert_eq!(through, [10, 11, 12, 13, 14, 16, 17, 18, 19]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn large_records_can_be_refused() {
    let (server, _dir) = faulty(Fault::on_record().larger_than(12).refuse()).await;
    let mut sending = Sending::open(&server).await;
    sending.send_acked(1).await;
    // `flight 10` has a byte more than `flight 9`.
    sending.send().await;
    let (_, end) = sending.end().await;
    assert!(
        matches!(end, Said::Failed(Grpc::InvalidArgument, _)),
        "{end:?}"
    );
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_full_disk_fails_the_commit_and_not_the_table() {
    let (server, _dir) = faulty([
        Fault::on_commit().nth(2).disk_full(),
        Fault::on_commit().nth(4).fail("a bad day"),
    ])
    .await;
    for reason in ["no storage space", "a bad day"] {
        let mut sending = Sending::open(&server).await;
        sending.send_acked(1).await;
        sending.send().await;
        let text = format!("Rows could not be committed to main.nyc.flights: {reason}");
        assert_eq!(
            sending.end().await,
            (None, failed(Grpc::Unavailable, &text))
        );
    }
    assert_eq!(version(&server, &table_name()).await, 2);
    Sending::open(&server).await.send_acked(2).await;
    assert_eq!(server.stats().rows, 40);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_commit_can_take_its_time() {
    let slow = MS * 300;
    let (server, _dir) = faulty(Fault::on_commit().nth(1).delay(slow)).await;
    let mut sending = Sending::open(&server).await;
    let begun = Instant::now();
    sending.send_acked(1).await;
    assert!(begun.elapsed() >= slow);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_last_word_can_be_an_error() {
    let (server, _dir) = faulty([
        Fault::on_close().nth(1).status(Code::Internal, "late"),
        Fault::on_close().nth(2).cut(),
    ])
    .await;
    let mut sending = Sending::open(&server).await;
    sending.send().await;
    sending.stream.half_close();
    assert_eq!(
        sending.end().await,
        (Some(0), failed(Grpc::Internal, "late"))
    );
    let mut sending = Sending::open(&server).await;
    sending.send_acked(1).await;
    sending.stream.half_close();
    let said = sending.next().await;
    assert!(is_broken(&said), "{said:?}");
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_frozen_server_says_nothing_until_it_thaws() {
    let frozen = MS * 400;
    let (server, _dir) = faulty(Fault::on_request().nth(1).freeze(frozen)).await;
    let mut other = Sending::open(&server).await;
    let mut sending = Sending::open(&server).await;
    let begun = Instant::now();
    sending.send().await;
    sending.stream.acked(0).await;
    assert!(begun.elapsed() >= frozen, "{:?}", begun.elapsed());
    other.send_acked(1).await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_server_that_reads_slowly_makes_its_client_wait() {
    let (server, _dir) = faulty(Fault::on_open().read_slowly(200_000, None)).await;
    let mut sending = Sending::open(&server).await;
    let begun = Instant::now();
    let large = rows(&encoder(&schema()), &flights(0..5000));
    let bytes: usize = large.iter().map(Vec::len).sum();
    sending.stream.send(batch(0, large)).await;
    sending.stream.acked(0).await;
    let least = Duration::from_secs_f64(bytes as f64 / 200_000.0);
    assert!(begun.elapsed() >= least * 9 / 10, "{:?}", begun.elapsed());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_script_is_for_the_tables_it_names() {
    let other = "main.nyc.others".parse().unwrap();
    let fault = Fault::on_request().table(table_name()).cut();
    let (server, _dir) = faulty(fault).await;
    server.create_table(&other, &schema()).await.unwrap();
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &other, &encoder).await;
    stream.send(batch(0, rows(&encoder, &flights(0..1)))).await;
    stream.acked(0).await;
    let mut sending = Sending::open(&server).await;
    sending.send().await;
    let said = sending.next().await;
    assert!(is_broken(&said), "{said:?}");
    assert_eq!(server.faults()[0].seen, 1);
    server.shutdown().await.unwrap();
}
