using System.Globalization;
using ConcertDapr.Sidecar.Components;

namespace ConcertDapr.Sidecar;

/// <summary>daprd's flags, with one dash or two, as <c>--name value</c> or <c>--name=value</c>.</summary>
internal static class CommandLine
{
    /// <summary>Flags of daprd that mean nothing here: control plane, metrics, platform.</summary>
    private static readonly HashSet<string> Ignored = new(StringComparer.Ordinal)
    {
        "placement-host-address", "scheduler-host-address", "scheduler-job-streams", "actors-service", "reminders-service",
        "actors-disseminate-timeout", "mode", "control-plane-address", "control-plane-namespace", "control-plane-trust-domain",
        "sentry-address", "trust-anchors-file", "allowed-origins", "dapr-public-port", "dapr-public-listen-address",
        "dapr-internal-grpc-listen-address", "unix-domain-socket", "metrics-port", "metrics-listen-address", "profile-port",
        "kubeconfig", "hot-reload-reconcile-interval", "log-level", "app-ssl-cert",
    };

    private static readonly HashSet<string> IgnoredSwitches = new(StringComparer.Ordinal)
    {
        "enable-mtls", "enable-metrics", "enable-profiling", "enable-api-logging", "disable-builtin-k8s-secret-store", "log-as-json",
    };

    private static readonly HashSet<string> Switches = new(IgnoredSwitches, StringComparer.Ordinal) { "enable-app-health-check", "app-ssl" };

    /// <exception cref="SidecarStartException">A flag that daprd does not know, or a value that does not fit.</exception>
    public static SidecarOptions Parse(IReadOnlyList<string> arguments, Func<string, string?> environment)
    {
        var options = new SidecarOptions
        {
            AppId = "",
            Namespace = environment("NAMESPACE") ?? "",
            ApiToken = environment("DAPR_API_TOKEN"),
            AppApiToken = environment("APP_API_TOKEN"),
        };
        var health = (Enabled: false, Options: new AppHealthOptions("/healthz", TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(500), 3));
        foreach (var (name, value) in Flags(arguments))
        {
            if (name == "enable-app-health-check") health.Enabled = Flag(name, value);
            else if (!TryHealth(ref health.Options, name, value)) options = Apply(options, name, value);
        }
        return health.Enabled ? options with { AppHealthCheck = health.Options } : options;
    }

    private static IEnumerable<(string Name, string Value)> Flags(IReadOnlyList<string> arguments)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            if (!arguments[i].StartsWith('-')) throw new SidecarStartException($"unexpected argument '{arguments[i]}'");
            var parts = arguments[i].TrimStart('-').Split('=', 2);
            if (parts.Length == 2) yield return (parts[0], parts[1]);
            else if (Switches.Contains(parts[0])) yield return (parts[0], "true");
            else if (i + 1 < arguments.Count) yield return (parts[0], arguments[++i]);
            else throw new SidecarStartException($"flag --{parts[0]} needs a value");
        }
    }

    private static bool TryHealth(ref AppHealthOptions health, string name, string value)
    {
        switch (name)
        {
            case "app-health-check-path":
                health = health with { Path = value };
                return true;
            case "app-health-probe-interval":
                health = health with { Interval = TimeSpan.FromSeconds(Integer(name, value)) };
                return true;
            case "app-health-probe-timeout":
                health = health with { Timeout = TimeSpan.FromMilliseconds(Integer(name, value)) };
                return true;
            case "app-health-threshold":
                health = health with { Threshold = Integer(name, value) };
                return true;
            default:
                return false;
        }
    }

    private static SidecarOptions Apply(SidecarOptions options, string name, string value) => name switch
    {
        "app-id" => options with { AppId = value },
        "app-port" => options with { AppPort = value.Length == 0 || Port(name, value) == 0 ? null : Port(name, value) },
        "app-protocol" => options with { AppProtocol = value },
        "app-ssl" => Flag(name, value) ? options with { AppProtocol = "https" } : options,
        "app-channel-address" => options with { AppChannelAddress = value },
        "app-max-concurrency" => options with { AppMaxConcurrency = Integer(name, value) },
        "dapr-http-port" => options with { HttpPort = Port(name, value) },
        "dapr-grpc-port" => options with { GrpcPort = Port(name, value) },
        "dapr-internal-grpc-port" => options with { InternalPort = Port(name, value) },
        "dapr-listen-addresses" => options with { ListenAddresses = Addresses(value) },
        "resources-path" or "components-path" => options with { ResourcesPaths = [.. options.ResourcesPaths, .. List(value)] },
        "config" => options with { ConfigPaths = [.. options.ConfigPaths, .. List(value)] },
        "dapr-http-max-request-size" => Integer(name, value) is var megabytes and > 0 ? options with { MaxBodySize = megabytes * 1024L * 1024 } : options,
        "max-body-size" => options with { MaxBodySize = Quantity(name, value) },
        "dapr-http-read-buffer-size" => Integer(name, value) is var kilobytes and > 0 ? options with { ReadBufferSize = kilobytes * 1024 } : options,
        "read-buffer-size" => options with { ReadBufferSize = (int)Quantity(name, value) },
        "dapr-graceful-shutdown-seconds" => Integer(name, value) is var seconds and >= 0 ? options with { GracefulShutdown = TimeSpan.FromSeconds(seconds) } : options,
        "dapr-block-shutdown-duration" => options with { BlockShutdown = Duration(name, value) },
        "disable-init-endpoints" => options with { DisabledInitEndpoints = List(value) },
        "registry-folder" => options with { RegistryFolder = value },
        _ when Ignored.Contains(name) || IgnoredSwitches.Contains(name) => options,
        _ => throw new SidecarStartException($"unknown flag: --{name}"),
    };

    private static string[] List(string value) => value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static string[] Addresses(string value) => List(value) is { Length: > 0 } addresses ? addresses : ["127.0.0.1"];

    private static bool Flag(string name, string value) => bool.TryParse(value, out var flag) ? flag : throw Invalid(name, value, "true or false");

    private static int Integer(string name, string value) =>
        int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw Invalid(name, value, "an integer");

    private static int Port(string name, string value) => Integer(name, value) is var port and >= 0 and <= 65535 ? port : throw Invalid(name, value, "a port");

    private static TimeSpan Duration(string name, string value) =>
        DurationText.TryParseGo(value, out var duration) ? duration : throw Invalid(name, value, "a duration such as 5s");

    /// <summary>Kubernetes quantities: <c>4Mi</c>, <c>16Ki</c>, <c>1M</c>, plain bytes.</summary>
    private static long Quantity(string name, string value)
    {
        var digits = value.TrimEnd('i', 'B', 'K', 'k', 'M', 'G');
        var factor = value[digits.Length..] switch
        {
            "" => 1L,
            "Ki" => 1024L,
            "Mi" => 1024L * 1024,
            "Gi" => 1024L * 1024 * 1024,
            "k" or "K" => 1000L,
            "M" => 1_000_000L,
            "G" => 1_000_000_000L,
            _ => throw Invalid(name, value, "a size such as 4Mi"),
        };
        return decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? (long)(number * factor)
            : throw Invalid(name, value, "a size such as 4Mi");
    }

    private static SidecarStartException Invalid(string name, string value, string wanted) => new($"flag --{name}: '{value}' is not {wanted}");
}
