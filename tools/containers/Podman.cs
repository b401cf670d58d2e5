using System.Diagnostics;

namespace ConcertDapr.Containers;

/// <summary>Why the check ends without a ticket.</summary>
internal sealed class CheckException(string message) : Exception(message);

/// <summary>What to start.</summary>
/// <param name="Name">The container's name, without this check's prefix.</param>
/// <param name="Image">Its image.</param>
/// <param name="Options">Options of <c>podman run</c>.</param>
/// <param name="Arguments">What the entry point gets.</param>
internal sealed record ContainerSpec(string Name, string Image, IReadOnlyList<string> Options, IReadOnlyList<string> Arguments);

/// <summary>
/// Containers of this check: on the network of this process (which has one of its own, with nothing but loopback), under one
/// label, and removed at the end whatever happened.
/// </summary>
internal sealed class Podman(IReadOnlyList<string> hosts, string logs, CancellationToken stop) : IAsyncDisposable
{
    private const string Label = "concert-dapr=check";
    private const string Prefix = "concert-check-";

    // Debian's crun does not start on every kernel; runc does.
    private static readonly string[] s_runtime = File.Exists("/usr/sbin/runc") || File.Exists("/usr/bin/runc") ? ["--runtime", "runc"] : [];

    /// <summary>Cancelled when the check is to end early.</summary>
    public CancellationToken Stop => stop;

    /// <summary>Starts a container.</summary>
    public async Task StartAsync(ContainerSpec spec)
    {
        string[] common = ["--detach", "--name", Prefix + spec.Name, "--label", Label, "--network", "host", "--pull", "never", "--no-healthcheck",
            "--ulimit", "nofile=10000:10000", "--ulimit", "nproc=10000:10000"];
        var names = hosts.SelectMany(h => new[] { "--add-host", $"{h}:127.0.0.1" });
        await MustAsync(["run", .. common, .. names, .. spec.Options, spec.Image, .. spec.Arguments]);
    }

    /// <summary>Runs a container to its end, which must be a success; returns what it said.</summary>
    public async Task<string> RunAsync(ContainerSpec spec)
    {
        await StartAsync(spec);
        var code = (await MustAsync(["wait", Prefix + spec.Name])).Trim();
        var said = await LogsAsync(spec.Name);
        return code == "0" ? said : throw new CheckException($"{spec.Name} ended with code {code}:\n{said.TrimEnd()}\n");
    }

    /// <summary>Runs a program inside a container; returns its exit code.</summary>
    public async Task<(int Code, string Said)> ExecAsync(string name, params string[] command) => await CallAsync(["exec", Prefix + name, .. command], stop);

    /// <summary>Whether it still runs.</summary>
    public async Task<bool> RunsAsync(string name) => (await MustAsync(["inspect", "--format", "{{.State.Running}}", Prefix + name])).Trim() == "true";

    /// <summary>Asks it to end (SIGTERM), kills it after its grace time, and returns the code it ended with.</summary>
    public async Task<int> EndAsync(string name, int graceSeconds)
    {
        await MustAsync(["stop", "--time", $"{graceSeconds}", Prefix + name]);
        return int.Parse(await MustAsync(["inspect", "--format", "{{.State.ExitCode}}", Prefix + name]), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>What it has said so far.</summary>
    public static async Task<string> LogsAsync(string name) => (await CallAsync(["logs", Prefix + name], CancellationToken.None)).Said;

    /// <summary>Writes every container's output into the folder of logs.</summary>
    public async Task SaveLogsAsync()
    {
        if (Directory.Exists(logs)) Directory.Delete(logs, recursive: true);
        Directory.CreateDirectory(logs);
        foreach (var name in await OursAsync("{{.Names}}"))
            await File.WriteAllTextAsync(Path.Combine(logs, name[Prefix.Length..] + ".log"), await LogsAsync(name[Prefix.Length..]));
    }

    /// <summary>Removes every container of this check, of an earlier one that was killed too.</summary>
    public async ValueTask DisposeAsync()
    {
        var ours = await OursAsync("{{.ID}}");
        if (ours.Count > 0) await CallAsync(["rm", "--force", "--volumes", "--time", "0", .. ours], CancellationToken.None);
        if ((await OursAsync("{{.Names}}")) is { Count: > 0 } left) await Console.Error.WriteLineAsync($"containers: could not remove {string.Join(", ", left)}");
    }

    private static async Task<IReadOnlyList<string>> OursAsync(string format) =>
        (await CallAsync(["ps", "--all", "--filter", $"label={Label}", "--format", format], CancellationToken.None)).Said
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private async Task<string> MustAsync(string[] arguments)
    {
        var (code, said) = await CallAsync(arguments, stop);
        return code == 0 ? said : throw new CheckException($"podman {arguments[0]} {arguments[^1]}: {said.Trim()}");
    }

    private static async Task<(int Code, string Said)> CallAsync(string[] arguments, CancellationToken stop)
    {
        using var process = Process.Start(new ProcessStartInfo("podman", [.. s_runtime, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(stop);
        }
        catch (OperationCanceledException)
        {
            // What is being started has to be there to be removed; only waiting can be given up.
            if (arguments[0] == "wait") process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            throw;
        }
        return (process.ExitCode, await output + await errors);
    }
}
