using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;

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
        "dapr-caller-app-id", "dapr-caller-namespace", "dapr-callee-app-id",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a header ends at this hop.</summary>
    public static bool IsHopByHop(string name) => HopByHop.Contains(name);

    /// <summary>
    /// Copies the caller's headers to the app's request, without those of the hop. Unlike daprd, a caller's own
    /// <c>dapr-caller-…</c> lines are dropped: beside the real ones nobody could tell them apart.
    /// </summary>
    public static void Copy(IHeaderDictionary from, HttpRequestMessage to, bool keepToken)
    {
        var named = from.Connection.Count == 0 ? [] : from.Connection.ToString().Split(',', StringSplitOptions.TrimEntries);
        foreach (var (name, values) in from)
        {
            if (HopByHop.Contains(name) || Ours.Contains(name) || named.Contains(name, StringComparer.OrdinalIgnoreCase)) continue;
            if (name.Equals("dapr-api-token", StringComparison.OrdinalIgnoreCase) && (!keepToken || to.Headers.Contains(name))) continue;
            if (!to.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
                to.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
        }
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
