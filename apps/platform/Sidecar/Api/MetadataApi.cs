using System.Collections.Concurrent;
using ConcertDapr.Sidecar.Components;
using ConcertDapr.Sidecar.Delivery;

namespace ConcertDapr.Sidecar.Api;

/// <summary>A component as the metadata shows it.</summary>
internal sealed record ComponentInfo(string Name, string Type, string Version, IReadOnlyList<string> Capabilities);

/// <summary>What the sidecar tells about itself.</summary>
internal sealed class MetadataApi(SidecarRuntime runtime)
{
    /// <summary>The daprd version whose behaviour this runtime follows.</summary>
    public const string RuntimeVersion = "1.18.3";

    private static readonly string[] RedisCapabilities = ["ETAG", "TRANSACTIONAL", "TTL", "KEYS_LIKE", "ACTOR"];
    private static readonly string[] MemoryCapabilities = ["ETAG", "TRANSACTIONAL", "TTL", "DELETE_WITH_PREFIX", "KEYS_LIKE", "ACTOR"];

    private static readonly string[] MemoryBusCapabilities = ["SUBSCRIBE_WILDCARDS"];

    private readonly ConcurrentDictionary<string, string> extended = new(StringComparer.Ordinal);

    public static IReadOnlyList<string> EnabledFeatures { get; } = ["WorkflowsRemoteActivityReminder"];

    /// <summary>Streams of workflow workers now connected; set by the workflow engine.</summary>
    public Func<int> ConnectedWorkers { get; set; } = static () => 0;

    public IReadOnlyList<ComponentInfo> Components => [.. runtime.Components.Specs.Select(Info)];

    /// <summary>Names of HTTPEndpoint manifests.</summary>
    public IReadOnlyList<string> HttpEndpoints { get; set; } = [];

    public IReadOnlyList<Subscription> Subscriptions => runtime.Subscriptions.All;

    /// <summary>Free text by name; always holds <c>daprRuntimeVersion</c>.</summary>
    public IReadOnlyDictionary<string, string> Extended
    {
        get
        {
            var all = new SortedDictionary<string, string>(extended, StringComparer.Ordinal) { ["daprRuntimeVersion"] = RuntimeVersion };
            return all;
        }
    }

    /// <summary>Stores a text; an empty key and the runtime's own version are left alone.</summary>
    public void Set(string key, string value)
    {
        if (key is not ("" or "daprRuntimeVersion")) extended[key] = value;
    }

    private static ComponentInfo Info(ComponentSpec spec) => new(spec.Name, spec.Type, spec.Version, spec.Type switch
    {
        "state.redis" => RedisCapabilities,
        "state.in-memory" => MemoryCapabilities,
        "pubsub.in-memory" => MemoryBusCapabilities,
        _ => [],
    });
}
