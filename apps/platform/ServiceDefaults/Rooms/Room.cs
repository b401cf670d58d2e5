using System.Collections.Immutable;
using ConcertDapr.Contracts;

namespace ConcertDapr.ServiceDefaults.Rooms;

/// <summary>How a room admits. Times in seconds.</summary>
/// <param name="Capacity">How many may be inside at once.</param>
/// <param name="AdmitCount">At most this many per <paramref name="AdmitEvery"/>; 0: as many as fit.</param>
/// <param name="AdmitEvery">The window of <paramref name="AdmitCount"/>.</param>
/// <param name="ClaimFor">How long a called place waits for its fan to show up.</param>
/// <param name="SessionFor">How long an entered fan may stay.</param>
/// <param name="WaitFor">How long a place in line is good.</param>
public sealed record RoomPolicy(int Capacity, int AdmitCount, double AdmitEvery, double ClaimFor, double SessionFor, double WaitFor)
{
    internal static RoomPolicy From(Settings settings, string prefix, RoomPolicy otherwise) => new(
        settings.Number($"{prefix}:Capacity", otherwise.Capacity, 1, 100_000),
        settings.Number($"{prefix}:AdmitCount", otherwise.AdmitCount, 0, 100_000),
        settings.Seconds($"{prefix}:AdmitEverySeconds", otherwise.AdmitEvery, 0.05, 3_600).TotalSeconds,
        settings.Seconds($"{prefix}:ClaimSeconds", otherwise.ClaimFor, 1, 3_600).TotalSeconds,
        settings.Seconds($"{prefix}:SessionSeconds", otherwise.SessionFor, 1, 86_400).TotalSeconds,
        settings.Seconds($"{prefix}:WaitingSeconds", otherwise.WaitFor, 1, 86_400).TotalSeconds);
}

/// <summary>Which policy holds where: one for the rooms of concerts, one for the house's.</summary>
/// <param name="Concerts">Rooms of concerts.</param>
/// <param name="House">The room of <see cref="ConcertId.House"/>.</param>
public sealed record RoomPolicies(RoomPolicy Concerts, RoomPolicy House)
{
    /// <summary>Reads <c>Queue:*</c>, and <c>Queue:House:*</c>, which differs from it only in what is set.</summary>
    public static RoomPolicies From(Settings settings)
    {
        var concerts = RoomPolicy.From(settings, "Queue", new(50, 0, 1, 30, 600, 1_800));
        return new(concerts, RoomPolicy.From(settings, "Queue:House", concerts));
    }

    /// <summary>The policy of a room.</summary>
    public RoomPolicy Of(ConcertId target) => target == ConcertId.House ? House : Concerts;
}

/// <summary>Somebody inside, until unix milliseconds. <paramref name="Claimed"/>: has shown up.</summary>
public sealed record Session(long Sequence, long UntilMs, bool Claimed);

/// <summary>How far the door had moved at an instant (unix milliseconds); a few of them give the speed of the line.</summary>
public sealed record AdmissionEpoch(long AtMs, long Serving);

/// <summary>
/// A waiting room's whole state: one small document, <c>room/{target}</c>, changed by compare-and-set in the queue service and
/// read by queue and gateway. Sequence numbers up to <paramref name="Serving"/> have been called.
/// </summary>
/// <param name="Target">The concert.</param>
/// <param name="Policy">How it admits.</param>
/// <param name="Issued">The last number handed out.</param>
/// <param name="Serving">The last number called.</param>
/// <param name="Active">Who is inside.</param>
/// <param name="Gone">Numbers above <paramref name="Serving"/> that left the line.</param>
/// <param name="Left">The last numbers that left or finished, to tell them from those that ran out.</param>
/// <param name="Epochs">Recent movement of the door.</param>
/// <param name="WindowMs">Start of the current rate window, unix milliseconds.</param>
/// <param name="WindowUsed">Admissions within it.</param>
/// <param name="PeakActive">The most that were inside at once under this policy.</param>
public sealed record Room(ConcertId Target, RoomPolicy Policy, long Issued, long Serving, ImmutableList<Session> Active, ImmutableSortedSet<long> Gone,
    ImmutableList<long> Left, ImmutableList<AdmissionEpoch> Epochs, long WindowMs, int WindowUsed, int PeakActive)
{
    /// <summary>A room nobody has joined.</summary>
    public static Room Empty(ConcertId target, RoomPolicy policy) => new(target, policy, 0, 0, [], [], [], [], 0, 0, 0);

    /// <summary>The state key of a room.</summary>
    public static string Key(ConcertId target) => $"room/{target}";

    /// <summary>How many are in line.</summary>
    public long Waiting => Issued - Serving - Gone.Count;

    /// <summary>Whether a place may act now. Time decides: a session that ran out is over, whoever has noticed.</summary>
    public bool IsInside(long sequence, DateTimeOffset now) => Find(sequence) is { } session && session.UntilMs > now.ToUnixTimeMilliseconds();

    /// <summary>The session of a place, or null.</summary>
    public Session? Find(long sequence) => Active.Find(s => s.Sequence == sequence);

    /// <summary>Whether a place is known to have been given up. Once true it stays so until it is forgotten.</summary>
    public bool HasLeft(long sequence) => Left.Contains(sequence) || Gone.Contains(sequence);

    /// <summary>The room after this place was given up.</summary>
    public Room Without(long sequence) => this with { Active = Active.RemoveAll(s => s.Sequence == sequence), Left = Left.Add(sequence) };

    /// <summary>Where a place stands.</summary>
    public EnterResponse StatusOf(QueuePlace place, DateTimeOffset now)
    {
        if (IsInside(place.Sequence, now)) return Inside(Find(place.Sequence)!, now);
        if (HasLeft(place.Sequence)) return Over(QueueStatus.Left);
        var until = place.IssuedAt.AddSeconds(Policy.WaitFor);
        return place.Sequence <= Serving || place.Sequence > Issued || until <= now ? Over(QueueStatus.Expired) : InLine(place.Sequence, until, now);
    }

    /// <summary>Places called per second of late, or null where nothing moved yet.</summary>
    public double? Speed(DateTimeOffset now)
    {
        if (Epochs.Count < 2) return null;
        var seconds = (now.ToUnixTimeMilliseconds() - Epochs[0].AtMs) / 1000.0;
        var moved = Epochs[^1].Serving - Epochs[0].Serving;
        return seconds > 0 && moved > 0 ? moved / seconds : null;
    }

    private static EnterResponse Inside(Session session, DateTimeOffset now)
    {
        var until = DateTimeOffset.FromUnixTimeMilliseconds(session.UntilMs);
        return new(QueueStatus.Entered, 0, 0, 0, 0, (long)(until - now).TotalSeconds, until);
    }

    private static EnterResponse Over(QueueStatus status) => new(status, 0, 0, 0, 0, 0, null);

    private EnterResponse InLine(long sequence, DateTimeOffset until, DateTimeOffset now)
    {
        var ahead = sequence - Serving - 1 - Gone.Count(g => g < sequence);
        var eta = (ahead + 1) / (Speed(now) ?? Policy.Capacity / Math.Min(Policy.SessionFor, 60));
        // The nearer the door, the more often: a long queue costs little and nobody oversleeps the call.
        var poll = Math.Clamp((int)(eta * 250), 200, 5_000);
        return new(QueueStatus.Waiting, ahead + 1, ahead, (long)Math.Ceiling(eta), poll, (long)(until - now).TotalSeconds, until);
    }
}
