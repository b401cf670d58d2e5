using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace ConcertDapr.Crash;

/// <summary>One effect of an activity, as the app wrote it down.</summary>
internal sealed record Effect(string Instance, string Name, int Value);

/// <summary>The beginning or the end of a turn, with its process and time.</summary>
internal readonly record struct TurnLine(string Actor, int Number, int Pid, long At);

/// <summary>
/// What the app did, one line each: <c>effect</c> and <c>attempt</c> of activities, <c>tick</c> of reminders, <c>turn</c> of actors. Lines are
/// appended by one write before the answer is given, so a killed app leaves whole lines of all that it answered.
/// </summary>
internal sealed class Ledger : IDisposable
{
    private readonly FileStream _file;
    private readonly Dictionary<string, int> _attempts;
    private readonly Lock _lock = new();

    public Ledger(string path)
    {
        _attempts = Read(path).Where(line => line[0] == "attempt").CountBy(line => line[1]).ToDictionary();
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
    }

    /// <summary>Does what is asked for, that is, writes it down.</summary>
    public int Effect(string instance, Step step)
    {
        var value = step.Outcome(instance);
        Write("effect", instance, step.Effect, value.ToString(CultureInfo.InvariantCulture));
        return value;
    }

    /// <summary>Which attempt at this step it is, over all lives of the app.</summary>
    public int Attempt(string instance, Step step)
    {
        lock (_lock)
        {
            var key = $"{instance} {step.Effect}";
            Write("attempt", key);
            return _attempts[key] = _attempts.GetValueOrDefault(key) + 1;
        }
    }

    /// <summary>A turn of an actor begins or ends, by a clock that all processes of the machine share.</summary>
    public void Turn(string actor, int number, bool begins) => Write("turn", actor, number.ToString(CultureInfo.InvariantCulture),
        Environment.ProcessId.ToString(CultureInfo.InvariantCulture), Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture), begins ? "begins" : "ends");

    public void Tick(string actor, string reminder) => Write("tick", actor, reminder);

    public static IEnumerable<Effect> Effects(string path) => Read(path).Where(line => line[0] == "effect")
        .Select(line => new Effect(line[1], line[2], int.Parse(line[3], CultureInfo.InvariantCulture)));

    public static IEnumerable<(string Actor, string Reminder)> Ticks(string path) =>
        Read(path).Where(line => line[0] == "tick").Select(line => (line[1], line[2]));

    public static IEnumerable<TurnLine> TurnLines(string path) => Read(path).Where(line => line[0] == "turn")
        .Select(line => new TurnLine(line[1], int.Parse(line[2], CultureInfo.InvariantCulture), int.Parse(line[3], CultureInfo.InvariantCulture),
            long.Parse(line[4], CultureInfo.InvariantCulture)));

    public void Dispose() => _file.Dispose();

    private void Write(params string[] line)
    {
        var bytes = Encoding.UTF8.GetBytes(string.Join('\t', line) + '\n');
        lock (_lock)
            _file.Write(bytes);
    }

    private static List<string[]> Read(string path)
    {
        if (!File.Exists(path))
            return [];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        var text = reader.ReadToEnd();
        // What follows the last line's end is being written just now.
        return [.. text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t'))];
    }
}
