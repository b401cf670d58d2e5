using ConcertDapr.ServiceDefaults;

namespace ConcertDapr.Reservation;

/// <summary>Holds and how they end. A repeated request that finds its first hold is not counted again.</summary>
internal static class ReservationMetrics
{
    /// <summary>Holds granted.</summary>
    public static readonly Tally Placed = new("concert.holds.placed", "{hold}", "Holds granted");

    /// <summary>Somebody else has the seats that were named.</summary>
    public static readonly Tally Taken = Conflicts("taken");

    /// <summary>There are not as many such seats left.</summary>
    public static readonly Tally SoldOut = Conflicts("sold_out");

    /// <summary>The block changed under every attempt; the fan was told to try again.</summary>
    public static readonly Tally Busy = Conflicts("busy");

    /// <summary>Given back by the fan.</summary>
    public static readonly Tally Cancelled = Given("fan");

    /// <summary>Given back by a saga that undid itself.</summary>
    public static readonly Tally Released = Given("saga");

    /// <summary>Ran out unpaid.</summary>
    public static readonly Tally Expired = new("concert.holds.expired", "{hold}", "Holds that ran out unpaid");

    /// <summary>One attempt to write a block came second; it is decided anew.</summary>
    public static readonly Tally Overtaken = new("concert.blocks.overtaken", "{write}", "Writes of a block of seats that another writer was faster than");

    /// <summary>Makes them visible.</summary>
    public static void Export() => Tally.Export(Placed, Taken, SoldOut, Busy, Cancelled, Released, Expired, Overtaken);

    private static Tally Conflicts(string reason) => new("concert.holds.conflicts", "{hold}", "Holds refused because others have the seats", "reason", reason);

    private static Tally Given(string cause) => new("concert.holds.released", "{hold}", "Holds given back", "cause", cause);
}
