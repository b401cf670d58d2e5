using System.Collections.Frozen;
using System.Globalization;
using ConcertDapr.Sidecar;

namespace ConcertDapr.Testing;

/// <summary>
/// A Dapr sidecar for the time of one test, in the test's own process: for the integration tests of any app, whatever test
/// framework and host it uses. Start it, give <see cref="Environment"/> to the app, start the app, await
/// <see cref="ReadyAsync"/>. Hosts of different tests do not see each other and may run at the same time.
/// </summary>
public sealed class DaprTestHost : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TestNetwork network;
    private readonly SidecarHost sidecar;
    private readonly SidecarOptions options;

    private DaprTestHost(TestNetwork network, SidecarHost sidecar)
    {
        (this.network, this.sidecar, options) = (network, sidecar, sidecar.Runtime.Options);
        HttpEndpoint = new Uri($"http://127.0.0.1:{sidecar.HttpPort}");
        GrpcEndpoint = new Uri($"http://127.0.0.1:{sidecar.GrpcPort}");
        Environment = Variables().ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The app's name for Dapr.</summary>
    public string AppId => options.AppId;

    /// <summary>Where the sidecar expects the app; null when there is none.</summary>
    public int? AppPort => options.AppPort;

    /// <summary>Port of the HTTP API.</summary>
    public int HttpPort => sidecar.HttpPort;

    /// <summary>Port of the gRPC API.</summary>
    public int GrpcPort => sidecar.GrpcPort;

    /// <summary>Address of the HTTP API.</summary>
    public Uri HttpEndpoint { get; }

    /// <summary>Address of the gRPC API (HTTP/2 without TLS).</summary>
    public Uri GrpcEndpoint { get; }

    /// <summary>
    /// What <c>dapr run</c> sets in an app's environment, by name. For an app in the test's process these are settings:
    /// <c>builder.Configuration.AddInMemoryCollection(dapr.Environment)</c>; the Dapr SDK reads them from there.
    /// </summary>
    public IReadOnlyDictionary<string, string?> Environment { get; }

    /// <summary>The clock of the sidecars of this test.</summary>
    /// <exception cref="InvalidOperationException">It was not started with <see cref="DaprTestOptions.UseVirtualTime"/>.</exception>
    public VirtualTime Time => network.Clock as VirtualTime
        ?? throw new InvalidOperationException("this sidecar runs in real time: call UseVirtualTime in its options");

    internal string Folder => network.Folder;

    /// <summary>Starts a sidecar; its APIs answer when this returns, and it goes on to look for the app.</summary>
    /// <exception cref="SidecarStartException">An option, a manifest or a component cannot be used; the message says which.</exception>
    public static async Task<DaprTestHost> StartAsync(
        Action<DaprTestOptions>? configure = null, CancellationToken cancellationToken = default)
    {
        var options = Configure(configure, TimeProvider.System);
        var network = new TestNetwork(options.Clock);
        return new DaprTestHost(network, await network.StartAsync(options, cancellationToken));
    }

    /// <summary>
    /// Starts the sidecar of another app of the same test. The two find each other, share what in-memory components of the same
    /// name keep, and have one clock.
    /// </summary>
    /// <exception cref="SidecarStartException">An option, a manifest or a component cannot be used; the message says which.</exception>
    /// <exception cref="InvalidOperationException">Another clock was asked for.</exception>
    public async Task<DaprTestHost> StartBesideAsync(
        Action<DaprTestOptions>? configure = null, CancellationToken cancellationToken = default)
    {
        var beside = Configure(configure, network.Clock);
        if (beside.Clock != network.Clock) throw new InvalidOperationException("sidecars of one test have one clock: the first one's");
        return new DaprTestHost(network, await network.StartAsync(beside, cancellationToken));
    }

    /// <summary>Waits until the app was found and its subscriptions and actors are in place.</summary>
    /// <param name="limit">In real time; 30 s by default.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">The app did not come up within the limit.</exception>
    public async Task ReadyAsync(TimeSpan? limit = null, CancellationToken cancellationToken = default)
    {
        try
        {
            await sidecar.Ready.WaitAsync(limit ?? Patience, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"the sidecar of '{AppId}' did not find its app on port {AppPort} within {(limit ?? Patience).TotalSeconds:0.#} s", e);
        }
    }

    /// <summary>
    /// Waits until the sidecars of this test have nothing to do now: no tick of a timer or reminder is due or with the app, no
    /// turn or activity of a workflow is due or with a worker, and a call that is repeated waits for its next attempt. What an
    /// app does by itself is not waited for, nor the delivery of events that no policy repeats.
    /// </summary>
    /// <param name="limit">In real time; 30 s by default.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">Something is still under way after the limit; the message names it.</exception>
    public Task SettledAsync(TimeSpan? limit = null, CancellationToken cancellationToken = default) =>
        network.SettledAsync(limit ?? Patience, cancellationToken);

    /// <summary>
    /// Moves the clock from one moment at which something is due to the next, waits at each until it has been done
    /// (<see cref="SettledAsync"/>), and ends <paramref name="by"/> later. A timer with a period of 10 s ticks six times in a minute.
    /// </summary>
    /// <param name="by">How far.</param>
    /// <param name="limit">For the wait at each moment, in real time; 30 s by default.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">The sidecar runs in real time.</exception>
    /// <exception cref="TimeoutException">Something was still under way after the limit; the message names it.</exception>
    public async Task AdvanceAsync(TimeSpan by, TimeSpan? limit = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var end = Time.GetUtcNow() + by;
        await SettledAsync(limit, cancellationToken);
        while (Time.NextDue is { } due && due <= end)
        {
            Time.AdvanceTo(due);
            await SettledAsync(limit, cancellationToken);
        }
        Time.AdvanceTo(end);
        await SettledAsync(limit, cancellationToken);
    }

    /// <summary>Stops the sidecar gracefully.</summary>
    public ValueTask DisposeAsync() => new(network.StopAsync(sidecar));

    private static DaprTestOptions Configure(Action<DaprTestOptions>? configure, TimeProvider clock)
    {
        var options = new DaprTestOptions { Clock = clock };
        configure?.Invoke(options);
        return options;
    }

    private IEnumerable<KeyValuePair<string, string?>> Variables()
    {
        yield return new("APP_ID", AppId);
        yield return new("DAPR_HTTP_PORT", Text(HttpPort));
        yield return new("DAPR_GRPC_PORT", Text(GrpcPort));
        yield return new("DAPR_HTTP_ENDPOINT", HttpEndpoint.ToString());
        yield return new("DAPR_GRPC_ENDPOINT", GrpcEndpoint.ToString());
        if (AppPort is { } port)
        {
            yield return new("APP_PORT", Text(port));
            yield return new("APP_PROTOCOL", options.AppProtocol);
            yield return new("APP_CHANNEL_ADDRESS", options.AppChannelAddress);
        }
        if (!string.IsNullOrEmpty(options.ApiToken)) yield return new("DAPR_API_TOKEN", options.ApiToken);
        if (!string.IsNullOrEmpty(options.AppApiToken)) yield return new("APP_API_TOKEN", options.AppApiToken);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
