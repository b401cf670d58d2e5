namespace Dapr.Actors.Runtime;

/// <summary>An actor that has reminders.</summary>
public interface IRemindable
{
    /// <summary>A reminder is due. Ticks can come late, twice, or several at once.</summary>
    Task ReceiveReminderAsync(string reminderName, byte[] state, TimeSpan dueTime, TimeSpan period);
}

/// <summary>A registered reminder.</summary>
public interface IActorReminder
{
    string Name { get; }

    TimeSpan DueTime { get; }

    TimeSpan Period { get; }

    byte[] State { get; }
}

/// <summary>What names a reminder.</summary>
public class ActorReminderToken(string actorType, ActorId actorId, string name)
{
    public string ActorType { get; } = actorType ?? throw new ArgumentNullException(nameof(actorType));

    public ActorId ActorId { get; } = actorId ?? throw new ArgumentNullException(nameof(actorId));

    public string Name { get; } = name ?? throw new ArgumentNullException(nameof(name));
}

/// <summary>A reminder to register. It survives everything; a period of −1 ms means once.</summary>
public class ActorReminder : ActorReminderToken, IActorReminder
{
    public ActorReminder(
        string actorType, ActorId actorId, string name, byte[]? state, TimeSpan dueTime, TimeSpan period)
        : this(actorType, actorId, name, state, dueTime, period, null, null)
    {
    }

    public ActorReminder(
        string actorType, ActorId actorId, string name, byte[]? state, TimeSpan dueTime, TimeSpan period, TimeSpan ttl)
        : this(actorType, actorId, name, state, dueTime, period, null, ttl)
    {
    }

    public ActorReminder(
        string actorType, ActorId actorId, string name, byte[]? state, TimeSpan dueTime, TimeSpan period, int? repetitions)
        : this(actorType, actorId, name, state, dueTime, period, repetitions, null)
    {
    }

    /// <exception cref="ArgumentOutOfRangeException">
    /// A time is negative (but for the period's −1 ms), or there is no repetition.
    /// </exception>
    public ActorReminder(
        string actorType, ActorId actorId, string name, byte[]? state, TimeSpan dueTime, TimeSpan period,
        int? repetitions, TimeSpan? ttl)
        : base(actorType, actorId, name)
    {
        Schedule.Check(dueTime, period, ttl);
        if (repetitions is <= 0)
            throw new ArgumentOutOfRangeException(nameof(repetitions), repetitions, "Repetitions must be at least 1.");
        State = state!;
        DueTime = dueTime;
        Period = period;
        Repetitions = repetitions;
        Ttl = ttl;
    }

    public byte[] State { get; }

    public TimeSpan DueTime { get; }

    public TimeSpan Period { get; }

    public TimeSpan? Ttl { get; }

    public int? Repetitions { get; }
}

/// <summary>What names a timer.</summary>
public class ActorTimerToken(string actorType, ActorId actorId, string name)
{
    public string ActorType { get; } = actorType ?? throw new ArgumentNullException(nameof(actorType));

    public ActorId ActorId { get; } = actorId ?? throw new ArgumentNullException(nameof(actorId));

    public string Name { get; } = name ?? throw new ArgumentNullException(nameof(name));
}

/// <summary>A timer to register. It dies with its sidecar; a period of −1 ms means once.</summary>
public class ActorTimer : ActorTimerToken
{
    public ActorTimer(
        string actorType, ActorId actorId, string name, string timerCallback, byte[]? data,
        TimeSpan dueTime, TimeSpan period)
        : this(actorType, actorId, name, timerCallback, data, dueTime, period, (TimeSpan?)null)
    {
    }

    public ActorTimer(
        string actorType, ActorId actorId, string name, string timerCallback, byte[]? data,
        TimeSpan dueTime, TimeSpan period, TimeSpan ttl)
        : this(actorType, actorId, name, timerCallback, data, dueTime, period, (TimeSpan?)ttl)
    {
    }

    internal ActorTimer(
        string actorType, ActorId actorId, string name, string timerCallback, byte[]? data,
        TimeSpan dueTime, TimeSpan period, TimeSpan? ttl)
        : base(actorType, actorId, name)
    {
        Schedule.Check(dueTime, period, ttl);
        TimerCallback = timerCallback;
        Data = data!;
        DueTime = dueTime;
        Period = period;
        Ttl = ttl;
    }

    public string TimerCallback { get; }

    public byte[] Data { get; }

    public TimeSpan DueTime { get; }

    public TimeSpan Period { get; }

    public TimeSpan? Ttl { get; }
}

/// <summary>Registers timers and reminders with the sidecar; replaced in tests.</summary>
public abstract class ActorTimerManager
{
    public abstract Task RegisterReminderAsync(ActorReminder reminder);

    public abstract Task<IActorReminder> GetReminderAsync(ActorReminderToken reminder);

    public abstract Task UnregisterReminderAsync(ActorReminderToken reminder);

    public abstract Task RegisterTimerAsync(ActorTimer timer);

    public abstract Task UnregisterTimerAsync(ActorTimerToken timer);
}

/// <summary>The limits timers and reminders have in common.</summary>
internal static class Schedule
{
    public static void Check(TimeSpan dueTime, TimeSpan period, TimeSpan? ttl)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(period, Timeout.InfiniteTimeSpan);
        if (ttl is { } limit)
            ArgumentOutOfRangeException.ThrowIfLessThan(limit, dueTime, nameof(ttl));
    }
}
