using System.Diagnostics.Metrics;
using ConcertDapr.Contracts;

namespace ConcertDapr.ServiceDefaults.Rooms;

/// <summary>
/// What the rooms in this process's memory add up to. Label <c>room</c>: <c>concert</c> for all rooms of concerts together, <c>house</c> for
/// the one in front of the house. Every replica of queue and gateway sees the rooms that it is asked for: take the maximum, not the sum.
/// </summary>
internal static class RoomMetrics
{
    /// <summary>Observes rooms as they are in memory.</summary>
    /// <param name="rooms">The rooms, with when each was last read.</param>
    /// <param name="clock">Tells how old a reading is.</param>
    public static void Observe(Func<IEnumerable<(Room? Room, DateTimeOffset ReadAt)>> rooms, TimeProvider clock)
    {
        var meter = ConcertTelemetry.Meter;
        meter.CreateObservableGauge("concert.queue.waiting", () => Sum(rooms(), r => r.Waiting), "{fan}", "Fans in line");
        meter.CreateObservableGauge("concert.queue.inside", () => Sum(rooms(), r => r.Active.Count), "{fan}", "Fans inside, or called and on their way");
        meter.CreateObservableGauge("concert.queue.capacity", () => Sum(rooms(), r => r.Policy.Capacity), "{fan}", "Fans who may be inside at once");
        meter.CreateObservableGauge("concert.queue.snapshot.age", () => rooms().Select(r => clock.GetUtcNow() - r.ReadAt).DefaultIfEmpty().Max().TotalSeconds,
            "s", "Age of the oldest reading of a room in memory");
    }

    private static IEnumerable<Measurement<long>> Sum(IEnumerable<(Room? Room, DateTimeOffset)> rooms, Func<Room, long> figure) =>
        from pair in rooms
        where pair.Room is not null
        group figure(pair.Room) by pair.Room.Target == ConcertId.House into kind
        select new Measurement<long>(kind.Sum(), new KeyValuePair<string, object?>("room", kind.Key ? "house" : "concert"));
}
