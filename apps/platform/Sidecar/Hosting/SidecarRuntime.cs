using ConcertDapr.Sidecar.Actors;
using ConcertDapr.Sidecar.Api;
using ConcertDapr.Sidecar.Components;
using ConcertDapr.Sidecar.Delivery;
using ConcertDapr.Sidecar.Invocation;
using ConcertDapr.Sidecar.Leases;
using ConcertDapr.Sidecar.Resilience;
using ConcertDapr.Sidecar.State;
using ConcertDapr.Sidecar.Telemetry;
using ConcertDapr.Sidecar.Workflows;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar;

/// <summary>Everything one running sidecar is made of; the HTTP and gRPC APIs are thin layers over this.</summary>
internal sealed class SidecarRuntime : IDisposable
{
    private readonly Lazy<ActorRuntime> actors;

    public SidecarRuntime()
    {
        actors = new(() => new ActorRuntime(this));
        Metadata = new MetadataApi(this);
        ActorApi = new ActorApi(this);
    }

    public required SidecarOptions Options { get; init; }

    public required SidecarConfiguration Configuration { get; init; }

    public required TimeProvider Clock { get; init; }

    /// <summary>What this sidecar does of its own accord.</summary>
    public required Agenda Agenda { get; init; }

    public required ILoggerFactory Loggers { get; init; }

    public required ResiliencySpecs Resiliency { get; init; }

    public required LoadedComponents Components { get; init; }

    public required AppChannel App { get; init; }

    public required StateApi State { get; init; }

    public required LockApi Locks { get; init; }

    public required PublishApi Publish { get; init; }

    public required Subscriptions Subscriptions { get; init; }

    public required SidecarRegistry Registry { get; init; }

    public required InvokeApi Invoke { get; init; }

    public required BindingApi Bindings { get; init; }

    public ActorRuntime Actors => actors.Value;

    public ActorApi ActorApi { get; }

    /// <summary>Tells other sidecars of the machine which actor types are hosted here; set once the ports are known.</summary>
    public Action<IReadOnlyList<string>> Announce { get; set; } = static _ => { };

    /// <summary>This sidecar as its replicas know it; set once the ports are known.</summary>
    public Replica? Self { get; set; }

    public MetadataApi Metadata { get; }

    /// <summary>The app's workflows; null without an actor state store.</summary>
    public WorkflowGate? Workflows { get; set; }

    public string AppId => Options.AppId;

    /// <summary><c>default</c> where none was given.</summary>
    public string Namespace => Options.NamespaceOrDefault;

    public bool Tracing => Configuration.Tracing;

    /// <summary>Exports this sidecar's spans; null where tracing is off or nowhere to go to.</summary>
    public SpanExporter? Spans { get; init; }

    /// <summary>The store of actors, reminders and workflows; null when no component says <c>actorStateStore</c>.</summary>
    public IStateStore? ActorStateStore => Components.ActorStore?.Store;

    /// <summary>What <c>/v1.0/healthz</c> reports.</summary>
    public HealthState Health { get; } = new();

    /// <summary>Set when the sidecar is told to stop; long-lived calls should end.</summary>
    public CancellationToken Stopping => stopping.Token;

    /// <summary>Asks the owner of this sidecar to stop it (<c>POST /v1.0/shutdown</c>); returns at once.</summary>
    public Action RequestShutdown { get; set; } = static () => { };

    private readonly CancellationTokenSource stopping = new();

    public void SignalStopping() => stopping.Cancel();

    public void Dispose() => stopping.Dispose();
}

/// <summary>What is ready. Fields are written once or by one task, and read by probes.</summary>
internal sealed class HealthState
{
    /// <summary>Components and API ports are up.</summary>
    public volatile bool OutboundReady;

    /// <summary>The app's port was open; nothing is known of the app before.</summary>
    public volatile bool AppReached;

    /// <summary>The app was reached and its subscriptions and actors are in place.</summary>
    public volatile bool Ready;

    /// <summary>What is still missing, for the error text.</summary>
    public volatile string Missing = "runtime";
}
