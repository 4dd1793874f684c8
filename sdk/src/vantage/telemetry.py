"""Traces by OpenTelemetry, one span a batch and one an alert: a span a frame would cost more than the frame.

The trace context travels in Kafka headers (W3C `traceparent`), because the consumer runs in another thread and process.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PROPAGATOR = TraceContextTextMapPropagator()
_EXPORT_TIMEOUT_S = 3  # a collector that is away holds up a service's end for so long
_TRACER = trace.get_tracer("vantage")


def start_telemetry(service: str, cell_id: str, endpoint: str) -> TracerProvider | None:
    """Send spans to the collector; None and no cost where the endpoint is empty. Shut it down to flush."""
    if not endpoint:
        return None
    provider = TracerProvider(resource=Resource.create({"service.name": service, "vantage.cell": cell_id}))
    exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces", timeout=_EXPORT_TIMEOUT_S)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider


@contextmanager
def span(name: str, attributes: Mapping[str, str | int] | None = None, parent: str | None = None) -> Iterator[str]:
    """A span around the block; gives its `traceparent`, to be put into outgoing headers (empty when off).

    `parent` is the `traceparent` of the message that caused the work.
    """
    context = _PROPAGATOR.extract({"traceparent": parent}) if parent else None
    with _TRACER.start_as_current_span(name, context=context, attributes=dict(attributes or {})):
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        yield carrier.get("traceparent", "")
