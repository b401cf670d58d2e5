using ConcertDapr.Sidecar.Cel;

namespace ConcertDapr.Sidecar.Delivery;

/// <param name="Match">Null matches every event.</param>
internal sealed record RouteRule(CelExpression? Match, string Path);

/// <summary>Several messages in one call of the app.</summary>
internal sealed record BulkOptions(int MaxMessages, TimeSpan MaxAwait);

/// <summary>Where the events of one topic go.</summary>
/// <param name="Kind"><c>PROGRAMMATIC</c> or <c>DECLARATIVE</c>.</param>
/// <param name="Rules">In the order in which they are tried; the default is the last one.</param>
internal sealed record Subscription(string PubSub, string Topic, IReadOnlyList<RouteRule> Rules, string? DeadLetterTopic,
    IReadOnlyDictionary<string, string> Metadata, BulkOptions? Bulk, string Kind)
{
    public bool IsRaw => Metadata.Any(pair => pair.Key.Equals("rawPayload", StringComparison.OrdinalIgnoreCase)
        && pair.Value.Equals("true", StringComparison.OrdinalIgnoreCase));
}
