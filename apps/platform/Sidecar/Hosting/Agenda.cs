using System.Collections.Concurrent;

namespace ConcertDapr.Sidecar;

/// <summary>
/// What a sidecar does of its own accord (timers, reminders, repeated calls), each with the moment it waits for. Whoever moves
/// the clock asks here whether all that is due has been done.
/// </summary>
internal sealed class Agenda(TimeProvider clock)
{
    private readonly ConcurrentDictionary<Item, byte> items = new();
    private long version;

    public TimeProvider Clock => clock;

    /// <summary>Changes whenever something begins or goes on: two equal readings mean that nothing did in between.</summary>
    public long Version => Interlocked.Read(ref version);

    /// <summary>Something begins; disposing the item ends it.</summary>
    /// <param name="what">For messages.</param>
    public Item Enter(string what)
    {
        var item = new Item(this, what);
        items[item] = 0;
        Interlocked.Increment(ref version);
        return item;
    }

    /// <summary>Something that is under way or due; null when everything waits for a later moment.</summary>
    public string? FindUndone()
    {
        var now = clock.GetUtcNow();
        return items.Keys.FirstOrDefault(item => item.Due <= now)?.What;
    }

    /// <summary>One thing on the agenda: under way, or waiting for its moment.</summary>
    internal sealed class Item(Agenda agenda, string what) : IDisposable
    {
        private static readonly TimeSpan Longest = TimeSpan.FromDays(20);
        private long due;

        public string What => what;

        /// <summary>The moment waited for; long past while something is under way.</summary>
        public DateTimeOffset Due => new(Interlocked.Read(ref due), TimeSpan.Zero);

        /// <summary>Waits for a moment, however far away.</summary>
        public async Task WaitUntilAsync(DateTimeOffset time, CancellationToken cancellationToken)
        {
            Interlocked.Exchange(ref due, time.UtcTicks);
            while (time - agenda.Now is var left && left > TimeSpan.Zero) await agenda.DelayAsync(left < Longest ? left : Longest, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            Interlocked.Exchange(ref due, 0);
            Interlocked.Increment(ref agenda.version);
        }

        /// <summary>Waits for a while.</summary>
        public Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken) => WaitUntilAsync(agenda.Now + pause, cancellationToken);

        public void Dispose() => agenda.items.TryRemove(this, out _);
    }

    private DateTimeOffset Now => clock.GetUtcNow();

    // Timers count whole milliseconds: rounded up, or they would wake just before the time.
    private Task DelayAsync(TimeSpan pause, CancellationToken cancellationToken) =>
        Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(pause.TotalMilliseconds)), clock, cancellationToken);
}
