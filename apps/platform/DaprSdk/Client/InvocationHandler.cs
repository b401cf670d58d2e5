namespace Dapr.Client;

/// <summary>Sends <c>http://{app}/path</c> through the sidecar as <c>/v1.0/invoke/{app}/method/path</c>.</summary>
public class InvocationHandler : DelegatingHandler
{
    private const string TokenHeader = "dapr-api-token";
    private Uri _endpoint = new(DaprDefaults.GetDefaultHttpEndpoint(), UriKind.Absolute);

    /// <summary>The sidecar's HTTP address; http or https.</summary>
    /// <exception cref="ArgumentException">The scheme is another one.</exception>
    public string DaprEndpoint
    {
        get => _endpoint.OriginalString;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            var uri = new Uri(value, UriKind.Absolute);
            if (uri.Scheme is not ("http" or "https"))
                throw new ArgumentException("The URI scheme of the Dapr endpoint must be http or https.", nameof(value));
            _endpoint = uri;
        }
    }

    /// <summary>The app id as it is spelt: <see cref="Uri"/> lower-cases hosts.</summary>
    public string? DefaultAppId { get; set; }

    internal string? DaprApiToken { get; set; } = DaprDefaults.GetDefaultDaprApiToken(null);

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var original = request.RequestUri;
        request.RequestUri = Rewrite(original)
            ?? throw new ArgumentException(
                $"The request URI '{original}' is not a valid Dapr service invocation destination.", nameof(request));
        try
        {
            if (!string.IsNullOrWhiteSpace(DaprApiToken))
                request.Headers.Add(TokenHeader, DaprApiToken);
            return await base.SendAsync(request, cancellationToken);
        }
        finally
        {
            request.RequestUri = original;
            request.Headers.Remove(TokenHeader);
        }
    }

    internal Uri? Rewrite(Uri? uri)
    {
        if (uri is not { IsAbsoluteUri: true } || uri.Scheme is not ("http" or "https"))
            return null;

        var app = string.Equals(uri.Host, DefaultAppId, StringComparison.OrdinalIgnoreCase) ? DefaultAppId : uri.Host;
        return new UriBuilder(uri)
        {
            Scheme = _endpoint.Scheme,
            Host = _endpoint.Host,
            Port = _endpoint.Port,
            Path = $"/v1.0/invoke/{app}/method{uri.AbsolutePath}",
        }.Uri;
    }
}
