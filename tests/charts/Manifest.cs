using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ConcertDapr.Charts;

/// <summary>One Kubernetes object, as JSON.</summary>
internal sealed record Manifest(JsonObject Json, string Yaml)
{
    public string Kind => Text(Json["kind"]);

    public string ApiVersion => Text(Json["apiVersion"]);

    public string Name => Text(Json["metadata"]?["name"]);

    public bool IsDapr => ApiVersion.StartsWith("dapr.io/", StringComparison.Ordinal);

    public JsonObject Spec => Json["spec"] as JsonObject ?? [];

    /// <summary>The pod it describes, if any: itself, or a template of Deployment or Job.</summary>
    public JsonObject? Pod => Kind == "Pod" ? Json : Kind is "Deployment" or "StatefulSet" or "DaemonSet" or "Job" ? Json["spec"]?["template"] as JsonObject : null;

    public override string ToString() => $"{Kind} {Name}";

    /// <summary>The objects of a YAML stream, helm's rendering included.</summary>
    public static IReadOnlyList<Manifest> ParseAll(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return [.. stream.Documents.Where(d => d.RootNode is YamlMappingNode { Children.Count: > 0 })
            .Select(d => new Manifest((JsonObject)Convert(d.RootNode)!, Print(d)))];
    }

    /// <summary>A node as text: scalars as they read, nothing as the empty text.</summary>
    public static string Text(JsonNode? node) => node?.ToString() ?? "";

    /// <summary>A mapping of texts, such as labels.</summary>
    public static IReadOnlyDictionary<string, string> Map(JsonNode? node) =>
        (node as JsonObject ?? []).ToDictionary(p => p.Key, p => Text(p.Value));

    /// <summary>A list's elements, none where there is no list.</summary>
    public static IEnumerable<JsonObject> Items(JsonNode? node) => (node as JsonArray ?? []).OfType<JsonObject>();

    /// <summary>A list's texts.</summary>
    public static IReadOnlyList<string> Texts(JsonNode? node) => [.. (node as JsonArray ?? []).Select(Text)];

    private static string Print(YamlDocument document)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        new YamlStream(document).Save(text, assignAnchors: false);
        return text.ToString();
    }

    private static JsonNode? Convert(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(c => KeyValuePair.Create(((YamlScalarNode)c.Key).Value!, Convert(c.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Convert)]),
        YamlScalarNode { Style: ScalarStyle.Plain } plain => Plain(plain.Value ?? ""),
        YamlScalarNode quoted => quoted.Value,
        _ => throw new InvalidOperationException($"{node.NodeType} at {node.Start}"),
    };

    // As the API server reads it: an unquoted true or 80 is no text.
    private static JsonNode? Plain(string text) =>
        text is "" or "~" or "null" ? null
        : text is "true" or "false" ? text == "true"
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number
        : text;
}
