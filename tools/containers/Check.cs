using System.Diagnostics;
using ConcertDapr.Charts;
using static ConcertDapr.Charts.Manifest;

namespace ConcertDapr.Containers;

/// <summary>The check from servers to verdict: what <c>helm install</c> and <c>helm test</c> would do, then a shutdown.</summary>
internal sealed class Check(Chart chart, Podman podman, string work)
{
    private const string Program = "/app/start";

    private static readonly HttpClient s_probe = new() { Timeout = TimeSpan.FromSeconds(3) };

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Injector _injector = new(chart, ImageOf(chart, "sidecar"), work);
    private readonly Servers _servers = new(chart, "localhost/concert-dapr/base-servers:local");

    public async Task RunAsync()
    {
        await podman.DisposeAsync();
        chart.CheckServices();
        WriteFiles();
        await StartServersAsync();
        foreach (var job in chart.Jobs)
        {
            await podman.RunAsync(Pods.Spec(chart, job.Name, job.Pod!));
            Say($"{job} ended well");
        }
        await StartAppsAsync();
        foreach (var test in chart.Tests) Say($"helm test, {test}:\n{Indented(await podman.RunAsync(Pods.Spec(chart, test.Name, test.Pod!)))}");
        Say($"audit:\n{Indented(await podman.RunAsync(Audit()))}");
        await StopAppsAsync();
        Console.WriteLine($"containers: {chart.Deployments.Count} apps with their sidecars ran from the rendered chart, sold a ticket and ended cleanly");
    }

    private void WriteFiles()
    {
        foreach (var folder in new[] { _injector.Resources, _injector.Configurations, _injector.Registry })
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
            Directory.CreateDirectory(folder);
        }
        // Sidecars run as a user of their own and announce themselves here.
        File.SetUnixFileMode(_injector.Registry, (UnixFileMode)0b111_111_111);
        chart.WriteDaprFiles(_injector.Resources, _injector.Configurations);
    }

    private async Task StartServersAsync()
    {
        await podman.StartAsync(_servers.RedisSpec);
        await podman.StartAsync(_servers.PostgresSpec);
        await UntilAsync(Servers.Redis, 30, () => Servers.AnswersAsync(Servers.RedisPort, podman.Stop));
        await UntilAsync(Servers.Postgres, 60, () => Servers.AnswersAsync(Servers.PostgresPort, podman.Stop));
        Say("Redis and Postgres take connections");
    }

    private async Task StartAppsAsync()
    {
        foreach (var (index, deployment) in chart.Deployments.Index())
        {
            // A pod's containers start together.
            await podman.StartAsync(_injector.Sidecar(deployment, index));
            await podman.StartAsync(Pods.Spec(chart, deployment.Name, deployment.Pod!, Injector.Variables(index)));
        }
        Say($"{chart.Deployments.Count} apps and their sidecars are started");
        foreach (var deployment in chart.Deployments)
        {
            await UntilAsync(deployment.Name, 180, () => ProbeAsync(deployment, "startupProbe"), $"{deployment.Name}-daprd");
            await UntilAsync(deployment.Name, 180, () => ProbeAsync(deployment, "readinessProbe"), $"{deployment.Name}-daprd");
        }
        foreach (var deployment in chart.Deployments)
        {
            var (code, said) = await podman.ExecAsync(deployment.Name, Program, "probe");
            if (code != 0) throw new CheckException($"{deployment.Name} is ready, the image's own probe says: {said.Trim()}");
        }
        Say("all are ready, by Kubernetes' probes and by the images' own");
    }

    private async Task StopAppsAsync()
    {
        await Task.WhenAll(chart.Deployments.SelectMany(d => new[] { d.Name, $"{d.Name}-daprd" }.Select(name => StopAsync(d, name))));
        Say("all ended with code 0 when they were told to");
    }

    private async Task StopAsync(Manifest deployment, string name)
    {
        var grace = int.Parse(Text(deployment.Pod!["spec"]!["terminationGracePeriodSeconds"]), System.Globalization.CultureInfo.InvariantCulture);
        if (await podman.EndAsync(name, grace) is not 0 and var code) throw new CheckException($"{name} was told to stop and ended with code {code}");
    }

    private ContainerSpec Audit() => new("audit", ImageOf(chart, "rush"),
        ["--read-only", "--read-only-tmpfs=false", $"--env=PGPASSWORD={_servers.PostgresPassword}"],
        ["audit", "--url", $"http://gateway:{Pods.Port(chart.Deployments.First(d => d.Name == "gateway").Pod!, "http")}",
            "--postgres", $"{Servers.Postgres}:{Servers.PostgresPort}"]);

    private async Task<bool> ProbeAsync(Manifest deployment, string probe)
    {
        var get = Pods.Container(deployment.Pod!)[probe]?["httpGet"] ?? throw new CheckException($"{deployment} has no httpGet {probe}");
        try
        {
            using var answer = await s_probe.GetAsync(new Uri($"http://127.0.0.1:{Pods.Port(deployment.Pod!, Text(get["port"]))}{get["path"]}"), podman.Stop);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !podman.Stop.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Waits for a container to be ready; that it ended meanwhile, or its sidecar did, ends the check at once.</summary>
    private async Task UntilAsync(string name, int seconds, Func<Task<bool>> condition, string? sidecar = null)
    {
        for (var until = _clock.Elapsed.TotalSeconds + seconds; !await condition(); await Task.Delay(200, podman.Stop))
        {
            foreach (var running in new[] { name, sidecar }.OfType<string>())
                if (!await podman.RunsAsync(running)) throw new CheckException($"{running} ended:\n{(await Podman.LogsAsync(running)).Trim()}\n");
            if (_clock.Elapsed.TotalSeconds > until) throw new CheckException($"{name} is not ready after {seconds} s");
        }
    }

    private static string ImageOf(Chart chart, string app)
    {
        // Beside the apps' images.
        var gateway = Text(Pods.Container(chart.Deployments.First(d => d.Name == "gateway").Pod!)["image"]);
        return gateway.Replace("/gateway:", $"/{app}:", StringComparison.Ordinal);
    }

    private static string Indented(string text) => string.Join('\n', text.TrimEnd().Split('\n').Select(line => $"           {line}"));

    private void Say(string what) => Console.WriteLine($"{_clock.Elapsed.TotalSeconds,6:0.0} s  {what}");
}
