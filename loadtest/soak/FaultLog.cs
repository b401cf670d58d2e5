using Microsoft.Extensions.Logging;

namespace ConcertDapr.Soak;

/// <summary>Writes what the sidecars log to a file. An error that comes with an exception is a fault: nobody expected it.</summary>
internal sealed class FaultLog(string path) : ILoggerProvider
{
    private readonly StreamWriter file = new(path) { AutoFlush = true };
    private readonly Lock gate = new();

    public int Faults { get; private set; }

    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    public void Dispose() => file.Dispose();

    private void Write(LogLevel level, string category, string message, Exception? exception)
    {
        lock (gate)
        {
            var isFault = level >= LogLevel.Error && exception is not null;
            if (isFault) Faults++;
            file.WriteLine($"{(isFault ? "FAULT" : level)} {category}: {message} {exception}");
        }
    }

    private sealed class Category(FaultLog log, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) log.Write(logLevel, name, formatter(state, exception), exception);
        }
    }
}
