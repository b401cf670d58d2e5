using Microsoft.Extensions.Logging;

namespace ConcertDapr.DevHost;

/// <summary>Warnings and errors of an embedded sidecar, shown like a program of its own.</summary>
internal sealed class SidecarLog(string app, Output output) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("Sidecar logs go to the console only.");

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) output.Line($"dapr:{app}", $"{logLevel}: {formatter(state, exception)}{(exception is null ? "" : $": {exception.Message}")}");
    }

    public void Dispose()
    {
        // Holds nothing.
    }
}
