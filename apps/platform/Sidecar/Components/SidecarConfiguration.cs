using System.Globalization;
using Microsoft.Extensions.Logging;
using YamlDotNet.RepresentationModel;

namespace ConcertDapr.Sidecar.Components;

/// <summary>What a Configuration manifest says that this runtime heeds.</summary>
/// <param name="Tracing">Whether events and spans carry trace ids (samplingRate above 0).</param>
/// <param name="Features">Feature switches by name.</param>
/// <param name="AccessControl">Who may call the app; null lets everybody in.</param>
/// <param name="NameResolutionPath">File of the SQLite name resolution, whose folder names the group of sidecars.</param>
internal sealed record SidecarConfiguration(
    bool Tracing, IReadOnlyDictionary<string, bool> Features, AccessControl? AccessControl, string? NameResolutionPath)
{
    public YamlNode? Workflow { get; init; }

    /// <summary><c>tracing.otel</c>: where spans go.</summary>
    public YamlNode? Otel { get; init; }

    public static SidecarConfiguration Empty { get; } = new(false, new Dictionary<string, bool>(), null, null);

    /// <summary>The first Configuration of the files, or among the manifests that were given as text.</summary>
    /// <exception cref="SidecarStartException">A file does not exist or holds no Configuration.</exception>
    public static SidecarConfiguration Load(IEnumerable<string> files, IEnumerable<Manifest> texts, ILogger log)
    {
        foreach (var file in files)
        {
            if (!File.Exists(file)) throw new SidecarStartException($"configuration file {file} does not exist");
            if (Manifest.LoadFile(file, log).FirstOrDefault(manifest => manifest.Kind == "Configuration") is { } found)
                return Read(found);
            throw new SidecarStartException($"configuration file {file} holds no Configuration");
        }
        return texts.FirstOrDefault(manifest => manifest.Kind == "Configuration") is { } text ? Read(text) : Empty;
    }

    private static SidecarConfiguration Read(Manifest manifest)
    {
        var spec = manifest.Root.At("spec");
        var rate = spec.Text("tracing", "samplingRate");
        var tracing = double.TryParse(rate, NumberStyles.Float, CultureInfo.InvariantCulture, out var share) && share > 0;
        var features = spec.Items("features")
            .ToDictionary(item => item.Text("name") ?? "", item => ComponentSpec.IsTruthy(item.Text("enabled")));
        return new SidecarConfiguration(
            tracing, features, AccessControl.Read(spec.At("accessControl"), manifest.File), ResolverPath(spec.At("nameResolution")))
        {
            Workflow = spec.At("workflow"),
            Otel = spec.At("tracing").At("otel"),
        };
    }

    private static string? ResolverPath(YamlNode? resolution)
    {
        if (resolution.Text("component") != "sqlite") return null;
        var path = resolution.Text("configuration", "connectionString");
        return path?.Replace("file:", "", StringComparison.Ordinal).Split('?')[0] is { Length: > 0 } file ? file : null;
    }
}
