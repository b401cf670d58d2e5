namespace Dapr.Client;

public abstract partial class DaprClient
{
    private const string InvokeGuidance =
        "Recommended guidance is to use a native HTTP or gRPC client for service invocation";

    /// <summary>
    /// An <see cref="HttpClient"/> whose requests to <c>http://{app}/…</c> go through the sidecar. Without
    /// <paramref name="daprApiToken"/> no token is sent, even if the environment names one.
    /// </summary>
    public static HttpClient CreateInvokeHttpClient(
        string? appId = null, string? daprEndpoint = null, string? daprApiToken = null)
    {
        var handler = new InvocationHandler
        {
            InnerHandler = new SocketsHttpHandler { AllowAutoRedirect = true, UseCookies = true },
            DaprApiToken = daprApiToken,
            DefaultAppId = appId,
        };
        if (daprEndpoint is not null)
            handler.DaprEndpoint = daprEndpoint;
        var client = new HttpClient(handler);
        client.DefaultRequestHeaders.UserAgent.Add(DaprUserAgent.Header);
        if (appId is not null)
            client.BaseAddress = AppAddress(appId);
        return client;
    }

    /// <inheritdoc cref="CreateInvokeHttpClient"/>
    /// <remarks>Uses this client's sidecar address and token.</remarks>
    public abstract HttpClient CreateInvokableHttpClient(string? appId = null);

    public HttpRequestMessage CreateInvokeMethodRequest(string appId, string methodName) =>
        CreateInvokeMethodRequest(HttpMethod.Post, appId, methodName);

    public HttpRequestMessage CreateInvokeMethodRequest(
        string appId, string methodName, IReadOnlyCollection<KeyValuePair<string, string>> queryStringParameters) =>
        CreateInvokeMethodRequest(HttpMethod.Post, appId, methodName, queryStringParameters);

    public abstract HttpRequestMessage CreateInvokeMethodRequest(HttpMethod httpMethod, string appId, string methodName);

    public abstract HttpRequestMessage CreateInvokeMethodRequest(
        HttpMethod httpMethod, string appId, string methodName,
        IReadOnlyCollection<KeyValuePair<string, string>> queryStringParameters);

    public HttpRequestMessage CreateInvokeMethodRequest<TRequest>(string appId, string methodName, TRequest data) =>
        CreateInvokeMethodRequest(HttpMethod.Post, appId, methodName, [], data);

    public abstract HttpRequestMessage CreateInvokeMethodRequest<TRequest>(
        HttpMethod httpMethod, string appId, string methodName,
        IReadOnlyCollection<KeyValuePair<string, string>> queryStringParameters, TRequest data);

    [Obsolete(InvokeGuidance)]
    public abstract Task<HttpResponseMessage> InvokeMethodWithResponseAsync(
        HttpRequestMessage request, CancellationToken cancellationToken = default);

    [Obsolete(InvokeGuidance)]
    public abstract Task InvokeMethodAsync(HttpRequestMessage request, CancellationToken cancellationToken = default);

    [Obsolete(InvokeGuidance)]
    public abstract Task<TResponse> InvokeMethodAsync<TResponse>(
        HttpRequestMessage request, CancellationToken cancellationToken = default);

    [Obsolete(InvokeGuidance)]
    public Task InvokeMethodAsync(string appId, string methodName, CancellationToken cancellationToken = default) =>
        InvokeMethodAsync(CreateInvokeMethodRequest(appId, methodName), cancellationToken);

    [Obsolete(InvokeGuidance)]
    public Task InvokeMethodAsync(
        HttpMethod httpMethod, string appId, string methodName, CancellationToken cancellationToken = default) =>
        InvokeMethodAsync(CreateInvokeMethodRequest(httpMethod, appId, methodName), cancellationToken);

    [Obsolete(InvokeGuidance)]
    public Task InvokeMethodAsync<TRequest>(
        string appId, string methodName, TRequest data, CancellationToken cancellationToken = default) =>
        InvokeMethodAsync(CreateInvokeMethodRequest(appId, methodName, data), cancellationToken);

    [Obsolete(InvokeGuidance)]
    public Task InvokeMethodAsync<TRequest>(
        HttpMethod httpMethod, string appId, string methodName, TRequest data,
        CancellationToken cancellationToken = default) =>
        InvokeMethodAsync(CreateInvokeMethodRequest(httpMethod, appId, methodName, [], data), cancellationToken);

    [Obsolete(InvokeGuidance)]
    public Task<TResponse> InvokeMethodAsync<TResponse>(
        string appId, string methodName, CancellationToken cancellationToken = default) =>
        InvokeMethodAsync<TResponse>(CreateInvokeMethodRequest(appId, methodName), cancellationToken);

    [Obsolete(InvokeGuidance)]
    public Task<TResponse> InvokeMethodAsync<TResponse>(
        HttpMethod httpMethod, string appId, string methodName, CancellationToken cancellationToken = default) =>
        InvokeMethodAsync<TResponse>(CreateInvokeMethodRequest(httpMethod, appId, methodName), cancellationToken);

    [Obsolete(InvokeGuidance)]
    public Task<TResponse> InvokeMethodAsync<TRequest, TResponse>(
        string appId, string methodName, TRequest data, CancellationToken cancellationToken = default) =>
        InvokeMethodAsync<TResponse>(CreateInvokeMethodRequest(appId, methodName, data), cancellationToken);

    [Obsolete(InvokeGuidance)]
    public Task<TResponse> InvokeMethodAsync<TRequest, TResponse>(
        HttpMethod httpMethod, string appId, string methodName, TRequest data,
        CancellationToken cancellationToken = default) =>
        InvokeMethodAsync<TResponse>(
            CreateInvokeMethodRequest(httpMethod, appId, methodName, [], data), cancellationToken);

    internal static Uri AppAddress(string appId)
    {
        try
        {
            return new Uri($"http://{appId}");
        }
        catch (UriFormatException inner)
        {
            throw new ArgumentException("The appId must be a valid hostname.", nameof(appId), inner);
        }
    }
}
