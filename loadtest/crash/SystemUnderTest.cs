using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ConcertDapr.Sidecar.Redis;

namespace ConcertDapr.Crash;

/// <summary>
/// Redis, the sidecar and the app, each a process of its own, with relays between them:
/// <code>app ─ relay ─→ sidecar ─ relay ─→ Redis</code>
/// </summary>
internal sealed class SystemUnderTest : IAsyncDisposable
{
    private const string AppId = "crash";
    private readonly string _folder;
    private readonly Process _redisServer;
    private readonly RedisClient _redis;

    private SystemUnderTest(string folder, Process redisServer, int redisPort)
    {
        (_folder, _redisServer) = (folder, redisServer);
        _redis = new RedisClient(new RedisOptions { Host = "127.0.0.1", Port = redisPort });
        var (appPort, internalPort) = (FreePort(), FreePort());
        (HttpPort, GrpcPort) = (FreePort(), FreePort());
        ToRedis = new Relay(redisPort);
        ToSidecar = new Relay(GrpcPort);
        var components = WriteComponents();
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
        var port = FreePort();
        var redis = Process.Start(new ProcessStartInfo("redis-server",
            ["--port", $"{port}", "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "yes", "--appendfsync", "everysec"])
        { RedirectStandardOutput = true })!;
        while (await redis.StandardOutput.ReadLineAsync() is { } line)
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal))
                break;
        if (redis.HasExited)
            throw new InvalidOperationException("redis-server did not start");
        _ = redis.StandardOutput.ReadToEndAsync();
        var system = new SystemUnderTest(folder, redis, port);
        system.App.Start();
        system.Sidecar.Start();
        return system;
    }

    /// <summary>All rows of all workflow instances: by instance, then by the last part of the key.</summary>
    public async Task<Dictionary<string, Dictionary<string, byte[]>>> RowsAsync()
    {
        var prefix = $"{AppId}||dapr.internal.default.{AppId}.workflow||";
        var rows = new Dictionary<string, Dictionary<string, byte[]>>(StringComparer.Ordinal);
        foreach (var key in (await _redis.SendAsync(default, "KEYS", prefix + "*")).Checked().Items.Select(item => item.Text))
        {
            var parts = key[prefix.Length..].Split("||");
            var data = (await _redis.SendAsync(default, "HGET", key, "data")).Checked();
            if (data.IsNull)
                continue; // Deleted since, by a workflow that has not ended.
            if (!rows.TryGetValue(parts[0], out var ofInstance))
                rows.Add(parts[0], ofInstance = []);
            ofInstance.Add(parts[1], data.Bytes.ToArray());
        }
        return rows;
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await Sidecar.DisposeAsync();
        await ToRedis.DisposeAsync();
        await ToSidecar.DisposeAsync();
        await _redis.DisposeAsync();
        _redisServer.Kill();
        await _redisServer.WaitForExitAsync();
        _redisServer.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private string WriteComponents()
    {
        var components = Directory.CreateDirectory(Path.Combine(_folder, "components")).FullName;
        File.WriteAllText(Path.Combine(components, "statestore.yaml"), $$"""
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata:
              name: statestore
            spec:
              type: state.redis
              version: v1
              metadata:
                - name: redisHost
                  value: 127.0.0.1:{{ToRedis.Port}}
                - name: actorStateStore
                  value: "true"
            """, Encoding.UTF8);
        return components;
    }
}
