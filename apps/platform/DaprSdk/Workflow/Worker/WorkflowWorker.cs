using ConcertDapr.Wire.Workflows;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dapr.Workflow.Worker;

/// <summary>
/// Takes work items from the sidecar and answers them, for ever: when a stream has ended it opens the next one, at first soon,
/// then after longer and longer pauses of up to 5 s (the official SDK always waits 5 s). Until the first stream has proved itself
/// it tries four times a second: app and sidecar start together, and the app is not ready before.
/// </summary>
internal sealed partial class WorkflowWorker(
    TaskHub hub, WorkflowTurn turn, ActivityRunner activities, IServiceScopeFactory scopes, ILogger<WorkflowWorker> logger)
    : BackgroundService
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortestDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);
    private readonly SemaphoreSlim _workflowSlots = new(100);
    private readonly SemaphoreSlim _activitySlots = new(100);
    private bool _established;
    private int _attempts;
    private TimeSpan _delay = ShortestDelay;

    public override void Dispose()
    {
        _workflowSlots.Dispose();
        _activitySlots.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Starting must not wait for the sidecar, which itself may wait for the app's port.
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            await ServeAsync(stoppingToken);
            await Task.Delay(_delay, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_established && _delay < LongestDelay)
                _delay *= 2;
        }
    }

    private async Task ServeAsync(CancellationToken stoppingToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var keepAlive = Task.CompletedTask;
        try
        {
            var stream = hub.GetWorkItemsAsync();
            keepAlive = KeepAliveAsync(ended.Token);
            await foreach (var item in stream.WithCancellation(stoppingToken))
            {
                (_established, _delay) = (true, ShortestDelay);
                // The end of the stream is the end of its items: they are handed out again, and their answers mean nothing any more.
                Dispatch(item, ended.Token);
            }
        }
        catch (Exception e) when (stoppingToken.IsCancellationRequested)
        {
            LogStopped(logger, e.Message);
        }
        catch (Exception e)
        {
            // While app and sidecar start, a line every 5 s is enough.
            var isNews = _established || ++_attempts % 20 == 0;
            LogStreamEnded(logger, isNews ? LogLevel.Warning : LogLevel.Debug, e.Message);
        }

        await ended.CancelAsync();
        await keepAlive.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Calls Hello while the stream is open; after the first one the stream counts as established.</summary>
    private async Task KeepAliveAsync(CancellationToken token)
    {
        using var timer = new PeriodicTimer(KeepAlive);
        while (await timer.WaitForNextTickAsync(token))
        {
            try
            {
                await hub.HelloAsync(token);
                _established = true;
            }
            catch (RpcException e)
            {
                LogHelloFailed(logger, e.Status.Detail);
            }
        }
    }

    private void Dispatch(WorkItem item, CancellationToken token) => _ = Task.Run(
        () => item.RequestCase switch
        {
            WorkItem.RequestOneofCase.WorkflowRequest => RunAsync(
                _workflowSlots, () => WorkflowAsync(item.WorkflowRequest, item.CompletionToken, token), token),
            WorkItem.RequestOneofCase.ActivityRequest => RunAsync(
                _activitySlots, () => ActivityAsync(item.ActivityRequest, item.CompletionToken, token), token),
            _ => Ignore(item),
        },
        token);

    private async Task RunAsync(SemaphoreSlim slots, Func<Task> work, CancellationToken token)
    {
        try
        {
            await slots.WaitAsync(token);
            try
            {
                await work();
            }
            finally
            {
                slots.Release();
            }
        }
        catch (Exception e) when (token.IsCancellationRequested)
        {
            // The sidecar sends the item again to the next worker.
            LogStopped(logger, e.Message);
        }
        catch (Exception e)
        {
            LogAnswerFailed(logger, e);
        }
    }

    private async Task WorkflowAsync(WorkflowRequest request, string completionToken, CancellationToken token)
    {
        if (request.RequiresHistoryStreaming)
            request.PastEvents.Add((await hub.CallAsync(
                "GetInstanceHistory",
                new GetInstanceHistoryRequest { InstanceId = request.InstanceId },
                GetInstanceHistoryResponse.Parser,
                token)).Events);

        await using var scope = scopes.CreateAsyncScope();
        var response = turn.Run(request, completionToken, scope.ServiceProvider);
        try
        {
            await SendAsync(() => hub.CompleteAsync(response, token), token);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.ResourceExhausted)
        {
            // Unanswered, the item would stay with this worker until its stream ends.
            LogTooLarge(logger, request.InstanceId, e.Status.Detail);
            var (type, message) = TooLarge("workflow's turn", e);
            await hub.CompleteAsync(WorkflowTurn.Fail(request.InstanceId, completionToken, type, message), token);
        }
    }

    private async Task ActivityAsync(ActivityRequest request, string completionToken, CancellationToken token)
    {
        await using var scope = scopes.CreateAsyncScope();
        var response = await activities.RunAsync(request, completionToken, scope.ServiceProvider);
        try
        {
            await SendAsync(() => hub.CompleteAsync(response, token), token);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.ResourceExhausted)
        {
            LogTooLarge(logger, response.InstanceId, e.Status.Detail);
            var (type, message) = TooLarge($"activity '{request.Name}'", e);
            response.Result = null;
            response.FailureDetails = new TaskFailureDetails { ErrorType = type, ErrorMessage = message, StackTrace = "" };
            await hub.CompleteAsync(response, token);
        }
    }

    /// <summary>
    /// Sends an answer, again when the connection failed: an item whose answer got lost would stay with this worker until its
    /// stream ends. Not beyond that: the next sidecar would take it for the answer of what it has handed out itself.
    /// </summary>
    private static async Task SendAsync(Func<Task> send, CancellationToken token)
    {
        for (var pause = TimeSpan.FromMilliseconds(100); ; pause *= 2)
        {
            try
            {
                await send();
                return;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable && pause < LongestDelay)
            {
                await Task.Delay(pause, token);
            }
        }
    }

    private Task Ignore(WorkItem item)
    {
        LogUnknownItem(logger, item.RequestCase);
        return Task.CompletedTask;
    }

    private static (string Type, string Message) TooLarge(string what, RpcException e) =>
        ("PayloadTooLarge", $"The answer of the {what} is larger than the sidecar accepts: {e.Status.Detail}");

    [LoggerMessage(LogLevel.Debug, "The workflow worker stops: {Reason}")]
    private static partial void LogStopped(ILogger logger, string reason);

    [LoggerMessage("The stream of workflow items ended and will be opened again: {Reason}")]
    private static partial void LogStreamEnded(ILogger logger, LogLevel level, string reason);

    [LoggerMessage(LogLevel.Warning, "The sidecar did not answer Hello: {Reason}")]
    private static partial void LogHelloFailed(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Error, "A work item's answer could not be sent.")]
    private static partial void LogAnswerFailed(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Error, "An answer for workflow instance '{InstanceId}' is too large and becomes a failure: {Reason}")]
    private static partial void LogTooLarge(ILogger logger, string instanceId, string reason);

    [LoggerMessage(LogLevel.Warning, "A work item of unknown kind {Kind} was ignored.")]
    private static partial void LogUnknownItem(ILogger logger, WorkItem.RequestOneofCase kind);
}
