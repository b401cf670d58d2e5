using ConcertDapr.ServiceDefaults;

namespace ConcertDapr.Users;

/// <summary>Points moved, in points. A repeated effect moves nothing and is not counted.</summary>
internal static class UsersMetrics
{
    /// <summary>Bought.</summary>
    public static readonly Tally Charged = new("concert.points.charged", "{point}", "Points bought");

    /// <summary>Spent on payments.</summary>
    public static readonly Tally Used = new("concert.points.used", "{point}", "Points spent on payments");

    /// <summary>Given back by sagas that undid themselves.</summary>
    public static readonly Tally Refunded = new("concert.points.refunded", "{point}", "Points given back by sagas that undid themselves");

    /// <summary>Makes them visible.</summary>
    public static void Export() => Tally.Export(Charged, Used, Refunded);
}
