namespace ConcertDapr.Sidecar.Workflows;

/// <summary>Runs actions when their time has come. Nothing here is durable: what is due follows from the histories.</summary>
internal sealed class DueTimes : IDisposable
{
    private const int Few = 256;
    private static readonly TimeSpan s_longestSleep = TimeSpan.FromHours(1);
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly PriorityQueue<Due, DateTimeOffset> _actions = new();
    private readonly ITimer _alarm;
    private DateTimeOffset _alarmAt = DateTimeOffset.MaxValue;
    private int _wanted = Few;

    public DueTimes(TimeProvider time)
    {
        _time = time;
        _alarm = time.CreateTimer(_ => RunDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many actions wait.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _actions.Count;
        }
    }

    /// <summary>Runs <paramref name="action"/> (which must not block or throw) at or just after <paramref name="due"/>.</summary>
    /// <param name="isWanted">False when nobody waits for it any more: it may be forgotten. Null: always wanted.</param>
    public void At(DateTimeOffset due, Action action, Func<bool>? isWanted = null)
    {
        lock (_lock)
        {
            // A millisecond is what timers can tell apart. Moments taken from histories lie a few ticks beyond, for their order.
            _actions.Enqueue(new(action, isWanted), due.AddTicks(-(due.Ticks % TimeSpan.TicksPerMillisecond)));
            if (_actions.Count > 2 * _wanted)
                Sweep();
            SetAlarm();
        }
    }

    /// <summary>Whether something is due that has not been run.</summary>
    public bool HasDue
    {
        get
        {
            lock (_lock)
                return _actions.TryPeek(out _, out var next) && next <= _time.GetUtcNow();
        }
    }

    public void Dispose() => _alarm.Dispose();

    private void RunDue()
    {
        var due = new List<Action>();
        lock (_lock)
        {
            _alarmAt = DateTimeOffset.MaxValue;
            var now = _time.GetUtcNow();
            while (_actions.TryPeek(out var action, out var at) && at <= now)
            {
                due.Add(action.Run);
                _actions.Dequeue();
            }
            SetAlarm();
        }
        due.ForEach(action => action());
    }

    /// <summary>Most time limits are far away and never reached: what they stood guard over must not pile up until then.</summary>
    private void Sweep()
    {
        var wanted = _actions.UnorderedItems.Where(item => item.Element.IsWanted?.Invoke() != false).ToList();
        _actions.Clear();
        _actions.EnqueueRange(wanted);
        _wanted = Math.Max(Few, wanted.Count);
    }

    private void SetAlarm()
    {
        if (!_actions.TryPeek(out _, out var next) || next >= _alarmAt)
            return;
        var sleep = next - _time.GetUtcNow();
        sleep = sleep < TimeSpan.Zero ? TimeSpan.Zero : sleep > s_longestSleep ? s_longestSleep : sleep;
        _alarmAt = _time.GetUtcNow() + sleep;
        // A timer counts whole milliseconds: round up, or it wakes just before the time and has to sleep again.
        _alarm.Change(TimeSpan.FromMilliseconds(Math.Ceiling(sleep.TotalMilliseconds)), Timeout.InfiniteTimeSpan);
    }

    private sealed record Due(Action Run, Func<bool>? IsWanted);
}
