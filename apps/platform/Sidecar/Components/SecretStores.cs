using System.Text.Json;

namespace ConcertDapr.Sidecar.Components;

/// <summary>
/// The secret stores that component manifests may refer to: <c>secretstores.local.env</c> (environment variables) and
/// <c>secretstores.local.file</c> (a JSON file; nested members are joined by <c>:</c>).
/// </summary>
internal sealed class SecretStores
{
    private readonly Dictionary<string, Func<string, string, string?>> stores = new(StringComparer.Ordinal);

    public static bool Handles(string type) => type is "secretstores.local.env" or "secretstores.local.file";

    /// <exception cref="SidecarStartException">The secrets file is missing or no JSON.</exception>
    public void Add(ComponentSpec spec) => stores[spec.Name] = spec.Type == "secretstores.local.env"
        ? (name, key) => Environment.GetEnvironmentVariable(key) ?? Environment.GetEnvironmentVariable(name)
        : FromFile(spec);

    public string? Find(string store, string name, string key) => stores.GetValueOrDefault(store)?.Invoke(name, key);

    private static Func<string, string, string?> FromFile(ComponentSpec spec)
    {
        var file = spec.Get("secretsFile")
            ?? throw new SidecarStartException($"component {spec.Label} lacks metadata secretsFile");
        var separator = spec.Get("nestedSeparator") ?? ":";
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            var secrets = new Dictionary<string, string>(StringComparer.Ordinal);
            Flatten(document.RootElement, "", separator, secrets);
            return (name, key) => secrets.GetValueOrDefault(key) ?? secrets.GetValueOrDefault(name + separator + key)
                ?? secrets.GetValueOrDefault(name);
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            throw new SidecarStartException($"component {spec.Label}: cannot read {file}: {e.Message}", e);
        }
    }

    private static void Flatten(JsonElement element, string path, string separator, Dictionary<string, string> secrets)
    {
        if (element.ValueKind == JsonValueKind.Object)
            foreach (var member in element.EnumerateObject())
                Flatten(member.Value, path.Length == 0 ? member.Name : path + separator + member.Name, separator, secrets);
        else secrets[path] = element.ToString();
    }
}
