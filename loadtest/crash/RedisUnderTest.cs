using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ConcertDapr.Sidecar.Redis;

namespace ConcertDapr.Crash;

/// <summary>A Redis of this run, durable as a developer's is (append-only file, synced every second), and a look into it.</summary>
internal sealed class RedisUnderTest : IAsyncDisposable
{
    private readonly Process _server;
    private readonly RedisClient _client;

    private RedisUnderTest(Process server, int port) =>
        (_server, Port, _client) = (server, port, new RedisClient(new RedisOptions { Host = "127.0.0.1", Port = port }));

    public int Port { get; }

    public static async Task<RedisUnderTest> StartAsync(string folder)
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
        return new(redis, port);
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>A folder with the actor state store.</summary>
    public static string WriteComponents(string folder, int redisPort)
    {
        var components = Directory.CreateDirectory(Path.Combine(folder, "components")).FullName;
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
                  value: 127.0.0.1:{{redisPort}}
                - name: actorStateStore
                  value: "true"
            """);
        return components;
    }

    /// <summary>All rows of all workflow instances of an app: by instance, then by the last part of the key.</summary>
    public async Task<Dictionary<string, Dictionary<string, byte[]>>> RowsAsync(string appId)
    {
        var prefix = $"{appId}||dapr.internal.default.{appId}.workflow||";
        var rows = new Dictionary<string, Dictionary<string, byte[]>>(StringComparer.Ordinal);
        foreach (var key in (await _client.SendAsync(default, "KEYS", prefix + "*")).Checked().Items.Select(item => item.Text))
        {
            var parts = key[prefix.Length..].Split("||");
            if (await DataAsync(key) is not { } data)
                continue; // Deleted since, by a workflow that has not ended.
            if (!rows.TryGetValue(parts[0], out var ofInstance))
                rows.Add(parts[0], ofInstance = []);
            ofInstance.Add(parts[1], data);
        }
        return rows;
    }

    /// <summary>The value of a state item; null where there is none.</summary>
    public async Task<byte[]?> DataAsync(string key) =>
        (await _client.SendAsync(default, "HGET", key, "data")).Checked() is { IsNull: false } data ? data.Bytes : null;

    /// <summary>The fields of a hash.</summary>
    public async Task<Dictionary<string, string>> HashAsync(string key) => (await _client.SendAsync(default, "HGETALL", key)).Checked().Items
        .Chunk(2).ToDictionary(pair => pair[0].Text, pair => pair[1].Text, StringComparer.Ordinal);

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        _server.Kill();
        await _server.WaitForExitAsync();
        _server.Dispose();
    }
}
