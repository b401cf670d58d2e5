using Microsoft.AspNetCore.Http;

namespace ConcertDapr.Wire;

/// <summary>Settings of a <see cref="GrpcServer"/>.</summary>
public sealed record GrpcServerOptions
{
    /// <summary>Largest message in bytes, in either direction.</summary>
    public int MaxMessageSize { get; init; } = 4 * 1024 * 1024;

    /// <summary>Required value of the <c>dapr-api-token</c> header; null or empty asks for none.</summary>
    public string? ApiToken { get; init; }
}

/// <summary>One call as a handler sees it.</summary>
/// <param name="Http">The underlying request.</param>
/// <param name="Cancellation">Ends with the caller's connection, its cancellation or its <c>grpc-timeout</c>.</param>
public sealed record GrpcCall(HttpContext Http, CancellationToken Cancellation)
{
    /// <summary>A request header's text, or null.</summary>
    public string? Header(string name) => Http.Request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;
}
