using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ConcertDapr.Sidecar.Components;

/// <summary>Reading manifests: absent members are null or empty, never an exception.</summary>
internal static class YamlExtensions
{
    public static YamlNode? At(this YamlNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (node is not YamlMappingNode mapping) return null;
            node = mapping.Children.TryGetValue(new YamlScalarNode(name), out var child) ? child : null;
        }
        return node;
    }

    /// <summary>The scalar's text; null when absent, a YAML null, or no scalar.</summary>
    public static string? Text(this YamlNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is YamlScalarNode scalar && !IsNull(scalar) ? scalar.Value : null;

    public static IEnumerable<YamlNode> Items(this YamlNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is YamlSequenceNode sequence ? sequence.Children : [];

    public static IEnumerable<(string Name, YamlNode Value)> Members(this YamlNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is YamlMappingNode mapping
            ? mapping.Children.Select(pair => ((pair.Key as YamlScalarNode)?.Value ?? "", pair.Value))
            : [];

    public static IReadOnlyList<string> Texts(this YamlNode? node, params ReadOnlySpan<string> path) =>
        [.. node.Items(path).Select(item => item.Text()).OfType<string>()];

    public static IReadOnlyDictionary<string, string> TextMap(this YamlNode? node, params ReadOnlySpan<string> path) =>
        node.Members(path).ToDictionary(member => member.Name, member => member.Value.Text() ?? "", StringComparer.Ordinal);

    private static bool IsNull(YamlScalarNode scalar) =>
        scalar.Style == ScalarStyle.Plain && scalar.Value is null or "" or "~" or "null";
}
