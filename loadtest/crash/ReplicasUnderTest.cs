using System.Diagnostics;
using ConcertDapr.Bench;

namespace ConcertDapr.Crash;

/// <summary>One replica: a sidecar and an app, both processes of their own, killed and started together.</summary>
internal sealed record ReplicaUnderTest(Victim Sidecar, Victim App, int GrpcPort)
{
    public int? AppPid => App.Pid;

    public void Start()
    {
        App.Start();
        Sidecar.Start();
    }

    /// <summary>Returns when both had been killed.</summary>
    public async Task<long> KillAsync() => (await Task.WhenAll(Sidecar.KillAsync(), App.KillAsync())).Max();
}

/// <summary>Two replicas of one app over one Redis, and the sidecar of another app that calls them.</summary>
internal sealed class ReplicasUnderTest : IAsyncDisposable
{
    public const string AppId = "shop";
    private readonly string _folder;
    private readonly RedisUnderTest _redis;
    private readonly RedisRows _rows;
    private readonly Victim _caller;

    private ReplicasUnderTest(string folder, RedisUnderTest redis)
    {
        (_folder, _redis, _rows) = (folder, redis, new RedisRows(redis.Port));
        ComponentFile.Write(Directory.CreateDirectory(Components).FullName, "statestore", "state.redis", redis.Port, ("actorStateStore", "true"));
        CallerPort = RedisUnderTest.FreePort();
        _caller = Sidecar("caller", "caller", null, CallerPort, RedisUnderTest.FreePort());
        Replicas = [.. Enumerable.Range(1, 2).Select(Replica)];
    }

    public IReadOnlyList<ReplicaUnderTest> Replicas { get; }

    /// <summary>HTTP port of the calling sidecar.</summary>
    public int CallerPort { get; }

    /// <summary>One ledger per replica: a file has one writer.</summary>
    public IEnumerable<string> Ledgers => [LedgerOf(1), LedgerOf(2)];

    public static async Task<ReplicasUnderTest> StartAsync(string folder)
    {
        var system = new ReplicasUnderTest(folder, await RedisUnderTest.StartAsync(folder));
        system._caller.Start();
        foreach (var replica in system.Replicas)
            replica.Start();
        await system.BothHostAsync();
        return system;
    }

    /// <inheritdoc cref="RedisRows.RowsAsync"/>
    public Task<Dictionary<string, Dictionary<string, byte[]>>> RowsAsync() => _rows.RowsAsync(AppId);

    /// <summary>What a till has kept, as JSON; null where it has never been called.</summary>
    public Task<byte[]?> NumbersAsync(string till) => _rows.DataAsync($"{AppId}||{TillActor.Type}||{till}||{TillActor.State}");

    /// <summary>Waits until actors live at both replicas.</summary>
    public async Task BothHostAsync()
    {
        for (var until = DateTime.UtcNow.AddMinutes(2); ; await Task.Delay(50))
        {
            var table = await _rows.LeasesAsync($"{AppId}||replicas||default||actor");
            var holders = table.Where(field => field.Key.StartsWith("s:", StringComparison.Ordinal)).Select(field => field.Value.Split(' ')[0]).ToHashSet();
            if (holders.Count == 2 && holders.All(holder => table.ContainsKey("m:" + holder)))
                return;
            if (DateTime.UtcNow > until)
                throw new InvalidOperationException($"the replicas do not share the actors: {string.Join(", ", table.Values)}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in Replicas)
        {
            await replica.App.DisposeAsync();
            await replica.Sidecar.DisposeAsync();
        }
        await _caller.DisposeAsync();
        await _rows.DisposeAsync();
        await _redis.DisposeAsync();
    }

    private string Components => Path.Combine(_folder, "components");

    private string LedgerOf(int number) => Path.Combine(_folder, $"ledger-{number}");

    private ReplicaUnderTest Replica(int number)
    {
        var (appPort, httpPort, grpcPort) = (RedisUnderTest.FreePort(), RedisUnderTest.FreePort(), RedisUnderTest.FreePort());
        var app = new Victim($"app-{number}", _folder, () => new ProcessStartInfo("dotnet",
            [typeof(ReplicasUnderTest).Assembly.Location, "app", $"{appPort}", LedgerOf(number)])
        { Environment = { ["DAPR_GRPC_PORT"] = $"{grpcPort}", ["DAPR_HTTP_PORT"] = $"{httpPort}" } });
        return new(Sidecar($"sidecar-{number}", AppId, appPort, httpPort, grpcPort), app, grpcPort);
    }

    private Victim Sidecar(string name, string appId, int? appPort, int httpPort, int grpcPort) => new(name, _folder, () => new ProcessStartInfo("dotnet",
        [Path.Combine(AppContext.BaseDirectory, "Sidecar.dll"), "--app-id", appId, .. appPort is { } port ? ["--app-port", $"{port}"] : Array.Empty<string>(),
            "--dapr-http-port", $"{httpPort}", "--dapr-grpc-port", $"{grpcPort}", "--resources-path", Components,
            "--registry-folder", Path.Combine(_folder, "sidecars")]));
}
