namespace ConcertDapr.Testing;

/// <summary>
/// A clock that stands still until it is moved. Timers run inside <see cref="Advance"/>, each at its own moment and in the order
/// of their moments. Give it to a sidecar (<see cref="DaprTestOptions.UseVirtualTime"/>) and, as the <see cref="TimeProvider"/>
/// of its services, to the app.
/// </summary>
public sealed class VirtualTime : TimeProvider
{
    private readonly Lock gate = new();
    private readonly SortedSet<VirtualTimer> waiting = new(Comparer<VirtualTimer>.Create(static (a, b) =>
        a.Due != b.Due ? a.Due.CompareTo(b.Due) : a.Number.CompareTo(b.Number)));
    private readonly DateTimeOffset start;
    private DateTimeOffset now;
    private long timers;

    /// <param name="start">The first moment; null is the present, in whole seconds.</param>
    public VirtualTime(DateTimeOffset? start = null)
    {
        var present = DateTimeOffset.UtcNow;
        this.start = start?.ToUniversalTime() ?? present.AddTicks(-(present.Ticks % TimeSpan.TicksPerSecond));
        now = this.start;
    }

    /// <summary>The moment at which the next timer runs; null when none waits.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            lock (gate) return waiting.Min?.Due;
        }
    }

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (gate) return now;
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => (GetUtcNow() - start).Ticks;

    /// <summary>
    /// Moves the clock. Returns when the timers' callbacks have returned; what these set in motion may still be under way
    /// (<see cref="DaprTestHost.AdvanceAsync"/> waits for it).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Time does not go back.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        AdvanceTo(GetUtcNow() + by);
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new VirtualTimer(this, Interlocked.Increment(ref timers), () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    internal void AdvanceTo(DateTimeOffset target)
    {
        while (TakeNext(target) is { } timer) timer.Run();
    }

    /// <summary>Moves to the next timer that is due until then and takes it out, or moves to the end.</summary>
    private VirtualTimer? TakeNext(DateTimeOffset target)
    {
        lock (gate)
        {
            if (waiting.Min is not { } next || next.Due > target)
            {
                now = target > now ? target : now;
                return null;
            }
            waiting.Remove(next);
            now = next.Due > now ? next.Due : now;
            if (next.Period > TimeSpan.Zero) Wait(next, next.Period);
            return next;
        }
    }

    private void Wait(VirtualTimer timer, TimeSpan dueTime)
    {
        timer.Due = now + dueTime;
        waiting.Add(timer);
    }

    private sealed class VirtualTimer(VirtualTime time, long number, Action run) : ITimer
    {
        public long Number => number;

        public DateTimeOffset Due { get; set; }

        public TimeSpan Period { get; private set; }

        public void Run() => run();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time.gate)
            {
                time.waiting.Remove(this);
                Period = period;
                if (dueTime > TimeSpan.Zero) time.Wait(this, dueTime);
                else if (dueTime == TimeSpan.Zero)
                {
                    // As with real timers: at once, but never inside of the caller.
                    ThreadPool.UnsafeQueueUserWorkItem(static timer => timer.Run(), this, preferLocal: false);
                    if (period > TimeSpan.Zero) time.Wait(this, period);
                }
            }
            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
