using ConcertDapr.Wire.Workflows;
using Google.Protobuf.WellKnownTypes;

namespace Dapr.Workflow.Worker;

internal sealed partial class ReplayContext
{
    private readonly Dictionary<string, int> _executions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _children = new(StringComparer.Ordinal);
    private readonly Dictionary<int, int> _childAliases = [];

    public override async Task<T> CallActivityAsync<T>(
        string name, object? input = null, WorkflowTaskOptions? options = null)
    {
        if (options?.RetryPolicy is not { } policy)
            return await ActivityAsync<T>(name, input, options);

        var execution = ExecutionId(_pending.NextId, name);
        return await RetryAsync(policy, () => ActivityAsync<T>(name, input, options), delay => TimerAsync(
            After(delay),
            timer => timer.ActivityRetry = new TimerOriginActivityRetry { TaskExecutionId = execution }));
    }

    public override async Task<TResult> CallChildWorkflowAsync<TResult>(
        string workflowName, object? input = null, ChildWorkflowTaskOptions? options = null)
    {
        if (options?.RetryPolicy is not { } policy)
            return await ChildAsync<TResult>(workflowName, input, options);

        // The id taken here only labels the pauses; every attempt without a given id takes a new one.
        var first = options.InstanceId ?? NewGuid().ToString();
        return await RetryAsync(policy, () => ChildAsync<TResult>(workflowName, input, options), delay => TimerAsync(
            After(delay),
            timer => timer.ChildWorkflowRetry = new TimerOriginChildWorkflowRetry { InstanceId = first }));
    }

    public override Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken) => TimerAsync(
        Timestamp.FromDateTime(fireAt), timer => timer.CreateTimer = new TimerOriginCreateTimer(), cancellationToken);

    public override async Task<T> WaitForExternalEventAsync<T>(
        string eventName, CancellationToken cancellationToken = default) =>
        Read<T>((await _events.WaitAsync(eventName, cancellationToken)).EventRaised.Input);

    /// <summary>A timer races the event; a negative timeout makes a timer that never fires, a zero one does not wait.</summary>
    public override async Task<T> WaitForExternalEventAsync<T>(string eventName, TimeSpan timeout)
    {
        if (timeout == TimeSpan.Zero)
            throw new TaskCanceledException($"WaitForExternalEvent '{eventName}' timed out immediately (zero timeout).");

        using var timerEnd = new CancellationTokenSource();
        using var eventEnd = new CancellationTokenSource();
        var timer = TimerAsync(
            timeout < TimeSpan.Zero ? PendingActions.Never : After(timeout),
            t => t.ExternalEvent = new TimerOriginExternalEvent { Name = eventName },
            timerEnd.Token);
        var raised = WaitForExternalEventAsync<T>(eventName, eventEnd.Token);
        var first = await Task.WhenAny(timer, raised);
#pragma warning disable CA1849 // Cancelling elsewhere would let the code go on outside the turn.
        (first == raised ? timerEnd : eventEnd).Cancel();
#pragma warning restore CA1849
        return await raised;
    }

    public override void SendEvent(string instanceId, string eventName, object payload)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(instanceId);
        ArgumentException.ThrowIfNullOrWhiteSpace(eventName);
        _pending.Add(new WorkflowAction
        {
            Id = _pending.TakeId(),
            SendEvent = new SendEventAction
            {
                Instance = new WorkflowInstance { InstanceId = instanceId },
                Name = eventName,
                Data = _serializer.Serialize(payload),
            },
        });
    }

    private async Task<T> ActivityAsync<T>(string name, object? input, WorkflowTaskOptions? options)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var id = _pending.TakeId();
        var execution = ExecutionId(id, name);
        if (_early.TryTake(id, execution) is { } known)
            return Result<T>(name, known);

        var router = RouteTo(options?.TargetAppId);
        var action = new ScheduleTaskAction
        {
            Name = name,
            Input = _serializer.Serialize(input),
            Router = router,
            TaskExecutionId = execution,
        };
        if (options is { PropagationScope: not HistoryPropagationScope.None })
            action.HistoryPropagationScope = (ConcertDapr.Wire.Workflows.HistoryPropagationScope)options.PropagationScope;
        _pending.Add(new WorkflowAction { Id = id, ScheduleTask = action, Router = router });
        _executions[execution] = id;
        return Result<T>(name, await _pending.Wait(id).Task);
    }

    private async Task<T> ChildAsync<T>(string name, object? input, ChildWorkflowTaskOptions? options)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var child = options?.InstanceId ?? NewGuid().ToString();
        var id = _pending.TakeId();
        var router = RouteTo(options?.TargetAppId);
        var action = new CreateChildWorkflowAction
        {
            Name = name,
            InstanceId = child,
            Input = _serializer.Serialize(input),
            Router = router,
        };
        if (options is { PropagationScope: not HistoryPropagationScope.None })
            action.HistoryPropagationScope = (ConcertDapr.Wire.Workflows.HistoryPropagationScope)options.PropagationScope;
        _pending.Add(new WorkflowAction { Id = id, CreateChildWorkflow = action, Router = router });
        _children[child] = id;
        return Result<T>(name, _early.TryTake(id) ?? await _pending.Wait(id).Task);
    }

    private async Task TimerAsync(
        Timestamp fireAt, Action<CreateTimerAction> origin, CancellationToken cancellationToken = default)
    {
        var id = _pending.TakeId();
        var action = new CreateTimerAction { FireAt = fireAt };
        origin(action);
        _pending.Add(new WorkflowAction { Id = id, CreateTimer = action });
        if (_early.TryTake(id) is not null)
            return;

        var fired = _pending.Wait(id);
        using var registration = cancellationToken.Register(() =>
        {
            if (fired.TrySetCanceled())
                _pending.StopWaiting(id, fired);
        });
        await fired.Task;
    }

    /// <summary>Tries again after failures of the task; the pauses are timers, so they too are part of history.</summary>
    private async Task<T> RetryAsync<T>(WorkflowRetryPolicy policy, Func<Task<T>> call, Func<TimeSpan, Task> pause)
    {
        var end = policy.RetryTimeout == Timeout.InfiniteTimeSpan || policy.RetryTimeout == TimeSpan.MaxValue
            ? DateTime.MaxValue
            : _now.Add(policy.RetryTimeout);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call();
            }
            catch (WorkflowTaskFailedException) when (attempt < policy.MaxNumberOfAttempts && _now < end)
            {
                // The failure is in history; the next attempt, or the last one's failure, speaks for the call.
            }

            await pause(policy.DelayAfter(attempt));
        }
    }

    private Timestamp After(TimeSpan delay) => Timestamp.FromDateTime(_now.Add(delay));

    private string ExecutionId(int id, string name) =>
        DeterministicGuid.Create(_guidNamespace, $"{InstanceId}|activity|{id}|{name}").ToString("N");

    private void ConfirmChild(HistoryEvent created)
    {
        if (!_children.Remove(created.ChildWorkflowInstanceCreated.InstanceId, out var id))
            id = created.EventId;
        else if (id != created.EventId)
            _childAliases[created.EventId] = id;
        _pending.Confirm(id, created);
    }

    private void Complete((int Id, string ExecutionId) outcome, HistoryEvent e)
    {
        if (_pending.TryComplete(outcome.Id, e))
            return;
        if (_executions.TryGetValue(outcome.ExecutionId, out var id) && _pending.TryComplete(id, e))
            return;
        if (_childAliases.TryGetValue(outcome.Id, out id) && _pending.TryComplete(id, e))
            return;
        _early.Keep(outcome.Id, outcome.ExecutionId, e);
    }

    private T Result<T>(string name, HistoryEvent outcome) => outcome.EventTypeCase switch
    {
        HistoryEvent.EventTypeOneofCase.TaskCompleted => Read<T>(outcome.TaskCompleted.Result),
        HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceCompleted =>
            Read<T>(outcome.ChildWorkflowInstanceCompleted.Result),
        HistoryEvent.EventTypeOneofCase.TaskFailed => throw Failure(
            details => $"Task failed: {details.ErrorMessage}", outcome.TaskFailed.FailureDetails, "Unknown error"),
        HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceFailed => throw Failure(
            _ => $"Child workflow '{name}' failed", outcome.ChildWorkflowInstanceFailed.FailureDetails, "Unknown message"),
        _ => throw new InvalidOperationException($"'{name}' cannot end with the event {outcome.EventTypeCase}."),
    };

    private static WorkflowTaskFailedException Failure(
        Func<WorkflowTaskFailureDetails, string> message, TaskFailureDetails? failure, string unknown)
    {
        var details = new WorkflowTaskFailureDetails(
            failure?.ErrorType ?? "Exception", failure?.ErrorMessage ?? unknown, failure?.StackTrace ?? "");
        return new WorkflowTaskFailedException(message(details), details);
    }
}
