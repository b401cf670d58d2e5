using System.Collections.Concurrent;
using System.Diagnostics;

namespace ConcertDapr.DevHost;

/// <summary>
/// A child process in a session of its own (Ctrl-C reaches only this program, which stops children in order) that dies with
/// this program. Linux ties that to the thread that forked, so one thread of ours starts them all and never ends.
/// </summary>
internal sealed class Child : IAsyncDisposable
{
    private static readonly BlockingCollection<Action> s_starts = StartThread();

    private readonly int _stopSignal;

    private Child(string name, Process process, int stopSignal) => (Name, Process, _stopSignal) = (name, process, stopSignal);

    public string Name { get; }

    public Process Process { get; }

    /// <summary>Starts a program; its output lines go to <paramref name="print"/>.</summary>
    public static async Task<Child> StartAsync(string name, IReadOnlyList<string> command, string directory, IReadOnlyDictionary<string, string> environment,
        Action<string> print, int stopSignal = Posix.Terminate)
    {
        var info = new ProcessStartInfo("setsid", ["setpriv", "--pdeathsig", stopSignal == Posix.Interrupt ? "INT" : "TERM", "--", .. command])
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (key, value) in environment) info.Environment[key] = value;
        var process = new Process { StartInfo = info, EnableRaisingEvents = true };
        process.OutputDataReceived += (_, e) => { if (e.Data is { } line) print(line); };
        process.ErrorDataReceived += (_, e) => { if (e.Data is { } line) print(line); };
        await OnStartThreadAsync(() => process.Start());
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new Child(name, process, stopSignal);
    }

    /// <summary>Asks it to stop, and ends it where it does not within ten seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        Posix.Signal(Process, _stopSignal);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await Process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            Process.Kill(entireProcessTree: true);
        }
        Process.Dispose();
    }

    private static Task OnStartThreadAsync(Action start)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        s_starts.Add(() =>
        {
            try
            {
                start();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    private static BlockingCollection<Action> StartThread()
    {
        var starts = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var start in starts.GetConsumingEnumerable()) start();
        }) { IsBackground = true, Name = "child starter" }.Start();
        return starts;
    }
}
