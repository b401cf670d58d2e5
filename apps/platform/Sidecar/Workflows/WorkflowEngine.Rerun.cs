using ConcertDapr.Wire;
using ConcertDapr.Wire.Workflows;
using Grpc.Core;
using Kind = ConcertDapr.Wire.Workflows.HistoryEvent.EventTypeOneofCase;

namespace ConcertDapr.Sidecar.Workflows;

/// <content>Running an ended workflow again from one of its steps.</content>
public sealed partial class WorkflowEngine
{
    /// <summary>Copies an ended instance's history up to a step, and lets the copy go on by doing that step again.</summary>
    /// <exception cref="RpcException">InvalidArgument, NotFound or AlreadyExists, by what is wrong with the request.</exception>
    public async Task<RerunWorkflowFromEventResponse> RerunAsync(RerunWorkflowFromEventRequest request, CancellationToken cancellationToken)
    {
        if (request.SourceInstanceId.Length == 0)
            throw GrpcFraming.Error(StatusCode.InvalidArgument, "rerun workflow source instance ID is required");
        var id = request.HasNewInstanceId && request.NewInstanceId.Length > 0 ? request.NewInstanceId : Guid.NewGuid().ToString();
        if (id == request.SourceInstanceId)
            throw GrpcFraming.Error(StatusCode.InvalidArgument, "rerun workflow instance ID must be different from the original instance ID");
        var history = await InsideAsync(request.SourceInstanceId, source => Task.FromResult(Fork(source, request, id)), cancellationToken);
        await InsideAsync(id, async instance =>
        {
            if (instance.State is not null)
                throw GrpcFraming.Error(StatusCode.AlreadyExists, $"workflow '{id}' has already been created");
            await StoreAsync(instance, _store.Copy(id, history));
            instance.State = InstanceState.FromRows(history, [], generation: 1, customStatus: null);
            Resume(instance);
            _changes.Announce(id);
        }, cancellationToken);
        return new() { NewInstanceId = id };
    }

    private List<HistoryEvent> Fork(Instance source, RerunWorkflowFromEventRequest request, string newId)
    {
        if (source.State is not { } state)
            throw GrpcFraming.Error(StatusCode.NotFound, $"workflow instance does not exist with ID '{source.Id}'");
        if (!state.IsTerminal)
            throw GrpcFraming.Error(StatusCode.InvalidArgument, $"'{source.Id}' is not in a terminal state");
        var target = state.History.FindIndex(e => e.EventId == request.EventId);
        if (target < 0)
            throw GrpcFraming.Error(StatusCode.NotFound, $"does not have history event with ID '{request.EventId}'");
        return [.. Finished(state.History.Take(target)), Again(state.History[target], request, newId)];
    }

    /// <summary>Without the steps that had not ended by then: the worker asks for those again.</summary>
    private static IEnumerable<HistoryEvent> Finished(IEnumerable<HistoryEvent> events)
    {
        var open = new Dictionary<int, HistoryEvent>();
        foreach (var e in events)
        {
            if (e.EventTypeCase is Kind.TaskScheduled or Kind.TimerCreated or Kind.ChildWorkflowInstanceCreated)
            {
                open[e.EventId] = e;
                continue;
            }
            if (IsEndOfStep(e) && open.Remove(StepOf(e), out var step))
                yield return step;
            yield return e;
        }
    }

    private static int StepOf(HistoryEvent e) => e.TaskCompleted?.TaskScheduledId ?? e.TaskFailed?.TaskScheduledId ?? e.TimerFired?.TimerId
        ?? e.ChildWorkflowInstanceCompleted?.TaskScheduledId ?? e.ChildWorkflowInstanceFailed.TaskScheduledId;

    private HistoryEvent Again(HistoryEvent step, RerunWorkflowFromEventRequest request, string newId)
    {
        var again = step.Clone();
        again.Timestamp = _clock.Next();
        var origin = new RerunParentInstanceInfo { InstanceId = request.SourceInstanceId };
        if (request.HasNewChildWorkflowInstanceId && again.EventTypeCase == Kind.TaskScheduled)
            throw GrpcFraming.Error(StatusCode.InvalidArgument, $"cannot set new child workflow instance ID on activity event '{request.EventId}'");
        switch (again.EventTypeCase)
        {
            case Kind.TaskScheduled:
                again.TaskScheduled.RerunParentInstanceInfo = origin;
                again.TaskScheduled.Input = request.OverwriteInput ? request.Input : again.TaskScheduled.Input;
                break;
            case Kind.TimerCreated: again.TimerCreated.RerunParentInstanceInfo = origin; break;
            case Kind.ChildWorkflowInstanceCreated:
                var child = again.ChildWorkflowInstanceCreated;
                child.RerunParentInstanceInfo = origin;
                child.Input = request.OverwriteInput ? request.Input : child.Input;
                child.InstanceId = request.HasNewChildWorkflowInstanceId ? request.NewChildWorkflowInstanceId : $"{newId}:{step.EventId:x4}";
                break;
            default:
                throw GrpcFraming.Error(StatusCode.NotFound, $"target event '*protos.HistoryEvent_{step.EventTypeCase}' with ID "
                    + $"'{request.EventId}' is not an event that can be rerun");
        }
        return again;
    }
}
