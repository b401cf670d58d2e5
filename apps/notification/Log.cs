namespace ConcertDapr.Notification;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Debug, "{Topic} {EventId}")]
    public static partial void Delivered(this ILogger log, string topic, string eventId);
}
