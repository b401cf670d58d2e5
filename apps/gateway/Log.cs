namespace ConcertDapr.Gateway;

internal static partial class Log
{
    [LoggerMessage(2, LogLevel.Warning, "{App} did not answer")]
    public static partial void ServiceUnanswered(this ILogger log, Exception exception, string app);

    [LoggerMessage(1, LogLevel.Warning, "A place in the waiting room was not given up after paying; the payment's event will")]
    public static partial void LeaveFailed(this ILogger log, Exception exception);
}
