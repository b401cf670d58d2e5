using Google.Protobuf.WellKnownTypes;

namespace ConcertDapr.Sidecar.Workflows;

/// <summary>Time stamps of history events: the clock's time, but never the same twice, so that they order events.</summary>
internal sealed class EventClock(TimeProvider time)
{
    private long _lastTicks;

    public Timestamp Next()
    {
        while (true)
        {
            var last = Interlocked.Read(ref _lastTicks);
            var next = Math.Max(time.GetUtcNow().UtcTicks, last + 1);
            if (Interlocked.CompareExchange(ref _lastTicks, next, last) == last)
                return Timestamp.FromDateTime(new DateTime(next, DateTimeKind.Utc));
        }
    }

    /// <summary>From here on time stamps lie after <paramref name="moment"/>.</summary>
    public void Pass(DateTimeOffset moment)
    {
        while (Interlocked.Read(ref _lastTicks) is var last && last < moment.UtcTicks)
            Interlocked.CompareExchange(ref _lastTicks, moment.UtcTicks, last);
    }

    /// <summary>The moment of a time stamp; what lies outside of .NET's calendar becomes its nearest end.</summary>
    public static DateTimeOffset ToMoment(Timestamp stamp)
    {
        var seconds = Math.Clamp(stamp.Seconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        return DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(stamp.Nanos / 100);
    }
}
