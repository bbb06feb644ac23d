//! The trace that a send belongs to.

use std::collections::HashMap;

use opentelemetry::{
    Context,
    propagation::TextMapPropagator as _,
    trace::{FutureExt as _, TraceContextExt as _},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// A place in a trace, as [W3C Trace Context] writes it.
///
/// Within one program it is taken from where the caller is: the current `tracing` span, if its
/// subscriber has [the layer](super::Telemetry::layer), or else OpenTelemetry's current context. This
/// type is for what crosses a boundary, such as a header or Python.
///
/// ```
/// use zb_telemetry::TraceContext;
///
/// # async fn send() {}
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let context = TraceContext::parse(header, None).unwrap_or_default();
/// context.scope(send()).await; // its spans are children of b7ad6b7169203331
/// # assert_eq!(context.traceparent().as_deref(), Some(header));
/// # }
/// ```
///
/// [W3C Trace Context]: https://www.w3.org/TR/trace-context/
#[derive(Debug, Clone, Default)]
pub struct TraceContext(Context);

impl TraceContext {
    /// Reads the headers `traceparent` and `tracestate`. Nothing if they are malformed, and the
    /// standard wants them to be ignored then.
    pub fn parse(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let mut headers = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
        if let Some(state) = tracestate {
            headers.insert(TRACESTATE.to_owned(), state.to_owned());
        }
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &headers);
        let is_valid = context.span().span_context().is_valid();
        is_valid.then_some(Self(context))
    }

    /// Where the caller is.
    #[must_use]
    pub fn current() -> Self {
        Self(Context::current())
    }

    /// The header `traceparent`; nothing outside a trace.
    pub fn traceparent(&self) -> Option<String> {
        self.header(TRACEPARENT)
    }

    /// The header `tracestate`; nothing if there is no state.
    pub fn tracestate(&self) -> Option<String> {
        self.header(TRACESTATE).filter(|state| !state.is_empty())
    }

    /// Runs a future in this place: spans without a parent of their own become its children.
    pub fn scope<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        future.with_context(self.0.clone())
    }

    fn header(&self, name: &str) -> Option<String> {
        let mut headers = HashMap::new();
        TraceContextPropagator::new().inject_context(&self.0, &mut headers);
        headers.remove(name)
    }
}
