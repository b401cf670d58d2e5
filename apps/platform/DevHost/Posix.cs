using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ConcertDapr.DevHost;

/// <summary>The few system calls .NET does not offer: signals other than kill, and who the parent is.</summary>
internal static partial class Posix
{
    public const int Interrupt = 2;
    public const int Terminate = 15;

    /// <summary>Sends a signal; a process that is gone already is fine.</summary>
    public static void Signal(Process process, int signal)
    {
        if (!process.HasExited) _ = kill(process.Id, signal);
    }

    /// <summary>Sends a signal by process id; false where there is no such process.</summary>
    public static bool Signal(int pid, int signal) => kill(pid, signal) == 0;

    /// <summary>Whether this process belongs to root.</summary>
    public static bool IsRoot => geteuid() == 0;

    /// <summary>Completes when the process that started this one is gone.</summary>
    public static async Task ParentGoneAsync(CancellationToken cancellationToken)
    {
        var parent = getppid();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        while (await timer.WaitForNextTickAsync(cancellationToken))
            if (getppid() != parent) return;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc")]
    private static partial int getppid();
}
