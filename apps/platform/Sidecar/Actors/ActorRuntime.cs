using ConcertDapr.Sidecar.Invocation;
using ConcertDapr.Sidecar.Resilience;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.Actors;

/// <summary>Actors of one sidecar: calls to wherever an actor lives, and the hosting of the app's own types.</summary>
internal sealed class ActorRuntime : IAsyncDisposable
{
    private static readonly TimeSpan LookupPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ScanInterval = TimeSpan.FromMilliseconds(500);
    private const int LookupAttempts = 6;

    private readonly SidecarRuntime runtime;
    private readonly ILogger log;
    private readonly Lazy<ActorDirectory> directory;
    private readonly Lazy<PeerClient> peers = new(() => new PeerClient());
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly CancellationTokenSource stop = new();
    private ActorConfiguration configuration = new(new Dictionary<string, ActorTypeSettings>());
    private Dictionary<string, string> membership = new(StringComparer.Ordinal);
    private Task scanning = Task.CompletedTask;
    private volatile bool hosting;

    public ActorRuntime(SidecarRuntime runtime)
    {
        this.runtime = runtime;
        log = runtime.Loggers.CreateLogger("dapr.runtime.actor");
        directory = new(() => new ActorDirectory(runtime.Registry, runtime.Namespace));
        Table = new ActorTable(runtime, log);
        Timers = new ActorTimers(this, runtime.Clock, runtime.Agenda, log);
        State = new ActorState(runtime, Table);
        Reminders = runtime.ActorStateStore is { } store
            ? new ActorReminders(this, store, runtime.AppId, runtime.Namespace, runtime.Clock, runtime.Agenda, log)
            : null;
    }

    public ActorTable Table { get; }

    public ActorTimers Timers { get; }

    public ActorState State { get; }

    /// <summary>Null without an actor state store.</summary>
    public ActorReminders? Reminders { get; }

    /// <summary>Types of the app; empty when actors are off.</summary>
    public IReadOnlyList<string> HostedTypes => [.. configuration.Types.Keys];

    public IReadOnlyList<(string Type, int Count)> ActiveActors =>
        hosting ? [.. configuration.Types.Keys.Select(type => (type, Table.Count(type)))] : [];

    /// <summary>As in the metadata: DISABLED, INITIALIZING or RUNNING, and whether actors can be called here.</summary>
    public (string Text, bool Ready) Status => Reminders is null || !runtime.App.HasApp ? ("DISABLED", false)
        : runtime.Health.Ready && runtime.App.IsHealthy() ? ("RUNNING", true) : ("INITIALIZING", false);

    public bool Hosts(string type) => configuration.Types.ContainsKey(type);

    public bool IsMine(ActorKey actor) => directory.Value.IsMine(actor);

    /// <summary>Takes the app's settings; without an actor state store nothing is hosted.</summary>
    public void Configure(ActorConfiguration read)
    {
        if (read.Types.Count == 0) return;
        if (Reminders is null) log.NoActorStore();
        else configuration = read;
    }

    /// <summary>Begins (or begins again) to host the app's types.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (HostedTypes.Count == 0) return;
        await turn.WaitAsync(cancellationToken);
        try
        {
            if (hosting) return;
            hosting = true;
            runtime.Announce(HostedTypes);
            log.HostingActors(string.Join(' ', HostedTypes));
            membership = ReadMembership();
            await Reminders!.LoadAsync(HostedTypes, cancellationToken);
            if (scanning.IsCompleted) scanning = Task.Run(ScanAsync, CancellationToken.None);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Stops hosting while the app is unhealthy; reminders wait in the store.</summary>
    public void Suspend()
    {
        if (!hosting) return;
        hosting = false;
        runtime.Announce([]);
        Reminders?.StopAll();
    }

    /// <summary>Calls an actor wherever it lives.</summary>
    /// <exception cref="ActorCallException">It lives nowhere, or its app did not answer 200.</exception>
    public async Task<ActorReply> CallAsync(ActorCall call, CancellationToken cancellationToken)
    {
        if (runtime.Resiliency.ForActor(call.Actor.Type, call.Actor.Id) is not { } policy || call.IsTick)
            return await FindAndCallAsync(call, cancellationToken);
        ActorReply? withError = null;
        try
        {
            return await policy.RunAsync(async token =>
            {
                var reply = await FindAndCallAsync(call, token);
                withError = reply.HasErrorHeader ? reply : null;
                return withError is null ? reply : throw new StatusFailure(null, "the actor's method threw");
            }, cancellationToken, e => e is ActorCallException { IsFinal: true });
        }
        catch (StatusFailure e) when (e is not ActorCallException && withError is not null)
        {
            return withError;
        }
    }

    /// <summary>Calls an actor that lives here.</summary>
    public Task<ActorReply> CallHereAsync(ActorCall call, CancellationToken cancellationToken) =>
        configuration.Types.TryGetValue(call.Actor.Type, out var settings)
            ? Table.CallAsync(call, settings, cancellationToken)
            : throw new ActorCallException($"actor type {call.Actor.Type} is not hosted here");

    /// <summary>A timer's or reminder's call.</summary>
    public Task TickAsync(ActorKey actor, string path, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        CallAsync(new ActorCall(actor, path, "", body, "application/json", [], IsTick: true), cancellationToken);

    /// <summary>The sidecar that hosts an actor, when it is another one of this process.</summary>
    public SidecarRuntime? NeighbourOf(ActorKey actor) =>
        directory.Value.Find(actor) is { } host && !directory.Value.IsOwn(host) ? directory.Value.InProcess(host) : null;

    /// <summary>The sidecar that hosts an actor, when it is one of another process.</summary>
    public RegistryEntry? PeerOf(ActorKey actor) =>
        directory.Value.Find(actor) is { } host && !directory.Value.IsOwn(host) && directory.Value.InProcess(host) is null ? host : null;

    public PeerClient Peers => peers.Value;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await scanning;
        Timers.StopAll();
        Reminders?.StopAll();
        var wasHosting = hosting;
        hosting = false;
        if (wasHosting) runtime.Announce([]);
        await Table.DeactivateAsync([.. Table.Active]);
        if (peers.IsValueCreated) peers.Value.Dispose();
        turn.Dispose();
        stop.Dispose();
    }

    private async Task<ActorReply> FindAndCallAsync(ActorCall call, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (directory.Value.Find(call.Actor) is { } host) return await CallAtAsync(host, call, cancellationToken);
            }
            catch (PeerGoneException e) when (attempt == LookupAttempts)
            {
                throw new ActorCallException(e.Message, inner: e);
            }
            catch (PeerGoneException)
            {
                // The host was killed; the next look-up knows it or finds another one.
            }
            if (attempt == LookupAttempts)
                throw new ActorCallException($"failed to lookup actor: api error: code = FailedPrecondition desc = did not find address for actor '{call.Actor}'");
            await Task.Delay(LookupPause, cancellationToken);
        }
    }

    private async Task<ActorReply> CallAtAsync(RegistryEntry host, ActorCall call, CancellationToken cancellationToken)
    {
        if (directory.Value.IsOwn(host)) return await CallHereAsync(call, cancellationToken);
        var remote = call with { Remote = true };
        if (directory.Value.InProcess(host) is { } neighbour) return await neighbour.Actors.CallHereAsync(remote, cancellationToken);
        return await ActorPeerCalls.CallAsync(peers.Value, runtime.Registry, host, remote, cancellationToken);
    }

    private async Task ScanAsync()
    {
        using var timer = new PeriodicTimer(ScanInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token))
            {
                if (!hosting) continue;
                await FollowMembershipAsync();
                await Table.DeactivateIdleAsync();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The sidecar stops.
        }
    }

    /// <summary>When a host came or went: actors that now live elsewhere are deactivated, reminders that now live here run.</summary>
    private async Task FollowMembershipAsync()
    {
        var now = ReadMembership();
        if (now.All(pair => membership.GetValueOrDefault(pair.Key) == pair.Value)) return;
        membership = now;
        await Table.DeactivateAsync([.. Table.Active.Where(actor => !IsMine(actor))]);
        try
        {
            await Reminders!.LoadAsync(HostedTypes, stop.Token);
        }
        catch (Redis.RedisConnectionException e)
        {
            log.BackgroundFailed(e, "loading reminders");
            membership = new Dictionary<string, string>(StringComparer.Ordinal);
        }
    }

    private Dictionary<string, string> ReadMembership() =>
        HostedTypes.ToDictionary(type => type, directory.Value.Membership, StringComparer.Ordinal);
}
