using ConcertDapr.Sidecar.Invocation;
using ConcertDapr.Sidecar.Leases;
using ConcertDapr.Sidecar.State;
using ConcertDapr.Wire;
using ConcertDapr.Wire.Workflows;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.Workflows;

/// <summary>
/// The workflows of an app, whichever of its replicas keeps them. One replica at a time has the engine, by a lease; its writes
/// carry the lease's fence. The others pass calls, work items and answers on to it, so that the workers of all replicas share
/// the work. When the replica with the engine dies, another one takes the lease and goes on from the stored histories.
/// A sidecar takes part from its first workflow call or worker on.
/// </summary>
internal sealed class WorkflowGate : IAsyncDisposable
{
    private const string Service = "/TaskHubSidecarService/";
    private const string MovedText = "the workflows of this app are on their way to another replica";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly HashSet<string> Repeatable =
        ["GetInstance", "WaitForInstanceStart", "WaitForInstanceCompletion", "ListInstanceIDs", "GetInstanceHistory"];

    private readonly WorkflowOptions options;
    private readonly IStateStore store;
    private readonly TimeProvider clock;
    private readonly ILoggerFactory loggers;
    private readonly string? apiToken;
    private readonly Lock gate = new();
    private readonly Lock settling = new();
    private readonly TaskCompletionSource<Replica> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lazy<Task> started;
    private TaskCompletionSource moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LeaseTable? leases;
    private volatile Place place = Place.Nowhere;
    private volatile bool stopping;
    private int workers;

    /// <param name="apiToken">What the app's sidecars ask of their callers; the replicas of one app have the same.</param>
    public WorkflowGate(WorkflowOptions options, IStateStore store, TimeProvider clock, ILoggerFactory loggers, string? apiToken)
    {
        (this.options, this.store, this.clock, this.loggers, this.apiToken) = (options, store, clock, loggers, apiToken);
        started = new(ShareAsync);
        if (store is not ISharedStore) place = new Place.Here(NewEngine(store), null);
    }

    /// <summary>Worker streams of this replica's own app.</summary>
    public int ConnectedWorkers => Volatile.Read(ref workers);

    /// <summary>Dapr's names for the actors that workflows are made of; none while no worker is connected.</summary>
    public IReadOnlyList<string> ActorTypes => ConnectedWorkers == 0 ? [] : WorkflowEngine.ActorTypesOf(options);

    /// <summary>The engine while it is here, for whoever moves the clock; else null.</summary>
    public WorkflowEngine? Engine => (place as Place.Here)?.Engine;

    /// <summary>The sidecar can be reached by its replicas.</summary>
    public void Open(Replica self) => opened.TrySetResult(self);

    /// <summary>Carries a call out where the engine is.</summary>
    /// <param name="method">Of the TaskHub service.</param>
    /// <param name="forwarded">Another replica passed it on.</param>
    /// <exception cref="RpcException">As the engine says; Unavailable: the engine moved while the call was under way.</exception>
    public async Task<T> CallAsync<T>(string method, IMessage request, Func<WorkflowEngine, CancellationToken, Task<T>> here,
        bool forwarded, CancellationToken cancellationToken) where T : class, IMessage<T>, new()
    {
        while (true)
        {
            var (now, change) = await WhereAsync();
            try
            {
                switch (now)
                {
                    case Place.Here(var engine, null): return await here(engine, cancellationToken);
                    case Place.Here(var engine, { } lease): return await UnderLeaseAsync(engine, lease, here, cancellationToken);
                    case var _ when forwarded: throw Moved();
                    case Place.There there:
                        return await there.Client.UnaryAsync(Service + method, request, Parser<T>.Instance, null, cancellationToken);
                }
                await change.WaitAsync(cancellationToken);
            }
            catch (RpcException e) when (!forwarded && !stopping && (NothingDone(e) || (Repeatable.Contains(method) && e.StatusCode == StatusCode.Unavailable)))
            {
                await PauseAsync(change, cancellationToken);
            }
        }
    }

    /// <summary>Serves one worker until it goes or the sidecar stops, wherever the engine is and goes to.</summary>
    /// <exception cref="RpcException">Cancelled: the sidecar stops.</exception>
    public async Task ServeWorkerAsync(GetWorkItemsRequest request, Func<WorkItem, Task> write, bool forwarded, CancellationToken cancellationToken)
    {
        if (!forwarded) Interlocked.Increment(ref workers);
        try
        {
            while (true)
            {
                var (now, change) = await WhereAsync();
                if (forwarded && now is not Place.Here) throw Moved();
                try
                {
                    if (now is Place.Here(var engine, var lease)) await ServeHereAsync(engine, lease, request, write, cancellationToken);
                    else if (now is Place.There there) await ServeThereAsync(there, request, write, cancellationToken);
                    else await change.WaitAsync(cancellationToken);
                }
                catch (RpcException) when (!forwarded && !stopping && !cancellationToken.IsCancellationRequested)
                {
                    // The replica with the engine is gone; the worker stays, and serves the next one.
                }
                await PauseAsync(change, cancellationToken);
            }
        }
        finally
        {
            if (!forwarded) Interlocked.Decrement(ref workers);
        }
    }

    /// <summary>The empty answer of what has no other, once it is done.</summary>
    public static async Task<TResponse> Done<TResponse>(Task done) where TResponse : new()
    {
        await done;
        return new TResponse();
    }

    /// <summary>Ends all streams; another replica goes on.</summary>
    public async ValueTask DisposeAsync()
    {
        stopping = true;
        await EndAsync(place);
        if (started.IsValueCreated && opened.Task.IsCompleted) await started.Value;
        if (leases is { } table) await table.DisposeAsync();
        Move(Place.Nowhere);
    }

    private async Task ShareAsync()
    {
        if (store is not ISharedStore shared) return;
        var table = new LeaseTable(shared, $"{options.AppId}||replicas||{options.Namespace}||workflow", 1, await opened.Task,
            loggers.CreateLogger<WorkflowEngine>());
        leases = table;
        table.Changed = Settle;
        await table.StartAsync();
    }

    private async Task<(Place Now, Task Change)> WhereAsync()
    {
        if (!started.Value.IsCompletedSuccessfully) await started.Value;
        if (stopping) throw GrpcFraming.Error(StatusCode.Cancelled, "shutting down");
        lock (gate) return (place, moved.Task);
    }

    /// <summary>Makes the place what the leases say; one at a time, so that no lease ever has two engines.</summary>
    private void Settle()
    {
        lock (settling)
        {
            if (stopping) return;
            var (lease, holder) = (leases!.Held(0), leases.HolderOf(0));
            if (lease is not null)
            {
                if ((place as Place.Here)?.Lease != lease)
                    Move(new Place.Here(NewEngine(new FencedStore((ISharedStore)store, lease.Fence)), lease));
            }
            else if (holder is null || leases.IsSelf(holder)) Move(Place.Nowhere);
            else if ((place as Place.There)?.Replica != holder) Move(new Place.There(holder, ClientOf(holder)));
        }
    }

    private void Move(Place next)
    {
        Place last;
        lock (gate)
        {
            (last, place) = (place, next);
            moved.TrySetResult();
            moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        _ = EndAsync(last);
    }

    private static async Task EndAsync(Place last)
    {
        if (last is Place.Here here) await here.Engine.DisposeAsync();
        else if (last is Place.There there) there.Client.Dispose();
    }

    private WorkflowEngine NewEngine(IStateStore fenced)
    {
        var engine = new WorkflowEngine(options, fenced, clock, loggers.CreateLogger<WorkflowEngine>());
        engine.Start();
        return engine;
    }

    private GrpcClient ClientOf(Replica replica)
    {
        var metadata = new Dictionary<string, string> { [PeerClient.ForwardedHeader] = "1" };
        if (!string.IsNullOrEmpty(apiToken)) metadata["dapr-api-token"] = apiToken;
        return new(new(new Uri($"http://127.0.0.1:{replica.GrpcPort}")) { Metadata = metadata, MaxReceiveMessageSize = null });
    }

    private static async Task<T> UnderLeaseAsync<T>(WorkflowEngine engine, Lease lease, Func<WorkflowEngine, CancellationToken, Task<T>> here,
        CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost);
        try
        {
            return await here(engine, either.Token);
        }
        catch (OperationCanceledException e) when (lease.Lost.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "the engine has moved to another replica", e));
        }
    }

    private static async Task ServeHereAsync(
        WorkflowEngine engine, Lease? lease, GetWorkItemsRequest request, Func<WorkItem, Task> write, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease?.Lost ?? default);
        try
        {
            await engine.ServeWorkerAsync(write, either.Token, request.WithCompletionTokens);
        }
        catch (OperationCanceledException) when (lease?.Lost.IsCancellationRequested == true && !cancellationToken.IsCancellationRequested)
        {
            // The engine is elsewhere now.
        }
    }

    private static async Task ServeThereAsync(Place.There there, GetWorkItemsRequest request, Func<WorkItem, Task> write, CancellationToken cancellationToken)
    {
        await foreach (var item in there.Client.StreamAsync(Service + "GetWorkItems", request, WorkItem.Parser).WithCancellation(cancellationToken))
            await write(item);
    }

    private static async Task PauseAsync(Task change, CancellationToken cancellationToken)
    {
        await Task.WhenAny(change, Task.Delay(Pause, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static RpcException Moved() => GrpcFraming.Error(StatusCode.Unavailable, MovedText);

    /// <summary>Whether the other replica cannot have carried the call out: it was never reached, or said so.</summary>
    private static bool NothingDone(RpcException e) => e.StatusCode == StatusCode.Unavailable
        && (e.Status.Detail == MovedText || e.Status.DebugException is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError });

    /// <summary>Where the engine is.</summary>
    private abstract record Place
    {
        public static readonly Place Nowhere = new Unknown();

        /// <summary>In this sidecar; the lease is null where no store is shared.</summary>
        public sealed record Here(WorkflowEngine Engine, Lease? Lease) : Place;

        /// <summary>At another replica.</summary>
        public sealed record There(Replica Replica, GrpcClient Client) : Place;

        private sealed record Unknown : Place;
    }

    private static class Parser<T> where T : class, IMessage<T>, new()
    {
        public static readonly MessageParser<T> Instance = new(static () => new T());
    }
}
