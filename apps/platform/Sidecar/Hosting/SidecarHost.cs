using ConcertDapr.Sidecar.Actors;
using ConcertDapr.Sidecar.Api;
using ConcertDapr.Sidecar.Components;
using ConcertDapr.Sidecar.Delivery;
using ConcertDapr.Sidecar.Invocation;
using ConcertDapr.Sidecar.Leases;
using ConcertDapr.Sidecar.Resilience;
using ConcertDapr.Sidecar.Telemetry;
using ConcertDapr.Sidecar.Workflows;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConcertDapr.Sidecar;

/// <summary>A running sidecar. Any number of them live in one process; disposing one stops it gracefully.</summary>
public sealed class SidecarHost : IAsyncDisposable
{
    private readonly SidecarRuntime runtime;
    private readonly Listeners listeners;
    private readonly ILogger log;
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource shutdown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task session = Task.CompletedTask;
    private int disposed;

    private SidecarHost(SidecarRuntime runtime, ILogger log)
    {
        this.runtime = runtime;
        this.log = log;
        runtime.Workflows = WorkflowHosting.Create(runtime);
        listeners = new Listeners(runtime);
        runtime.RequestShutdown = () => shutdown.TrySetResult();
    }

    /// <summary>Port of the HTTP API.</summary>
    public int HttpPort => listeners.HttpPort;

    /// <summary>Port of the gRPC API.</summary>
    public int GrpcPort => listeners.GrpcPort;

    /// <summary>Completes when somebody asked for <c>/v1.0/shutdown</c>; the owner then disposes the host.</summary>
    public Task ShutdownRequested => shutdown.Task;

    /// <summary>Completes when the app was found and its subscriptions and actors are in place (<c>/v1.0/healthz</c> is 204).</summary>
    public Task Ready => ready.Task;

    internal SidecarRuntime Runtime => runtime;

    /// <summary>
    /// Starts a sidecar; returns when its APIs answer, which may be before the app is up (<see cref="Ready"/>).
    /// </summary>
    /// <param name="loggers">Null logs nothing.</param>
    /// <exception cref="SidecarStartException">A setting, a manifest, a component or a port is not usable.</exception>
    public static async Task<SidecarHost> StartAsync(SidecarOptions options, ILoggerFactory? loggers = null,
        TimeProvider? clock = null, CancellationToken cancellationToken = default)
    {
        loggers ??= NullLoggerFactory.Instance;
        var log = loggers.CreateLogger("dapr.runtime");
        Check(options);
        var host = new SidecarHost(await BuildAsync(options, loggers, clock ?? TimeProvider.System, log, cancellationToken), log);
        try
        {
            await host.OpenAsync(cancellationToken);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>No new events, calls under way may finish within the graceful period, actors are deactivated.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        log.ShuttingDown();
        if (runtime.Options.BlockShutdown > TimeSpan.Zero) await Task.Delay(runtime.Options.BlockShutdown);
        runtime.SignalStopping();
        await stop.CancelAsync();
        await session;
        await WithinGraceAsync(runtime.Subscriptions.StopAsync());
        await WithinGraceAsync(runtime.Actors.DisposeAsync().AsTask());
        runtime.Registry.Dispose();
        using var grace = new CancellationTokenSource(runtime.Options.GracefulShutdown);
        var closing = listeners.StopAsync(grace.Token);
        // Only now: a worker has to hear that the server goes away before its stream ends, or it comes back at once.
        if (runtime.Workflows is { } workflows) await workflows.DisposeAsync();
        await closing;
        await listeners.DisposeAsync();
        runtime.Invoke.Dispose();
        runtime.App.Dispose();
        await runtime.Components.DisposeAsync();
        if (runtime.Spans is { } spans) await spans.DisposeAsync();
        runtime.Dispose();
        stop.Dispose();
    }

    private static void Check(SidecarOptions options)
    {
        if (string.IsNullOrEmpty(options.AppId)) throw new SidecarStartException("app-id is required");
        if (options.AppId.Contains('.')) throw new SidecarStartException($"app-id '{options.AppId}' contains a dot");
        if (options.AppProtocol is not ("http" or "https" or "h2c"))
            throw new SidecarStartException($"app-protocol '{options.AppProtocol}' is not supported by the embedded runtime, only http, https and h2c");
        foreach (var name in options.DisabledInitEndpoints)
            if (name is not ("config" or "subscribe")) throw new SidecarStartException($"disable-init-endpoints: '{name}' is neither config nor subscribe");
    }

    private static async Task<SidecarRuntime> BuildAsync(
        SidecarOptions options, ILoggerFactory loggers, TimeProvider clock, ILogger log, CancellationToken cancellationToken)
    {
        var manifests = Manifest.Load(options, log);
        var configuration = SidecarConfiguration.Load(options.ConfigPaths, manifests.Where(one => one.IsText), log);
        var agenda = new Agenda(clock);
        List<Manifest> mine = [.. manifests.Where(manifest => manifest.IsFor(options.AppId, options.Namespace))];
        var resiliency = ResiliencySpecs.Load(mine.Where(one => one.Kind == "Resiliency"), agenda, log);
        Subscription[] declarative = [.. mine.Where(one => one.Kind == "Subscription").Select(SubscriptionReader.FromManifest)];
        var components = await LoadedComponents.LoadAsync(manifests, options, resiliency, clock, log, cancellationToken);
        var app = new AppChannel(options);
        var registry = new SidecarRegistry(SidecarRegistry.FolderFor(options, configuration));
        var spans = configuration.Tracing && OtlpTarget.Of(configuration.Otel, Environment.GetEnvironmentVariable) is { } target
            ? new SpanExporter(target, options.AppId, clock, log)
            : null;
        var runtime = new SidecarRuntime
        {
            Options = options,
            Configuration = configuration,
            Clock = clock,
            Agenda = agenda,
            Spans = spans,
            Loggers = loggers,
            Resiliency = resiliency,
            Components = components,
            App = app,
            State = new StateApi(options.AppId, components.State),
            Locks = new LockApi(components.Locks),
            Publish = new PublishApi(options.AppId, components.PubSub, clock),
            Bindings = new BindingApi(components.Bindings),
            Subscriptions = new Subscriptions(components.PubSub, new DeliveryContext(app, configuration.Tracing, clock, log, spans), declarative),
            Registry = registry,
            Invoke = new InvokeApi(options, app, registry, resiliency),
        };
        runtime.Metadata.HttpEndpoints = [.. mine.Where(one => one.Kind == "HTTPEndpoint").Select(one => one.Name)];
        return runtime;
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        await listeners.StartAsync(cancellationToken);
        runtime.Self = new Replica(runtime.Registry.OwnId, ProcessIdentity.Own, listeners.InternalPort, GrpcPort);
        runtime.Workflows?.Open(runtime.Self);
        runtime.Announce = types => runtime.Registry.Announce(runtime, listeners.InternalPort, types);
        runtime.Announce([]);
        runtime.Health.OutboundReady = true;
        log.Running(HttpPort, GrpcPort, listeners.InternalPort);
        session = Task.Run(RunSessionAsync, CancellationToken.None);
    }

    private async Task RunSessionAsync()
    {
        try
        {
            await new AppSession(runtime, log, () => ready.TrySetResult()).RunAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            ready.TrySetCanceled(stop.Token);
        }
#pragma warning disable CA1031 // Nobody awaits this task while the sidecar runs; the fault is logged and shows in Ready.
        catch (Exception e)
#pragma warning restore CA1031
        {
            log.BackgroundFailed(e, "starting the app's work");
            ready.TrySetException(e);
        }
    }

    private async Task WithinGraceAsync(Task work)
    {
        try
        {
            await work.WaitAsync(runtime.Options.GracefulShutdown);
        }
        catch (TimeoutException e)
        {
            log.BackgroundFailed(e, "finishing what is under way within the graceful period");
        }
    }
}
