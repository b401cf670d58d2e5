using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ConcertDapr.Bench;

/// <summary>A redis-server of this run in a temporary folder, and what it can do by itself (<c>redis-benchmark</c>).</summary>
internal sealed class RedisUnderTest : IAsyncDisposable
{
    // What a compare-and-set costs Redis itself: the same look at the version and the same write.
    private const string CompareAndSet =
        "local v = redis.call('HGET', KEYS[1], 'version'); redis.call('HSET', KEYS[1], 'data', ARGV[1]); "
        + "return redis.call('HINCRBY', KEYS[1], 'version', 1)";

    private readonly Process _process;

    private RedisUnderTest(string folder, int port)
    {
        Port = port;
        _process = Process.Start(new ProcessStartInfo("redis-server",
            ["--port", $"{port}", "--bind", "127.0.0.1", "--dir", folder, "--save", "",
                "--appendonly", "yes", "--appendfsync", "everysec", "--daemonize", "no"])
            { RedirectStandardOutput = true })!;
    }

    public int Port { get; }

    /// <summary>A port that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Starts a server; it answers when this returns.</summary>
    public static async Task<RedisUnderTest> StartAsync(string folder)
    {
        var redis = new RedisUnderTest(folder, FreePort());
        while (await redis._process.StandardOutput.ReadLineAsync() is { } line)
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal)) break;
        if (redis._process.HasExited) throw new InvalidOperationException("redis-server did not start");
        _ = redis._process.StandardOutput.ReadToEndAsync();
        return redis;
    }

    /// <summary>GETs per second of 32 connections.</summary>
    public Task<double> GetsAsync() => BenchmarkAsync(80_000, "GET", "plain");

    /// <summary>Pairs of HGET and a compare-and-set script per second, from the rates of each.</summary>
    public async Task<double> CompareAndSetsAsync()
    {
        var reads = await BenchmarkAsync(40_000, "HGET", "block", "data");
        var writes = await BenchmarkAsync(40_000, "EVAL", CompareAndSet, "1", "block", new string('x', 100));
        return 1 / (1 / reads + 1 / writes);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<double> BenchmarkAsync(int requests, params string[] command)
    {
        using var benchmark = Process.Start(new ProcessStartInfo("redis-benchmark",
            ["-p", $"{Port}", "-c", "32", "-n", $"{requests}", "--csv", .. command]) { RedirectStandardOutput = true })!;
        var output = await benchmark.StandardOutput.ReadToEndAsync();
        await benchmark.WaitForExitAsync();
        // The last line is "command","requests per second",…; the command may hold commas, so the rate is found by its quotes.
        var numbers = output.TrimEnd().Split('\n')[^1].Split("\",\"");
        return double.Parse(numbers[1].Trim('"'), CultureInfo.InvariantCulture);
    }
}
