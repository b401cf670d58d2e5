using System.Diagnostics;
using System.Globalization;
using ConcertDapr.Wire.Workflows;
using Dapr.Common.Serialization;
using Dapr.Workflow.Abstractions;
using Microsoft.Extensions.Logging;

namespace Dapr.Workflow.Worker;

/// <summary>Runs an activity and writes its outcome for the wire.</summary>
internal sealed partial class ActivityRunner(
    IWorkflowsFactory workflows, IDaprSerializer serializer, ILogger<ActivityRunner> logger)
{
    private static readonly ActivitySource Source = new("Dapr.Workflow");

    /// <summary>Never throws: whatever goes wrong fails the activity.</summary>
    public async Task<ActivityResponse> RunAsync(ActivityRequest request, string completionToken, IServiceProvider services)
    {
        var response = new ActivityResponse
        {
            InstanceId = request.WorkflowInstance?.InstanceId ?? "",
            TaskId = request.TaskId,
            CompletionToken = completionToken,
        };
        using var span = StartSpan(request);
        try
        {
            response.Result = await ExecuteAsync(request, response.InstanceId, services);
        }
        catch (ActivityUnavailableException e)
        {
            span?.SetStatus(ActivityStatusCode.Error);
            LogUnavailable(logger, e.InnerException, request.Name, e.Message);
            response.FailureDetails = e.Details;
        }
        catch (Exception e)
        {
            span?.SetStatus(ActivityStatusCode.Error);
            LogFailed(logger, e, request.Name, response.InstanceId);
            response.FailureDetails = FailureDetails.Of(e);
        }

        return response;
    }

    private async Task<string> ExecuteAsync(ActivityRequest request, string instanceId, IServiceProvider services)
    {
        if (!workflows.TryCreateActivity(request.Name, services, out var activity, out var failure))
            throw new ActivityUnavailableException(request.Name, failure);

        var key = string.IsNullOrEmpty(request.TaskExecutionId)
            ? request.TaskId.ToString(CultureInfo.InvariantCulture)
            : request.TaskExecutionId;
        var input = string.IsNullOrEmpty(request.Input) ? null : serializer.Deserialize(request.Input, activity!.InputType);
        var output = await activity!.RunAsync(new Context(request.Name, key, instanceId), input);
        return output is null ? "" : serializer.Serialize(output);
    }

    /// <summary>
    /// A span under the workflow's trace; without listeners still the ambient context of what the activity calls.
    /// </summary>
    private static Activity? StartSpan(ActivityRequest request)
    {
        if (string.IsNullOrEmpty(request.ParentTraceContext?.TraceParent))
            return null;
        var (parent, state) = (request.ParentTraceContext.TraceParent, request.ParentTraceContext.TraceState);
        var name = $"WorkflowActivity {request.Name}";
        if (ActivityContext.TryParse(parent, state, isRemote: true, out var context)
            && Source.StartActivity(name, ActivityKind.Internal, context) is { } recorded)
            return recorded;
        var span = new Activity(name) { TraceStateString = string.IsNullOrEmpty(state) ? null : state };
        return span.SetParentId(parent).Start();
    }

    [LoggerMessage(LogLevel.Error, "Activity '{Name}' cannot be run: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, Exception? exception, string name, string reason);

    [LoggerMessage(LogLevel.Warning, "Activity '{Name}' of workflow instance '{InstanceId}' failed.")]
    private static partial void LogFailed(ILogger logger, Exception exception, string name, string instanceId);

    private sealed class Context(string name, string key, string instanceId) : WorkflowActivityContext
    {
        public override TaskIdentifier Identifier => name;

        public override string TaskExecutionKey => key;

        public override string InstanceId => instanceId;
    }

    /// <summary>The activity is not registered, or could not be made.</summary>
    private sealed class ActivityUnavailableException(string name, Exception? cause) : Exception(
        cause is null ? $"Activity '{name}' not found" : $"Activity '{name}' failed to activate: {cause.Message}", cause)
    {
        public TaskFailureDetails Details => InnerException is { } e
            ? FailureDetails.Of(e, Message)
            : new TaskFailureDetails { ErrorType = "ActivityNotFoundException", ErrorMessage = Message, StackTrace = "" };
    }
}
