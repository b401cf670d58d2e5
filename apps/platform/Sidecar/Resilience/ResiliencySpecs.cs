using System.Collections.Concurrent;
using System.Globalization;
using ConcertDapr.Sidecar.Cel;
using ConcertDapr.Sidecar.Components;
using Microsoft.Extensions.Logging;
using YamlDotNet.RepresentationModel;

namespace ConcertDapr.Sidecar.Resilience;

/// <summary>The policies and targets of all Resiliency manifests of a sidecar.</summary>
internal sealed class ResiliencySpecs(Agenda agenda)
{
    private readonly Dictionary<string, TimeSpan> timeouts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RetryPolicy> retries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, BreakerPolicy> breakers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Target> apps = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Target> actors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Target? Inbound, Target? Outbound)> components = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, CircuitBreaker> open = new(StringComparer.Ordinal);

    public static ResiliencySpecs Load(IEnumerable<Manifest> manifests, Agenda agenda, ILogger log)
    {
        var specs = new ResiliencySpecs(agenda);
        foreach (var manifest in manifests)
        {
            try
            {
                specs.Add(Read(manifest, agenda));
                specs.Names.Add(manifest.Name);
            }
            catch (Exception e) when (e is FormatException or CelSyntaxException)
            {
                log.ResiliencyIgnored(manifest.Name, manifest.File, e.Message);
            }
        }
        return specs;
    }

    /// <summary>Names of the manifests in force.</summary>
    public List<string> Names { get; } = [];

    /// <summary>For calls of another app; breakers are per method path.</summary>
    public ResiliencePolicy? ForApp(string appId, string path) =>
        Policy(apps.GetValueOrDefault(appId), $"app/{appId}{path}", ["App", ""]);

    public ResiliencePolicy? ForActor(string type, string id)
    {
        var target = actors.GetValueOrDefault(type);
        var scope = target?.BreakerScope switch { "id" => id, "both" => $"{type}/{id}", _ => type };
        return Policy(target, $"actor/{scope}", ["Actor", ""]);
    }

    /// <param name="category"><c>Statestore</c>, <c>Pubsub</c>, …</param>
    /// <param name="direction"><c>Inbound</c> or <c>Outbound</c>.</param>
    public ResiliencePolicy ForComponent(string name, string category, string direction)
    {
        string[] levels = [$"{category}Component{direction}", $"Component{direction}", "Component", ""];
        if (!components.TryGetValue(name, out var target)) return Policy(null, $"component/{name}/{direction}", levels) ?? ResiliencePolicy.None;
        // A component that is named at all gets no default for the direction it leaves out.
        var part = direction == "Inbound" ? target.Inbound : target.Outbound;
        return part is null ? ResiliencePolicy.None : Policy(part, $"component/{name}/{direction}", []) ?? ResiliencePolicy.None;
    }

    private ResiliencePolicy? Policy(Target? target, string breakerKey, string[] levels)
    {
        var timeout = Named(timeouts, target, target?.Timeout, levels, "TimeoutPolicy", out var limit) ? limit : (TimeSpan?)null;
        Named(retries, target, target?.Retry, levels, "RetryPolicy", out var retry);
        Named(breakers, target, target?.Breaker, levels, "CircuitBreakerPolicy", out var breaker);
        if (timeout is null && retry is null && breaker is null) return null;
        var circuit = breaker is null ? null : open.GetOrAdd(breakerKey, _ => new CircuitBreaker(breaker, agenda.Clock));
        return new ResiliencePolicy(timeout, retry, circuit, agenda);
    }

    private static bool Named<T>(Dictionary<string, T> policies, Target? target, string? name, string[] levels, string suffix, out T? found)
    {
        if (target is not null) return policies.TryGetValue(name ?? "", out found);
        foreach (var level in levels)
            if (policies.TryGetValue($"Default{level}{suffix}", out found)) return true;
        found = default;
        return false;
    }

    private void Add(ResiliencySpecs other)
    {
        Copy(other.timeouts, timeouts);
        Copy(other.retries, retries);
        Copy(other.breakers, breakers);
        Copy(other.apps, apps);
        Copy(other.actors, actors);
        Copy(other.components, components);

        static void Copy<T>(Dictionary<string, T> from, Dictionary<string, T> to)
        {
            foreach (var (name, value) in from) to[name] = value;
        }
    }

    private static ResiliencySpecs Read(Manifest manifest, Agenda agenda)
    {
        var specs = new ResiliencySpecs(agenda);
        var (policies, targets) = (manifest.Root.At("spec", "policies"), manifest.Root.At("spec", "targets"));
        foreach (var (name, node) in policies.Members("timeouts")) specs.timeouts[name] = Duration(node.Text() ?? "", $"timeout {name}");
        foreach (var (name, node) in policies.Members("retries")) specs.retries[name] = Retry(name, node);
        foreach (var (name, node) in policies.Members("circuitBreakers")) specs.breakers[name] = Breaker(name, node);
        foreach (var (name, node) in targets.Members("apps")) specs.apps[name] = Target.Read(node);
        foreach (var (name, node) in targets.Members("actors")) specs.actors[name] = Target.Read(node);
        foreach (var (name, node) in targets.Members("components"))
            specs.components[name] = (Part(node, "inbound"), Part(node, "outbound"));
        return specs;

        static Target? Part(YamlNode node, string direction) => node.At(direction) is { } part ? Target.Read(part) : null;
    }

    private static RetryPolicy Retry(string name, YamlNode node)
    {
        var exponential = node.Text("policy") switch
        {
            "exponential" => true,
            null or "" or "constant" => false,
            var other => throw new FormatException($"retry {name}: policy '{other}' is neither constant nor exponential"),
        };
        return new RetryPolicy(exponential,
            Duration(node.Text("duration") ?? "5s", $"retry {name}"), Duration(node.Text("maxInterval") ?? "60s", $"retry {name}"),
            Integer(node.Text("maxRetries"), -1, $"retry {name}: maxRetries"),
            Ranges(node.Text("matching", "httpStatusCodes"), name), Ranges(node.Text("matching", "gRPCStatusCodes"), name));
    }

    private static BreakerPolicy Breaker(string name, YamlNode node)
    {
        var trip = node.Text("trip") is { Length: > 0 } text ? CelExpression.Parse(text) : null;
        return new BreakerPolicy(Integer(node.Text("maxRequests"), 1, $"circuit breaker {name}: maxRequests"),
            Duration(node.Text("interval") ?? "0", $"circuit breaker {name}"), Duration(node.Text("timeout") ?? "60s", $"circuit breaker {name}"),
            counts => trip is null ? counts.ConsecutiveFailures > 5 : trip.IsTrue(variable => Count(counts, variable)));
    }

    private static long Count(BreakerCounts counts, string name) => name switch
    {
        "requests" => counts.Requests,
        "totalSuccesses" => counts.TotalSuccesses,
        "totalFailures" => counts.TotalFailures,
        "consecutiveSuccesses" => counts.ConsecutiveSuccesses,
        "consecutiveFailures" => counts.ConsecutiveFailures,
        _ => throw new CelEvaluationException($"a circuit breaker does not count '{name}'"),
    };

    private static TimeSpan Duration(string text, string what) => DurationText.TryParseGoOrMilliseconds(text, out var duration)
        ? duration
        : throw new FormatException($"{what}: '{text}' is no duration");

    private static int Integer(string? text, int otherwise, string what) => text is null ? otherwise
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number
        : throw new FormatException($"{what}: '{text}' is no integer");

    private static StatusRanges? Ranges(string? text, string name) => string.IsNullOrEmpty(text) ? null
        : StatusRanges.TryParse(text) ?? throw new FormatException($"retry {name}: '{text}' are no status codes");

    private sealed record Target(string? Timeout, string? Retry, string? Breaker, string? BreakerScope)
    {
        public static Target Read(YamlNode node) =>
            new(node.Text("timeout"), node.Text("retry"), node.Text("circuitBreaker"), node.Text("circuitBreakerScope"));
    }
}
