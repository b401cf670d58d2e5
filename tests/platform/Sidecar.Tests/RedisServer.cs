using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ConcertDapr.Sidecar.Redis;

[assembly: AssemblyFixture(typeof(ConcertDapr.Tests.RedisServer))]

namespace ConcertDapr.Tests;

/// <summary>A real redis-server of this test run: its own port, its own temporary folder, gone at the end.</summary>
public sealed class RedisServer : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("sidecar-tests-").FullName;
    private Process? process;

    public int Port { get; } = FreePort();

    public int Databases { get; init; } = 16;

    internal RedisOptions Options => new() { Host = "127.0.0.1", Port = Port };

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask InitializeAsync() => await StartAsync();

    public async Task StartAsync()
    {
        process = Process.Start(new ProcessStartInfo("redis-server",
            ["--port", $"{Port}", "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--daemonize", "no", "--databases", $"{Databases}"])
        { RedirectStandardOutput = true })!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal)) break;
        process.HasExited.ShouldBeFalse("redis-server did not start");
        _ = process.StandardOutput.ReadToEndAsync();
    }

    public async Task StopAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        process!.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    internal RedisClient Client(int database = 0) => new(Options with { Database = database });
}
