using System.Diagnostics;

namespace ConcertDapr.Bench;

/// <summary>The whole system: the one that answers at the address given, or one of this run, with data of its own.</summary>
internal sealed class SystemUnderTest : IAsyncDisposable
{
    private readonly Process? _devHost;
    private readonly string? _data;

    private SystemUnderTest(Uri url, Process? devHost, string? data) => (Url, _devHost, _data) = (url, devHost, data);

    /// <summary>The gateway.</summary>
    public Uri Url { get; }

    /// <summary>Finds the system, or starts one; every app is ready when this returns.</summary>
    public static async Task<SystemUnderTest> FindOrStartAsync(BenchOptions options)
    {
        if (await AnswersAsync(options.Url))
        {
            Console.WriteLine($"using the system at {options.Url}");
            return new(options.Url, null, null);
        }
        Console.WriteLine($"nothing answers at {options.Url}; starting a system with port offset {options.PortOffset}");
        var data = Directory.CreateTempSubdirectory("concert-bench-system-").FullName;
        var devHost = DevHost("up", "--data", data, "--port-offset", $"{options.PortOffset}");
        while (await devHost.StandardOutput.ReadLineAsync() is { } line)
            if (line.StartsWith("ready in", StringComparison.Ordinal)) break;
        if (devHost.HasExited)
            throw new InvalidOperationException($"the system did not start: {await devHost.StandardError.ReadToEndAsync()}");
        _ = devHost.StandardOutput.ReadToEndAsync();
        return new(new Uri($"http://127.0.0.1:{8080 + options.PortOffset}"), devHost, data);
    }

    public async ValueTask DisposeAsync()
    {
        if (_devHost is null) return;
        using (var terminate = Process.Start("kill", ["-TERM", $"{_devHost.Id}"])) await terminate.WaitForExitAsync();
        await _devHost.WaitForExitAsync();
        _devHost.Dispose();
        // Also where the data of Postgres had to be put elsewhere.
        using var wipe = DevHost("wipe", "--data", _data!);
        await wipe.WaitForExitAsync();
    }

    private static async Task<bool> AnswersAsync(Uri url)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        try
        {
            using var response = await http.GetAsync(new Uri(url, "/api/v1/concerts"));
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private static Process DevHost(params string[] arguments)
    {
        var root = Root();
        var configuration = AppContext.BaseDirectory.Contains("/Debug/", StringComparison.Ordinal) ? "Debug" : "Release";
        var dll = Path.Combine(root, "apps/platform/DevHost/bin", configuration, "net10.0/DevHost.dll");
        if (!File.Exists(dll)) throw new InvalidOperationException($"{dll} is not built");
        return Process.Start(new ProcessStartInfo("dotnet", [dll, .. arguments])
        {
            WorkingDirectory = root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "dapr.yaml"))) return folder.FullName;
        throw new InvalidOperationException("dapr.yaml was not found above this program");
    }
}
