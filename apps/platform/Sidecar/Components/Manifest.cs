using Microsoft.Extensions.Logging;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ConcertDapr.Sidecar.Components;

/// <summary>One YAML document of a resource file.</summary>
/// <param name="File">Path of the file, for messages.</param>
/// <param name="Kind">Component, Configuration, Subscription, Resiliency, …</param>
internal sealed record Manifest(string File, string ApiVersion, string Kind, string Name, YamlNode Root)
{
    public string Namespace => Root.Text("metadata", "namespace") ?? "";

    /// <summary>App ids this manifest is for; empty means all.</summary>
    public IReadOnlyList<string> Scopes => Root.Texts("scopes");

    public bool IsFor(string appId, string @namespace) =>
        (Scopes.Count == 0 || Scopes.Contains(appId))
        && (@namespace.Length == 0 || Namespace.Length == 0 || Namespace == @namespace);

    /// <summary>The documents of all <c>*.yaml</c> and <c>*.yml</c> files of the folders, in the order of their names.</summary>
    /// <exception cref="SidecarStartException">A folder does not exist.</exception>
    public static IReadOnlyList<Manifest> LoadFolders(IEnumerable<string> folders, ILogger log)
    {
        var manifests = new List<Manifest>();
        foreach (var folder in folders)
        {
            if (!Directory.Exists(folder)) throw new SidecarStartException($"resources path {folder} does not exist");
            var files = Directory.EnumerateFiles(folder)
                .Where(file => Path.GetExtension(file).ToUpperInvariant() is ".YAML" or ".YML")
                .Order(StringComparer.Ordinal);
            foreach (var file in files) manifests.AddRange(LoadFile(file, log));
        }
        return manifests;
    }

    /// <summary>The documents of one file; an unreadable file is logged and counts as empty.</summary>
    public static IReadOnlyList<Manifest> LoadFile(string file, ILogger log)
    {
        try
        {
            using var reader = new StreamReader(file);
            var stream = new YamlStream();
            stream.Load(reader);
            return [.. stream.Documents.Select(document => Read(file, document.RootNode)).OfType<Manifest>()];
        }
        catch (YamlException e)
        {
            log.UnreadableManifest(file, e.Message);
            return [];
        }
    }

    private static Manifest? Read(string file, YamlNode root) =>
        root.Text("kind") is { } kind
            ? new Manifest(file, root.Text("apiVersion") ?? "", kind, root.Text("metadata", "name") ?? "", root)
            : null;
}
