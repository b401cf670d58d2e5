using System.Text.Json;
using ConcertDapr.Sidecar.Actors;
using ConcertDapr.Sidecar.Cel;
using ConcertDapr.Sidecar.Delivery;
using ConcertDapr.Sidecar.Invocation;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar;

/// <summary>The app's side of a sidecar's life: waits for its port, reads its settings once, follows its health.</summary>
internal sealed class AppSession(SidecarRuntime runtime, ILogger log, Action onReady)
{
    private static readonly TimeSpan DialPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan[] InitPauses =
        [TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(750), TimeSpan.FromSeconds(1)];

    private readonly SidecarOptions options = runtime.Options;
    private bool initialised;

    /// <summary>Runs until the sidecar stops.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (options.AppPort is { } port)
        {
            if (options.AppHealthCheck is not null) runtime.App.IsHealthy = () => false;
            await WaitForPortAsync(port, cancellationToken);
            if (options.AppHealthCheck is { } check)
            {
                // Only actors have to wait for the app's health: nobody may be sent to them before.
                runtime.Health.Ready = runtime.ActorStateStore is null;
                runtime.Health.Missing = "internal-placement-service";
                await FollowHealthAsync(check, cancellationToken);
                return;
            }
            await InitialiseAsync(cancellationToken);
        }
        await runtime.Subscriptions.StartAsync(cancellationToken);
        await runtime.Actors.StartAsync(cancellationToken);
        runtime.Health.Ready = true;
        onReady();
    }

    private async Task WaitForPortAsync(int port, CancellationToken cancellationToken)
    {
        log.WaitingForApp(port);
        while (!await runtime.App.AcceptsAsync(cancellationToken)) await Task.Delay(DialPause, cancellationToken);
        log.AppFound(port);
        runtime.Health.AppReached = true;
    }

    private async Task InitialiseAsync(CancellationToken cancellationToken)
    {
        if (initialised) return;
        initialised = true;
        if (!options.DisabledInitEndpoints.Contains("config")
            && await AskAsync("/dapr/config", cancellationToken) is { } config) Configure(config);
        if (!options.DisabledInitEndpoints.Contains("subscribe") && runtime.Components.PubSub.Count > 0
            && await AskAsync("/dapr/subscribe", cancellationToken) is { } subscriptions) Subscribe(subscriptions);
    }

    private void Configure(byte[] body)
    {
        try
        {
            runtime.Actors.Configure(ActorConfiguration.Read(body));
        }
        catch (JsonException e)
        {
            log.AppAnswerUnusable("/dapr/config", e.Message);
        }
    }

    private void Subscribe(byte[] body)
    {
        try
        {
            runtime.Subscriptions.Add(SubscriptionReader.FromApp(body));
        }
        catch (Exception e) when (e is JsonException or CelSyntaxException)
        {
            log.AppAnswerUnusable("/dapr/subscribe", e.Message);
        }
    }

    /// <summary>The body of a 200; null for everything else. Only a failed connection is tried again.</summary>
    private async Task<byte[]?> AskAsync(string path, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var request = runtime.App.Request(HttpMethod.Get, path);
                request.Headers.TryAddWithoutValidation("dapr-app-id", runtime.AppId);
                request.Content = new ByteArrayContent([]);
                request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
                using var answer = await SendWithoutHealthAsync(request, cancellationToken);
                var status = (int)answer.Response.StatusCode;
                if (status == 200)
                {
                    var body = await answer.Response.Content.ReadAsByteArrayAsync(cancellationToken);
                    return body.Length == 0 ? null : body;
                }
                if (status != 404) log.AppAnswerUnusable(path, $"status code {status}");
                return null;
            }
            catch (Exception e) when (e is AppUnreachableException or HttpRequestException or IOException)
            {
                if (attempt == InitPauses.Length)
                {
                    log.AppAnswerUnusable(path, e.Message);
                    return null;
                }
            }
            await Task.Delay(InitPauses[attempt], cancellationToken);
        }
    }

    private async Task<AppAnswer> SendWithoutHealthAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        await runtime.App.SendAsync(request, cancellationToken, evenIfUnhealthy: true);

    private async Task FollowHealthAsync(AppHealthOptions check, CancellationToken cancellationToken)
    {
        var (healthy, failures) = (false, 0);
        runtime.App.IsHealthy = () => Volatile.Read(ref healthy);
        while (true)
        {
            var passed = await ProbeAsync(check, cancellationToken);
            failures = passed ? 0 : failures + 1;
            if (passed && !healthy)
            {
                Volatile.Write(ref healthy, true);
                await BecomeHealthyAsync(cancellationToken);
            }
            else if (healthy && failures >= check.Threshold)
            {
                // First the actors: a call that comes now is to wait, not to find an app that may not be called.
                runtime.Actors.Suspend();
                Volatile.Write(ref healthy, false);
                await BecomeUnhealthyAsync();
            }
            await Task.Delay(check.Interval, cancellationToken);
        }
    }

    private async Task BecomeHealthyAsync(CancellationToken cancellationToken)
    {
        log.AppHealthChanged("healthy");
        await InitialiseAsync(cancellationToken);
        await runtime.Subscriptions.StartAsync(cancellationToken);
        await runtime.Actors.StartAsync(cancellationToken);
        runtime.Health.Ready = true;
        onReady();
    }

    private async Task BecomeUnhealthyAsync()
    {
        log.AppHealthChanged("unhealthy: no new events, invocations are refused");
        await runtime.Subscriptions.PauseAsync();
    }

    private async Task<bool> ProbeAsync(AppHealthOptions check, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(check.Timeout);
        try
        {
            using var request = runtime.App.Request(HttpMethod.Get, check.Path);
            request.Headers.Remove("dapr-api-token");
            using var answer = await SendWithoutHealthAsync(request, timeout.Token);
            return answer.Response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is AppUnreachableException or HttpRequestException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }
}
