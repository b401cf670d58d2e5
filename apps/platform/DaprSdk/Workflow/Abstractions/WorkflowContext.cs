using Microsoft.Extensions.Logging;

namespace Dapr.Workflow;

/// <summary>The part of a workflow's context that helpers need.</summary>
public interface IWorkflowContext
{
    bool IsReplaying { get; }

    DateTime CurrentUtcDateTime { get; }

    bool IsPatched(string patchName);
}

/// <summary>What workflow code may use: everything here gives the same answers at every replay.</summary>
public abstract class WorkflowContext : IWorkflowContext
{
    public abstract string Name { get; }

    public abstract string InstanceId { get; }

    /// <summary>The time of the event being processed.</summary>
    public abstract DateTime CurrentUtcDateTime { get; }

    /// <summary>True while past events are being repeated.</summary>
    public abstract bool IsReplaying { get; }

    /// <summary>
    /// True when this instance takes the changed path: it reached this place first after the change, or did so before.
    /// </summary>
    public abstract bool IsPatched(string patchName);

    public virtual Task CallActivityAsync(string name, object? input = null, WorkflowTaskOptions? options = null) =>
        CallActivityAsync<object>(name, input, options);

    /// <exception cref="WorkflowTaskFailedException">The activity failed, and every retry the options allow.</exception>
    public abstract Task<T> CallActivityAsync<T>(string name, object? input = null, WorkflowTaskOptions? options = null);

    public virtual Task CreateTimer(TimeSpan delay, CancellationToken cancellationToken = default) =>
        CreateTimer(CurrentUtcDateTime.Add(delay), cancellationToken);

    /// <param name="fireAt">A UTC time.</param>
    /// <param name="cancellationToken">Ends the wait, not the timer.</param>
    public abstract Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken);

    /// <summary>Waits for an event; names are compared without case, events are given out first come first served.</summary>
    public abstract Task<T> WaitForExternalEventAsync<T>(string eventName, CancellationToken cancellationToken = default);

    /// <exception cref="TaskCanceledException">The event did not come in time.</exception>
    public abstract Task<T> WaitForExternalEventAsync<T>(string eventName, TimeSpan timeout);

    /// <summary>Not carried out by daprd 1.18: do not use.</summary>
    public abstract void SendEvent(string instanceId, string eventName, object payload);

    /// <summary>Shown with the instance's state until a turn ends without setting it.</summary>
    public abstract void SetCustomStatus(object? customStatus);

    /// <exception cref="WorkflowTaskFailedException">The child failed, and every retry the options allow.</exception>
    public abstract Task<TResult> CallChildWorkflowAsync<TResult>(
        string workflowName, object? input = null, ChildWorkflowTaskOptions? options = null);

    public virtual Task CallChildWorkflowAsync(
        string workflowName, object? input = null, ChildWorkflowTaskOptions? options = null) =>
        CallChildWorkflowAsync<object>(workflowName, input, options);

    /// <summary>A logger that is silent while past events are repeated.</summary>
    public abstract ILogger CreateReplaySafeLogger(string categoryName);

    /// <inheritdoc cref="CreateReplaySafeLogger(string)"/>
    public abstract ILogger CreateReplaySafeLogger(Type type);

    /// <inheritdoc cref="CreateReplaySafeLogger(string)"/>
    public abstract ILogger CreateReplaySafeLogger<T>();

    /// <summary>Starts over with a new input and an empty history, under the same instance id.</summary>
    public abstract void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true);

    /// <summary>An id that is the same at every replay.</summary>
    public abstract Guid NewGuid();
}
