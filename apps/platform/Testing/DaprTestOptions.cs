using ConcertDapr.Sidecar;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Testing;

/// <summary>What a <see cref="DaprTestHost"/> is like. Everything has a default that suits most tests.</summary>
public sealed class DaprTestOptions
{
    private readonly List<string> manifests = [];
    private readonly List<string> folders = [];

    /// <summary>The app's name for Dapr; <c>app</c> by default.</summary>
    public string AppId { get; set; } = "app";

    /// <summary>
    /// Where the app will listen. Null (the default) is no app: a sidecar to call, which calls nobody. 0 picks a free port, to be
    /// read from <see cref="DaprTestHost.AppPort"/>.
    /// </summary>
    public int? AppPort { get; set; }

    /// <summary>Name of the in-memory state store, which actors and workflows use too; null leaves it out.</summary>
    public string? StateStore { get; set; } = "statestore";

    /// <summary>Name of the in-memory pub/sub; null leaves it out.</summary>
    public string? PubSub { get; set; } = "pubsub";

    /// <summary>Name of the in-memory lock store; null leaves it out.</summary>
    public string? LockStore { get; set; } = "lockstore";

    /// <summary>The sidecar's clock; the real one by default. Sidecars beside this one have the same.</summary>
    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>Where the sidecar logs to; null (the default) logs nothing.</summary>
    public ILoggerFactory? Loggers { get; set; }

    /// <summary>Changes whatever else a sidecar can be told, last of all: <c>s => s with { ApiToken = "secret" }</c>.</summary>
    public Func<SidecarOptions, SidecarOptions> Sidecar { get; set; } = static options => options;

    /// <summary>
    /// Adds manifests as YAML text, any number of documents: components, subscriptions, resiliency, a Configuration.
    /// A component with the name of an in-memory one does not replace it: set that one's name to null.
    /// </summary>
    public DaprTestOptions AddManifest(string yaml)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(yaml);
        manifests.Add(yaml);
        return this;
    }

    /// <summary>Adds the manifests of a folder.</summary>
    public DaprTestOptions AddFolder(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        folders.Add(folder);
        return this;
    }

    /// <summary>Gives the sidecar a clock that stands still until the test moves it (<see cref="DaprTestHost.Time"/>).</summary>
    /// <param name="start">The first moment; null is the present, in whole seconds.</param>
    public DaprTestOptions UseVirtualTime(DateTimeOffset? start = null)
    {
        Clock = new VirtualTime(start);
        return this;
    }

    internal SidecarOptions ToSidecarOptions(TestNetwork network) => Sidecar(new SidecarOptions
    {
        AppId = AppId,
        AppPort = AppPort == 0 ? FreePorts.Next() : AppPort,
        HttpPort = 0,
        GrpcPort = 0,
        ResourcesPaths = folders,
        Manifests = [.. InMemory(), .. manifests],
        RegistryFolder = network.Folder,
        Memory = network.Memory,
    });

    private IEnumerable<string> InMemory()
    {
        if (StateStore is not null) yield return Component(StateStore, "state.in-memory", "[{name: actorStateStore, value: 'true'}]");
        if (PubSub is not null) yield return Component(PubSub, "pubsub.in-memory", "[]");
        if (LockStore is not null) yield return Component(LockStore, "lock.in-memory", "[]");
    }

    private static string Component(string name, string type, string metadata) => $$"""
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: '{{name.Replace("'", "''", StringComparison.Ordinal)}}'}
        spec: {type: {{type}}, version: v1, metadata: {{metadata}}}
        """;
}
