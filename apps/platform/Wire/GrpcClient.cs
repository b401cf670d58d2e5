using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using Google.Protobuf;
using Grpc.Core;

namespace ConcertDapr.Wire;

/// <summary>Settings of a <see cref="GrpcClient"/>.</summary>
public sealed record GrpcClientOptions(Uri Address)
{
    /// <summary>Sent with every call, for example <c>dapr-api-token</c>; names in lower case.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Value of <c>user-agent</c>.</summary>
    public string UserAgent { get; init; } = "concert-dapr/1.0";

    /// <summary>Largest answer in bytes; null for no limit.</summary>
    public int? MaxReceiveMessageSize { get; init; } = 4 * 1024 * 1024;

    /// <summary>Largest request in bytes; null for no limit.</summary>
    public int? MaxSendMessageSize { get; init; }

    /// <summary>Pause between HTTP/2 pings while a call is open. Daprd ends connections pinged more often than every 8 s.</summary>
    public TimeSpan KeepAlivePingDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long an unanswered ping is waited for.</summary>
    public TimeSpan KeepAlivePingTimeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>What one call adds: a time limit and headers.</summary>
public sealed record GrpcCallOptions(TimeSpan? Timeout = null, IReadOnlyDictionary<string, string>? Metadata = null);

/// <summary>
/// A gRPC client over HTTP/2 without TLS by prior knowledge (or with TLS for an https address). Failed calls throw
/// <see cref="RpcException"/>; the caller's own cancellation throws <see cref="OperationCanceledException"/>.
/// </summary>
public sealed class GrpcClient : IDisposable
{
    private static readonly MediaTypeHeaderValue s_contentType = new("application/grpc");
    private readonly GrpcClientOptions _options;
    private readonly HttpMessageInvoker _http;

    /// <summary>Opens no connection yet.</summary>
    public GrpcClient(GrpcClientOptions options)
    {
        _options = options;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            // Callers pass their trace context on themselves; a span of the transport under each call would say nothing new.
            ActivityHeadersPropagator = null,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            EnableMultipleHttp2Connections = true,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            KeepAlivePingDelay = options.KeepAlivePingDelay,
            KeepAlivePingTimeout = options.KeepAlivePingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        });
    }

    /// <summary>One request, one answer. <paramref name="method"/> is the path, for example <c>/TaskHubSidecarService/Hello</c>.</summary>
    /// <exception cref="RpcException">The call failed, or its time limit passed (DeadlineExceeded).</exception>
    public async Task<TResponse> UnaryAsync<TResponse>(string method, IMessage request, MessageParser<TResponse> parser,
        GrpcCallOptions? call = null, CancellationToken cancellationToken = default) where TResponse : class, IMessage<TResponse>
    {
        TResponse? answer = null;
        await foreach (var message in StreamAsync(method, request, parser, call).WithCancellation(cancellationToken))
            answer = answer is null ? message : throw Failure(StatusCode.Internal, "More than one answer to a unary call.");
        return answer ?? throw Failure(StatusCode.Internal, "The call ended without an answer.");
    }

    /// <summary>
    /// One request, a stream of answers until the server ends it. The request goes out when the stream is read; breaking off or
    /// cancelling resets it.
    /// </summary>
    /// <exception cref="RpcException">The request is too large. While reading: the server ended the stream with an error, or the
    /// connection was lost.</exception>
    public IAsyncEnumerable<TResponse> StreamAsync<TResponse>(string method, IMessage request, MessageParser<TResponse> parser,
        GrpcCallOptions? call = null) where TResponse : class, IMessage<TResponse>
    {
        var frame = GrpcFraming.Frame(request);
        return frame.Length - GrpcFraming.HeaderSize > (_options.MaxSendMessageSize ?? int.MaxValue)
            ? throw Failure(StatusCode.ResourceExhausted, "Sending message exceeds the maximum configured message size.")
            : ReadAsync(method, frame, parser, call ?? new(), default);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async IAsyncEnumerable<TResponse> ReadAsync<TResponse>(string method, byte[] frame,
        MessageParser<TResponse> parser, GrpcCallOptions call, [EnumeratorCancellation] CancellationToken cancellationToken)
        where TResponse : class, IMessage<TResponse>
    {
        using var deadline = new CancellationTokenSource(call.Timeout ?? Timeout.InfiniteTimeSpan);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        using var http = Request(method, frame, call);
        HttpResponseMessage? response = null;
        Stream? body = null;
        try
        {
            while (true)
            {
                TResponse? message;
                try
                {
                    response ??= Accept(await _http.SendAsync(http, either.Token));
                    body ??= await response.Content.ReadAsStreamAsync(either.Token);
                    message = await ReadMessageAsync(body, parser, either.Token);
                    if (message is null)
                        ThrowUnlessOk(response);
                }
                catch (Exception e) when (e is not RpcException)
                {
                    throw Translate(e, call, deadline, cancellationToken);
                }
                if (message is null)
                    yield break;
                yield return message;
            }
        }
        finally
        {
            response?.Dispose();
        }
    }

    private HttpRequestMessage Request(string method, byte[] frame, GrpcCallOptions call)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_options.Address, method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new FrameContent(frame),
        };
        request.Content.Headers.ContentType = s_contentType;
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation("user-agent", _options.UserAgent);
        request.Headers.TryAddWithoutValidation("grpc-accept-encoding", "identity");
        if (call.Timeout is { } timeout)
            request.Headers.TryAddWithoutValidation("grpc-timeout", GrpcFraming.EncodeTimeout(timeout));
        foreach (var (name, value) in _options.Metadata.Concat(call.Metadata ?? new Dictionary<string, string>()))
            request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    private static HttpResponseMessage Accept(HttpResponseMessage response)
    {
        if (response.Headers.Contains("grpc-status"))
            ThrowUnlessOk(response);
        var isGrpc = response.Content.Headers.ContentType?.MediaType?.StartsWith("application/grpc", StringComparison.Ordinal) == true;
        if (response.StatusCode == HttpStatusCode.OK && isGrpc)
            return response;
        using (response)
            throw Failure(CodeOf(response.StatusCode), $"Bad gRPC response. HTTP status code: {(int)response.StatusCode}");
    }

    private async Task<TResponse?> ReadMessageAsync<TResponse>(Stream body, MessageParser<TResponse> parser,
        CancellationToken cancellationToken) where TResponse : class, IMessage<TResponse>
    {
        var header = new byte[GrpcFraming.HeaderSize];
        var read = await body.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken);
        if (read == 0)
            return null;
        if (read < header.Length)
            throw Failure(StatusCode.Internal, "Incomplete message header.");
        var (compressed, size) = GrpcFraming.ReadHeader(header);
        if (compressed)
            throw Failure(StatusCode.Internal, "The server compressed an answer although no encoding was offered.");
        if (size > (uint)(_options.MaxReceiveMessageSize ?? int.MaxValue))
            throw Failure(StatusCode.ResourceExhausted, "Received message exceeds the maximum configured message size.");
        var message = new byte[size];
        await body.ReadExactlyAsync(message, cancellationToken);
        return parser.ParseFrom(message);
    }

    private static void ThrowUnlessOk(HttpResponseMessage response)
    {
        var source = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
        var trailers = new Metadata();
        foreach (var (name, values) in source.NonValidated)
            foreach (var value in values)
                trailers.Add(name.EndsWith("-bin", StringComparison.Ordinal)
                    ? new Metadata.Entry(name, GrpcFraming.DecodeBinary(value)) : new Metadata.Entry(name, value));
        if (!int.TryParse(trailers.GetValue("grpc-status"), out var code))
            throw Failure(StatusCode.Internal, "No grpc-status found on response.");
        if (code != 0)
            throw new RpcException(new Status((StatusCode)code, GrpcFraming.DecodeMessage(trailers.GetValue("grpc-message") ?? "")), trailers);
    }

    private static Exception Translate(Exception e, GrpcCallOptions call, CancellationTokenSource deadline, CancellationToken caller)
    {
        if (caller.IsCancellationRequested)
            return e as OperationCanceledException ?? new OperationCanceledException(e.Message, e, caller);
        // Daprd ends a call whose time is up by a bare reset; whichever clock was first, it is the same thing.
        var reset = (e as HttpProtocolException ?? e.InnerException as HttpProtocolException)?.ErrorCode;
        if (deadline.IsCancellationRequested || (call.Timeout is not null && reset == 8))
            return Failure(StatusCode.DeadlineExceeded, "Deadline Exceeded", e);
        return reset switch
        {
            8 => Failure(StatusCode.Cancelled, "The server reset the stream.", e),
            11 => Failure(StatusCode.ResourceExhausted, "The server asks for fewer calls.", e),
            null when e is InvalidProtocolBufferException => Failure(StatusCode.Internal, "The answer cannot be decoded.", e),
            _ => Failure(StatusCode.Unavailable, $"Error starting or reading the gRPC call: {e.Message}", e),
        };
    }

    private static StatusCode CodeOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest => StatusCode.Internal,
        HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
        HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
        HttpStatusCode.NotFound => StatusCode.Unimplemented,
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable
            or HttpStatusCode.GatewayTimeout => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };

    private static RpcException Failure(StatusCode code, string detail, Exception? cause = null) => new(new Status(code, detail, cause));

    /// <summary>A request body of one frame, without a length: it leaves together with the end of the request.</summary>
    private sealed class FrameContent(byte[] frame) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => stream.WriteAsync(frame).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = frame.Length;
            return false;
        }
    }
}
