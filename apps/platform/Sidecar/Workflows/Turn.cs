using ConcertDapr.Wire.Workflows;
using Step = ConcertDapr.Wire.Workflows.WorkflowAction.WorkflowActionTypeOneofCase;
using Kind = ConcertDapr.Wire.Workflows.HistoryEvent.EventTypeOneofCase;

namespace ConcertDapr.Sidecar.Workflows;

/// <summary>What a worker's answer to a workflow item amounts to.</summary>
internal abstract record TurnOutcome
{
    /// <summary>Whether the execution is over with it.</summary>
    public bool IsEnd => this is Restarted || (this is Advanced advanced && advanced.Actions.Any(e => e.EventTypeCase == Kind.ExecutionCompleted));

    /// <summary>The history grows by the turn's start, the events it took and <paramref name="Actions"/>.</summary>
    public sealed record Advanced(HistoryEvent WorkflowStarted, IReadOnlyList<HistoryEvent> Actions) : TurnOutcome;

    /// <summary>Continue-as-new: a new execution with an empty history and this inbox, before what arrived meanwhile.</summary>
    public sealed record Restarted(IReadOnlyList<HistoryEvent> Inbox) : TurnOutcome;

    /// <summary>The worker cannot go on with this history; the turn is offered again to the next worker.</summary>
    public sealed record Stalled(HistoryEvent Event) : TurnOutcome;
}

/// <summary>Judges a worker's answer. Pure: what it returns still has to be stored.</summary>
internal sealed class Turn(string instanceId, InstanceState state, HistoryEvent workflowStarted, int taken, EventClock clock, string appId)
{
    private readonly List<HistoryEvent> _actions = [];
    private HistoryEvent? _end;

    public TurnOutcome Judge(WorkflowResponse answer)
    {
        if (answer.Actions.Any(a => a.WorkflowActionTypeCase == Step.WorkflowVersionNotAvailable))
            return Stall(StalledReason.VersionNotAvailable, "Version not available: ");
        var patches = answer.Version?.Patches ?? [];
        if (!patches.Take(state.Patches.Count).SequenceEqual(state.Patches))
            return Stall(StalledReason.PatchMismatch, "Patch mismatch. History patches: "
                + $"[{string.Join(", ", state.Patches)}], current patches: [{string.Join(", ", patches)}]. ");
        if (Fault(answer.Actions) is { } fault)
            return new TurnOutcome.Advanced(workflowStarted, [Failed(fault)]);
        var termination = state.Inbox.Take(taken).LastOrDefault(e => e.EventTypeCase == Kind.ExecutionTerminated)?.ExecutionTerminated;
        var complete = answer.Actions.FirstOrDefault(a => a.WorkflowActionTypeCase == Step.CompleteWorkflow)?.CompleteWorkflow;
        if (complete?.WorkflowStatus == OrchestrationStatus.ContinuedAsNew && termination is null)
            return Restart(complete);
        foreach (var action in answer.Actions)
            Apply(action);
        if (termination is not null && _end is null)
            _actions.Add(New(-1, e => e.ExecutionCompleted = new()
            {
                WorkflowStatus = OrchestrationStatus.Terminated,
                Result = termination.Input,
            }));
        return new TurnOutcome.Advanced(WithVersion(answer.Version), _actions);
    }

    private TurnOutcome.Stalled Stall(StalledReason reason, string description) => new(new HistoryEvent
    {
        EventId = -1,
        Timestamp = clock.Next(),
        ExecutionStalled = new() { Reason = reason, Description = description },
    });

    private TurnOutcome.Restarted Restart(CompleteWorkflowAction complete)
    {
        var last = state.Started!.ExecutionStarted;
        var started = New(-1, e =>
        {
            e.ExecutionStarted = last.Clone();
            e.ExecutionStarted.Input = complete.Result;
            e.ExecutionStarted.ScheduledStartTimestamp = null;
            e.ExecutionStarted.WorkflowInstance = new() { InstanceId = instanceId, ExecutionId = Guid.NewGuid().ToString() };
        });
        return new([started, .. complete.CarryoverEvents]);
    }

    /// <summary>
    /// Answers that daprd loses, repeats for ever or dies of. A workflow that sends one fails, visibly: on daprd it
    /// would hang.
    /// </summary>
    private (string Type, string Message)? Fault(IEnumerable<WorkflowAction> actions)
    {
        var ids = new HashSet<int>();
        var completes = actions.Any(a => a.WorkflowActionTypeCase == Step.CompleteWorkflow);
        foreach (var action in actions)
        {
            var problem = action.WorkflowActionTypeCase switch
            {
                Step.None => "has no type",
                Step.SendEvent => "sends an event to another workflow, which Dapr cannot carry out",
                Step.CreateDetachedWorkflow => "creates a detached workflow, which Dapr cannot carry out",
                Step.TerminateWorkflow when !completes => "terminates another workflow, which Dapr cannot carry out",
                Step.CompleteWorkflow when !IsEnd(action.CompleteWorkflow.WorkflowStatus) =>
                    $"completes the workflow with the status {action.CompleteWorkflow.WorkflowStatus}",
                Step.ScheduleTask or Step.CreateTimer or Step.CreateChildWorkflow
                    when state.IsUsed(action.Id) || !ids.Add(action.Id) => "has an id that the history already uses",
                _ => null,
            };
            if (problem is not null)
                return ("InvalidWorkflowAction", $"workflow '{instanceId}': action {action.Id} {problem}");
        }
        return null;
    }

    private static bool IsEnd(OrchestrationStatus status) => status is OrchestrationStatus.Completed or OrchestrationStatus.Failed
        or OrchestrationStatus.Terminated or OrchestrationStatus.Canceled or OrchestrationStatus.ContinuedAsNew;

    private void Apply(WorkflowAction action)
    {
        switch (action.WorkflowActionTypeCase)
        {
            case Step.ScheduleTask: _actions.Add(New(action.Id, e => e.TaskScheduled = Scheduled(action.ScheduleTask))); break;
            case Step.CreateTimer: _actions.Add(New(action.Id, e => e.TimerCreated = Created(action.CreateTimer))); break;
            case Step.CreateChildWorkflow:
                _actions.Add(New(action.Id, e => e.ChildWorkflowInstanceCreated = Created(action.CreateChildWorkflow, action.Id)));
                break;
            case Step.CompleteWorkflow when _end is null && action.CompleteWorkflow.WorkflowStatus != OrchestrationStatus.ContinuedAsNew:
                _actions.Add(_end = New(action.Id, e => e.ExecutionCompleted = new()
                {
                    WorkflowStatus = action.CompleteWorkflow.WorkflowStatus,
                    Result = action.CompleteWorkflow.Result,
                    FailureDetails = action.CompleteWorkflow.FailureDetails,
                }));
                break;
        }
    }

    private TaskScheduledEvent Scheduled(ScheduleTaskAction task) => new()
    {
        Name = task.Name,
        Version = task.Version,
        Input = task.Input,
        TaskExecutionId = task.TaskExecutionId,
        ParentTraceContext = Trace.OfWorkflow(state.Started),
    };

    private static TimerCreatedEvent Created(CreateTimerAction timer)
    {
        var created = new TimerCreatedEvent { FireAt = timer.FireAt };
        if (timer.HasName)
            created.Name = timer.Name;
        switch (timer.OriginCase)
        {
            case CreateTimerAction.OriginOneofCase.CreateTimer: created.CreateTimer = timer.CreateTimer; break;
            case CreateTimerAction.OriginOneofCase.ExternalEvent: created.ExternalEvent = timer.ExternalEvent; break;
            case CreateTimerAction.OriginOneofCase.ActivityRetry: created.ActivityRetry = timer.ActivityRetry; break;
            case CreateTimerAction.OriginOneofCase.ChildWorkflowRetry: created.ChildWorkflowRetry = timer.ChildWorkflowRetry; break;
        }
        return created;
    }

    private ChildWorkflowInstanceCreatedEvent Created(CreateChildWorkflowAction child, int id) => new()
    {
        InstanceId = child.InstanceId.Length > 0 ? child.InstanceId : $"{instanceId}:{id:x4}",
        Name = child.Name,
        Version = child.Version,
        Input = child.Input,
        ParentTraceContext = Trace.OfWorkflow(state.Started),
    };

    private HistoryEvent WithVersion(WorkflowVersion? version)
    {
        var started = workflowStarted.Clone();
        var added = version?.Patches.Skip(state.Patches.Count).ToList() ?? [];
        if (added.Count > 0)
            started.WorkflowStarted.Version = new() { Patches = { added } };
        else if (version is { HasName: true, Patches.Count: 0 })
            started.WorkflowStarted.Version = new() { Name = version.Name };
        return started;
    }

    private HistoryEvent Failed((string Type, string Message) fault) => New(-1, e => e.ExecutionCompleted = new()
    {
        WorkflowStatus = OrchestrationStatus.Failed,
        FailureDetails = new() { ErrorType = fault.Type, ErrorMessage = fault.Message, IsNonRetriable = true },
    });

    private HistoryEvent New(int id, Action<HistoryEvent> fill)
    {
        var e = new HistoryEvent { EventId = id, Timestamp = clock.Next(), Router = new() { SourceAppId = appId } };
        fill(e);
        return e;
    }
}
