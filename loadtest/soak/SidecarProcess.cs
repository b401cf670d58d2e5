using System.Diagnostics;
using System.Globalization;

namespace ConcertDapr.Soak;

/// <summary>What one look at the sidecars' process gave.</summary>
/// <param name="Heap">Managed bytes after a full collection.</param>
/// <param name="Resident">Resident bytes of the process.</param>
/// <param name="Faults">Unexpected errors logged so far.</param>
internal sealed record Sample(long Heap, long Resident, int Faults);

/// <summary>The sidecars in a process of their own.</summary>
internal sealed class SidecarProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process process;

    private SidecarProcess(Process process, int httpPort, int grpcPort) => (this.process, HttpPort, GrpcPort) = (process, httpPort, grpcPort);

    public int HttpPort { get; }

    public int GrpcPort { get; }

    public bool HasExited => process.HasExited;

    /// <summary>Starts the process; the APIs answer when this returns, the apps may still be missing.</summary>
    public static async Task<SidecarProcess> StartAsync(string folder, int appPort, int badPort)
    {
        var process = Process.Start(new ProcessStartInfo("dotnet",
            [typeof(SidecarProcess).Assembly.Location, "serve", folder, $"{appPort}", $"{badPort}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var ports = (await ReadAsync(process)).Split(' ');
        return new(process, Number(ports[1]), Number(ports[2]));
    }

    /// <summary>Completes when both apps have been found.</summary>
    public async Task ReadyAsync()
    {
        if (await ReadAsync(process) is var line && line != "ready") throw new InvalidOperationException($"the sidecars said '{line}'");
    }

    public async Task<Sample> SampleAsync()
    {
        await process.StandardInput.WriteLineAsync("heap");
        var answer = (await ReadAsync(process)).Split(' ');
        var resident = File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        var kilobytes = resident.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return new(long.Parse(answer[1], CultureInfo.InvariantCulture), 1024 * long.Parse(kilobytes, CultureInfo.InvariantCulture), Number(answer[3]));
    }

    /// <summary>Lets the sidecars end in order; returns their exit code.</summary>
    public async Task<int> StopAsync()
    {
        process.StandardInput.Close();
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
        process.Dispose();
    }

    private static async Task<string> ReadAsync(Process process) =>
        await process.StandardOutput.ReadLineAsync().WaitAsync(Patience)
            ?? throw new InvalidOperationException("the sidecars' process has ended");

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
