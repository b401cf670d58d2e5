using System.Globalization;
using ConcertDapr.Wire;
using ConcertDapr.Wire.Workflows;
using Grpc.Core;

namespace ConcertDapr.Sidecar.Workflows;

/// <content>The clients' side.</content>
public sealed partial class WorkflowEngine
{
    private const string NoInstance = "no such instance exists";
    private const string NotCompleted = "orchestration has not yet completed";
    private static readonly TimeSpan s_purgeWaitsForWorker = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Starts an instance. Returns when its first turn is stored, or at once when a start time is given. Without a
    /// worker it waits for one; when the caller gives up before, nothing is left behind.
    /// </summary>
    /// <exception cref="RpcException">AlreadyExists: the id is active. InvalidArgument, Unknown: the id cannot be used.</exception>
    public async Task<CreateInstanceResponse> StartAsync(CreateInstanceRequest request, CancellationToken cancellationToken)
    {
        var executionId = await CreateAsync(request, cancellationToken);
        if (request.ScheduledStartTimestamp is null)
            await UntilAsync(request.InstanceId, state => state is null or { HasRun: true } || state.ExecutionId != executionId, cancellationToken);
        return new() { InstanceId = request.InstanceId };
    }

    /// <summary>As <see cref="StartAsync"/>, but returns as soon as the start is stored, with the id of the execution.</summary>
    public async Task<string> CreateAsync(CreateInstanceRequest request, CancellationToken cancellationToken)
    {
        CheckId(request.InstanceId);
        await WorkerAsync(request.InstanceId, cancellationToken);
        var since = _time.GetUtcNow();
        if (await TryBeginAsync(request, isSettled: false, cancellationToken) is not { } begun)
        {
            await SettleAsync(request.InstanceId);
            await RefuseWithLiveChildrenAsync(request.InstanceId, cancellationToken);
            begun = (await TryBeginAsync(request, isSettled: true, cancellationToken))!;
        }
        RecordCreation(request, begun, since);
        return begun.ExecutionId;
    }

    /// <summary>Null: there is an ended run of this id, which has to be settled first.</summary>
    private Task<InstanceState?> TryBeginAsync(CreateInstanceRequest request, bool isSettled, CancellationToken cancellationToken) =>
        InsideAsync(request.InstanceId, instance =>
        {
            if (instance.State is { IsTerminal: false })
                throw NotCreated(StatusCode.AlreadyExists, "AlreadyExists", ActiveText(instance.Id));
            if (instance.State is not null && !isSettled)
                return Task.FromResult<InstanceState?>(null);
            Begin(instance, NewStarted(instance.Id, e =>
            {
                (e.Name, e.Input, e.ScheduledStartTimestamp) = (request.Name, request.Input, request.ScheduledStartTimestamp);
                e.ParentTraceContext = _options.Tracing ? Trace.Child(request.ParentTraceContext) ?? Trace.NewTrace() : request.ParentTraceContext;
            }));
            return Task.FromResult(instance.State);
        }, cancellationToken);

    /// <summary>Whether an error says that there is no such instance.</summary>
    public static bool IsMissing(RpcException error) => error.Status.Detail.EndsWith(NoInstance, StringComparison.Ordinal);

    /// <summary>An instance's state; <c>exists</c> is false where there is none.</summary>
    public Task<GetInstanceResponse> GetAsync(GetInstanceRequest request, CancellationToken cancellationToken) =>
        InsideAsync(request.InstanceId, instance => Task.FromResult(
            View(request, instance.State, withParent: false) ?? new GetInstanceResponse()), cancellationToken);

    /// <summary>Waits until the instance exists and has begun; for ever, if need be.</summary>
    public Task<GetInstanceResponse> WaitForStartAsync(GetInstanceRequest request, CancellationToken cancellationToken) =>
        WaitAsync(request, state => state is { IsPending: false }, cancellationToken);

    /// <summary>Waits until the instance exists and has ended; for ever, if need be.</summary>
    public Task<GetInstanceResponse> WaitForCompletionAsync(GetInstanceRequest request, CancellationToken cancellationToken) =>
        WaitAsync(request, state => state is { IsTerminal: true }, cancellationToken);

    /// <summary>Delivers an event; it is durable when this returns. An ended instance takes it without effect.</summary>
    public async Task RaiseEventAsync(RaiseEventRequest request, CancellationToken cancellationToken) =>
        await SendAsync(request.InstanceId, NewEvent(e => e.EventRaised = new() { Name = request.Name, Input = request.Input }),
            "", cancellationToken);

    /// <summary>Suspends; returns when the status says so.</summary>
    public async Task SuspendAsync(SuspendRequest request, CancellationToken cancellationToken)
    {
        await SendAsync(request.InstanceId, NewEvent(e => e.ExecutionSuspended = new() { Input = OrNull(request.Reason) }), "", cancellationToken);
        await UntilAsync(request.InstanceId, state => state is null or { IsSuspended: true } or { IsTerminal: true }, cancellationToken);
    }

    /// <summary>Resumes; returns when the status says so.</summary>
    public async Task ResumeAsync(ResumeRequest request, CancellationToken cancellationToken)
    {
        await SendAsync(request.InstanceId, NewEvent(e => e.ExecutionResumed = new() { Input = OrNull(request.Reason) }), "", cancellationToken);
        await UntilAsync(request.InstanceId, state => state is null or { IsSuspended: false } or { IsTerminal: true }, cancellationToken);
    }

    /// <summary>Terminates, on request with all descendants; returns when the instance itself has ended.</summary>
    public async Task TerminateAsync(TerminateRequest request, CancellationToken cancellationToken)
    {
        var executionId = await SendAsync(request.InstanceId,
            NewEvent(e => e.ExecutionTerminated = new() { Input = request.Output, Recurse = request.Recursive }),
            "failed to submit termination request: ", cancellationToken);
        await UntilAsync(request.InstanceId, state => state is null or { IsTerminal: true } || state.ExecutionId != executionId, cancellationToken);
    }

    /// <summary>Removes ended instances, on request with their descendants; with force also those that have not ended.</summary>
    public async Task<PurgeInstancesResponse> PurgeAsync(PurgeInstancesRequest request, CancellationToken cancellationToken)
    {
        const string prefix = "failed to purge workflow state: ";
        if (request.RequestCase == PurgeInstancesRequest.RequestOneofCase.PurgeInstanceFilter)
            throw GrpcFraming.Error(StatusCode.Unknown, "multi-instance purge is not unimplemented");
        if (!request.Force)
            await WorkerForPurgeAsync(request.InstanceId, cancellationToken);
        var missing = prefix + (request.Recursive ? "failed to fetch workflow state: " : "") + NoInstance;
        var count = await PurgeTreeAsync(request.InstanceId, request, [], cancellationToken) is { } purged and > 0 ? purged
            : throw GrpcFraming.Error(StatusCode.Unknown, missing);
        return new() { DeletedInstanceCount = count };
    }

    /// <summary>Ids in key order, in pages of the wanted size; the token is the offset of the next page.</summary>
    public async Task<ListInstanceIDsResponse> ListAsync(ListInstanceIDsRequest request, CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        await foreach (var id in _store.ListAsync().WithCancellation(cancellationToken))
            ids.Add(id);
        ids.Sort(StringComparer.Ordinal);
        var offset = int.TryParse(request.ContinuationToken, NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : 0;
        var size = request.PageSize == 0 ? int.MaxValue : (int)Math.Min(request.PageSize, int.MaxValue);
        var answer = new ListInstanceIDsResponse { InstanceIds = { ids.Skip(offset).Take(size) } };
        if ((long)offset + size < ids.Count)
            answer.ContinuationToken = (offset + size).ToString(CultureInfo.InvariantCulture);
        return answer;
    }

    /// <summary>All events of an instance's history.</summary>
    /// <exception cref="RpcException">NotFound: there is no such instance.</exception>
    public Task<GetInstanceHistoryResponse> HistoryAsync(GetInstanceHistoryRequest request, CancellationToken cancellationToken) =>
        InsideAsync(request.InstanceId, instance => instance.State is { } state
            ? Task.FromResult(new GetInstanceHistoryResponse { Events = { state.History } })
            : throw GrpcFraming.Error(StatusCode.NotFound, $"workflow instance '{request.InstanceId}' not found"), cancellationToken);

    private static string? OrNull(string? reason) => string.IsNullOrEmpty(reason) ? null : reason;

    private static string ActiveText(string id) => $"an active workflow with ID '{id}' already exists";

    private static RpcException NotCreated(StatusCode code, string name, string text) =>
        GrpcFraming.Error(code, $"failed to create workflow instance: rpc error: code = {name} desc = {text}");

    private void CheckId(string id)
    {
        // It separates the parts of a key: such an instance could be stored but not listed.
        if (id.Contains("||", StringComparison.Ordinal))
            throw GrpcFraming.Error(StatusCode.InvalidArgument, $"workflow instance ID '{id}' must not contain '||'");
        if (id.AsSpan().ContainsAny("/\\#?"))
            throw NotCreated(StatusCode.Unknown, "Unknown", "job name is invalid \"actorreminder||"
                + $"{_options.Namespace}||{ActorType("workflow")}||{id}||start\": "
                + "must not contain '/', '\\', '#' or '?'");
    }

    private async Task WorkerAsync(string id, CancellationToken cancellationToken)
    {
        var connected = _queue.Connected;
        if (!connected.IsCompleted)
            LogNoWorker(id);
        await connected.WaitAsync(cancellationToken);
    }

    private async Task WorkerForPurgeAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            await _queue.Connected.WaitAsync(s_purgeWaitsForWorker, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw GrpcFraming.Error(StatusCode.FailedPrecondition, "failed to purge workflow state: failed to lookup actor: "
                + "api error: code = FailedPrecondition desc = did not find address for actor "
                + $"'{ActorType("workflow")}/{id}'");
        }
    }

    /// <summary>An ended instance whose child still runs keeps its id: the child would report to the wrong run.</summary>
    private async Task RefuseWithLiveChildrenAsync(string id, CancellationToken cancellationToken)
    {
        var (executionId, children) = await InsideAsync(id, instance => Task.FromResult(instance.State is { IsTerminal: true } state
            ? (state.ExecutionId, state.Children.Values.ToList()) : ("", [])), cancellationToken);
        foreach (var child in children)
        {
            var childId = child.ChildWorkflowInstanceCreated.InstanceId;
            if (await InsideAsync(childId, instance => Task.FromResult(instance.State is { IsTerminal: false } state
                && state.IsChildOf(id, executionId, child.EventId)), cancellationToken))
                throw NotCreated(StatusCode.AlreadyExists, "AlreadyExists",
                    $"cannot recreate workflow with ID '{id}': child workflow '{childId}': {NotCompleted}");
        }
    }

    private HistoryEvent NewStarted(string id, Action<ExecutionStartedEvent> fill) => NewEvent(e =>
    {
        e.ExecutionStarted = new() { WorkflowInstance = new() { InstanceId = id, ExecutionId = Guid.NewGuid().ToString() } };
        fill(e.ExecutionStarted);
        if (e.ExecutionStarted.ParentTraceContext is not null)
            e.ExecutionStarted.WorkflowSpanId = Trace.NewSpanId();
    }, routed: true);

    /// <summary>A new run, in the place of an ended one or of none.</summary>
    private void Begin(Instance instance, HistoryEvent started)
    {
        _ = StoreAsync(instance, _store.Create(instance.Id, instance.State, [started]));
        instance.Forget();
        instance.State = InstanceState.FromRows([], [started], generation: 1, customStatus: null);
        QueueOrSchedule(instance);
        _changes.Announce(instance.Id);
    }

    /// <summary>Puts an event into the inbox and tells the execution that has it.</summary>
    private async Task<string> SendAsync(string id, HistoryEvent e, string errorPrefix, CancellationToken cancellationToken)
    {
        await WorkerAsync(id, cancellationToken);
        return await InsideAsync(id, instance =>
        {
            if (instance.State is not { } state)
                throw GrpcFraming.Error(StatusCode.Unknown, errorPrefix + NoInstance);
            RefuseStalled(instance, errorPrefix);
            if (!state.IsTerminal)
                Arrive(instance, e);
            return Task.FromResult(state.ExecutionId);
        }, cancellationToken);
    }

    private static void RefuseStalled(Instance instance, string errorPrefix)
    {
        if (instance.Phase == TurnPhase.Parked)
            throw GrpcFraming.Error(StatusCode.Unknown, $"{errorPrefix}failed to invoke method for workflow '{instance.Id}': actor is stalled");
    }

    private static GetInstanceResponse? View(GetInstanceRequest request, InstanceState? state, bool withParent) => state is null ? null
        : new() { Exists = true, WorkflowState = state.ToWorkflowState(request.InstanceId, request.GetInputsAndOutputs, withParent) };

    private Task<GetInstanceResponse> WaitAsync(GetInstanceRequest request, Func<InstanceState?, bool> reached,
        CancellationToken cancellationToken) =>
        _changes.UntilAsync(request.InstanceId, () => InsideAsync(request.InstanceId, instance => Task.FromResult(
            reached(instance.State) ? View(request, instance.State, withParent: true) : null), cancellationToken), cancellationToken);

    private async Task UntilAsync(string id, Func<InstanceState?, bool> reached, CancellationToken cancellationToken) =>
        await _changes.UntilAsync(id, () => InsideAsync(id, instance => Task.FromResult(
            reached(instance.State) ? instance : null), cancellationToken), cancellationToken);

    /// <summary>Descendants first: should the process end in between, the rest can still be found from the top.</summary>
    private async Task<int> PurgeTreeAsync(string id, PurgeInstancesRequest request, HashSet<string> seen,
        CancellationToken cancellationToken)
    {
        if (!seen.Add(id))
            return 0;
        var children = await InsideAsync(id, instance =>
        {
            RefusePurge(instance, request.Force);
            return Task.FromResult(request.Recursive ? ChildIds(instance.State) : []);
        }, cancellationToken);
        var count = 0;
        foreach (var child in children)
            count += await PurgeTreeAsync(child, request, seen, cancellationToken);
        await SettleAsync(id);
        return count + await InsideAsync(id, async instance =>
        {
            if (instance.State is null)
                return 0;
            RefusePurge(instance, request.Force);
            await RemoveAsync(instance);
            return 1;
        }, cancellationToken);
    }

    private static void RefusePurge(Instance instance, bool force)
    {
        if (force)
            return;
        RefuseStalled(instance, "failed to purge workflow state: ");
        if (instance.State is { IsTerminal: false })
            throw GrpcFraming.Error(StatusCode.Unknown, "failed to purge workflow state: " + NotCompleted);
    }

    private static List<string> ChildIds(InstanceState? state) => [.. (state?.History ?? [])
        .Where(e => e.EventTypeCase == HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceCreated)
        .Select(e => e.ChildWorkflowInstanceCreated.InstanceId).Distinct()];

    private async Task RemoveAsync(Instance instance)
    {
        await StoreAsync(instance, _store.Purge(instance.Id, instance.State!));
        instance.State = null;
        instance.Forget();
        _changes.Announce(instance.Id);
    }
}
