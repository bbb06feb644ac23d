//! A catalog that wishes its clients ill.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt as _, net::TcpListener, time::timeout};
use zb_core::{
    CatalogError, Error, ErrorKind, Fit,
    local::faults::{Answer, Fault},
};

use crate::ground::{Ground, table};

fn batch() -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    RecordBatch::try_from_iter([("id", ids)]).unwrap()
}

/// What a client that has to know the columns says when the catalog answers this.
async fn told(answer: Answer) -> Error {
    let fault = Fault::on_catalog().answer(answer);
    let ground = Ground::with(&batch().schema(), |builder| builder.faults(fault)).await;
    let client = ground.builder().fit(Fit::Required).build().unwrap();
    let error = client.send(&table(), batch()).await.unwrap_err();
    assert_eq!(ground.server.stats().opens, 0);
    error
}

fn described(columns: &Value) -> Answer {
    Answer::status(200).body(json!({ "columns": columns }).to_string())
}

#[tokio::test]
async fn a_redirect_takes_no_token_to_another_host() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", elsewhere.local_addr().unwrap());
    for status in [301, 302, 307, 308] {
        let error = told(Answer::status(status).header("location", &url)).await;
        assert!(
            matches!(error.kind(), ErrorKind::Refused),
            "{status}: {error:?}"
        );
    }
    // Whoever had come would be waiting.
    let nobody = timeout(std::time::Duration::ZERO, elsewhere.accept()).await;
    if let Ok(Ok((mut somebody, _))) = nobody {
        let mut said = String::new();
        let _ = somebody.read_to_string(&mut said).await;
        panic!("{said}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_it() {
    let endless = Answer::status(200).body("{\"columns\": [").filler(1 << 50);
    let error = told(endless).await;
    assert!(error.to_string().contains("main.nyc.flights"), "{error}");
    let text = format!("{error:?}");
    assert!(text.contains("TooLarge"), "{text}");
}

#[tokio::test]
async fn a_description_that_cannot_be_is_an_error_or_a_misfit_and_nothing_worse() {
    let column = |name: &str, text: &str, json: &str| json!({"name": name, "type_text": text, "type_json": json});
    let deep = format!(
        "{}\"long\"{}",
        r#"{"type":"array","containsNull":true,"elementType":"#.repeat(5_000),
        "}".repeat(5_000)
    );
    let structs = format!(
        "{}\"long\"{}",
        r#"{"type":"struct","fields":[{"name":"a","nullable":true,"metadata":{},"type":"#
            .repeat(30),
        "}]}".repeat(30)
    );
    let many: Vec<Value> = (0..2_001)
        .map(|n| column(&format!("c{n}"), "bigint", "\"long\""))
        .collect();
    for columns in [
        json!([column("id", "array", &deep)]),
        json!([column("id", "struct", &structs)]),
        json!([column("id", "decimal(99,-7)", "\"decimal(99,-7)\"")]),
        json!([column("\u{1b}[2J\u{0}../..", "bigint", "\"long\"")]),
        json!([
            column("id", "bigint", "\"long\""),
            column("ID", "bigint", "\"long\"")
        ]),
        json!([{"name": "id", "type_text": "bigint", "position": u32::MAX}]),
        json!([]),
        json!("columns"),
        json!(many),
    ] {
        let shown: String = columns.to_string().chars().take(80).collect();
        let error = told(described(&columns)).await;
        assert!(
            matches!(error.kind(), ErrorKind::Schema | ErrorKind::Unavailable),
            "{shown}: {error:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_no_description_names_the_table_and_no_more() {
    for body in [
        "<html>sign in</html>",
        "",
        "null",
        "[[[[",
        "{\"columns\": 7}",
    ] {
        let error = told(Answer::status(200).body(body)).await;
        assert!(
            matches!(
                &error,
                Error::Ingest(_) | Error::Catalog(CatalogError::Unavailable { .. })
            ),
            "{body}: {error:?}"
        );
        assert!(error.to_string().contains("main.nyc.flights"), "{error}");
    }
}
