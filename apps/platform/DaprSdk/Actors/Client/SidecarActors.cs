using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text.Json;
using Dapr.Actors.Remoting;

namespace Dapr.Actors.Client;

/// <summary>The sidecar's actor API over HTTP.</summary>
#pragma warning disable CA1001 // The client owns nothing: its handler is shared, or the caller's.
internal sealed class SidecarActors
#pragma warning restore CA1001
{
    private static readonly SocketsHttpHandler SharedHandler = new() { AllowAutoRedirect = true, UseCookies = false };
    private readonly HttpClient _http;
    private readonly string _root;
    private readonly string? _token;

    public SidecarActors(string httpEndpoint, string? token, TimeSpan? timeout = null, HttpMessageHandler? handler = null)
    {
        _http = new HttpClient(handler ?? SharedHandler, disposeHandler: false);
        if (timeout is { } limit)
            _http.Timeout = limit;
        _root = $"{httpEndpoint.TrimEnd('/')}/v1.0/actors";
        _token = token;
    }

    /// <summary>Calls a method; a remoting failure comes back as the header of the answer, not as a status.</summary>
    public async Task<(byte[] Body, string? Error)> InvokeAsync(
        string actorType, string actorId, string method, byte[]? body, string contentType, string? header,
        CancellationToken token)
    {
        using var request = Request(HttpMethod.Put, $"{actorType}/{actorId}/method/{method}", body, contentType);
        if (header is not null)
            request.Headers.Add(RemotingXml.RequestHeader, header);
        if (Reentrancy.Id is { } id)
            request.Headers.Add(Reentrancy.Header, id);
        using var response = await SendAsync(request, token);
        var error = response.Headers.TryGetValues(RemotingXml.ErrorHeader, out var values) ? values.First() : null;
        return (await response.Content.ReadAsByteArrayAsync(token), error);
    }

    /// <summary>The answer's body; empty for 204.</summary>
    public async Task<(byte[] Body, DateTimeOffset? Expires)> GetAsync(string path, CancellationToken token = default)
    {
        using var request = Request(HttpMethod.Get, path);
        using var response = await SendAsync(request, token);
        DateTimeOffset? expires = response.Headers.TryGetValues("Metadata.ttlExpireTime", out var values)
            && DateTimeOffset.TryParse(values.First(), CultureInfo.InvariantCulture, out var time) ? time : null;
        return (await response.Content.ReadAsByteArrayAsync(token), expires);
    }

    public async Task PutAsync(string path, byte[] body, string contentType, CancellationToken token = default)
    {
        using var request = Request(HttpMethod.Put, path, body, contentType);
        using var response = await SendAsync(request, token);
    }

    public async Task DeleteAsync(string path, CancellationToken token = default)
    {
        using var request = Request(HttpMethod.Delete, path);
        using var response = await SendAsync(request, token);
    }

    private HttpRequestMessage Request(HttpMethod method, string path, byte[]? body = null, string? contentType = null)
    {
        var request = new HttpRequestMessage(method, $"{_root}/{path}");
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType!);
        }

        if (!string.IsNullOrWhiteSpace(_token))
            request.Headers.Add("dapr-api-token", _token);
        return request;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken token)
    {
        var response = await _http.SendAsync(request, token);
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
        {
            if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
                throw new AuthenticationException("Invalid client credentials");
            throw Failure(response.StatusCode, await response.Content.ReadAsByteArrayAsync(token));
        }
    }

    private static DaprApiException Failure(HttpStatusCode status, byte[] body)
    {
        var text = $"The sidecar answered {(int)status} without a meaningful body.";
        if (body.Length == 0)
            return status == HttpStatusCode.NotFound
                ? new DaprApiException(text, "ERR_DOES_NOT_EXIST", false)
                : new DaprApiException(text);
        try
        {
            return JsonSerializer.Deserialize<SidecarError>(body, JsonSerializerOptions.Web) is { } error
                ? new DaprApiException(error.Message ?? text, error.ErrorCode, false)
                : new DaprApiException(text);
        }
        catch (JsonException e)
        {
            return new DaprApiException(text, e);
        }
    }

    private sealed record SidecarError(string? ErrorCode, string? Message);
}

/// <summary>The id of the chain of calls this call belongs to; sent on so that the chain may come back here.</summary>
internal static class Reentrancy
{
    public const string Header = "Dapr-Reentrancy-Id";
    private static readonly AsyncLocal<string?> Current = new();

    public static string? Id
    {
        get => Current.Value;
        set => Current.Value = value;
    }
}
