namespace ConcertDapr.Gateway;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "A place in the waiting room was not given up after paying; the payment's event will")]
    public static partial void LeaveFailed(this ILogger log, Exception exception);
}
