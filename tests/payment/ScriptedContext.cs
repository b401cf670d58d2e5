using ConcertDapr.Contracts;
using Dapr.Workflow;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConcertDapr.Tests;

/// <summary>A workflow's context in which activities do as told and their order is written down.</summary>
internal sealed class ScriptedContext : WorkflowContext
{
    private readonly Dictionary<string, Func<object?>> _script = [];

    /// <summary>Activities called, in order.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Their inputs.</summary>
    public List<object?> Inputs { get; } = [];

    public override string Name => "PaymentWorkflow";

    public override string InstanceId => "saga";

    public override DateTime CurrentUtcDateTime => DateTime.UnixEpoch;

    public override bool IsReplaying => false;

    /// <summary>Lets an activity refuse.</summary>
    public ScriptedContext Refusing(string activity, string code) => With(activity, () => new StepResult(code));

    /// <summary>Lets an activity fail, and all its retries.</summary>
    public ScriptedContext Breaking(string activity) =>
        With(activity, () => throw new WorkflowTaskFailedException("broken", new("System.TimeoutException", "broken")));

    public override Task<T> CallActivityAsync<T>(string name, object? input = null, WorkflowTaskOptions? options = null)
    {
        // A step without a limit on its pauses would wait ever longer.
        options!.RetryPolicy!.MaxRetryInterval.ShouldNotBeNull();
        Calls.Add(name);
        Inputs.Add(input);
        var result = _script.TryGetValue(name, out var act) ? act() : typeof(T) == typeof(StepResult) ? StepResult.Done : null;
        return Task.FromResult((T)result!);
    }

    public override bool IsPatched(string patchName) => throw NotUsed();

    public override Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken) => throw NotUsed();

    public override Task<T> WaitForExternalEventAsync<T>(string eventName, CancellationToken cancellationToken = default) => throw NotUsed();

    public override Task<T> WaitForExternalEventAsync<T>(string eventName, TimeSpan timeout) => throw NotUsed();

    public override void SendEvent(string instanceId, string eventName, object payload) => throw NotUsed();

    public override void SetCustomStatus(object? customStatus) => throw NotUsed();

    public override Task<TResult> CallChildWorkflowAsync<TResult>(string workflowName, object? input = null,
        ChildWorkflowTaskOptions? options = null) => throw NotUsed();

    public override ILogger CreateReplaySafeLogger(string categoryName) => NullLogger.Instance;

    public override ILogger CreateReplaySafeLogger(Type type) => NullLogger.Instance;

    public override ILogger CreateReplaySafeLogger<T>() => NullLogger.Instance;

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true) => throw NotUsed();

    public override Guid NewGuid() => throw NotUsed();

    private ScriptedContext With(string activity, Func<object?> act)
    {
        _script[activity] = act;
        return this;
    }

    private static NotSupportedException NotUsed() => new("The saga does not use this.");
}
