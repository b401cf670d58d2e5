using ConcertDapr.Wire.Workflows;
using Dapr.Common.Serialization;
using Google.Protobuf.WellKnownTypes;
using Wire = ConcertDapr.Wire.Workflows;

namespace Dapr.Workflow.Client;

/// <summary>Reads the wire's states and events.</summary>
internal static class WorkflowMapping
{
    public static WorkflowSnapshot Snapshot(Wire.WorkflowState state, IDaprSerializer serializer) => new(
        state.Name,
        System.Enum.IsDefined((WorkflowRuntimeStatus)state.WorkflowStatus)
            ? (WorkflowRuntimeStatus)state.WorkflowStatus
            : WorkflowRuntimeStatus.Unknown,
        Time(state.CreatedTimestamp),
        Time(state.LastUpdatedTimestamp),
        state.Input,
        state.Output,
        state.CustomStatus,
        state.FailureDetails is { } failure
            ? new WorkflowTaskFailureDetails(
                failure.ErrorType,
                failure.ErrorMessage,
                string.IsNullOrEmpty(failure.StackTrace) ? null : failure.StackTrace)
            : null,
        serializer);

    public static WorkflowHistoryEvent Event(HistoryEvent e) =>
        new(e.EventId, TypeOf(e.EventTypeCase), e.Timestamp?.ToDateTime() ?? DateTime.MinValue);

    private static DateTimeOffset Time(Timestamp? time) => time?.ToDateTimeOffset() ?? default;

    private static WorkflowHistoryEventType TypeOf(HistoryEvent.EventTypeOneofCase type) => type switch
    {
        HistoryEvent.EventTypeOneofCase.ExecutionStarted => WorkflowHistoryEventType.ExecutionStarted,
        HistoryEvent.EventTypeOneofCase.ExecutionCompleted => WorkflowHistoryEventType.ExecutionCompleted,
        HistoryEvent.EventTypeOneofCase.ExecutionTerminated => WorkflowHistoryEventType.ExecutionTerminated,
        HistoryEvent.EventTypeOneofCase.TaskScheduled => WorkflowHistoryEventType.TaskScheduled,
        HistoryEvent.EventTypeOneofCase.TaskCompleted => WorkflowHistoryEventType.TaskCompleted,
        HistoryEvent.EventTypeOneofCase.TaskFailed => WorkflowHistoryEventType.TaskFailed,
        HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceCreated =>
            WorkflowHistoryEventType.SubOrchestrationInstanceCreated,
        HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceCompleted =>
            WorkflowHistoryEventType.SubOrchestrationInstanceCompleted,
        HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceFailed =>
            WorkflowHistoryEventType.SubOrchestrationInstanceFailed,
        HistoryEvent.EventTypeOneofCase.DetachedWorkflowInstanceCreated =>
            WorkflowHistoryEventType.SubOrchestrationInstanceCreated,
        HistoryEvent.EventTypeOneofCase.TimerCreated => WorkflowHistoryEventType.TimerCreated,
        HistoryEvent.EventTypeOneofCase.TimerFired => WorkflowHistoryEventType.TimerFired,
        HistoryEvent.EventTypeOneofCase.WorkflowStarted => WorkflowHistoryEventType.OrchestratorStarted,
        HistoryEvent.EventTypeOneofCase.WorkflowCompleted => WorkflowHistoryEventType.OrchestratorCompleted,
        HistoryEvent.EventTypeOneofCase.EventSent => WorkflowHistoryEventType.EventSent,
        HistoryEvent.EventTypeOneofCase.EventRaised => WorkflowHistoryEventType.EventRaised,
        HistoryEvent.EventTypeOneofCase.ContinueAsNew => WorkflowHistoryEventType.ContinueAsNew,
        HistoryEvent.EventTypeOneofCase.ExecutionSuspended => WorkflowHistoryEventType.ExecutionSuspended,
        HistoryEvent.EventTypeOneofCase.ExecutionResumed => WorkflowHistoryEventType.ExecutionResumed,
        HistoryEvent.EventTypeOneofCase.ExecutionStalled => WorkflowHistoryEventType.ExecutionStalled,
        _ => WorkflowHistoryEventType.Unknown,
    };
}
