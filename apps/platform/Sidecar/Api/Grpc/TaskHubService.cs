using ConcertDapr.Sidecar.Invocation;
using ConcertDapr.Sidecar.Workflows;
using ConcertDapr.Wire;
using ConcertDapr.Wire.Workflows;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using static ConcertDapr.Sidecar.Workflows.WorkflowGate;

namespace ConcertDapr.Sidecar.Api.Grpc;

/// <summary>The gRPC service of workflow workers and clients; it has no package, so its paths begin with its name.</summary>
internal static class TaskHubService
{
    private const string NoStore = "the state store is not configured to use the actor runtime. "
        + "Have you set the - name: actorStateStore value: \"true\" in your state store component file?";

    private const string ApiError = "api error: code = Internal desc = ";

    /// <summary>Adds the service. Without an engine (no actor state store) every method but Hello says why it cannot work.</summary>
    public static GrpcServer AddTaskHub(this GrpcServer server, WorkflowGate? gate)
    {
        server.Unary(Path("Hello"), Empty.Parser, (_, _) => Task.FromResult(new Empty()));
        server.ServerStream<GetWorkItemsRequest, WorkItem>(Path("GetWorkItems"), GetWorkItemsRequest.Parser,
            (request, write, call) => gate is null
                ? Task.Delay(Timeout.Infinite, call.Cancellation)
                : gate.ServeWorkerAsync(request, write, IsForwarded(call), call.Cancellation));
        return server.AddWorkerAnswers(gate).AddClientCalls(gate);
    }

    private static GrpcServer AddWorkerAnswers(this GrpcServer server, WorkflowGate? gate)
    {
        foreach (var name in new[] { "CompleteOrchestratorTask", "CompleteWorkflowTask" })
            server.Add(name, WorkflowResponse.Parser, gate, "", async (e, answer, _) =>
            {
                await e.CompleteWorkflowAsync(answer);
                return new CompleteTaskResponse();
            });
        return server.Add("CompleteActivityTask", ActivityResponse.Parser, gate, "", async (e, answer, _) =>
        {
            await e.CompleteActivityAsync(answer);
            return new CompleteTaskResponse();
        });
    }

    private static GrpcServer AddClientCalls(this GrpcServer server, WorkflowGate? gate) => server
        .Add("StartInstance", CreateInstanceRequest.Parser, gate, "failed to create workflow instance: " + ApiError,
            (e, r, token) => e.StartAsync(r, token))
        .Add("GetInstance", GetInstanceRequest.Parser, gate, "failed to load workflow metadata: " + ApiError,
            (e, r, token) => e.GetAsync(r, token))
        .Add("WaitForInstanceStart", GetInstanceRequest.Parser, gate, "", (e, r, token) => e.WaitForStartAsync(r, token))
        .Add("WaitForInstanceCompletion", GetInstanceRequest.Parser, gate, "", (e, r, token) => e.WaitForCompletionAsync(r, token))
        .Add("RaiseEvent", RaiseEventRequest.Parser, gate, "", (e, r, token) => Done<RaiseEventResponse>(e.RaiseEventAsync(r, token)))
        .Add("SuspendInstance", SuspendRequest.Parser, gate, "", (e, r, token) => Done<SuspendResponse>(e.SuspendAsync(r, token)))
        .Add("ResumeInstance", ResumeRequest.Parser, gate, "", (e, r, token) => Done<ResumeResponse>(e.ResumeAsync(r, token)))
        .Add("TerminateInstance", TerminateRequest.Parser, gate, "failed to submit termination request: " + ApiError,
            (e, r, token) => Done<TerminateResponse>(e.TerminateAsync(r, token)))
        .Add("PurgeInstances", PurgeInstancesRequest.Parser, gate, "failed to purge workflow state: " + ApiError,
            (e, r, token) => e.PurgeAsync(r, token))
        .Add("ListInstanceIDs", ListInstanceIDsRequest.Parser, gate, "", (e, r, token) => e.ListAsync(r, token))
        .Add("GetInstanceHistory", GetInstanceHistoryRequest.Parser, gate, "", (e, r, token) => e.HistoryAsync(r, token))
        .Add("RerunWorkflowFromEvent", RerunWorkflowFromEventRequest.Parser, gate, "", (e, r, token) => e.RerunAsync(r, token));

    private static string Path(string method) => "/TaskHubSidecarService/" + method;

    private static GrpcServer Add<TRequest, TResponse>(this GrpcServer server, string method, MessageParser<TRequest> parser,
        WorkflowGate? gate, string errorPrefix, Func<WorkflowEngine, TRequest, CancellationToken, Task<TResponse>> handle)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse>, new() =>
        server.Unary(Path(method), parser, (request, call) => gate is null
            ? throw GrpcFraming.Error(StatusCode.Internal, errorPrefix + NoStore)
            : gate.CallAsync(method, request, (engine, token) => handle(engine, request, token), IsForwarded(call), call.Cancellation));

    private static bool IsForwarded(GrpcCall call) => call.Header(PeerClient.ForwardedHeader) is not null;
}
