using ConcertDapr.Charts;
using YamlDotNet.RepresentationModel;

namespace ConcertDapr.Tests;

/// <summary>The files of k8s/telemetry.</summary>
internal static class Folder
{
    public static string Telemetry { get; } = Path.Combine(Helm.Root, "k8s", "telemetry");

    public static string Runbooks { get; } = Path.Combine(Helm.Root, "docs", "runbooks");

    public static string Rules(string file) => Path.Combine(Telemetry, "rules", file);

    /// <summary>The alerts, by name.</summary>
    public static IReadOnlyDictionary<string, YamlNode> Alerts() => Load(Rules("alerts.yaml")).Items("groups").SelectMany(g => g.Items("rules"))
        .ToDictionary(r => r.Text("alert"));

    public static YamlNode Load(string file)
    {
        var stream = new YamlStream();
        using var text = File.OpenText(file);
        stream.Load(text);
        return stream.Documents[0].RootNode;
    }

    public static IEnumerable<YamlNode> Items(this YamlNode node, string name) => ((YamlSequenceNode)node[name]).Children;

    public static string Text(this YamlNode node, string name) => ((YamlScalarNode)node[name]).Value!;
}
