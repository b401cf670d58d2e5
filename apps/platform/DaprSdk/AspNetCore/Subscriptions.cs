using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.Logging;

namespace Dapr.AspNetCore;

/// <summary>Gathers the topics of the app's endpoints into the answer to <c>GET /dapr/subscribe</c>.</summary>
internal static partial class Subscriptions
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>One entry per pub/sub and topic, in that order.</summary>
    /// <exception cref="InvalidCastException">A route has parameters: the sidecar could not call it.</exception>
    public static string ToJson(IEnumerable<Endpoint> endpoints, SubscribeOptions? options, ILogger logger) =>
        JsonSerializer.Serialize(Collect(endpoints, options, logger), Json);

    internal static IReadOnlyList<Subscription> Collect(
        IEnumerable<Endpoint> endpoints, SubscribeOptions? options, ILogger logger) =>
        [.. endpoints.OfType<RouteEndpoint>()
            .SelectMany(TopicsOf)
            .GroupBy(t => (t.Topic.PubsubName, t.Topic.Name))
            .Select(group => Describe([.. group.OrderBy(t => t.Topic.Priority)], options?.EnableRawPayload is true, logger))
            .OrderBy(s => (s.PubsubName, s.Topic))];

    private static IEnumerable<RoutedTopic> TopicsOf(RouteEndpoint endpoint)
    {
        var topics = endpoint.Metadata.GetOrderedMetadata<ITopicMetadata>();
        // Endpoints whose topics all lack a name are not subscriptions.
        if (!topics.Any(t => t.Name is not null))
            return [];

        var entries = endpoint.Metadata.GetOrderedMetadata<IOriginalTopicMetadata>();
        var bulk = endpoint.Metadata.GetOrderedMetadata<IBulkSubscribeMetadata>();
        return topics.Select(topic => new RoutedTopic(
            topic,
            [.. entries.Where(entry => Owns(topic, entry))],
            bulk.FirstOrDefault(b => b.TopicName == topic.Name),
            endpoint.RoutePattern));
    }

    private static bool Owns(ITopicMetadata topic, IOriginalTopicMetadata entry) =>
        string.IsNullOrEmpty(entry.Id)
        || (topic as IOwnedOriginalTopicMetadata)?.OwnedMetadatas?.Contains(entry.Id) is true;

    private static Subscription Describe(List<RoutedTopic> topics, bool rawByDefault, ILogger logger)
    {
        var first = topics[0];
        var rules = topics.FindAll(t => !string.IsNullOrEmpty(t.Topic.Match));
        var defaults = topics.FindAll(t => string.IsNullOrEmpty(t.Topic.Match));
        Warn(first.Topic, rules, defaults, logger);

        var defaultRoute = defaults.Count > 0 ? defaults[0].Path : null;
        return new Subscription(
            first.Topic.Name,
            first.Topic.PubsubName,
            rules.Count > 0 ? null : defaultRoute,
            rules.Count > 0 ? new Routes([.. rules.Select(r => new Rule(r.Topic.Match!, r.Path))], defaultRoute) : null,
            MetadataOf(topics, rawByDefault),
            (first.Topic as IDeadLetterTopicMetadata)?.DeadLetterTopic,
            first.Bulk is { } bulk ? new Bulk(true, bulk.MaxMessagesCount, bulk.MaxAwaitDurationMs) : null);
    }

    private static Dictionary<string, string>? MetadataOf(List<RoutedTopic> topics, bool rawByDefault)
    {
        var separator = topics.Select(t => (t.Topic as IOwnedOriginalTopicMetadata)?.MetadataSeparator)
            .FirstOrDefault(s => !string.IsNullOrEmpty(s)) ?? ",";
        var metadata = topics.SelectMany(t => t.Entries)
            .GroupBy(entry => entry.Name)
            .ToDictionary(g => g.Key, g => string.Join(separator, g.Select(entry => entry.Value).Distinct()));
        if (rawByDefault || topics.Any(t => (t.Topic as IRawTopicMetadata)?.EnableRawPayload is true))
            metadata.Add("rawPayload", "true");
        return metadata.Count > 0 ? metadata : null;
    }

    private static void Warn(ITopicMetadata topic, List<RoutedTopic> rules, List<RoutedTopic> defaults, ILogger logger)
    {
        if (defaults.Count > 1)
            LogSecondDefault(logger, topic.Name, topic.PubsubName);
        foreach (var same in rules.GroupBy(r => r.Topic.Priority).Where(g => g.Count() > 1))
            LogSamePriority(logger, topic.Name, topic.PubsubName, same.Key, same.Count());
    }

    [LoggerMessage(LogLevel.Error, "A default subscription to topic {Name} on pubsub {Pubsub} already exists.")]
    private static partial void LogSecondDefault(ILogger logger, string name, string pubsub);

    [LoggerMessage(LogLevel.Error, "A subscription to topic {Name} on pubsub {Pubsub} has duplicate priorities "
        + "for {Priority}: found {Count} occurrences.")]
    private static partial void LogSamePriority(ILogger logger, string name, string pubsub, int priority, int count);

    internal sealed record Subscription(
        string Topic,
        string PubsubName,
        string? Route,
        Routes? Routes,
        Dictionary<string, string>? Metadata,
        string? DeadLetterTopic,
        Bulk? BulkSubscribe);

    internal sealed record Routes(List<Rule> Rules, string? Default);

    internal sealed record Rule(string Match, string Path);

    internal sealed record Bulk(bool Enabled, int MaxMessagesCount, int MaxAwaitDurationMs);

    private sealed record RoutedTopic(
        ITopicMetadata Topic, List<IOriginalTopicMetadata> Entries, IBulkSubscribeMetadata? Bulk, RoutePattern Pattern)
    {
        public string Path => string.Join('/', Pattern.PathSegments.Select(segment =>
            string.Concat(segment.Parts.Cast<RoutePatternLiteralPart>().Select(part => part.Content))));
    }
}
