using System.Globalization;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar;

/// <summary>Log lines in daprd's format: <c>time="…" level=info msg="…" app_id=…</c></summary>
internal sealed class ConsoleLog(string appId, LogLevel minimum) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    public void Dispose()
    {
        // Nothing is held: lines go to the console as they come.
    }

    private static string Level(LogLevel level) => level switch
    {
        LogLevel.Critical => "fatal",
        LogLevel.Error => "error",
        LogLevel.Warning => "warning",
        LogLevel.Information => "info",
        _ => "debug",
    };

    private static string Quote(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\r", "", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private sealed class Category(ConsoleLog owner, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= owner.Minimum;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            var text = formatter(state, exception) + (exception is null ? "" : ": " + exception);
            var time = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            Console.Out.WriteLine($"time=\"{time}\" level={Level(logLevel)} msg=\"{Quote(text)}\" app_id={owner.AppId} scope={name} type=log ver=embedded");
        }
    }

    private LogLevel Minimum => minimum;

    private string AppId => appId;
}
