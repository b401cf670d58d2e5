using Microsoft.Extensions.Logging;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ConcertDapr.Sidecar.Components;

/// <summary>One YAML document of a resource file.</summary>
/// <param name="File">Path of the file, for messages.</param>
/// <param name="Kind">Component, Configuration, Subscription, Resiliency, …</param>
internal sealed record Manifest(string File, string ApiVersion, string Kind, string Name, YamlNode Root)
{
    /// <summary>Given as text: <see cref="File"/> is a name for messages only.</summary>
    public bool IsText { get; private init; }

    public string Namespace => Root.Text("metadata", "namespace") ?? "";

    /// <summary>App ids this manifest is for; empty means all.</summary>
    public IReadOnlyList<string> Scopes => Root.Texts("scopes");

    public bool IsFor(string appId, string @namespace) =>
        (Scopes.Count == 0 || Scopes.Contains(appId))
        && (@namespace.Length == 0 || Namespace.Length == 0 || Namespace == @namespace);

    /// <summary>Everything that these settings name, folders first.</summary>
    /// <exception cref="SidecarStartException">A folder does not exist, or a text is no manifest.</exception>
    public static IReadOnlyList<Manifest> Load(SidecarOptions options, ILogger log) =>
        [.. LoadFolders(options.ResourcesPaths, log), .. options.Manifests.SelectMany((text, at) => LoadText(text, $"manifest text {at + 1}"))];

    /// <summary>The documents of all <c>*.yaml</c> and <c>*.yml</c> files of the folders, in the order of their names.</summary>
    /// <exception cref="SidecarStartException">A folder does not exist.</exception>
    private static List<Manifest> LoadFolders(IEnumerable<string> folders, ILogger log)
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

    /// <summary>The documents of a text that is no file.</summary>
    /// <exception cref="SidecarStartException">It is not YAML, or a document has no kind.</exception>
    public static IReadOnlyList<Manifest> LoadText(string text, string name)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return [.. stream.Documents.Select(document => Read(name, document.RootNode) is { } read ? read with { IsText = true }
                : throw new SidecarStartException($"{name} holds a document without kind"))];
        }
        catch (YamlException e)
        {
            throw new SidecarStartException($"{name} cannot be read as YAML: {e.Message}", e);
        }
    }

    private static Manifest? Read(string file, YamlNode root) =>
        root.Text("kind") is { } kind
            ? new Manifest(file, root.Text("apiVersion") ?? "", kind, root.Text("metadata", "name") ?? "", root)
            : null;
}
