using System.Collections.Concurrent;
using System.Diagnostics;
using ConcertDapr.Wire;
using Google.Protobuf;

namespace Dapr;

/// <summary>
/// A gRPC connection to a sidecar, shared by every client with the same address and token: clients of short life cost
/// no connection each.
/// </summary>
#pragma warning disable CA1001 // Connections live as long as the process: they are shared, and nobody can know the last user.
internal sealed class SidecarGrpc
#pragma warning restore CA1001
{
    /// <summary>The largest answer of clients that do not set one, as in the official SDK's channels.</summary>
    public const int DefaultMaxReceive = 4 * 1024 * 1024;

    private static readonly ConcurrentDictionary<(Uri, string, int?, int?), SidecarGrpc> Shared = new();
    private readonly GrpcClient _client;

    private readonly Uri _address;

    private SidecarGrpc(Uri address, string token, int? maxReceive, int? maxSend)
    {
        _address = address;
        _client = new GrpcClient(new GrpcClientOptions(address)
        {
            UserAgent = DaprUserAgent.Text,
            MaxReceiveMessageSize = maxReceive,
            MaxSendMessageSize = maxSend,
            Metadata = token.Length > 0 ? new() { ["dapr-api-token"] = token } : new Dictionary<string, string>(),
        });
    }

    /// <summary>The same sidecar without the token.</summary>
    public SidecarGrpc Anonymous => For(_address, null);

    /// <param name="address">The sidecar's gRPC address.</param>
    /// <param name="token">Sent with every call; null or white space sends none.</param>
    /// <param name="maxReceive">The largest answer in bytes; null for no limit.</param>
    /// <param name="maxSend">The largest request in bytes; null for no limit.</param>
    public static SidecarGrpc For(
        Uri address, string? token, int? maxReceive = DefaultMaxReceive, int? maxSend = null) => Shared.GetOrAdd(
        (address, string.IsNullOrWhiteSpace(token) ? "" : token, maxReceive, maxSend),
        static key => new SidecarGrpc(key.Item1, key.Item2, key.Item3, key.Item4));

    /// <summary>One request, one answer, with the trace context of the caller.</summary>
    public Task<TResponse> CallAsync<TResponse>(
        string method, IMessage request, MessageParser<TResponse> parser, CancellationToken cancellationToken)
        where TResponse : class, IMessage<TResponse> =>
        _client.UnaryAsync(method, request, parser, TraceContext(), cancellationToken);

    /// <summary>One request, a stream of answers.</summary>
    public IAsyncEnumerable<TResponse> StreamAsync<TResponse>(string method, IMessage request, MessageParser<TResponse> parser)
        where TResponse : class, IMessage<TResponse> => _client.StreamAsync(method, request, parser);

    private static GrpcCallOptions? TraceContext()
    {
        if (Activity.Current is not { IdFormat: ActivityIdFormat.W3C, Id: { } id } activity)
            return null;

        var metadata = new Dictionary<string, string> { ["traceparent"] = id, ["grpc-trace-bin"] = TraceBin(activity) };
        if (!string.IsNullOrWhiteSpace(activity.TraceStateString))
            metadata["tracestate"] = activity.TraceStateString;
        return new GrpcCallOptions(Metadata: metadata);
    }

    /// <summary>The binary form: version, then field 0 = trace id, field 1 = span id, field 2 = flags.</summary>
    private static string TraceBin(Activity activity)
    {
        Span<byte> bytes = stackalloc byte[29];
        activity.TraceId.CopyTo(bytes[2..18]);
        bytes[18] = 1;
        activity.SpanId.CopyTo(bytes[19..27]);
        bytes[27] = 2;
        bytes[28] = (byte)(activity.ActivityTraceFlags & ActivityTraceFlags.Recorded);
        return Convert.ToBase64String(bytes).TrimEnd('=');
    }
}
