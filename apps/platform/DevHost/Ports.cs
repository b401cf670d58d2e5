using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ConcertDapr.DevHost;

/// <summary>Whether ports are free, and who has them.</summary>
internal static class Ports
{
    private static readonly string[] s_tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    /// <summary>Throws naming the first taken port, what it was wanted for, and its holder.</summary>
    public static void RequireFree(IEnumerable<(int Port, string For)> wanted)
    {
        foreach (var (port, purpose) in wanted)
            if (port != 0 && !IsFree(port)) throw new DevHostException($"port {port} ({purpose}) is taken by {Holder(port)}");
    }

    /// <summary>Whether nothing listens on a loopback port.</summary>
    public static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Process id and command of who listens, as far as this user may see it.</summary>
    public static string Holder(int port)
    {
        var inodes = Inodes(port).ToHashSet();
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _)))
            if (Links(process).Any(inodes.Contains))
                return $"process {Path.GetFileName(process)} ({Command(process)})";
        return "a process of another user";
    }

    private static IEnumerable<string> Inodes(int port)
    {
        var hex = port.ToString("X4", CultureInfo.InvariantCulture);
        foreach (var table in s_tables.Where(File.Exists))
            foreach (var line in File.ReadLines(table).Skip(1))
            {
                var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                // Columns: local address, state (0A = listening), inode.
                if (parts[1].EndsWith($":{hex}", StringComparison.Ordinal) && parts[3] == "0A") yield return $"socket:[{parts[9]}]";
            }
    }

    private static IEnumerable<string> Links(string process)
    {
        try
        {
            return [.. Directory.EnumerateFiles($"{process}/fd").Select(f => File.ResolveLinkTarget(f, false)?.ToString() ?? "")
                .Select(t => t[(t.LastIndexOf('/') + 1)..])];
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            // Another user's process, or it ended while we looked.
            return [];
        }
    }

    private static string Command(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/cmdline").Replace('\0', ' ').Trim();
        }
        catch (IOException)
        {
            return "ended meanwhile";
        }
    }
}
