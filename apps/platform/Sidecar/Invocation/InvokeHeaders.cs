using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ConcertDapr.Sidecar.Invocation;

/// <summary>Which headers travel with an invocation.</summary>
internal static class InvokeHeaders
{
    private static readonly FrozenSet<string> HopByHop = new[]
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "Expect",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> Ours = new[]
    {
        "Host", "Content-Length", "dapr-app-id", "destination-app-id", "traceparent", "tracestate", "baggage",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> HopNames = new[]
    {
        "dapr-caller-app-id", "dapr-caller-namespace", "dapr-callee-app-id", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a header ends at this hop.</summary>
    public static bool IsHopByHop(string name) => HopByHop.Contains(name);

    /// <summary>Copies the caller's headers to the app's request, without those of the hop and those that a hop adds.</summary>
    /// <param name="remote">Another sidecar is called: <see cref="AddHop"/> follows.</param>
    public static void Copy(IHeaderDictionary from, LinedRequest to, bool keepToken, bool remote)
    {
        var named = from.Connection.Count == 0 ? [] : from.Connection.ToString().Split(',', StringSplitOptions.TrimEntries);
        foreach (var (name, values) in from)
        {
            if (HopByHop.Contains(name) || Ours.Contains(name) || named.Contains(name, StringComparer.OrdinalIgnoreCase)) continue;
            if (remote && HopNames.Contains(name)) continue;
            if (name.Equals("dapr-api-token", StringComparison.OrdinalIgnoreCase) && (!keepToken || to.Headers.Contains(name))) continue;
            if (!to.TryAddLines(name, values)) to.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
        }
    }

    /// <summary>
    /// Adds what a hop to another sidecar says of itself below the caller's own lines of those names: who calls whom once, the
    /// forwarding once for every attempt, as daprd does.
    /// </summary>
    public static void AddHop(IHeaderDictionary from, LinedRequest to, Hop hop, int attempt)
    {
        Add("dapr-caller-app-id", hop.Caller);
        Add("dapr-caller-namespace", hop.Namespace);
        Add("dapr-callee-app-id", hop.Callee);
        Add("X-Forwarded-For", Repeated(hop.Address));
        Add("X-Forwarded-Host", Repeated(hop.Host));
        Add("Forwarded", Repeated($"for={hop.Address};by={hop.Address};host={hop.Host}"));

        void Add(string name, StringValues values) => to.TryAddLines(name, StringValues.Concat(from[name], values));
        StringValues Repeated(string value) => attempt == 1 ? value : Enumerable.Repeat(value, attempt).ToArray();
    }

    /// <summary>Copies the app's answer; its framing belongs to the next connection.</summary>
    public static void Copy(HttpResponseMessage from, HttpResponse to)
    {
        foreach (var (name, values) in from.Headers.NonValidated)
            if (!HopByHop.Contains(name) && !Ours.Contains(name)) to.Headers.Append(name, values.ToArray());
        foreach (var (name, values) in from.Content.Headers.NonValidated)
            if (!name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)) to.Headers.Append(name, values.ToArray());
        if (from.Content.Headers.ContentLength is { } length) to.ContentLength = length;
    }
}

/// <summary>A call from one sidecar to another.</summary>
/// <param name="Address">Of the caller's machine.</param>
/// <param name="Host">Name of the caller's machine.</param>
internal readonly record struct Hop(string Caller, string Namespace, string Callee, string Address, string Host);
