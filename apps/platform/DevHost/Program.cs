using System.Runtime.InteropServices;
using System.Text.Json;
using ConcertDapr.DevHost;

try
{
    var options = DevOptions.Parse(args);
    return options.Command switch
    {
        "up" => await UpAsync(options),
        "restart" => Restart(options),
        "wipe" => Wipe(options),
        var unknown => throw new DevHostException($"unknown command {unknown}\n{DevOptions.Usage}"),
    };
}
catch (Exception e) when (e is DevHostException or ConcertDapr.Sidecar.SidecarStartException)
{
    await Console.Error.WriteLineAsync($"devhost: {e.Message}");
    return 1;
}

static async Task<int> UpAsync(DevOptions options)
{
    if (options.Reseed) Wipe(options);
    Directory.CreateDirectory(options.Data);
    using var output = new Output(options.Data);
    using var stop = new CancellationTokenSource();
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
    await using var system = new DevSystem(options, output);
    var told = Task.WhenAny(Posix.ParentGoneAsync(stop.Token), Task.Delay(Timeout.Infinite, stop.Token));
    var start = system.StartAsync(stop.Token);
    if (await Task.WhenAny(start, told) == start)
    {
        await start;
        await await Task.WhenAny(told, system.FailedAsync());
    }
    output.Say("[yellow]stopping[/]");
    return 0;

    void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        stop.Cancel();
    }
}

static int Restart(DevOptions options)
{
    var file = Path.Combine(options.Data, "running.json");
    if (options.Apps is not [var app]) throw new DevHostException($"name one app\n{DevOptions.Usage}");
    if (!File.Exists(file)) throw new DevHostException("nothing runs from this folder");
    var pids = JsonSerializer.Deserialize<Dictionary<string, int?>>(File.ReadAllText(file))!;
    if (!pids.TryGetValue(app, out var pid) || pid is null) throw new DevHostException($"there is no app {app}; there are {string.Join(", ", pids.Keys)}");
    return Posix.Signal(pid.Value, Posix.Terminate) ? 0 : throw new DevHostException($"{app} (process {pid}) does not run");
}

static int Wipe(DevOptions options)
{
    if (File.Exists(Path.Combine(options.Data, "running.json")) && !Ports.IsFree(DevOptions.RedisPort + options.PortOffset))
        throw new DevHostException("the system is running; stop it first");
    if (!Directory.Exists(options.Data)) return 0;
    var postgres = new DirectoryInfo(Path.Combine(options.Data, "postgres"));
    if (postgres.LinkTarget is { } real && Directory.Exists(real)) Directory.Delete(real, recursive: true);
    Directory.Delete(options.Data, recursive: true);
    return 0;
}
