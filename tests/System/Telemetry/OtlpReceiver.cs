using System.Collections.Concurrent;
using ConcertDapr.Wire;
using ConcertDapr.Wire.Otlp;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConcertDapr.Tests;

/// <summary>A span as it arrived.</summary>
public sealed record ReceivedSpan(string Service, string Scope, string Trace, string Id, string? Parent, string Name,
    Span.Types.SpanKind Kind, DateTimeOffset Start, TimeSpan Duration, IReadOnlyDictionary<string, string> Attributes)
{
    /// <summary>Service and name, as a reader of a trace sees them.</summary>
    public override string ToString() => $"{Service}: {Name}";
}

/// <summary>A metric as it arrived: its OpenTelemetry name and unit, and the labels of one of its points.</summary>
public sealed record ReceivedMetric(string Service, string Name, string Unit, Metric.DataOneofCase Kind, bool IsMonotonic, string Labels);

/// <summary>A small OTLP receiver (gRPC over plain HTTP/2) that keeps what it gets.</summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OtlpReceiver(WebApplication app) => _app = app;

    public ConcurrentQueue<ReceivedSpan> Spans { get; } = new();

    public ConcurrentDictionary<ReceivedMetric, double> Metrics { get; } = new();

    public ConcurrentQueue<(string Service, string Text, string Trace)> Logs { get; } = new();

    /// <summary>Attributes of each service's resource.</summary>
    public ConcurrentDictionary<string, IReadOnlyDictionary<string, string>> Resources { get; } = new();

    public static async Task<OtlpReceiver> StartAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.ListenLocalhost(port, l => l.Protocols = HttpProtocols.Http2));
        var receiver = new OtlpReceiver(builder.Build());
        var server = new GrpcServer(new GrpcServerOptions(), NullLogger.Instance)
            .Unary(Path("trace.v1.TraceService"), ExportTraceServiceRequest.Parser, (request, _) => receiver.Take(request))
            .Unary(Path("metrics.v1.MetricsService"), ExportMetricsServiceRequest.Parser, (request, _) => receiver.Take(request))
            .Unary(Path("logs.v1.LogsService"), ExportLogsServiceRequest.Parser, (request, _) => receiver.Take(request));
        receiver._app.Run(server.HandleAsync);
        await receiver._app.StartAsync();
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static string Path(string service) => $"/opentelemetry.proto.collector.{service}/Export";

    private Task<ExportTraceServiceResponse> Take(ExportTraceServiceRequest request)
    {
        foreach (var spans in request.ResourceSpans)
            foreach (var scope in spans.ScopeSpans)
                foreach (var span in scope.Spans)
                    Spans.Enqueue(new(ServiceOf(spans.Resource), scope.Scope?.Name ?? "", Hex(span.TraceId), Hex(span.SpanId),
                        span.ParentSpanId.IsEmpty ? null : Hex(span.ParentSpanId), span.Name, span.Kind, DateTimeOffset.UnixEpoch.AddTicks((long)(span.StartTimeUnixNano / 100)),
                        TimeSpan.FromTicks((long)(span.EndTimeUnixNano - span.StartTimeUnixNano) / 100), Dictionary(span.Attributes)));
        return Task.FromResult(new ExportTraceServiceResponse());
    }

    private Task<ExportMetricsServiceResponse> Take(ExportMetricsServiceRequest request)
    {
        foreach (var metrics in request.ResourceMetrics)
            foreach (var metric in metrics.ScopeMetrics.SelectMany(s => s.Metrics))
                foreach (var (labels, value) in Points(metric))
                    Metrics[new(ServiceOf(metrics.Resource), metric.Name, metric.Unit, metric.DataCase, metric.Sum?.IsMonotonic == true, labels)] = value;
        return Task.FromResult(new ExportMetricsServiceResponse());
    }

    private static IEnumerable<(string Labels, double Value)> Points(Metric metric) => metric.DataCase == Metric.DataOneofCase.Histogram
        ? metric.Histogram.DataPoints.Select(p => (Labels(p.Attributes), (double)p.Count))
        : (metric.Gauge?.DataPoints ?? metric.Sum.DataPoints).Select(p => (Labels(p.Attributes), p.HasAsInt ? p.AsInt : p.AsDouble));

    private Task<ExportLogsServiceResponse> Take(ExportLogsServiceRequest request)
    {
        foreach (var logs in request.ResourceLogs)
            foreach (var record in logs.ScopeLogs.SelectMany(s => s.LogRecords))
                Logs.Enqueue((ServiceOf(logs.Resource), record.Body?.StringValue ?? "", Hex(record.TraceId)));
        return Task.FromResult(new ExportLogsServiceResponse());
    }

    private string ServiceOf(Resource resource)
    {
        var attributes = Dictionary(resource.Attributes);
        var service = attributes["service.name"];
        // A sidecar exports under its app's name, but says less of itself.
        if (attributes.ContainsKey("service.instance.id")) Resources[service] = attributes;
        return service;
    }

    private static string Labels(IEnumerable<KeyValue> attributes) => string.Join(',', attributes.Select(a => a.Key).Order());

    private static Dictionary<string, string> Dictionary(IEnumerable<KeyValue> attributes) => attributes.ToDictionary(a => a.Key, a => a.Value.ValueCase switch
    {
        AnyValue.ValueOneofCase.IntValue => a.Value.IntValue.ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => a.Value.StringValue,
    });

    private static string Hex(Google.Protobuf.ByteString bytes) => Convert.ToHexStringLower(bytes.Span);
}
