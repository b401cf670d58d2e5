using System.Diagnostics;
using ConcertDapr.Sidecar;
using Dapr.Client;

namespace ConcertDapr.Bench;

/// <summary>What a sidecar costs by itself in a process that has others already: memory, and the time until it answers.</summary>
internal sealed class SidecarCosts(Table table)
{
    private const int Warm = 2;
    private const int Sidecars = 10;
    private const int CallsEach = 200;

    public async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("concert-bench-").FullName;
        await using var redis = await RedisUnderTest.StartAsync(folder);
        ComponentFile.Write(folder, "state", "state.redis", redis.Port, ("actorStateStore", "true"));
        ComponentFile.Write(folder, "pubsub", "pubsub.redis", redis.Port);
        ComponentFile.Write(folder, "lock", "lock.redis", redis.Port);
        var running = new List<SidecarHost>();
        try
        {
            var (times, before) = (new List<double>(), default(Memory));
            for (var n = 1; n <= Sidecars; n++)
            {
                var start = Stopwatch.GetTimestamp();
                running.Add(await SidecarHost.StartAsync(Options(folder, $"sidecar{n}")));
                if (n > Warm) times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                await UseAsync(running[^1]);
                if (n == Warm) before = Memory.Now();
            }
            var each = Memory.Now().Since(before, Sidecars - Warm);
            times.Sort();
            table.Times("sidecar in a warm process: start until it answers", Meter.At(times, 0.5), Meter.At(times, 0.99));
            table.Amount("    each further one: resident memory", each.Resident, "MB");
            table.Amount("    each further one: managed heap", each.Heap, "MB");
        }
        finally
        {
            foreach (var sidecar in running) await sidecar.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static SidecarOptions Options(string folder, string appId) => new()
    {
        AppId = appId,
        HttpPort = 0,
        GrpcPort = 0,
        ResourcesPaths = [folder],
        RegistryFolder = Path.Combine(folder, "sidecars"),
    };

    /// <summary>A sidecar that was never called would cost less than one that works.</summary>
    private static async Task UseAsync(SidecarHost sidecar)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{sidecar.HttpPort}") };
        using var dapr = new DaprClientBuilder().UseGrpcEndpoint($"http://127.0.0.1:{sidecar.GrpcPort}").Build();
        await Task.WhenAll(Enumerable.Range(0, CallsEach).Select(async n =>
        {
            await dapr.SaveStateAsync("state", $"key{n}", n);
            var got = await http.GetStringAsync(new Uri($"/v1.0/state/state/key{n}", UriKind.Relative));
            if (got != $"{n}") throw new InvalidOperationException($"key{n} is {got}");
            await dapr.PublishEventAsync("pubsub", "topic", n);
        }));
    }

    /// <summary>Of this process, in MB, when all that can go has gone.</summary>
    private readonly record struct Memory(double Resident, double Heap)
    {
        public static Memory Now()
        {
            var heap = ManagedHeap.Settled();
            using var process = Process.GetCurrentProcess();
            return new(process.WorkingSet64 / 1024.0 / 1024, heap / 1024.0 / 1024);
        }

        public Memory Since(Memory before, int count) => new((Resident - before.Resident) / count, (Heap - before.Heap) / count);
    }
}
