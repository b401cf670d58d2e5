using System.Globalization;
using ConcertDapr.Sidecar.Resilience;

namespace ConcertDapr.Sidecar.Components;

/// <summary>The answer of an output binding.</summary>
internal sealed record BindingAnswer(byte[] Data, IReadOnlyDictionary<string, string> Metadata);

/// <summary><c>bindings.http</c>, output only: an operation is an HTTP verb, its metadata <c>path</c> is added to the url.</summary>
internal sealed class BindingComponent : IAsyncDisposable
{
    private static readonly string[] Verbs = ["get", "head", "post", "put", "patch", "delete", "options", "trace"];

    private readonly HttpClient client = new(Invocation.AppChannel.Handler(64 * 1024));
    private readonly ComponentSpec spec;
    private readonly ResiliencePolicy outbound;
    private readonly bool errorIfNot2XX;

    private BindingComponent(ComponentSpec spec, ResiliencePolicy outbound)
    {
        (this.spec, this.outbound) = (spec, outbound);
        errorIfNot2XX = spec.Get("errorIfNot2XX") is not { } text || ComponentSpec.IsTruthy(text);
        if (spec.Duration("responseTimeout") is { } timeout) client.Timeout = timeout;
    }

    public ComponentSpec Spec => spec;

    /// <exception cref="SidecarStartException">No absolute url.</exception>
    public static BindingComponent Create(ComponentSpec spec, ResiliencePolicy outbound) =>
        Uri.TryCreate(spec.Get("url"), UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? new BindingComponent(spec, outbound)
            : throw spec.Invalid("url", spec.Get("url") ?? "", "an http or https address");

    /// <exception cref="StatusFailure">The server answered outside 200–299 and errorIfNot2XX is on (the default).</exception>
    /// <exception cref="HttpRequestException">The server could not be reached.</exception>
    /// <exception cref="NotSupportedException">The operation is no HTTP verb.</exception>
    public Task<BindingAnswer> InvokeAsync(string operation, ReadOnlyMemory<byte> data,
        IReadOnlyDictionary<string, string> metadata, CancellationToken cancellationToken)
    {
        var verb = operation.Equals("create", StringComparison.OrdinalIgnoreCase) ? "post" : operation.ToLowerInvariant();
        if (!Verbs.Contains(verb)) throw new NotSupportedException($"invalid operation: {operation}");
        return outbound.RunAsync(token => SendAsync(verb, data, metadata, token), cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<BindingAnswer> SendAsync(
        string verb, ReadOnlyMemory<byte> data, IReadOnlyDictionary<string, string> metadata, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Parse(verb.ToUpperInvariant()), Address(metadata));
        if (verb is "post" or "put" or "patch" or "delete")
        {
            request.Content = new ByteArrayContent(data.ToArray());
            request.Content.Headers.TryAddWithoutValidation("Content-Type", metadata.GetValueOrDefault("Content-Type") ?? "application/json; charset=utf-8");
        }
        foreach (var (name, value) in metadata)
            if (char.IsAsciiLetterUpper(name.FirstOrDefault())) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await client.SendAsync(request, cancellationToken);
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        var status = (int)response.StatusCode;
        if (errorIfNot2XX && !response.IsSuccessStatusCode) throw new StatusFailure(status, $"received status code {status}");
        return new BindingAnswer(body, new Dictionary<string, string>
        {
            ["statusCode"] = status.ToString(CultureInfo.InvariantCulture),
            ["status"] = $"{status} {response.ReasonPhrase}",
        });
    }

    private Uri Address(IReadOnlyDictionary<string, string> metadata)
    {
        var url = spec.Get("url")!;
        return metadata.GetValueOrDefault("path") is { Length: > 0 } path ? new Uri($"{url.TrimEnd('/')}/{path.TrimStart('/')}") : new Uri(url);
    }
}
