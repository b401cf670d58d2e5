using ConcertDapr.Sidecar.Api;
using Grpc.Core;

namespace ConcertDapr.Sidecar.Invocation;

/// <summary>The path of an invocation at the app.</summary>
internal static class AppPath
{
    /// <summary>Dots resolved, escaped again; what could change its meaning at the app is refused.</summary>
    /// <exception cref="DaprError">The method's name is none.</exception>
    public static string Of(string method, string appId)
    {
        if (method.Contains('%', StringComparison.Ordinal))
            throw Refused(appId, $"rpc error: code = Internal desc = parse \"{method}\": invalid URL escape");
        if (method.AsSpan().IndexOfAny('#', '?') >= 0 || method.Any(char.IsControl))
            throw Refused(appId, $"rpc error: code = InvalidArgument desc = invalid method name {method}");
        var kept = new List<string>();
        foreach (var segment in method.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (segment == "..")
            {
                if (kept.Count > 0) kept.RemoveAt(kept.Count - 1);
            }
            else if (segment != ".") kept.Add(PathText.Escape(segment));
        }
        return "/" + string.Join('/', kept);
    }

    public static DaprError Refused(string appId, string reason) =>
        new(500, "ERR_DIRECT_INVOKE", StatusCode.InvalidArgument, $"failed to invoke, id: {appId}, err: {reason}");
}
