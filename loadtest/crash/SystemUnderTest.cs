using System.Diagnostics;
using ConcertDapr.Bench;

namespace ConcertDapr.Crash;

/// <summary>
/// Redis, the sidecar and the app, each a process of its own, with relays between them:
/// <code>app ─ relay ─→ sidecar ─ relay ─→ Redis</code>
/// </summary>
internal sealed class SystemUnderTest : IAsyncDisposable
{
    private const string AppId = "crash";
    private readonly string _folder;
    private readonly RedisUnderTest _redis;
    private readonly RedisRows _rows;

    private SystemUnderTest(string folder, RedisUnderTest redis)
    {
        (_folder, _redis, _rows) = (folder, redis, new RedisRows(redis.Port));
        var (appPort, internalPort) = (RedisUnderTest.FreePort(), RedisUnderTest.FreePort());
        (HttpPort, GrpcPort) = (RedisUnderTest.FreePort(), RedisUnderTest.FreePort());
        ToRedis = new Relay(redis.Port);
        ToSidecar = new Relay(GrpcPort);
        var components = Directory.CreateDirectory(Path.Combine(folder, "components")).FullName;
        ComponentFile.Write(components, "statestore", "state.redis", ToRedis.Port, ("actorStateStore", "true"));
        Sidecar = new Victim("sidecar", folder, () => new ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "Sidecar.dll"), "--app-id", AppId, "--app-port", $"{appPort}",
                "--dapr-http-port", $"{HttpPort}", "--dapr-grpc-port", $"{GrpcPort}", "--dapr-internal-grpc-port", $"{internalPort}",
                "--resources-path", components, "--registry-folder", Path.Combine(folder, "sidecars"),
                // Without it a reminder that comes due while the app is away for more than 3 s is given up, as by daprd.
                "--enable-app-health-check", "--app-health-probe-interval", "1", "--app-health-threshold", "1"]));
        App = new Victim("app", folder, () => new ProcessStartInfo("dotnet",
            [typeof(SystemUnderTest).Assembly.Location, "app", $"{appPort}", LedgerPath])
        { Environment = { ["DAPR_GRPC_PORT"] = $"{ToSidecar.Port}", ["DAPR_HTTP_PORT"] = $"{HttpPort}" } });
    }

    public Victim Sidecar { get; }

    public Victim App { get; }

    public Relay ToRedis { get; }

    public Relay ToSidecar { get; }

    public int HttpPort { get; }

    public int GrpcPort { get; }

    public string LedgerPath => Path.Combine(_folder, "ledger");

    public static async Task<SystemUnderTest> StartAsync(string folder)
    {
        var redis = await RedisUnderTest.StartAsync(folder);
        var system = new SystemUnderTest(folder, redis);
        system.App.Start();
        system.Sidecar.Start();
        return system;
    }

    /// <inheritdoc cref="RedisRows.RowsAsync"/>
    public Task<Dictionary<string, Dictionary<string, byte[]>>> RowsAsync() => _rows.RowsAsync(AppId);

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await Sidecar.DisposeAsync();
        await ToRedis.DisposeAsync();
        await ToSidecar.DisposeAsync();
        await _rows.DisposeAsync();
        await _redis.DisposeAsync();
    }
}
