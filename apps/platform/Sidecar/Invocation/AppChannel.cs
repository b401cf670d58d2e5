using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace ConcertDapr.Sidecar.Invocation;

/// <summary>The app cannot be called now; the message says why.</summary>
internal sealed class AppUnreachableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>An answer of the app; disposing it frees its place under <c>app-max-concurrency</c>.</summary>
internal sealed class AppAnswer(HttpResponseMessage response, SemaphoreSlim? slot) : IDisposable
{
    public HttpResponseMessage Response { get; } = response;

    public void Dispose()
    {
        Response.Dispose();
        slot?.Release();
    }
}

/// <summary>Calls of the app over pooled connections.</summary>
internal sealed class AppChannel : IDisposable
{
    private static readonly TimeSpan DialTimeout = TimeSpan.FromMilliseconds(500);

    private readonly SidecarOptions options;
    private readonly HttpMessageInvoker invoker;
    private readonly SemaphoreSlim? slots;

    public AppChannel(SidecarOptions options)
    {
        this.options = options;
        var scheme = options.AppProtocol == "https" ? "https" : "http";
        BaseAddress = $"{scheme}://{options.AppChannelAddress}:{options.AppPort ?? 0}";
        slots = options.AppMaxConcurrency > 0 ? new SemaphoreSlim(options.AppMaxConcurrency) : null;
        invoker = new HttpMessageInvoker(Handler(options.ReadBufferSize));
    }

    public string BaseAddress { get; }

    public bool HasApp => options.AppPort is not null;

    /// <summary>False while health checks say that the app is not to be called.</summary>
    public Func<bool> IsHealthy { get; set; } = () => true;

    public Version HttpVersion => options.AppProtocol == "h2c" ? System.Net.HttpVersion.Version20 : System.Net.HttpVersion.Version11;

    /// <summary>A handler for calls between sidecars and apps: nothing is followed, stored, unpacked or traced.</summary>
    public static SocketsHttpHandler Handler(int responseHeaderBytes) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        ConnectTimeout = TimeSpan.FromSeconds(5),
        MaxResponseHeadersLength = Math.Max(1, responseHeaderBytes / 1024),
        RequestHeaderEncodingSelector = LinedRequest.EncodingOf,
        ResponseHeaderEncodingSelector = (_, _) => Encoding.Latin1,
    };

    /// <summary>A request to a path of the app (with query), with the app's token.</summary>
    public LinedRequest Request(HttpMethod method, string pathAndQuery)
    {
        var request = new LinedRequest(method, new Uri(BaseAddress + (pathAndQuery.StartsWith('/') ? "" : "/") + pathAndQuery,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }))
        {
            Version = HttpVersion,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        AddToken(request);
        return request;
    }

    public static ByteArrayContent JsonContent(ReadOnlyMemory<byte> body, string contentType)
    {
        var content = new ByteArrayContent(body.ToArray());
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        return content;
    }

    /// <summary>The answer with its headers read; the body is still to come.</summary>
    /// <exception cref="AppUnreachableException">No app, an unhealthy one, or no connection.</exception>
    public async Task<AppAnswer> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken, bool evenIfUnhealthy = false)
    {
        if (!HasApp) throw new AppUnreachableException("app channel is not initialized");
        if (!evenIfUnhealthy && !IsHealthy()) throw new AppUnreachableException("app is not in a healthy state");
        if (slots is not null) await slots.WaitAsync(cancellationToken);
        try
        {
            return new AppAnswer(await invoker.SendAsync(request, cancellationToken), slots);
        }
        catch (HttpRequestException e)
        {
            slots?.Release();
            throw Unreachable(request, e);
        }
        catch
        {
            slots?.Release();
            throw;
        }
    }

    /// <summary>Whether the app takes connections.</summary>
    public async Task<bool> AcceptsAsync(CancellationToken cancellationToken)
    {
        if (options.AppPort is not { } port) return false;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(DialTimeout);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(options.AppChannelAddress, port, timeout.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    public void Dispose()
    {
        invoker.Dispose();
        slots?.Dispose();
    }

    private void AddToken(HttpRequestMessage request)
    {
        if (string.IsNullOrEmpty(options.AppApiToken)) return;
        request.Headers.Remove("dapr-api-token");
        request.Headers.TryAddWithoutValidation("dapr-api-token", options.AppApiToken);
    }

    private static AppUnreachableException Unreachable(HttpRequestMessage request, HttpRequestException e)
    {
        var verb = request.Method.Method.Length < 2 ? request.Method.Method : request.Method.Method[0] + request.Method.Method[1..].ToLowerInvariant();
        var reason = e.HttpRequestError switch
        {
            HttpRequestError.ConfigurationLimitExceeded => "net/http: server response headers exceeded 4096 bytes; aborted",
            HttpRequestError.ConnectionError => $"dial tcp {request.RequestUri!.Host}:{request.RequestUri.Port}: connect: {e.InnerException?.Message ?? e.Message}",
            _ => e.InnerException?.Message ?? e.Message,
        };
        return new AppUnreachableException($"{verb} \"{request.RequestUri}\": {reason}", e);
    }
}
