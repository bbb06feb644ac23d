//! The Python package `databricks-zerobus-ingest-sdk`: the newest, and one from before Arrow and Avro.

use std::path::Path;

use serde_json::json;
use zb_tests::python;

use super::{assert_landed, run, scripts, serve};
use crate::Scratch;

/// What goes wrong while rows are sent, without one of them being lost or there twice.
const ROTATION: &str = r#"
    [[fault]]
    on = "open"
    nth = 1
    do = "status"
    code = "UNAVAILABLE"

    [[fault]]
    on = "request"
    offset = 3
    times = 1
    do = "close_signal"
    duration = "15s"
"#;

/// Has a client send its rows in a form, and looks whether they are there.
fn sends(client: &'static str, args: &[&str], faults: Option<&str>) {
    let scratch = Scratch::new();
    let server = serve(&scratch, faults);
    let script = scripts().join("send.py");
    let options = [Path::new("-B"), &script];
    let args = options.into_iter().chain(args.iter().map(Path::new));
    let said = run(&python::client(client), args, &server);
    assert_eq!(said, json!({"rows": 200, "unacked": 0}), "{said}");
    assert_landed(&scratch, 200);
    server.stop();
}

macro_rules! sends {
    ($($name:ident: $client:literal, $args:expr, $faults:expr;)*) => { $(
        #[test]
        fn $name() {
            sends($client, &$args, $faults);
        }
    )* };
}

sends! {
    the_newest_sends_json: "python-1.10.0", ["sync", "json"], None;
    the_newest_sends_json_as_text: "python-1.10.0", ["aio", "json-text"], None;
    the_newest_sends_protobuf: "python-1.10.0", ["sync", "proto"], None;
    the_newest_sends_protobuf_asynchronously: "python-1.10.0", ["aio", "proto-bytes"], None;
    the_newest_sends_avro: "python-1.10.0", ["sync", "avro"], None;
    the_newest_sends_avro_asynchronously: "python-1.10.0", ["aio", "avro"], None;
    the_newest_sends_arrow: "python-1.10.0", ["sync", "arrow"], None;
    the_newest_sends_arrow_asynchronously: "python-1.10.0", ["aio", "arrow", "LZ4_FRAME"], None;
    the_newest_sends_arrow_packed: "python-1.10.0", ["sync", "arrow", "ZSTD"], None;
    the_newest_sends_records_through_a_rotation: "python-1.10.0", ["sync", "proto"], Some(ROTATION);
    the_newest_sends_arrow_through_a_rotation: "python-1.10.0", ["aio", "arrow"], Some(ROTATION);
    an_old_one_sends_json: "python-1.1.0", ["sync", "json"], None;
    an_old_one_sends_json_asynchronously: "python-1.1.0", ["aio", "json-text"], None;
    an_old_one_sends_protobuf: "python-1.1.0", ["sync", "proto"], None;
    an_old_one_sends_protobuf_asynchronously: "python-1.1.0", ["aio", "proto-bytes"], None;
    an_old_one_sends_records_through_a_rotation: "python-1.1.0", ["aio", "proto"], Some(ROTATION);
}
