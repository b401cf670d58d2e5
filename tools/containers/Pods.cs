using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ConcertDapr.Charts;
using static ConcertDapr.Charts.Manifest;

namespace ConcertDapr.Containers;

/// <summary>
/// A pod's container as <c>podman run</c> has to be told of it: what the kubelet reads in a container is read here too, and what is
/// not understood stops the check, so that nothing rendered goes untried in silence.
/// </summary>
internal static partial class Pods
{
    private static readonly HashSet<string> s_understood =
    [
        "name", "image", "imagePullPolicy", "ports", "args", "command", "env", "resources", "securityContext", "volumeMounts",
        "startupProbe", "livenessProbe", "readinessProbe", // Asked by Check.
    ];

    /// <summary>The one container of a pod that is no sidecar.</summary>
    public static JsonObject Container(JsonObject pod) => Items(pod["spec"]!["containers"]).Single();

    /// <summary>A container port's number, by name.</summary>
    public static string Port(JsonObject pod, string name) =>
        Text(Items(Container(pod)["ports"]).First(p => Text(p["name"]) == name)["containerPort"]);

    /// <summary>The pod's container, with variables that an injector adds.</summary>
    public static ContainerSpec Spec(Chart chart, string name, JsonObject pod, params IEnumerable<(string Name, string Value)> injected)
    {
        var container = Container(pod);
        if (container.Select(p => p.Key).FirstOrDefault(k => !s_understood.Contains(k)) is { } unknown)
            throw new CheckException($"{name}: what a container's {unknown} means is not known here");
        List<string> options = [.. Security(name, pod, container), .. Volumes(name, pod, container), .. Limits(container["resources"]?["limits"])];
        foreach (var (variable, value) in Environment(chart, name, container).Concat(injected)) options.AddRange(["--env", $"{variable}={value}"]);
        var command = Texts(container["command"]);
        if (command.Count > 0) options.AddRange(["--entrypoint", command[0]]);
        return new(name, Text(container["image"]), options, [.. command.Skip(1), .. Texts(container["args"])]);
    }

    /// <summary>Limits as Kubernetes writes them.</summary>
    public static IEnumerable<string> Limits(JsonNode? limits) => Limits(Text(limits?["cpu"]), Text(limits?["memory"]));

    public static IEnumerable<string> Limits(string cpu, string memory)
    {
        if (cpu.Length > 0)
        {
            var cores = cpu.EndsWith('m') ? decimal.Parse(cpu[..^1], CultureInfo.InvariantCulture) / 1000 : decimal.Parse(cpu, CultureInfo.InvariantCulture);
            // podman refuses more than there are.
            yield return $"--cpus={Math.Min(cores, System.Environment.ProcessorCount).ToString(CultureInfo.InvariantCulture)}";
        }
        if (memory.Length > 0) yield return $"--memory={memory.TrimEnd('i')}";
    }

    private static IEnumerable<string> Security(string name, JsonObject pod, JsonObject container)
    {
        var security = container["securityContext"] as JsonObject ?? [];
        var seccomp = Text(pod["spec"]!["securityContext"]?["seccompProfile"]?["type"]);
        if (seccomp != "RuntimeDefault") throw new CheckException($"{name}: the pod's seccomp profile is '{seccomp}', not RuntimeDefault, which podman applies");
        if (Text(security["runAsNonRoot"]) == "true" && Text(security["runAsUser"]) is "" or "0") throw new CheckException($"{name}: runAsNonRoot without a user");
        yield return $"--user={security["runAsUser"]}:{security["runAsGroup"]}";
        if (Text(security["readOnlyRootFilesystem"]) == "true")
        {
            yield return "--read-only";
            // podman would otherwise make some folders writable that Kubernetes does not.
            yield return "--read-only-tmpfs=false";
        }
        if (Text(security["allowPrivilegeEscalation"]) == "false") yield return "--security-opt=no-new-privileges";
        foreach (var capability in Texts(security["capabilities"]?["drop"])) yield return $"--cap-drop={capability}";
    }

    private static IEnumerable<string> Volumes(string name, JsonObject pod, JsonObject container)
    {
        foreach (var mount in Items(container["volumeMounts"]))
        {
            var volume = Items(pod["spec"]!["volumes"]).FirstOrDefault(v => Text(v["name"]) == Text(mount["name"]));
            if (volume?["emptyDir"] is not JsonObject empty) throw new CheckException($"{name}: volume {mount["name"]} is no emptyDir");
            yield return $"--tmpfs={mount["mountPath"]}:rw,mode=1777,size={Text(empty["sizeLimit"]).TrimEnd('i')}";
        }
    }

    private static List<(string Name, string Value)> Environment(Chart chart, string name, JsonObject container)
    {
        var known = new Dictionary<string, string>();
        var variables = new List<(string, string)>();
        foreach (var entry in Items(container["env"]))
        {
            var value = entry["valueFrom"] switch
            {
                null => Reference().Replace(Text(entry["value"]), m => known.GetValueOrDefault(m.Groups[1].Value, m.Value)),
                JsonObject from when from["secretKeyRef"] is { } secret => chart.Secret(secret),
                JsonObject from when Text(from["fieldRef"]?["fieldPath"]) == "metadata.namespace" => Chart.Namespace,
                JsonObject from when Text(from["fieldRef"]?["fieldPath"]) == "metadata.name" => name,
                var other => throw new CheckException($"{name}: variable {entry["name"]} comes from {other}, which is not known here"),
            };
            known[Text(entry["name"])] = value;
            variables.Add((Text(entry["name"]), value));
        }
        return variables;
    }

    [GeneratedRegex(@"\$\((\w+)\)")]
    private static partial Regex Reference();
}
