using ConcertDapr.Sidecar.Components;

namespace ConcertDapr.Sidecar.PubSub;

/// <summary>Which topics an app may publish and subscribe, from a component's metadata.</summary>
internal sealed class TopicAccess
{
    private readonly HashSet<string> allowed;
    private readonly HashSet<string> guarded;
    private readonly HashSet<string>? publishing;
    private readonly HashSet<string>? subscribing;

    public TopicAccess(ComponentSpec spec, string appId)
    {
        allowed = [.. List(spec.Get("allowedTopics"))];
        guarded = [.. List(spec.Get("protectedTopics"))];
        publishing = Scope(spec.Get("publishingScopes"), appId);
        subscribing = Scope(spec.Get("subscriptionScopes"), appId);
    }

    public bool MayPublish(string topic) => May(topic, publishing);

    public bool MaySubscribe(string topic) => May(topic, subscribing);

    private bool May(string topic, HashSet<string>? scope)
    {
        if (allowed.Count > 0 && !allowed.Contains(topic)) return false;
        if (guarded.Contains(topic) && scope?.Contains(topic) != true) return false;
        return scope is null || scope.Contains(topic);
    }

    /// <summary>The topics listed for the app; null when it is not mentioned.</summary>
    private static HashSet<string>? Scope(string? text, string appId)
    {
        foreach (var entry in (text ?? "").Replace(" ", "", StringComparison.Ordinal).Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = entry.Split('=', 2);
            if (parts[0] == appId) return [.. List(parts.ElementAtOrDefault(1))];
        }
        return null;
    }

    private static string[] List(string? text) =>
        (text ?? "").Replace(" ", "", StringComparison.Ordinal).Split(',', StringSplitOptions.RemoveEmptyEntries);
}
