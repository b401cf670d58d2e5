using ConcertDapr.Sidecar.Workflows;
using ConcertDapr.Wire.Workflows;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConcertDapr.Tests.Workflows;

/// <summary>An engine with one worker over a disk, and the calls that tests make.</summary>
internal sealed class EngineUnderTest : IAsyncDisposable
{
    public EngineUnderTest(Disk? disk = null, WorkflowOptions? options = null, bool withWorker = true, TimeProvider? time = null)
    {
        Disk = disk ?? new Disk();
        Engine = new WorkflowEngine(options ?? new("app"), Disk.Mount(), time ?? TimeProvider.System, NullLogger<WorkflowEngine>.Instance);
        Worker = withWorker ? new Worker(Engine) : null!;
    }

    public Disk Disk { get; }

    public WorkflowEngine Engine { get; }

    public Worker Worker { get; set; }

    public static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    public Task StartAsync(string id, string name = "W", string? input = null) =>
        Engine.StartAsync(new() { InstanceId = id, Name = name, Input = input }, Soon);

    public async Task<WorkflowState> GetAsync(string id) =>
        (await Engine.GetAsync(new() { InstanceId = id, GetInputsAndOutputs = true }, Soon)).WorkflowState;

    public async Task<WorkflowState> EndAsync(string id) =>
        (await Engine.WaitForCompletionAsync(new() { InstanceId = id, GetInputsAndOutputs = true }, Soon)).WorkflowState;

    public async Task<IReadOnlyList<HistoryEvent>> HistoryAsync(string id) =>
        (await Engine.HistoryAsync(new() { InstanceId = id }, Soon)).Events;

    public async Task<string> KindsAsync(string id) => string.Join(' ', (await HistoryAsync(id)).Select(e => e.EventTypeCase));

    public Task RaiseAsync(string id, string name, string? input = null) =>
        Engine.RaiseEventAsync(new() { InstanceId = id, Name = name, Input = input }, Soon);

    public Task AnswerAsync(string id, params WorkflowAction[] actions) =>
        Engine.CompleteWorkflowAsync(new() { InstanceId = id, Actions = { actions } });

    public Task ResultAsync(string id, int taskId, string result) =>
        Engine.CompleteActivityAsync(new() { InstanceId = id, TaskId = taskId, Result = result });

    /// <summary>The process is killed: nothing is closed. Another engine takes over the disk.</summary>
    public async Task<EngineUnderTest> KilledAndRestartedAsync(bool withWorker = true)
    {
        var next = new EngineUnderTest(Disk, withWorker: withWorker);
        await next.Engine.RecoverAsync();
        return next;
    }

    public static async Task ShouldFailAsync(Task call, StatusCode code, string text)
    {
        var error = await Should.ThrowAsync<RpcException>(() => call);
        error.Status.Detail.ShouldBe(text);
        error.StatusCode.ShouldBe(code);
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        if (Worker is not null)
            await Worker.DisposeAsync();
    }
}
