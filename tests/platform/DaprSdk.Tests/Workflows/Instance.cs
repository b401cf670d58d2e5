using ConcertDapr.Wire.Workflows;
using Dapr.Common.Serialization;
using Dapr.Workflow;
using Dapr.Workflow.Worker;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConcertDapr.Tests.Workflows;

/// <summary>
/// One workflow instance as the sidecar keeps it: a history, and turns that add to it. Every turn is run twice, to see
/// that the same events give the same answer.
/// </summary>
internal sealed class Instance
{
    private readonly WorkflowsFactory _workflows = new(NullLogger<WorkflowsFactory>.Instance);
    private readonly JsonDaprSerializer _json = new();
    private readonly ILoggerFactory _loggers;
    private readonly List<HistoryEvent> _history = [];

    public Instance(ILoggerFactory? loggers = null) => _loggers = loggers ?? NullLoggerFactory.Instance;

    public string Id { get; init; } = "wf-1";

    public IServiceProvider Services { get; init; } = new ServiceCollection().BuildServiceProvider();

    public DateTime Now { get; set; } = new(2026, 5, 1, 12, 0, 0, DateTimeKind.Utc);

    public WorkflowResponse Answer { get; private set; } = new();

    public IReadOnlyList<WorkflowAction> Actions => Answer.Actions;

    public CompleteWorkflowAction? Completion => Actions.Select(a => a.CompleteWorkflow).LastOrDefault(c => c is not null);

    public static Instance Of<TIn, TOut>(Func<WorkflowContext, TIn, Task<TOut>> code, ILoggerFactory? loggers = null)
    {
        var instance = new Instance(loggers);
        instance._workflows.RegisterWorkflow("W", code);
        return instance;
    }

    public static Instance Of(Func<WorkflowContext, Task<string>> code, ILoggerFactory? loggers = null) =>
        Of<string, string>((context, _) => code(context), loggers);

    public Instance Start(object? input = null, string name = "W", string? app = "payment") => Turn(new HistoryEvent
    {
        EventId = -1,
        Router = app is null ? null : new TaskRouter { SourceAppId = app },
        ExecutionStarted = new ExecutionStartedEvent { Name = name, Input = _json.Serialize(input) },
    });

    public Instance Complete(int id, object? result = null) => Turn(Completed(id, result));

    public Instance Fail(int id, string type = "System.TimeoutException", string message = "too late") => Turn(Failed(id, type, message));

    public Instance Fire(int timer) => Turn(Fired(timer));

    public Instance Raise(string name, object? payload = null) => Turn(Raised(name, payload));

    public HistoryEvent Completed(int id, object? result = null) => new()
    {
        EventId = -1,
        TaskCompleted = new TaskCompletedEvent { TaskScheduledId = id, Result = _json.Serialize(result) },
    };

    public static HistoryEvent Failed(int id, string type = "System.TimeoutException", string message = "too late") => new()
    {
        EventId = -1,
        TaskFailed = new TaskFailedEvent { TaskScheduledId = id, FailureDetails = Details(type, message) },
    };

    public static HistoryEvent Fired(int timer) => new() { EventId = -1, TimerFired = new TimerFiredEvent { TimerId = timer } };

    public HistoryEvent Raised(string name, object? payload = null) => new()
    {
        EventId = -1,
        EventRaised = new EventRaisedEvent { Name = name, Input = _json.Serialize(payload) },
    };

    public HistoryEvent ChildCompleted(int id, object? result) => new()
    {
        EventId = -1,
        ChildWorkflowInstanceCompleted = new() { TaskScheduledId = id, Result = _json.Serialize(result) },
    };

    public static HistoryEvent ChildFailed(int id, TaskFailureDetails? details) => new()
    {
        EventId = -1,
        ChildWorkflowInstanceFailed = new() { TaskScheduledId = id, FailureDetails = details },
    };

    public static TaskFailureDetails Details(string type, string message) => new() { ErrorType = type, ErrorMessage = message };

    /// <summary>A turn with these events; what it asks for becomes history.</summary>
    public Instance Turn(params HistoryEvent[] events)
    {
        Now = Now.AddSeconds(1);
        var fresh = new List<HistoryEvent> { new() { EventId = -1, WorkflowStarted = new WorkflowStartedEvent() } };
        fresh.AddRange(events);
        fresh.ForEach(e => e.Timestamp ??= Timestamp.FromDateTime(Now));

        Answer = Run(fresh);
        Run(fresh).ShouldBe(Answer, "a repeated turn must give the same answer");
        if (Answer.Version is { } version)
            fresh[0].WorkflowStarted.Version = New(version);
        _history.AddRange(fresh);
        _history.AddRange(Actions.Select(Created).OfType<HistoryEvent>());
        return this;
    }

    /// <summary>Adds an event that no turn of this instance made, as another version of the code left it.</summary>
    public Instance History(HistoryEvent e)
    {
        e.Timestamp ??= Timestamp.FromDateTime(Now);
        _history.Add(e);
        return this;
    }

    private WorkflowResponse Run(List<HistoryEvent> fresh)
    {
        var request = new WorkflowRequest { InstanceId = Id };
        request.PastEvents.AddRange(_history);
        request.NewEvents.AddRange(fresh);
        return new WorkflowTurn(_workflows, _json, _loggers).Run(request, "token", Services);
    }

    private WorkflowVersion New(WorkflowVersion version)
    {
        var known = _history.Where(e => e.WorkflowStarted?.Version is not null).SelectMany(e => e.WorkflowStarted.Version.Patches);
        var added = new WorkflowVersion();
        added.Patches.AddRange(version.Patches.Except(known));
        return added;
    }

    private HistoryEvent? Created(WorkflowAction action)
    {
        var created = new HistoryEvent { EventId = action.Id, Timestamp = Timestamp.FromDateTime(Now) };
        switch (action.WorkflowActionTypeCase)
        {
            case WorkflowAction.WorkflowActionTypeOneofCase.ScheduleTask:
                created.TaskScheduled = new TaskScheduledEvent { Name = action.ScheduleTask.Name };
                break;
            case WorkflowAction.WorkflowActionTypeOneofCase.CreateChildWorkflow:
                created.ChildWorkflowInstanceCreated = new() { InstanceId = action.CreateChildWorkflow.InstanceId };
                break;
            case WorkflowAction.WorkflowActionTypeOneofCase.CreateTimer:
                created.TimerCreated = new TimerCreatedEvent { FireAt = action.CreateTimer.FireAt };
                if (action.CreateTimer.ExternalEvent is { } origin)
                    created.TimerCreated.ExternalEvent = origin;
                break;
            default:
                return null;
        }

        return created;
    }
}
