using System.Globalization;

namespace ConcertDapr.DevHost;

/// <summary>One app as a child process: started, watched until it is ready, started again when it dies.</summary>
internal sealed class App(AppSpec spec, IReadOnlyDictionary<string, string> environment, Output output, Action restarted) : IAsyncDisposable
{
    private const int Misconfigured = 78;

    private static readonly HttpClient s_probe = new() { Timeout = TimeSpan.FromSeconds(3) };

    private readonly CancellationTokenSource _stop = new();
    private Child? _child;
    private Task _watch = Task.CompletedTask;
    private bool _wasReady;

    public string Name => spec.Name;

    /// <summary>Its process id while it runs.</summary>
    public int? Pid => _child is { Process.HasExited: false } child ? child.Process.Id : null;

    /// <summary>Starts the process and keeps it alive. The task faults when the app cannot be started at all.</summary>
    public async Task StartAsync()
    {
        _child = await LaunchAsync();
        _watch = WatchAsync();
    }

    /// <summary>Completes when the app answers that it is ready.</summary>
    public async Task UntilReadyAsync(CancellationToken cancellationToken)
    {
        while (!await IsReadyAsync())
        {
            if (_watch.IsFaulted) await _watch;
            await Task.Delay(50, cancellationToken);
        }
        _wasReady = true;
    }

    /// <summary>Throws once the app has failed for good.</summary>
    public Task Watch => _watch;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_child is { } child) await child.DisposeAsync();
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        while (true)
        {
            await _child!.Process.WaitForExitAsync(CancellationToken.None);
            if (_stop.IsCancellationRequested) return;
            var code = _child.Process.ExitCode;
            if (!_wasReady || code == Misconfigured) throw new DevHostException($"{Name} ended with code {code}; its last lines are above");
            output.Say($"[red]{Name} ended with code {code}; starting it again[/]");
            await Task.Delay(200, CancellationToken.None);
            _child = await LaunchAsync();
            restarted();
        }
    }

    private Task<Child> LaunchAsync()
    {
        var variables = new Dictionary<string, string>(environment)
        {
            ["APP_ID"] = spec.Id,
            ["APP_PORT"] = spec.Port.ToString(CultureInfo.InvariantCulture),
            ["APP_PROTOCOL"] = "http",
            ["APP_CHANNEL_ADDRESS"] = "127.0.0.1",
            ["DAPR_HTTP_PORT"] = spec.DaprHttpPort.ToString(CultureInfo.InvariantCulture),
            ["DAPR_GRPC_PORT"] = spec.DaprGrpcPort.ToString(CultureInfo.InvariantCulture),
        };
        return Child.StartAsync(spec.Name, spec.Command, spec.Directory, variables, line => output.Line(spec.Name, line));
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var response = await s_probe.GetAsync(new Uri($"http://127.0.0.1:{spec.Port}/readyz"));
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
