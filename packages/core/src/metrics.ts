export { PROMETHEUS_CONTENT_TYPE, prometheusText } from "./observe/metrics/prometheus-text.ts";
export { registerMetrics, type RegistryLike } from "./observe/metrics/register.ts";
export { instrument, type InstrumentOptions, type MeterLike, type ObservableLike, type ObservableResultLike } from "./observe/metrics/instrument.ts";
export type { SpanLike, TraceApiLike } from "./observe/metrics/spans.ts";
