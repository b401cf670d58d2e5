using ConcertDapr.ServiceDefaults;
using ConcertDapr.ServiceDefaults.Rooms;

namespace ConcertDapr.Queue;

/// <summary>What happened at the doors. Counted once per written change, in the replica that wrote it.</summary>
internal static class QueueMetrics
{
    private static readonly Tally s_joined = new("concert.queue.joined", "{fan}", "Places handed out");
    private static readonly Tally s_admitted = new("concert.queue.admitted", "{fan}", "Fans called in");

    /// <summary>Makes them visible.</summary>
    public static void Export() => Tally.Export(s_joined, s_admitted);

    /// <summary>A room was changed.</summary>
    public static void Changed(Room before, Room after)
    {
        s_joined.Add(after.Issued - before.Issued);
        s_admitted.Add(after.Serving - before.Serving - before.Gone.Count(g => g <= after.Serving));
    }
}
