namespace ConcertDapr.Sidecar.Components;

/// <summary>How a component's <c>keyPrefix</c> turns a caller's key into the stored one.</summary>
internal sealed class KeyPrefix
{
    public const string Separator = "||";

    private readonly string prefix;

    private KeyPrefix(string prefix) => this.prefix = prefix;

    public static KeyPrefix ForState(ComponentSpec spec, SidecarOptions options) => new(spec.Get("keyPrefix")?.ToLowerInvariant() switch
    {
        null or "appid" => options.AppId + Separator,
        "name" => spec.Name + Separator,
        "namespace" => (options.Namespace.Length == 0 ? "" : options.Namespace + ".") + options.AppId + Separator,
        "none" => "",
        var other => other + Separator,
    });

    public static KeyPrefix ForLock(ComponentSpec spec, SidecarOptions options) => new("lock" + Separator + spec.Get("keyPrefix")?.ToLowerInvariant() switch
    {
        null or "appid" => options.AppId + Separator,
        "name" => spec.Name + Separator,
        "none" => "",
        var other => other + Separator,
    });

    public string Apply(string key) => prefix + key;
}
