using System.Diagnostics;
using System.Text.Json;

namespace ConcertDapr.DevHost;

/// <summary>The whole system on this machine, from ports to links, and down again in the reverse order.</summary>
internal sealed class DevSystem(DevOptions options, Output output) : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _started = new();
    private readonly List<App> _apps = [];

    private string StateFile => Path.Combine(options.Data, "running.json");

    /// <summary>Starts everything; returns when every app is ready.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var specs = Chosen();
        Ports.RequireFree(specs.SelectMany(s => new[] { (s.Port, s.Name), (s.DaprHttpPort, $"{s.Name}'s sidecar"), (s.DaprGrpcPort, $"{s.Name}'s sidecar") }));
        await StartServersAsync();
        var secrets = Secrets.Load(options.Data);
        var environment = Environment(secrets);
        foreach (var (name, value) in environment) System.Environment.SetEnvironmentVariable(name, value);

        var runtime = Runtime.Choose(secrets, options, output);
        _started.Push(runtime);
        await Task.WhenAll(specs.Select(s => runtime.StartAsync(s with { ResourcesPaths = Filtered(s.ResourcesPaths) })));
        Step($"{specs.Count} {runtime.Name}");

        foreach (var spec in specs) await StartAppAsync(spec, environment);
        var waiting = _apps.ConvertAll(a => ShowReadyAsync(a, cancellationToken));
        while (waiting.Count > 0)
        {
            // One by one as they come, so that an app that cannot start is reported at once.
            var next = await Task.WhenAny(waiting);
            waiting.Remove(next);
            await next;
        }
        WriteState();
        output.Say($"[bold green]ready[/] in {clock.Elapsed.TotalSeconds:0.0} s");
        ShowLinks(specs);
    }

    /// <summary>Completes, faulted, when an app has failed for good.</summary>
    public async Task FailedAsync()
    {
        var first = await Task.WhenAny(_apps.Select(a => a.Watch));
        await first;
    }

    public async ValueTask DisposeAsync()
    {
        File.Delete(StateFile);
        await Task.WhenAll(_apps.Select(a => a.DisposeAsync().AsTask()));
        while (_started.TryPop(out var part)) await part.DisposeAsync();
    }

    private IReadOnlyList<AppSpec> Chosen()
    {
        var all = RunFile.Read(options.RunFile, options.PortOffset);
        if (options.Apps.Concat(options.Replicas.Keys).FirstOrDefault(wanted => all.All(a => a.Id != wanted)) is { } unknown)
            throw new DevHostException($"there is no app {unknown}; there are {string.Join(", ", all.Select(a => a.Id))}");
        return [.. all.Where(a => options.Apps.Count == 0 || options.Apps.Contains(a.Id)).SelectMany(a => a.Replicas(options.Replicas.GetValueOrDefault(a.Id, 1)))];
    }

    private async Task StartServersAsync()
    {
        var redis = Servers.RedisAsync(DevOptions.RedisPort + options.PortOffset, options.Data, line => output.Line("redis", line));
        var postgres = Servers.PostgresAsync(DevOptions.PostgresPort + options.PortOffset, options.Data, line => Postgres(line));
        if (await redis is { } mine) _started.Push(mine);
        Step($"Redis on port {DevOptions.RedisPort + options.PortOffset}{(await redis is null ? " (was there)" : "")}");
        if (await postgres is { } own) _started.Push(own);
        Step($"Postgres on port {DevOptions.PostgresPort + options.PortOffset}{(await postgres is null ? " (was there)" : "")}");
    }

    private void Postgres(string line)
    {
        // Routine lines stay in the server's own words only where they matter.
        if (!line.Contains("LOG:", StringComparison.Ordinal)) output.Line("postgres", line);
    }

    private Dictionary<string, string> Environment(IReadOnlyDictionary<string, string> secrets)
    {
        var environment = new Dictionary<string, string>(secrets)
        {
            ["REDIS_HOST"] = $"127.0.0.1:{DevOptions.RedisPort + options.PortOffset}",
            ["Postgres__Port"] = $"{DevOptions.PostgresPort + options.PortOffset}",
        };
        foreach (var (name, value) in options.Settings) environment[name] = value;
        return environment;
    }

    private async Task StartAppAsync(AppSpec spec, IReadOnlyDictionary<string, string> environment)
    {
        var merged = new Dictionary<string, string>(spec.Environment);
        foreach (var (name, value) in environment) merged[name] = value;
        var app = new App(spec, merged, output, WriteState);
        _apps.Add(app);
        await app.StartAsync();
    }

    private async Task ShowReadyAsync(App app, CancellationToken cancellationToken)
    {
        await app.UntilReadyAsync(cancellationToken);
        Step(app.Name);
    }

    /// <summary>Resource folders without the components that were left out: copies, for the folders belong to the developer.</summary>
    private IReadOnlyList<string> Filtered(IReadOnlyList<string> folders)
    {
        if (options.Without.Count == 0) return folders;
        var copy = Directory.CreateDirectory(Path.Combine(options.Data, "components")).FullName;
        foreach (var file in folders.SelectMany(f => Directory.EnumerateFiles(f, "*.yaml")))
        {
            var target = Path.Combine(copy, Path.GetFileName(file));
            if (options.Without.Contains(Path.GetFileNameWithoutExtension(file))) File.Delete(target);
            else File.Copy(file, target, overwrite: true);
        }
        return [copy];
    }

    // Read by `restart`, so written again whenever an app comes back under another process id.
    private void WriteState() => File.WriteAllText(StateFile, JsonSerializer.Serialize(_apps.ToDictionary(a => a.Name, a => a.Pid)));

    private void Step(string what) => output.Say($"[green]✓[/] {Spectre.Console.Markup.Escape(what)}");

    private void ShowLinks(IReadOnlyList<AppSpec> specs)
    {
        if (specs.FirstOrDefault(s => s.Name == "gateway") is not { } gateway) return;
        output.Say($"  API         http://127.0.0.1:{gateway.Port}/api/v1/concerts");
        output.Say($"  OpenAPI     http://127.0.0.1:{gateway.Port}/openapi/v1.json");
        output.Say($"  Sidecar     http://127.0.0.1:{gateway.DaprHttpPort}/v1.0/metadata (and the others' ports in dapr.yaml)");
        output.Say($"  Logs, data  {Spectre.Console.Markup.Escape(options.Data)}");
        output.Say("  Stop        Ctrl-C");
    }
}
