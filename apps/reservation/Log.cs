using ConcertDapr.Contracts;

namespace ConcertDapr.Reservation;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "The lock store {Store} does not answer; seats are held by compare-and-set alone")]
    public static partial void LockUnavailable(this ILogger log, Exception exception, string store);

    [LoggerMessage(2, LogLevel.Warning, "{Topic} of {Reservation} was not announced")]
    public static partial void AnnouncementFailed(this ILogger log, Exception exception, string topic, ReservationId reservation);

    [LoggerMessage(3, LogLevel.Warning, "Watching for expired holds failed; trying again")]
    public static partial void WatchFailed(this ILogger log, Exception exception);
}
