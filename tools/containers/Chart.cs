using System.Text.Json.Nodes;
using ConcertDapr.Charts;
using static ConcertDapr.Charts.Manifest;

namespace ConcertDapr.Containers;

/// <summary>The rendered chart, as a cluster would find it.</summary>
internal sealed class Chart(IReadOnlyList<Manifest> manifests)
{
    /// <summary>The namespace it is rendered for (scripts/containers.sh).</summary>
    public const string Namespace = "concert";

    /// <summary>Hook Jobs that come before the release, in order.</summary>
    public IReadOnlyList<Manifest> Jobs => [.. Hooks("pre-install").Where(m => m.Kind == "Job")];

    public IReadOnlyList<Manifest> Deployments => OfKind("Deployment");

    /// <summary>The pods of <c>helm test</c>.</summary>
    public IReadOnlyList<Manifest> Tests => [.. Hooks("test")];

    /// <summary>Names that a cluster's DNS would know: the Services, and the servers the chart is told of.</summary>
    public IReadOnlyList<string> Hosts => [.. OfKind("Service").Select(s => s.Name), Servers.Redis, Servers.Postgres];

    /// <summary>A Secret's value.</summary>
    public string Secret(JsonNode? reference) => Secret(Text(reference!["name"]), Text(reference["key"]));

    public string Secret(string name, string key) =>
        OfKind("Secret").FirstOrDefault(s => s.Name == name)?.Json["stringData"]?[key] is { } value
            ? Text(value)
            : throw new CheckException($"no Secret {name} with the key {key}");

    /// <summary>
    /// Writes the Dapr resources as files, the way sidecars outside of Kubernetes read them. What the operator does is done here:
    /// secrets are put into components. Access control by caller is left out, for it needs mTLS, which the embedded sidecar lacks.
    /// </summary>
    public void WriteDaprFiles(string resources, string configurations)
    {
        foreach (var kind in new[] { "Component", "Subscription", "Resiliency" })
            foreach (var manifest in OfKind(kind)) Write(resources, manifest, WithSecrets(manifest));
        foreach (var configuration in OfKind("Configuration"))
        {
            var json = (JsonObject)configuration.Json.DeepClone();
            ((JsonObject)json["spec"]!).Remove("accessControl");
            Write(configurations, configuration, json);
        }
    }

    /// <summary>Without address translation a Service has to have its pods' port.</summary>
    public void CheckServices()
    {
        foreach (var service in OfKind("Service"))
            foreach (var port in Items(service.Spec["ports"]))
                if (Text(port["port"]) != Pods.Port(Deployments.First(d => d.Name == service.Name).Pod!, Text(port["targetPort"])))
                    throw new CheckException($"Service {service.Name} has port {port["port"]}, its pods have another");
    }

    private IEnumerable<Manifest> Hooks(string hook) => manifests
        .Where(m => Text(m.Json["metadata"]?["annotations"]?["helm.sh/hook"]).Split(',').Contains(hook))
        .OrderBy(m => int.TryParse(Text(m.Json["metadata"]!["annotations"]!["helm.sh/hook-weight"]), out var weight) ? weight : 0);

    private IReadOnlyList<Manifest> OfKind(string kind) => [.. manifests.Where(m => m.Kind == kind)];

    private JsonObject WithSecrets(Manifest manifest)
    {
        var json = (JsonObject)manifest.Json.DeepClone();
        foreach (var entry in Items(json["spec"]?["metadata"]))
            if (entry["secretKeyRef"] is { } reference)
            {
                entry["value"] = Secret(reference);
                entry.Remove("secretKeyRef");
            }
        return json;
    }

    // JSON is YAML too.
    private static void Write(string folder, Manifest manifest, JsonObject json) =>
        File.WriteAllText(Path.Combine(folder, $"{manifest.Kind}-{manifest.Name}.yaml".ToLowerInvariant()), json.ToJsonString());
}
