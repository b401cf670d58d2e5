using System.Text.Json.Nodes;
using static ConcertDapr.Charts.Manifest;

namespace ConcertDapr.Charts;

/// <summary>Which Secrets there will be: the chart's own, else those of <c>scripts/kube-secrets.sh</c>, which this runs.</summary>
internal static class Secrets
{
    private static readonly Lazy<IReadOnlyList<Manifest>> s_made = new(Make);

    /// <summary>What the script prints.</summary>
    public static IReadOnlyList<Manifest> Made => s_made.Value;

    public static bool Has(RenderedChart chart, string name, string key)
    {
        var own = chart.OfKind("Secret");
        return (own.Count > 0 ? own : Made).Any(s => s.Name == name && (Has(s, "stringData", key) || Has(s, "data", key)));
    }

    private static bool Has(Manifest secret, string part, string key) => (secret.Json[part] as JsonObject)?.ContainsKey(key) == true;

    private static IReadOnlyList<Manifest> Make()
    {
        var result = Helm.RunAsync("bash", "scripts/kube-secrets.sh", "--print", Helm.Namespace).GetAwaiter().GetResult();
        return result.ExitCode == 0 ? ParseAll(result.Output) : throw new InvalidOperationException(result.Errors);
    }
}
