using ConcertDapr.Wire;
using ConcertDapr.Wire.Workflows;
using Grpc.Core;

namespace ConcertDapr.Sidecar.Workflows;

/// <content>The workers' side: handing items out and taking answers in.</content>
public sealed partial class WorkflowEngine
{
    /// <summary>
    /// Serves one worker until it goes or the engine stops. What it has not answered by then is handed to another.
    /// <paramref name="withTokens"/>: items say by <see cref="CompletionToken"/> which they are; daprd's do not.
    /// </summary>
    /// <exception cref="RpcException">Cancelled: the engine stops.</exception>
    public async Task ServeWorkerAsync(Func<WorkItem, Task> write, CancellationToken cancellationToken, bool withTokens = false)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        var worker = _queue.Enter(withTokens);
        try
        {
            OfferParked();
            while (true)
            {
                var ticket = await _queue.NextAsync(end.Token);
                worker.Held.TryAdd(ticket, 0);
                if (await TakeAsync(ticket, worker) is { } item)
                    await write(item);
                else
                    worker.Held.TryRemove(ticket, out _);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            throw GrpcFraming.Error(StatusCode.Cancelled, "shutting down");
        }
        finally
        {
            _queue.Leave(worker);
            await Task.WhenAll(worker.Held.Keys.Select(ticket => InBackground(ticket.InstanceId, () => HandBackAsync(ticket, worker))));
        }
    }

    /// <summary>
    /// A worker's answer to a workflow item; it returns when the turn is stored. Answers nobody asked for are dropped. An execution
    /// ends only when the children that it asked for have begun: after its end nobody would make up for them.
    /// </summary>
    public async Task CompleteWorkflowAsync(WorkflowResponse answer)
    {
        while (await TryCompleteAsync(answer) is { } beginnings)
            await beginnings.WaitAsync(_stop.Token);
    }

    /// <summary>Null when it is done; else nothing is, and what comes first is under way.</summary>
    private Task<Task?> TryCompleteAsync(WorkflowResponse answer) => InsideAsync<Task?>(answer.InstanceId, async instance =>
    {
        if (instance is not { Phase: TurnPhase.Out, Out: { } turn, State: { } state }
            || CompletionToken.IsOfAnother(answer.CompletionToken, turn.WorkflowStarted))
            return null;
        var outcome = new Turn(instance.Id, state, turn.WorkflowStarted, turn.Taken, _clock, _options.AppId).Judge(answer);
        if (outcome.IsEnd && BeginChildren(instance, outcome) is { IsCompleted: false } beginnings)
            return beginnings;
        turn.Worker.Held.TryRemove(turn.Ticket, out _);
        switch (outcome)
        {
            case TurnOutcome.Advanced advanced: await AdvanceAsync(instance, turn.Taken, advanced, answer.CustomStatus); break;
            case TurnOutcome.Restarted restarted: await RestartAsync(instance, turn.Taken, restarted, answer.CustomStatus); break;
            case TurnOutcome.Stalled stalled: await StallAsync(instance, stalled.Event); break;
        }
        return null;
    });

    /// <summary>A worker's answer to an activity item; it returns when the result is stored. Answers nobody asked for are dropped.</summary>
    public Task CompleteActivityAsync(ActivityResponse answer) => InsideAsync(answer.InstanceId, instance =>
    {
        if (!instance.Dispatched.TryGetValue(answer.TaskId, out var dispatched)
            || CompletionToken.IsOfAnother(answer.CompletionToken, dispatched.Ticket.Scheduled))
            return Task.CompletedTask;
        instance.Dispatched.Remove(answer.TaskId);
        dispatched.Worker.Held.TryRemove(dispatched.Ticket, out _);
        RecordActivity(dispatched, answer.FailureDetails is not null);
        var e = NewEvent(e => Answer(e, answer, dispatched.Ticket.Scheduled.TaskScheduled.TaskExecutionId), routed: true);
        if (instance.State is { IsTerminal: false } state && state.Awaits(e))
            Arrive(instance, e);
        return Task.CompletedTask;
    });

    private static void Answer(HistoryEvent e, ActivityResponse answer, string taskExecutionId)
    {
        if (answer.FailureDetails is { } failure)
            e.TaskFailed = new() { TaskScheduledId = answer.TaskId, FailureDetails = failure, TaskExecutionId = taskExecutionId };
        else
            e.TaskCompleted = new() { TaskScheduledId = answer.TaskId, Result = answer.Result, TaskExecutionId = taskExecutionId };
    }

    private Task<WorkItem?> TakeAsync(Ticket ticket, WorkerStream worker) => InsideAsync(ticket.InstanceId, instance => ticket switch
    {
        Ticket.Workflow workflow => TakeTurnAsync(instance, workflow, worker),
        Ticket.Activity activity => Task.FromResult(TakeActivity(instance, activity, worker)),
        _ => throw new ArgumentOutOfRangeException(nameof(ticket)),
    }, untilStored: false);

    private async Task<WorkItem?> TakeTurnAsync(Instance instance, Ticket.Workflow ticket, WorkerStream worker)
    {
        if (instance is not { Phase: TurnPhase.Queued, State: { } state })
            return null;
        // The first turn after continue-as-new is the only one whose start names the app.
        var started = NewEvent(e => e.WorkflowStarted = new(), routed: state is { HasRun: false, Generation: > 1 });
        var request = new WorkflowRequest { InstanceId = instance.Id };
        request.PastEvents.AddRange(state.History);
        request.NewEvents.Add(started);
        request.NewEvents.AddRange(state.Inbox);
        var item = new WorkItem { WorkflowRequest = request, CompletionToken = worker.TokenOf(started) };
        if (item.CalculateSize() is var size && size > _options.MaxMessageSize * 0.95)
        {
            await StallAsync(instance, NewEvent(e => e.ExecutionStalled = new()
            {
                Reason = StalledReason.PayloadSizeExceeded,
                Description = $"Workflow payload size {size} bytes exceeds 95% of max gRPC body size {_options.MaxMessageSize} bytes; "
                    + "increase daprd --max-body-size and restart to resume",
            }));
            return null;
        }
        instance.Phase = TurnPhase.Out;
        instance.Out = new TurnOut(worker, ticket, started, state.Inbox.Count);
        return item;
    }

    private WorkItem? TakeActivity(Instance instance, Ticket.Activity ticket, WorkerStream worker)
    {
        var scheduled = ticket.Scheduled;
        var isOpen = instance.State is { } state && state.Activities.TryGetValue(scheduled.EventId, out var open)
            && open.Timestamp.Equals(scheduled.Timestamp);
        if (!isOpen || (instance.State!.IsTerminal && !ticket.EvenWhenEnded) || instance.Dispatched.ContainsKey(scheduled.EventId))
            return null;
        var task = scheduled.TaskScheduled;
        var trace = Trace.Child(task.ParentTraceContext);
        instance.Dispatched[scheduled.EventId] = new(worker, ticket, trace, _time.GetUtcNow());
        return new WorkItem
        {
            CompletionToken = worker.TokenOf(scheduled),
            ActivityRequest = new()
            {
                Name = task.Name,
                Version = task.Version,
                Input = task.Input,
                WorkflowInstance = new() { InstanceId = instance.Id },
                TaskId = scheduled.EventId,
                TaskExecutionId = task.TaskExecutionId,
                ParentTraceContext = trace,
            },
        };
    }

    /// <summary>The worker is gone without an answer: the item waits for the next one. Answers to the old copy are dropped.</summary>
    private Task HandBackAsync(Ticket ticket, WorkerStream worker) => InsideAsync(ticket.InstanceId, instance =>
    {
        switch (ticket)
        {
            case Ticket.Workflow when instance.Phase == TurnPhase.Queued:
                instance.Tickets.Add(ticket);
                break;
            case Ticket.Workflow when instance.Out?.Worker == worker:
                (instance.Phase, instance.Out) = (TurnPhase.Queued, null);
                instance.Tickets.Add(ticket);
                break;
            case Ticket.Activity activity:
                if (instance.Dispatched.TryGetValue(activity.Scheduled.EventId, out var dispatched) && dispatched.Worker == worker)
                    instance.Dispatched.Remove(activity.Scheduled.EventId);
                instance.Tickets.Add(ticket);
                break;
        }
        return Task.CompletedTask;
    });

    private void OfferParked()
    {
        foreach (var (id, instance) in _instances)
            if (instance.Phase == TurnPhase.Parked)
                _ = InBackground(id, () => InsideAsync(id, parked =>
                {
                    if (parked.Phase == TurnPhase.Parked)
                        parked.Phase = TurnPhase.Idle;
                    QueueTurn(parked);
                    return Task.CompletedTask;
                }));
    }
}
