using System.Diagnostics;
using System.Globalization;

namespace ConcertDapr.Sidecar.Leases;

/// <summary>One sidecar of an app, as its replicas know it.</summary>
/// <param name="Id">Of this run; also its id in the registry of sidecars.</param>
internal sealed record Replica(string Id, ProcessIdentity Process, int InternalPort, int GrpcPort)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{InternalPort} {GrpcPort} {Process.Id} {Process.Start} {Process.Scope}");

    /// <summary>What <see cref="ToString"/> wrote.</summary>
    public static Replica Parse(string id, ReadOnlySpan<char> text)
    {
        var parts = text.ToString().Split(' ', 5);
        return new(id, new(int.Parse(parts[2], CultureInfo.InvariantCulture), long.Parse(parts[3], CultureInfo.InvariantCulture), parts[4]),
            int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture));
    }
}

/// <summary>A process that can be told from a later one with the same number.</summary>
/// <param name="Start">Its start, as a Windows file time.</param>
/// <param name="Scope">Where the number means something: the boot of the machine and its process namespace.</param>
internal readonly record struct ProcessIdentity(int Id, long Start, string Scope)
{
    /// <summary>This process.</summary>
    public static readonly ProcessIdentity Own = ReadOwn();

    /// <summary>Whether the process is known to be gone; false also where that cannot be seen from here.</summary>
    public bool IsDead => Scope == Own.Scope && !IsRunning(Id, Start);

    /// <summary>Whether a process of this machine runs.</summary>
    public static bool IsRunning(int id, long start)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return !process.HasExited && Math.Abs(process.StartTime.ToFileTimeUtc() - start) < TimeSpan.FromSeconds(2).Ticks;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    private static ProcessIdentity ReadOwn()
    {
        using var process = Process.GetCurrentProcess();
        return new(process.Id, process.StartTime.ToFileTimeUtc(), ReadScope());
    }

    private static string ReadScope()
    {
        const string boot = "/proc/sys/kernel/random/boot_id";
        if (!File.Exists(boot)) return Environment.MachineName;
        return File.ReadAllText(boot).Trim() + new FileInfo("/proc/self/ns/pid").LinkTarget;
    }
}
