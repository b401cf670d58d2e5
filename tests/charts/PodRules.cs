using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using static ConcertDapr.Charts.Manifest;

namespace ConcertDapr.Charts;

/// <summary>What holds for every pod of the chart: security, probes, resources, volumes, secrets, the order of its end.</summary>
internal static partial class PodRules
{
    public static IEnumerable<string> Of(RenderedChart chart) =>
        chart.Workloads.SelectMany(workload => OfPod(chart, workload).Select(problem => $"{workload}: {problem}"))
            .Concat(chart.Deployments.SelectMany(d => OfSidecar(d).Select(problem => $"{d}: {problem}")))
            .Concat(chart.Manifests.SelectMany(Placeholders));

    /// <summary>CPU in cores, memory in bytes.</summary>
    internal static double Quantity(string text)
    {
        var match = QuantityText().Match(text);
        if (!match.Success) throw new FormatException($"'{text}' is no quantity");
        var number = double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        return match.Groups[2].Value switch { "m" => number / 1000, "Ki" => number * 1024, "Mi" => number * 1048576, "Gi" => number * 1073741824, _ => number };
    }

    private static IEnumerable<string> OfPod(RenderedChart chart, Manifest workload)
    {
        var pod = (JsonObject)workload.Pod!["spec"]!;
        if (Text(pod["automountServiceAccountToken"]) != "false") yield return "mounts a token for the Kubernetes API, which no app needs";
        if (Text(pod["securityContext"]?["seccompProfile"]?["type"]) != "RuntimeDefault") yield return "has no seccomp profile";
        if (pod["serviceAccountName"] is { } account && chart.OfKind("ServiceAccount").All(a => a.Name != Text(account))) yield return $"has no service account {account}";
        var volumes = Items(pod["volumes"]).Select(v => Text(v["name"])).ToHashSet();
        foreach (var container in Items(pod["containers"]))
            foreach (var problem in OfContainer(container, volumes, chart, workload)) yield return problem;
        foreach (var constraint in Items(pod["topologySpreadConstraints"]))
            if (!ClusterRules.Selects(constraint["labelSelector"], workload)) yield return "spreads pods that are not its own";
    }

    private static IEnumerable<string> OfContainer(JsonObject container, HashSet<string> volumes, RenderedChart chart, Manifest workload)
    {
        var security = container["securityContext"] as JsonObject ?? [];
        if (Text(security["runAsNonRoot"]) != "true") yield return "may run as root";
        if (Text(security["readOnlyRootFilesystem"]) != "true") yield return "may write to its image";
        if (Text(security["allowPrivilegeEscalation"]) != "false") yield return "may gain privileges";
        if (!Texts(security["capabilities"]?["drop"]).Contains("ALL")) yield return "keeps capabilities";
        if (!ImageName().IsMatch(Text(container["image"]))) yield return $"runs an image without a fixed tag: {container["image"]}";
        foreach (var mount in Items(container["volumeMounts"]).Where(m => !volumes.Contains(Text(m["name"])))) yield return $"mounts volume {mount["name"]}, which it does not have";
        foreach (var problem in OfResources(container["resources"] as JsonObject ?? [])) yield return problem;
        if (workload.Kind == "Deployment")
            foreach (var problem in OfProbes(container)) yield return problem;
        foreach (var reference in Items(container["env"]).Select(e => e["valueFrom"]?["secretKeyRef"]).OfType<JsonObject>())
            if (!Secrets.Has(chart, Text(reference["name"]), Text(reference["key"]))) yield return $"reads key {reference["key"]} of Secret {reference["name"]}, which nobody makes";
    }

    private static IEnumerable<string> OfResources(JsonObject resources)
    {
        foreach (var name in new[] { "cpu", "memory" })
        {
            var (request, limit) = (Text(resources["requests"]?[name]), Text(resources["limits"]?[name]));
            if (request.Length == 0 || limit.Length == 0) yield return $"requests or limits no {name}";
            else if (Quantity(request) > Quantity(limit)) yield return $"requests {request} of {name}, more than its limit {limit}";
        }
    }

    private static IEnumerable<string> OfProbes(JsonObject container)
    {
        var ports = Items(container["ports"]).Select(p => Text(p["name"])).ToHashSet();
        foreach (var name in new[] { "startupProbe", "livenessProbe", "readinessProbe" })
        {
            if (container[name]?["httpGet"] is not JsonObject get) yield return $"has no {name}";
            else if (!ports.Contains(Text(get["port"]))) yield return $"asks port {get["port"]} in its {name}, which it does not have";
            else if (Text(get["path"]) != (name == "readinessProbe" ? "/readyz" : "/livez")) yield return $"asks {get["path"]} in its {name}";
        }
    }

    // The app outlives its sidecar, and both have time to end.
    private static IEnumerable<string> OfSidecar(Manifest deployment)
    {
        var annotations = Map(deployment.Pod!["metadata"]?["annotations"]);
        int Seconds(string name) => int.Parse(annotations.GetValueOrDefault($"dapr.io/{name}", "0").TrimEnd('s'), CultureInfo.InvariantCulture);
        var sidecarEnds = Seconds("block-shutdown-duration") + Seconds("graceful-shutdown-seconds");
        var drain = int.Parse(Environment(deployment).GetValueOrDefault("Shutdown__DrainSeconds", "0"), CultureInfo.InvariantCulture);
        var grace = int.Parse(Text(deployment.Pod["spec"]?["terminationGracePeriodSeconds"]), CultureInfo.InvariantCulture);
        if (drain <= sidecarEnds) yield return $"stops taking calls after {drain} s, its sidecar passes them on for {sidecarEnds} s";
        if (grace < drain + 10) yield return $"has {grace} s to end, of which it drains {drain}";
        foreach (var name in new[] { "cpu", "memory" })
        {
            if (annotations.GetValueOrDefault($"dapr.io/sidecar-{name}-request") is not { } request || annotations.GetValueOrDefault($"dapr.io/sidecar-{name}-limit") is not { } limit)
                yield return $"gives its sidecar no {name}, so no utilisation can be told";
            else if (Quantity(request) > Quantity(limit)) yield return $"requests {request} of {name} for its sidecar, more than the limit {limit}";
        }
    }

    /// <summary>A deployment's environment as far as it stands in the manifest.</summary>
    internal static IReadOnlyDictionary<string, string> Environment(Manifest workload) =>
        Items(Items(workload.Pod!["spec"]!["containers"]).First()["env"]).ToDictionary(e => Text(e["name"]), e => Text(e["value"]));

    private static IEnumerable<string> Placeholders(Manifest manifest) =>
        Placeholder().Matches(manifest.Yaml).Select(m => $"{manifest}: '{m.Value}' is a placeholder");

    [GeneratedRegex(@"^([0-9.]+)(m|Ki|Mi|Gi)?$")]
    private static partial Regex QuantityText();

    [GeneratedRegex(@"^[a-z0-9./:_-]+:(?!latest$)[A-Za-z0-9_.-]+$")]
    private static partial Regex ImageName();

    [GeneratedRegex(@"change[-_ ]?me|replace[-_ ]?me|<[a-z-]+>|\$\{[^}]*\}|\bTODO\b|\bTBD\b", RegexOptions.IgnoreCase)]
    private static partial Regex Placeholder();
}
