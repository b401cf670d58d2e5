using Dapr.Common.Serialization;

namespace Dapr.Workflow.Serialization
{
    /// <summary>The serializer of workflow payloads.</summary>
    public interface IWorkflowSerializer : IDaprSerializer;
}

namespace Dapr.Workflow.Client
{
    /// <summary>A page of instance ids; without token it is the last.</summary>
    public sealed record WorkflowInstancePage(IReadOnlyList<string> InstanceIds, string? ContinuationToken);

    /// <summary>An event of an instance's history.</summary>
    public sealed record WorkflowHistoryEvent(int EventId, WorkflowHistoryEventType EventType, DateTime Timestamp);

    /// <summary>The kind of a history event.</summary>
    public enum WorkflowHistoryEventType
    {
        Unknown = 0,
        ExecutionStarted,
        ExecutionCompleted,
        ExecutionTerminated,
        TaskScheduled,
        TaskCompleted,
        TaskFailed,
        SubOrchestrationInstanceCreated,
        SubOrchestrationInstanceCompleted,
        SubOrchestrationInstanceFailed,
        TimerCreated,
        TimerFired,
        OrchestratorStarted,
        OrchestratorCompleted,
        EventSent,
        EventRaised,
        GenericEvent,
        HistoryState,
        ContinueAsNew,
        ExecutionSuspended,
        ExecutionResumed,
        ExecutionStalled,
    }

    /// <summary>How a rerun differs from its source; the input counts only when overwriting is asked for.</summary>
    public sealed class RerunWorkflowFromEventOptions
    {
        public string? NewInstanceId { get; set; }

        public object? Input { get; set; }

        public bool OverwriteInput { get; set; }
    }
}
