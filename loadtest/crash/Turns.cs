namespace ConcertDapr.Crash;

/// <summary>Whether an actor was ever in two turns at once.</summary>
internal static class Turns
{
    /// <summary>A turn lasts from its first line to its last, or until its process was killed.</summary>
    /// <param name="killedAt">By process id: when it was killed.</param>
    public static IEnumerable<string> Check(IEnumerable<TurnLine> lines, IReadOnlyDictionary<int, long> killedAt)
    {
        foreach (var actor in lines.GroupBy(line => line.Actor))
        {
            var turns = actor.GroupBy(line => (line.Number, line.Pid)).Select(turn => (turn.Key.Number, Begin: turn.Min(line => line.At),
                End: turn.Count() == 2 ? turn.Max(line => line.At) : killedAt.GetValueOrDefault(turn.Key.Pid, long.MaxValue))).OrderBy(turn => turn.Begin).ToList();
            foreach (var (first, second) in turns.Zip(turns.Skip(1)))
                if (second.Begin < first.End)
                    yield return $"{actor.Key}: the turn of {second.Number} began before that of {first.Number} had ended";
        }
    }
}
