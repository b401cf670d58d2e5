using System.Threading.Channels;
using ConcertDapr.Wire;
using ConcertDapr.Wire.Otlp;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.Telemetry;

/// <summary>
/// Exports this sidecar's spans by OTLP, in batches, off the path of whoever made them. What a receiver does not take in time
/// is dropped: telemetry never holds anything up. Only calls that are part of somebody's sampled trace become spans.
/// </summary>
internal sealed class SpanExporter : IAsyncDisposable
{
    private const int MostWaiting = 8192;
    private const int MostAtOnce = 512;
    private const string ExportMethod = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

    private static readonly TimeSpan s_gather = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly Channel<Span> _spans = Channel.CreateBounded<Span>(new BoundedChannelOptions(MostWaiting)
    {
        FullMode = BoundedChannelFullMode.DropWrite,
        SingleReader = true,
    });

    private readonly CancellationTokenSource _stop = new();
    private readonly OtlpTarget _target;
    private readonly Resource _resource;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly GrpcClient _grpc;
    private readonly HttpClient _http = new() { Timeout = s_patience };
    private readonly Task _running;
    private bool _failing;

    public SpanExporter(OtlpTarget target, string appId, TimeProvider clock, ILogger log)
    {
        (_target, _clock, _log) = (target, clock, log);
        _grpc = new(new GrpcClientOptions(target.Address));
        _resource = new()
        {
            Attributes = { Text("service.name", appId), Text("telemetry.sdk.name", "concert-dapr-sidecar"), Text("telemetry.sdk.language", "dotnet") },
        };
        _running = Task.Run(RunAsync);
    }

    public DateTimeOffset Now => _clock.GetUtcNow();

    /// <summary>Adds a span that has just ended.</summary>
    /// <param name="name">What was done, without ids.</param>
    /// <param name="kind">Which side of a call this is.</param>
    /// <param name="parent">Trace parent of the caller's span; null or malformed: nobody's trace, nothing is recorded.</param>
    /// <param name="context">Trace parent of this span.</param>
    /// <param name="start">When it began.</param>
    /// <param name="failed">Whether it failed.</param>
    public void Add(string name, Span.Types.SpanKind kind, string? parent, string context, DateTimeOffset start, bool failed) =>
        Add(name, kind, parent, context, start, Now, failed);

    /// <summary>Adds a span with its end.</summary>
    public void Add(string name, Span.Types.SpanKind kind, string? parent, string context, DateTimeOffset start, DateTimeOffset end, bool failed)
    {
        if (!Api.TraceContext.IsValid(parent) || !context.EndsWith("01", StringComparison.Ordinal)) return;
        _spans.Writer.TryWrite(new()
        {
            Name = name,
            Kind = kind,
            TraceId = Hex(context.AsSpan(3, 32)),
            SpanId = Hex(context.AsSpan(36, 16)),
            ParentSpanId = Hex(parent.AsSpan(36, 16)),
            StartTimeUnixNano = Nanoseconds(start),
            EndTimeUnixNano = Nanoseconds(end),
            Status = failed ? new() { Code = Wire.Otlp.Status.Types.StatusCode.Error } : null,
        });
    }

    /// <summary>Sends what is waiting, if that can be done soon.</summary>
    public async ValueTask DisposeAsync()
    {
        _spans.Writer.Complete();
        await _stop.CancelAsync();
        await _running;
        _grpc.Dispose();
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (await _spans.Reader.WaitToReadAsync(CancellationToken.None))
        {
            await Task.Delay(s_gather, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var batch = new ScopeSpans { Scope = new() { Name = "ConcertDapr.Sidecar" } };
            while (batch.Spans.Count < MostAtOnce && _spans.Reader.TryRead(out var span)) batch.Spans.Add(span);
            await SendAsync(new() { ResourceSpans = { new ResourceSpans { Resource = _resource, ScopeSpans = { batch } } } });
        }
    }

    private async Task SendAsync(ExportTraceServiceRequest request)
    {
        try
        {
            if (_target.IsGrpc)
                await _grpc.UnaryAsync(ExportMethod, request, ExportTraceServiceResponse.Parser, new(s_patience));
            else
                await PostAsync(request);
            _failing = false;
        }
        catch (Exception e) when (e is RpcException or HttpRequestException or TaskCanceledException)
        {
            // Said once per outage; these spans are gone.
            if (!_failing) _log.SpansNotExported(_target.Address, e.Message);
            _failing = true;
        }
    }

    private async Task PostAsync(ExportTraceServiceRequest request)
    {
        using var content = new ByteArrayContent(request.ToByteArray());
        content.Headers.ContentType = new("application/x-protobuf");
        using var answer = await _http.PostAsync(new Uri($"{_target.Address.AbsoluteUri.TrimEnd('/')}/v1/traces"), content);
        answer.EnsureSuccessStatusCode();
    }

    private static KeyValue Text(string key, string value) => new() { Key = key, Value = new() { StringValue = value } };

    private static ByteString Hex(ReadOnlySpan<char> digits) => UnsafeByteOperations.UnsafeWrap(Convert.FromHexString(digits));

    private static ulong Nanoseconds(DateTimeOffset time) => (ulong)(time - DateTimeOffset.UnixEpoch).Ticks * 100;
}
