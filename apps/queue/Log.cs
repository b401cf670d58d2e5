using ConcertDapr.Contracts;

namespace ConcertDapr.Queue;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "The movement of waiting room {Target} was not announced")]
    public static partial void AnnouncementFailed(this ILogger log, Exception exception, ConcertId target);
}
