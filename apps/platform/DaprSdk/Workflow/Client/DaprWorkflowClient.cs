using Dapr.Workflow.Client;

namespace Dapr.Workflow;

/// <inheritdoc />
public sealed class DaprWorkflowClient : IDaprWorkflowClient
{
    internal DaprWorkflowClient() { }
    public Task<string> ScheduleNewWorkflowAsync(string name, string? instanceId = null, object? input = null) => throw new NotImplementedException();
    public Task<string> ScheduleNewWorkflowAsync(string name, string? instanceId, object? input, DateTime? startTime) => throw new NotImplementedException();
    public Task<string> ScheduleNewWorkflowAsync(string name, string? instanceId, object? input, DateTimeOffset? startTime, CancellationToken cancellation = default) => throw new NotImplementedException();
    public Task<WorkflowState> GetWorkflowStateAsync(string instanceId, bool getInputsAndOutputs = true, CancellationToken cancellation = default) => throw new NotImplementedException();
    public Task<WorkflowState> WaitForWorkflowStartAsync(string instanceId, bool getInputsAndOutputs = true, CancellationToken cancellation = default) => throw new NotImplementedException();
    public Task<WorkflowState> WaitForWorkflowCompletionAsync(string instanceId, bool getInputsAndOutputs = true, CancellationToken cancellation = default) => throw new NotImplementedException();
    public Task RaiseEventAsync(string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default) => throw new NotImplementedException();
    public Task TerminateWorkflowAsync(string instanceId, object? output = null, CancellationToken cancellation = default) => throw new NotImplementedException();
    public Task SuspendWorkflowAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) => throw new NotImplementedException();
    public Task ResumeWorkflowAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) => throw new NotImplementedException();
    public Task<bool> PurgeInstanceAsync(string instanceId, CancellationToken cancellation = default) => throw new NotImplementedException();
    public Task<WorkflowInstancePage> ListInstanceIdsAsync(string? continuationToken = null, int? pageSize = null, CancellationToken cancellation = default) => throw new NotImplementedException();
    public Task<IReadOnlyList<WorkflowHistoryEvent>> GetInstanceHistoryAsync(string instanceId, CancellationToken cancellation = default) => throw new NotImplementedException();
    public Task<string> RerunWorkflowFromEventAsync(string sourceInstanceId, uint eventId, RerunWorkflowFromEventOptions? options = null, CancellationToken cancellation = default) => throw new NotImplementedException();
    public void Dispose() { }
    public ValueTask DisposeAsync() => default;
}
