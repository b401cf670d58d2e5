using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace ConcertDapr.Sidecar.Components;

/// <summary>A Component manifest with its templates and references resolved.</summary>
internal sealed record ComponentSpec(
    string File, string Name, string Type, string Version, bool IgnoreErrors, IReadOnlyDictionary<string, string> Metadata)
{
    public TimeSpan InitTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For messages: the component, its type and its file.</summary>
    public string Label => $"{Name} ({Type}/{Version}) of {File}";

    /// <summary>A metadata value; names in any case; an empty value counts as absent.</summary>
    public string? Get(string name) => Metadata.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;

    /// <exception cref="SidecarStartException">The value is no integer.</exception>
    public int? Integer(string name) => Get(name) is not { } text ? null
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number
        : throw Invalid(name, text, "an integer");

    /// <exception cref="SidecarStartException">The value is no duration.</exception>
    public TimeSpan? Duration(string name) => Get(name) is not { } text ? null
        : DurationText.TryParseGoOrMilliseconds(text, out var duration) ? duration
        : throw Invalid(name, text, "a duration (such as 500ms, 5s, or a number of milliseconds)");

    public bool Flag(string name) => IsTruthy(Get(name));

    public static bool IsTruthy(string? text) =>
        text?.Trim().ToUpperInvariant() is "Y" or "YES" or "TRUE" or "T" or "ON" or "1";

    public SidecarStartException Invalid(string name, string value, string wanted) =>
        new($"component {Label}: metadata {name} is '{value}', which is not {wanted}");

    /// <exception cref="SidecarStartException">The manifest lacks its type or a reference cannot be resolved.</exception>
    public static ComponentSpec Read(Manifest manifest, SidecarOptions options, Func<string, string, string, string?> secret)
    {
        var spec = manifest.Root.At("spec");
        var type = spec.Text("type")
            ?? throw new SidecarStartException($"component {manifest.Name} of {manifest.File} has no spec.type");
        var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var item in spec.Items("metadata"))
            if (item.Text("name") is { } name) metadata[name] = Value(manifest, item, options, secret);
        return new ComponentSpec(manifest.File, manifest.Name, type, spec.Text("version") ?? "v1",
            IsTruthy(spec.Text("ignoreErrors")), metadata)
        {
            InitTimeout = DurationText.TryParseGo(spec.Text("initTimeout") ?? "5s", out var timeout) ? timeout : TimeSpan.FromSeconds(5),
        };
    }

    private static string Value(
        Manifest manifest, YamlNode item, SidecarOptions options, Func<string, string, string, string?> secret)
    {
        if (item.Text("envRef") is { Length: > 0 } variable) return Environment.GetEnvironmentVariable(variable) ?? "";
        if (item.At("secretKeyRef") is not { } reference) return Expand(item.Text("value") ?? "", options);
        var (store, name) = (manifest.Root.Text("auth", "secretStore") ?? "", reference.Text("name") ?? "");
        return secret(store, name, reference.Text("key") ?? name)
            ?? throw new SidecarStartException(
                $"component {manifest.Name} of {manifest.File}: secret store '{store}' has no secret '{name}'");
    }

    private static string Expand(string value, SidecarOptions options) => !value.Contains('{') ? value : value
        .Replace("{uuid}", Guid.NewGuid().ToString(), StringComparison.Ordinal)
        .Replace("{podName}", Environment.GetEnvironmentVariable("POD_NAME") ?? "", StringComparison.Ordinal)
        .Replace("{namespace}", $"{options.NamespaceOrDefault}.{options.AppId}", StringComparison.Ordinal)
        .Replace("{appID}", options.AppId, StringComparison.Ordinal);
}
