using System.Diagnostics;

namespace ConcertDapr.Crash;

/// <summary>A program that is killed and started again, over and over. Its output goes to one file.</summary>
internal sealed class Victim(string name, string folder, Func<ProcessStartInfo> command) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly StreamWriter _log = new(Path.Combine(folder, name + ".log")) { AutoFlush = true };
    private Process? _process;

    public string Name => name;

    public int Kills { get; private set; }

    public bool IsRunning
    {
        get
        {
            lock (_lock)
                return _process is { HasExited: false };
        }
    }

    public int? Pid
    {
        get
        {
            lock (_lock)
                return _process is { HasExited: false } process ? process.Id : null;
        }
    }

    public void Start()
    {
        var start = command();
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, e) => Log(e.Data);
        process.ErrorDataReceived += (_, e) => Log(e.Data);
        lock (_lock)
        {
            process.Start();
            _process = process;
        }
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>
    /// SIGKILL; returns when it was sent (a <see cref="Stopwatch"/> timestamp). None of the process's threads goes on from then on, though it
    /// may take a busy machine a while to clear them away: that is waited for.
    /// </summary>
    public async Task<long> KillAsync()
    {
        Process? process;
        lock (_lock)
        {
            process = _process;
            _process = null;
        }
        if (process is null)
            return Stopwatch.GetTimestamp();
        if (process.HasExited)
            throw new InvalidOperationException($"{name} ended by itself with code {process.ExitCode}; its output is in {folder}");
        process.Kill();
        var killedAt = Stopwatch.GetTimestamp();
        await process.WaitForExitAsync();
        process.Dispose();
        Kills++;
        Log("--- killed");
        return killedAt;
    }

    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
            await KillAsync();
        await _log.DisposeAsync();
    }

    private void Log(string? line)
    {
        if (line is null)
            return;
        lock (_lock)
            if (_log.BaseStream.CanWrite)
                _log.WriteLine(line);
    }
}
