"""The trace that the caller is in, for the spans of a send."""

from __future__ import annotations

import sys


def context() -> tuple[str, str | None] | None:
    """The W3C headers of OpenTelemetry's current context, where the program uses OpenTelemetry."""
    if "opentelemetry" not in sys.modules:
        return None
    try:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ImportError:
        return None
    headers: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(headers)
    parent = headers.get("traceparent")
    return (parent, headers.get("tracestate")) if parent else None
