using ConcertDapr.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.ServiceDefaults.Logging;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed with {Status}")]
    public static partial void RequestFailed(this ILogger log, Exception exception, string method, PathString path, int status);

    [LoggerMessage(3, LogLevel.Warning, "Waiting room {Target} could not be read")]
    public static partial void RoomUnreadable(this ILogger log, Exception exception, ConcertId target);

    [LoggerMessage(4, LogLevel.Debug, "Warming up: {Path} was not answered yet")]
    public static partial void WarmUpUnanswered(this ILogger log, Exception exception, string path);

    [LoggerMessage(2, LogLevel.Information, "Database {Database}: applied {Migration}")]
    public static partial void MigrationApplied(this ILogger log, string database, string migration);
}
