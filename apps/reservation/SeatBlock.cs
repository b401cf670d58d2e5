using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ConcertDapr.Contracts;

namespace ConcertDapr.Reservation;

/// <summary>What holds a seat that is not free.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SeatState>))]
internal enum SeatState
{
    /// <summary>Until the mark's time; afterwards the seat is free, whoever looks.</summary>
    Held,
    /// <summary>A payment is turning it into a ticket. After the mark's time, Postgres is asked how that ended.</summary>
    Confirming,
    /// <summary>Sold.</summary>
    Sold,
}

/// <summary>Who has a seat, and until when (unix milliseconds).</summary>
internal sealed record SeatMark(
    [property: JsonPropertyName("r")] ReservationId By,
    [property: JsonPropertyName("s")] SeatState State,
    [property: JsonPropertyName("t")] long UntilMs)
{
    /// <summary>Whether the seat is somebody's at this moment.</summary>
    public bool Binds(DateTimeOffset now) => State != SeatState.Held || UntilMs > now.ToUnixTimeMilliseconds();

    /// <summary>Whether a confirm should have ended by now.</summary>
    public bool IsOverdue(DateTimeOffset now) => State == SeatState.Confirming && UntilMs <= now.ToUnixTimeMilliseconds();
}

/// <summary>How a decision about seats of a block ended.</summary>
internal abstract record BlockOutcome
{
    /// <summary>Decided for the caller; <paramref name="Next"/> equals the block where nothing had to change.</summary>
    public sealed record Granted(SeatBlock Next, DateTimeOffset Until) : BlockOutcome;

    /// <summary>These seats are somebody else's.</summary>
    public sealed record Taken(IReadOnlyList<int> Numbers) : BlockOutcome;

    /// <summary>These reservations began a confirm that never ended; settle them, then decide again.</summary>
    public sealed record Unsettled(IReadOnlyList<ReservationId> Reservations) : BlockOutcome;
}

/// <summary>A run of adjoining seats: a mark per seat (number from 1) that is not free. Decisions are pure; storing them is the store's.</summary>
internal sealed record SeatBlock([property: JsonPropertyName("m")] ImmutableSortedDictionary<int, SeatMark> Marks)
{
    public static readonly SeatBlock Empty = new(ImmutableSortedDictionary<int, SeatMark>.Empty);

    /// <summary>Takes free seats until an instant. Seats this reservation holds already count as taken by it: asking again is harmless.</summary>
    public BlockOutcome Hold(IReadOnlyList<int> numbers, ReservationId by, DateTimeOffset until, DateTimeOffset now)
    {
        if (Refusal(numbers, by, now) is { } refusal) return refusal;
        if (numbers.All(n => IsHeldBy(n, by, now)))
            return new BlockOutcome.Granted(this, DateTimeOffset.FromUnixTimeMilliseconds(numbers.Min(n => Marks[n].UntilMs)));
        return new BlockOutcome.Granted(Sweep(now).Mark(numbers, new(by, SeatState.Held, until.ToUnixTimeMilliseconds())), until);
    }

    /// <summary>Begins to sell: seats this reservation has, or (its hold ran out) that are still free, no longer expire.</summary>
    public BlockOutcome Confirm(IReadOnlyList<int> numbers, ReservationId by, DateTimeOffset settleBy, DateTimeOffset now)
    {
        if (Refusal(numbers, by, now) is { } refusal) return refusal;
        var open = numbers.Where(n => !Has(n, by, SeatState.Sold)).ToList();
        return new BlockOutcome.Granted(Mark(open, new(by, SeatState.Confirming, settleBy.ToUnixTimeMilliseconds())), settleBy);
    }

    /// <summary>Ends a confirm: seats this reservation is confirming are sold. Others are left alone.</summary>
    public SeatBlock Sell(IReadOnlyList<int> numbers, ReservationId by) =>
        Mark(numbers.Where(n => Has(n, by, SeatState.Confirming)), new(by, SeatState.Sold, 0));

    /// <summary>Gives this reservation's seats back, whatever state they are in.</summary>
    public SeatBlock Free(IReadOnlyList<int> numbers, ReservationId by) =>
        With(Marks.RemoveRange(numbers.Where(n => Marks.TryGetValue(n, out var mark) && mark.By == by)));

    /// <summary>Forgets holds that ran out.</summary>
    public SeatBlock Sweep(DateTimeOffset now) => With(Marks.RemoveRange(Marks.Where(m => !m.Value.Binds(now)).Select(m => m.Key)));

    /// <summary>F, H or S, as the seat map shows it.</summary>
    public char Letter(int number, DateTimeOffset now) =>
        !Marks.TryGetValue(number, out var mark) || !mark.Binds(now) ? 'F' : mark.State == SeatState.Sold ? 'S' : 'H';

    private BlockOutcome? Refusal(IReadOnlyList<int> numbers, ReservationId by, DateTimeOffset now)
    {
        var others = numbers.Where(n => Marks.TryGetValue(n, out var mark) && mark.By != by && mark.Binds(now)).ToList();
        if (others.Count == 0) return null;
        var overdue = others.Select(n => Marks[n]).Where(m => m.IsOverdue(now)).Select(m => m.By).Distinct().ToList();
        return overdue.Count > 0 ? new BlockOutcome.Unsettled(overdue) : new BlockOutcome.Taken(others);
    }

    private bool IsHeldBy(int number, ReservationId by, DateTimeOffset now) =>
        Marks.TryGetValue(number, out var mark) && mark.By == by && mark.Binds(now);

    private bool Has(int number, ReservationId by, SeatState state) =>
        Marks.TryGetValue(number, out var mark) && mark.By == by && mark.State == state;

    private SeatBlock Mark(IEnumerable<int> numbers, SeatMark mark) =>
        With(Marks.SetItems(numbers.Select(n => KeyValuePair.Create(n, mark))));

    private SeatBlock With(ImmutableSortedDictionary<int, SeatMark> marks) => ReferenceEquals(marks, Marks) ? this : new(marks);
}
