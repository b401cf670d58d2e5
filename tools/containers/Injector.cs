using System.Globalization;
using ConcertDapr.Charts;

namespace ConcertDapr.Containers;

/// <summary>
/// What Dapr's sidecar injector does with a pod's annotations: a second container, and two variables in the first. All pods share
/// one machine's loopback here, so that each sidecar has ports of its own.
/// </summary>
internal sealed class Injector(Chart chart, string image, string work)
{
    private const string Annotation = "dapr.io/";

    /// <summary>Annotations that tell the injector, not daprd, or that have no meaning without a cluster.</summary>
    private static readonly HashSet<string> s_notFlags =
    [
        "enabled", "api-token-secret", "app-token-secret", "sidecar-cpu-request", "sidecar-cpu-limit", "sidecar-memory-request",
        "sidecar-memory-limit", "sidecar-seccomp-profile-type",
    ];

    private static readonly Dictionary<string, string> s_flags = new()
    {
        ["app-id"] = "app-id",
        ["app-port"] = "app-port",
        ["app-protocol"] = "app-protocol",
        ["app-max-concurrency"] = "app-max-concurrency",
        ["log-level"] = "log-level",
        ["log-as-json"] = "log-as-json",
        ["enable-metrics"] = "enable-metrics",
        ["metrics-port"] = "metrics-port",
        ["disable-builtin-k8s-secret-store"] = "disable-builtin-k8s-secret-store",
        ["block-shutdown-duration"] = "dapr-block-shutdown-duration",
        ["graceful-shutdown-seconds"] = "dapr-graceful-shutdown-seconds",
    };

    public string Resources => Path.Combine(work, "resources");

    public string Configurations => Path.Combine(work, "configurations");

    /// <summary>Where sidecars find one another, instead of by the cluster's DNS.</summary>
    public string Registry => Path.Combine(work, "sidecars");

    /// <summary>The variables an app learns its sidecar's ports from.</summary>
    public static IEnumerable<(string, string)> Variables(int index) =>
        [("DAPR_HTTP_PORT", Text(3500 + index)), ("DAPR_GRPC_PORT", Text(3600 + index)), ("APP_PROTOCOL", "http")];

    /// <summary>A pod's sidecar.</summary>
    public ContainerSpec Sidecar(Manifest deployment, int index)
    {
        var annotations = Manifest.Map(deployment.Pod!["metadata"]?["annotations"]).Where(a => a.Key.StartsWith(Annotation, StringComparison.Ordinal))
            .ToDictionary(a => a.Key[Annotation.Length..], a => a.Value);
        if (annotations.GetValueOrDefault("enabled") != "true") throw new CheckException($"{deployment}: dapr.io/enabled is not true");
        List<string> arguments = [];
        foreach (var (name, value) in annotations)
            if (s_flags.TryGetValue(name, out var flag)) arguments.Add($"--{flag}={value}");
            else if (name == "config") arguments.AddRange(["--config", $"/dapr/configurations/configuration-{value}.yaml"]);
            else if (!s_notFlags.Contains(name)) throw new CheckException($"{deployment}: what dapr.io/{name} means is not known here");
        arguments.AddRange(["--resources-path", "/dapr/resources", "--registry-folder", "/dapr/sidecars",
            "--dapr-http-port", Text(3500 + index), "--dapr-grpc-port", Text(3600 + index), "--dapr-internal-grpc-port", Text(3700 + index)]);
        return new($"{deployment.Name}-daprd", image, [.. Options(annotations)], arguments);
    }

    private IEnumerable<string> Options(Dictionary<string, string> annotations) =>
    [
        // As the injector makes it.
        "--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL", "--security-opt=no-new-privileges",
        // The registry tells live sidecars from dead ones by their process ids.
        "--pid=host",
        $"--volume={Resources}:/dapr/resources:ro", $"--volume={Configurations}:/dapr/configurations:ro", $"--volume={Registry}:/dapr/sidecars",
        $"--env=NAMESPACE={Chart.Namespace}",
        $"--env=DAPR_API_TOKEN={chart.Secret(annotations["api-token-secret"], "token")}",
        $"--env=APP_API_TOKEN={chart.Secret(annotations["app-token-secret"], "token")}",
        .. Pods.Limits(annotations.GetValueOrDefault("sidecar-cpu-limit", ""), annotations.GetValueOrDefault("sidecar-memory-limit", "")),
    ];

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
