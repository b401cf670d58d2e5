using System.Diagnostics;
using ConcertDapr.Sidecar.Invocation;
using ConcertDapr.Sidecar.Leases;
using ConcertDapr.Sidecar.Resilience;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.Actors;

/// <summary>Actors of one sidecar: calls to wherever an actor lives, and the hosting of the app's own types.</summary>
internal sealed class ActorRuntime : IAsyncDisposable
{
    private static readonly TimeSpan LookupPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LookupPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ScanInterval = TimeSpan.FromMilliseconds(500);

    private readonly SidecarRuntime runtime;
    private readonly ILogger log;
    private readonly Lazy<ActorDirectory> directory;
    private readonly Lazy<PeerClient> peers = new(() => new PeerClient());
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly CancellationTokenSource stop = new();
    private ActorConfiguration configuration = new(new Dictionary<string, ActorTypeSettings>());
    private Dictionary<string, string> membership = new(StringComparer.Ordinal);
    private Task scanning = Task.CompletedTask;
    private volatile LeaseTable? leases;
    private volatile bool hosting;

    public ActorRuntime(SidecarRuntime runtime)
    {
        this.runtime = runtime;
        log = runtime.Loggers.CreateLogger("dapr.runtime.actor");
        directory = new(() => new ActorDirectory(runtime.Registry, runtime.AppId, runtime.Namespace, () => leases));
        Table = new ActorTable(runtime, LeaseOf, log);
        Timers = new ActorTimers(this, runtime.Clock, runtime.Agenda, log);
        State = new ActorState(runtime, Table, FenceOf);
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

    /// <summary>
    /// As in the metadata: DISABLED, INITIALIZING or RUNNING, and whether actors can be called here. They are off until they
    /// are needed: by an app that may host some, or by a call of one.
    /// </summary>
    public (string Text, bool Ready) Status => !directory.IsValueCreated && (Reminders is null || !runtime.Health.AppReached) ? ("DISABLED", false)
        : !runtime.App.HasApp || (runtime.Health.Ready && runtime.App.IsHealthy()) ? ("RUNNING", true) : ("INITIALIZING", false);

    /// <summary>Where the scheduler of reminders and jobs answers: in this sidecar. Null while actors are off.</summary>
    public string? SchedulerAddress => Status.Text != "DISABLED" && runtime.Self is { } self ? $"127.0.0.1:{self.InternalPort}" : null;

    public bool Hosts(string type) => configuration.Types.ContainsKey(type);

    /// <summary>How many of the <see cref="ActorDirectory.Shards"/> parts live here; 0 where replicas share no store.</summary>
    public int HeldShards => leases?.HeldCount ?? 0;

    /// <summary>Whether the actor lives here now.</summary>
    public bool IsMine(ActorKey actor) => leases is { } table
        ? table.Held(ActorDirectory.ShardOf(actor), forNewWork: false) is not null
        : directory.Value.Find(actor) is { } host && directory.Value.IsOwn(host);

    /// <summary>What proves, along with a write for an actor, that it lives here; null where replicas share no store.</summary>
    /// <exception cref="ActorMovedException">It does not.</exception>
    public Fence? FenceOf(ActorKey actor) => leases is not { } table ? null
        : table.Held(ActorDirectory.ShardOf(actor), forNewWork: false)?.Fence ?? throw new ActorMovedException(actor);

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
            await ShareAsync();
            membership = ReadMembership();
            await LoadRemindersAsync(cancellationToken);
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

    /// <summary>Calls an actor that lives here, or, once, passes the call on to the replica that has it.</summary>
    /// <exception cref="ActorMovedException">It lives elsewhere; the caller asks again.</exception>
    public Task<ActorReply> CallHereAsync(ActorCall call, CancellationToken cancellationToken)
    {
        if (!configuration.Types.TryGetValue(call.Actor.Type, out var settings))
            throw new ActorCallException($"actor type {call.Actor.Type} is not hosted here");
        if (leases is null || IsMine(call.Actor)) return Table.CallAsync(call, settings, cancellationToken);
        return !call.Forwarded && directory.Value.Find(call.Actor) is { } host && !directory.Value.IsOwn(host)
            ? CallAtAsync(host, call with { Forwarded = true }, cancellationToken)
            : throw new ActorMovedException(call.Actor);
    }

    /// <summary>A timer's or reminder's call.</summary>
    public Task TickAsync(ActorKey actor, string path, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        CallAsync(new ActorCall(actor, path, "", body, "application/json", [], IsTick: true), cancellationToken);

    /// <summary>Stores and schedules a reminder where its actor lives. False when it exists and may not be replaced.</summary>
    /// <exception cref="FormatException">A time, period or ttl cannot be used.</exception>
    public Task<bool> CreateReminderAsync(ScheduleRequest request, CancellationToken cancellationToken) => AtHostAsync(request.Actor,
        host => RemindersOf(host) is { } here ? here.CreateAsync(request, cancellationToken)
            : ActorPeerCalls.CreateReminderAsync(peers.Value, runtime.Registry, host, request, cancellationToken), cancellationToken);

    /// <summary>Deletes a reminder where its actor lives.</summary>
    public Task DeleteReminderAsync(ActorKey actor, string name, CancellationToken cancellationToken) => AtHostAsync(actor, async host =>
    {
        if (RemindersOf(host) is { } here) await here.DeleteAsync(actor, name, cancellationToken);
        else await ActorPeerCalls.DeleteReminderAsync(peers.Value, runtime.Registry, host, actor, name, cancellationToken);
        return true;
    }, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await scanning;
        Timers.StopAll();
        Reminders?.StopAll();
        var wasHosting = hosting;
        hosting = false;
        if (wasHosting) runtime.Announce([]);
        if (leases is { } table) await table.DisposeAsync();
        await Table.DeactivateAsync([.. Table.Active]);
        if (peers.IsValueCreated) peers.Value.Dispose();
        turn.Dispose();
        stop.Dispose();
    }

    private Task<ActorReply> FindAndCallAsync(ActorCall call, CancellationToken cancellationToken) =>
        AtHostAsync(call.Actor, host => CallAtAsync(host, call, cancellationToken), cancellationToken);

    /// <summary>Finds an actor's host and asks it; for a while again, as long as nobody hosts the actor or it is on the move.</summary>
    private async Task<T> AtHostAsync<T>(ActorKey actor, Func<RegistryEntry, Task<T>> ask, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                if (directory.Value.Find(actor) is { } host) return await ask(host);
            }
            catch (PeerGoneException e) when (e.MayHaveArrived || Stopwatch.GetElapsedTime(began) >= LookupPatience)
            {
                // What may have been done must not be done again without the caller's knowledge.
                throw new ActorCallException(e.Message, inner: e);
            }
            catch (Exception e) when (e is PeerGoneException or ActorMovedException or FencedException && Stopwatch.GetElapsedTime(began) < LookupPatience)
            {
                // The host was killed or has given the actor up; the next look-up knows it or finds another one.
            }
            if (Stopwatch.GetElapsedTime(began) >= LookupPatience && !IsSuspended(actor.Type))
                throw new ActorCallException($"failed to lookup actor: api error: code = FailedPrecondition desc = did not find address for actor '{actor}'");
            await Task.Delay(LookupPause, cancellationToken);
        }
    }

    /// <summary>The app is unhealthy: calls of its actors wait until it is healthy again, or their callers lose patience.</summary>
    private bool IsSuspended(string type) => !hosting && Hosts(type) && !stop.IsCancellationRequested;

    /// <summary>The reminders of a host in this process; null when it lives in another one.</summary>
    private ActorReminders? RemindersOf(RegistryEntry host) =>
        directory.Value.IsOwn(host) ? Reminders : directory.Value.InProcess(host)?.Actors.Reminders;

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
        await LoadRemindersAsync(stop.Token);
    }

    /// <summary>A store that does not answer is asked again by the next scan.</summary>
    private async Task LoadRemindersAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Reminders!.LoadAsync(HostedTypes, cancellationToken);
        }
        catch (Exception e) when (e is Redis.RedisConnectionException or Redis.RedisServerException)
        {
            log.BackgroundFailed(e, "loading reminders");
            membership = new Dictionary<string, string>(StringComparer.Ordinal);
        }
    }

    private Dictionary<string, string> ReadMembership() =>
        HostedTypes.ToDictionary(type => type, type => $"{directory.Value.Membership(type)} {leases?.Version}", StringComparer.Ordinal);

    /// <summary>Begins to share the app's actors with its other replicas, where the store can do that.</summary>
    private async Task ShareAsync()
    {
        if (leases is not null || runtime.ActorStateStore is not ISharedStore store) return;
        var table = new LeaseTable(store, $"{runtime.AppId}||replicas||{runtime.Namespace}||actor", ActorDirectory.Shards, runtime.Self!, log)
        {
            Wants = CanHostAsync,
            Drain = DrainAsync,
        };
        await table.StartAsync();
        leases = table;
    }

    /// <summary>While the app does not answer, other replicas (if there are any) take its actors.</summary>
    private async Task<bool> CanHostAsync(CancellationToken cancellationToken) =>
        hosting && (leases is not { HasOthers: true } || await runtime.App.AcceptsAsync(cancellationToken));

    /// <summary>Deactivates the actors of these shards; those with an actor that is still in a turn then stay.</summary>
    private async Task<IReadOnlyList<int>> DrainAsync(IReadOnlyList<int> shards)
    {
        var leaving = shards.ToHashSet();
        await Table.DeactivateAsync([.. Table.Active.Where(actor => leaving.Contains(ActorDirectory.ShardOf(actor)))], onlyIdle: true);
        leaving.ExceptWith(Table.Active.Select(ActorDirectory.ShardOf));
        return [.. leaving];
    }

    private Lease? LeaseOf(ActorKey actor) => leases is not { } table ? null
        : table.Held(ActorDirectory.ShardOf(actor)) ?? throw new ActorMovedException(actor);
}
