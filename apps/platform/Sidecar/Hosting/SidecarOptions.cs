using ConcertDapr.Sidecar.Components;

namespace ConcertDapr.Sidecar;

/// <summary>How one sidecar runs; the same settings as daprd's flags and environment.</summary>
public sealed record SidecarOptions
{
    /// <summary>The app's name for Dapr. Any text without dots.</summary>
    public required string AppId { get; init; }

    /// <summary>Where the app listens; null when there is no app to call.</summary>
    public int? AppPort { get; init; }

    /// <summary>Address of the app.</summary>
    public string AppChannelAddress { get; init; } = "127.0.0.1";

    /// <summary><c>http</c>, <c>https</c> or <c>h2c</c>.</summary>
    public string AppProtocol { get; init; } = "http";

    /// <summary>Calls to the app at one time; ≤ 0 is no limit.</summary>
    public int AppMaxConcurrency { get; init; } = -1;

    /// <summary>Port of the HTTP API; 0 picks a free one (see <see cref="SidecarHost.HttpPort"/>).</summary>
    public int HttpPort { get; init; } = 3500;

    /// <summary>Port of the gRPC API (HTTP/2 without TLS); 0 picks a free one.</summary>
    public int GrpcPort { get; init; } = 50001;

    /// <summary>Port for other sidecars; 0 picks a free one.</summary>
    public int InternalPort { get; init; }

    /// <summary>IP addresses on which the HTTP and gRPC APIs listen.</summary>
    public IReadOnlyList<string> ListenAddresses { get; init; } = ["127.0.0.1"];

    /// <summary>Folders with component, subscription and resiliency manifests.</summary>
    public IReadOnlyList<string> ResourcesPaths { get; init; } = [];

    /// <summary>
    /// Manifests given as YAML text instead of in files, each with any number of documents: components, subscriptions,
    /// resiliency, a Configuration. They come after those of the folders.
    /// </summary>
    public IReadOnlyList<string> Manifests { get; init; } = [];

    /// <summary>Files with a Configuration manifest.</summary>
    public IReadOnlyList<string> ConfigPaths { get; init; } = [];

    /// <summary>Dapr namespace; empty counts as <c>default</c>, except for key prefixes.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Expected in <c>dapr-api-token</c> of every API call, when not empty.</summary>
    public string? ApiToken { get; init; }

    /// <summary>Sent as <c>dapr-api-token</c> with every call to the app, when not empty.</summary>
    public string? AppApiToken { get; init; }

    /// <summary>Largest request body in bytes.</summary>
    public long MaxBodySize { get; init; } = 4 * 1024 * 1024;

    /// <summary>Header buffer in bytes: requests may carry twice as much, answers of the app exactly this.</summary>
    public int ReadBufferSize { get; init; } = 4 * 1024;

    /// <summary>How the app's health is followed; null does not.</summary>
    public AppHealthOptions? AppHealthCheck { get; init; }

    /// <summary><c>config</c> and <c>subscribe</c> may be switched off.</summary>
    public IReadOnlyList<string> DisabledInitEndpoints { get; init; } = [];

    /// <summary>How long the end of the sidecar waits for what is under way.</summary>
    public TimeSpan GracefulShutdown { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a sidecar goes on serving after it was told to stop, unless the app turns unhealthy before.</summary>
    public TimeSpan BlockShutdown { get; init; }

    /// <summary>Folder in which sidecars of one machine find each other; null: from the Configuration, else a folder of this user.</summary>
    public string? RegistryFolder { get; init; }

    /// <summary>What in-memory components keep; null is kept by this sidecar alone.</summary>
    internal MemoryComponents? Memory { get; init; }

    internal string NamespaceOrDefault => Namespace.Length == 0 ? "default" : Namespace;
}

/// <summary>How the app's own health is probed.</summary>
/// <param name="Path">Path of the GET request.</param>
/// <param name="Interval">Between two probes.</param>
/// <param name="Timeout">Of one probe.</param>
/// <param name="Threshold">Failures in a row that make the app unhealthy; one success makes it healthy.</param>
public sealed record AppHealthOptions(string Path, TimeSpan Interval, TimeSpan Timeout, int Threshold);
