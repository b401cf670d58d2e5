using System.Text;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults.Logging;
using Dapr.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.ServiceDefaults;

/// <summary>A request that changes nothing, refused or not.</summary>
/// <param name="Method">Its verb.</param>
/// <param name="Path">Path and query.</param>
/// <param name="Body">JSON, where it has a body.</param>
public sealed record WarmUpRequest(string Method, string Path, string? Body = null);

/// <summary>
/// What a service does between its start and being ready: it sends itself harmless requests through its sidecar, for
/// <c>WarmUp:Seconds</c>, so that the first fans do not wait for code to be compiled. A replica that joins in the middle of a
/// sale gets its share of the rush at once.
/// </summary>
public sealed class WarmUp(DaprClient dapr, string app, TimeSpan lasts, IReadOnlyList<WarmUpRequest> requests, TimeProvider clock, ILogger<WarmUp> log)
    : BackgroundService, IReadiness
{
    private const int AtOnce = 4;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private volatile bool _isOver;

    /// <inheritdoc/>
    public ValueTask<string?> WhyNotAsync() => ValueTask.FromResult(_isOver ? null : "warming up");

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var over = new CancellationTokenSource(lasts, clock);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(over.Token, stoppingToken);
        using var self = dapr.CreateInvokableHttpClient(app);
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => SendAllAsync(self, end.Token)));
        _isOver = true;
    }

    private async Task SendAllAsync(HttpClient self, CancellationToken end)
    {
        await Task.Yield();
        while (!end.IsCancellationRequested)
            foreach (var request in requests)
                try
                {
                    using var message = Message(request);
                    using var response = await self.SendAsync(message, end);
                }
                catch (HttpRequestException e)
                {
                    // Sidecar or app is still starting; that this service never gets ready would show in its other parts.
                    log.WarmUpUnanswered(e, request.Path);
                    await Task.Delay(s_pause, clock, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
                catch (OperationCanceledException) when (end.IsCancellationRequested)
                {
                    return;
                }
    }

    private static HttpRequestMessage Message(WarmUpRequest request)
    {
        var message = new HttpRequestMessage(HttpMethod.Parse(request.Method), new Uri(request.Path, UriKind.Relative));
        if (request.Body is not null) message.Content = new StringContent(request.Body, Encoding.UTF8, "application/json");
        message.Headers.Add(TrustedHeaders.UserId, "1");
        message.Headers.Add(TrustedHeaders.QueueTarget, "0");
        message.Headers.Add(TrustedHeaders.QueueSequence, "0");
        // Where test users are let in, the gateway warms up what needs a caller as well.
        message.Headers.TryAddWithoutValidation("Authorization", "Bearer test-user-1");
        return message;
    }
}

/// <summary>Adds the warm-up.</summary>
public static class WarmUpExtensions
{
    /// <summary>Warms up with these requests for <c>WarmUp:Seconds</c> (0 to 60; 0: not at all).</summary>
    public static void AddWarmUp(this WebApplicationBuilder builder, Settings settings, string app, params IReadOnlyList<WarmUpRequest> requests)
    {
        var lasts = settings.Seconds("WarmUp:Seconds", 0, 0, 60);
        if (lasts == TimeSpan.Zero) return;
        builder.Services.AddSingleton(services => new WarmUp(services.GetRequiredService<DaprClient>(), app, lasts, requests,
            services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<WarmUp>>()));
        builder.Services.AddSingleton<IReadiness>(services => services.GetRequiredService<WarmUp>());
        builder.Services.AddHostedService(services => services.GetRequiredService<WarmUp>());
    }
}
