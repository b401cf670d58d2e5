using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Wire;

/// <summary>
/// A gRPC server as one ASP.NET Core request handler for an HTTP/2 endpoint: <c>app.Run(server.HandleAsync)</c>. Errors,
/// unknown methods and malformed calls are answered in daprd's words.
/// </summary>
public sealed partial class GrpcServer(GrpcServerOptions options, ILogger logger)
{
    private const int Http2Cancel = 8;
    private readonly Dictionary<string, Func<GrpcCall, MessageReader, MessageWriter, Task>> _methods = [];
    private readonly HashSet<string> _services = [];

    /// <summary>Adds a method with one request and one answer; <paramref name="path"/> is <c>/service/Method</c>.</summary>
    public GrpcServer Unary<TRequest, TResponse>(string path, MessageParser<TRequest> parser,
        Func<TRequest, GrpcCall, Task<TResponse>> handle) where TRequest : class, IMessage<TRequest> where TResponse : IMessage =>
        Add(path, async (call, reader, writer) => writer.WriteLast(await handle(await reader.ReadOneAsync(parser, call.Cancellation), call)));

    /// <summary>Adds a method that answers with a stream; the handler writes until it returns.</summary>
    public GrpcServer ServerStream<TRequest, TResponse>(string path, MessageParser<TRequest> parser,
        Func<TRequest, Func<TResponse, Task>, GrpcCall, Task> handle)
        where TRequest : class, IMessage<TRequest> where TResponse : IMessage =>
        Add(path, async (call, reader, writer) => await handle(await reader.ReadOneAsync(parser, call.Cancellation),
            message => writer.WriteAsync(message, call.Cancellation), call));

    /// <summary>Adds a method with a stream in each direction.</summary>
    public GrpcServer Duplex<TRequest, TResponse>(string path, MessageParser<TRequest> parser,
        Func<IAsyncEnumerable<TRequest>, Func<TResponse, Task>, GrpcCall, Task> handle)
        where TRequest : class, IMessage<TRequest> where TResponse : IMessage =>
        Add(path, (call, reader, writer) => handle(reader.ReadAllAsync(parser, call.Cancellation),
            message => writer.WriteAsync(message, call.Cancellation), call));

    /// <summary>Serves one request of the endpoint.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        if (Refusal(http.Request) is { } refusal)
        {
            EndWithoutBody(http, refusal.HttpStatus, refusal.Error);
            return;
        }
        LiftLimitsOfPlainHttp(http);
        http.Response.ContentType = http.Request.ContentType;
        if (GrpcFraming.DecodeTimeout(http.Request.Headers["grpc-timeout"]) is { } timeout)
            await HandleTimedAsync(http, timeout);
        else
            await EndUnlessGoneAsync(http, await RunAsync(new GrpcCall(http, http.RequestAborted)));
    }

    private async Task HandleTimedAsync(HttpContext http, TimeSpan timeout)
    {
        using var deadline = new CancellationTokenSource(timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, deadline.Token);
        var error = await RunAsync(new GrpcCall(http, either.Token));
        if (deadline.IsCancellationRequested && error is not null)
            http.Features.Get<IHttpResetFeature>()?.Reset(Http2Cancel);
        else
            await EndUnlessGoneAsync(http, error);
    }

    private static Task EndUnlessGoneAsync(HttpContext http, RpcException? error) =>
        http.RequestAborted.IsCancellationRequested ? Task.CompletedTask : EndAsync(http, error);

    private GrpcServer Add(string path, Func<GrpcCall, MessageReader, MessageWriter, Task> run)
    {
        _methods.Add(path, run);
        _services.Add(ServiceOf(path));
        return this;
    }

    private static string ServiceOf(string path) => path[..(path.LastIndexOf('/') + 1)];

    private (int HttpStatus, RpcException Error)? Refusal(HttpRequest request)
    {
        if (request.Method != HttpMethods.Post)
            return (405, GrpcFraming.Error(StatusCode.Internal,
                $"Received a HEADERS frame with :method \"{request.Method}\" which should be POST"));
        if (request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) != true)
            return (415, GrpcFraming.Error(StatusCode.InvalidArgument, $"invalid gRPC request content-type \"{request.ContentType}\""));
        if (TokenError(request) is { } text)
            return (200, GrpcFraming.Error(StatusCode.Unauthenticated, "Unauthorized", new Rpc.ErrorInfo
            {
                Reason = "Unauthorized",
                Domain = "dapr.io",
                Metadata = { ["http.code"] = "401", ["http.error_message"] = text },
            }));
        // Daprd proxies services it does not know to other apps, hence its words and the code UNKNOWN.
        if (!_services.Contains(ServiceOf(request.Path.Value!)))
            return (200, GrpcFraming.Error(StatusCode.Unknown,
                "cannot proxy request: missing dapr-callee-app-id or dapr-app-id metadata"));
        return null;
    }

    private string? TokenError(HttpRequest request)
    {
        if (string.IsNullOrEmpty(options.ApiToken))
            return null;
        if (!request.Headers.TryGetValue("dapr-api-token", out var token))
            return "missing api token in request metadata";
        return System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(
            System.Text.Encoding.UTF8.GetBytes(token.ToString()), System.Text.Encoding.UTF8.GetBytes(options.ApiToken))
            ? null : "authentication error: api token mismatch";
    }

    /// <summary>Messages carry their own limit, and a stream may be silent for days.</summary>
    private static void LiftLimitsOfPlainHttp(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        if (http.Features.Get<Microsoft.AspNetCore.Server.Kestrel.Core.Features.IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
    }

    private async Task<RpcException?> RunAsync(GrpcCall call)
    {
        var path = call.Http.Request.Path.Value!;
        var gzip = call.Header("grpc-encoding") == "gzip";
        try
        {
            if (!_methods.TryGetValue(path, out var run))
                throw GrpcFraming.Error(StatusCode.Unknown,
                    "failed to proxy request: required metadata dapr-callee-app-id or dapr-app-id not found");
            await run(call, new MessageReader(call.Http.Request.BodyReader, gzip, options.MaxMessageSize),
                new MessageWriter(call.Http.Response, gzip, options.MaxMessageSize));
            return null;
        }
        catch (RpcException e)
        {
            return e;
        }
        catch (Exception e) when (call.Cancellation.IsCancellationRequested)
        {
            return new RpcException(new Status(StatusCode.Cancelled, "context canceled", e));
        }
        catch (Exception e)
        {
            LogFault(e, path);
            return new RpcException(new Status(StatusCode.Unknown, e.Message, e));
        }
    }

    private static async Task EndAsync(HttpContext http, RpcException? error)
    {
        // An empty request is refused before a handler runs; daprd then answers with a single header frame.
        if (error is EmptyRequestException)
        {
            EndWithoutBody(http, 200, error);
            return;
        }
        // After success the headers go out together with the message and the trailers: one write of the socket instead of three.
        if (error is not null)
            await http.Response.StartAsync(CancellationToken.None);
        foreach (var (name, value) in StatusHeaders(error))
            http.Response.AppendTrailer(name, value);
        await http.Response.CompleteAsync();
    }

    private static void EndWithoutBody(HttpContext http, int httpStatus, RpcException error)
    {
        http.Response.StatusCode = httpStatus;
        http.Response.ContentType = httpStatus == 200 ? http.Request.ContentType : "application/grpc";
        foreach (var (name, value) in StatusHeaders(error))
            http.Response.Headers[name] = value;
    }

    private static IEnumerable<(string Name, string Value)> StatusHeaders(RpcException? error)
    {
        yield return ("grpc-status", ((int)(error?.StatusCode ?? StatusCode.OK)).ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (error is not null)
            yield return ("grpc-message", GrpcFraming.EncodeMessage(error.Status.Detail));
        if (error?.Trailers.GetValueBytes(GrpcFraming.DetailsTrailer) is { } details)
            yield return (GrpcFraming.DetailsTrailer, GrpcFraming.EncodeBinary(details));
    }

    [LoggerMessage(EventId = 4001, Level = LogLevel.Error, Message = "gRPC method {Path} failed unexpectedly")]
    private partial void LogFault(Exception exception, string path);

    private sealed class MessageWriter(HttpResponse response, bool gzip, int maxSize)
    {
        public async Task WriteAsync(IMessage message, CancellationToken token)
        {
            WriteLast(message);
            await response.BodyWriter.FlushAsync(token);
        }

        /// <summary>The message goes out when the call ends.</summary>
        public void WriteLast(IMessage message)
        {
            var size = message.CalculateSize();
            if (size > maxSize)
                throw GrpcFraming.Error(StatusCode.ResourceExhausted, $"grpc: trying to send message larger than max ({size} vs. {maxSize})");
            if (gzip && !response.HasStarted)
                response.Headers["grpc-encoding"] = "gzip";
            var body = response.BodyWriter;
            Write(body, message, size);
        }

        private void Write(PipeWriter body, IMessage message, int size)
        {
            var deflated = gzip ? Deflate(message) : null;
            GrpcFraming.WriteHeader(body.GetSpan(GrpcFraming.HeaderSize), deflated?.Length ?? size, gzip);
            body.Advance(GrpcFraming.HeaderSize);
            if (deflated is null)
                message.WriteTo(body);
            else
                body.Write(deflated);
        }

        private static byte[] Deflate(IMessage message)
        {
            using var packed = new MemoryStream();
            using (var deflating = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
                deflating.Write(message.ToByteArray());
            return packed.ToArray();
        }
    }
}
