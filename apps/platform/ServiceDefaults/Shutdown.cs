using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ConcertDapr.ServiceDefaults;

/// <summary>
/// The way from SIGTERM to the end. The service says it is not ready and goes on serving for <c>Shutdown:DrainSeconds</c>, until
/// whoever sends requests has heard of it. Then it listens no more, ends its streams and finishes what is under way, which may
/// take <c>Shutdown:Seconds</c>.
/// </summary>
public sealed class Shutdown(IHostApplicationLifetime lifetime, TimeSpan drain, TimeProvider clock) : IHostedLifecycleService, IReadiness, IDisposable
{
    private readonly CancellationTokenSource _closing = new();

    /// <summary>Cancelled when streams without an end of their own have to end.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <inheritdoc/>
    public ValueTask<string?> WhyNotAsync() => ValueTask.FromResult(lifetime.ApplicationStopping.IsCancellationRequested ? "stopping" : null);

    /// <summary>Runs before the server stops listening.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(drain, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _closing.CancelAsync();
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose() => _closing.Dispose();
}

internal static class ShutdownRegistration
{
    public static void AddShutdown(this IServiceCollection services, Settings settings)
    {
        var drain = settings.Seconds("Shutdown:DrainSeconds", 0, 0, 60);
        var finish = settings.Seconds("Shutdown:Seconds", 20, 1, 300);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = drain + finish);
        services.AddSingleton(provider => new Shutdown(provider.GetRequiredService<IHostApplicationLifetime>(), drain, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IReadiness>(provider => provider.GetRequiredService<Shutdown>());
        services.AddHostedService(provider => provider.GetRequiredService<Shutdown>());
    }
}
