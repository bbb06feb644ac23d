//! A service whose requests are traced from the caller to the commit: it has spans of its own, hands the
//! caller's trace context on to the send, and exports spans and metrics.
//!
//! ```sh
//! OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 \
//!     cargo run -p zb-examples --example traced_service -- lake    # DIRECTORY
//! ```
//!
//! Without a collector in the environment, spans and metrics go into Arrow files in
//! `DIRECTORY/telemetry`. Where rows land is said in `sensor_feed.rs`. The table, in a workspace:
//! `CREATE TABLE main.default.visits (page STRING NOT NULL, millis BIGINT)`.
//!
//! A request is a line of TCP, `traceparent TAB page TAB millis`, and its answer is another. The program
//! calls itself three times and ends.
#![allow(clippy::print_stdout, reason = "a program for people at a terminal")]

use std::{env, error::Error, path::Path, sync::Arc, time::Duration};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};
use tracing::Instrument as _;
use tracing_subscriber::layer::SubscriberExt as _;
use zb_core::{
    Client, TableName,
    telemetry::{Telemetry, TraceContext},
};

/// Spans of this program's own have this target, and the exporter is told to let it pass.
const TARGET: &str = env!("CARGO_CRATE_NAME");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let lake = env::args().nth(1).unwrap_or_else(|| "lake".to_owned());
    let telemetry = Telemetry::builder().service_name("visits").target(TARGET);
    let telemetry = match env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT") {
        Some(_) => telemetry.start()?,
        None => telemetry
            .without_collector()
            .arrow_files(Path::new(&lake).join("telemetry"))
            .start()?,
    };
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    tracing::subscriber::set_global_default(subscriber)?;

    let builder = Client::builder().recorder(telemetry.recorder());
    let client = match env::var_os("ZEROBUS_SERVER_ENDPOINT") {
        Some(_) => builder.environment().build()?,
        None => builder.local(lake).await?,
    };
    let client = Arc::new(client);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serving = tokio::spawn(serve(listener, Arc::clone(&client)));

    let mut caller = BufReader::new(TcpStream::connect(address).await?);
    for (trace, page) in [(1, "/"), (2, "/prices"), (3, "/")] {
        let traceparent = format!("00-{trace:032x}-{trace:016x}-01");
        let request = format!("{traceparent}\t{page}\t{}\n", 10 * trace);
        caller.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        caller.read_line(&mut answer).await?;
        println!("trace {trace:032x}: {}", answer.trim_end());
    }

    serving.abort();
    client.close().await?;
    // Exporting blocks, so it is given a thread that may.
    tokio::task::spawn_blocking(move || telemetry.shutdown(Duration::from_secs(5))).await??;
    println!("spans and metrics are exported");
    Ok(())
}

async fn serve(listener: TcpListener, client: Arc<Client>) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let client = Arc::clone(&client);
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            while stream.read_line(&mut line).await? > 0 {
                let (traceparent, request) = line.split_once('\t').unwrap_or_default();
                // One that is malformed is ignored, as the standard wants it: a new trace begins.
                let context = TraceContext::parse(traceparent, None).unwrap_or_default();
                // The span is made inside of the context, which makes it the caller's child; the send
                // is then a child of the span.
                let handling = async {
                    let span = tracing::info_span!(target: TARGET, "visit", otel.kind = "server");
                    handle(&client, request).instrument(span).await
                };
                let answer = context.scope(handling).await;
                let answer = answer.unwrap_or_else(|error| format!("error: {error}"));
                stream.write_all(format!("{answer}\n").as_bytes()).await?;
                line.clear();
            }
            Ok::<_, std::io::Error>(())
        });
    }
}

async fn handle(client: &Client, request: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
    let (page, millis) = request
        .trim_end()
        .split_once('\t')
        .ok_or("page TAB millis")?;
    let batch = RecordBatch::try_from_iter_with_nullable([
        (
            "page",
            Arc::new(StringArray::from(vec![page])) as ArrayRef,
            false,
        ),
        (
            "millis",
            Arc::new(Int64Array::from(vec![millis.parse::<i64>()?])) as ArrayRef,
            true,
        ),
    ])?;
    let table: TableName = "main.default.visits".parse()?;
    let receipt = client.send(&table, batch).await?;
    let durable = receipt.durable().count();
    Ok(format!("{page} is stored, {durable} row"))
}
