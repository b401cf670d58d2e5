namespace ConcertDapr.Sidecar.Invocation;

/// <summary>The other sidecar cannot be reached.</summary>
internal sealed class PeerGoneException(string message, Exception inner) : Exception(message, inner)
{
    /// <summary>Whether the connection was lost under way, so that the request may have been carried out.</summary>
    public bool MayHaveArrived { get; init; }
}

/// <summary>Calls of sidecars in other processes, on their internal port.</summary>
internal sealed class PeerClient : IDisposable
{
    /// <summary>On an answer: the sidecar, not its app, answers, and the body is the reason as text.</summary>
    public const string FailureHeader = "sidecar-failure";

    /// <summary>On a request: a replica that could not serve it passed it on; it is not passed on again.</summary>
    public const string ForwardedHeader = "sidecar-forwarded";

    private readonly HttpMessageInvoker invoker = new(AppChannel.Handler(64 * 1024));

    public static LinedRequest Request(RegistryEntry entry, string pathAndQuery, HttpMethod method) => new(method,
        new Uri($"http://127.0.0.1:{entry.InternalPort}{pathAndQuery}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));

    /// <exception cref="PeerGoneException">No connection.</exception>
    /// <exception cref="AccessDeniedException">The callee does not let the caller in.</exception>
    /// <exception cref="InvalidOperationException">The callee could not call its app; the message says why.</exception>
    public async Task<AppAnswer> SendAsync(HttpRequestMessage request, SidecarRegistry registry, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await invoker.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            registry.Forget();
            throw new PeerGoneException($"{e.InnerException?.Message ?? e.Message}", e) { MayHaveArrived = e.HttpRequestError != HttpRequestError.ConnectionError };
        }
        if (!response.Headers.Contains(FailureHeader)) return new AppAnswer(response, null);
        using (response)
        {
            var reason = await response.Content.ReadAsStringAsync(cancellationToken);
            throw (int)response.StatusCode == 403 ? new AccessDeniedException(reason) : new InvalidOperationException(reason);
        }
    }

    public void Dispose() => invoker.Dispose();
}
