using System.Collections.Concurrent;
using System.Threading.Channels;
using ConcertDapr.Sidecar.Workflows;
using ConcertDapr.Wire.Workflows;
using Google.Protobuf.WellKnownTypes;

namespace ConcertDapr.Tests.Workflows;

/// <summary>What a workflow wants so far, given everything that has happened; ids it was given before are not asked for again.</summary>
internal delegate IEnumerable<WorkflowAction> WorkflowCode(Happened happened);

/// <summary>All events of a work item, past and new.</summary>
internal sealed record Happened(WorkflowRequest Request)
{
    public IReadOnlyList<HistoryEvent> Events { get; } = [.. Request.PastEvents, .. Request.NewEvents];

    public string? Input => Events.First(e => e.ExecutionStarted is not null).ExecutionStarted.Input;

    public bool Done(int id) => Events.Any(e => (e.TaskCompleted?.TaskScheduledId ?? e.TimerFired?.TimerId
        ?? e.ChildWorkflowInstanceCompleted?.TaskScheduledId ?? e.ChildWorkflowInstanceFailed?.TaskScheduledId
        ?? e.TaskFailed?.TaskScheduledId) == id);

    public string? Result(int id) => Events.FirstOrDefault(e => e.TaskCompleted?.TaskScheduledId == id)?.TaskCompleted.Result;

    public bool Raised(string name) => Events.Any(e => e.EventRaised?.Name == name);
}

internal static class Do
{
    public static WorkflowAction Activity(int id, string name, string? input = null) => new() { Id = id, ScheduleTask = new() { Name = name, Input = input, TaskExecutionId = $"x{id}" } };

    public static WorkflowAction Timer(int id, DateTimeOffset at) => new() { Id = id, CreateTimer = new() { FireAt = at.ToTimestamp(), CreateTimer = new() } };

    public static WorkflowAction EventTimer(int id, string name, DateTimeOffset at) =>
        new() { Id = id, CreateTimer = new() { FireAt = at.ToTimestamp(), ExternalEvent = new() { Name = name } } };

    public static WorkflowAction Child(int id, string name, string instanceId) => new() { Id = id, CreateChildWorkflow = new() { Name = name, InstanceId = instanceId } };

    public static WorkflowAction Complete(string? result = null, OrchestrationStatus status = OrchestrationStatus.Completed) =>
        new() { CompleteWorkflow = new() { WorkflowStatus = status, Result = result } };

    public static WorkflowAction ContinueAsNew(string input, params HistoryEvent[] carried) =>
        new() { CompleteWorkflow = new() { WorkflowStatus = OrchestrationStatus.ContinuedAsNew, Result = input, CarryoverEvents = { carried } } };
}

/// <summary>A worker in the same process: answers by code, or leaves items to the test when there is no code for their name.</summary>
internal sealed class Worker : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<WorkItem> _items = Channel.CreateUnbounded<WorkItem>();
    private readonly Task _serving;

    public Worker(WorkflowEngine engine, Action<Worker>? register = null, bool withTokens = false)
    {
        register?.Invoke(this);
        _serving = Task.Run(() => ServeAsync(engine, withTokens));
    }

    public ConcurrentDictionary<string, WorkflowCode> Workflows { get; } = new();

    public ConcurrentDictionary<string, Func<ActivityRequest, ActivityResponse>> Activities { get; } = new();

    /// <summary>The next item that has no code.</summary>
    public async Task<WorkItem> NextAsync() => await _items.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    public async Task<WorkflowRequest> NextTurnAsync() => (await NextAsync()).WorkflowRequest.ShouldNotBeNull();

    public async Task<ActivityRequest> NextActivityAsync() => (await NextAsync()).ActivityRequest.ShouldNotBeNull();

    public bool HasItem => _items.Reader.TryPeek(out _);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _serving;
        }
        catch (Exception e) when (e is OperationCanceledException or Grpc.Core.RpcException)
        {
            // The stream's regular ends: the test broke it off, or the engine stopped.
        }
    }

    private Task ServeAsync(WorkflowEngine engine, bool withTokens) => engine.ServeWorkerAsync(item =>
    {
        if (item.WorkflowRequest is { } turn && Workflows.TryGetValue(NameOf(turn), out var code))
            _ = Task.Run(() => engine.CompleteWorkflowAsync(Answer(turn, code, item.CompletionToken)));
        else if (item.ActivityRequest is { } task && Activities.TryGetValue(task.Name, out var activity))
            _ = Task.Run(() =>
            {
                var answer = activity(task);
                answer.CompletionToken = item.CompletionToken;
                return engine.CompleteActivityAsync(answer);
            });
        else
            _items.Writer.TryWrite(item);
        return Task.CompletedTask;
    }, _stop.Token, withTokens);

    private static string NameOf(WorkflowRequest turn) => new Happened(turn).Events.First(e => e.ExecutionStarted is not null).ExecutionStarted.Name;

    private static WorkflowResponse Answer(WorkflowRequest turn, WorkflowCode code, string token)
    {
        var known = turn.PastEvents.Where(e => e.TaskScheduled is not null || e.TimerCreated is not null
            || e.ChildWorkflowInstanceCreated is not null).Select(e => e.EventId).ToHashSet();
        return new()
        {
            InstanceId = turn.InstanceId,
            CompletionToken = token,
            Actions = { code(new Happened(turn)).Where(a => a.CompleteWorkflow is not null || !known.Contains(a.Id)) },
        };
    }
}
