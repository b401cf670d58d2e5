using System.Globalization;
using ConcertDapr.Sidecar;

namespace ConcertDapr.DevHost;

/// <summary>The Dapr runtime of this start: one sidecar per app, embedded in this process or real daprd processes.</summary>
internal abstract class Runtime : IAsyncDisposable
{
    /// <summary>What it is, for the developer.</summary>
    public abstract string Name { get; }

    /// <summary>Starts an app's sidecar; its API answers when this returns.</summary>
    public abstract Task StartAsync(AppSpec app);

    /// <summary>Stops all sidecars.</summary>
    public abstract ValueTask DisposeAsync();

    /// <summary><c>DAPR_RUNTIME=daprd|embedded</c> chooses; otherwise daprd where it is on the PATH.</summary>
    public static Runtime Choose(IReadOnlyDictionary<string, string> secrets, DevOptions options, Output output) =>
        Environment.GetEnvironmentVariable("DAPR_RUNTIME") switch
        {
            "embedded" => new EmbeddedRuntime(secrets, options, output),
            "daprd" => new DaprdRuntime(Servers.Which("daprd") ?? throw new DevHostException("DAPR_RUNTIME=daprd, but there is no daprd on the PATH"), secrets, output),
            null or "" => Servers.Which("daprd") is { } daprd ? new DaprdRuntime(daprd, secrets, output) : new EmbeddedRuntime(secrets, options, output),
            var other => throw new DevHostException($"DAPR_RUNTIME is '{other}': daprd or embedded is expected"),
        };
}

/// <summary>Embedded sidecars, all in this process.</summary>
internal sealed class EmbeddedRuntime(IReadOnlyDictionary<string, string> secrets, DevOptions options, Output output) : Runtime
{
    private readonly List<SidecarHost> _sidecars = [];

    public override string Name => "embedded sidecars";

    public override async Task StartAsync(AppSpec app)
    {
        var sidecar = await SidecarHost.StartAsync(new SidecarOptions
        {
            AppId = app.Id,
            AppPort = app.Port,
            HttpPort = app.DaprHttpPort,
            GrpcPort = app.DaprGrpcPort,
            ResourcesPaths = app.ResourcesPaths,
            ConfigPaths = app.ConfigPath is { } path ? [path] : [],
            ApiToken = secrets["DAPR_API_TOKEN"],
            AppApiToken = secrets["APP_API_TOKEN"],
            RegistryFolder = Path.Combine(options.Data, "sidecars"),
        }, new SidecarLog(app.Name, output));
        lock (_sidecars) _sidecars.Add(sidecar);
    }

    public override async ValueTask DisposeAsync() => await Task.WhenAll(_sidecars.Select(s => s.DisposeAsync().AsTask()));
}

/// <summary>Real daprd processes, with placement and scheduler where these are on the PATH (elsewhere they must run already).</summary>
internal sealed class DaprdRuntime(string daprd, IReadOnlyDictionary<string, string> secrets, Output output) : Runtime
{
    private readonly List<Child> _children = [];
    private Task? _control;

    public override string Name => $"daprd ({daprd})";

    public override async Task StartAsync(AppSpec app)
    {
        await (_control ??= StartControlPlaneAsync());
        List<string> command = [daprd, "--app-id", app.Id, "--app-port", Text(app.Port), "--dapr-http-port", Text(app.DaprHttpPort), "--dapr-grpc-port",
            Text(app.DaprGrpcPort), "--enable-metrics=false", "--placement-host-address", "localhost:50005", "--scheduler-host-address", "localhost:50006",
            "--log-level", "warn"];
        foreach (var path in app.ResourcesPaths) command.AddRange(["--resources-path", path]);
        if (app.ConfigPath is { } config) command.AddRange(["--config", config]);
        var environment = new Dictionary<string, string>(app.Environment);
        foreach (var (name, value) in secrets) environment[name] = value;
        Add(await Child.StartAsync($"dapr:{app.Name}", command, app.Directory, environment, line => output.Line($"dapr:{app.Name}", line)));
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var child in Enumerable.Reverse(_children)) await child.DisposeAsync();
    }

    private async Task StartControlPlaneAsync()
    {
        var data = Directory.CreateTempSubdirectory("concert-scheduler").FullName;
        foreach (var (program, arguments) in new[] { ("placement", new[] { "--port", "50005", "--healthz-port", "58080" }),
            ("scheduler", ["--port", "50006", "--healthz-port", "58081", "--etcd-data-dir", data]) })
            if (Servers.Which(program) is { } file)
                Add(await Child.StartAsync(program, [file, .. arguments], data, new Dictionary<string, string>(), line => output.Line(program, line)));
    }

    private void Add(Child child)
    {
        lock (_children) _children.Add(child);
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
