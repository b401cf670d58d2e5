using System.Net.Http.Json;
using System.Text.Json;

namespace Dapr.Client;

internal sealed partial class DaprGrpcClient
{
    private static readonly HttpRequestOptionsKey<string> AppIdKey = new("appId");
    private static readonly HttpRequestOptionsKey<string> MethodNameKey = new("methodName");

    public override HttpClient CreateInvokableHttpClient(string? appId = null) =>
        CreateInvokeHttpClient(appId, httpEndpoint.AbsoluteUri, token);

    public override HttpRequestMessage CreateInvokeMethodRequest(HttpMethod httpMethod, string appId, string methodName) =>
        CreateInvokeMethodRequest(httpMethod, appId, methodName, []);

    public override HttpRequestMessage CreateInvokeMethodRequest(
        HttpMethod httpMethod, string appId, string methodName,
        IReadOnlyCollection<KeyValuePair<string, string>> queryStringParameters)
    {
        ArgumentNullException.ThrowIfNull(httpMethod);
        ArgumentException.ThrowIfNullOrEmpty(appId);
        ArgumentNullException.ThrowIfNull(methodName);
        var uri = new Uri(httpEndpoint, $"/v1.0/invoke/{appId}/method/{methodName.TrimStart('/')}");
        var request = new HttpRequestMessage(httpMethod, WithQuery(uri, queryStringParameters));
        request.Options.Set(AppIdKey, appId);
        request.Options.Set(MethodNameKey, methodName);
        AddToken(request);
        return request;
    }

    public override HttpRequestMessage CreateInvokeMethodRequest<TRequest>(
        HttpMethod httpMethod, string appId, string methodName,
        IReadOnlyCollection<KeyValuePair<string, string>> queryStringParameters, TRequest data)
    {
        var request = CreateInvokeMethodRequest(httpMethod, appId, methodName, queryStringParameters);
        request.Content = JsonContent.Create(data, options: json);
        return request;
    }

    [Obsolete("Recommended guidance is to use a native HTTP or gRPC client for service invocation")]
    public override async Task<HttpResponseMessage> InvokeMethodWithResponseAsync(
        HttpRequestMessage request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.RequestUri is { } uri && !httpEndpoint.IsBaseOf(uri))
            throw new InvalidOperationException("The provided request URI is not a Dapr service invocation URI.");
        try
        {
            return await http.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw Failure(request, e, null);
        }
    }

    [Obsolete("Recommended guidance is to use a native HTTP or gRPC client for service invocation")]
    public override async Task InvokeMethodAsync(HttpRequestMessage request, CancellationToken cancellationToken = default) =>
        await InvokeAsync(request, cancellationToken);

    [Obsolete("Recommended guidance is to use a native HTTP or gRPC client for service invocation")]
    public override async Task<TResponse> InvokeMethodAsync<TResponse>(
        HttpRequestMessage request, CancellationToken cancellationToken = default)
    {
        var response = await InvokeAsync(request, cancellationToken);
        try
        {
            return (await response.Content.ReadFromJsonAsync<TResponse>(json, cancellationToken))!;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException)
        {
            throw Failure(request, e, response);
        }
    }

    [Obsolete("Recommended guidance is to use a native HTTP or gRPC client for service invocation")]
    private async Task<HttpResponseMessage> InvokeAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await InvokeMethodWithResponseAsync(request, cancellationToken);
        try
        {
            return response.EnsureSuccessStatusCode();
        }
        catch (HttpRequestException e)
        {
            throw Failure(request, e, response);
        }
    }

    private static InvocationException Failure(HttpRequestMessage request, Exception cause, HttpResponseMessage? response)
    {
        request.Options.TryGetValue(AppIdKey, out var appId);
        request.Options.TryGetValue(MethodNameKey, out var methodName);
        return new InvocationException(appId, methodName, cause, response);
    }

    private static Uri WithQuery(Uri uri, IReadOnlyCollection<KeyValuePair<string, string>>? parameters)
    {
        if (parameters is null || parameters.Count == 0)
            return uri;
        var query = string.Join('&', parameters.Select(p =>
            $"{Uri.EscapeDataString(p.Key)}={Uri.EscapeDataString(p.Value)}"));
        return new UriBuilder(uri) { Query = uri.Query.Length > 1 ? $"{uri.Query[1..]}&{query}" : query }.Uri;
    }
}
