using ConcertDapr.Sidecar.Locks;
using ConcertDapr.Sidecar.PubSub;
using ConcertDapr.Sidecar.Redis;
using ConcertDapr.Sidecar.Resilience;
using ConcertDapr.Sidecar.State;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.Components;

/// <summary>The components of one sidecar, connected and ready.</summary>
internal sealed class LoadedComponents : IAsyncDisposable
{
    private static readonly string[] KnownTypes =
    [
        "state.redis", "state.in-memory", "pubsub.redis", "pubsub.in-memory", "lock.redis", "lock.in-memory",
        "bindings.http", "secretstores.local.env", "secretstores.local.file",
    ];

    private readonly SidecarOptions options;
    private readonly ResiliencySpecs resiliency;
    private readonly TimeProvider clock;
    private readonly ILogger log;
    private readonly MemoryComponents memory;
    private readonly Stack<IAsyncDisposable> owned = new();

    private LoadedComponents(SidecarOptions options, ResiliencySpecs resiliency, TimeProvider clock, ILogger log) =>
        (this.options, this.resiliency, this.clock, this.log, memory) = (options, resiliency, clock, log, options.Memory ?? new());

    public Dictionary<string, StateComponent> State { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, PubSubComponent> PubSub { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, LockComponent> Locks { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, BindingComponent> Bindings { get; } = new(StringComparer.Ordinal);

    /// <summary>All components in the order of their files, for the metadata.</summary>
    public List<ComponentSpec> Specs { get; } = [];

    public StateComponent? ActorStore => State.Values.FirstOrDefault(component => component.IsActorStore);

    /// <exception cref="SidecarStartException">A component cannot be used; the message names it, its file and the reason.</exception>
    public static async Task<LoadedComponents> LoadAsync(IReadOnlyList<Manifest> manifests, SidecarOptions options,
        ResiliencySpecs resiliency, TimeProvider clock, ILogger log, CancellationToken cancellationToken)
    {
        var loaded = new LoadedComponents(options, resiliency, clock, log);
        try
        {
            foreach (var spec in ReadSpecs(manifests, options)) await loaded.AddAsync(spec, cancellationToken);
            loaded.CheckActorStore();
            return loaded;
        }
        catch
        {
            await loaded.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        while (owned.TryPop(out var component)) await component.DisposeAsync();
    }

    private static List<ComponentSpec> ReadSpecs(IReadOnlyList<Manifest> manifests, SidecarOptions options)
    {
        var secrets = new SecretStores();
        var specs = new List<ComponentSpec>();
        var mine = manifests.Where(manifest => manifest.Kind == "Component" && manifest.Name.Length > 0
            && manifest.IsFor(options.AppId, options.Namespace));
        // Secret stores come first: the others may refer to them.
        foreach (var manifest in mine.OrderBy(one => SecretStores.Handles(one.Root.Text("spec", "type") ?? "") ? 0 : 1))
        {
            var spec = ComponentSpec.Read(manifest, options, secrets.Find);
            if (specs.Find(other => other.Name == spec.Name) is { } twin)
                throw new SidecarStartException($"duplicate definition of Component name {spec.Label} with existing {twin.Label}");
            if (SecretStores.Handles(spec.Type)) secrets.Add(spec);
            specs.Add(spec);
        }
        return specs;
    }

    private async Task AddAsync(ComponentSpec spec, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(spec.InitTimeout);
        try
        {
            await CreateAsync(spec, timeout.Token);
            Specs.Add(spec);
            log.ComponentLoaded(spec.Label);
        }
        catch (Exception e) when (e is SidecarStartException or RedisConnectionException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var reason = e is OperationCanceledException ? $"not initialised within {spec.InitTimeout.TotalSeconds:0.#} s" : e.Message;
            if (!spec.IgnoreErrors) throw new SidecarStartException($"process component {spec.Label}: initialization error: {reason}", e);
            log.ComponentIgnored(spec.Label, reason);
        }
    }

    private async Task CreateAsync(ComponentSpec spec, CancellationToken cancellationToken)
    {
        if (!KnownTypes.Contains(spec.Type) || spec.Version is not ("v1" or ""))
            throw new SidecarStartException(
                $"unknown component type {spec.Type}/{spec.Version}; this runtime knows, each as v1: {string.Join(", ", KnownTypes)}");
        switch (spec.Type)
        {
            case "state.redis":
                AddState(spec, new RedisStateStore(await ConnectAsync(spec, cancellationToken), spec.Integer("ttlInSeconds")), JsonStyle.Redis);
                break;
            case "state.in-memory":
                AddState(spec, memory.State(spec.Name, clock), JsonStyle.Memory);
                break;
            case "pubsub.redis":
                var settings = RedisStreamSettings.Read(spec, options.AppId);
                var bus = new RedisPubSub(await ConnectAsync(spec, cancellationToken), settings, log);
                owned.Push(bus);
                AddPubSub(spec, bus);
                break;
            case "pubsub.in-memory":
                AddPubSub(spec, new MemoryPubSub(memory.Bus(spec.Name), options.AppId, log));
                break;
            case "lock.redis":
                AddLock(spec, new RedisLockStore(await ConnectAsync(spec, cancellationToken)));
                break;
            case "lock.in-memory":
                AddLock(spec, memory.Locks(spec.Name, clock));
                break;
            case "bindings.http":
                Bindings[spec.Name] = BindingComponent.Create(spec, resiliency.ForComponent(spec.Name, "Binding", "Outbound"));
                owned.Push(Bindings[spec.Name]);
                break;
        }
    }

    private async Task<RedisClient> ConnectAsync(ComponentSpec spec, CancellationToken cancellationToken)
    {
        var settings = RedisSettings.Read(spec);
        var client = new RedisClient(settings);
        owned.Push(client);
        while (true)
        {
            try
            {
                await client.ConnectAsync(cancellationToken);
                return client;
            }
            catch (RedisConnectionException e)
            {
                // A server that starts together with its sidecars gets until initTimeout.
                await PauseOrThrowAsync(e, cancellationToken);
            }
            catch (OperationCanceledException e)
            {
                throw new RedisConnectionException($"redis: not connected to {settings.EndPoint} within {spec.InitTimeout.TotalSeconds:0.#} s", e);
            }
        }
    }

    private static async Task PauseOrThrowAsync(RedisConnectionException failure, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(250), cancellationToken);
        }
        catch (OperationCanceledException)
        {
            throw failure;
        }
    }

    private void AddState(ComponentSpec spec, IStateStore store, JsonStyle json) => State[spec.Name] = new StateComponent(
        spec, store, KeyPrefix.ForState(spec, options), json, resiliency.ForComponent(spec.Name, "Statestore", "Outbound"));

    private void AddPubSub(ComponentSpec spec, IPubSub bus) => PubSub[spec.Name] = new PubSubComponent(
        spec, bus, new TopicAccess(spec, options.AppId),
        resiliency.ForComponent(spec.Name, "Pubsub", "Outbound"), resiliency.ForComponent(spec.Name, "Pubsub", "Inbound"));

    private void AddLock(ComponentSpec spec, ILockStore store) =>
        Locks[spec.Name] = new LockComponent(spec, store, KeyPrefix.ForLock(spec, options));

    private void CheckActorStore()
    {
        var stores = State.Values.Where(component => component.IsActorStore).ToArray();
        if (stores.Length > 1)
            throw new SidecarStartException($"detected duplicate actor state store: {stores[0].Spec.Label} and {stores[1].Spec.Label}");
    }
}
