using System.Collections.Concurrent;
using ConcertDapr.Sidecar.State;
using ConcertDapr.Wire.Workflows;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.Workflows;

/// <summary>
/// The workflow engine: hands work items to connected workers and keeps the histories. A change counts once the store
/// has it, and only then is it acknowledged; activities, timers and children that are under way follow from the stored
/// history and inbox, so a new engine over the same store goes on where the old one was killed. Activities run at least
/// once. Errors are <see cref="Grpc.Core.RpcException"/> with daprd's codes and texts.
/// </summary>
public sealed partial class WorkflowEngine : IAsyncDisposable
{
    // Finished instances stay in memory just long enough for those who wait for their end.
    private const int FinishedKept = 64;
    private static readonly TimeSpan s_retryPause = TimeSpan.FromSeconds(1);

    private readonly WorkflowOptions _options;
    private readonly WorkflowStore _store;
    private readonly TimeProvider _time;
    private readonly EventClock _clock;
    private readonly DueTimes _due;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, Instance> _instances = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<Instance> _finished = new();
    private readonly Changes _changes = new();
    private readonly WorkItemQueue _queue = new();

    /// <summary>An engine over the actor state store; call <see cref="RecoverAsync"/> once when workers may connect.</summary>
    public WorkflowEngine(WorkflowOptions options, IStateStore store, TimeProvider time, ILogger<WorkflowEngine> logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        _store = new WorkflowStore(store, options);
        _clock = new EventClock(time);
        _due = new DueTimes(time);
    }

    /// <summary>Worker streams that are open.</summary>
    public int ConnectedWorkers => _queue.Workers;

    /// <summary>Dapr's names for the actors that workflows are made of.</summary>
    public static IReadOnlyList<string> ActorTypesOf(WorkflowOptions options) =>
        [ActorType(options, "activity"), ActorType(options, "retentioner"), ActorType(options, "workflow")];

    /// <summary>Ends all streams and waits; nothing is lost, a later engine goes on.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _due.Dispose();
    }

    /// <summary>
    /// Runs <paramref name="action"/> as the only one on this instance, with its state loaded. Others come in as soon as it has ended,
    /// but its result is told only when everything that it rests on is stored (unless that is not asked for).
    /// </summary>
    private Task<T> InsideAsync<T>(string id, Func<Instance, Task<T>> action, CancellationToken cancellationToken = default) =>
        InsideAsync(id, action, untilStored: true, cancellationToken);

    private async Task<T> InsideAsync<T>(string id, Func<Instance, Task<T>> action, bool untilStored, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var instance = _instances.GetOrAdd(id, static key => new Instance(key));
            try
            {
                if (await TryInsideAsync(instance, action, cancellationToken) is not { } result)
                    continue;
                if (untilStored)
                    await result.Stored;
                return result.Value;
            }
            catch (UnexpectedStateException e)
            {
                LogUnexpected(e, id);
                Evict(instance);
                ReadAgain();
            }
        }
    }

    /// <summary>Null when the instance is no longer the one of its id.</summary>
    private async Task<(T Value, Task Stored)?> TryInsideAsync<T>(Instance instance, Func<Instance, Task<T>> action, CancellationToken cancellationToken)
    {
        await instance.Gate.WaitAsync(cancellationToken);
        try
        {
            if (instance.IsEvicted)
                return null;
            if (!instance.IsLoaded)
                await LoadAsync(instance);
            return (await action(instance), instance.Stored);
        }
        finally
        {
            if (!instance.IsEvicted && instance.State is null)
                Evict(instance);
            Ticket[] tickets = [.. instance.Tickets];
            instance.Tickets.Clear();
            instance.Gate.Release();
            foreach (var ticket in tickets)
                _queue.Add(ticket);
        }
    }

    private async Task InsideAsync(string id, Func<Instance, Task> action, CancellationToken cancellationToken = default) =>
        await InsideAsync<object?>(id, async instance =>
        {
            await action(instance);
            return null;
        }, cancellationToken);

    private string ActorType(string kind) => ActorType(_options, kind);

    private static string ActorType(WorkflowOptions options, string kind) => $"dapr.internal.{options.Namespace}.{options.AppId}.{kind}";

    private async Task LoadAsync(Instance instance)
    {
        (instance.State, instance.Metadata) = await _store.LoadAsync(instance.Id, _stop.Token);
        instance.IsLoaded = true;
        if (instance.State is { IsTerminal: false })
            Resume(instance);
        else if (instance.State is not null)
            Finish(instance);
    }

    private void Evict(Instance instance)
    {
        instance.IsEvicted = true;
        _instances.TryRemove(KeyValuePair.Create(instance.Id, instance));
    }

    /// <summary>
    /// Stores, however long it takes: a state store that is down must not make memory and store differ. The caller's
    /// acknowledgement waits, its time limit does not end the attempt. A change whose answer got lost is not done twice.
    /// </summary>
    /// <exception cref="UnexpectedStateException">The store has gone back behind what it had confirmed.</exception>
    private Task StoreAsync(Instance instance, IReadOnlyList<StateOperation> change) =>
        instance.Stored = StoreAfterAsync(instance.Stored, instance, change);

    private async Task StoreAfterAsync(Task last, Instance instance, IReadOnlyList<StateOperation> change)
    {
        await last;
        for (var isRepeated = false; ; isRepeated = true)
        {
            try
            {
                instance.Metadata = await _store.WriteAsync(instance.Id, instance.Metadata, change, isRepeated, _stop.Token);
                return;
            }
            catch (Exception e) when (e is not UnexpectedStateException && !_stop.IsCancellationRequested)
            {
                LogStoreFailed(e, instance.Id);
                await Task.Delay(s_retryPause, _stop.Token);
            }
        }
    }

    /// <summary>
    /// An event comes in. The turn that it is due for does not wait until the event is stored, for a turn has no effects: what it
    /// asks for is stored after the event and set in motion after that.
    /// </summary>
    private void Arrive(Instance instance, HistoryEvent e)
    {
        _ = StoreAsync(instance, _store.Arrival(instance.Id, instance.State!, e));
        instance.State!.Arrive(e, instance.Phase == TurnPhase.Out);
        QueueTurn(instance);
    }

    private void QueueTurn(Instance instance)
    {
        if (instance is not { Phase: TurnPhase.Idle, State: { IsTerminal: false, Inbox.Count: > 0 } })
            return;
        instance.Phase = TurnPhase.Queued;
        Interlocked.Increment(ref _version);
        instance.Tickets.Add(new Ticket.Workflow(instance.Id));
    }

    /// <summary>Work that follows a stored change and is not part of the caller's answer; repeated until it succeeds.</summary>
    private Task InBackground(string id, Func<Task> work)
    {
        Interlocked.Increment(ref _background);
        Interlocked.Increment(ref _version);
        return Task.Run(async () =>
        {
            try
            {
                await RepeatAsync(id, work);
            }
            finally
            {
                Interlocked.Decrement(ref _background);
            }
        });
    }

    private async Task RepeatAsync(string id, Func<Task> work)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await work();
                return;
            }
            catch (Exception e) when (!_stop.IsCancellationRequested)
            {
                LogRetry(e, id);
                await Task.Delay(s_retryPause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return; // The engine stops; the next one finds the work in the history.
            }
        }
    }

    private HistoryEvent NewEvent(Action<HistoryEvent> fill, bool routed = false)
    {
        var e = new HistoryEvent { EventId = -1, Timestamp = _clock.Next() };
        if (routed)
            e.Router = new() { SourceAppId = _options.AppId };
        fill(e);
        return e;
    }

    [LoggerMessage(EventId = 5001, Level = LogLevel.Warning, Message = "Storing a step of workflow {Id} failed; trying again")]
    private partial void LogStoreFailed(Exception exception, string id);

    [LoggerMessage(EventId = 5006, Level = LogLevel.Error, Message = "Workflow {Id} is not stored as it was left; all workflows are read again")]
    private partial void LogUnexpected(Exception exception, string id);

    [LoggerMessage(EventId = 5002, Level = LogLevel.Warning, Message = "A follow-up of workflow {Id} failed; trying again")]
    private partial void LogRetry(Exception exception, string id);

    [LoggerMessage(EventId = 5003, Level = LogLevel.Error, Message = "Workflow {Id} cannot be loaded and is left alone")]
    private partial void LogUnreadable(Exception exception, string id);

    [LoggerMessage(EventId = 5004, Level = LogLevel.Warning, Message = "Workflow {Id} waits: no worker is connected")]
    private partial void LogNoWorker(string id);

    [LoggerMessage(EventId = 5005, Level = LogLevel.Warning, Message = "Workflow {Id} stalled: {Reason}")]
    private partial void LogStalled(string id, string reason);
}
