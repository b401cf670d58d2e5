using ConcertDapr.Sidecar.Workflows;
using ConcertDapr.Wire.Workflows;
using Grpc.Core;
using static ConcertDapr.Sidecar.Workflows.WorkflowGate;

namespace ConcertDapr.Sidecar.Api;

/// <summary>
/// The older workflow API, over HTTP and as the <c>…WorkflowBeta1</c> methods over gRPC. It knows no instance that has a
/// name with other characters than letters, digits, <c>_</c> and <c>-</c>. Throws <see cref="DaprError"/>.
/// </summary>
internal sealed class WorkflowApi(WorkflowGate? gate)
{
    private const int LongestId = 64;

    private WorkflowGate Gate => gate ?? throw new DaprError(500, "ERR_ACTOR_RUNTIME_NOT_FOUND", StatusCode.Unavailable,
        "the state store is not configured to use the actor runtime. Have you set the - name: actorStateStore value: \"true\" in your state store component file?");

    /// <summary>Starts an instance and returns its id, without waiting for its first turn; an empty id becomes a UUID.</summary>
    public async Task<string> StartAsync(string name, string id, string input, CancellationToken cancellationToken)
    {
        if (name.Length == 0)
            throw Missing("ERR_WORKFLOW_NAME_MISSING", "workflow name is not configured");
        var instanceId = id.Length > 0 ? id : Guid.NewGuid().ToString();
        CheckId(instanceId);
        await CallAsync("ERR_START_WORKFLOW", $"error starting workflow '{name}': unable to start workflow: failed to start workflow: ",
            () => EngineAsync("StartInstance", new CreateInstanceRequest { InstanceId = instanceId, Name = name, Input = input }, async (engine, request, token) =>
            {
                await engine.CreateAsync(request, token);
                return new CreateInstanceResponse { InstanceId = request.InstanceId };
            }, cancellationToken));
        return instanceId;
    }

    /// <summary>The state with payloads, or null where there is no such instance.</summary>
    public async Task<WorkflowState?> GetAsync(string id, CancellationToken cancellationToken)
    {
        CheckGiven(id);
        GetInstanceResponse? found = null;
        await CallAsync("ERR_GET_WORKFLOW", $"error getting workflow '{id}': ", async () =>
            found = await EngineAsync("GetInstance", new GetInstanceRequest { InstanceId = id, GetInputsAndOutputs = true },
                static (engine, request, token) => engine.GetAsync(request, token), cancellationToken));
        return found!.Exists ? found.WorkflowState : null;
    }

    public Task RaiseEventAsync(string id, string eventName, string? input, CancellationToken cancellationToken)
    {
        CheckGiven(id);
        if (eventName.Length == 0)
            throw Missing("ERR_WORKFLOW_EVENT_NAME_MISSING", "missing workflow event name");
        return CallAsync("ERR_RAISE_EVENT_WORKFLOW",
            $"error raising event on workflow '{id}': failed to raise event {eventName} on workflow {id}: failed to raise event: ",
            () => EngineAsync("RaiseEvent", new RaiseEventRequest { InstanceId = id, Name = eventName, Input = input },
                static (engine, request, token) => Done<RaiseEventResponse>(engine.RaiseEventAsync(request, token)), cancellationToken));
    }

    public Task PauseAsync(string id, CancellationToken cancellationToken) => OnInstanceAsync(id, "ERR_PAUSE_WORKFLOW",
        $"error pausing workflow {id}: ", () => EngineAsync("SuspendInstance", new SuspendRequest { InstanceId = id },
            static (engine, request, token) => Done<SuspendResponse>(engine.SuspendAsync(request, token)), cancellationToken));

    public Task ResumeAsync(string id, CancellationToken cancellationToken) => OnInstanceAsync(id, "ERR_RESUME_WORKFLOW",
        $"error resuming workflow {id}: ", () => EngineAsync("ResumeInstance", new ResumeRequest { InstanceId = id },
            static (engine, request, token) => Done<ResumeResponse>(engine.ResumeAsync(request, token)), cancellationToken));

    public Task TerminateAsync(string id, CancellationToken cancellationToken) => OnInstanceAsync(id, "ERR_TERMINATE_WORKFLOW",
        $"error terminating workflow '{id}': ", () => EngineAsync("TerminateInstance", new TerminateRequest { InstanceId = id, Recursive = true },
            static (engine, request, token) => Done<TerminateResponse>(engine.TerminateAsync(request, token)), cancellationToken), notFound: true);

    public Task PurgeAsync(string id, CancellationToken cancellationToken) => OnInstanceAsync(id, "ERR_PURGE_WORKFLOW",
        $"error purging workflow '{id}': ", () => EngineAsync("PurgeInstances", new PurgeInstancesRequest { InstanceId = id, Recursive = true },
            static (engine, request, token) => engine.PurgeAsync(request, token), cancellationToken), notFound: true);

    /// <summary>A missing instance, in the words of get, terminate and purge.</summary>
    public static DaprError NotFound(string id) => new(404, "ERR_INSTANCE_ID_NOT_FOUND", StatusCode.NotFound,
        $"unable to find workflow with the provided instance ID: {id}");

    private Task<TResponse> EngineAsync<TRequest, TResponse>(string method, TRequest request,
        Func<WorkflowEngine, TRequest, CancellationToken, Task<TResponse>> here, CancellationToken cancellationToken)
        where TRequest : Google.Protobuf.IMessage where TResponse : class, Google.Protobuf.IMessage<TResponse>, new() =>
        Gate.CallAsync(method, request, (engine, token) => here(engine, request, token), forwarded: false, cancellationToken);

    private static Task OnInstanceAsync(string id, string errorCode, string text, Func<Task> call, bool notFound = false)
    {
        CheckGiven(id);
        return CallAsync(errorCode, text, call, notFound ? id : null);
    }

    private static async Task CallAsync(string errorCode, string text, Func<Task> call, string? notFoundId = null)
    {
        try
        {
            await call();
        }
        catch (RpcException e) when (notFoundId is not null && WorkflowEngine.IsMissing(e))
        {
            throw NotFound(notFoundId);
        }
        catch (RpcException e)
        {
            const string prefix = "failed to create workflow instance: ";
            var detail = e.Status.Detail.StartsWith(prefix, StringComparison.Ordinal) ? e.Status.Detail[prefix.Length..] : e.Status.Detail;
            throw new DaprError(500, errorCode, StatusCode.Internal, text + detail, e);
        }
    }

    private static void CheckGiven(string id)
    {
        if (id.Length == 0)
            throw Missing("ERR_INSTANCE_ID_PROVIDED_MISSING", "no instance ID was provided");
    }

    private static void CheckId(string id)
    {
        if (id.Length > LongestId)
            throw Missing("ERR_INSTANCE_ID_TOO_LONG", $"workflow instance ID exceeds the max length of {LongestId} characters");
        if (!id.All(c => char.IsLetterOrDigit(c) || c is '_' or '-'))
            throw Missing("ERR_INSTANCE_ID_INVALID",
                $"workflow instance ID '{id}' is invalid: only alphanumeric and underscore characters are allowed");
    }

    private static DaprError Missing(string errorCode, string message) => new(400, errorCode, StatusCode.InvalidArgument, message);
}

/// <summary>What both protocols show of an instance.</summary>
internal static class WorkflowView
{
    /// <summary>The status by name; a stalled instance is of a kind this API has no name for.</summary>
    public static string Status(WorkflowState state) => state.WorkflowStatus == OrchestrationStatus.Stalled ? "UNKNOWN"
        : state.WorkflowStatus == OrchestrationStatus.ContinuedAsNew ? "CONTINUED_AS_NEW"
        : state.WorkflowStatus.ToString().ToUpperInvariant();

    public static IEnumerable<(string Name, string Value)> Properties(WorkflowState state)
    {
        (string Name, string? Value)[] all =
        [
            ("input", state.Input),
            ("output", state.Output),
            ("custom_status", state.CustomStatus),
            ("failure.error_type", state.FailureDetails?.ErrorType),
            ("failure.error_message", state.FailureDetails?.ErrorMessage),
            ("failure.stack_trace", state.FailureDetails?.StackTrace),
        ];
        return all.Where(p => p.Value is not null).Select(p => ("dapr.workflow." + p.Name, p.Value!));
    }
}
