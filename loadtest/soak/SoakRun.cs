using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using ConcertDapr.Bench;
using Dapr.Client;

namespace ConcertDapr.Soak;

/// <summary>The run: slices of requests with a look at the memory after each, then every kind once more, then the verdict.</summary>
internal sealed class SoakRun(SoakOptions options)
{
    private const int FaultsShown = 20;
    private const int FaultsEnough = 200;

    private readonly ConcurrentQueue<string> wrong = new();
    private readonly List<Sample> samples = [];

    public async Task<bool> RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("dapr-soak-").FullName;
        await using var redis = await RedisUnderTest.StartAsync(folder);
        await using var fakeRedis = new FakeRedis(options.Seed);
        await using var bad = new BadApp(options.Seed);
        Components.Write(folder, redis.Port, fakeRedis.Port);
        var appPort = RedisUnderTest.FreePort();
        await using var sidecar = await SidecarProcess.StartAsync(folder, appPort, bad.Port);
        await using var app = await SoakApp.StartAsync(appPort, sidecar);
        await sidecar.ReadyAsync();
        var passed = await SoakAsync(sidecar, app);
        var code = await sidecar.StopAsync();
        if (code != 0) Console.WriteLine($"the sidecars ended with code {code}");
        passed &= code == 0;
        Console.WriteLine(passed ? "passed" : $"FAILED; the sidecars' log is {folder}/sidecar.log");
        if (passed) Directory.Delete(folder, recursive: true);
        return passed;
    }

    private async Task<bool> SoakAsync(SidecarProcess sidecar, SoakApp app)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{sidecar.HttpPort}") };
        using var grpc = new DaprClientBuilder().UseGrpcEndpoint($"http://127.0.0.1:{sidecar.GrpcPort}").Build();
        using var grpcContent = new GrpcContentAttack(new Uri($"http://127.0.0.1:{sidecar.GrpcPort}"));
        var clients = new Clients(http, grpc, app.Workflows);
        Caller[] callers = [.. Enumerable.Range(0, options.Callers).Select(n => new Caller(clients, options.Seed, n))];
        IAttack[] attacks =
        [
            new HttpContentAttack(http), new HttpContentAttack(http), new HttpWireAttack(sidecar.HttpPort), grpcContent, grpcContent,
            new GrpcWireAttack(sidecar.GrpcPort), new RedisAttack(http), new BadAppAttack(http),
        ];
        Random[] attackers = [.. Enumerable.Range(0, Math.Max(1, options.Callers / 4)).Select(n => new Random(HashCode.Combine(options.Seed, -1 - n)))];
        var start = Stopwatch.GetTimestamp();
        for (var slice = 0; slice < options.Samples && wrong.Count < FaultsEnough; slice++)
        {
            await Task.WhenAll(
                ShareAsync(callers, Part(options.Requests, slice), caller => caller.CallAsync()),
                ShareAsync(attackers, Part(options.Malformed, slice), random => attacks[random.Next(attacks.Length)].SendAsync(random)));
            if (sidecar.HasExited) throw new InvalidOperationException("the sidecars' process has ended");
            samples.Add(await sidecar.SampleAsync());
            Show(slice, Stopwatch.GetElapsedTime(start));
        }
        foreach (var caller in callers) await NotedAsync(caller.CallEachAsync);
        await DeliveredAsync(app, callers.Sum(caller => caller.Published));
        samples.Add(await sidecar.SampleAsync());
        return Judge();
    }

    private int Part(int total, int slice) => (int)((long)total * (slice + 1) / options.Samples - (long)total * slice / options.Samples);

    /// <summary>Each works off what is left, one after the other.</summary>
    private async Task ShareAsync<T>(T[] workers, int count, Func<T, Task> call)
    {
        var left = count;
        await Task.WhenAll(workers.Select(worker => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0 && wrong.Count < FaultsEnough) await NotedAsync(() => call(worker));
        })));
    }

    private async Task NotedAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (WrongAnswerException e)
        {
            Wrong(e.Message);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or System.Net.Sockets.SocketException)
        {
            Wrong(e.ToString());
        }
    }

    private void Wrong(string what)
    {
        wrong.Enqueue(what);
        if (wrong.Count <= FaultsShown) Console.WriteLine($"WRONG {what}");
    }

    private async Task DeliveredAsync(SoakApp app, long published)
    {
        for (var until = DateTime.UtcNow.AddSeconds(120); app.Delivered < published && DateTime.UtcNow < until;) await Task.Delay(50);
        Console.WriteLine($"{published} events published, {app.Delivered} delivered");
        if (app.Delivered < published) Wrong($"{published - app.Delivered} events were not delivered");
    }

    private void Show(int slice, TimeSpan elapsed)
    {
        var sample = samples[^1];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{(slice + 1) * 100 / options.Samples,3} %  {elapsed.TotalSeconds,7:0.0} s  heap {Megabytes(sample.Heap),6:0.00} MB  resident {Megabytes(sample.Resident),6:0.0} MB  wrong {wrong.Count}  faults {sample.Faults}"));
    }

    private bool Judge()
    {
        var half = samples.Skip(samples.Count / 2).ToList();
        var (heap, resident) = (Growth([.. half.Select(s => (double)s.Heap)]), Growth([.. half.Select(s => (double)s.Resident)]));
        var faults = samples[^1].Faults;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{options.Requests} requests, {options.Malformed} malformed, seed {options.Seed}: {wrong.Count} answered wrongly, {faults} unexpected errors in the log"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"second half: heap {heap:+0.0;-0.0} %, resident {resident:+0.0;-0.0} %"));
        return wrong.IsEmpty && faults == 0 && heap <= options.Growth && resident <= options.Growth;
    }

    /// <summary>Per cent from the beginning to the end of the straight line through the values.</summary>
    private static double Growth(double[] values)
    {
        if (values.Length < 2) return 0;
        var (n, meanX, meanY) = (values.Length, (values.Length - 1) / 2.0, values.Average());
        var slope = values.Select((y, x) => (x - meanX) * (y - meanY)).Sum() / Enumerable.Range(0, n).Sum(x => (x - meanX) * (x - meanX));
        return 100 * slope * (n - 1) / (meanY - slope * meanX);
    }

    private static double Megabytes(long bytes) => bytes / 1024.0 / 1024.0;
}
