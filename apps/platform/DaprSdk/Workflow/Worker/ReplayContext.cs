using ConcertDapr.Wire.Workflows;
using Dapr.Common.Serialization;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging;

namespace Dapr.Workflow.Worker;

/// <summary>
/// The context of one turn. It hands out sequence ids in the order the code asks, and completes the code's tasks while
/// the turn's events are applied, on the same thread, so that code goes on exactly where history says.
/// </summary>
internal sealed partial class ReplayContext : WorkflowContext
{
    private readonly IDaprSerializer _serializer;
    private readonly ILoggerFactory _loggers;
    private readonly PatchTracker _patches;
    private readonly string? _appId;
    private readonly Guid _guidNamespace;
    private readonly PendingActions _pending = new();
    private readonly ExternalEvents _events = new();
    private readonly EarlyOutcomes _early = new();
    private DateTime _now;
    private bool _isReplaying;
    private int _guids;
    private CompleteWorkflowAction? _continuation;
    private bool _carryEvents;

    public ReplayContext(
        WorkflowRequest request, WorkflowStart start, PatchTracker patches, IDaprSerializer serializer, ILoggerFactory loggers)
    {
        Name = start.Name;
        InstanceId = request.InstanceId;
        _appId = start.AppId;
        _patches = patches;
        _serializer = serializer;
        _loggers = loggers;
        _guidNamespace = DeterministicGuid.NamespaceOf(request.ExecutionId, request.InstanceId);
        _now = start.Time;
        _isReplaying = request.PastEvents.Count > 0;
    }

    public override string Name { get; }

    public override string InstanceId { get; }

    public override DateTime CurrentUtcDateTime => _now;

    public override bool IsReplaying => _isReplaying;

    /// <summary>What the turn's answer asks for, in the order of the ids.</summary>
    public IReadOnlyCollection<WorkflowAction> Actions => _pending.Actions;

    public bool IsContinuedAsNew => _continuation is not null;

    public object? CustomStatus { get; private set; }

    public override bool IsPatched(string patchName) => _patches.IsPatched(patchName, _isReplaying);

    public override void SetCustomStatus(object? customStatus) => CustomStatus = customStatus;

    public override Guid NewGuid() => DeterministicGuid.Create(_guidNamespace, $"{InstanceId}_{_guids++}");

    public override ILogger CreateReplaySafeLogger(string categoryName) =>
        new ReplaySafeLogger(_loggers.CreateLogger(categoryName), this);

    public override ILogger CreateReplaySafeLogger(System.Type type) =>
        new ReplaySafeLogger(_loggers.CreateLogger(type), this);

    public override ILogger CreateReplaySafeLogger<T>() => new ReplaySafeLogger(_loggers.CreateLogger<T>(), this);

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true)
    {
        var action = new CompleteWorkflowAction
        {
            WorkflowStatus = OrchestrationStatus.ContinuedAsNew,
            Result = _serializer.Serialize(newInput),
        };
        _pending.Add(new WorkflowAction { Id = _pending.TakeId(), CompleteWorkflow = action });
        _continuation = action;
        _carryEvents = preserveUnprocessedEvents;
    }

    /// <summary>Applies history, then what is new; user code runs in between as its tasks complete.</summary>
    public void Apply(IEnumerable<HistoryEvent> past, IEnumerable<HistoryEvent> fresh)
    {
        _isReplaying = true;
        foreach (var e in past)
            Apply(e);
        _isReplaying = false;
        foreach (var e in fresh)
            Apply(e);
        if (_continuation is not null && _carryEvents)
            _continuation.CarryoverEvents.AddRange(_events.Unclaimed);
    }

    private void Apply(HistoryEvent e)
    {
        switch (e.EventTypeCase)
        {
            case HistoryEvent.EventTypeOneofCase.WorkflowStarted:
                _now = e.Timestamp.ToDateTime();
                break;
            case HistoryEvent.EventTypeOneofCase.TaskScheduled:
            case HistoryEvent.EventTypeOneofCase.TimerCreated:
            case HistoryEvent.EventTypeOneofCase.EventSent:
                _pending.Confirm(e.EventId, e);
                break;
            case HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceCreated:
                ConfirmChild(e);
                break;
            case HistoryEvent.EventTypeOneofCase.EventRaised:
                _events.Raise(e);
                break;
            default:
                if (OutcomeOf(e) is { } outcome)
                    Complete(outcome, e);
                break;
        }
    }

    /// <summary>Which action the event is the outcome of; null for events that are none.</summary>
    private static (int Id, string ExecutionId)? OutcomeOf(HistoryEvent e) => e.EventTypeCase switch
    {
        HistoryEvent.EventTypeOneofCase.TaskCompleted => (e.TaskCompleted.TaskScheduledId, e.TaskCompleted.TaskExecutionId),
        HistoryEvent.EventTypeOneofCase.TaskFailed => (e.TaskFailed.TaskScheduledId, e.TaskFailed.TaskExecutionId),
        HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceCompleted => (e.ChildWorkflowInstanceCompleted.TaskScheduledId, ""),
        HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceFailed => (e.ChildWorkflowInstanceFailed.TaskScheduledId, ""),
        HistoryEvent.EventTypeOneofCase.TimerFired => (e.TimerFired.TimerId, ""),
        _ => null,
    };

    private T Read<T>(string? payload) => string.IsNullOrEmpty(payload) ? default! : _serializer.Deserialize<T>(payload)!;

    private TaskRouter? RouteTo(string? appId) => string.IsNullOrWhiteSpace(appId) || string.IsNullOrWhiteSpace(_appId)
        ? null
        : new TaskRouter { SourceAppId = _appId, TargetAppId = appId };
}
