using System.Collections.Concurrent;
using System.Diagnostics;

namespace ConcertDapr.Tests;

/// <summary>A program that ran to its end.</summary>
public sealed record ProgramEnd(int ExitCode, string Output, string Errors);

/// <summary>A child process of the tests, with what it has said so far.</summary>
public sealed class ProgramRun : IDisposable
{
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();

    private ProgramRun(ProcessStartInfo info)
    {
        Process = new Process { StartInfo = info };
        Process.OutputDataReceived += (_, e) => { if (e.Data is { } line) _output.Enqueue(line); };
        Process.ErrorDataReceived += (_, e) => { if (e.Data is { } line) _errors.Enqueue(line); };
        Process.Start();
        Process.BeginOutputReadLine();
        Process.BeginErrorReadLine();
    }

    public Process Process { get; }

    public string Output => string.Join('\n', _output);

    public string Errors => string.Join('\n', _errors);

    /// <summary>Starts a program. With <paramref name="environment"/> it sees these variables and PATH only.</summary>
    public static ProgramRun Start(IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? environment = null)
    {
        var info = new ProcessStartInfo(command[0], command.Skip(1))
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (environment is null) return new(info);
        foreach (var name in info.Environment.Keys.Where(k => k is not ("PATH" or "HOME" or "DOTNET_ROOT")).ToList()) info.Environment.Remove(name);
        foreach (var (name, value) in environment) info.Environment[name] = value;
        return new(info);
    }

    /// <summary>Waits for the end; a program that does not end in time is killed and fails the test.</summary>
    public async Task<ProgramEnd> EndAsync(TimeSpan patience)
    {
        using var timeout = new CancellationTokenSource(patience);
        try
        {
            await Process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            Process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{Process.StartInfo.FileName} did not end within {patience}:\n{Output}\n{Errors}");
        }
        return new(Process.ExitCode, Output, Errors);
    }

    public void Dispose() => Process.Dispose();
}
