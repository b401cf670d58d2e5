using ConcertDapr.Wire.Workflows;
using Kind = ConcertDapr.Wire.Workflows.HistoryEvent.EventTypeOneofCase;

namespace ConcertDapr.Sidecar.Workflows;

/// <content>What follows a turn: storing it, and the activities, timers and children that it asked for.</content>
public sealed partial class WorkflowEngine
{
    // A workflow that continues as new again and again gets this many turns at once, then a pause.
    private const int ContinuationsAtOnce = 20;

    private async Task AdvanceAsync(Instance instance, int taken, TurnOutcome.Advanced turn, string? customStatus)
    {
        var (id, state) = (instance.Id, instance.State!);
        var before = (state.HasRun, state.IsSuspended);
        await StoreAsync(instance, _store.Advance(id, state, turn.WorkflowStarted, taken, turn.Actions, customStatus));
        state.Advance(turn.WorkflowStarted, taken, turn.Actions, customStatus);
        (instance.Phase, instance.Out, instance.Continuations) = (TurnPhase.Idle, null, 0);
        foreach (var action in turn.Actions)
            Undertake(instance, action);
        if (state.IsTerminal)
        {
            RecordWorkflow(state);
            Finish(instance);
            _ = InBackground(id, () => SettleAsync(id, state));
        }
        QueueTurn(instance);
        if (state.IsTerminal || (state.HasRun, state.IsSuspended) != before)
            _changes.Announce(id);
    }

    private async Task RestartAsync(Instance instance, int taken, TurnOutcome.Restarted turn, string? customStatus)
    {
        var (id, state) = (instance.Id, instance.State!);
        // Ends of the old execution's activities, timers and children mean nothing to the new one.
        List<HistoryEvent> inbox = [.. turn.Inbox, .. state.Inbox.Skip(taken).Where(e => !IsEndOfStep(e))];
        await StoreAsync(instance, _store.Restart(id, state, inbox, customStatus));
        instance.State = InstanceState.FromRows([], inbox, state.Generation + 1, customStatus);
        instance.Forget();
        if (++instance.Continuations % ContinuationsAtOnce == 0)
            _due.At(_time.GetUtcNow() + s_retryPause, () => InBackground(id, () => InsideAsync(id, paused =>
            {
                QueueTurn(paused);
                return Task.CompletedTask;
            })));
        else
            QueueTurn(instance);
        _changes.Announce(id);
    }

    private static bool IsEndOfStep(HistoryEvent e) => e.EventTypeCase is Kind.TaskCompleted or Kind.TaskFailed or Kind.TimerFired
        or Kind.ChildWorkflowInstanceCompleted or Kind.ChildWorkflowInstanceFailed;

    private async Task StallAsync(Instance instance, HistoryEvent stalled)
    {
        LogStalled(instance.Id, stalled.ExecutionStalled.Description);
        await StoreAsync(instance, _store.Stall(instance.Id, instance.State!, stalled));
        instance.State!.Stall(stalled);
        (instance.Phase, instance.Out) = (TurnPhase.Parked, null);
        _changes.Announce(instance.Id);
    }

    /// <summary>Sets in motion what the history says is open.</summary>
    private void Undertake(Instance instance, HistoryEvent open)
    {
        switch (open.EventTypeCase)
        {
            case Kind.TaskScheduled: instance.Tickets.Add(new Ticket.Activity(instance.Id, open, instance.State!.IsTerminal)); break;
            case Kind.TimerCreated: SetTimer(instance, open); break;
            case Kind.ChildWorkflowInstanceCreated when !instance.State!.IsTerminal: BeginChild(instance, open); break;
        }
    }

    /// <summary>Sets the children of an execution's last turn in motion; completes when all that it ever asked for have begun.</summary>
    private Task BeginChildren(Instance instance, TurnOutcome end)
    {
        foreach (var created in (end as TurnOutcome.Advanced)?.Actions.Where(e => e.EventTypeCase == Kind.ChildWorkflowInstanceCreated) ?? [])
            if (!instance.Beginnings.ContainsKey(KeyOf(created)))
                BeginChild(instance, created);
        return Task.WhenAll(instance.Beginnings.Values);
    }

    private void BeginChild(Instance instance, HistoryEvent created)
    {
        var started = instance.State!.Started!.ExecutionStarted;
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        instance.Beginnings[KeyOf(created)] = begun.Task;
        _ = InBackground(instance.Id, () => RunChildAsync(instance.Id, started, created, begun));
    }

    private static (int, string) KeyOf(HistoryEvent created) => (created.EventId, created.ChildWorkflowInstanceCreated.InstanceId);

    private void SetTimer(Instance instance, HistoryEvent timer)
    {
        var (id, executionId) = (instance.Id, instance.State!.ExecutionId);
        _due.At(EventClock.ToMoment(timer.TimerCreated.FireAt), () =>
        {
            if (IsRunning(id, executionId))
                _ = InBackground(id, () => FireAsync(id, executionId, timer));
        }, () => IsRunning(id, executionId));
    }

    /// <summary>Whether an execution goes on here; what is unfinished is in memory.</summary>
    private bool IsRunning(string id, string executionId) =>
        _instances.TryGetValue(id, out var instance) && instance.State is { IsTerminal: false } state && state.ExecutionId == executionId;

    private Task FireAsync(string id, string executionId, HistoryEvent timer) => InsideAsync(id, instance =>
    {
        // Alarms ring at whole milliseconds, a little before their time: to the workflow the time has come all the same.
        _clock.Pass(EventClock.ToMoment(timer.TimerCreated.FireAt));
        var fired = NewEvent(e => e.TimerFired = new() { FireAt = timer.TimerCreated.FireAt, TimerId = timer.EventId });
        if (instance.State is { IsTerminal: false } state && state.ExecutionId == executionId && state.Awaits(fired))
            Arrive(instance, fired);
        return Task.CompletedTask;
    });

    /// <summary>Makes sure that the child runs, or, when it has ended already, that its parent learns of it.</summary>
    private async Task RunChildAsync(string parentId, ExecutionStartedEvent parent, HistoryEvent created, TaskCompletionSource begun)
    {
        var child = created.ChildWorkflowInstanceCreated;
        var parentExecution = parent.WorkflowInstance.ExecutionId ?? "";
        HistoryEvent? end;
        try
        {
            end = await InsideAsync(child.InstanceId, instance => Task.FromResult(BeginUnlessThere(instance)));
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            begun.TrySetResult(); // It never will; its parent may still end.
            throw;
        }
        begun.TrySetResult();
        if (end is not null)
            await TellAsync(parentId, parentExecution, end);

        HistoryEvent? BeginUnlessThere(Instance instance)
        {
            if (instance.State is { } state && state.IsChildOf(parentId, parentExecution, created.EventId))
                return state.IsTerminal ? EndOfChild(state, created.EventId) : null;
            if (instance.State is { IsTerminal: false })
                return NewEvent(e => e.ChildWorkflowInstanceFailed = new()
                {
                    TaskScheduledId = created.EventId,
                    FailureDetails = new() { ErrorType = "WorkflowInstanceAlreadyExists", ErrorMessage = ActiveText(child.InstanceId) },
                });
            Begin(instance, NewStarted(child.InstanceId, e =>
            {
                (e.Name, e.Input, e.ParentTraceContext) = (child.Name, child.Input, child.ParentTraceContext);
                e.ParentInstance = new()
                {
                    TaskScheduledId = created.EventId,
                    Name = parent.Name,
                    WorkflowInstance = new() { InstanceId = parentId, ExecutionId = parentExecution },
                    AppId = _options.AppId,
                };
            }));
            return null;
        }
    }

    /// <summary>
    /// What follows an end: the parent learns of it, and a termination with children reaches them. Should the process end before, the
    /// parent asks and the children look when they are taken up again; so it is done before the instance goes for good, too.
    /// </summary>
    private async Task SettleAsync(string id, InstanceState ended)
    {
        if (ended.Parent is { WorkflowInstance: { } parent } info)
            await TellAsync(parent.InstanceId, parent.ExecutionId ?? "", EndOfChild(ended, info.TaskScheduledId));
        if (RecursiveTermination(ended) is { } termination)
            foreach (var child in ended.Children.Values)
                await TerminateChildAsync(child.ChildWorkflowInstanceCreated.InstanceId, id, ended.ExecutionId, child.EventId, termination.Input);
    }

    private Task TellAsync(string parentId, string parentExecution, HistoryEvent end) => InsideAsync(parentId, parent =>
    {
        if (parent.State is { IsTerminal: false } state && state.ExecutionId == parentExecution && state.Awaits(end))
            Arrive(parent, end);
        return Task.CompletedTask;
    });

    private HistoryEvent EndOfChild(InstanceState child, int taskId) => NewEvent(e =>
    {
        var completed = child.Completed!.ExecutionCompleted;
        e.Router = new() { SourceAppId = _options.AppId, TargetAppId = _options.AppId };
        if (completed.WorkflowStatus == OrchestrationStatus.Completed)
            e.ChildWorkflowInstanceCompleted = new() { TaskScheduledId = taskId, Result = completed.Result };
        else
            e.ChildWorkflowInstanceFailed = new() { TaskScheduledId = taskId, FailureDetails = completed.FailureDetails };
    });

    private Task TerminateChildAsync(string childId, string parentId, string parentExecution, int taskId, string? input) =>
        InsideAsync(childId, child =>
        {
            if (child.State is { IsTerminal: false } state && state.IsChildOf(parentId, parentExecution, taskId) && !IsTerminating(state))
                Arrive(child, NewEvent(e => e.ExecutionTerminated = new() { Input = input, Recurse = true }));
            return Task.CompletedTask;
        });

    private static bool IsTerminating(InstanceState state) => state.Inbox.Any(e => e.EventTypeCase == Kind.ExecutionTerminated);

    private static ExecutionTerminatedEvent? RecursiveTermination(InstanceState state) => state.History
        .LastOrDefault(e => e.EventTypeCase == Kind.ExecutionTerminated && e.ExecutionTerminated.Recurse)?.ExecutionTerminated;

    /// <summary>The instance has ended: it is purged when its retention is over, and leaves memory soon.</summary>
    private void Finish(Instance instance)
    {
        instance.Phase = TurnPhase.Idle;
        _finished.Enqueue(instance);
        if (_finished.Count > FinishedKept && _finished.TryDequeue(out var oldest))
            _ = InBackground(oldest.Id, () => LeaveMemoryAsync(oldest));
        var completed = instance.State!.Completed!;
        if (RetentionOf(completed.ExecutionCompleted.WorkflowStatus) is { } kept)
            _due.At(EventClock.ToMoment(completed.Timestamp) + kept, () => InBackground(instance.Id, () => PurgeEndedAsync(instance.Id, completed)));
    }

    private async Task LeaveMemoryAsync(Instance instance)
    {
        await instance.Gate.WaitAsync(_stop.Token);
        try
        {
            if (!instance.IsEvicted && instance.State is null or { IsTerminal: true })
                Evict(instance);
        }
        finally
        {
            instance.Gate.Release();
        }
    }

    private TimeSpan? RetentionOf(OrchestrationStatus status) => status switch
    {
        OrchestrationStatus.Completed => _options.Retention.Completed,
        OrchestrationStatus.Failed => _options.Retention.Failed,
        OrchestrationStatus.Terminated => _options.Retention.Terminated,
        _ => null,
    } ?? _options.Retention.AnyTerminal;

    private async Task PurgeEndedAsync(string id, HistoryEvent completed)
    {
        await SettleAsync(id);
        await InsideAsync(id, async instance =>
        {
            if (instance.State?.Completed?.Timestamp.Equals(completed.Timestamp) == true)
                await RemoveAsync(instance);
        });
    }

    private async Task SettleAsync(string id)
    {
        if (await InsideAsync(id, instance => Task.FromResult(instance.State)) is { IsTerminal: true } ended)
            await SettleAsync(id, ended);
    }
}
