using ConcertDapr.Wire;
using ConcertDapr.Wire.Runtime;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using static ConcertDapr.Sidecar.Api.Grpc.DaprService;

namespace ConcertDapr.Sidecar.Api.Grpc;

/// <summary>The older workflow API as methods of the Dapr service.</summary>
internal static class WorkflowBetaService
{
    public static GrpcServer AddWorkflowBeta(this GrpcServer server, WorkflowApi api)
    {
        foreach (var version in new[] { "Beta1", "Alpha1" })
            server
                .Operation(Path("StartWorkflow" + version), StartWorkflowRequest.Parser, async (r, call) => new StartWorkflowResponse
                {
                    InstanceId = await api.StartAsync(r.WorkflowName, r.InstanceId, r.Input.ToStringUtf8(), call.Cancellation),
                })
                .Operation(Path("GetWorkflow" + version), WorkflowReference.Parser, (r, call) => GetAsync(api, r.InstanceId, call.Cancellation))
                .Operation(Path("RaiseEventWorkflow" + version), RaiseEventWorkflowRequest.Parser, (r, call) =>
                    Done(api.RaiseEventAsync(r.InstanceId, r.EventName, r.EventData.ToStringUtf8(), call.Cancellation)))
                .OnInstance("PauseWorkflow" + version, api.PauseAsync)
                .OnInstance("ResumeWorkflow" + version, api.ResumeAsync)
                .OnInstance("TerminateWorkflow" + version, api.TerminateAsync)
                .OnInstance("PurgeWorkflow" + version, api.PurgeAsync);
        return server;
    }

    private static GrpcServer OnInstance(this GrpcServer server, string method, Func<string, CancellationToken, Task> handle) =>
        server.Operation(Path(method), WorkflowReference.Parser, (r, call) => Done(handle(r.InstanceId, call.Cancellation)));

    /// <summary>Unlike over HTTP a missing instance is no error here: the answer has only the id.</summary>
    private static async Task<GetWorkflowResponse> GetAsync(WorkflowApi api, string id, CancellationToken cancellationToken)
    {
        var answer = new GetWorkflowResponse { InstanceId = id };
        if (await api.GetAsync(id, cancellationToken) is not { } state)
            return answer;
        (answer.WorkflowName, answer.RuntimeStatus) = (state.Name, WorkflowView.Status(state));
        (answer.CreatedAt, answer.LastUpdatedAt) = (state.CreatedTimestamp, state.LastUpdatedTimestamp);
        foreach (var (name, value) in WorkflowView.Properties(state))
            answer.Properties[name] = value;
        return answer;
    }
}
