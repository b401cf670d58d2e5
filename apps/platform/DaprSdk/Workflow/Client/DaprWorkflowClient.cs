using System.Diagnostics;
using ConcertDapr.Wire.Workflows;
using Dapr.Common.Serialization;
using Dapr.Workflow.Client;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Dapr.Workflow;

/// <inheritdoc />
public sealed class DaprWorkflowClient : IDaprWorkflowClient
{
    private static readonly TimeSpan FirstWaitPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestWaitPause = TimeSpan.FromSeconds(15);
    private readonly TaskHub _hub;
    private readonly IDaprSerializer _serializer;

    internal DaprWorkflowClient(TaskHub hub, IDaprSerializer serializer) => (_hub, _serializer) = (hub, serializer);

    public Task<string> ScheduleNewWorkflowAsync(string name, string? instanceId = null, object? input = null) =>
        ScheduleNewWorkflowAsync(name, instanceId, input, (DateTimeOffset?)null, CancellationToken.None);

    public Task<string> ScheduleNewWorkflowAsync(string name, string? instanceId, object? input, DateTime? startTime) =>
        ScheduleNewWorkflowAsync(
            name, instanceId, input, startTime is { } time ? new DateTimeOffset(time) : null, CancellationToken.None);

    public async Task<string> ScheduleNewWorkflowAsync(
        string name, string? instanceId, object? input, DateTimeOffset? startTime, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var request = new CreateInstanceRequest
        {
            InstanceId = instanceId ?? Guid.NewGuid().ToString(),
            Name = name,
            Input = Write(input),
            ParentTraceContext = CurrentTrace(),
            ScheduledStartTimestamp = startTime is { } time ? Timestamp.FromDateTimeOffset(time) : null,
        };
        return (await CallAsync("StartInstance", request, CreateInstanceResponse.Parser, cancellation)).InstanceId;
    }

    public async Task<WorkflowState> GetWorkflowStateAsync(
        string instanceId, bool getInputsAndOutputs = true, CancellationToken cancellation = default)
    {
        try
        {
            var request = Ask(instanceId, getInputsAndOutputs);
            var answer = await CallAsync("GetInstance", request, GetInstanceResponse.Parser, cancellation);
            return State(answer);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            return new WorkflowState(null);
        }
    }

    public Task<WorkflowState> WaitForWorkflowStartAsync(
        string instanceId, bool getInputsAndOutputs = true, CancellationToken cancellation = default) =>
        WaitAsync("WaitForInstanceStart", Ask(instanceId, getInputsAndOutputs), cancellation);

    public Task<WorkflowState> WaitForWorkflowCompletionAsync(
        string instanceId, bool getInputsAndOutputs = true, CancellationToken cancellation = default) =>
        WaitAsync("WaitForInstanceCompletion", Ask(instanceId, getInputsAndOutputs), cancellation);

    public Task RaiseEventAsync(
        string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        var request = new RaiseEventRequest { InstanceId = instanceId, Name = eventName, Input = Write(eventPayload) };
        return CallAsync("RaiseEvent", request, RaiseEventResponse.Parser, cancellation);
    }

    public Task TerminateWorkflowAsync(string instanceId, object? output = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        var request = new TerminateRequest { InstanceId = instanceId, Output = Write(output), Recursive = true };
        return CallAsync("TerminateInstance", request, TerminateResponse.Parser, cancellation);
    }

    public Task SuspendWorkflowAsync(string instanceId, string? reason = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        var request = new SuspendRequest { InstanceId = instanceId, Reason = reason ?? "" };
        return CallAsync("SuspendInstance", request, SuspendResponse.Parser, cancellation);
    }

    public Task ResumeWorkflowAsync(string instanceId, string? reason = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        var request = new ResumeRequest { InstanceId = instanceId, Reason = reason ?? "" };
        return CallAsync("ResumeInstance", request, ResumeResponse.Parser, cancellation);
    }

    public async Task<bool> PurgeInstanceAsync(string instanceId, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        var request = new PurgeInstancesRequest { InstanceId = instanceId, Recursive = true };
        var answer = await CallAsync("PurgeInstances", request, PurgeInstancesResponse.Parser, cancellation);
        return answer.DeletedInstanceCount > 0;
    }

    public async Task<WorkflowInstancePage> ListInstanceIdsAsync(
        string? continuationToken = null, int? pageSize = null, CancellationToken cancellation = default)
    {
        var request = new ListInstanceIDsRequest();
        if (continuationToken is not null)
            request.ContinuationToken = continuationToken;
        if (pageSize is { } size)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size, nameof(pageSize));
            request.PageSize = (uint)size;
        }

        var answer = await CallAsync("ListInstanceIDs", request, ListInstanceIDsResponse.Parser, cancellation);
        return new WorkflowInstancePage(
            [.. answer.InstanceIds], answer.HasContinuationToken ? answer.ContinuationToken : null);
    }

    public async Task<IReadOnlyList<WorkflowHistoryEvent>> GetInstanceHistoryAsync(
        string instanceId, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        var request = new GetInstanceHistoryRequest { InstanceId = instanceId };
        var answer = await CallAsync("GetInstanceHistory", request, GetInstanceHistoryResponse.Parser, cancellation);
        return [.. answer.Events.Select(WorkflowMapping.Event)];
    }

    public async Task<string> RerunWorkflowFromEventAsync(
        string sourceInstanceId, uint eventId, RerunWorkflowFromEventOptions? options = null,
        CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(sourceInstanceId);
        if (options is { Input: not null, OverwriteInput: false })
            throw new ArgumentException("OverwriteInput must be true when Input is set.", nameof(options));
        var request = new RerunWorkflowFromEventRequest
        {
            SourceInstanceId = sourceInstanceId,
            EventId = eventId,
            OverwriteInput = options?.OverwriteInput ?? false,
            Input = options is { OverwriteInput: true } ? Write(options.Input) : null,
        };
        if (options?.NewInstanceId is { } newId)
            request.NewInstanceId = newId;
        var answer = await CallAsync(
            "RerunWorkflowFromEvent", request, RerunWorkflowFromEventResponse.Parser, cancellation);
        return answer.NewInstanceId;
    }

    /// <summary>Nothing to do: the connection is shared.</summary>
    public void Dispose()
    {
    }

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync() => default;

    /// <summary>A cancelled call ends with <c>RpcException</c> (Cancelled), as with the official client's channel.</summary>
    private async Task<TResponse> CallAsync<TResponse>(
        string method, IMessage request, MessageParser<TResponse> parser, CancellationToken cancellation)
        where TResponse : class, IMessage<TResponse>
    {
        try
        {
            return await _hub.CallAsync(method, request, parser, cancellation);
        }
        catch (OperationCanceledException e) when (cancellation.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Cancelled, "Call canceled by the client.", e));
        }
    }

    /// <summary>A long poll: while the sidecar is away it is repeated, with pauses of 50 ms doubling to 15 s.</summary>
    private async Task<WorkflowState> WaitAsync(string method, GetInstanceRequest request, CancellationToken cancellation)
    {
        for (var pause = FirstWaitPause; ; pause = pause * 2 < LongestWaitPause ? pause * 2 : LongestWaitPause)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                var answer = await _hub.CallAsync(method, request, GetInstanceResponse.Parser, cancellation);
                return answer.Exists
                    ? State(answer)
                    : throw new InvalidOperationException($"Workflow instance '{request.InstanceId}' does not exist");
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
            {
                await Task.Delay(pause, cancellation);
            }
        }
    }

    private static GetInstanceRequest Ask(string instanceId, bool getInputsAndOutputs)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        return new GetInstanceRequest { InstanceId = instanceId, GetInputsAndOutputs = getInputsAndOutputs };
    }

    private WorkflowState State(GetInstanceResponse answer) =>
        new(answer.Exists ? WorkflowMapping.Snapshot(answer.WorkflowState, _serializer) : null);

    private string Write(object? payload) => payload is null ? "" : _serializer.Serialize(payload);

    private static TraceContext? CurrentTrace() =>
        Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id } activity
            ? new TraceContext
            {
                TraceParent = id,
                TraceState = string.IsNullOrEmpty(activity.TraceStateString) ? null : activity.TraceStateString,
            }
            : null;
}
