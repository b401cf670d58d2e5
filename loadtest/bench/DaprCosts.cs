using System.Diagnostics;
using System.Globalization;
using ConcertDapr.Sidecar;
using Dapr.Client;

namespace ConcertDapr.Bench;

/// <summary>Calls through embedded sidecars against the same thing done plainly.</summary>
internal sealed class DaprCosts(BenchOptions options, Table table)
{
    private const int Callers = 32;
    private const int Connections = 64;
    private const double WarmUpSeconds = 8;

    private static readonly byte[] s_invoke = HttpLoop.Request("POST", $"/v1.0/invoke/{AppUnderTest.Id}/method/ping");

    /// <summary>Measures each part in a process of its own: what one leaves behind would be measured with the next.</summary>
    /// <exception cref="InvalidOperationException">A part failed; it has said why.</exception>
    public static async Task RunPartsAsync(BenchOptions options, Table table)
    {
        var seconds = options.Seconds.ToString(CultureInfo.InvariantCulture);
        foreach (var part in BenchOptions.DaprParts)
        {
            using var process = Process.Start(new ProcessStartInfo("dotnet", [typeof(DaprCosts).Assembly.Location, part, "--seconds", seconds])
            {
                RedirectStandardOutput = true,
            })!;
            await process.StandardOutput.ReadLineAsync(); // The machine, which we have told already.
            while (await process.StandardOutput.ReadLineAsync() is { Length: > 0 } line) table.Foreign(line);
            await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            if (process.ExitCode != 0) throw new InvalidOperationException($"the part {part} failed");
        }
    }

    /// <summary>Measures the part that is asked for; Redis, app and sidecars are this run's own.</summary>
    public async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("concert-bench-").FullName;
        try
        {
            await using var redis = await RedisUnderTest.StartAsync(folder);
            var components = Directory.CreateDirectory(Path.Combine(folder, "components")).FullName;
            ComponentFile.Write(components, "statestore", "state.redis", redis.Port, ("actorStateStore", "true"));
            var registry = Path.Combine(folder, "sidecars");
            await using var app = await AppUnderTest.StartAsync(components, registry);
            if (options.Only == "state") await StateAsync(redis, app);
            if (options.Only == "calls") await CallsAsync(app, components, registry);
            if (options.Only == "workflows") await WorkflowsAsync(app);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task StateAsync(RedisUnderTest redis, AppUnderTest app)
    {
        using var dapr = new DaprClientBuilder().UseGrpcEndpoint($"http://127.0.0.1:{app.Sidecar.GrpcPort}").Build();
        var value = new string('x', 100);
        for (var caller = 0; caller < Callers; caller++) await dapr.SaveStateAsync("statestore", Key(caller), value);
        await using var shared = await StateLoops.ConnectAsync(app.Sidecar.GrpcPort, Callers, 1);
        await using var own = await StateLoops.ConnectAsync(app.Sidecar.GrpcPort, Callers, Callers);

        // Limits are measured before and after what is compared with them: on a shared machine the load changes in between.
        var gets = await redis.GetsAsync();
        var got = await MeasureAsync(Callers, shared.GetAsync);
        gets = table.Limit("Redis GET, 32 connections (redis-benchmark)", (gets + await redis.GetsAsync()) / 2);
        table.Share("state get (gRPC), 32 callers of one connection", gets, got);
        table.Share("  the same, each caller with a connection", gets, await MeasureAsync(Callers, own.GetAsync));
        table.Share("  the same through the .NET SDK", gets, await MeasureAsync(Callers, caller => dapr.GetStateAsync<string>("statestore", Key(caller))));

        var pairs = await redis.CompareAndSetsAsync();
        var saved = await MeasureAsync(Callers, shared.GetAndSaveAsync);
        pairs = table.Limit("Redis HGET + EVAL, 32 connections (redis-benchmark)", (pairs + await redis.CompareAndSetsAsync()) / 2);
        table.Share("state get + compare-and-set, 32 callers of one", pairs, saved);
        table.Share("  the same, each caller with a connection", pairs, await MeasureAsync(Callers, own.GetAndSaveAsync));
        table.Share("  the same through the .NET SDK", pairs, await MeasureAsync(Callers, async caller =>
        {
            var (_, etag) = await dapr.GetStateAndETagAsync<string>("statestore", Key(caller));
            var isOurs = await dapr.TrySaveStateAsync("statestore", Key(caller), value, etag);
            if (!isOurs) throw new InvalidOperationException("an own key was changed");
        }));
    }

    private static string Key(int caller) => StateLoops.Key(caller);

    private async Task CallsAsync(AppUnderTest app, string components, string registry)
    {
        byte[] Actor(int n) => HttpLoop.Request("PUT", $"/v1.0/actors/Ping/{n}/method/Ping");

        var ping = HttpLoop.Request("POST", "/ping");
        var before = await HttpAsync(app.Port, _ => ping);
        var many = await HttpAsync(app.Sidecar.HttpPort, Actor);
        var one = await HttpAsync(app.Sidecar.HttpPort, _ => Actor(0));
        var within = await InvokeInProcessAsync(components, registry);
        var across = await InvokeAcrossAsync(components, registry);
        var after = await HttpAsync(app.Port, _ => ping);

        var direct = table.Limit("app called directly over HTTP, 64 connections", Rate.Mean(before, after));
        table.Share("actor call, 64 actors", direct, many);
        table.Share("actor call, one actor", direct, one);
        table.Share("service invocation, two sidecars in one process", direct, within);
        table.Share("service invocation, two sidecars in two processes", direct, across);
    }

    private async Task<Rate> InvokeInProcessAsync(string components, string registry)
    {
        await using var caller = await SidecarHost.StartAsync(new SidecarOptions
        {
            AppId = "caller",
            HttpPort = 0,
            GrpcPort = 0,
            ResourcesPaths = [components],
            RegistryFolder = registry,
        });
        return await HttpAsync(caller.HttpPort, _ => s_invoke);
    }

    private async Task<Rate> InvokeAcrossAsync(string components, string registry)
    {
        var port = RedisUnderTest.FreePort();
        using var process = StartSidecar(port, components, registry);
        try
        {
            await AnswersAsync(port, s_invoke);
            // A process that has just begun: its code is compiled as it turns out to be used.
            await HttpAsync(port, _ => s_invoke, WarmUpSeconds);
            return await HttpAsync(port, _ => s_invoke);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    private async Task WorkflowsAsync(AppUnderTest app)
    {
        async Task RunOneAsync(int caller)
        {
            var id = await app.Workflows.ScheduleNewWorkflowAsync(AppUnderTest.FourSteps, input: 1);
            var state = await app.Workflows.WaitForWorkflowCompletionAsync(id);
            if (state.ReadOutputAs<int>() != 5) throw new InvalidOperationException($"a workflow ended as {state.RuntimeStatus}");
        }

        // The code is compiled as it turns out to be used: a good deal of it runs too rarely to be done within a second.
        await Meter.RunAsync(Callers, WarmUpSeconds, RunOneAsync);
        table.Figure("workflow of four activities, 32 at once", await MeasureAsync(Callers, RunOneAsync));
        table.Figure("workflow of four activities, alone", await MeasureAsync(1, RunOneAsync));
        // Beside it, how long this machine takes for one call and its answer when nothing else goes on.
        using var ping = HttpLoop.Connect(app.Port);
        var request = HttpLoop.Request("POST", "/ping");
        table.Figure("app called directly over HTTP, alone", await MeasureAsync(1, _ => ping.SendAsync(request)));
    }

    private Task<Rate> MeasureAsync(int callers, Func<int, Task> call) => Meter.RunAsync(callers, options.Seconds, call);

    private async Task<Rate> HttpAsync(int port, Func<int, byte[]> request, double? seconds = null)
    {
        var loops = Enumerable.Range(0, Connections).Select(n => (Loop: HttpLoop.Connect(port), Request: request(n))).ToArray();
        try
        {
            return await Meter.RunAsync(Connections, seconds ?? options.Seconds, n => loops[n].Loop.SendAsync(loops[n].Request));
        }
        finally
        {
            foreach (var (loop, _) in loops) loop.Dispose();
        }
    }

    private static Process StartSidecar(int port, string components, string registry)
    {
        var process = Process.Start(new ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "Sidecar.dll"), "--app-id", "outside", "--dapr-http-port", $"{port}",
                "--dapr-grpc-port", "0", "--resources-path", components, "--registry-folder", registry])
            { RedirectStandardOutput = true })!;
        _ = process.StandardOutput.ReadToEndAsync();
        return process;
    }

    private static async Task AnswersAsync(int port, byte[] request)
    {
        for (var until = DateTime.UtcNow.AddSeconds(15); ; await Task.Delay(50))
        {
            try
            {
                using var loop = HttpLoop.Connect(port);
                await loop.SendAsync(request);
                return;
            }
            catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException && DateTime.UtcNow < until)
            {
                // Not up yet.
            }
        }
    }
}
