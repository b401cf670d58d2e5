using System.Threading.Channels;
using ConcertDapr.Wire;
using ConcertDapr.Wire.Workflows;
using Dapr.Workflow;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConcertDapr.Tests.Workflows;

/// <summary>A workflow service that hands out the items a test gives it and collects the answers.</summary>
internal sealed class ScriptedHub : IAsyncDisposable
{
    private readonly Channel<WorkItem> _items = Channel.CreateUnbounded<WorkItem>();
    private readonly Channel<WorkflowResponse> _workflows = Channel.CreateUnbounded<WorkflowResponse>();
    private readonly Channel<ActivityResponse> _activities = Channel.CreateUnbounded<ActivityResponse>();
    private TestApp _app = null!;

    public ChannelReader<WorkflowResponse> WorkflowAnswers => _workflows.Reader;

    public ChannelReader<ActivityResponse> ActivityAnswers => _activities.Reader;

    public Uri Address => _app.Address;

    /// <param name="limit">Answers of more bytes are refused.</param>
    /// <param name="lost">So many answers are met with UNAVAILABLE first.</param>
    /// <param name="port">0 for a free one.</param>
    public static async Task<ScriptedHub> StartAsync(int limit = int.MaxValue, int port = 0, int lost = 0)
    {
        var hub = new ScriptedHub();
        var server = new GrpcServer(new GrpcServerOptions(), NullLogger.Instance)
            .TaskHub("Hello", Empty.Parser, _ => new Empty())
            .TaskHub("CompleteOrchestratorTask", WorkflowResponse.Parser, r => lost-- > 0
                ? throw GrpcFraming.Error(StatusCode.Unavailable, "away")
                : Accept(hub._workflows, r, limit))
            .TaskHub("CompleteActivityTask", ActivityResponse.Parser, r => Accept(hub._activities, r, limit))
            .ServerStream<GetWorkItemsRequest, WorkItem>("/TaskHubSidecarService/GetWorkItems", GetWorkItemsRequest.Parser, async (_, write, call) =>
            {
                await foreach (var item in hub._items.Reader.ReadAllAsync(call.Cancellation))
                    await write(item);
            });
        hub._app = await TestApp.StartAsync(app => app.Run(server.HandleAsync), grpc: true, port: port);
        return hub;
    }

    public void Send(WorkItem item) => _items.Writer.TryWrite(item);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static CompleteTaskResponse Accept<T>(Channel<T> answers, T answer, int limit)
        where T : IMessage
    {
        if (answer.CalculateSize() > limit)
            throw GrpcFraming.Error(StatusCode.ResourceExhausted, "grpc: received message larger than max");
        answers.Writer.TryWrite(answer);
        return new CompleteTaskResponse();
    }
}

/// <summary>A host with only a workflow worker in it.</summary>
internal sealed class WorkerHost(IHost host) : IAsyncDisposable
{
    public IServiceProvider Services => host.Services;

    public static Task<WorkerHost> StartAsync(ScriptedHub hub, Action<WorkflowRuntimeOptions> register, Action<IServiceCollection>? add = null) =>
        StartAsync(hub.Address.ToString(), register, add);

    public static async Task<WorkerHost> StartAsync(
        string grpcEndpoint, Action<WorkflowRuntimeOptions> register, Action<IServiceCollection>? add = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([new("DAPR_GRPC_ENDPOINT", grpcEndpoint)]);
        builder.Logging.ClearProviders();
        builder.Services.AddDaprWorkflow(register);
        add?.Invoke(builder.Services);
        var host = builder.Build();
        await host.StartAsync();
        return new WorkerHost(host);
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
    }
}
