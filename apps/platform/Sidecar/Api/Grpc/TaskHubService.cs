using ConcertDapr.Sidecar.Workflows;
using ConcertDapr.Wire;
using ConcertDapr.Wire.Workflows;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ConcertDapr.Sidecar.Api.Grpc;

/// <summary>The gRPC service of workflow workers and clients; it has no package, so its paths begin with its name.</summary>
internal static class TaskHubService
{
    private const string NoStore = "the state store is not configured to use the actor runtime. "
        + "Have you set the - name: actorStateStore value: \"true\" in your state store component file?";

    private const string ApiError = "api error: code = Internal desc = ";

    /// <summary>Adds the service. Without an engine (no actor state store) every method but Hello says why it cannot work.</summary>
    public static GrpcServer AddTaskHub(this GrpcServer server, WorkflowEngine? engine)
    {
        server.Unary(Path("Hello"), Empty.Parser, (_, _) => Task.FromResult(new Empty()));
        server.ServerStream<GetWorkItemsRequest, WorkItem>(Path("GetWorkItems"), GetWorkItemsRequest.Parser,
            (_, write, call) => engine is null ? Task.Delay(Timeout.Infinite, call.Cancellation) : engine.ServeWorkerAsync(write, call.Cancellation));
        return server.AddWorkerAnswers(engine).AddClientCalls(engine);
    }

    private static GrpcServer AddWorkerAnswers(this GrpcServer server, WorkflowEngine? engine)
    {
        foreach (var name in new[] { "CompleteOrchestratorTask", "CompleteWorkflowTask" })
            server.Add(name, WorkflowResponse.Parser, engine, "", async (e, answer, _) =>
            {
                await e.CompleteWorkflowAsync(answer);
                return new CompleteTaskResponse();
            });
        return server.Add("CompleteActivityTask", ActivityResponse.Parser, engine, "", async (e, answer, _) =>
        {
            await e.CompleteActivityAsync(answer);
            return new CompleteTaskResponse();
        });
    }

    private static GrpcServer AddClientCalls(this GrpcServer server, WorkflowEngine? engine) => server
        .Add("StartInstance", CreateInstanceRequest.Parser, engine, "failed to create workflow instance: " + ApiError,
            (e, r, token) => e.StartAsync(r, token))
        .Add("GetInstance", GetInstanceRequest.Parser, engine, "failed to load workflow metadata: " + ApiError,
            (e, r, token) => e.GetAsync(r, token))
        .Add("WaitForInstanceStart", GetInstanceRequest.Parser, engine, "", (e, r, token) => e.WaitForStartAsync(r, token))
        .Add("WaitForInstanceCompletion", GetInstanceRequest.Parser, engine, "", (e, r, token) => e.WaitForCompletionAsync(r, token))
        .Add("RaiseEvent", RaiseEventRequest.Parser, engine, "", (e, r, token) => Done<RaiseEventResponse>(e.RaiseEventAsync(r, token)))
        .Add("SuspendInstance", SuspendRequest.Parser, engine, "", (e, r, token) => Done<SuspendResponse>(e.SuspendAsync(r, token)))
        .Add("ResumeInstance", ResumeRequest.Parser, engine, "", (e, r, token) => Done<ResumeResponse>(e.ResumeAsync(r, token)))
        .Add("TerminateInstance", TerminateRequest.Parser, engine, "failed to submit termination request: " + ApiError,
            (e, r, token) => Done<TerminateResponse>(e.TerminateAsync(r, token)))
        .Add("PurgeInstances", PurgeInstancesRequest.Parser, engine, "failed to purge workflow state: " + ApiError,
            (e, r, token) => e.PurgeAsync(r, token))
        .Add("ListInstanceIDs", ListInstanceIDsRequest.Parser, engine, "", (e, r, token) => e.ListAsync(r, token))
        .Add("GetInstanceHistory", GetInstanceHistoryRequest.Parser, engine, "", (e, r, token) => e.HistoryAsync(r, token))
        .Add("RerunWorkflowFromEvent", RerunWorkflowFromEventRequest.Parser, engine, "", (e, r, token) => e.RerunAsync(r, token));

    private static string Path(string method) => "/TaskHubSidecarService/" + method;

    private static GrpcServer Add<TRequest, TResponse>(this GrpcServer server, string method, MessageParser<TRequest> parser,
        WorkflowEngine? engine, string errorPrefix, Func<WorkflowEngine, TRequest, CancellationToken, Task<TResponse>> handle)
        where TRequest : class, IMessage<TRequest> where TResponse : IMessage =>
        server.Unary(Path(method), parser, (request, call) => engine is null
            ? throw GrpcFraming.Error(StatusCode.Internal, errorPrefix + NoStore)
            : handle(engine, request, call.Cancellation));

    private static async Task<TResponse> Done<TResponse>(Task done) where TResponse : new()
    {
        await done;
        return new TResponse();
    }
}
