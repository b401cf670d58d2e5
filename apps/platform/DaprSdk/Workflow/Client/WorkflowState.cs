using Dapr.Common.Serialization;

namespace Dapr.Workflow;

/// <summary>The state of an instance, or of none (<see cref="Exists"/>).</summary>
public sealed class WorkflowState
{
    private readonly WorkflowSnapshot? _snapshot;

    internal WorkflowState(WorkflowSnapshot? snapshot) => _snapshot = snapshot;

    public string? WorkflowName => _snapshot?.Name;

    public bool Exists => _snapshot is not null;

    public bool IsWorkflowRunning => RuntimeStatus == WorkflowRuntimeStatus.Running;

    /// <summary>Whether it completed, failed or was terminated.</summary>
    public bool IsWorkflowCompleted => RuntimeStatus
        is WorkflowRuntimeStatus.Completed or WorkflowRuntimeStatus.Failed or WorkflowRuntimeStatus.Terminated;

    public DateTimeOffset CreatedAt => _snapshot?.CreatedAt ?? default;

    public DateTimeOffset LastUpdatedAt => _snapshot?.LastUpdatedAt ?? default;

    public WorkflowRuntimeStatus RuntimeStatus => _snapshot?.Status ?? WorkflowRuntimeStatus.Unknown;

    public WorkflowTaskFailureDetails? FailureDetails => _snapshot?.Failure;

    public T? ReadInputAs<T>() => Read<T>(_snapshot?.Input);

    public T? ReadOutputAs<T>() => Read<T>(_snapshot?.Output);

    public T? ReadCustomStatusAs<T>() => Read<T>(_snapshot?.CustomStatus);

    private T? Read<T>(string? payload) =>
        string.IsNullOrEmpty(payload) ? default : _snapshot!.Serializer.Deserialize<T>(payload);
}

/// <summary>What the sidecar answered; payloads are null unless they were asked for.</summary>
internal sealed record WorkflowSnapshot(
    string Name,
    WorkflowRuntimeStatus Status,
    DateTimeOffset CreatedAt,
    DateTimeOffset LastUpdatedAt,
    string? Input,
    string? Output,
    string? CustomStatus,
    WorkflowTaskFailureDetails? Failure,
    IDaprSerializer Serializer);
