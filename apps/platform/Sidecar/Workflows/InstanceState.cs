using ConcertDapr.Wire.Workflows;
using Google.Protobuf.WellKnownTypes;
using Kind = ConcertDapr.Wire.Workflows.HistoryEvent.EventTypeOneofCase;

namespace ConcertDapr.Sidecar.Workflows;

/// <summary>
/// What the rows of one instance say, and what follows from them: open activities, timers and children. It does no I/O
/// and is changed only after the same change has been stored.
/// </summary>
internal sealed class InstanceState
{
    private readonly List<HistoryEvent> _raisedDuringTurn = [];
    private readonly HashSet<int> _usedIds = [];

    public List<HistoryEvent> History { get; } = [];

    public List<HistoryEvent> Inbox { get; } = [];

    /// <summary>1, and one more for each continue-as-new.</summary>
    public ulong Generation { get; private set; } = 1;

    public string? CustomStatus { get; private set; }

    /// <summary>executionStarted, from the history or still in the inbox.</summary>
    public HistoryEvent? Started { get; private set; }

    public HistoryEvent? Completed { get; private set; }

    public bool HasRun { get; private set; }

    public bool IsSuspended { get; private set; }

    public List<string> Patches { get; } = [];

    public string? VersionName { get; private set; }

    // Scheduled but neither in the history nor in the inbox as done; keyed by event id, in the order of their making.
    public OrderedDictionary<int, HistoryEvent> Activities { get; } = [];

    public OrderedDictionary<int, HistoryEvent> Timers { get; } = [];

    public OrderedDictionary<int, HistoryEvent> Children { get; } = [];

    public bool IsTerminal => Completed is not null;

    public bool IsStalled => !IsTerminal && History.Count > 0 && History[^1].EventTypeCase == Kind.ExecutionStalled;

    /// <summary>Whether only a start that is still to come is known.</summary>
    public bool IsPending => !HasRun && Generation == 1;

    public string ExecutionId => Started?.ExecutionStarted.WorkflowInstance?.ExecutionId ?? "";

    public ParentInstanceInfo? Parent => Started?.ExecutionStarted.ParentInstance;

    public OrchestrationStatus Status =>
        Completed is { } completed ? completed.ExecutionCompleted.WorkflowStatus
        : IsStalled ? OrchestrationStatus.Stalled
        : IsPending ? OrchestrationStatus.Pending
        : IsSuspended ? OrchestrationStatus.Suspended
        : OrchestrationStatus.Running;

    /// <summary>The state that stored rows describe.</summary>
    public static InstanceState FromRows(IEnumerable<HistoryEvent> history, IEnumerable<HistoryEvent> inbox, ulong generation,
        string? customStatus)
    {
        var state = new InstanceState { Generation = generation, CustomStatus = customStatus };
        foreach (var e in history)
        {
            state.Absorb(e);
            state.Record(e);
        }
        foreach (var e in inbox)
            state.Arrive(e, turnIsOut: false);
        return state;
    }

    /// <summary>Whether this id was already given to an activity, timer or child.</summary>
    public bool IsUsed(int eventId) => _usedIds.Contains(eventId);

    public bool IsChildOf(string parentId, string parentExecution, int taskId) =>
        Parent is { } parent && parent.TaskScheduledId == taskId && parent.WorkflowInstance?.InstanceId == parentId
        && (parent.WorkflowInstance.ExecutionId ?? "") == parentExecution;

    /// <summary>Whether an activity's, timer's or child's end is awaited; false for duplicates and strangers.</summary>
    public bool Awaits(HistoryEvent e) => e.EventTypeCase switch
    {
        Kind.TaskCompleted => Activities.ContainsKey(e.TaskCompleted.TaskScheduledId),
        Kind.TaskFailed => Activities.ContainsKey(e.TaskFailed.TaskScheduledId),
        Kind.TimerFired => Timers.ContainsKey(e.TimerFired.TimerId),
        Kind.ChildWorkflowInstanceCompleted => Children.ContainsKey(e.ChildWorkflowInstanceCompleted.TaskScheduledId),
        Kind.ChildWorkflowInstanceFailed => Children.ContainsKey(e.ChildWorkflowInstanceFailed.TaskScheduledId),
        _ => true,
    };

    /// <summary>An event came into the inbox.</summary>
    public void Arrive(HistoryEvent e, bool turnIsOut)
    {
        Inbox.Add(e);
        if (e.EventTypeCase == Kind.ExecutionStarted)
            Started = e;
        // The turn that is out may create the very timer that this event ends: look again when its timers are known.
        if (turnIsOut && e.EventTypeCase == Kind.EventRaised)
            _raisedDuringTurn.Add(e);
        else
            Absorb(e);
    }

    /// <summary>A turn was stored: it took the oldest <paramref name="taken"/> inbox events and appended these.</summary>
    public void Advance(HistoryEvent workflowStarted, int taken, IEnumerable<HistoryEvent> actions, string? customStatus)
    {
        Record(workflowStarted);
        foreach (var e in Inbox.Take(taken))
            Record(e);
        Inbox.RemoveRange(0, taken);
        foreach (var e in actions)
        {
            Absorb(e);
            Record(e);
        }
        CustomStatus = customStatus;
        _raisedDuringTurn.ForEach(Absorb);
        _raisedDuringTurn.Clear();
    }

    /// <summary>The instance was parked; its inbox stays.</summary>
    public void Stall(HistoryEvent stalled) => Record(stalled);

    /// <summary>Where a custom status ends: what it was set to in the last turn, null when the last turn set none.</summary>
    public WorkflowState ToWorkflowState(string id, bool withPayloads, bool withParent)
    {
        var started = IsPending ? null : Started;
        var state = new WorkflowState
        {
            InstanceId = id,
            Name = started?.ExecutionStarted.Name ?? "",
            Version = VersionName,
            WorkflowStatus = Status,
            CreatedTimestamp = started?.Timestamp ?? s_yearOne,
            LastUpdatedTimestamp = started is null ? s_yearOne : History.LastOrDefault()?.Timestamp ?? started.Timestamp,
            StartedAt = History.FirstOrDefault()?.Timestamp,
        };
        if (withParent && Parent is { } parent)
            (state.ParentInstanceId, state.ParentAppId) = (parent.WorkflowInstance.InstanceId, parent.AppId);
        if (withPayloads)
            AddPayloads(state, started);
        return state;
    }

    private static readonly Timestamp s_yearOne = new() { Seconds = -62135596800 };

    private void AddPayloads(WorkflowState state, HistoryEvent? started)
    {
        state.Input = started?.ExecutionStarted.Input;
        state.Output = Completed?.ExecutionCompleted.Result;
        state.FailureDetails = Completed?.ExecutionCompleted.FailureDetails;
        state.CustomStatus = CustomStatus;
    }

    private void Record(HistoryEvent e)
    {
        History.Add(e);
        switch (e.EventTypeCase)
        {
            case Kind.ExecutionStarted: Started = e; break;
            case Kind.ExecutionCompleted: Completed ??= e; break;
            case Kind.ExecutionSuspended: IsSuspended = true; break;
            case Kind.ExecutionResumed: IsSuspended = false; break;
            case Kind.WorkflowStarted:
                HasRun = true;
                Patches.AddRange(e.WorkflowStarted.Version?.Patches ?? []);
                VersionName = e.WorkflowStarted.Version?.HasName == true ? e.WorkflowStarted.Version.Name : VersionName;
                break;
        }
    }

    private void Absorb(HistoryEvent e)
    {
        switch (e.EventTypeCase)
        {
            case Kind.TaskScheduled: Open(Activities, e); break;
            case Kind.TimerCreated: Open(Timers, e); break;
            case Kind.ChildWorkflowInstanceCreated: Open(Children, e); break;
            case Kind.TaskCompleted: Activities.Remove(e.TaskCompleted.TaskScheduledId); break;
            case Kind.TaskFailed: Activities.Remove(e.TaskFailed.TaskScheduledId); break;
            case Kind.TimerFired: Timers.Remove(e.TimerFired.TimerId); break;
            case Kind.ChildWorkflowInstanceCompleted: Children.Remove(e.ChildWorkflowInstanceCompleted.TaskScheduledId); break;
            case Kind.ChildWorkflowInstanceFailed: Children.Remove(e.ChildWorkflowInstanceFailed.TaskScheduledId); break;
            case Kind.EventRaised: CancelTimerOf(e.EventRaised.Name); break;
        }
    }

    private void Open(OrderedDictionary<int, HistoryEvent> open, HistoryEvent e)
    {
        open[e.EventId] = e;
        _usedIds.Add(e.EventId);
    }

    /// <summary>Workers hand an event to the oldest waiter of its name, whatever its case; that waiter's timer is done.</summary>
    private void CancelTimerOf(string eventName)
    {
        foreach (var (id, timer) in Timers)
            if (timer.TimerCreated.ExternalEvent?.Name.Equals(eventName, StringComparison.OrdinalIgnoreCase) == true)
            {
                Timers.Remove(id);
                return;
            }
    }
}
