using System.Globalization;

namespace ConcertDapr.Tests;

/// <summary>Processes as Linux shows them.</summary>
public static class Processes
{
    /// <summary>Children, their children, and so on.</summary>
    public static IReadOnlyList<int> DescendantsOf(int pid)
    {
        var children = All().ToLookup(p => p.Parent, p => p.Pid);
        var found = new List<int>();
        for (var next = new Queue<int>([pid]); next.TryDequeue(out var parent);)
            foreach (var child in children[parent])
            {
                found.Add(child);
                next.Enqueue(child);
            }
        return found;
    }

    /// <summary>Whether a process runs; one that only waits to be collected does not.</summary>
    public static bool Lives(int pid) => StatOf(pid.ToString(CultureInfo.InvariantCulture)) is [not "Z", ..];

    /// <summary>Sends a signal: <c>INT</c>, <c>KILL</c>.</summary>
    public static async Task SignalAsync(int pid, string signal)
    {
        using var kill = ProgramRun.Start(["kill", $"-{signal}", pid.ToString(CultureInfo.InvariantCulture)]);
        (await kill.EndAsync(TimeSpan.FromSeconds(10))).ExitCode.ShouldBe(0);
    }

    private static IEnumerable<(int Pid, int Parent)> All() =>
        from folder in Directory.EnumerateDirectories("/proc")
        let name = Path.GetFileName(folder)
        where int.TryParse(name, out _)
        let stat = StatOf(name)
        where stat.Length > 1
        select (int.Parse(name, CultureInfo.InvariantCulture), int.Parse(stat[1], CultureInfo.InvariantCulture));

    /// <summary>State and what follows it; the program's name before may hold anything, up to the last bracket.</summary>
    private static string[] StatOf(string pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return [];
        }
    }
}
