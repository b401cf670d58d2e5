using System.Globalization;
using ConcertDapr.Bench;
using ConcertDapr.Sidecar;

namespace ConcertDapr.Soak;

/// <summary>
/// The process under test: the sidecar of the app and that of the app that answers garbage, and a way to ask for the managed
/// heap. Says its ports, then answers each line of its input.
/// </summary>
internal static class ServedSidecars
{
    /// <param name="args">Folder with <c>components</c> and <c>components-bad</c>, the app's port, the bad app's port.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var folder = args[0];
        using var log = new FaultLog(Path.Combine(folder, "sidecar.log"));
        using var loggers = new Microsoft.Extensions.Logging.LoggerFactory([log]);
        await using var app = await SidecarHost.StartAsync(Options(folder, "app", "components", Number(args[1])), loggers);
        await using var bad = await SidecarHost.StartAsync(Options(folder, "bad", "components-bad", Number(args[2])), loggers);
        Say($"ports {app.HttpPort} {app.GrpcPort}");
        await Task.WhenAll(app.Ready, bad.Ready);
        Say("ready");
        while (await Console.In.ReadLineAsync() is { } line)
            Say(line == "heap" ? $"heap {ManagedHeap.Settled()} faults {log.Faults}" : $"'{line}' is not understood");
        return 0;
    }

    private static SidecarOptions Options(string folder, string appId, string components, int port) => new()
    {
        AppId = appId,
        AppPort = port,
        HttpPort = 0,
        GrpcPort = 0,
        ResourcesPaths = [Path.Combine(folder, components)],
        RegistryFolder = Path.Combine(folder, "sidecars"),
    };

    private static void Say(string line) => Console.Out.WriteLine(line);

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
