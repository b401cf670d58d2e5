using ConcertDapr.Wire.Workflows;
using Kind = ConcertDapr.Wire.Workflows.HistoryEvent.EventTypeOneofCase;

namespace ConcertDapr.Sidecar.Workflows;

/// <content>Going on after a restart.</content>
public sealed partial class WorkflowEngine
{
    // Most instances of a store have ended long ago: asking one after the other would keep the others waiting.
    private const int TakenUpAtOnce = 256;

    /// <summary>Begins to recover in the background, again and again while the store does not answer.</summary>
    public void Start() => _ = InBackground("*", () => RecoverAsync(_stop.Token));

    /// <summary>
    /// Takes up every unfinished instance of the store. Calls may come in meanwhile: whatever instance they name is
    /// taken up then.
    /// </summary>
    public async Task RecoverAsync(CancellationToken cancellationToken = default)
    {
        var ids = new List<string>();
        await foreach (var id in _store.ListAsync())
            ids.Add(id);
        foreach (var some in ids.Chunk(TakenUpAtOnce))
            await Task.WhenAll(some.Select(id => TakeUpAsync(id, cancellationToken)));
    }

    private async Task TakeUpAsync(string id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            if (await IsUnfinishedAsync(id))
                await InsideAsync(id, _ => Task.CompletedTask, cancellationToken);
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            LogUnreadable(e, id); // One damaged instance must not keep the others from going on.
        }
    }

    /// <summary>
    /// The store came back without what it had confirmed last. One change found that out; other instances may be in
    /// memory as they are not stored, so all of them are forgotten and taken up again.
    /// </summary>
    private void ReadAgain() => _ = InBackground("*", async () =>
    {
        foreach (var (id, instance) in _instances)
        {
            await instance.Gate.WaitAsync(_stop.Token);
            Evict(instance);
            instance.Gate.Release();
            _changes.Announce(id);
        }
        await RecoverAsync(_stop.Token);
    });

    private static bool IsUnreadable(Exception e) => e is InvalidDataException or Google.Protobuf.InvalidProtocolBufferException;

    private async Task<bool> IsUnfinishedAsync(string id)
    {
        if (_options.Retention != new WorkflowRetention())
            return true; // Its end may have to be cleared away.
        return await _store.LastEventAsync(id, _stop.Token) is not { EventTypeCase: Kind.ExecutionCompleted };
    }

    /// <summary>Sets in motion again whatever an unfinished instance was about when its rows were read.</summary>
    private void Resume(Instance instance)
    {
        var state = instance.State!;
        foreach (var open in state.Activities.Values.Concat(state.Timers.Values).Concat(state.Children.Values).ToList())
            Undertake(instance, open);
        if (state.Parent is { } parent)
            _ = InBackground(instance.Id, () => FollowParentAsync(instance.Id, parent));
        QueueOrSchedule(instance);
    }

    /// <summary>A start for later waits for its time, unless something else came in: any event starts it at once.</summary>
    private void QueueOrSchedule(Instance instance)
    {
        var (id, state) = (instance.Id, instance.State!);
        if (state is { IsPending: true, Inbox: [{ ExecutionStarted.ScheduledStartTimestamp: { } start }] })
            _due.At(EventClock.ToMoment(start), () => InBackground(id, () => InsideAsync(id, due =>
            {
                if (due.State?.ExecutionId == state.ExecutionId)
                    QueueTurn(due);
                return Task.CompletedTask;
            })));
        else
            QueueTurn(instance);
    }

    /// <summary>
    /// A parent that was terminated with its children may not have reached this one: the process ended before.
    /// </summary>
    private async Task FollowParentAsync(string id, ParentInstanceInfo parent)
    {
        var execution = parent.WorkflowInstance.ExecutionId ?? "";
        var termination = await InsideAsync(parent.WorkflowInstance.InstanceId, p => Task.FromResult(
            p.State is { Completed.ExecutionCompleted.WorkflowStatus: OrchestrationStatus.Terminated } state && state.ExecutionId == execution
                ? RecursiveTermination(state) : null));
        if (termination is not null)
            await TerminateChildAsync(id, parent.WorkflowInstance.InstanceId, execution, parent.TaskScheduledId, termination.Input);
    }
}
