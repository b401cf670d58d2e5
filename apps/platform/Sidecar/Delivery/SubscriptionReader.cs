using System.Text.Json;
using ConcertDapr.Sidecar.Cel;
using ConcertDapr.Sidecar.Components;
using YamlDotNet.RepresentationModel;

namespace ConcertDapr.Sidecar.Delivery;

/// <summary>Reads subscriptions from the app's answer and from manifests.</summary>
internal static class SubscriptionReader
{
    private static readonly BulkOptions DefaultBulk = new(100, TimeSpan.FromSeconds(1));

    /// <summary>The app's own list; entries without a route are left out.</summary>
    /// <exception cref="JsonException">The body is no list of subscriptions.</exception>
    /// <exception cref="CelSyntaxException">A rule is malformed.</exception>
    public static IReadOnlyList<Subscription> FromApp(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        if (document.RootElement.ValueKind == JsonValueKind.Null) return [];
        if (document.RootElement.ValueKind != JsonValueKind.Array) throw new JsonException("the answer is no JSON array");
        return [.. document.RootElement.EnumerateArray().Select(FromApp)];
    }

    /// <summary>A Subscription manifest of either version.</summary>
    /// <exception cref="SidecarStartException">A rule is malformed.</exception>
    public static Subscription FromManifest(Manifest manifest)
    {
        var spec = manifest.Root.At("spec");
        try
        {
            List<RouteRule> rules = [.. spec.Items("routes", "rules")
                .Select(rule => Rule(rule.Text("match"), rule.Text("path")))];
            if ((spec.Text("routes", "default") ?? spec.Text("route")) is { Length: > 0 } path) rules.Add(Rule(null, path));
            return new Subscription(spec.Text("pubsubname") ?? "", spec.Text("topic") ?? "", rules, NullIfEmpty(spec.Text("deadLetterTopic")),
                spec.TextMap("metadata"), Bulk(spec.At("bulkSubscribe")), "DECLARATIVE");
        }
        catch (CelSyntaxException e)
        {
            throw new SidecarStartException($"subscription {manifest.Name} of {manifest.File}: {e.Message}", e);
        }
    }

    private static Subscription FromApp(JsonElement entry)
    {
        var rules = new List<RouteRule>();
        var routes = Member(entry, "routes");
        foreach (var rule in Items(Member(routes, "rules"))) rules.Add(Rule(Text(rule, "match"), Text(rule, "path")));
        if ((NullIfEmpty(Text(routes, "default")) ?? NullIfEmpty(Text(entry, "route"))) is { } path) rules.Add(Rule(null, path));
        return new Subscription(Text(entry, "pubsubname") ?? "", Text(entry, "topic") ?? "", rules,
            NullIfEmpty(Text(entry, "deadLetterTopic")), Metadata(Member(entry, "metadata")), Bulk(Member(entry, "bulkSubscribe")), "PROGRAMMATIC");
    }

    private static RouteRule Rule(string? match, string? path) =>
        new(string.IsNullOrEmpty(match) ? null : CelExpression.Parse(match), path ?? "");

    private static Dictionary<string, string> Metadata(JsonElement element)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        if (element.ValueKind != JsonValueKind.Object) return metadata;
        foreach (var member in element.EnumerateObject())
            metadata[member.Name] = member.Value.ValueKind == JsonValueKind.String
                ? member.Value.GetString()!
                : throw new JsonException($"metadata {member.Name} is no text");
        return metadata;
    }

    private static BulkOptions? Bulk(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object || Member(element, "enabled").ValueKind != JsonValueKind.True) return null;
        return Bulk(Integer(Member(element, "maxMessagesCount")), Integer(Member(element, "maxAwaitDurationMs")));
    }

    private static BulkOptions? Bulk(YamlNode? node) => !ComponentSpec.IsTruthy(node.Text("enabled")) ? null
        : Bulk(int.TryParse(node.Text("maxMessagesCount"), out var count) ? count : 0,
            int.TryParse(node.Text("maxAwaitDurationMs"), out var wait) ? wait : 0);

    private static BulkOptions Bulk(int count, int milliseconds) => new(
        count > 0 ? count : DefaultBulk.MaxMessages,
        milliseconds > 0 ? TimeSpan.FromMilliseconds(milliseconds) : DefaultBulk.MaxAwait);

    private static int Integer(JsonElement element) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var number) ? number : 0;

    /// <summary>Property names are matched in any case, as the SDKs spell them differently.</summary>
    private static JsonElement Member(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object) return default;
        foreach (var member in element.EnumerateObject())
            if (member.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) return member.Value;
        return default;
    }

    private static string? Text(JsonElement element, string name) => Member(element, name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => null,
        var other => throw new JsonException($"{name} is a {other.ValueKind}, not text"),
    };

    private static JsonElement.ArrayEnumerator Items(JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : default;

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
