using ConcertDapr.Wire.Workflows;
using Dapr.Common.Serialization;
using Dapr.Workflow.Abstractions;
using Microsoft.Extensions.Logging;

namespace Dapr.Workflow.Worker;

/// <summary>Name, input and clock a turn begins with, read from its events.</summary>
internal sealed record WorkflowStart(string Name, string? Input, string? AppId, DateTime Time)
{
    /// <summary>Null when no event names the workflow.</summary>
    public static WorkflowStart? Read(WorkflowRequest request)
    {
        var newestFirst = request.NewEvents.Reverse().Concat(request.PastEvents.Reverse()).ToList();
        var time = request.PastEvents.Count > 0
            ? request.PastEvents[0].Timestamp
            : request.NewEvents.LastOrDefault(e => e.WorkflowStarted is not null)?.Timestamp;
        var now = time?.ToDateTime() ?? DateTime.UtcNow;

        if (newestFirst.Find(e => e.ExecutionStarted is not null) is { ExecutionStarted.Name.Length: > 0 } started)
            return new WorkflowStart(started.ExecutionStarted.Name, started.ExecutionStarted.Input, AppOf(started), now);
        var version = newestFirst.Find(e => e.WorkflowStarted?.Version?.Name is { Length: > 0 });
        return version is null ? null : new WorkflowStart(version.WorkflowStarted.Version.Name, null, null, now);
    }

    private static string? AppOf(HistoryEvent started) => started.Router switch
    {
        { TargetAppId.Length: > 0 } router => router.TargetAppId,
        { SourceAppId.Length: > 0 } router => router.SourceAppId,
        _ => null,
    };
}

/// <summary>Runs workflow code over the events of one work item and answers with what it asks for. No I/O.</summary>
internal sealed partial class WorkflowTurn(IWorkflowsFactory workflows, IDaprSerializer serializer, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger<WorkflowTurn>();

    /// <summary>Never throws: whatever goes wrong fails the workflow.</summary>
    public WorkflowResponse Run(WorkflowRequest request, string completionToken, IServiceProvider services)
    {
        var response = new WorkflowResponse { InstanceId = request.InstanceId, CompletionToken = completionToken };
        try
        {
            switch ((request.NewEvents.LastOrDefault() ?? request.PastEvents.LastOrDefault())?.EventTypeCase)
            {
                case HistoryEvent.EventTypeOneofCase.ExecutionTerminated:
                    Complete(response, new CompleteWorkflowAction { WorkflowStatus = OrchestrationStatus.Terminated });
                    break;
                case HistoryEvent.EventTypeOneofCase.ExecutionSuspended:
                    break;
                default:
                    Execute(request, response, services);
                    break;
            }
        }
        catch (Exception e)
        {
            LogTurnFailed(_logger, e, request.InstanceId);
            Complete(response, Failed(e, nonRetriable: false));
        }

        return response;
    }

    /// <summary>The answer that ends a workflow as failed.</summary>
    public static WorkflowResponse Fail(string instanceId, string completionToken, string type, string message)
    {
        var response = new WorkflowResponse { InstanceId = instanceId, CompletionToken = completionToken };
        Complete(response, Failed(type, message));
        return response;
    }

    private void Execute(WorkflowRequest request, WorkflowResponse response, IServiceProvider services)
    {
        if (WorkflowStart.Read(request) is not { } start)
            Complete(response, Failed(
                "WorkflowNameMissing", "Workflow name missing and no routable workflow could be resolved."));
        else if (workflows.TryCreateWorkflow(start.Name, services, out var workflow, out var failure))
            Execute(workflow!, start, request, response);
        else
            Complete(response, failure is null
                ? Failed("WorkflowNotFound", $"Workflow '{start.Name}' is not registered in this app.")
                : Failed(failure, true, $"Workflow '{start.Name}' failed to activate: {failure.Message}"));
    }

    private void Execute(IWorkflow workflow, WorkflowStart start, WorkflowRequest request, WorkflowResponse response)
    {
        var patches = new PatchTracker(request.PastEvents);
        var context = new ReplayContext(request, start, patches, serializer, loggers);
        var input = string.IsNullOrEmpty(start.Input) ? null : serializer.Deserialize(start.Input, workflow.InputType);

        var run = Replay(workflow, context, input, request);

        if (patches.Version(start.Name) is { } version)
            response.Version = version;
        response.Actions.AddRange(context.Actions);
        if (context.CustomStatus is { } status)
            response.CustomStatus = serializer.Serialize(status);
        if (run.IsCompleted && !context.IsContinuedAsNew)
            Complete(response, Outcome(run));
    }

    /// <summary>
    /// Starts the code and applies the events. There must be no synchronization context: only then do awaited tasks go on
    /// inside the call that completes them.
    /// </summary>
    private static Task<object?> Replay(IWorkflow workflow, ReplayContext context, object? input, WorkflowRequest request)
    {
        var ambient = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            var run = workflow.RunAsync(context, input);
            context.Apply(request.PastEvents, request.NewEvents);
            return run;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(ambient);
        }
    }

    private CompleteWorkflowAction Outcome(Task<object?> run)
    {
        try
        {
            var output = run.GetAwaiter().GetResult();
            return new CompleteWorkflowAction
            {
                WorkflowStatus = OrchestrationStatus.Completed,
                Result = output is null ? "" : serializer.Serialize(output),
            };
        }
        catch (Exception e)
        {
            return Failed(e, nonRetriable: true);
        }
    }

    private static void Complete(WorkflowResponse response, CompleteWorkflowAction action) =>
        response.Actions.Add(new WorkflowAction { CompleteWorkflow = action });

    private static CompleteWorkflowAction Failed(string type, string message) => new()
    {
        WorkflowStatus = OrchestrationStatus.Failed,
        FailureDetails = new TaskFailureDetails
        {
            ErrorType = type,
            ErrorMessage = message,
            StackTrace = "",
            IsNonRetriable = true,
        },
    };

    private static CompleteWorkflowAction Failed(Exception e, bool nonRetriable, string? message = null) => new()
    {
        WorkflowStatus = OrchestrationStatus.Failed,
        FailureDetails = FailureDetails.Of(e, message, nonRetriable),
    };

    [LoggerMessage(LogLevel.Error, "A turn of workflow instance '{InstanceId}' failed.")]
    private static partial void LogTurnFailed(ILogger logger, Exception exception, string instanceId);
}

/// <summary>Writes exceptions for the wire.</summary>
internal static class FailureDetails
{
    public static TaskFailureDetails Of(Exception e, string? message = null, bool nonRetriable = false) => new()
    {
        ErrorType = e.GetType().FullName ?? "Exception",
        ErrorMessage = message ?? e.Message,
        StackTrace = e.StackTrace ?? "",
        IsNonRetriable = nonRetriable,
    };
}
