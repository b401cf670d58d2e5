using ConcertDapr.Wire;
using ConcertDapr.Wire.Workflows;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Dapr.Workflow;

/// <summary>The largest messages of the workflow connection in bytes; null for no limit.</summary>
internal sealed record WorkflowMessageLimits(int? Receive, int? Send);

/// <summary>The sidecar's workflow service.</summary>
internal sealed class TaskHub(SidecarGrpc grpc)
{
    public Task HelloAsync(CancellationToken token) => CallAsync("Hello", new Empty(), Empty.Parser, token);

    public IAsyncEnumerable<WorkItem> GetWorkItemsAsync() =>
        grpc.StreamAsync("/TaskHubSidecarService/GetWorkItems", new GetWorkItemsRequest { WithCompletionTokens = true }, WorkItem.Parser);

    /// <summary>Under its older name, which runtimes before 1.18 know too.</summary>
    public Task CompleteAsync(WorkflowResponse response, CancellationToken token) =>
        CallAsync("CompleteOrchestratorTask", response, CompleteTaskResponse.Parser, token);

    public Task CompleteAsync(ActivityResponse response, CancellationToken token) =>
        CallAsync("CompleteActivityTask", response, CompleteTaskResponse.Parser, token);

    public Task<TResponse> CallAsync<TResponse>(
        string method, IMessage request, MessageParser<TResponse> parser, CancellationToken token)
        where TResponse : class, IMessage<TResponse> =>
        grpc.CallAsync($"/TaskHubSidecarService/{method}", request, parser, token);
}
